/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/http2/session.c: frames that are no work end the connection after a while, whatever they
 * are called; what is kept of them is bounded; who works is not taken for a flood. One that goes on
 * for ever breaks it. */
#include "tests/unit/workers/http2/frames.h"

#define ROUNDS_MAX 20000            /* a flood has ended by then */

static void
ping(uint32_t round)
{
	(void)round;
	put_frame(PING, 0, 0, "12345678", 8);
}

static void
settings(uint32_t round)
{
	(void)round;
	put_frame(SETTINGS, 0, 0, "\0\4\0\0\xff\xff", 6);
}

static void
ping_answers(uint32_t round)
{
	(void)round;
	put_frame(PING, ACK, 0, "12345678", 8);
}

static void
priority(uint32_t round)
{
	put_frame(PRIORITY, 0, 2 * round + 1, "\0\0\0\0\1", 5);
}

static void
priority_update(uint32_t round)
{
	if (round == 0)
		put_request(1, END_STREAM);
	put_frame(PRIORITY_UPDATE, 0, 0, "\0\0\0\1u=0", 7);
}

static void
small_windows(uint32_t round)
{
	(void)round;
	put_number(WINDOW_UPDATE, 0, 1);
}

static void
empty_data(uint32_t round)
{
	if (round == 0)
		put_request(1, 0);
	put_frame(DATA, 0, 1, "", 0);
}

static void
padding_only(uint32_t round)
{
	if (round == 0)
		put_request(1, 0);
	put_frame(DATA, 8, 1, "\3\0\0\0", 4);
}

/* CVE-2023-44487 */
static void
rapid_reset(uint32_t round)
{
	put_request(2 * round + 1, END_STREAM);
	put_number(RST_STREAM, 2 * round + 1, H2_CANCEL);
}

/* The server is made to reset. */
static void
malformed_requests(uint32_t round)
{
	put_frame(HEADERS, END_HEADERS | END_STREAM, 2 * round + 1, "\x82", 1);
}

static void
window_overflows(uint32_t round)
{
	put_request(2 * round + 1, END_STREAM);
	put_number(WINDOW_UPDATE, 2 * round + 1, 0x7fffffff);
}

static void
too_many_streams(uint32_t round)
{
	put_request(2 * round + 1, 0);
}

static void
continuations(uint32_t round)
{
	if (round == 0)
		put_frame(HEADERS, END_STREAM, 1, REQUEST_LIST, sizeof REQUEST_LIST - 1);
	put_frame(CONTINUATION, 0, 1, "\0\1x\1y", 5);
}

static void
empty_continuations(uint32_t round)
{
	if (round == 0)
		put_frame(HEADERS, END_STREAM, 1, REQUEST_LIST, sizeof REQUEST_LIST - 1);
	put_frame(CONTINUATION, 0, 1, "", 0);
}

/* nghttp2 tells nobody of these. */
static void
unknown_frames(uint32_t round)
{
	put_frame(0x2a, 0xff, round & 1, "x", 1);
}

/* For a stream that we have reset. */
static void
late_data(uint32_t round)
{
	if (round == 0)
		put_frame(HEADERS, END_HEADERS, 1, "\x82", 1);
	put_frame(DATA, 0, 1, "x", 1);
}

static void (*const floods[])(uint32_t) = { ping, settings, ping_answers, priority,
	priority_update, small_windows, empty_data, padding_only, rapid_reset, malformed_requests,
	window_overflows, too_many_streams, continuations, empty_continuations, unknown_frames,
	late_data };
#define FLOOD_COUNT ((int)(sizeof floods / sizeof floods[0]))

START_TEST(flood_ends)
{
	uint32_t round;
	bool goes_on = feed_all();

	ck_assert(goes_on);
	for (round = 0; goes_on && round < ROUNDS_MAX; round++) {
		floods[_i](round);
		goes_on = feed_all();
		produce_all();
		goes_on = goes_on && error_told() < 0;
		got_bytes = goes_on ? 0 : got_bytes;
		ck_assert_uint_le(open_count, 10);
		now_ms += round % 10 == 0; /* as fast as can be */
	}
	ck_assert_msg(!goes_on, "%u rounds", round);
	produce_all();
	ck_assert(h2_session_is_over(session));
	ck_assert_int_gt(error_told(), H2_NO_ERROR);
}
END_TEST

/* All of it in one piece, and nothing is taken by the client. */
START_TEST(flood_leaves_little)
{
	uint32_t round;

	for (round = 0; round < ROUNDS_MAX && wire_bytes < sizeof wire - 100; round++)
		floods[_i](round);
	ck_assert(!feed_all());
	produce_all();
	ck_assert_uint_le(got_bytes, 16384);
	ck_assert(h2_session_is_over(session));
	ck_assert_int_gt(error_told(), H2_NO_ERROR);
}
END_TEST

/* One byte stands for a field of 4 KiB: what is told is bounded by what came. */
START_TEST(small_list_of_large_fields_is_no_harm)
{
	static char list[4000];

	memcpy(list, "\x40\1x\x7f\xe1\x1e", 6); /* x: 4000 bytes, into the table */
	memset(list + 6, 'y', sizeof list - 6);
	put_frame(HEADERS, END_HEADERS | END_STREAM, 1, list, sizeof list);
	ck_assert(feed_all());
	memset(list, '\xbe', sizeof list);
	put_frame(HEADERS, END_HEADERS | END_STREAM, 3, list, sizeof list);
	(void)feed_all();
	produce_all();
	ck_assert_uint_le(got_bytes, 1000);
}
END_TEST

/* Nor is what was on its way to a stream that we have reset: a whole window of it. */
START_TEST(late_content_is_no_flood)
{
	static char content[1000];

	put_frame(HEADERS, END_HEADERS, 1, "\x82", 1);
	for (int i = 0; i < 262; i++)
		put_frame(DATA, 0, 1, content, sizeof content);
	ck_assert(feed_all());
	produce_all();
	ck_assert_int_lt(error_told(), 0);
}
END_TEST

START_TEST(work_is_no_flood)
{
	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t id = 2 * i + 1;

		put_request(id, END_STREAM);
		put_number(WINDOW_UPDATE, 0, 20000);
		put_number(WINDOW_UPDATE, id, 20000);
		put_frame(PING, 0, 0, "12345678", 8);
		ck_assert(feed_all());
		answer(i % FRAMES_STREAMS_MAX, 20000);
		put_frame(PRIORITY_UPDATE, 0, 0, "\0\0\0\1u=0", 7);
		ck_assert(feed_all());
		produce_all();
		got_bytes = 0;
	}
}
END_TEST

/* A page is left while its pictures load, again and again. */
START_TEST(changing_one_s_mind_is_no_flood)
{
	uint32_t id = 1;

	for (int page = 0; page < 100; page++) {
		for (int i = 0; i < 10; i++, id += 2) {
			put_request(id, END_STREAM);
			ck_assert(feed_all());
			answer(told_count % FRAMES_STREAMS_MAX - 1, 20000);
			put_number(WINDOW_UPDATE, 0, 20000);
			if (i % 2 == 0)
				produce_all();
			put_number(RST_STREAM, id, H2_CANCEL);
			ck_assert(feed_all());
		}
		produce_all();
		got_bytes = 0;
		told_count = 0;
		now_ms += 1000;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http2/floods");
	TCase *tcase = tcase_create("floods");
	SRunner *runner;
	int failed;

	if (!has_sessions())
		return 77;
	tcase_add_checked_fixture(tcase, begin_session, end_session);
	tcase_add_loop_test(tcase, flood_ends, 0, FLOOD_COUNT);
	tcase_add_loop_test(tcase, flood_leaves_little, 0, FLOOD_COUNT);
	tcase_add_test(tcase, small_list_of_large_fields_is_no_harm);
	tcase_add_test(tcase, late_content_is_no_flood);
	tcase_add_test(tcase, work_is_no_flood);
	tcase_add_test(tcase, changing_one_s_mind_is_no_flood);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
