/* SPDX-License-Identifier: BSD-2-Clause */
/* server/logger/collector.c: what processes have put into their rings comes out in order of time,
 * each record once; what was not committed comes again; and one ring that is spoilt does not
 * touch the others. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/logger/collector.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define SLOT_COUNT 5
#define OLD 7
#define NEW 8
#define NOW 1000000000          /* later than all records but those that say so */

static struct scoreboard *board;
static struct collector *collector;
static struct logring rings[SLOT_COUNT];

static void
begin(void)
{
	board = scoreboard_new();
	ck_assert_ptr_nonnull(board);
	for (uint32_t i = 0; i < SLOT_COUNT; i++) {
		ck_assert_uint_eq(scoreboard_claim(board, 1, 0), i);
		scoreboard_ring(board, i, &rings[i]);
		logring_adopt(&rings[i]);
	}
	collector = collector_new(board);
	ck_assert_ptr_nonnull(collector);
}

static void
end(void)
{
	collector_free(&collector);
	scoreboard_free(&board);
}

static void
put_of(int slot, const char *text, int64_t mono_us, uint32_t log_generation)
{
	ck_assert_uint_gt(logring_put(&rings[slot], text, strlen(text), log_generation, mono_us),
	    0);
}

static void
put(int slot, const char *text, int64_t mono_us)
{
	put_of(slot, text, mono_us, OLD);
}

static const char *
fill(void)
{
	static char copy[COLLECTOR_BATCH_BYTES + 1];
	const char *text;
	bool is_newer;
	size_t bytes = collector_fill(collector, OLD, false, &text, &is_newer);

	ck_assert(!is_newer);
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	return copy;
}

/* One look, all that there is, all of it done. */
static void
assert_all(const char *wanted)
{
	ck_assert_int_eq(collector_look(collector, NOW), *wanted != '\0');
	ck_assert_str_eq(fill(), wanted);
	collector_commit(collector, strlen(wanted));
	ck_assert_str_eq(fill(), "");
}

static void
assert_losses(uint64_t lost_count, uint32_t broken_count)
{
	struct collector_losses losses;

	collector_take_losses(collector, &losses);
	ck_assert_uint_eq(losses.lost_count, lost_count);
	ck_assert_uint_eq(losses.broken_count, broken_count);
}

START_TEST(records_come_in_order_of_time)
{
	assert_all("");
	put(0, "a\n", 10);
	put(0, "b\n", 40);
	put(3, "c\n", 20);
	put(3, "d\n", 30);
	put(3, "e\n", 50);
	put(1, "f\n", 35);
	assert_all("a\nc\nd\nf\nb\ne\n");
	assert_all("");
	put(4, "g\n", 5);           /* late: it was not there at the look */
	put(0, "h\n", 60);
	assert_all("g\nh\n");
	assert_losses(0, 0);
}
END_TEST

/* What a process puts has its own order, even when its clock would not say so. */
START_TEST(order_of_a_process_is_kept)
{
	put(0, "a\n", 100);
	put(0, "b\n", 50);
	put(1, "c\n", 60);
	assert_all("c\na\nb\n");
}
END_TEST

START_TEST(record_that_comes_after_the_look_waits)
{
	put(0, "a\n", 10);
	ck_assert(collector_look(collector, NOW));
	put(0, "b\n", 20);
	put(1, "c\n", 5);
	ck_assert_str_eq(fill(), "a\n");
	collector_commit(collector, 2);
	ck_assert_str_eq(fill(), "");
	assert_all("c\nb\n");
}
END_TEST

/* Its ring was looked at after it was made, but another one, which holds what was made before,
 * may have been looked at earlier: it waits, whatever ring it is in. */
START_TEST(record_that_is_newer_than_the_look_waits)
{
	put(0, "a\n", 90);
	put(0, "c\n", 101);
	put(1, "d\n", 102);
	ck_assert(collector_look(collector, 100));
	ck_assert_str_eq(fill(), "a\n");
	collector_commit(collector, 2);
	ck_assert(collector_look(collector, 100));
	ck_assert_str_eq(fill(), "");
	put(3, "b\n", 99);
	ck_assert(collector_look(collector, 102));
	ck_assert_str_eq(fill(), "b\nc\nd\n");
}
END_TEST

/* So many bytes were written; the rest comes again. */
static const struct {
	size_t done_bytes;
	const char *again;
} commits[] = {
	{ 0, "one\ntwo\nthree\nfour\n" },
	{ 3, "one\ntwo\nthree\nfour\n" },
	{ 4, "two\nthree\nfour\n" },
	{ 9, "three\nfour\n" },
	{ 14, "four\n" },
	{ 19, "" },
};

START_TEST(what_is_not_committed_comes_again)
{
	put(0, "one\n", 1);
	put(1, "two\n", 2);
	put(0, "three\n", 3);
	put(2, "four\n", 4);
	ck_assert(collector_look(collector, NOW));
	ck_assert_str_eq(fill(), "one\ntwo\nthree\nfour\n");
	collector_commit(collector, commits[_i].done_bytes);
	assert_all(commits[_i].again);
	assert_all("");
}
END_TEST

/* A logger that dies and the next one: nothing is lost, a batch at most is there twice. */
START_TEST(next_collector_goes_on)
{
	put(0, "a\n", 1);
	put(1, "b\n", 2);
	ck_assert(collector_look(collector, NOW));
	ck_assert_str_eq(fill(), "a\nb\n");
	collector_commit(collector, 2);
	logring_count_lost(&rings[0]);
	collector_free(&collector);
	collector = collector_new(board);
	assert_all("b\n");
	assert_losses(1, 0);
}
END_TEST

START_TEST(batches_are_bounded)
{
	char line[LOGRING_RECORD_MAX + 1];
	size_t batch_count = 0, line_count = 0;
	const char *text;

	memset(line, 'x', sizeof line);
	for (int i = 0; i < 5 * SLOT_COUNT; i++) {
		snprintf(line, sizeof line, "%04d", i);
		line[4] = 'x';
		line[LOGRING_RECORD_MAX - 1] = '\n';
		ck_assert_uint_gt(logring_put(&rings[i % SLOT_COUNT], line, LOGRING_RECORD_MAX, 0,
		    i), 0);
	}
	for (int i = 5 * SLOT_COUNT; i < 50 * SLOT_COUNT; i++) {
		snprintf(line, sizeof line, "%04d\n", i);
		put(i % SLOT_COUNT, line, i);
	}
	ck_assert(collector_look(collector, NOW));
	ck_assert_uint_gt(collector_fullest_bytes(collector), 5 * LOGRING_RECORD_MAX);
	while (*(text = fill()) != '\0') {
		ck_assert_uint_le(strlen(text), COLLECTOR_BATCH_BYTES);
		collector_commit(collector, strlen(text));
		batch_count++;
		for (; *text != '\0'; text = strchr(text, '\n') + 1)
			ck_assert_int_eq(atoi(text), (int)line_count++);
	}
	ck_assert_uint_eq(line_count, 50 * SLOT_COUNT);
	ck_assert_uint_le(batch_count, 2);
	assert_all("");
}
END_TEST

/* More than a batch notes. */
START_TEST(short_records_are_all_there)
{
	int next = 0, count = 0;
	char line[16];
	const char *text;

	for (int i = 0; i < 2000 * SLOT_COUNT; i++) {
		snprintf(line, sizeof line, "%d\n", i);
		put(i % SLOT_COUNT, line, i);
		count++;
	}
	ck_assert(collector_look(collector, NOW));
	while (*(text = fill()) != '\0') {
		collector_commit(collector, strlen(text));
		for (; *text != '\0'; text = strchr(text, '\n') + 1)
			ck_assert_int_eq(atoi(text), next++);
	}
	ck_assert_int_eq(next, count);
	assert_all("");
}
END_TEST

/* Records of requests that were answered after the logs had been opened anew stay behind. */
START_TEST(newer_files_wait_for_their_records)
{
	const char *text;
	bool is_newer;

	put_of(0, "old\n", 10, OLD);
	put_of(0, "new\n", 30, NEW);
	put_of(1, "older\n", 20, OLD - 1);
	put_of(2, "last\n", 40, OLD);
	ck_assert(collector_look(collector, NOW));
	ck_assert_uint_eq(collector_fill(collector, OLD, true, &text, &is_newer), 10);
	ck_assert(memcmp(text, "old\nolder\n", 10) == 0 && !is_newer);
	collector_commit(collector, 10);
	ck_assert_uint_eq(collector_fill(collector, OLD, true, &text, &is_newer), 0);
	ck_assert(is_newer);
	collector_commit(collector, 0);
	ck_assert_uint_eq(collector_fill(collector, NEW, true, &text, &is_newer), 9);
	ck_assert(memcmp(text, "new\nlast\n", 9) == 0 && !is_newer);
	collector_commit(collector, 9);
	assert_all("");
}
END_TEST

/* The number goes round, and where new files cannot be had, nothing waits for them. */
START_TEST(generation_of_files_may_go_round)
{
	const char *text;
	bool is_newer;

	put_of(0, "a\n", 1, UINT32_MAX);
	put_of(0, "b\n", 2, 0);
	ck_assert(collector_look(collector, NOW));
	ck_assert_uint_eq(collector_fill(collector, UINT32_MAX, true, &text, &is_newer), 2);
	ck_assert_uint_eq(collector_fill(collector, UINT32_MAX, true, &text, &is_newer), 0);
	ck_assert(is_newer);
	ck_assert_uint_eq(collector_fill(collector, UINT32_MAX, false, &text, &is_newer), 2);
	ck_assert(!is_newer);
}
END_TEST

START_TEST(lost_records_are_counted)
{
	logring_count_lost(&rings[0]);
	logring_count_lost(&rings[0]);
	logring_count_lost(&rings[4]);
	ck_assert(!collector_look(collector, NOW));
	assert_losses(3, 0);
	ck_assert(!collector_look(collector, NOW));
	assert_losses(0, 0);
	logring_count_lost(&rings[4]);
	put(1, "a\n", 1);
	assert_all("a\n");
	assert_losses(1, 0);
}
END_TEST

/* ---- hostile processes ---- */

START_TEST(broken_ring_is_skipped)
{
	put(0, "a\n", 1);
	put(1, "lost\n", 2);
	put(2, "c\n", 3);
	atomic_store(&rings[1].shared->head, LOGRING_BYTES * 3 + 5);
	assert_all("a\nc\n");
	assert_losses(0, 1);
	assert_all("");
	assert_losses(0, 0);
	logring_adopt(&rings[1]);   /* the next process in the slot */
	put(1, "b\n", 4);
	assert_all("b\n");
	assert_losses(0, 0);
}
END_TEST

/* What stands before the spoilt record is good, what stands behind cannot be found. */
START_TEST(broken_record_ends_its_ring)
{
	put(0, "a\n", 1);
	put(0, "lost\n", 2);
	put(0, "also\n", 4);
	put(1, "b\n", 3);
	memset(rings[0].data + 24, 0xff, 8);
	ck_assert(collector_look(collector, NOW));
	ck_assert_str_eq(fill(), "a\nb\n");
	collector_commit(collector, _i == 0 ? 0 : 4);
	assert_losses(0, 1);
	assert_all(_i == 0 ? "a\nb\n" : "");
	assert_losses(0, _i == 0 ? 1 : 0);
	put(0, "c\n", 5);
	assert_all("c\n");
}
END_TEST

START_TEST(first_record_that_is_broken)
{
	put(0, "lost\n", 2);
	put(1, "b\n", 3);
	memset(rings[0].data, 0, 8);
	assert_all("b\n");
	assert_losses(0, 1);
	assert_all("");
}
END_TEST

/* It would be hung on to another process's record. */
START_TEST(line_without_its_end_gets_one)
{
	put(0, "abc", 1);
	put(1, "next\n", 2);
	assert_all("ab\nnext\n");
}
END_TEST

START_TEST(head_that_goes_back_is_harmless)
{
	put(0, "a\n", 1);
	assert_all("a\n");
	atomic_store(&rings[0].shared->head, 0);
	put(1, "b\n", 2);
	assert_all("b\n");
	assert_losses(0, 1);
}
END_TEST

START_TEST(time_that_will_never_come_holds_nobody)
{
	put(0, "never\n", INT64_MAX);
	put(0, "next\n", 2);
	put(1, "b\n", NOW - 1);
	assert_all("b\nnever\nnext\n");
}
END_TEST

START_TEST(count_of_lost_ones_can_be_any_number)
{
	atomic_store(&rings[0].shared->lost_count, UINT64_MAX);
	ck_assert(!collector_look(collector, NOW));
	assert_losses(0, 0);
	logring_count_lost(&rings[1]);
	ck_assert(!collector_look(collector, NOW));
	assert_losses(1, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("collector");
	TCase *tcase = tcase_create("collector");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, records_come_in_order_of_time);
	tcase_add_test(tcase, order_of_a_process_is_kept);
	tcase_add_test(tcase, record_that_comes_after_the_look_waits);
	tcase_add_test(tcase, record_that_is_newer_than_the_look_waits);
	tcase_add_loop_test(tcase, what_is_not_committed_comes_again, 0, COUNT_OF(commits));
	tcase_add_test(tcase, next_collector_goes_on);
	tcase_add_test(tcase, batches_are_bounded);
	tcase_add_test(tcase, short_records_are_all_there);
	tcase_add_test(tcase, newer_files_wait_for_their_records);
	tcase_add_test(tcase, generation_of_files_may_go_round);
	tcase_add_test(tcase, lost_records_are_counted);
	tcase_add_test(tcase, broken_ring_is_skipped);
	tcase_add_loop_test(tcase, broken_record_ends_its_ring, 0, 2);
	tcase_add_test(tcase, first_record_that_is_broken);
	tcase_add_test(tcase, line_without_its_end_gets_one);
	tcase_add_test(tcase, head_that_goes_back_is_harmless);
	tcase_add_test(tcase, time_that_will_never_come_holds_nobody);
	tcase_add_test(tcase, count_of_lost_ones_can_be_any_number);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
