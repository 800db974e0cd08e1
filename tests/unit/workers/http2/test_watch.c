/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http2/watch.c: which frames are an error although nghttp2 lets them pass, and that all
 * others are none, however the bytes come. A stream that is taken for one that has ended breaks
 * it, for then a client that keeps the rules loses its connection. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "workers/http2/watch.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING = 6, WINDOW_UPDATE = 8,
	CONTINUATION, PRIORITY_UPDATE = 16, UNKNOWN = 0x2a };
#define END 1
#define FRAMES_MAX 6

struct frame {
	unsigned type, flags;
	uint32_t id;
	size_t bytes;
	uint32_t number;            /* what the payload begins with */
};

static const struct {
	const char *what;
	struct frame frames[FRAMES_MAX]; /* the last one is the error */
	size_t count;
	enum h2_error error;
} rows[] = {
	{ "a request, and content", { { HEADERS, 0, 1, 7, 0 }, { DATA, 0, 1, 30, 0 },
	    { DATA, END, 1, 9, 0 } }, 3, H2_NO_ERROR },
	{ "trailers", { { HEADERS, 0, 1, 7, 0 }, { HEADERS, END, 1, 3, 0 } }, 2, H2_NO_ERROR },
	{ "a list in several frames", { { HEADERS, END, 1, 7, 0 }, { CONTINUATION, 0, 1, 0, 0 },
	    { CONTINUATION, 4, 1, 16384, 0 } }, 3, H2_NO_ERROR },
	{ "a frame of a list that is too large", { { HEADERS, END, 1, 7, 0 },
	    { CONTINUATION, 4, 1, 16385, 0 } }, 2, H2_FRAME_SIZE_ERROR },
	{ "DATA behind END_STREAM of HEADERS", { { HEADERS, END, 1, 7, 0 }, { DATA, 0, 1, 4, 0 } },
	    2, H2_STREAM_CLOSED },
	{ "DATA behind END_STREAM of DATA", { { HEADERS, 0, 1, 7, 0 }, { DATA, END, 1, 0, 0 },
	    { DATA, 0, 1, 0, 0 } }, 3, H2_STREAM_CLOSED },
	{ "HEADERS behind END_STREAM", { { HEADERS, END, 1, 7, 0 }, { HEADERS, END, 1, 7, 0 } }, 2,
	    H2_STREAM_CLOSED },
	{ "HEADERS behind trailers", { { HEADERS, 0, 1, 7, 0 }, { HEADERS, END, 1, 7, 0 },
	    { HEADERS, END, 1, 7, 0 } }, 3, H2_STREAM_CLOSED },
	{ "the reserved bit is no other stream", { { HEADERS, END, 1, 7, 0 },
	    { DATA, 0, UINT32_C(1) << 31 | 1, 4, 0 } }, 2, H2_STREAM_CLOSED },
	{ "DATA behind RST_STREAM", { { HEADERS, 0, 1, 7, 0 }, { RST_STREAM, 0, 1, 4, 8 },
	    { DATA, 0, 1, 4, 0 } }, 3, H2_STREAM_CLOSED },
	{ "what may come behind RST_STREAM", { { HEADERS, 0, 1, 7, 0 },
	    { RST_STREAM, 0, 1, 4, 8 }, { PRIORITY, 0, 1, 5, 0 }, { WINDOW_UPDATE, 0, 1, 4, 1 },
	    { RST_STREAM, 0, 1, 4, 8 } }, 5, H2_NO_ERROR },
	{ "RST_STREAM of what is idle is left to nghttp2", { { RST_STREAM, 0, 1, 4, 8 },
	    { HEADERS, END, 1, 7, 0 } }, 2, H2_NO_ERROR },
	{ "DATA on what is idle is left to nghttp2", { { HEADERS, END, 1, 7, 0 },
	    { DATA, 0, 3, 4, 0 } }, 2, H2_NO_ERROR },
	{ "streams beside each other", { { HEADERS, 0, 1, 7, 0 }, { HEADERS, END, 3, 7, 0 },
	    { DATA, END, 1, 4, 0 }, { HEADERS, END, 5, 7, 0 } }, 4, H2_NO_ERROR },
	{ "a stream that was left out", { { HEADERS, END, 5, 7, 0 }, { HEADERS, END, 3, 7, 0 } }, 2,
	    H2_PROTOCOL_ERROR },
	{ "the first one was left out", { { HEADERS, END, 3, 7, 0 }, { HEADERS, END, 1, 7, 0 } }, 2,
	    H2_PROTOCOL_ERROR },
	{ "DATA on one that was left out", { { HEADERS, END, 5, 7, 0 }, { DATA, 0, 3, 4, 0 } }, 2,
	    H2_STREAM_CLOSED },
	{ "RST_STREAM of one that was left out", { { HEADERS, END, 5, 7, 0 },
	    { RST_STREAM, 0, 3, 4, 8 }, { PRIORITY, 0, 3, 5, 0 } }, 3, H2_NO_ERROR },
	{ "beside what was left out", { { HEADERS, 0, 1, 7, 0 }, { HEADERS, 0, 9, 7, 0 },
	    { DATA, END, 1, 4, 0 }, { DATA, END, 9, 4, 0 }, { HEADERS, END, 11, 7, 0 } }, 5,
	    H2_NO_ERROR },
	{ "the highest of all", { { HEADERS, END, 0x7fffffff, 7, 0 },
	    { HEADERS, END, 0x7ffffffd, 7, 0 } }, 2, H2_PROTOCOL_ERROR },
	{ "an even number is left to nghttp2", { { HEADERS, 0, 2, 7, 0 }, { HEADERS, END, 1, 7, 0 },
	    { DATA, 0, 0, 7, 0 } }, 3, H2_NO_ERROR },
	{ "PRIORITY on stream 0", { { PRIORITY, 0, 0, 5, 1 } }, 1, H2_PROTOCOL_ERROR },
	{ "PRIORITY on itself", { { PING, 0, 0, 8, 0 }, { PRIORITY, 0, 7, 5, 7 } }, 2,
	    H2_PROTOCOL_ERROR },
	{ "exclusive", { { PRIORITY, 0, 7, 5, UINT32_C(1) << 31 | 7 } }, 1, H2_PROTOCOL_ERROR },
	{ "PRIORITY on another one", { { PRIORITY, 0, 7, 5, 5 }, { PRIORITY, 0, 5, 5, 7 } }, 2,
	    H2_NO_ERROR },
	{ "PRIORITY of a wrong length is left to nghttp2", { { PRIORITY, 0, 7, 4, 7 },
	    { PRIORITY, 0, 7, 0, 0 }, { PRIORITY, 0, 7, 6, 7 } }, 3, H2_NO_ERROR },
	{ "PRIORITY_UPDATE of stream 0", { { PRIORITY_UPDATE, 0, 0, 7, 0 } }, 1,
	    H2_PROTOCOL_ERROR },
	{ "PRIORITY_UPDATE", { { PRIORITY_UPDATE, 0, 0, 4, 1 }, { PRIORITY_UPDATE, 0, 0, 3, 0 } },
	    2, H2_NO_ERROR },
	{ "frames that are nothing", { { UNKNOWN, 255, 1, 700, 0 }, { SETTINGS, 0, 0, 0, 0 },
	    { PING, 1, 0, 8, 0 }, { UNKNOWN, END, 1, 0, 0 }, { HEADERS, END, 1, 4, 0 } }, 5,
	    H2_NO_ERROR },
};

static char wire[1 << 18];
static size_t wire_bytes;
static struct h2_watch watch;

static void
put_number(uint32_t number, size_t bytes)
{
	while (bytes-- > 0)
		wire[wire_bytes++] = (char)(number >> 8 * bytes & 0xff);
}

static void
put(const struct frame *frame)
{
	size_t number_bytes = frame->bytes < 4 ? frame->bytes : 4;

	put_number((uint32_t)frame->bytes, 3);
	put_number(frame->type, 1);
	put_number(frame->flags, 1);
	put_number(frame->id, 4);
	put_number(frame->number, number_bytes);
	memset(wire + wire_bytes, 'x', frame->bytes - number_bytes);
	wire_bytes += frame->bytes - number_bytes;
}

/* Returns where the last frame begins. */
static size_t
put_row(int i)
{
	size_t at = 0, last_at = 0;

	wire_bytes = 0;
	memcpy(wire, H2_PREFACE.data, H2_PREFACE.len);
	wire_bytes = H2_PREFACE.len;
	for (at = 0; at < rows[i].count; at++) {
		last_at = wire_bytes;
		put(&rows[i].frames[at]);
	}
	h2_watch_init(&watch);
	return last_at;
}

START_TEST(at_once)
{
	size_t last_at = put_row(_i);
	struct h2_watch_verdict verdict = h2_watch_input(&watch, wire, wire_bytes);
	bool is_bad = rows[_i].error != H2_NO_ERROR;

	ck_assert_msg(verdict.error == rows[_i].error, "%s: %d", rows[_i].what, verdict.error);
	ck_assert_uint_eq(verdict.good_bytes, is_bad ? last_at : wire_bytes);
	ck_assert_uint_eq(verdict.frame_count, rows[_i].count - is_bad);
}
END_TEST

/* Nothing is good twice, and all is told with the byte that tells it. */
START_TEST(in_pieces)
{
	for (size_t step = 1; step < 16; step++) {
		size_t last_at = put_row(_i), frame_count = 0, at = 0;
		struct h2_watch_verdict verdict = { H2_NO_ERROR, 0, 0 };

		for (; at < wire_bytes && verdict.error == H2_NO_ERROR; at += step) {
			size_t bytes = step < wire_bytes - at ? step : wire_bytes - at;

			verdict = h2_watch_input(&watch, wire + at, bytes);
			frame_count += verdict.frame_count;
			if (verdict.error == H2_NO_ERROR)
				ck_assert_uint_eq(verdict.good_bytes, bytes);
			else
				ck_assert(at + verdict.good_bytes <= last_at ||
				    (at > last_at && verdict.good_bytes == 0));
		}
		ck_assert_msg(verdict.error == rows[_i].error, "%s: %d", rows[_i].what,
		    verdict.error);
		ck_assert_uint_eq(frame_count,
		    rows[_i].count - (rows[_i].error != H2_NO_ERROR));
	}
}
END_TEST

static struct h2_watch_verdict
feed(unsigned type, unsigned flags, uint32_t id)
{
	const struct frame frame = { type, flags, id, 4, 0 };

	wire_bytes = 0;
	put(&frame);
	return h2_watch_input(&watch, wire, wire_bytes);
}

/* It forgets what is long ago, and never takes another one for it. */
START_TEST(long_connection)
{
	uint32_t id;

	put_row(0);
	(void)h2_watch_input(&watch, wire, wire_bytes);
	for (id = 3; id < 10000; id += 2) {
		ck_assert_int_eq(feed(HEADERS, 0, id).error, H2_NO_ERROR);
		ck_assert_int_eq(feed(DATA, 0, id).error, H2_NO_ERROR);
		ck_assert_int_eq(feed(DATA, END, id).error, H2_NO_ERROR);
		ck_assert_int_eq(feed(WINDOW_UPDATE, 0, id).error, H2_NO_ERROR);
	}
	for (id = 3; id < 10000 - 2 * H2_WATCH_ENDED_COUNT; id += 2)
		ck_assert_int_eq(feed(DATA, 0, id).error, H2_NO_ERROR);
	for (id = 10001 - 2 * H2_WATCH_ENDED_COUNT; id < 10000; id += 2) {
		struct h2_watch before = watch;

		ck_assert_int_eq(feed(DATA, 0, id).error, H2_STREAM_CLOSED);
		watch = before;
	}
}
END_TEST

START_TEST(many_gaps)
{
	uint32_t id;

	put_row(0);
	(void)h2_watch_input(&watch, wire, wire_bytes);
	for (id = 3; id < 10000; id += 6)
		ck_assert_int_eq(feed(HEADERS, 0, id).error, H2_NO_ERROR);
	for (id = 3; id < 10000; id += 6)
		ck_assert_int_eq(feed(DATA, END, id).error, H2_NO_ERROR);
	ck_assert_int_eq(feed(HEADERS, 0, 9999 - 2).error, H2_PROTOCOL_ERROR);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http2/watch");
	TCase *tcase = tcase_create("watch");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, at_once, 0, sizeof rows / sizeof rows[0]);
	tcase_add_loop_test(tcase, in_pieces, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(tcase, long_connection);
	tcase_add_test(tcase, many_gaps);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
