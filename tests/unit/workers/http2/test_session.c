/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http2/session.c: requests come out as they went in, however the bytes are cut, answers
 * go in frames that the windows and the room allow, and a connection ends without loss. */

#include "tests/unit/workers/http2/frames.h"

#define BIG_BYTES 200000

START_TEST(settings_come_first)
{
	struct frame frame;
	size_t at = 0;

	produce_all();
	ck_assert(next_frame(&at, &frame));
	ck_assert_uint_eq(frame.type, SETTINGS);
	ck_assert_uint_eq(frame.flags, 0);
	/* MAX_CONCURRENT_STREAMS, 10 */
	ck_assert_mem_eq(frame.payload, "\0\x03\0\0\0\x0a", 6);
	ck_assert(feed_all());
	produce_all();
	ck_assert_uint_eq(count_frames(SETTINGS, 0, &frame), 2);
	ck_assert_uint_eq(frame.flags, ACK);
}
END_TEST

static void
assert_answered(unsigned index, size_t bytes)
{
	uint32_t id = (uint32_t)told[index].id;
	size_t data_bytes = 0, at = 0, frames = 0;
	struct frame frame;

	ck_assert(told[index].is_closed);
	while (next_frame(&at, &frame)) {
		if (frame.id != id || frame.type == RST_STREAM)
			continue;
		frames += 9 + frame.bytes;
		if (frame.type == DATA)
			data_bytes += frame.bytes;
		ck_assert_uint_le(frame.bytes, 16384);
	}
	ck_assert_uint_eq(data_bytes, bytes);
	ck_assert_uint_eq(told[index].sent_bytes, frames);
	ck_assert_uint_eq(count_frames(HEADERS, id, &frame), 1);
	if (bytes == 0)
		ck_assert_uint_eq(frame.flags, END_STREAM | END_HEADERS);
	else
		ck_assert(count_frames(DATA, id, &frame) > 0 && frame.flags == END_STREAM);
}

static const size_t sizes[] = { 0, 1, 1024, 16384, 16385, 65000 };

START_TEST(request_is_told_and_answered)
{
	put_request(1, END_STREAM);
	ck_assert(feed_all());
	ck_assert_uint_eq(told_count, 1);
	ck_assert(told[0].is_whole && !told[0].has_content);
	ck_assert_str_eq(told[0].fields, ":method=GET\n:path=/\n:scheme=http\n:authority=h\n");
	answer(0, sizes[_i]);
	produce_all();
	assert_answered(0, sizes[_i]);
	ck_assert_int_eq(error_told(), -1);
	ck_assert(!h2_session_is_over(session));
}
END_TEST

START_TEST(cuts_make_no_difference)
{
	size_t i, all;

	for (i = 1; i < 9; i += 2)
		put_request((uint32_t)i, END_STREAM);
	/* Each part of a head of CONTINUATION is something to count for nghttp2. */
	put_frame(HEADERS, END_STREAM, 9, REQUEST_LIST, 2);
	put_frame(CONTINUATION, 0, 9, &REQUEST_LIST[2], 1);
	put_frame(CONTINUATION, END_HEADERS, 9, &REQUEST_LIST[3], sizeof REQUEST_LIST - 4);
	all = wire_bytes;
	for (i = 0; i < all; i++)
		ck_assert(h2_session_feed(session, wire + i, 1, now_ms));
	ck_assert_uint_eq(told_count, 5);
	for (i = 0; i < 5; i++)
		answer((unsigned)i, 5000);
	produce_all();
	for (i = 0; i < 5; i++)
		assert_answered((unsigned)i, 5000);
}
END_TEST

/* A header list in two frames, and DATA in three, one of them with nothing but padding. */
START_TEST(content_is_counted)
{
	put_frame(HEADERS, 0, 1, REQUEST_LIST, 2);
	ck_assert(feed_all());
	ck_assert(h2_session_is_in_head(session));
	put_frame(CONTINUATION, END_HEADERS, 1, &REQUEST_LIST[2], sizeof REQUEST_LIST - 3);
	put_frame(DATA, 0, 1, "hello", 5);
	put_frame(DATA, 8, 1, "\3\0\0\0", 4);
	ck_assert(feed_all());
	ck_assert(!h2_session_is_in_head(session));
	ck_assert(told[0].has_content && !told[0].is_ended);
	put_frame(DATA, END_STREAM, 1, "!", 1);
	ck_assert(feed_all());
	ck_assert(told[0].is_ended);
	ck_assert_uint_eq(told[0].content_bytes, 6);
}
END_TEST

START_TEST(trailers_end_the_content)
{
	put_request(1, 0);
	put_frame(HEADERS, END_HEADERS | END_STREAM, 1, "\0\1x\1y", 5);
	ck_assert(feed_all());
	ck_assert(told[0].is_ended);
	ck_assert_ptr_null(strstr(told[0].fields, "x=y"));
}
END_TEST

START_TEST(trailers_have_a_limit)
{
	static char list[8192];

	put_request(1, 0);
	memcpy(list, "\0\1x\x7f\xff\x3e", 6); /* a value of 8190 bytes */
	memset(list + 6, 'y', sizeof list - 6);
	put_frame(HEADERS, 0, 1, list, sizeof list);
	put_frame(CONTINUATION, END_HEADERS | END_STREAM, 1, "yyyy", 4);
	ck_assert(feed_all());
	produce_all();
	ck_assert_int_ge(reset_told(1), 0);
	ck_assert(told[0].is_closed && !told[0].is_ended);
}
END_TEST

static const struct h2_field go_on = { { ":status", 7 }, { "100", 3 } };
static const struct h2_field hints[] = { { { ":status", 7 }, { "103", 3 } },
	{ { "link", 4 }, { "</a>; rel=preload", 17 } } };

START_TEST(expectation_is_met)
{
	struct frame frame;

	put_request(1, 0);
	ck_assert(feed_all());
	h2_session_inform(session, 1, &go_on, 1);
	produce_all();
	ck_assert_uint_eq(count_frames(HEADERS, 1, &frame), 1);
	ck_assert_uint_eq(frame.flags, END_HEADERS);
	put_frame(DATA, END_STREAM, 1, "!", 1);
	ck_assert(feed_all());
	answer(0, 10);
	produce_all();
	ck_assert_uint_eq(count_frames(HEADERS, 1, &frame), 2);
	ck_assert(told[0].is_closed);
}
END_TEST

/* They go first, whole, and the stream goes on; for one that has gone they are nothing. */
START_TEST(hints_go_ahead)
{
	struct frame frame;
	size_t at = 0;

	put_request(1, END_STREAM);
	ck_assert(feed_all());
	h2_session_inform(session, 1, hints, 2);
	answer(0, 10);
	h2_session_inform(session, 3, hints, 2);
	produce_all();
	do {
		ck_assert(next_frame(&at, &frame));
	} while (frame.type != HEADERS);
	ck_assert_uint_eq(frame.id, 1);
	ck_assert_uint_eq(frame.flags, END_HEADERS);
	ck_assert_uint_eq(count_frames(HEADERS, 1, &frame), 2);
	ck_assert_uint_eq(count_frames(HEADERS, 3, &frame), 0);
	ck_assert(told[0].is_closed);
	ck_assert_int_eq(error_told(), -1);
}
END_TEST

/* What nghttp2 or the owner calls malformed is a stream error, and the next request is fine. */
static const struct { const char *list; size_t bytes; } malformed[] = {
	{ "\x82\x86\x41\x01h", 5 },                     /* no path */
	{ "\x82\x84\x86\x41\x01h\0\1A\1b", 11 },        /* an upper-case name */
	{ "\x82\x84\x86\x41\x01h\0\1a\1\x01", 11 },     /* a control byte */
	{ "\x82\x84\x86\x41\x01h\0\1 \1a", 11 },
	{ "\x82\x84\x86\x41\x01h\0\x0a" "connection\1a", 20 },
	{ "\x82\x82\x84\x86\x41\x01h", 7 },
	{ REQUEST_LIST, sizeof REQUEST_LIST - 1 },      /* the owner's word */
};

START_TEST(malformed_is_reset)
{
	finds_malformed = _i == 6;
	put_frame(HEADERS, END_HEADERS | END_STREAM, 1, malformed[_i].list, malformed[_i].bytes);
	ck_assert(feed_all());
	produce_all();
	ck_assert_int_eq(reset_told(1), H2_PROTOCOL_ERROR);
	ck_assert(told[0].is_closed);
	finds_malformed = false;
	put_request(3, END_STREAM);
	ck_assert(feed_all());
	answer(1, 5);
	produce_all();
	assert_answered(1, 5);
}
END_TEST

START_TEST(malformed_may_be_found_out_later)
{
	put_request(1, END_STREAM);
	put_request(3, END_STREAM);
	ck_assert(feed_all());
	h2_session_refuse(session, 1);
	answer(1, 5);
	produce_all();
	ck_assert_int_eq(reset_told(1), H2_PROTOCOL_ERROR);
	ck_assert(told[0].is_closed);
	assert_answered(1, 5);
}
END_TEST

START_TEST(owner_may_refuse)
{
	refuses = true;
	put_request(1, 0);
	put_frame(DATA, END_STREAM, 1, "!", 1);
	ck_assert(feed_all());
	produce_all();
	ck_assert_int_eq(reset_told(1), H2_REFUSED_STREAM);
	ck_assert_uint_eq(told_count, 0);
}
END_TEST

START_TEST(windows_are_kept)
{
	struct frame frame;
	size_t at = 0, bytes = 0;

	put_request(1, END_STREAM);
	ck_assert(feed_all());
	answer(0, BIG_BYTES);
	produce_all();
	while (next_frame(&at, &frame))
		bytes += frame.type == DATA ? frame.bytes : 0;
	ck_assert_uint_eq(bytes, 65535);
	ck_assert(h2_session_is_shut(session, 1));
	ck_assert_uint_eq(told[0].left, BIG_BYTES - 65535);
	put_number(WINDOW_UPDATE, 1, BIG_BYTES);
	ck_assert(feed_all());
	ck_assert(!h2_session_is_shut(session, 1)); /* but the connection's is */
	produce_all();
	ck_assert_uint_eq(told[0].left, BIG_BYTES - 65535);
	put_number(WINDOW_UPDATE, 0, BIG_BYTES);
	ck_assert(feed_all());
	produce_all();
	assert_answered(0, BIG_BYTES);
}
END_TEST

/* Rooms of every size give the same content in the end, and never more than they have. */
START_TEST(room_is_kept)
{
	static char out[H2_OUT_MIN_BYTES + 10000];
	size_t cap = H2_OUT_MIN_BYTES + (size_t)_i * 997, n;
	unsigned i, rounds = 0;

	put_number(WINDOW_UPDATE, 0, 10 * BIG_BYTES);
	for (i = 0; i < 5; i++) {
		put_request(1 + 2 * i, END_STREAM);
		put_number(WINDOW_UPDATE, 1 + 2 * i, BIG_BYTES);
	}
	ck_assert(feed_all());
	for (i = 0; i < 5; i++)
		answer(i, BIG_BYTES / 2 + i);
	do {
		memset(out + cap, '!', 10);
		n = h2_session_produce(session, out, cap, now_ms);
		ck_assert_uint_le(n, cap);
		ck_assert_mem_eq(out + cap, "!!!!!!!!!!", 10);
		ck_assert(n == 0 || n > cap - 16384 - 9 || !h2_session_has_more(session));
		memcpy(got + got_bytes, out, n);
		got_bytes += n;
		ck_assert_uint_lt(++rounds, 100);
	} while (h2_session_has_more(session));
	for (i = 0; i < 5; i++)
		assert_answered(i, BIG_BYTES / 2 + i);
}
END_TEST

START_TEST(who_holds_back_is_asked_when_told)
{
	put_request(1, END_STREAM);
	put_request(3, END_STREAM);
	ck_assert(feed_all());
	told[0].holds_back = true;
	answer(0, 1000);
	answer(1, 1000);
	produce_all();
	assert_answered(1, 1000);
	ck_assert_uint_eq(told[0].read_count, 1);
	told[0].holds_back = false;
	produce_all();
	ck_assert_uint_eq(told[0].read_count, 1);
	h2_session_resume(session, 1);
	produce_all();
	assert_answered(0, 1000);
}
END_TEST

/* RFC 9218: the urgent one first, by the field and by a frame that comes later. */
START_TEST(urgent_goes_first)
{
	static const char low[] = "\0\x08priority\3u=6";
	struct frame frame;
	size_t at = 0;
	uint32_t first = 0;
	char list[64];

	memcpy(list, REQUEST_LIST, 6);
	memcpy(list + 6, low, sizeof low - 1);
	put_frame(HEADERS, END_HEADERS | END_STREAM, 1, list, 6 + sizeof low - 1);
	put_frame(HEADERS, END_HEADERS | END_STREAM, 3, list, 6 + sizeof low - 1);
	if (_i == 0)
		put_request(5, END_STREAM);
	else
		put_frame(PRIORITY_UPDATE, 0, 0, "\0\0\0\3u=0", 7);
	ck_assert(feed_all());
	for (unsigned i = 0; i < told_count; i++)
		answer(i, 30000);
	produce_all();
	while (next_frame(&at, &frame) && first == 0)
		first = frame.type == DATA ? frame.id : 0;
	ck_assert_uint_eq(first, _i == 0 ? 5 : 3);
}
END_TEST

/* Incremental ones share, the others wait for each other. */
START_TEST(incremental_ones_share)
{
	static const char share[] = "\0\x08priority\1i";
	uint32_t order[8] = { 0 };
	size_t at = 0, count = 0;
	struct frame frame;
	char list[64];

	memcpy(list, REQUEST_LIST, 6);
	memcpy(list + 6, share, sizeof share - 1);
	for (uint32_t id = 1; id <= 3; id += 2)
		put_frame(HEADERS, END_HEADERS | END_STREAM, id, list,
		    _i == 0 ? 6 + sizeof share - 1 : 6);
	ck_assert(feed_all());
	answer(0, 30000);
	answer(1, 30000);
	produce_all();
	while (next_frame(&at, &frame) && count < 4) {
		if (frame.type == DATA)
			order[count++] = frame.id;
	}
	ck_assert_uint_eq(order[0], 1);
	ck_assert_uint_eq(order[1], _i == 0 ? 3 : 1);
	ck_assert_uint_eq(order[2], _i == 0 ? 1 : 3);
}
END_TEST

START_TEST(end_loses_nothing)
{
	struct frame frame;

	put_request(1, END_STREAM);
	ck_assert(feed_all());
	h2_session_give_notice(session);
	produce_all();
	ck_assert_uint_eq(count_frames(GOAWAY, 0, &frame), 1);
	ck_assert_uint_eq(number_at(frame.payload), 0x7fffffff);
	put_request(3, END_STREAM);
	ck_assert(feed_all());
	ck_assert_uint_eq(told_count, 2);
	h2_session_go_away(session);
	produce_all();
	ck_assert_uint_eq(count_frames(GOAWAY, 0, &frame), 2);
	ck_assert_uint_eq(number_at(frame.payload), 3);
	ck_assert_int_eq(error_told(), H2_NO_ERROR);
	put_request(5, END_STREAM);
	(void)feed_all();
	ck_assert_uint_eq(told_count, 2);
	answer(0, 10);
	produce_all();
	ck_assert(!h2_session_is_over(session));
	answer(1, 10);
	produce_all();
	assert_answered(0, 10);
	assert_answered(1, 10);
	ck_assert(h2_session_is_over(session));
}
END_TEST

START_TEST(what_is_no_http2_ends)
{
	wire_bytes = 0;
	put("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27);
	ck_assert(!feed_all());
	produce_all();
	ck_assert_int_eq(error_told(), H2_PROTOCOL_ERROR);
	ck_assert(h2_session_is_over(session));
}
END_TEST

/* Its memory is as it was, whatever a connection left behind. */
START_TEST(connections_leave_nothing)
{
	for (int i = 0; i < 2000; i++) {
		put_request(1, END_STREAM);
		put_request(3, 0);
		put_frame(HEADERS, 0, 5, REQUEST_LIST, 3);
		ck_assert(feed_all());
		answer(0, BIG_BYTES);
		produce_all();
		h2_session_end(session);
		begin_connection();
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http2/session");
	TCase *tcase = tcase_create("session");
	SRunner *runner;
	int failed;

	if (!has_sessions())
		return 77;
	tcase_add_checked_fixture(tcase, begin_session, end_session);
	tcase_add_test(tcase, settings_come_first);
	tcase_add_loop_test(tcase, request_is_told_and_answered, 0, 6);
	tcase_add_test(tcase, cuts_make_no_difference);
	tcase_add_test(tcase, content_is_counted);
	tcase_add_test(tcase, trailers_end_the_content);
	tcase_add_test(tcase, trailers_have_a_limit);
	tcase_add_test(tcase, expectation_is_met);
	tcase_add_test(tcase, hints_go_ahead);
	tcase_add_loop_test(tcase, malformed_is_reset, 0, 7);
	tcase_add_test(tcase, malformed_may_be_found_out_later);
	tcase_add_test(tcase, owner_may_refuse);
	tcase_add_test(tcase, windows_are_kept);
	tcase_add_loop_test(tcase, room_is_kept, 0, 10);
	tcase_add_test(tcase, who_holds_back_is_asked_when_told);
	tcase_add_loop_test(tcase, urgent_goes_first, 0, 2);
	tcase_add_loop_test(tcase, incremental_ones_share, 0, 2);
	tcase_add_test(tcase, end_loses_nothing);
	tcase_add_test(tcase, what_is_no_http2_ends);
	tcase_add_test(tcase, connections_leave_nothing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
