/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/hints.c: which Link fields go ahead of an answer, and for which requests. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/hints.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static struct config_settings settings;
static struct http_request request;
static struct exchange exchange;
static char told[1024];                     /* links, with '|' behind each */
static unsigned told_count;                 /* calls */

static void
tell(void *context, const struct slice *links, unsigned count)
{
	ck_assert_ptr_eq(context, told);
	told_count++;
	for (unsigned i = 0; i < count; i++)
		snprintf(told + strlen(told), sizeof told - strlen(told), "%.*s|",
		    (int)links[i].len, links[i].data);
}

static void
set_up(void)
{
	memset(&settings, 0, sizeof settings);
	memset(&request, 0, sizeof request);
	memset(&exchange, 0, sizeof exchange);
	settings.early_hints = true;
	request.method = HTTP_METHOD_GET;
	exchange.request = &request;
	exchange.route.settings = &settings;
	exchange.hint = tell;
	exchange.hint_context = told;
	told[0] = '\0';
	told_count = 0;
}

static void
use(struct config_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memset(headers[i].statuses.bits, 0xff, sizeof headers[i].statuses.bits);
	settings.headers = headers;
	settings.header_count = count;
}

#define HEADER(name, value, action) { (char *)(name), (char *)(value), action, { { 0 } }, NULL, 0 }
#define LINK(value, action) HEADER("Link", value, action)

static const struct { const char *value; bool is_told; } values[] = {
	{ "</a.css>; rel=preload", true },
	{ "</a.css>;rel=preload;as=style", true },
	{ "</a.css> ; as=style ; rel = \"preload\"", true },
	{ "</a.css>; REL=PreLoad", true },
	{ "</a.js>; rel=modulepreload", true },
	{ "<https://cdn.example>; rel=preconnect; crossorigin", true },
	{ "<https://cdn.example>; rel=dns-prefetch", true },
	{ "</a>; rel=\"next preload\"", true },
	{ "</a>; rel=\"next\tpreload \"", true },
	{ "</a>; rel=next, </b>; rel=preload", true },
	{ "<a,b;c>; rel=preload", true },
	{ "</a>; title=\"x, <y>; \\\" rel=next\"; rel=preload", true },
	{ "</a>; rel=next", false },
	{ "</a>; rel=prefetch", false },            /* for the page after this one */
	{ "</a>; rel=preloads", false },
	{ "</a>; rel=\"pre load\"", false },
	{ "</a>; rel=next; rel=preload", false },   /* the first one counts */
	{ "</a>; title=\"; rel=preload\"", false },
	{ "</a>; title=\"rel=preload", false },
	{ "</a;rel=preload>; rel=next", false },
	{ "</a>; xrel=preload", false },
	{ "</a>; rel", false },
	{ "</a>; rel=", false },
	{ "</a>; preload", false },
	{ "</a>", false },
	{ "</a; rel=preload", false },
	{ "rel=preload", false },
	{ "<", false },
	{ "", false },
};

START_TEST(only_what_is_fetched_ahead_is_told)
{
	struct config_header header = LINK(values[_i].value, CONFIG_HEADER_SET);

	use(&header, 1);
	hints_send(&exchange);
	ck_assert_uint_eq(told_count, values[_i].is_told ? 1 : 0);
	if (values[_i].is_told)
		ck_assert_int_eq(strncmp(told, values[_i].value, strlen(values[_i].value)), 0);
}
END_TEST

#define A "</a>; rel=preload"
#define B "</b>; rel=preload"

static struct config_header lists[][4] = {
	{ LINK(A, CONFIG_HEADER_ADD), LINK(B, CONFIG_HEADER_ADD), HEADER("X", A, 0),
	    HEADER("link", A, CONFIG_HEADER_ADD) },
	{ LINK(A, CONFIG_HEADER_ADD), LINK(B, CONFIG_HEADER_SET), HEADER("X", A, 0),
	    LINK(A, CONFIG_HEADER_DEFAULT) },
	{ LINK(A, CONFIG_HEADER_ADD), LINK("", CONFIG_HEADER_REMOVE), HEADER("X", A, 0),
	    LINK(B, CONFIG_HEADER_DEFAULT) },
	{ LINK(A, CONFIG_HEADER_ADD), LINK(B, CONFIG_HEADER_ADD), HEADER("X", A, 0),
	    LINK("", CONFIG_HEADER_REMOVE) },
	{ LINK("</c>; rel=next", CONFIG_HEADER_SET), LINK(A, CONFIG_HEADER_DEFAULT),
	    HEADER("X", A, 0), HEADER("X", A, 0) },
};
static const char *const expected[] = { A "|" B "|" A "|", B "|", B "|", "", "" };

START_TEST(headers_are_applied_as_to_the_answer)
{
	use(lists[_i], 4);
	hints_send(&exchange);
	ck_assert_str_eq(told, expected[_i]);
	ck_assert_uint_eq(told_count, expected[_i][0] != '\0' ? 1 : 0);
}
END_TEST

START_TEST(other_statuses_are_not_for_a_page)
{
	struct config_header header = LINK(A, CONFIG_HEADER_SET);

	use(&header, 1);
	memset(header.statuses.bits, 0, sizeof header.statuses.bits);
	header.statuses.bits[(404 - 100) / 8] |= 1 << (404 - 100) % 8;
	hints_send(&exchange);
	ck_assert_uint_eq(told_count, 0);
}
END_TEST

static const struct { const char *mode; bool is_told; } modes[] = {
	{ NULL, true }, { "navigate", true }, { "no-cors", false }, { "cors", false },
	{ "", false },
};

START_TEST(only_who_goes_to_a_page_is_told)
{
	struct config_header header = LINK(A, CONFIG_HEADER_SET);

	use(&header, 1);
	if (modes[_i].mode != NULL) {
		request.fields[0].name = SLICE_LITERAL("sec-fetch-mode");
		request.fields[0].value = slice_from_text(modes[_i].mode);
		request.field_count = 1;
	}
	hints_send(&exchange);
	ck_assert_uint_eq(told_count, modes[_i].is_told ? 1 : 0);
}
END_TEST

START_TEST(nobody_is_told_twice_or_in_vain)
{
	struct config_header header = LINK(A, CONFIG_HEADER_SET);

	use(&header, 1);
	settings.early_hints = false;
	hints_send(&exchange);
	settings.early_hints = true;
	exchange.depth = 1;
	hints_send(&exchange);
	exchange.depth = 0;
	request.method = HTTP_METHOD_HEAD;
	hints_send(&exchange);
	request.method = HTTP_METHOD_GET;
	exchange.hint = NULL;
	hints_send(&exchange);
	ck_assert_uint_eq(told_count, 0);
	exchange.hint = tell;
	hints_send(&exchange);
	hints_send(&exchange);
	ck_assert_uint_eq(told_count, 1);
}
END_TEST

START_TEST(there_is_room_for_so_many)
{
	static struct config_header many[HINTS_MAX + 2];

	for (size_t i = 0; i < HINTS_MAX + 2; i++)
		many[i] = (struct config_header)LINK(i == 0 ? B : A, CONFIG_HEADER_ADD);
	use(many, HINTS_MAX + 2);
	hints_send(&exchange);
	ck_assert_uint_eq(told_count, 1);
	ck_assert_uint_eq(strlen(told), HINTS_MAX * strlen(A "|"));
	ck_assert_int_eq(strncmp(told, B "|" A "|", strlen(B "|" A "|")), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hints");
	TCase *tcase = tcase_create("hints");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, only_what_is_fetched_ahead_is_told, 0, COUNT_OF(values));
	tcase_add_loop_test(tcase, headers_are_applied_as_to_the_answer, 0, COUNT_OF(lists));
	tcase_add_test(tcase, other_statuses_are_not_for_a_page);
	tcase_add_loop_test(tcase, only_who_goes_to_a_page_is_told, 0, COUNT_OF(modes));
	tcase_add_test(tcase, nobody_is_told_twice_or_in_vain);
	tcase_add_test(tcase, there_is_room_for_so_many);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
