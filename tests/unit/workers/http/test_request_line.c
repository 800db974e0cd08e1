/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request line: methods, the two blanks, the version. A second blank or a tab that is
 * let pass, a version read loosely, or a method taken in the wrong case breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/feed.h"

static struct feed feed;

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
	{ "GET", HTTP_METHOD_GET },
	{ "HEAD", HTTP_METHOD_HEAD },
	{ "POST", HTTP_METHOD_POST },
	{ "PUT", HTTP_METHOD_PUT },
	{ "DELETE", HTTP_METHOD_DELETE },
	{ "OPTIONS", HTTP_METHOD_OPTIONS },
	{ "TRACE", HTTP_METHOD_TRACE },
	{ "PATCH", HTTP_METHOD_PATCH },
	{ "get", HTTP_METHOD_OTHER },
	{ "GEt", HTTP_METHOD_OTHER },
	{ "GETS", HTTP_METHOD_OTHER },
	{ "PROPFIND", HTTP_METHOD_OTHER },
	{ "CONNECTS", HTTP_METHOD_OTHER },
	{ "DELETF", HTTP_METHOD_OTHER },
	{ "M-SEARCH", HTTP_METHOD_OTHER },
	{ "!#$%&'*+-.^_`|~09azAZ", HTTP_METHOD_OTHER },
	{ "X", HTTP_METHOD_OTHER },
	{ "SIXTYFOURxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", HTTP_METHOD_OTHER },
};

START_TEST(method_is_known)
{
	char text[128];
	int len = snprintf(text, sizeof (text), "%s /a HTTP/1.1\r\nHost: a\r\n\r\n",
	    methods[_i].name);

	feed_good(&feed, slice_make(text, (size_t)len));
	ck_assert_int_eq(feed.request.method, methods[_i].method);
	ck_assert_text(feed.request.method_name, methods[_i].name);
	ck_assert_text(feed.request.target, "/a");
}
END_TEST

static const struct {
	const char *line;
	unsigned version_minor;
} good_lines[] = {
	{ "GET / HTTP/1.0", 0 },
	{ "GET / HTTP/1.1", 1 },
	{ "GET / HTTP/1.2", 1 },
	{ "GET / HTTP/1.9", 1 },
};

START_TEST(minor_version_is_kept)
{
	char text[128];
	int len = snprintf(text, sizeof (text), "%s\r\nHost: a\r\n\r\n", good_lines[_i].line);

	feed_good(&feed, slice_make(text, (size_t)len));
	ck_assert_uint_eq(feed.request.version_minor, good_lines[_i].version_minor);
}
END_TEST

static const struct {
	const char *line;
	unsigned status;
} bad_lines[] = {
	{ "GET", 400 },
	{ "GET ", 400 },
	{ "GET /", 400 },                       /* HTTP/0.9 */
	{ "GET / ", 400 },
	{ " GET / HTTP/1.1", 400 },
	{ "GET  / HTTP/1.1", 400 },
	{ "GET /  HTTP/1.1", 400 },
	{ "GET / HTTP/1.1 ", 400 },
	{ "GET / HTTP/1.1\t", 400 },
	{ "GET\t/ HTTP/1.1", 400 },
	{ "GET /\tHTTP/1.1", 400 },
	{ "GET /a b HTTP/1.1", 400 },
	{ "GET HTTP/1.1", 400 },
	{ " / HTTP/1.1", 400 },
	{ "G(T / HTTP/1.1", 400 },
	{ "G:T / HTTP/1.1", 400 },
	{ "G\xc3\x89T / HTTP/1.1", 400 },
	{ "GET / http/1.1", 400 },
	{ "GET / Http/1.1", 400 },
	{ "GET / HTTP/1", 400 },
	{ "GET / HTTP/1.", 400 },
	{ "GET / HTTP/.1", 400 },
	{ "GET / HTTP/01.1", 400 },
	{ "GET / HTTP/1.10", 400 },
	{ "GET / HTTP/1.1x", 400 },
	{ "GET / HTTP/1,1", 400 },
	{ "GET / HTTP/+1.1", 400 },
	{ "GET / HTTP/a.1", 400 },
	{ "GET / HTTP/1.a", 400 },
	{ "GET / HTTP 1.1", 400 },
	{ "GET / HTTPS/1.1", 400 },
	{ "GET / HTCPCP/1.0", 400 },
	{ "GET / FTP /1.1", 400 },
	{ "SSH-2.0-OpenSSH_9.2p1", 400 },
	{ "GET / HTTP/0.9", 505 },
	{ "GET / HTTP/2.0", 505 },
	{ "GET / HTTP/3.0", 505 },
	{ "GET / HTTP/9.9", 505 },
	{ "PRI * HTTP/2.0", 505 },              /* the preface of HTTP/2 */
};

START_TEST(bad_line_is_refused)
{
	char text[128];
	int len = snprintf(text, sizeof (text), "%s\r\nHost: a\r\n\r\n", bad_lines[_i].line);

	feed_bad(&feed, slice_make(text, (size_t)len), bad_lines[_i].status);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("request_line");
	TCase *tcase = tcase_create("request_line");

	tcase_add_loop_test(tcase, method_is_known, 0, COUNT_OF(methods));
	tcase_add_loop_test(tcase, minor_version_is_kept, 0, COUNT_OF(good_lines));
	tcase_add_loop_test(tcase, bad_line_is_refused, 0, COUNT_OF(bad_lines));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
