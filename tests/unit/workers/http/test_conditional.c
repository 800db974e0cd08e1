/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional requests. The rows follow RFC 9110 13.1 and 13.2; a condition evaluated in
 * the wrong order or with the wrong comparison, or a 304 to anything but GET and HEAD,
 * breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/conditional.h"

#define NOW_S 1732176000        /* Thu, 21 Nov 2024 08:00:00 GMT */
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define LATER "Sun, 06 Nov 1994 08:49:38 GMT"
#define FUTURE "Thu, 21 Nov 2024 08:00:01 GMT"
#define PROCEED CONDITIONAL_PROCEED
#define NOT_MODIFIED CONDITIONAL_NOT_MODIFIED
#define FAILED CONDITIONAL_FAILED

static const struct representation tagged = {
	TEXT("\"v1\""), 784111777, true
};
static const struct representation undated = { TEXT("\"v1\""), 0, false };
static const struct representation untagged = { { NULL, 0 }, 784111777, true };

static void
make_request(const char *method, const char *fields, struct http_request *request_out)
{
	static const struct http_limits limits = { 1024, 4096, 20 };
	static char text[1024];
	struct http_parser parser;
	int len = snprintf(text, sizeof (text), "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method,
	    fields);

	http_parser_init(&parser, &limits);
	ck_assert_int_eq(http_parse_request(&parser, text, (size_t)len, request_out),
	    HTTP_COMPLETE);
}

static const struct {
	const char *method;
	const char *fields;
	enum conditional_verdict want;
} rows[] = {
	{ "GET", "", PROCEED },
	{ "PUT", "", PROCEED },

	{ "GET", "If-Match: \"v1\"\r\n", PROCEED },
	{ "GET", "If-Match: \"v2\"\r\n", FAILED },
	{ "HEAD", "If-Match: \"v2\"\r\n", FAILED },
	{ "PUT", "If-Match: \"v2\"\r\n", FAILED },
	{ "PUT", "If-Match: \"v0\", \"v1\"\r\n", PROCEED },
	{ "PUT", "If-Match: \"v0\"\r\nIf-Match: \"v1\"\r\n", PROCEED },
	{ "PUT", "If-Match: W/\"v1\"\r\n", FAILED },
	{ "PUT", "If-Match: *\r\n", PROCEED },
	{ "PUT", "If-Match: *, \"v1\"\r\n", FAILED },
	{ "PUT", "If-Match: *\r\nIf-Match: \"v1\"\r\n", FAILED },
	{ "PUT", "If-Match: v1\r\n", FAILED },
	{ "PUT", "If-Match: \"v1\", x\r\n", FAILED },
	{ "PUT", "If-Match:\r\n", FAILED },

	{ "GET", "If-Unmodified-Since: " SAME "\r\n", PROCEED },
	{ "GET", "If-Unmodified-Since: " LATER "\r\n", PROCEED },
	{ "GET", "If-Unmodified-Since: " FUTURE "\r\n", PROCEED },
	{ "GET", "If-Unmodified-Since: " EARLIER "\r\n", FAILED },
	{ "PUT", "If-Unmodified-Since: " EARLIER "\r\n", FAILED },
	{ "PUT", "If-Unmodified-Since: yesterday\r\n", PROCEED },
	{ "PUT", "If-Unmodified-Since: " EARLIER "\r\nIf-Unmodified-Since: " EARLIER "\r\n",
	    PROCEED },
	{ "PUT", "If-Match: \"v1\"\r\nIf-Unmodified-Since: " EARLIER "\r\n", PROCEED },
	{ "PUT", "If-Unmodified-Since: " SAME "\r\nIf-Match: \"v2\"\r\n", FAILED },

	{ "GET", "If-None-Match: \"v1\"\r\n", NOT_MODIFIED },
	{ "HEAD", "If-None-Match: \"v1\"\r\n", NOT_MODIFIED },
	{ "PUT", "If-None-Match: \"v1\"\r\n", FAILED },
	{ "FETCH", "If-None-Match: \"v1\"\r\n", FAILED },
	{ "GET", "If-None-Match: W/\"v1\"\r\n", NOT_MODIFIED },
	{ "GET", "If-None-Match: \"V1\"\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v0\", W/\"v2\"\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v0\"\r\nX: y\r\nIf-None-Match: \"v2\", \"v1\"\r\n",
	    NOT_MODIFIED },
	{ "GET", "If-None-Match: *\r\n", NOT_MODIFIED },
	{ "PUT", "If-None-Match: *\r\n", FAILED },
	{ "GET", "If-None-Match: v1\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v1\", v1\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v1\", *\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v0\"\r\nIf-None-Match: *\r\n", PROCEED },
	{ "PUT", "If-None-Match: v1\r\n", FAILED },
	{ "GET", "If-None-Match:\r\n", PROCEED },
	{ "GET", "If-Match: \"v1\"\r\nIf-None-Match: \"v1\"\r\n", NOT_MODIFIED },
	{ "GET", "If-Match: \"v2\"\r\nIf-None-Match: \"v1\"\r\n", FAILED },
	{ "GET", "If-Unmodified-Since: " EARLIER "\r\nIf-None-Match: \"v1\"\r\n", FAILED },

	{ "GET", "If-Modified-Since: " SAME "\r\n", NOT_MODIFIED },
	{ "HEAD", "If-Modified-Since: " LATER "\r\n", NOT_MODIFIED },
	{ "GET", "If-Modified-Since: " EARLIER "\r\n", PROCEED },
	{ "GET", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", NOT_MODIFIED },
	{ "GET", "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", NOT_MODIFIED },
	{ "GET", "If-Modified-Since: " FUTURE "\r\n", PROCEED },
	{ "GET", "If-Modified-Since: 0\r\n", PROCEED },
	{ "GET", "If-Modified-Since: " SAME ", " SAME "\r\n", PROCEED },
	{ "GET", "If-Modified-Since: " SAME "\r\nIf-Modified-Since: " SAME "\r\n", PROCEED },
	{ "PUT", "If-Modified-Since: " SAME "\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v2\"\r\nIf-Modified-Since: " SAME "\r\n", PROCEED },
	{ "GET", "If-None-Match: x\r\nIf-Modified-Since: " SAME "\r\n", PROCEED },
	{ "GET", "If-None-Match: \"v1\"\r\nIf-Modified-Since: " EARLIER "\r\n", NOT_MODIFIED },

	{ "OPTIONS", "If-Match: \"v2\"\r\n", PROCEED },
	{ "TRACE", "If-None-Match: \"v1\"\r\n", PROCEED },
};

START_TEST(condition_is_evaluated)
{
	struct http_request request;
	enum conditional_verdict got;

	make_request(rows[_i].method, rows[_i].fields, &request);
	got = conditional_evaluate(&request, &tagged, NOW_S);
	ck_assert_msg(got == rows[_i].want, "%d, should be %d for %s\n%s", (int)got,
	    (int)rows[_i].want, rows[_i].method, rows[_i].fields);
}
END_TEST

START_TEST(missing_validator_never_matches)
{
	struct http_request request;

	make_request("GET", "If-Modified-Since: " SAME "\r\n", &request);
	ck_assert_int_eq(conditional_evaluate(&request, &undated, NOW_S), PROCEED);
	make_request("PUT", "If-Unmodified-Since: " EARLIER "\r\n", &request);
	ck_assert_int_eq(conditional_evaluate(&request, &undated, NOW_S), PROCEED);
	make_request("GET", "If-None-Match: \"\"\r\n", &request);
	ck_assert_int_eq(conditional_evaluate(&request, &untagged, NOW_S), PROCEED);
	make_request("GET", "If-Match: \"v1\"\r\n", &request);
	ck_assert_int_eq(conditional_evaluate(&request, &untagged, NOW_S), FAILED);
	make_request("GET", "If-Match: *\r\n", &request);
	ck_assert_int_eq(conditional_evaluate(&request, &untagged, NOW_S), PROCEED);
}
END_TEST

static const struct {
	const char *fields;
	bool applies;
} range_rows[] = {
	{ "", true },
	{ "If-Range: \"v1\"\r\n", true },
	{ "If-Range: \"v2\"\r\n", false },
	{ "If-Range: W/\"v1\"\r\n", false },
	{ "If-Range: \"v1\", \"v1\"\r\n", false },
	{ "If-Range: \"v1\"\r\nIf-Range: \"v1\"\r\n", false },
	{ "If-Range: *\r\n", false },
	{ "If-Range: v1\r\n", false },
	{ "If-Range:\r\n", false },
	{ "If-Range: " SAME "\r\n", true },
	{ "If-Range: Sunday, 06-Nov-94 08:49:37 GMT\r\n", true },
	{ "If-Range: " LATER "\r\n", false },
	{ "If-Range: " EARLIER "\r\n", false },
	{ "If-Range: " SAME "\r\nIf-Range: " SAME "\r\n", false },
};

START_TEST(range_applies_or_not)
{
	struct http_request request;

	make_request("GET", range_rows[_i].fields, &request);
	ck_assert_msg(conditional_range_applies(&request, &tagged, NOW_S) == range_rows[_i].applies,
	    "%s", range_rows[_i].fields);
}
END_TEST

/* A file may change twice in a second. */
START_TEST(young_date_is_not_strong)
{
	struct http_request request;

	make_request("GET", "If-Range: " SAME "\r\n", &request);
	ck_assert(!conditional_range_applies(&request, &tagged, tagged.modified_s - 1));
	ck_assert(!conditional_range_applies(&request, &tagged, tagged.modified_s));
	ck_assert(conditional_range_applies(&request, &tagged, tagged.modified_s + 1));
	ck_assert(!conditional_range_applies(&request, &undated, NOW_S));
	make_request("GET", "If-Range: \"v1\"\r\n", &request);
	ck_assert(!conditional_range_applies(&request, &untagged, NOW_S));
	make_request("GET", "If-Range:\r\n", &request);
	ck_assert(!conditional_range_applies(&request, &untagged, NOW_S));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conditional");
	TCase *tcase = tcase_create("conditional");

	tcase_add_loop_test(tcase, condition_is_evaluated, 0, COUNT_OF(rows));
	tcase_add_test(tcase, missing_validator_never_matches);
	tcase_add_loop_test(tcase, range_applies_or_not, 0, COUNT_OF(range_rows));
	tcase_add_test(tcase, young_date_is_not_strong);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
