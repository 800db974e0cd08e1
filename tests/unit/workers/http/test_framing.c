/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the body ends, whether the connection goes on, what is expected. Each row that
 * must be refused is a way to smuggle a request past a proxy; letting one pass breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/feed.h"

static struct feed feed;

/* lines: fields of a request with the given minor version. */
static struct slice
make_head(unsigned version_minor, const char *lines, char *text, size_t cap)
{
	int len = snprintf(text, cap, "POST / HTTP/1.%u\r\nHost: a\r\n%s\r\n\r\n",
	    version_minor, lines);

	ck_assert(len > 0 && (size_t)len < cap);
	return slice_make(text, (size_t)len);
}

static const struct {
	unsigned version_minor;
	const char *lines;
	enum http_body_kind kind;
	uint64_t length;
} bodies[] = {
	{ 1, "X: y", HTTP_BODY_NONE, 0 },
	{ 0, "X: y", HTTP_BODY_NONE, 0 },
	{ 1, "Content-Length: 0", HTTP_BODY_LENGTH, 0 },
	{ 0, "Content-Length: 12", HTTP_BODY_LENGTH, 12 },
	{ 1, "content-length:\t0012 ", HTTP_BODY_LENGTH, 12 },
	{ 1, "Content-Length: 9223372036854775807", HTTP_BODY_LENGTH, INT64_MAX },
	{ 1, "Content-Length: 00000000000000000000000000000000000000001", HTTP_BODY_LENGTH, 1 },
	{ 1, "Transfer-Encoding: chunked", HTTP_BODY_CHUNKED, 0 },
	{ 1, "transfer-encoding:  CHUNKED\t", HTTP_BODY_CHUNKED, 0 },
};

START_TEST(body_is_framed)
{
	char text[256];

	feed_good(&feed, make_head(bodies[_i].version_minor, bodies[_i].lines, text,
	    sizeof (text)));
	ck_assert_int_eq(feed.request.body_kind, bodies[_i].kind);
	ck_assert_uint_eq(feed.request.content_length, bodies[_i].length);
}
END_TEST

static const struct {
	unsigned version_minor;
	const char *lines;
	unsigned status;
} bad_bodies[] = {
	{ 1, "Content-Length:", 400 },
	{ 1, "Content-Length: +1", 400 },
	{ 1, "Content-Length: -1", 400 },
	{ 1, "Content-Length: 0x10", 400 },
	{ 1, "Content-Length: 1 2", 400 },
	{ 1, "Content-Length: 1_0", 400 },
	{ 1, "Content-Length: 1.0", 400 },
	{ 1, "Content-Length: 1e3", 400 },
	{ 1, "Content-Length: \"1\"", 400 },
	{ 1, "Content-Length: 5, 5", 400 },
	{ 1, "Content-Length: 5,", 400 },
	{ 1, "Content-Length: 5\r\nContent-Length: 5", 400 },
	{ 0, "Content-Length: 5\r\nContent-Length: 6", 400 },
	{ 1, "Content-Length: 5\r\nX: y\r\nCONTENT-LENGTH: 5", 400 },
	{ 1, "Content-Length: 9223372036854775808", 400 },
	{ 1, "Content-Length: 18446744073709551615", 400 },
	{ 1, "Content-Length: 18446744073709551616", 400 },
	{ 1, "Content-Length: 18446744073709551621", 400 },
	{ 1, "Content-Length: 99999999999999999999999999", 400 },
	{ 1, "Content-Length: 99999999999999999999999999x", 400 },
	{ 1, "Content-Length: 5\r\nTransfer-Encoding: chunked", 400 },
	{ 1, "Transfer-Encoding: chunked\r\nContent-Length: 5", 400 },
	{ 1, "Transfer-Encoding: gzip, chunked\r\nContent-Length: 5", 400 },
	{ 0, "Transfer-Encoding: chunked", 400 },
	{ 0, "Transfer-Encoding: chunked\r\nContent-Length: 5", 400 },
	{ 1, "Transfer-Encoding:", 400 },
	{ 1, "Transfer-Encoding: ,", 400 },
	{ 1, "Transfer-Encoding: chunked,", 400 },
	{ 1, "Transfer-Encoding: ,chunked", 400 },
	{ 1, "Transfer-Encoding: gzip,,chunked", 400 },
	{ 1, "Transfer-Encoding: chunked, chunked", 400 },
	{ 1, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400 },
	{ 1, "Transfer-Encoding: chunked\r\nTransfer-Encoding:", 400 },
	{ 1, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400 },
	{ 1, "Transfer-Encoding: chunked, gzip", 400 },
	{ 1, "Transfer-Encoding: chunked, gzip, chunked", 400 },
	{ 1, "Transfer-Encoding: chunked;a=b", 400 },
	{ 1, "Transfer-Encoding: chunked;a=b, chunked", 400 },
	{ 1, "Transfer-Encoding: chunked x", 400 },
	{ 1, "Transfer-Encoding: x chunked", 400 },
	{ 1, "Transfer-Encoding: \"chunked\"", 400 },
	{ 1, "Transfer-Encoding: xchunked", 400 },
	{ 1, "Transfer-Encoding: chunke", 400 },
	{ 1, "Transfer-Encoding: identity", 400 },
	{ 1, "Transfer-Encoding: gzip", 400 },
	{ 1, "Transfer-Encoding: chunked=1", 400 },
	{ 1, "Transfer-Encoding: \xa0" "chunked", 400 },
	{ 1, "Transfer-Encoding: a;b=\"x, chunked\"", 400 },
	{ 1, "Transfer-Encoding: gzip, chunked", 501 },
	{ 1, "Transfer-Encoding: deflate\t,\tchunked", 501 },
	{ 1, "Transfer-Encoding: gzip;q=1 , Chunked", 501 },
	{ 1, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501 },
	{ 1, "Transfer-Encoding: identity, chunked", 501 },
	{ 1, "Transfer-Encoding: unheard-of, gzip, chunked", 501 },
};

START_TEST(ambiguous_body_is_refused)
{
	char text[256];

	feed_bad(&feed, make_head(bad_bodies[_i].version_minor, bad_bodies[_i].lines, text,
	    sizeof (text)), bad_bodies[_i].status);
}
END_TEST

static const struct {
	unsigned version_minor;
	const char *lines;
	bool is_persistent;
} connections[] = {
	{ 1, "X: y", true },
	{ 0, "X: y", false },
	{ 1, "Connection: close", false },
	{ 1, "Connection: CLOSE", false },
	{ 1, "Connection: keep-alive", true },
	{ 1, "Connection: upgrade, Close", false },
	{ 1, "Connection: closed", true },
	{ 1, "Connection: x-close", true },
	{ 1, "Connection:", true },
	{ 1, "Connection: upgrade\r\nX: y\r\nConnection: close", false },
	{ 1, "Connection: keep-alive, close", false },
	{ 1, "Connection: ,, close ,,", false },
	{ 0, "Connection: keep-alive", true },
	{ 0, "Connection: Keep-Alive", true },
	{ 0, "Connection: close", false },
	{ 0, "Connection: close, keep-alive", false },
	{ 0, "Connection: keep-alive\r\nConnection: close", false },
	{ 0, "Connection: x\r\nConnection: y, keep-alive", true },
	{ 0, "Keep-Alive: timeout=5", false },
};

START_TEST(connection_goes_on_or_not)
{
	char text[256];

	feed_good(&feed, make_head(connections[_i].version_minor, connections[_i].lines, text,
	    sizeof (text)));
	ck_assert(feed.request.is_persistent == connections[_i].is_persistent);
}
END_TEST

static const struct {
	unsigned version_minor;
	const char *lines;
	bool expects_continue;
	bool has_unknown;
} expectations[] = {
	{ 1, "X: y", false, false },
	{ 1, "Expect:", false, false },
	{ 1, "Expect: 100-continue\r\nContent-Length: 5", true, false },
	{ 1, "expect: 100-Continue\r\nTransfer-Encoding: chunked", true, false },
	{ 0, "Expect: 100-continue\r\nContent-Length: 5", false, false },
	{ 1, "Expect: 100-continue", false, false },            /* nothing to wait for */
	{ 1, "Expect: 100-continue\r\nContent-Length: 0", false, false },
	{ 1, "Expect: 100-continued", false, true },
	{ 1, "Expect: 100-continue=1", false, true },
	{ 1, "Content-Length: 5\r\nExpect: 100-continue, more", true, true },
	{ 1, "Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 200-ok", true, true },
	{ 1, "Expect: a=\"100-continue, b\"", false, true },
	{ 0, "Expect: tea", false, true },
};

START_TEST(expectation_is_told)
{
	char text[256];

	feed_good(&feed, make_head(expectations[_i].version_minor, expectations[_i].lines, text,
	    sizeof (text)));
	ck_assert(feed.request.expects_continue == expectations[_i].expects_continue);
	ck_assert(feed.request.has_unknown_expectation == expectations[_i].has_unknown);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("framing");
	TCase *tcase = tcase_create("framing");

	tcase_add_loop_test(tcase, body_is_framed, 0, COUNT_OF(bodies));
	tcase_add_loop_test(tcase, ambiguous_body_is_refused, 0, COUNT_OF(bad_bodies));
	tcase_add_loop_test(tcase, connection_goes_on_or_not, 0, COUNT_OF(connections));
	tcase_add_loop_test(tcase, expectation_is_told, 0, COUNT_OF(expectations));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
