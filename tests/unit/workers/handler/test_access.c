/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/access.c: which addresses and which users get in. An order of lines that
 * matters, or a way round the password, breaks it. */
#include "tests/unit/workers/handler/login_exchange.h"

static const struct {
	const char *allow, *deny;   /* "network@depth" */
	const char *client;
	unsigned status;
} addresses[] = {
	{ "", "", "192.0.2.1", 0 },
	{ "", "", "unix:", 0 },
	{ "192.0.2.0/24", "", "192.0.2.1", 0 },
	{ "192.0.2.0/24", "", "::ffff:192.0.2.1", 0 },
	{ "192.0.2.0/24", "", "198.51.100.1", 403 },
	{ "192.0.2.0/24", "", "2001:db8::1", 403 },
	{ "192.0.2.0/24", "", "unix:", 403 },
	{ "192.0.2.0/24 unix:", "", "unix:", 0 },
	{ "", "192.0.2.0/24", "192.0.2.1", 403 },
	{ "", "192.0.2.0/24", "198.51.100.1", 0 },
	{ "", "all", "192.0.2.1", 403 },
	{ "", "all", "2001:db8::1", 403 },
	{ "192.0.2.0/24", "all", "192.0.2.1", 0 },
	{ "192.0.2.0/24", "all", "198.51.100.1", 403 },
	{ "all", "192.0.2.0/24", "192.0.2.1", 403 },
	{ "all", "192.0.2.0/24", "198.51.100.1", 0 },
	/* the closest */
	{ "192.0.2.1", "192.0.2.0/24", "192.0.2.1", 0 },
	{ "192.0.2.1", "192.0.2.0/24", "192.0.2.2", 403 },
	{ "192.0.0.0/16", "192.0.2.0/24", "192.0.2.1", 403 },
	{ "192.0.0.0/16 192.0.2.1", "192.0.2.0/24", "192.0.2.1", 0 },
	{ "192.0.2.1 192.0.0.0/16", "192.0.2.0/24 192.0.0.0/20", "192.0.2.1", 0 },
	{ "2001:db8::/48", "2001:db8::/32", "2001:db8::1", 0 },
	{ "2001:db8::/32", "2001:db8::/48", "2001:db8::1", 403 },
	/* of equals the inner scope, then deny */
	{ "192.0.2.0/24", "192.0.2.0/24", "192.0.2.1", 403 },
	{ "192.0.2.0/24@1", "192.0.2.0/24", "192.0.2.1", 0 },
	{ "192.0.2.0/24@1", "192.0.2.0/24@1", "192.0.2.1", 403 },
	{ "192.0.2.0/24@1", "192.0.2.0/24@2", "192.0.2.1", 403 },
	{ "192.0.2.0/24 192.0.2.0/24@2", "192.0.2.0/24@1", "192.0.2.1", 0 },
	{ "192.0.2.0/24@2 192.0.2.0/24", "192.0.2.0/24@1", "192.0.2.1", 0 },
	{ "all@2", "all", "192.0.2.1", 0 },
	/* the closest before the inner */
	{ "all@3", "192.0.2.0/24", "192.0.2.1", 403 },
	{ "192.0.2.0/24", "all@3", "192.0.2.1", 0 },
};

START_TEST(addresses_are_judged)
{
	set_networks(&settings->allow, &settings->allow_count, addresses[_i].allow);
	set_networks(&settings->deny, &settings->deny_count, addresses[_i].deny);
	exchange.client = address_of(addresses[_i].client);
	ck_assert_uint_eq(ask_with(NULL), addresses[_i].status);
	/* Without auth_type there is nothing else that could satisfy. */
	settings->satisfy = CONFIG_SATISFY_ANY;
	ck_assert_uint_eq(ask_with(ALICE), addresses[_i].status);
	ck_assert_uint_eq(exchange.user.len, 0);
}
END_TEST

static const struct {
	enum config_satisfy satisfy;
	const char *allow, *deny;
	const char *credentials;
	unsigned status;
	bool has_user;
} both[] = {
	{ CONFIG_SATISFY_ALL, "", "", NULL, 401, false },
	{ CONFIG_SATISFY_ALL, "", "", ALICE, 0, true },
	{ CONFIG_SATISFY_ALL, "", "192.0.2.1", NULL, 403, false },
	{ CONFIG_SATISFY_ALL, "", "192.0.2.1", ALICE, 403, false },
	{ CONFIG_SATISFY_ALL, "192.0.2.1", "", NULL, 401, false },
	{ CONFIG_SATISFY_ALL, "192.0.2.1", "", ALICE, 0, true },
	{ CONFIG_SATISFY_ALL, "192.0.2.2", "", ALICE, 403, false },
	{ CONFIG_SATISFY_ANY, "192.0.2.1", "", NULL, 0, false },
	{ CONFIG_SATISFY_ANY, "192.0.2.1", "", ALICE_WRONG, 0, false },
	{ CONFIG_SATISFY_ANY, "192.0.2.1", "all", NULL, 0, false },
	{ CONFIG_SATISFY_ANY, "192.0.2.2", "", NULL, 401, false },
	{ CONFIG_SATISFY_ANY, "192.0.2.2", "", ALICE, 0, true },
	{ CONFIG_SATISFY_ANY, "192.0.2.2", "", ALICE_WRONG, 401, false },
	{ CONFIG_SATISFY_ANY, "", "192.0.2.1", NULL, 401, false },
	{ CONFIG_SATISFY_ANY, "", "192.0.2.1", ALICE, 0, true },
	/* in no network: that alone is no leave to enter */
	{ CONFIG_SATISFY_ANY, "", "192.0.2.2", NULL, 401, false },
	{ CONFIG_SATISFY_ANY, "", "192.0.2.2", ALICE, 0, true },
	{ CONFIG_SATISFY_ANY, "", "", NULL, 401, false },
	{ CONFIG_SATISFY_ANY, "", "", ALICE, 0, true },
};

START_TEST(address_and_user_are_combined)
{
	set_auth(CONFIG_AUTH_BASIC);
	settings->satisfy = both[_i].satisfy;
	set_networks(&settings->allow, &settings->allow_count, both[_i].allow);
	set_networks(&settings->deny, &settings->deny_count, both[_i].deny);
	ck_assert_uint_eq(ask_with(both[_i].credentials), both[_i].status);
	ck_assert_uint_eq(exchange.user.len, both[_i].has_user ? strlen("alice") : 0);
	/* Who cannot get in by any password is not asked for one. */
	ck_assert((field_of_answer("WWW-Authenticate")[0] != '\0') == (both[_i].status == 401));
}
END_TEST

static const struct {
	const char *users[2], *groups[2];
	const char *credentials;
	unsigned status;
} rights[] = {
	{ { NULL }, { NULL }, BOB, 0 },
	{ { "alice" }, { NULL }, ALICE, 0 },
	{ { "alice" }, { NULL }, BOB, 403 },
	{ { "alice" }, { NULL }, ALICE_WRONG, 401 },
	{ { "alice" }, { NULL }, NULL, 401 },
	{ { "zoe", "bob" }, { NULL }, BOB, 0 },
	{ { "Bob", "bo" }, { NULL }, BOB, 403 },
	{ { NULL }, { "staff" }, ALICE, 0 },
	{ { NULL }, { "staff" }, BOB, 403 },
	{ { NULL }, { "none", "guests" }, BOB, 0 },
	{ { NULL }, { "none" }, BOB, 403 },
	{ { "bob" }, { "staff" }, BOB, 0 },
	{ { "bob" }, { "staff" }, ALICE, 0 },
	{ { "zoe" }, { "none" }, ALICE, 403 },
};

START_TEST(users_need_their_right)
{
	char *users[2], *groups[2];

	set_auth(CONFIG_AUTH_BASIC);
	set_names(&settings->require_user, users, rights[_i].users[0], rights[_i].users[1]);
	set_names(&settings->require_group, groups, rights[_i].groups[0], rights[_i].groups[1]);
	if (settings->require_group.count == 0)
		settings->auth_group_file.root_index = CONFIG_NO_ROOT;
	ck_assert_uint_eq(ask_with(rights[_i].credentials), rights[_i].status);
	if (rights[_i].status == 403) {
		ck_assert_uint_gt(exchange.user.len, 0);        /* for the log */
		ck_assert_str_eq(field_of_answer("WWW-Authenticate"), "");
		ck_assert_uint_eq(logged_count("login failed"), 0);
	}
}
END_TEST

START_TEST(groups_that_cannot_be_read_let_nobody_in)
{
	char *groups[2];

	set_auth(CONFIG_AUTH_BASIC);
	set_names(&settings->require_group, groups, "staff", NULL);
	ck_assert_int_eq(unlink("htgroup"), 0);
	ck_assert_uint_eq(ask_with(ALICE), 500);
	scratch_write("htgroup", "staff: bob\n");
	ck_assert_uint_eq(ask_with(ALICE), 403);
	ck_assert_uint_eq(ask_with(BOB), 0);
}
END_TEST

/* Where there is nothing to give, the answer is an error and no open door. */
START_TEST(no_memory_lets_nobody_in)
{
	set_auth(CONFIG_AUTH_BASIC);
	for (size_t left = 0; left < 400; left += 16) {
		next_request(ALICE);
		ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena) - left));
		if (access_allow(&exchange, &answer))
			ck_assert_uint_eq(exchange.user.len, strlen("alice"));
		else
			ck_assert_uint_eq(answer.status, 500);
		next_request(NULL);
		ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena) - left));
		ck_assert(!access_allow(&exchange, &answer));
		ck_assert(answer.status == 500 || answer.status == 401);
	}
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("access");

	tcase_add_loop_test(tcase, addresses_are_judged, 0, COUNT_OF(addresses));
	tcase_add_loop_test(tcase, address_and_user_are_combined, 0, COUNT_OF(both));
	tcase_add_loop_test(tcase, users_need_their_right, 0, COUNT_OF(rights));
	tcase_add_test(tcase, groups_that_cannot_be_read_let_nobody_in);
	tcase_add_test(tcase, no_memory_lets_nobody_in);
	return exchange_run("access", tcase);
}
