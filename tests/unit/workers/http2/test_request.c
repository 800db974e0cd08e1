/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http2/request.c: a header list means what the same request would mean over HTTP/1.1, or
 * is refused with the same status; what RFC 9113 calls malformed is never a request at all. A field
 * that a gateway could not pass on as one line of HTTP/1.1 and that is let pass breaks it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/http2/request.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define GET ":method=GET\n:scheme=http\n:authority=h.example\n:path=/a?b\n"

static struct arena arena;
static struct http_request request;
static struct h2_request head;
static struct http_limits limits;

static void
begin(void)
{
	limits = (struct http_limits){ 200, 400, 10 };
	ck_assert_int_eq(arena_init(&arena, 65536), 0);
}

static void
end(void)
{
	arena_fini(&arena);
}

/* list: "name=value" in lines. The bytes are given from memory of their own, which goes at once. */
static enum h2_request_verdict
read_list(const char *list, bool has_content)
{
	h2_request_begin(&head, &limits, &arena, &request);
	while (*list != '\0') {
		const char *stop = strchr(list, '\n');
		char *line = strndup(list, (size_t)(stop - list)), *mark = strchr(line + 1, '=');

		(void)h2_request_field(&head, slice_make(line, (size_t)(mark - line)),
		    slice_from_text(mark + 1));
		memset(line, '!', strlen(line));
		free(line);
		list = stop + 1;
	}
	return h2_request_end(&head, has_content);
}

static void
assert_text(struct slice s, const char *text)
{
	ck_assert_msg(slice_equal(s, slice_from_text(text)), "\"%.*s\" is not \"%s\"", (int)s.len,
	    s.data, text);
}

START_TEST(request_is_as_over_http_1)
{
	struct slice value;

	ck_assert_int_eq(read_list(GET "accept-encoding=gzip\nx-a=1\n", false), H2_REQUEST_OK);
	ck_assert_int_eq(request.method, HTTP_METHOD_GET);
	assert_text(request.target, "/a?b");
	assert_text(request.path, "/a");
	assert_text(request.query, "b");
	assert_text(request.host, "h.example");
	ck_assert(request.is_http2 && request.version_minor == 1 && request.is_persistent);
	ck_assert_int_eq(request.target_form, HTTP_TARGET_ORIGIN);
	ck_assert_int_eq(request.body_kind, HTTP_BODY_NONE);
	assert_text(slice_make(request.method_name.data, 17), "GET /a?b HTTP/2.0");
	ck_assert(http_request_field(&request, HTTP_FIELD_HOST, &value));
	assert_text(value, "h.example");
	ck_assert(http_request_field(&request, HTTP_FIELD_ACCEPT_ENCODING, &value));
	assert_text(value, "gzip");
	ck_assert(http_request_field_named(&request, SLICE_LITERAL("x-a"), &value));
	/* GET /a?b HTTP/2.0, host: h.example, accept-encoding: gzip, x-a: 1, empty line */
	ck_assert_uint_eq(request.head_bytes, 19 + 17 + 23 + 8 + 2);
}
END_TEST

static const struct {
	const char *list;
	enum http_target_form form;
	const char *target, *host, *port;
	bool is_https;
} good[] = {
	{ ":method=OPTIONS\n:scheme=http\n:path=*\n:authority=h\n", HTTP_TARGET_ASTERISK, "*",
	    "h", "", false },
	{ ":method=CONNECT\n:authority=h:443\n", HTTP_TARGET_AUTHORITY, "h:443", "h", "443",
	    false },
	{ ":path=/\n:authority=[::1]:80\n:scheme=https\n:method=GET\n", HTTP_TARGET_ORIGIN, "/",
	    "[::1]", "80", true },
	{ ":method=GET\n:scheme=http\n:path=/\nhost=h:1\n", HTTP_TARGET_ORIGIN, "/", "h", "1",
	    false },
	{ ":method=GET\n:scheme=ftp\n:path=/\n:authority=h\nhost=H\n", HTTP_TARGET_ORIGIN, "/",
	    "H", "", false },
	{ GET "te=trailers\n", HTTP_TARGET_ORIGIN, "/a?b", "h.example", "", false },
	{ GET "x=\n", HTTP_TARGET_ORIGIN, "/a?b", "h.example", "", false },
	{ GET "x=a\tb c\n", HTTP_TARGET_ORIGIN, "/a?b", "h.example", "", false },
};

START_TEST(good_is_taken_apart)
{
	ck_assert_int_eq(read_list(good[_i].list, false), H2_REQUEST_OK);
	ck_assert_int_eq(request.target_form, good[_i].form);
	assert_text(request.target, good[_i].target);
	assert_text(request.host, good[_i].host);
	assert_text(request.port, good[_i].port);
	ck_assert(request.is_https == good[_i].is_https);
}
END_TEST

static const char *const bad_lists[] = {
	":scheme=http\n:path=/\n:authority=h\n",
	":method=GET\n:path=/\n:authority=h\n",
	":method=GET\n:scheme=http\n:authority=h\n",
	":method=GET\n:scheme=http\n:path=\n:authority=h\n",
	":method=GET\n:scheme=http\n:path=*\n:authority=h\n",
	":method=GET\n:scheme=http\n:path=http://h/\n:authority=h\n",
	":method=GET\n:scheme=http\n:path=h/\n:authority=h\n",
	":method=CONNECT\n:scheme=http\n:authority=h:1\n",
	":method=CONNECT\n:path=/\n:authority=h:1\n",
	":method=CONNECT\n",
	GET ":method=GET\n",
	GET ":scheme=http\n",
	GET ":path=/\n",
	GET ":authority=h.example\n",
	GET ":status=200\n",
	GET ":protocol=websocket\n",
	GET ":x=y\n",
	":method=GET\nx=y\n:scheme=http\n:path=/\n:authority=h\n",
	":method=GET\ncookie=y\n:scheme=http\n:path=/\n:authority=h\n",
	GET "X-a=1\n",
	GET "x-A=1\n",
	GET "x a=1\n",
	GET "x:a=1\n",
	GET "x\x01=1\n",
	GET "x\x80=1\n",
	GET "x= a\n",
	GET "x=a \n",
	GET "x=\ta\n",
	GET "x=a\rb\n",
	GET "x=a\x7f\n",
	":method=GET\n:scheme=http\n:authority=h\n:path=/\r\n",
	GET "connection=close\n",
	GET "proxy-connection=close\n",
	GET "keep-alive=1\n",
	GET "transfer-encoding=chunked\n",
	GET "upgrade=h2c\n",
	GET "te=gzip\n",
	GET "te=trailers, deflate\n",
	GET "host=other.example\n",
	GET "content-length=1\n",
};

START_TEST(bad_is_malformed)
{
	ck_assert_int_eq(read_list(bad_lists[_i], false), H2_REQUEST_MALFORMED);
}
END_TEST

/* A name and a value that text in lines cannot say. */
START_TEST(empty_name_and_line_ends_are_malformed)
{
	static const struct { struct slice name, value; } rows[] = {
		{ { "", 0 }, { "a", 1 } }, { { "x", 1 }, { "a\nb", 3 } },
		{ { "x", 1 }, { "a\0b", 3 } }, { { "x\n", 2 }, { "a", 1 } },
		{ { ":", 1 }, { "a", 1 } }, { { ":path", 5 }, { "/\n", 2 } },
	};

	for (int i = 0; i < COUNT_OF(rows); i++) {
		h2_request_begin(&head, &limits, &arena, &request);
		ck_assert(!h2_request_field(&head, rows[i].name, rows[i].value));
		ck_assert(!h2_request_field(&head, SLICE_LITERAL("x"), SLICE_LITERAL("y")));
		ck_assert_int_eq(h2_request_end(&head, false), H2_REQUEST_MALFORMED);
	}
}
END_TEST

static const struct {
	const char *list;
	unsigned status;
	const char *method, *target;
} refused[] = {
	{ ":method=GET\n:scheme=http\n:path=/\n", 400, "GET", "/" },
	{ ":method=GET\n:scheme=http\n:path=/\n:authority=\n", 400, "GET", "/" },
	{ ":method=GET\n:scheme=http\n:path=/\n:authority=a b\n", 400, "GET", "/" },
	{ ":method=GET\n:scheme=http\n:path=/\n:authority=u@h\n", 400, "GET", "/" },
	{ ":method=GET\n:scheme=http\n:path=/a b\n:authority=h\n", 400, "GET", "/a" },
	{ ":method=GET\n:scheme=http\n:path=/a#b\n:authority=h\n", 400, "GET", "/a#b" },
	{ ":method=GET\n:scheme=http\n:path=/\xc3\n:authority=h\n", 400, "GET", "/\xc3" },
	{ ":method=G T\n:scheme=http\n:path=/\n:authority=h\n", 400, "G", "" },
	{ ":method=\n:scheme=http\n:path=/\n:authority=h\n", 400, "", "" },
	{ ":method=CONNECT\n:authority=h\n", 400, "CONNECT", "h" },
	{ GET "content-length=x\n", 400, "GET", "/a?b" },
	{ GET "content-length=\n", 400, "GET", "/a?b" },
	{ GET "content-length=0\ncontent-length=0\n", 400, "GET", "/a?b" },
	{ GET "host=h.example\nhost=h.example\n", 400, "GET", "/a?b" },
	{ GET "1=\n2=\n3=\n4=\n5=\n6=\n7=\n8=\n9=\n10=\n11=\n", 431, "GET", "/a?b" },
};

START_TEST(what_http_1_refuses_is_refused)
{
	ck_assert_int_eq(read_list(refused[_i].list, false), H2_REQUEST_BAD);
	ck_assert_uint_eq(h2_request_status(&head), refused[_i].status);
	ck_assert_ptr_nonnull(h2_request_reason(&head));
	if (refused[_i].target[0] != '\0') {
		assert_text(request.method_name, refused[_i].method);
		assert_text(request.target, refused[_i].target);
	}
}
END_TEST

/* name and value repeated: `bytes` of a value. */
static unsigned
status_with(const char *name, size_t bytes, char fill)
{
	char value[1000];

	memset(value, fill, sizeof value);
	h2_request_begin(&head, &limits, &arena, &request);
	if (strcmp(name, ":method") != 0)
		(void)h2_request_field(&head, SLICE_LITERAL(":method"), SLICE_LITERAL("GET"));
	(void)h2_request_field(&head, SLICE_LITERAL(":scheme"), SLICE_LITERAL("http"));
	if (strcmp(name, ":path") != 0)
		(void)h2_request_field(&head, SLICE_LITERAL(":path"), SLICE_LITERAL("/"));
	(void)h2_request_field(&head, SLICE_LITERAL(":authority"), SLICE_LITERAL("h"));
	(void)h2_request_field(&head, slice_from_text(name), slice_make(value, bytes));
	return h2_request_end(&head, false) == H2_REQUEST_OK ? 0 : h2_request_status(&head);
}

START_TEST(limits_are_those_of_http_1)
{
	/* "GET " and " HTTP/2.0" are part of the line; the line and "host: h" of all. */
	ck_assert_uint_eq(status_with(":path", 200 - 13, '/'), 0);
	ck_assert_uint_eq(status_with(":path", 200 - 12, '/'), 414);
	ck_assert_uint_eq(status_with(":path", 900, '/'), 414);
	ck_assert_uint_eq(status_with(":method", 64, 'M'), 0);
	ck_assert_uint_eq(status_with(":method", 65, 'M'), 501);
	ck_assert_uint_eq(status_with(":method", 65, '('), 400);
	ck_assert_uint_eq(status_with("x", 400 - 16 - 9 - 5, 'v'), 0);
	ck_assert_uint_eq(status_with("x", 400 - 16 - 9 - 4, 'v'), 431);
	ck_assert_uint_eq(status_with("cookie", 400 - 16 - 9 - 10, 'v'), 0);
	ck_assert_uint_eq(status_with("cookie", 400 - 16 - 9 - 9, 'v'), 431);
}
END_TEST

START_TEST(cookies_are_joined_in_their_order)
{
	struct slice value;

	ck_assert_int_eq(read_list(GET "cookie=a=1\nx=y\ncookie=b=2\ncookie=c\n", false),
	    H2_REQUEST_OK);
	ck_assert_uint_eq(request.field_count, 3);
	ck_assert(http_request_field_named(&request, SLICE_LITERAL("cookie"), &value));
	assert_text(value, "a=1; b=2; c");
}
END_TEST

static const struct {
	const char *fields;
	enum http_body_kind kind;
	uint64_t bytes;
	bool expects, is_odd;
} contents[] = {
	{ "", HTTP_BODY_CHUNKED, 0, false, false },
	{ "content-length=5\n", HTTP_BODY_LENGTH, 5, false, false },
	{ "expect=100-continue\n", HTTP_BODY_CHUNKED, 0, true, false },
	{ "content-length=5\nexpect=100-continue\n", HTTP_BODY_LENGTH, 5, true, false },
	{ "expect=x\n", HTTP_BODY_CHUNKED, 0, false, true },
};

START_TEST(content_is_framed)
{
	char list[256];

	snprintf(list, sizeof list, GET "%s", contents[_i].fields);
	ck_assert_int_eq(read_list(list, true), H2_REQUEST_OK);
	ck_assert_int_eq(request.body_kind, contents[_i].kind);
	ck_assert_uint_eq(request.content_length, contents[_i].bytes);
	ck_assert(request.expects_continue == contents[_i].expects);
	ck_assert(request.has_unknown_expectation == contents[_i].is_odd);
}
END_TEST

/* Crumbs of no bytes cost memory all the same. */
START_TEST(no_list_is_too_much_for_the_arena)
{
	limits.header_bytes = 1000000;
	h2_request_begin(&head, &limits, &arena, &request);
	for (int i = 0; i < 100000; i++)
		ck_assert(h2_request_field(&head, SLICE_LITERAL("cookie"), SLICE_LITERAL("")));
	ck_assert_int_eq(h2_request_end(&head, false), H2_REQUEST_BAD);
	ck_assert_uint_eq(h2_request_status(&head), 431);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http2/request");
	TCase *tcase = tcase_create("request");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, request_is_as_over_http_1);
	tcase_add_loop_test(tcase, good_is_taken_apart, 0, COUNT_OF(good));
	tcase_add_loop_test(tcase, bad_is_malformed, 0, COUNT_OF(bad_lists));
	tcase_add_test(tcase, empty_name_and_line_ends_are_malformed);
	tcase_add_loop_test(tcase, what_http_1_refuses_is_refused, 0, COUNT_OF(refused));
	tcase_add_test(tcase, limits_are_those_of_http_1);
	tcase_add_test(tcase, cookies_are_joined_in_their_order);
	tcase_add_loop_test(tcase, content_is_framed, 0, COUNT_OF(contents));
	tcase_add_test(tcase, no_list_is_too_much_for_the_arena);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
