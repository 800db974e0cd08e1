/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/fields.c: what the configuration adds to an answer, and takes from it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/auth.h"
#include "workers/handler/fields.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static struct arena arena;
static struct config_settings settings;
static struct http_request request;
static struct exchange exchange;
static struct answer answer;

static void
set_up(void)
{
	ck_assert_int_eq(arena_init(&arena, 65536), 0);
	memset(&settings, 0, sizeof settings);
	settings.cache_control = (char *)"";
	memset(&exchange, 0, sizeof exchange);
	exchange.request = &request;
	exchange.arena = &arena;
	exchange.route.settings = &settings;
	exchange.now_wall_s = 784111777;    /* Sun, 06 Nov 1994 08:49:37 GMT */
	answer_init(&answer);
	answer.status = 200;
}

static void
tear_down(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
}

static const char *
got(const char *name)
{
	static char text[256];
	const struct slice *value = answer_find_field(&answer, slice_from_text(name));

	if (value == NULL)
		return "-";
	snprintf(text, sizeof text, "%.*s", (int)value->len, value->data);
	return text;
}

static struct config_expiry ages[] = {      /* an inner scope's before an outer one's */
	{ NULL, (char *)"text/css", 60 },
	{ NULL, (char *)"image/", 0 },
	{ NULL, (char *)"text/plain", -1 },
	{ NULL, (char *)"text/css", 3600 },
	{ NULL, (char *)"text/", 10 },
	{ NULL, (char *)"", 5 },
};

static const struct {
	const char *type, *cache_control, *user;
	unsigned status;
	const char *said, *expires;
} age_rows[] = {
	{ "text/css", "", "", 200, "max-age=60", "Sun, 06 Nov 1994 08:50:37 GMT" },
	{ "TEXT/CSS", "", "", 200, "max-age=60", "Sun, 06 Nov 1994 08:50:37 GMT" },
	{ "text/css2", "", "", 200, "max-age=10", "Sun, 06 Nov 1994 08:49:47 GMT" },
	{ "text/html", "", "", 304, "max-age=10", "Sun, 06 Nov 1994 08:49:47 GMT" },
	{ "image/png", "", "", 206, "no-cache", "Sun, 06 Nov 1994 08:49:37 GMT" },
	{ "image/png", "public", "", 200, "public, no-cache", "Sun, 06 Nov 1994 08:49:37 GMT" },
	{ "text/plain", "", "", 200, "-", "-" },
	{ "text/plain", "public", "", 200, "public", "-" },
	{ "text/plain", "", "alice", 200, "private", "-" },
	{ "text/css", "public", "alice", 200, "public, max-age=60",
	    "Sun, 06 Nov 1994 08:50:37 GMT" },
	{ "text/css", "", "alice", 200, "private, max-age=60", "Sun, 06 Nov 1994 08:50:37 GMT" },
	{ "", "", "", 301, "max-age=5", "Sun, 06 Nov 1994 08:49:42 GMT" },
	{ "text/css", "public", "", 404, "-", "-" },
	{ "text/css", "public", "", 302, "-", "-" },
	{ "text/css", "public", "", 500, "-", "-" },
};

static struct auth_state auth;

START_TEST(the_age_goes_by_type_and_status)
{
	settings.expires = ages;
	settings.expiry_count = sizeof ages / sizeof ages[0];
	settings.cache_control = (char *)age_rows[_i].cache_control;
	/* The user of an include is known to what it shares with the page, and only to that. */
	auth.settings = age_rows[_i].user[0] != '\0' ? &settings : NULL;
	auth.user = slice_from_text(age_rows[_i].user);
	exchange.auth = &auth;
	answer.status = age_rows[_i].status;
	answer.media_type = slice_from_text(age_rows[_i].type);
	fields_add(&exchange, &answer);
	ck_assert_str_eq(got("Cache-Control"), age_rows[_i].said);
	ck_assert_str_eq(got("Expires"), age_rows[_i].expires);
}
END_TEST

START_TEST(what_a_handler_says_of_its_age_stays)
{
	settings.expires = ages;
	settings.expiry_count = sizeof ages / sizeof ages[0];
	answer_field(&answer, SLICE_LITERAL("Cache-Control"), SLICE_LITERAL("no-store"));
	fields_add(&exchange, &answer);
	ck_assert_str_eq(got("Cache-Control"), "no-store");
	ck_assert_str_eq(got("Expires"), "-");
}
END_TEST

static const struct {
	unsigned hsts_s;
	bool is_https, has_subdomains, has_preload;
	const char *said;
} hsts_rows[] = {
	{ 0, true, true, true, "-" },
	{ 60, false, true, true, "-" },
	{ 60, true, false, false, "max-age=60" },
	{ 60, true, true, false, "max-age=60; includeSubDomains" },
	{ 315360000, true, true, true, "max-age=315360000; includeSubDomains; preload" },
};

START_TEST(hsts_is_for_https)
{
	settings.hsts_s = hsts_rows[_i].hsts_s;
	settings.hsts_subdomains = hsts_rows[_i].has_subdomains;
	settings.hsts_preload = hsts_rows[_i].has_preload;
	exchange.is_https = hsts_rows[_i].is_https;
	fields_add(&exchange, &answer);
	ck_assert_str_eq(got("Strict-Transport-Security"), hsts_rows[_i].said);
}
END_TEST

START_TEST(nosniff_is_for_what_has_content)
{
	settings.nosniff = true;
	answer.has_content = _i == 0;
	fields_add(&exchange, &answer);
	ck_assert_str_eq(got("X-Content-Type-Options"), _i == 0 ? "nosniff" : "-");
}
END_TEST

#define HEADER(name, value, action) { (char *)(name), (char *)(value), action, { { 0 } }, NULL, 0 }

static struct config_header headers[] = {
	HEADER("X-Set", "1", CONFIG_HEADER_SET),
	HEADER("x-set", "2", CONFIG_HEADER_SET),
	HEADER("X-Add", "1", CONFIG_HEADER_ADD),
	HEADER("X-Add", "2", CONFIG_HEADER_ADD),
	HEADER("Server", "", CONFIG_HEADER_REMOVE),
	HEADER("Content-Type", "unused", CONFIG_HEADER_DEFAULT),
	HEADER("X-Default", "used", CONFIG_HEADER_DEFAULT),
	HEADER("X-Other-Status", "unused", CONFIG_HEADER_SET),
};

START_TEST(headers_are_applied_in_their_order)
{
	unsigned add_count = 0;

	for (size_t i = 0; i + 1 < sizeof headers / sizeof headers[0]; i++)
		headers[i].statuses.bits[(200 - 100) / 8] |= 1 << (200 - 100) % 8;
	settings.headers = headers;
	settings.header_count = sizeof headers / sizeof headers[0];
	answer_field(&answer, SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/plain"));
	fields_add(&exchange, &answer);
	ck_assert_str_eq(got("X-Set"), "2");
	ck_assert_str_eq(got("Server"), "-");
	ck_assert_str_eq(got("Content-Type"), "text/plain");
	ck_assert_str_eq(got("X-Default"), "used");
	ck_assert_str_eq(got("X-Other-Status"), "-");
	for (unsigned i = 0; i < answer.field_count; i++)
		add_count += slice_equal(answer.fields[i].name, SLICE_LITERAL("X-Add"));
	ck_assert_uint_eq(add_count, 2);
}
END_TEST

/* held: what the answer was chosen by; NULL: nothing. */
static const struct {
	const char *held, *value;
	enum config_header_action action;
	const char *said;
} vary_rows[] = {
	{ "Accept-Encoding", "X-Foo", CONFIG_HEADER_SET, "Accept-Encoding, X-Foo" },
	{ "Accept-Encoding", "X-Foo", CONFIG_HEADER_DEFAULT, "Accept-Encoding, X-Foo" },
	{ "Accept-Language, Origin", "origin , X-Foo,X-Bar", CONFIG_HEADER_SET,
	    "Accept-Language, Origin, X-Foo, X-Bar" },
	{ "Origin", "*", CONFIG_HEADER_SET, "Origin, *" },
	{ NULL, "X-Foo, X-Bar", CONFIG_HEADER_SET, "X-Foo, X-Bar" },
	{ NULL, "X-Foo", CONFIG_HEADER_DEFAULT, "X-Foo" },
	{ "Origin", "", CONFIG_HEADER_REMOVE, "-" },
};

START_TEST(vary_keeps_what_the_choice_needs)
{
	struct config_header header = HEADER("vary", vary_rows[_i].value, vary_rows[_i].action);

	memset(header.statuses.bits, 0xff, sizeof header.statuses.bits);
	settings.headers = &header;
	settings.header_count = 1;
	if (vary_rows[_i].held != NULL)
		answer_field(&answer, SLICE_LITERAL("Vary"), slice_from_text(vary_rows[_i].held));
	fields_add(&exchange, &answer);
	ck_assert_str_eq(got("Vary"), vary_rows[_i].said);
	ck_assert(!answer.lacks_room);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fields_added");
	TCase *tcase = tcase_create("fields_added");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, the_age_goes_by_type_and_status, 0, COUNT_OF(age_rows));
	tcase_add_test(tcase, what_a_handler_says_of_its_age_stays);
	tcase_add_loop_test(tcase, hsts_is_for_https, 0, COUNT_OF(hsts_rows));
	tcase_add_loop_test(tcase, nosniff_is_for_what_has_content, 0, 2);
	tcase_add_test(tcase, headers_are_applied_in_their_order);
	tcase_add_loop_test(tcase, vary_keeps_what_the_choice_needs, 0, COUNT_OF(vary_rows));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
