/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/cors.c: which origins an answer is opened to, and what a preflight gets. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/cors.h"

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
	memset(&request, 0, sizeof request);
	memset(&exchange, 0, sizeof exchange);
	exchange.request = &request;
	exchange.arena = &arena;
	exchange.route.settings = &settings;
	request.method = HTTP_METHOD_GET;
	answer_init(&answer);
	answer.status = 200;
}

static void
tear_down(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
}

static void
send_field(const char *name, const char *value)
{
	struct http_field *field = &request.fields[request.field_count++];

	field->name = slice_from_text(name);
	field->value = slice_from_text(value);
	field->id = HTTP_FIELD_OTHER;
}

static const char *
got(const char *name)
{
	static char text[256];
	const struct slice *value = answer_find_field(&answer, slice_from_text(name));

	if (value == NULL)
		return "";
	snprintf(text, sizeof text, "%.*s", (int)value->len, value->data);
	return text;
}

static char *everybody[] = { (char *)"*" };
static char *some[] = { (char *)"https://a.example", (char *)"http://b.example:8080" };

static const struct {
	bool is_for_all, has_credentials;
	const char *origin;         /* NULL: none sent */
	const char *allowed, *vary, *credentials;
} rows[] = {
	{ true, false, NULL, "*", "", "" },
	{ true, false, "https://x.example", "*", "", "" },
	{ true, true, "https://x.example", "*", "", "" },   /* never both */
	{ false, false, "https://a.example", "https://a.example", "Origin", "" },
	{ false, true, "http://b.example:8080", "http://b.example:8080", "Origin", "true" },
	{ false, true, "http://b.example", "", "Origin", "" },
	{ false, true, "https://a.example.evil", "", "Origin", "" },
	{ false, true, "https://A.example", "", "Origin", "" },
	{ false, true, "null", "", "Origin", "" },
	{ false, true, NULL, "", "Origin", "" },
};

START_TEST(an_answer_is_opened_to_the_origins_of_the_list)
{
	settings.cors = (struct config_texts){ rows[_i].is_for_all ? everybody : some,
		rows[_i].is_for_all ? 1 : 2 };
	settings.cors_credentials = rows[_i].has_credentials;
	if (rows[_i].origin != NULL)
		send_field("Origin", rows[_i].origin);
	cors_add_fields(&exchange, &answer);
	ck_assert_str_eq(got("Access-Control-Allow-Origin"), rows[_i].allowed);
	ck_assert_str_eq(got("Vary"), rows[_i].vary);
	ck_assert_str_eq(got("Access-Control-Allow-Credentials"), rows[_i].credentials);
}
END_TEST

START_TEST(nothing_is_said_without_a_list)
{
	send_field("Origin", "https://a.example");
	cors_add_fields(&exchange, &answer);
	ck_assert_uint_eq(answer.field_count, 0);
}
END_TEST

static const struct {
	enum http_method method;
	const char *origin, *asked;
	bool is_answered;
} preflights[] = {
	{ HTTP_METHOD_OPTIONS, "https://a.example", "GET", true },
	{ HTTP_METHOD_OPTIONS, "https://a.example", "DELETE", true }, /* the browser refuses it */
	{ HTTP_METHOD_OPTIONS, "https://x.example", "GET", false },
	{ HTTP_METHOD_OPTIONS, "https://a.example", NULL, false },
	{ HTTP_METHOD_OPTIONS, NULL, "GET", false },
	{ HTTP_METHOD_GET, "https://a.example", "GET", false },
};

START_TEST(a_preflight_is_options_with_two_fields)
{
	settings.cors = (struct config_texts){ some, 2 };
	settings.cors_headers = (struct config_texts){ some, 2 };
	settings.cors_max_age_s = 600;
	request.method = preflights[_i].method;
	if (preflights[_i].origin != NULL)
		send_field("origin", preflights[_i].origin);
	if (preflights[_i].asked != NULL)
		send_field("Access-Control-Request-Method", preflights[_i].asked);
	ck_assert_int_eq(cors_answers_preflight(&exchange, &answer), preflights[_i].is_answered);
	ck_assert_str_eq(got("Access-Control-Max-Age"), preflights[_i].is_answered ? "600" : "");
	if (preflights[_i].is_answered) {
		ck_assert_uint_eq(answer.status, 204);
		ck_assert(!answer.has_content);
		ck_assert_str_eq(got("Access-Control-Allow-Headers"),
		    "https://a.example, http://b.example:8080");
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cors");
	TCase *tcase = tcase_create("cors");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, an_answer_is_opened_to_the_origins_of_the_list, 0,
	    COUNT_OF(rows));
	tcase_add_test(tcase, nothing_is_said_without_a_list);
	tcase_add_loop_test(tcase, a_preflight_is_options_with_two_fields, 0,
	    COUNT_OF(preflights));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
