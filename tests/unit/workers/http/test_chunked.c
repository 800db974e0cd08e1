/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chunked decoder: content, framing and limits, with the bytes cut up in every way.
 * A size read loosely, a line end other than CRLF, or a limit that is off by one breaks it.
 */
#include "tests/unit/workers/http/asserts.h"
#include "workers/http/chunked.h"

static const struct chunked_limits roomy_limits = { 1000, 20, 60, 40 };

struct outcome {
	enum http_verdict verdict;
	unsigned status;
	size_t used;                /* of the whole text */
	size_t content_bytes;
	char content[256];
};

/* Decodes text[0..first) and then the rest, no more than piece_bytes at a time. */
static struct outcome
decode(const struct chunked_limits *limits, struct slice text, size_t first, size_t piece_bytes)
{
	struct outcome outcome = { .verdict = HTTP_NEED_MORE };
	struct chunked chunked;
	size_t end = first;

	chunked_init(&chunked, limits);
	while (outcome.verdict == HTTP_NEED_MORE) {
		size_t given = end - outcome.used, used = 0;
		char *in = malloc(given + 1);   /* exact but for one byte: malloc(0) may be NULL */
		struct slice data;

		ck_assert_ptr_nonnull(in);
		memcpy(in, text.data + outcome.used, given);
		outcome.verdict = chunked_decode(&chunked, in, given, &used, &data);
		ck_assert_uint_le(used, given);
		ck_assert(data.len == 0 || (data.data >= in && data.data + data.len <= in + used));
		ck_assert_uint_lt(outcome.content_bytes + data.len, sizeof (outcome.content));
		if (data.len > 0)
			memcpy(outcome.content + outcome.content_bytes, data.data, data.len);
		outcome.content_bytes += data.len;
		outcome.used += used;
		free(in);
		if (outcome.verdict == HTTP_NEED_MORE && used == given) {
			if (end == text.len)
				break;
			end = text.len - end < piece_bytes ? text.len : end + piece_bytes;
		} else {
			ck_assert(outcome.verdict != HTTP_NEED_MORE || used > 0);
		}
	}
	if (outcome.verdict == HTTP_BAD) {
		outcome.status = chunked_error_status(&chunked);
		ck_assert_ptr_nonnull(chunked_error_reason(&chunked));
	}
	return outcome;
}

static void
check(const struct chunked_limits *limits, struct slice text, const struct outcome *want)
{
	for (size_t first = 0; first <= text.len; first++) {
		for (int is_whole = 0; is_whole <= 1; is_whole++) {
			struct outcome got = decode(limits, text, first, is_whole ? text.len : 1);

			ck_assert_msg(got.verdict == want->verdict && got.status == want->status,
			    "%d %u, should be %d %u, first %zu bytes of\n%.*s", (int)got.verdict,
			    got.status, (int)want->verdict, want->status, first, (int)text.len,
			    text.data);
			if (want->verdict == HTTP_BAD)
				continue;
			ck_assert_uint_eq(got.used, want->used);
			ck_assert_uint_eq(got.content_bytes, want->content_bytes);
			ck_assert_mem_eq(got.content, want->content, want->content_bytes);
		}
	}
}

static const struct {
	const char *text;
	const char *content;
	size_t left;                /* bytes behind the body */
} good_bodies[] = {
	{ "0\r\n\r\n", "", 0 },
	{ "000\r\n\r\n", "", 0 },
	{ "5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
	{ "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 0 },
	{ "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "abc", 16 },
	{ "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", 0 },
	{ "0000000000000003\r\n\r\n\n\r\n0\r\n\r\n\r\n", "\r\n\n", 2 },
	{ "3\r\n0\r\n\r\n0\r\n\r\n", "0\r\n", 0 },
	{ "3;a\r\nabc\r\n0;b=\"c;\"\r\n\r\n", "abc", 0 },
	{ "3; a = b\r\nabc\r\n0\r\n\r\n", "abc", 0 },
	{ "3 ;a\r\nabc\r\n0\r\n\r\n", "abc", 0 },     /* BWS, RFC 9112 7.1.1 */
	{ "3\t ;a ;b\t=\tc\r\nabc\r\n0 ;d\r\n\r\n", "abc", 0 },
	{ "3;a=b;c;d=\"\"\r\nabc\r\n0\r\n\r\n", "abc", 0 },
	{ "3;a=\"\\\"\\\\\t \xe4\" ;b\r\nabc\r\n0\r\n\r\n", "abc", 0 },
	{ "00000000000000003\r\nabc\r\n00000000000000000\r\n\r\n", "abc", 0 },
	{ "1\r\na\r\n0\r\nX: y\r\nEmpty:\r\n\r\n", "a", 0 },
	{ "0\r\nX:\tcaf\xc3\xa9\r\n\r\n", "", 0 },
};

START_TEST(good_body_is_decoded)
{
	struct slice text = slice_from_text(good_bodies[_i].text);
	struct outcome want = { .verdict = HTTP_COMPLETE };

	want.used = text.len - good_bodies[_i].left;
	want.content_bytes = strlen(good_bodies[_i].content);
	strcpy(want.content, good_bodies[_i].content);
	check(&roomy_limits, text, &want);
}
END_TEST

START_TEST(unfinished_body_needs_more)
{
	static const char text[] = "5;x\r\nhello\r\n0\r\nX: y\r\n\r\n";

	for (size_t len = 0; len < sizeof (text) - 1; len++)
		ck_assert_int_eq(decode(&roomy_limits, slice_make(text, len), len, 1).verdict,
		    HTTP_NEED_MORE);
}
END_TEST

static const struct slice bad_bodies[] = {
	TEXT("\r\n"),
	TEXT("\r\n5\r\nhello\r\n"),
	TEXT(" 5\r\nhello\r\n"),
	TEXT("5 \r\nhello\r\n"),
	TEXT("5;a \r\nhello\r\n"),
	TEXT("5;a=b \r\nhello\r\n"),
	TEXT("5 a\r\nhello\r\n"),
	TEXT("5;\r\nhello\r\n"),
	TEXT("5;;a\r\nhello\r\n"),
	TEXT("5;a;\r\nhello\r\n"),
	TEXT("5;a=\r\nhello\r\n"),
	TEXT("5;=b\r\nhello\r\n"),
	TEXT("5;a b\r\nhello\r\n"),
	TEXT("5;a=b c\r\nhello\r\n"),
	TEXT("5;a==b\r\nhello\r\n"),
	TEXT("5;a=\"b\r\nhello\r\n"),
	TEXT("5;a=\"b\\\r\nhello\r\n"),
	TEXT("5;a=\"b\"c\r\nhello\r\n"),
	TEXT("5;a=\"\0\"\r\nhello\r\n"),
	TEXT("5;a=\"\\\0\"\r\nhello\r\n"),
	TEXT("5;(a)\r\nhello\r\n"),
	TEXT("5;\xe4\r\nhello\r\n"),
	TEXT("5\t\r\nhello\r\n"),
	TEXT("+5\r\nhello\r\n"),
	TEXT("-5\r\nhello\r\n"),
	TEXT("0x5\r\nhello\r\n"),
	TEXT("5h\r\nhello\r\n"),
	TEXT("5_0\r\nhello\r\n"),
	TEXT(";a\r\nhello\r\n"),
	TEXT("g\r\n"),
	TEXT("5\nhello\r\n"),
	TEXT("5\rhello\r\n"),
	TEXT("5\r\rhello\r\n"),
	TEXT("5;a\nhello\r\n"),
	TEXT("5;a\rb\nhello\r\n"),
	TEXT("5;a\0\r\nhello\r\n"),
	TEXT("5;a\x7f\r\nhello\r\n"),
	TEXT("5\r\nhello!\r\n0\r\n\r\n"),
	TEXT("5\r\nhello0\r\n\r\n"),
	TEXT("5\r\nhello\n0\r\n\r\n"),
	TEXT("5\r\nhello\r0\r\n\r\n"),
	TEXT("5\r\nhello\r\n\r\n"),
	TEXT("10000000000000000\r\n\r\n"),              /* 17 digits */
	TEXT("10000000000000005\r\nhello\r\n"),         /* 5 in 64 bits */
	TEXT("0\r\n\n"),
	TEXT("0\r\n\rX"),
	TEXT("0\n\n"),
	TEXT("0\r\nX\r\n\r\n"),
	TEXT("0\r\nX : y\r\n\r\n"),
	TEXT("0\r\n X: y\r\n\r\n"),
	TEXT("0\r\nX: y\r\n z\r\n\r\n"),
	TEXT("0\r\n: y\r\n\r\n"),
	TEXT("0\r\nX(: y\r\n\r\n"),
	TEXT("0\r\nX: y\n\r\n"),
	TEXT("0\r\nX: y\rz\r\n\r\n"),
	TEXT("0\r\nX: \0\r\n\r\n"),
	TEXT("GET / HTTP/1.1\r\n"),
};

START_TEST(bad_body_is_400)
{
	struct outcome want = { .verdict = HTTP_BAD, .status = 400 };

	check(&roomy_limits, bad_bodies[_i], &want);
}
END_TEST

static const struct {
	struct chunked_limits limits;
	const char *text;
	unsigned status;            /* 0: complete */
} limited[] = {
	{ { 6, 20, 60, 40 }, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 0 },
	{ { 6, 20, 60, 40 }, "5\r\nhello\r\n2\r\n!!\r\n0\r\n\r\n", 413 },
	{ { 6, 20, 60, 40 }, "3\r\nabc\r\n1\r\nd\r\n3\r\nefg\r\n0\r\n\r\n", 413 },
	{ { 6, 20, 60, 40 }, "7\r\n", 413 },
	{ { 6, 20, 60, 40 }, "1\r\na\r\nffffffffffffffff\r\n", 413 },
	{ { UINT64_MAX, 20, 60, 40 }, "1\r\na\r\nffffffffffffffff\r\n", 413 },
	{ { 0, 20, 60, 40 }, "0\r\n\r\n", 0 },
	{ { 0, 20, 60, 40 }, "1\r\n", 413 },
	{ { 6, 4, 60, 40 }, "5;ab\r\nhello\r\n1;cd\r\n!\r\n0;ef\r\n\r\n", 0 },
	{ { 6, 4, 60, 40 }, "5;abc", 400 },
	{ { 6, 4, 60, 40 }, "1\r\na\r\n0;abc", 400 },
	{ { 6, 4, 60, 40 }, "00000", 400 },
	/* Extensions add up over the chunks; so do zeros, from a 17th digit on. */
	{ { 6, 20, 6, 40 }, "1;ab\r\na\r\n1 ;c\r\nb\r\n0;de\r\n\r\n", 0 },
	{ { 6, 20, 6, 40 }, "1;ab\r\na\r\n1 ;c\r\nb\r\n0;def\r\n\r\n", 400 },
	{ { 6, 20, 6, 40 }, "1;ab\r\na\r\n1;cde\r\nb\r\n1;fg", 400 },
	{ { 6, 20, 2, 40 }, "00000000000000001\r\na\r\n00000000000000000\r\n\r\n", 0 },
	{ { 6, 20, 1, 40 }, "00000000000000001\r\na\r\n00000000000000000", 400 },
	{ { 6, 20, 0, 40 }, "0000000000000001\r\na\r\n0000000000000000\r\n\r\n", 0 },
	{ { 6, 20, 60, 10 }, "0\r\nX: y\r\nZ:\r\n\r\n", 0 },
	{ { 6, 20, 60, 10 }, "0\r\nX: y\r\nZ:1\r\n\r\n", 431 },
	{ { 6, 20, 60, 10 }, "0\r\nX: 45678901", 431 },
	{ { 6, 20, 60, 0 }, "0\r\n\r\n", 0 },
	{ { 6, 20, 60, 0 }, "0\r\nX", 431 },
};

START_TEST(limit_is_exact)
{
	struct slice text = slice_from_text(limited[_i].text);
	struct outcome got;

	for (size_t first = 0; first <= text.len; first++) {
		got = decode(&limited[_i].limits, text, first, 1);
		ck_assert_int_eq(got.verdict, limited[_i].status == 0 ? HTTP_COMPLETE : HTTP_BAD);
		ck_assert_uint_eq(got.status, limited[_i].status);
	}
}
END_TEST

START_TEST(verdict_stays)
{
	struct chunked chunked;
	struct slice data;
	size_t used;

	chunked_init(&chunked, &roomy_limits);
	ck_assert_int_eq(chunked_decode(&chunked, "0\r\n\r\n5", 6, &used, &data), HTTP_COMPLETE);
	ck_assert_uint_eq(used, 5);
	ck_assert_int_eq(chunked_decode(&chunked, "x", 1, &used, &data), HTTP_COMPLETE);
	ck_assert_uint_eq(used, 0);
	chunked_init(&chunked, &roomy_limits);
	ck_assert_int_eq(chunked_decode(&chunked, "x", 1, &used, &data), HTTP_BAD);
	ck_assert_int_eq(chunked_decode(&chunked, "0\r\n\r\n", 5, &used, &data), HTTP_BAD);
	ck_assert_uint_eq(chunked_error_status(&chunked), 400);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("chunked");
	TCase *tcase = tcase_create("chunked");

	tcase_add_loop_test(tcase, good_body_is_decoded, 0, COUNT_OF(good_bodies));
	tcase_add_loop_test(tcase, bad_body_is_400, 0, COUNT_OF(bad_bodies));
	tcase_add_loop_test(tcase, limit_is_exact, 0, COUNT_OF(limited));
	tcase_add_test(tcase, unfinished_body_needs_more);
	tcase_add_test(tcase, verdict_stays);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
