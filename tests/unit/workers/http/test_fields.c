/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header fields: names, values, known names in any case, look-ups. A blank before the
 * colon or a folded line that is let pass, or a known name that is missed, breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/feed.h"

static struct feed feed;

static void
make_head(const char *lines, char *text, size_t cap)
{
	snprintf(text, cap, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", lines);
}

static const struct {
	const char *line;
	const char *name;
	const char *value;
	enum http_field_id id;
} good_fields[] = {
	{ "X:y", "X", "y", HTTP_FIELD_OTHER },
	{ "X: \t y z\t ", "X", "y z", HTTP_FIELD_OTHER },
	{ "X:", "X", "", HTTP_FIELD_OTHER },
	{ "X: \t", "X", "", HTTP_FIELD_OTHER },
	{ "X::", "X", ":", HTTP_FIELD_OTHER },
	{ "X: a:b", "X", "a:b", HTTP_FIELD_OTHER },
	{ "!#$%&'*+-.^_`|~0aZ: 1", "!#$%&'*+-.^_`|~0aZ", "1", HTTP_FIELD_OTHER },
	{ "X: \xe9\xff\x80", "X", "\xe9\xff\x80", HTTP_FIELD_OTHER },
	{ "CONNECTION: x", "CONNECTION", "x", HTTP_FIELD_CONNECTION },
	{ "content-length: 1", "content-length", "1", HTTP_FIELD_CONTENT_LENGTH },
	{ "Transfer-Encoding: chunked", "Transfer-Encoding", "chunked",
	    HTTP_FIELD_TRANSFER_ENCODING },
	{ "exPect: 100-continue", "exPect", "100-continue", HTTP_FIELD_EXPECT },
	{ "Range: x", "Range", "x", HTTP_FIELD_RANGE },
	{ "If-Range: x", "If-Range", "x", HTTP_FIELD_IF_RANGE },
	{ "If-Match: x", "If-Match", "x", HTTP_FIELD_IF_MATCH },
	{ "IF-NONE-MATCH: x", "IF-NONE-MATCH", "x", HTTP_FIELD_IF_NONE_MATCH },
	{ "If-Modified-Since: x", "If-Modified-Since", "x", HTTP_FIELD_IF_MODIFIED_SINCE },
	{ "If-Unmodified-Since: x", "If-Unmodified-Since", "x", HTTP_FIELD_IF_UNMODIFIED_SINCE },
	{ "Referer: x", "Referer", "x", HTTP_FIELD_REFERER },
	{ "User-Agent: x", "User-Agent", "x", HTTP_FIELD_USER_AGENT },
	{ "Accept-Encoding: x", "Accept-Encoding", "x", HTTP_FIELD_ACCEPT_ENCODING },
	/* One letter off. */
	{ "Hosu: x", "Hosu", "x", HTTP_FIELD_OTHER },
	{ "Rang: x", "Rang", "x", HTTP_FIELD_OTHER },
	{ "If_Range: x", "If_Range", "x", HTTP_FIELD_OTHER },
	{ "Content_Length: x", "Content_Length", "x", HTTP_FIELD_OTHER },
	{ "Transfer_Encoding: x", "Transfer_Encoding", "x", HTTP_FIELD_OTHER },
	{ "Transfer-Encodinh: x", "Transfer-Encodinh", "x", HTTP_FIELD_OTHER },
};

START_TEST(field_is_read)
{
	char text[256];
	const struct http_field *field = &feed.request.fields[1];
	struct slice value;

	make_head(good_fields[_i].line, text, sizeof (text));
	feed_good(&feed, slice_from_text(text));
	ck_assert_uint_eq(feed.request.field_count, 2);
	ck_assert_text(field->name, good_fields[_i].name);
	ck_assert_text(field->value, good_fields[_i].value);
	ck_assert_int_eq(field->id, good_fields[_i].id);
	ck_assert(http_request_field_named(&feed.request, field->name, &value));
	ck_assert_text(value, good_fields[_i].value);
	if (field->id != HTTP_FIELD_OTHER) {
		ck_assert(http_request_field(&feed.request, field->id, &value));
		ck_assert_text(value, good_fields[_i].value);
		ck_assert_uint_eq(http_request_field_count(&feed.request, field->id), 1);
	}
}
END_TEST

static const char *const bad_fields[] = {
	"X",
	"X y",
	"X : y",
	"X\t: y",
	" X: y",
	"\tX: y",
	": y",
	":",
	"X y: z",
	"X(: y",
	"\"X\": y",
	"X/Y: z",
	"X\xc3\xa9: y",
	"X@: y",
	"Content-Length : 5",
	"Transfer-Encoding : chunked",
	"X: y\r\n z",               /* obs-fold */
	"X: y\r\n\tz: a",
	"X: y\r\n ",
	"X: y\r\n: z",
};

START_TEST(bad_field_is_400)
{
	char text[256];

	make_head(bad_fields[_i], text, sizeof (text));
	feed_bad(&feed, slice_from_text(text), 400);
}
END_TEST

/* Some programs take this for a continued request line. */
START_TEST(folded_first_field_is_400)
{
	feed_bad(&feed, (struct slice)TEXT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
}
END_TEST

START_TEST(repeated_fields_are_counted)
{
	const struct http_request *request = &feed.request;
	struct slice value;
	char text[256];

	make_head("Range: 1\r\nX: a\r\nx: b\r\nrange: 2\r\nRANGE: 3", text, sizeof (text));
	feed_good(&feed, slice_from_text(text));
	ck_assert_uint_eq(http_request_field_count(request, HTTP_FIELD_RANGE), 3);
	ck_assert_uint_eq(http_request_field_count(request, HTTP_FIELD_IF_RANGE), 0);
	ck_assert_uint_eq(http_request_field_count(request, HTTP_FIELD_OTHER), 2);
	ck_assert(http_request_field(request, HTTP_FIELD_RANGE, &value));
	ck_assert_text(value, "1");
	ck_assert(http_request_field_named(request, SLICE_LITERAL("x"), &value));
	ck_assert_text(value, "a");
	ck_assert(!http_request_field(request, HTTP_FIELD_IF_RANGE, &value));
	ck_assert(!http_request_field_named(request, SLICE_LITERAL("Y"), &value));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fields");
	TCase *tcase = tcase_create("fields");

	tcase_add_loop_test(tcase, field_is_read, 0, COUNT_OF(good_fields));
	tcase_add_loop_test(tcase, bad_field_is_400, 0, COUNT_OF(bad_fields));
	tcase_add_test(tcase, folded_first_field_is_400);
	tcase_add_test(tcase, repeated_fields_are_counted);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
