/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Response heads, and the lines of chunks. A value that can end its line, a write behind the
 * buffer, a head that is called whole when a part of it did not fit, or a chunk of another size
 * than its line says breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/response.h"

static const char whole[] =
    "HTTP/1.1 206 Partial Content\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 18446744073709551615\r\n"
    "Age: 0\r\n"
    "X:  \r\n"
    "\r\n";

static bool
write_head(struct response_head *head, char *out, size_t cap)
{
	response_begin(head, out, cap, 206);
	response_field(head, SLICE_LITERAL("Content-Type"),
	    SLICE_LITERAL("text/html; charset=utf-8"));
	response_field_number(head, SLICE_LITERAL("Content-Length"), UINT64_MAX);
	response_field_number(head, SLICE_LITERAL("Age"), 0);
	response_field(head, SLICE_LITERAL("X"), SLICE_LITERAL(" "));
	return response_end(head);
}

START_TEST(head_is_written)
{
	struct response_head head;
	char out[256];

	ck_assert(write_head(&head, out, sizeof (out)));
	ck_assert_text(slice_make(out, head.len), whole);
}
END_TEST

START_TEST(buffer_is_not_overrun)
{
	size_t need = sizeof (whole) - 1;

	for (size_t cap = 0; cap <= need; cap++) {
		struct response_head head;
		char *out = malloc(cap + 1);

		ck_assert_ptr_nonnull(out);
		out[cap] = '#';
		ck_assert(write_head(&head, out, cap) == (cap == need));
		ck_assert(head.is_bad == (cap < need));
		ck_assert_uint_le(head.len, cap);
		ck_assert_int_eq(out[cap], '#');
		free(out);
	}
}
END_TEST

static const struct {
	struct slice name;
	struct slice value;
	bool is_good;
} fields[] = {
	{ TEXT("X"), TEXT(""), true },
	{ TEXT("X"), TEXT("a\tb \xc3\xa9"), true },
	{ TEXT("X"), TEXT("a\r\nSet-Cookie: b"), false },
	{ TEXT("X"), TEXT("a\nb"), false },
	{ TEXT("X"), TEXT("a\rb"), false },
	{ TEXT("X"), TEXT("a\0b"), false },
	{ TEXT("X"), TEXT("a\x7f"), false },
	{ TEXT(""), TEXT("a"), false },
	{ TEXT("X:"), TEXT("a"), false },
	{ TEXT("X "), TEXT("a"), false },
	{ TEXT("X\r\nY"), TEXT("a"), false },
	{ TEXT("caf\xc3\xa9"), TEXT("a"), false },
};

START_TEST(field_cannot_break_out)
{
	struct response_head head;
	char out[256];

	response_begin(&head, out, sizeof (out), 200);
	response_field(&head, fields[_i].name, fields[_i].value);
	ck_assert(head.is_bad == !fields[_i].is_good);
	response_field(&head, SLICE_LITERAL("X"), SLICE_LITERAL("y"));
	ck_assert(response_end(&head) == fields[_i].is_good);
	if (!fields[_i].is_good)        /* and nothing of it got into the buffer */
		ck_assert_text(slice_make(out, head.len), "HTTP/1.1 200 OK\r\n");
}
END_TEST

START_TEST(status_has_three_digits)
{
	struct response_head head;
	char out[256];

	response_begin(&head, out, sizeof (out), 299);
	ck_assert(response_end(&head));
	ck_assert_text(slice_make(out, head.len), "HTTP/1.1 299 Unknown\r\n\r\n");
	response_begin(&head, out, sizeof (out), 99);
	ck_assert(!response_end(&head));
	response_begin(&head, out, sizeof (out), 1000);
	ck_assert(!response_end(&head));
}
END_TEST

static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
	{ 100, "Continue" },
	{ 200, "OK" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 304, "Not Modified" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
	{ 0, "Unknown" },
	{ 306, "Unknown" },
	{ 418, "Unknown" },
	{ 999, "Unknown" },
};

START_TEST(reason_is_that_of_the_rfc)
{
	ck_assert_str_eq(http_status_reason(reasons[_i].status), reasons[_i].reason);
}
END_TEST

static const struct {
	size_t bytes;
	const char *line;
} chunks[] = {
	{ 1, "1\r\n" },
	{ 9, "9\r\n" },
	{ 10, "a\r\n" },
	{ 15, "f\r\n" },
	{ 16, "10\r\n" },
	{ 255, "ff\r\n" },
	{ 256, "100\r\n" },
	{ 0x7fed, "7fed\r\n" },
	{ 0x10000, "10000\r\n" },
	{ SIZE_MAX, NULL },             /* as long as the buffer */
};

START_TEST(chunk_line_says_the_size)
{
	char out[RESPONSE_CHUNK_LINE_BYTES + 1], wanted[32];
	size_t len;

	out[RESPONSE_CHUNK_LINE_BYTES] = '#';
	len = response_chunk_line(chunks[_i].bytes, out);
	snprintf(wanted, sizeof (wanted), "%zx\r\n", chunks[_i].bytes);
	ck_assert_text(slice_make(out, len),
	    chunks[_i].line != NULL ? chunks[_i].line : wanted);
	ck_assert_int_eq(out[RESPONSE_CHUNK_LINE_BYTES], '#');
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("response");
	TCase *tcase = tcase_create("response");

	tcase_add_test(tcase, head_is_written);
	tcase_add_test(tcase, buffer_is_not_overrun);
	tcase_add_loop_test(tcase, field_cannot_break_out, 0, COUNT_OF(fields));
	tcase_add_test(tcase, status_has_three_digits);
	tcase_add_loop_test(tcase, reason_is_that_of_the_rfc, 0, COUNT_OF(reasons));
	tcase_add_loop_test(tcase, chunk_line_says_the_size, 0, COUNT_OF(chunks));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
