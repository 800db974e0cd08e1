/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines, limits and states of the request parser: line ends other than CRLF, control
 * bytes, empty lines before the request, each limit at its last good and first bad value,
 * and that it makes no difference how the bytes come. What is in the lines has its own
 * tests: test_request_line.c, test_target.c, test_fields.c, test_framing.c.
 */
#include <stdio.h>

#include "tests/unit/workers/http/feed.h"

static struct feed feed;

static const struct slice good_heads[] = {
	TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	TEXT("GET / HTTP/1.0\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n"),
	TEXT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\n\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\tand \xff\r\nY:\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nTabs:\t\t\t\t\t\t\t\t\t1\t\t\t\t\t\t\t\t\r\n\r\n"),
};

START_TEST(good_head_is_complete_at_its_last_byte)
{
	feed_good(&feed, good_heads[_i]);
}
END_TEST

START_TEST(browser_request_is_understood)
{
	const struct http_request *request = &feed_good(&feed, (struct slice)TEXT(
	    "GET /a/b.html?x=1&y HTTP/1.1\r\n"
	    "Host: www.example.org:8080\r\n"
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
	    "Accept: text/html,*/*;q=0.8\r\n"
	    "accept-encoding: gzip, deflate\r\n"
	    "Connection: keep-alive\r\n"
	    "If-None-Match: \"a\", \"b\"\r\n"
	    "\r\n"))->request;

	ck_assert_int_eq(request->method, HTTP_METHOD_GET);
	ck_assert_text(request->path, "/a/b.html");
	ck_assert_text(request->query, "x=1&y");
	ck_assert(request->has_query);
	ck_assert_text(request->host, "www.example.org");
	ck_assert_text(request->port, "8080");
	ck_assert_uint_eq(request->version_minor, 1);
	ck_assert(request->is_persistent);
	ck_assert_int_eq(request->body_kind, HTTP_BODY_NONE);
	ck_assert_uint_eq(request->field_count, 6);
	ck_assert_text(request->fields[2].name, "Accept");
	ck_assert_text(request->fields[2].value, "text/html,*/*;q=0.8");
	ck_assert_int_eq(request->fields[3].id, HTTP_FIELD_ACCEPT_ENCODING);
}
END_TEST

#define EIGHT_LINES "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"

static const struct slice bad_heads[] = {
	TEXT("GET / HTTP/1.1\nHost: a\n\n"),
	TEXT("GET / HTTP/1.1\nHost: a\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\n\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n"),
	TEXT("GET / HTTP/1.1\rHost: a\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\rX: 1\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\n\rX: 1\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: a\x1b[2J\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: a\x0b\r\n\r\n"),
	TEXT("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
	TEXT("GET / HTTP/1.1\x01\r\nHost: a\r\n\r\n"),
	TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),  /* TLS on a plain port */
	TEXT("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	TEXT("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	TEXT(EIGHT_LINES "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	TEXT(EIGHT_LINES "\r\n"),
	TEXT(" \r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
};

START_TEST(bad_head_is_400)
{
	feed_bad(&feed, bad_heads[_i], 400);
}
END_TEST

/* Every CTL but HTAB, in the middle of each kind of line. */
START_TEST(control_byte_is_400)
{
	static const char head[] = "GET /?@ HTTP/1.1\r\nHost: a\r\nX@: b@c\r\n\r\n";
	char text[sizeof (head)];

	for (size_t at = 0; at < sizeof (head) - 1; at++) {
		if (head[at] != '@')
			continue;
		for (int c = 0; c <= 0x7f; c = c == 0x1f ? 0x7f : c + 1) {
			memcpy(text, head, sizeof (head));
			text[at] = (char)c;
			if (c != '\t')
				feed_bad(&feed, slice_make(text, sizeof (head) - 1), 400);
		}
	}
}
END_TEST

static const struct slice unfinished_heads[] = {
	TEXT(""),
	TEXT("\r"),
	TEXT("\r\n\r\n"),
	TEXT(EIGHT_LINES),
	TEXT("G"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r"),
	TEXT("GET / HTTP/1.1\r\nHost: a\r\n"),
};

START_TEST(unfinished_head_needs_more)
{
	feed.limits = roomy_limits;
	feed.text = unfinished_heads[_i];
	feed.want = HTTP_NEED_MORE;
	feed_every_way(&feed);
}
END_TEST

START_TEST(eight_empty_lines_are_skipped)
{
	static const char text[] = EIGHT_LINES "GET / HTTP/1.0\r\n\r\n";

	feed.limits = roomy_limits;
	feed.text = slice_make(text, sizeof (text) - 1);
	feed.want = HTTP_COMPLETE;
	feed.want_head_bytes = sizeof (text) - 1;
	feed_every_way(&feed);
	ck_assert_text(feed.request.method_name, "GET");
}
END_TEST

/* A limit, the largest text that keeps it and what one more byte brings. */
static void
check_limit(struct http_limits limits, struct slice text, unsigned status)
{
	feed.limits = limits;
	feed.text = text;
	feed.want = status == 0 ? HTTP_COMPLETE : HTTP_BAD;
	feed.want_status = status;
	feed.want_head_bytes = text.len;
	feed_every_way(&feed);
}

START_TEST(request_line_limit_is_exact)
{
	struct http_limits limits = roomy_limits;

	limits.request_line_bytes = sizeof ("GET /abc HTTP/1.0") - 1;
	check_limit(limits, (struct slice)TEXT("\r\nGET /abc HTTP/1.0\r\n\r\n"), 0);
	check_limit(limits, (struct slice)TEXT("\r\nGET /abcd HTTP/1.0\r\n\r\n"), 414);
	ck_assert_text(feed.request.method_name, "GET");
	check_limit(limits, (struct slice)TEXT("GET /abcdefghijklmnop"), 414);
	check_limit(limits, (struct slice)TEXT("GET /abcdefghijklmn\r"), 414);
	check_limit(limits, (struct slice)TEXT("G\"T /abcdefghijklmnop"), 414);
	ck_assert_uint_eq(feed.request.method_name.len, 0);
}
END_TEST

START_TEST(header_limit_is_exact)
{
	struct http_limits limits = roomy_limits;

	limits.header_bytes = sizeof ("GET / HTTP/1.0\r\nX: 1\r\nY: 2\r\n") - 1;
	check_limit(limits, (struct slice)TEXT("\r\nGET / HTTP/1.0\r\nX: 1\r\nY: 2\r\n\r\n"), 0);
	check_limit(limits, (struct slice)TEXT("\r\nGET / HTTP/1.0\r\nX: 1\r\nY: 23\r\n\r\n"), 431);
	check_limit(limits, (struct slice)TEXT("GET / HTTP/1.0\r\nX: 1\r\nY: 2\r\nZ"), 431);
	check_limit(limits, (struct slice)TEXT("GET / HTTP/1.0\r\nX: 1234567890"), 431);
	check_limit(limits, (struct slice)TEXT("GET /0123456789012345 HTTP/1.0\r\n"), 431);
	ck_assert_uint_eq(feed.request.field_count, 0);
}
END_TEST

START_TEST(field_count_limit_is_exact)
{
	struct http_limits limits = roomy_limits;

	limits.field_count = 2;
	check_limit(limits, (struct slice)TEXT("GET / HTTP/1.0\r\nX: 1\r\nX: 2\r\n\r\n"), 0);
	check_limit(limits, (struct slice)TEXT("GET / HTTP/1.0\r\nX: 1\r\nX: 2\r\nX: 3\r\n"), 431);
	limits.field_count = 0;
	check_limit(limits, (struct slice)TEXT("GET / HTTP/1.0\r\n\r\n"), 0);
	check_limit(limits, (struct slice)TEXT("GET / HTTP/1.0\r\nX:\r\n\r\n"), 431);
}
END_TEST

/* A limit above HTTP_FIELD_MAX must not let the array overflow. */
START_TEST(field_count_never_exceeds_the_array)
{
	struct http_limits limits = { 1024, 1 << 20, HTTP_FIELD_MAX + 1000 };
	static char text[64 + 5 * (HTTP_FIELD_MAX + 1)];
	size_t len = (size_t)sprintf(text, "GET / HTTP/1.0\r\n");

	for (int i = 0; i < HTTP_FIELD_MAX; i++)
		len += (size_t)sprintf(text + len, "X:1\r\n");
	strcpy(text + len, "\r\n");
	check_limit(limits, slice_make(text, len + 2), 0);
	ck_assert_uint_eq(feed.request.field_count, HTTP_FIELD_MAX);
	strcpy(text + len, "X:1\r\n\r\n");
	check_limit(limits, slice_make(text, len + 7), 431);
}
END_TEST

START_TEST(endless_method_is_refused_early)
{
	char text[65];

	memset(text, 'A', sizeof (text));
	feed.limits = roomy_limits;
	feed.text = slice_make(text, 64);
	feed.want = HTTP_NEED_MORE;
	feed_every_way(&feed);
	feed_bad(&feed, slice_make(text, 65), 501);
	text[20] = '(';
	feed_bad(&feed, slice_make(text, 65), 400);
}
END_TEST

/* The log wants to know what a refused request was. */
START_TEST(bad_request_keeps_what_was_understood)
{
	feed_bad(&feed, (struct slice)TEXT("GET /x HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n"), 400);
	ck_assert_text(feed.request.method_name, "GET");
	ck_assert_text(feed.request.target, "/x");
	ck_assert_uint_eq(feed.request.version_minor, 1);
	feed_bad(&feed, (struct slice)TEXT("GET /x HTTP/3.0\r\n\r\n"), 505);
	ck_assert_text(feed.request.target, "/x");
	feed_bad(&feed, (struct slice)TEXT("\x16\x03\x01"), 400);
	ck_assert_uint_eq(feed.request.method_name.len, 0);
	ck_assert_uint_eq(feed.request.target.len, 0);
}
END_TEST

/* Nothing of the first request may show in the second. */
START_TEST(parser_is_used_again)
{
	static const char text[] =
	    "POST /1?q HTTP/1.1\r\nHost: a:1\r\nExpect: 100-continue, x\r\nContent-Length: 5\r\n"
	    "\r\n"
	    "GET /2 HTTP/1.0\r\n\r\n";
	struct http_request *request = &feed.request;
	size_t first_bytes;

	http_parser_init(&feed.parser, &roomy_limits);
	ck_assert_int_eq(http_parse_request(&feed.parser, text, sizeof (text) - 1, request),
	    HTTP_COMPLETE);
	ck_assert(request->expects_continue);
	first_bytes = request->head_bytes;
	http_parser_init(&feed.parser, &roomy_limits);
	ck_assert_int_eq(http_parse_request(&feed.parser, text + first_bytes,
	    sizeof (text) - 1 - first_bytes, request), HTTP_COMPLETE);
	ck_assert_text(request->path, "/2");
	ck_assert(!request->has_query && !request->expects_continue && !request->is_persistent);
	ck_assert(!request->has_unknown_expectation);
	ck_assert_int_eq(request->body_kind, HTTP_BODY_NONE);
	ck_assert_uint_eq(request->host.len + request->port.len + request->query.len, 0);
	ck_assert_uint_eq(request->field_count, 0);
	ck_assert_uint_eq(http_request_field_count(request, HTTP_FIELD_HOST), 0);
}
END_TEST

static const struct {
	struct slice text;
	bool has_started;
} starts[] = {
	{ TEXT(""), false },
	{ TEXT("\r"), false },
	{ TEXT("\r\n"), false },
	{ TEXT("\r\n\r"), false },
	{ TEXT("\r\n\r\n"), false },
	{ TEXT("\r\nG"), true },
	{ TEXT("G"), true },
	{ TEXT("\n"), true },
	{ TEXT("\rG"), true },
	{ TEXT("GET / HTTP/1.1\r\n"), true },
	{ TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), true },
};

START_TEST(start_is_told_from_idleness)
{
	struct slice text = starts[_i].text;

	http_parser_init(&feed.parser, &roomy_limits);
	ck_assert(http_parser_has_started(&feed.parser, text.data, text.len) ==
	    starts[_i].has_started);
	http_parse_request(&feed.parser, text.data, text.len, &feed.request);
	ck_assert(http_parser_has_started(&feed.parser, text.data, text.len) ==
	    starts[_i].has_started);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("parse");
	TCase *tcase = tcase_create("parse");

	tcase_add_loop_test(tcase, good_head_is_complete_at_its_last_byte, 0, COUNT_OF(good_heads));
	tcase_add_loop_test(tcase, bad_head_is_400, 0, COUNT_OF(bad_heads));
	tcase_add_loop_test(tcase, unfinished_head_needs_more, 0, COUNT_OF(unfinished_heads));
	tcase_add_loop_test(tcase, start_is_told_from_idleness, 0, COUNT_OF(starts));
	tcase_add_test(tcase, browser_request_is_understood);
	tcase_add_test(tcase, control_byte_is_400);
	tcase_add_test(tcase, eight_empty_lines_are_skipped);
	tcase_add_test(tcase, request_line_limit_is_exact);
	tcase_add_test(tcase, header_limit_is_exact);
	tcase_add_test(tcase, field_count_limit_is_exact);
	tcase_add_test(tcase, field_count_never_exceeds_the_array);
	tcase_add_test(tcase, endless_method_is_refused_early);
	tcase_add_test(tcase, bad_request_keeps_what_was_understood);
	tcase_add_test(tcase, parser_is_used_again);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
