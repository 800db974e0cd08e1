/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/auth.c and both schemes: what proves somebody, what is answered to the rest, who
 * is slowed down, what the log says. A replayed request that is let through, a password in a
 * log or left in memory, or a guess that is not counted breaks it. */
#include "tests/unit/workers/handler/login_exchange.h"

#include "workers/handler/secret.h"

#define NONCE_BYTES 64

static const struct {
	const char *credentials;
	unsigned status;
	unsigned failure_count;     /* lines in the log */
} basics[] = {
	{ NULL, 401, 0 },
	{ ALICE, 0, 0 },
	{ "bAsIc YWxpY2U6d29uZGVybGFuZA==", 0, 0 },
	{ "Basic  YWxpY2U6d29uZGVybGFuZA==", 0, 0 },
	{ BOB, 0, 0 },
	{ ALICE_WRONG, 401, 1 },
	{ EVE, 401, 1 },
	{ "Basic Og==", 401, 1 },       /* nobody, without a password */
	{ "Basic YWxpY2U6", 401, 1 },   /* alice without one */
	{ "Basic YWxpY2U=", 401, 0 },   /* no colon */
	{ "Basic YWxpY2U6d29uZGVybGFuZA", 401, 0 },
	{ "Basic YWxpY2U6d29uZGVybGFuZA==, x", 401, 0 },
	{ "Basic", 401, 0 },
	{ "", 401, 0 },
	{ "Bearer YWxpY2U6d29uZGVybGFuZA==", 401, 0 },
	{ "Digest YWxpY2U6d29uZGVybGFuZA==", 401, 0 },
};

START_TEST(basic_is_checked)
{
	set_auth(CONFIG_AUTH_BASIC);
	ck_assert_uint_eq(ask_with(basics[_i].credentials), basics[_i].status);
	ck_assert((exchange.user.len > 0) == (basics[_i].status == 0));
	ck_assert_uint_eq(logged_count("login failed"), basics[_i].failure_count);
	if (basics[_i].status == 401)
		ck_assert_str_eq(field_of_answer("WWW-Authenticate"),
		    "Basic realm=\"restricted\", charset=\"UTF-8\"");
}
END_TEST

START_TEST(two_fields_are_refused)
{
	set_auth(CONFIG_AUTH_BASIC);
	next_request(ALICE);
	set_field("AUTHORIZATION", ALICE);
	ck_assert(!access_allow(&exchange, &answer));
	ck_assert_uint_eq(answer.status, 400);
	ck_assert_uint_eq(exchange.user.len, 0);
}
END_TEST

START_TEST(without_a_file_nobody_gets_in)
{
	set_auth(CONFIG_AUTH_BASIC);
	ck_assert_uint_eq(ask_with(ALICE), 0);
	ck_assert_int_eq(unlink("htpasswd"), 0);
	ck_assert_uint_eq(ask_with(ALICE), 500);
	ck_assert_uint_eq(ask_with(NULL), 401);
	set_auth(CONFIG_AUTH_DIGEST); /* which needs hashes to ask for it */
	ck_assert_uint_eq(ask_with(ALICE), secret_can_hash() ? 401 : 500);
}
END_TEST

/* In no arena: what a later request finds there is not its business. */
START_TEST(passwords_do_not_stay)
{
	set_auth(CONFIG_AUTH_BASIC);
	ck_assert_uint_eq(ask_with(ALICE), 0);
	ck_assert_ptr_null(memmem(arena.base, arena.cap, "wonderland", 10));
	ck_assert_ptr_null(memmem(scratch.base, scratch.cap, "wonderland", 10));
	ck_assert_uint_eq(ask_with(EVE), 401);
	ck_assert_ptr_null(memmem(arena.base, arena.cap, "wxonderland", 11));
}
END_TEST

/* The first name has a quote, a backslash and an umlaut. */
START_TEST(names_are_logged_escaped_and_passwords_never)
{
	set_auth(CONFIG_AUTH_BASIC);
	ck_assert_uint_eq(ask_with("Basic YWxpY2UiXMOkOnd4b25kZXJsYW5k"), 401);
	ck_assert_uint_eq(logged_count("warn: login failed: client 192.0.2.1, "
	    "user \"alice\\x22\\x5c\\xc3\\xa4\", realm \"restricted\": no such user\n"), 1);
	ck_assert_uint_eq(ask_with(ALICE_WRONG), 401);
	ck_assert_uint_eq(logged_count("user \"alice\", realm \"restricted\": wrong password\n"),
	    1);
	ck_assert_uint_eq(logged_count("wxonderland"), 0);
	ck_assert_uint_eq(logged_count("pass:w"), 0);
	ck_assert_uint_eq(logged_count("YWxp"), 0);
	/* 76 times "x" */
	ck_assert_uint_eq(ask_with("Basic eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
	    "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eDp4"), 401);
	ck_assert_uint_eq(logged_count("xxx...\", realm"), 1);
}
END_TEST

static unsigned
wait_s(void)
{
	return (unsigned)atoi(field_of_answer("Retry-After"));
}

START_TEST(guessing_is_slowed)
{
	unsigned waited_s = 0;

	set_auth(CONFIG_AUTH_BASIC);
	for (int i = 0; i < CLIENTS_FREE_FAILURES; i++)
		ck_assert_uint_eq(ask_with(ALICE_WRONG), 401);
	/* Also the right one: it could be the next guess. */
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(ask_with(i == 1 ? ALICE : ALICE_WRONG), 429);
		ck_assert_uint_ge(wait_s(), 1);
		ck_assert_str_eq(field_of_answer("WWW-Authenticate"), "");
	}
	ck_assert_uint_eq(logged_count("login failed"), CLIENTS_FREE_FAILURES);
	ck_assert_uint_eq(logged_count("slowed down"), 1);
	/* Without credentials there is no guess. */
	ck_assert_uint_eq(ask_with(NULL), 401);
	/* Each further one costs more; other clients do not pay. */
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(ask_with(ALICE_WRONG), 429);
		ck_assert_uint_ge(wait_s(), waited_s);
		waited_s = wait_s();
		exchange.now_mono_ms += 1000 * (int64_t)waited_s;
		ck_assert_uint_eq(ask_with(ALICE_WRONG), 401);
	}
	exchange.client = address_of("192.0.2.2");
	ck_assert_uint_eq(ask_with(ALICE), 0);
	exchange.client = address_of("192.0.2.1");
	ck_assert_uint_eq(ask_with(ALICE), 429);
	exchange.now_mono_ms += 1000 * (int64_t)wait_s();
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(ask_with(ALICE), 0);
}
END_TEST

/* What is no guess at this realm is not counted as one, what is one counts for digest, too. */
START_TEST(only_guesses_are_counted)
{
	static const char *const others[] = { "Basic YWxpY2U=", "Bearer x", "Digest x", "" };

	set_auth(CONFIG_AUTH_BASIC);
	for (int i = 0; i < 40; i++)
		ck_assert_uint_eq(ask_with(others[i % COUNT_OF(others)]), 401);
	ck_assert_uint_eq(ask_with(ALICE), 0);
}
END_TEST

/* Digest */

static const char *
nonce_of_answer(void)
{
	static char nonce[NONCE_BYTES + 1];
	const char *at = strstr(field_of_answer("WWW-Authenticate"), "nonce=\"");

	ck_assert_ptr_nonnull(at);
	snprintf(nonce, sizeof nonce, "%s", at + strlen("nonce=\""));
	return nonce;
}

/* What a client makes of a password; all the rest is as it should be unless it is another one. */
struct login {
	const char *ha1, *user, *realm, *uri, *nonce;
	unsigned nc;
	const char *more;           /* what stands for algorithm and qop */
};

#define SHA_256 "algorithm=SHA-256, qop=auth"

static const char *
digest_of(const struct login *login)
{
	static char text[2048];
	char ha2_text[256], text_of_all[1024], ha2_hex[65] = "", response[65] = "";
	uint8_t hash[SECRET_HASH_BYTES];
	struct slice part;

	snprintf(ha2_text, sizeof ha2_text, "%.*s:%s", (int)request.method_name.len,
	    request.method_name.data, login->uri);
	part = slice_from_text(ha2_text);
	ck_assert(secret_hash(&part, 1, hash));
	secret_hex(hash, sizeof hash, ha2_hex);
	snprintf(text_of_all, sizeof text_of_all, "%s:%s:%08x:c0ffee:auth:%s", login->ha1,
	    login->nonce, login->nc, ha2_hex);
	part = slice_from_text(text_of_all);
	ck_assert(secret_hash(&part, 1, hash));
	secret_hex(hash, sizeof hash, response);
	snprintf(text, sizeof text, "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", "
	    "uri=\"%s\", nc=%08x, cnonce=\"c0ffee\", response=\"%s\", %s", login->user,
	    login->realm, login->nonce, login->uri, login->nc, response, login->more);
	return text;
}

/* Asks for a nonce first. */
static struct login
begin_digest(void)
{
	static char nonce[NONCE_BYTES + 1];

	set_auth(CONFIG_AUTH_DIGEST);
	ck_assert_uint_eq(ask_with(NULL), 401);
	strcpy(nonce, nonce_of_answer());
	return (struct login){ HA1, "alice", "restricted", "/dir/index.html", nonce, 1, SHA_256 };
}

static bool
is_stale(void)
{
	return strstr(field_of_answer("WWW-Authenticate"), ", stale=true") != NULL;
}

START_TEST(digest_is_asked_for)
{
	char first[NONCE_BYTES + 1], wanted[512];

	(void)begin_digest();
	strcpy(first, nonce_of_answer());
	snprintf(wanted, sizeof wanted, "Digest realm=\"restricted\", qop=\"auth\", "
	    "algorithm=SHA-256, nonce=\"%s\", charset=UTF-8", first);
	ck_assert_str_eq(field_of_answer("WWW-Authenticate"), wanted);
	ck_assert_uint_eq(strlen(first), NONCE_BYTES);
	ck_assert_uint_eq(ask_with(NULL), 401);
	ck_assert_str_ne(nonce_of_answer(), first);
}
END_TEST

/* Of a request that was seen once, no other worker lets in a second one either: they share the
 * table, see test_nonces.c. */
START_TEST(a_request_counts_once)
{
	struct login login = begin_digest();
	char seen[2048];

	snprintf(seen, sizeof seen, "%s", digest_of(&login));
	ck_assert_uint_eq(ask_with(seen), 0);
	ck_assert(slice_equal(exchange.user, SLICE_LITERAL("alice")));
	ck_assert_uint_eq(ask_with(seen), 401);
	ck_assert(is_stale());
	ck_assert_uint_eq(exchange.user.len, 0);
	for (login.nc = 2; login.nc < 50; login.nc++)
		ck_assert_uint_eq(ask_with(digest_of(&login)), 0);
	ck_assert_uint_eq(ask_with(seen), 401);
	ck_assert(is_stale());
	ck_assert_uint_eq(logged_count("\n"), 0);
}
END_TEST

/* RFC 7616 3.9.1: its nonce is none of ours, but who sends this knows the password. */
START_TEST(example_of_the_rfc_is_right)
{
	set_auth(CONFIG_AUTH_DIGEST);
	settings->auth_name = text_of("http-auth@example.org");
	ck_assert_uint_eq(ask_with("Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
	    "uri=\"/dir/index.html\", algorithm=SHA-256, "
	    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
	    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
	    "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
	    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUo5tdS\""), 401);
	ck_assert(is_stale());
	ck_assert_uint_eq(logged_count("login failed"), 0);
}
END_TEST

START_TEST(nonces_end)
{
	struct login login = begin_digest();

	exchange.now_wall_s += NONCES_LIFE_S;
	ck_assert_uint_eq(ask_with(digest_of(&login)), 0);
	login.nc++;
	exchange.now_wall_s++;
	ck_assert_uint_eq(ask_with(digest_of(&login)), 401);
	ck_assert(is_stale());
	login = begin_digest();
	exchange.now_wall_s--;      /* the clock was set back */
	ck_assert_uint_eq(ask_with(digest_of(&login)), 401);
	ck_assert(is_stale());
}
END_TEST

/* A byte of it is another one: somebody makes them up. */
START_TEST(nonces_cannot_be_made)
{
	struct login login = begin_digest();
	char made[NONCE_BYTES + 1];

	for (int i = 0; i < NONCE_BYTES; i++) {
		strcpy(made, login.nonce);
		made[i] = made[i] == '0' ? '1' : '0';
		login.nonce = made;
		ck_assert_uint_eq(ask_with(digest_of(&login)), 401);
		ck_assert(is_stale());
		login = begin_digest();
	}
}
END_TEST

static const struct {
	const char *ha1, *user, *realm, *uri, *more;
	unsigned status, failure_count;
} digests[] = {
	{ HA1, "alice", "restricted", "/dir/index.html", SHA_256, 0, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html", "algorithm=sha-256, qop=\"auth\"", 0, 0 },
	{ HA1, "bob", "restricted", "/dir/index.html", SHA_256, 401, 1 },
	{ HA1, "Alice", "restricted", "/dir/index.html", SHA_256, 401, 1 },
	{ "0000000000000000000000000000000000000000000000000000000000000000", "bob", "restricted",
	    "/dir/index.html", SHA_256, 401, 1 },
	{ "0000000000000000000000000000000000000000000000000000000000000000", "alice",
	    "restricted", "/dir/index.html", SHA_256, 401, 1 },
	{ HA1, "alice", "other", "/dir/index.html", SHA_256, 401, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html", "qop=auth", 401, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html", "algorithm=MD5, qop=auth", 401, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html", "algorithm=SHA-256-sess, qop=auth", 401,
	    0 },
	{ HA1, "alice", "restricted", "/dir/index.html", "algorithm=SHA-256", 401, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html", "algorithm=SHA-256, qop=auth-int", 401,
	    0 },
	{ HA1, "alice", "restricted", "/dir/index.html", SHA_256 ", userhash=true", 401, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html", SHA_256 ", nc=00000001", 401, 0 },
	{ HA1, "alice", "restricted", "/dir/other.html", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html?", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "/dir/index.html?q", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "dir/index.html", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "*", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "http://other.example/dir/index.html", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "http://test.example:81/dir/index.html", SHA_256, 400, 0 },
	{ HA1, "alice", "restricted", "http://test.example", SHA_256, 400, 0 },
	/* the same place */
	{ HA1, "alice", "restricted", "/dir/%69ndex.html", SHA_256, 0, 0 },
	{ HA1, "alice", "restricted", "/dir/../dir//index.html", SHA_256, 0, 0 },
	{ HA1, "alice", "restricted", "http://TEST.example/dir/index.html", SHA_256, 0, 0 },
	{ HA1, "alice", "restricted", "HTTPS://test.example/dir/index.html", SHA_256, 0, 0 },
};

START_TEST(digests_are_checked)
{
	struct login login = begin_digest();

	login.ha1 = digests[_i].ha1;
	login.user = digests[_i].user;
	login.realm = digests[_i].realm;
	login.uri = digests[_i].uri;
	login.more = digests[_i].more;
	ck_assert_uint_eq(ask_with(digest_of(&login)), digests[_i].status);
	ck_assert((exchange.user.len > 0) == (digests[_i].status == 0));
	ck_assert(!is_stale());
	ck_assert_uint_eq(logged_count("login failed"), digests[_i].failure_count);
}
END_TEST

static const struct {
	const char *target, *uri;
	bool is_same;
} targets[] = {
	{ "/", "/", true },
	{ "/a?b=c", "/a?b=c", true },
	{ "/a?b=c", "/%61?b=c", true },
	{ "/a?b=c", "/a?b=%63", false },
	{ "/a?b=c", "/a", false },
	{ "/a?", "/a?", true },
	{ "/a?", "/a", false },
	{ "/", "http://test.example", true },
	{ "/?q", "http://test.example?q", true },
	{ "http://test.example/a", "/a", true },
	{ "http://test.example/a", "http://test.example/a", true },
	{ "/a%2fb", "/a%2Fb", false },
	{ "/a", "/a%00", false },
};

START_TEST(the_uri_is_the_target)
{
	struct login login = begin_digest();

	set_target(targets[_i].target);
	login.uri = targets[_i].uri;
	ck_assert_uint_eq(ask_with(digest_of(&login)), targets[_i].is_same ? 0 : 400);
}
END_TEST

/* The method is part of what is proved. */
START_TEST(a_get_is_no_head)
{
	struct login login = begin_digest();
	char seen[2048];

	snprintf(seen, sizeof seen, "%s", digest_of(&login));
	request.method_name = SLICE_LITERAL("HEAD");
	ck_assert_uint_eq(ask_with(seen), 401);
	ck_assert(!is_stale());
	ck_assert_uint_eq(ask_with(digest_of(&login)), 0);
}
END_TEST

/* A request that was overheard forgives no guesses. */
START_TEST(digest_guesses_are_slowed)
{
	struct login login = begin_digest();
	char seen[2048];

	snprintf(seen, sizeof seen, "%s", digest_of(&login));
	ck_assert_uint_eq(ask_with(seen), 0);
	login.ha1 = "0000000000000000000000000000000000000000000000000000000000000000";
	for (int i = 0; i < CLIENTS_FREE_FAILURES; i++) {
		ck_assert_uint_eq(ask_with(seen), 401);
		ck_assert_uint_eq(ask_with(digest_of(&login)), 401);
	}
	ck_assert_uint_eq(ask_with(digest_of(&login)), 429);
	ck_assert_uint_ge(wait_s(), 1);
}
END_TEST

/* Includes: other paths of the same request, each asked about. */

static struct config_host other_host;

static unsigned
ask_inside(struct exchange *inner)
{
	*inner = exchange;
	inner->depth = 1;
	inner->route.settings = &other_host.settings;
	return access_allow(inner, &answer) ? 0 : answer.status;
}

START_TEST(includes_share_a_proof)
{
	struct login login = begin_digest();
	struct exchange inner;

	other_host = host;
	ck_assert_uint_eq(ask_with(digest_of(&login)), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(ask_inside(&inner), 0);
		ck_assert(slice_equal(inner.user, SLICE_LITERAL("alice")));
	}
}
END_TEST

/* The same realm with other files: asked anew, but no second use of the nonce. */
START_TEST(includes_have_files_of_their_own)
{
	struct login login = begin_digest();
	struct exchange inner;

	scratch_write("with", "alice:restricted:" HA1 "\n");
	scratch_write("without", "bob:restricted:" HA1 "\n");
	other_host = host;
	ck_assert_uint_eq(ask_with(digest_of(&login)), 0);
	other_host.settings.auth_user_file.name = text_of("without");
	ck_assert_uint_eq(ask_inside(&inner), 401);
	answer_restart(&answer);
	other_host.settings.auth_user_file.name = text_of("with");
	ck_assert_uint_eq(ask_inside(&inner), 0);
	ck_assert_uint_eq(logged_count("login failed"), 0);
}
END_TEST

START_TEST(open_pages_include_protected_ones)
{
	struct login login = begin_digest();
	struct exchange inner;

	other_host = host;
	set_auth(CONFIG_AUTH_OFF);
	settings->ssi = true;
	ck_assert_uint_eq(ask_with(digest_of(&login)), 0);
	ck_assert_uint_eq(exchange.user.len, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(ask_inside(&inner), 0);
	ck_assert_uint_eq(ask_with(digest_of(&login)), 0); /* another request */
	ck_assert_uint_eq(ask_inside(&inner), 401);
}
END_TEST

/* A guess is a guess, whatever page asks; but whoever is let in makes none where it is not. */
START_TEST(includes_count_guesses_and_nothing_else)
{
	struct exchange inner;

	set_auth(CONFIG_AUTH_BASIC);
	other_host = host;
	other_host.settings.auth_name = text_of("other");
	other_host.settings.auth_user_file.name = other_host.settings.auth_user_file.path =
	    text_of("others");
	scratch_write("others", "carol:" BCRYPT "\n");
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(ask_with(ALICE), 0);
		ck_assert_uint_eq(ask_inside(&inner), 401);
	}
	ck_assert_uint_eq(logged_count("login failed"), 0);
	set_auth(CONFIG_AUTH_OFF);
	settings->ssi = true;
	for (int i = 0; i < CLIENTS_FREE_FAILURES; i++) {
		ck_assert_uint_eq(ask_with(ALICE), 0);
		ck_assert_uint_eq(ask_inside(&inner), 401);
	}
	ck_assert_uint_eq(logged_count("login failed"), CLIENTS_FREE_FAILURES);
	ck_assert_uint_eq(ask_with(ALICE), 0);
	ck_assert_uint_eq(ask_inside(&inner), 429);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("auth");

	tcase_add_loop_test(tcase, basic_is_checked, 0, COUNT_OF(basics));
	tcase_add_test(tcase, two_fields_are_refused);
	tcase_add_test(tcase, without_a_file_nobody_gets_in);
	tcase_add_test(tcase, passwords_do_not_stay);
	tcase_add_test(tcase, names_are_logged_escaped_and_passwords_never);
	tcase_add_test(tcase, guessing_is_slowed);
	tcase_add_test(tcase, only_guesses_are_counted);
	if (secret_can_hash()) {
		tcase_add_test(tcase, digest_is_asked_for);
		tcase_add_test(tcase, a_request_counts_once);
		tcase_add_test(tcase, example_of_the_rfc_is_right);
		tcase_add_test(tcase, nonces_end);
		tcase_add_test(tcase, nonces_cannot_be_made);
		tcase_add_loop_test(tcase, digests_are_checked, 0, COUNT_OF(digests));
		tcase_add_loop_test(tcase, the_uri_is_the_target, 0, COUNT_OF(targets));
		tcase_add_test(tcase, a_get_is_no_head);
		tcase_add_test(tcase, digest_guesses_are_slowed);
		tcase_add_test(tcase, includes_share_a_proof);
		tcase_add_test(tcase, includes_have_files_of_their_own);
		tcase_add_test(tcase, open_pages_include_protected_ones);
	}
	tcase_add_test(tcase, includes_count_guesses_and_nothing_else);
	return exchange_run("auth", tcase);
}
