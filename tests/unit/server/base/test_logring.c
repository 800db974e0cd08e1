/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/logring.c: what is published comes out once, whole and in order, also behind a
 * writer that was killed; and no number that a hostile writer leaves makes the reader read
 * elsewhere, or keeps the next writer from its work. */
#include <check.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/logring.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define HEAD_BYTES sizeof(struct logring_record)
#define GENERATION 3

static struct logring ring;
static char text[LOGRING_RECORD_MAX];

static void *
map_shared(size_t bytes)
{
	void *got = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(got, MAP_FAILED);
	return got;
}

/* A page that may not be read stands on both sides of the data. */
static void
begin(void)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	char *room = map_shared(LOGRING_BYTES + 2 * page_bytes);

	ck_assert_int_eq(mprotect(room, page_bytes, PROT_NONE), 0);
	ck_assert_int_eq(mprotect(room + page_bytes + LOGRING_BYTES, page_bytes, PROT_NONE), 0);
	ring.data = room + page_bytes;
	ring.shared = map_shared(sizeof *ring.shared);
	logring_adopt(&ring);
}

/* size_t put(): how much of the ring is taken; text of one letter. */
static size_t
put_letters(char letter, size_t bytes)
{
	char letters[LOGRING_RECORD_MAX + 1];

	memset(letters, letter, sizeof letters);
	return logring_put(&ring, letters, bytes, GENERATION, 1000 + letter);
}

static struct logring_span
look(enum logring_state wanted)
{
	struct logring_span span;

	ck_assert_int_eq(logring_look(&ring, &span), wanted);
	return span;
}

static void
assert_next(struct logring_span *span, char letter, size_t bytes)
{
	struct logring_record record;

	ck_assert_uint_lt(span->at, span->end);
	ck_assert(logring_peek(&ring, span, &record));
	ck_assert_uint_eq(record.bytes, bytes);
	ck_assert_uint_eq(record.log_generation, GENERATION);
	ck_assert_int_eq(record.mono_us, 1000 + letter);
	logring_take(&ring, span, &record, text);
	for (size_t i = 0; i < bytes; i++)
		ck_assert_int_eq(text[i], letter);
}

static void
assert_end(const struct logring_span *span)
{
	ck_assert_uint_eq(span->at, span->end);
}

START_TEST(records_come_out_in_order)
{
	struct logring_span span;

	look(LOGRING_EMPTY);
	ck_assert_uint_eq(put_letters('a', 1), HEAD_BYTES + 8);
	ck_assert_uint_eq(put_letters('b', 8), 2 * (HEAD_BYTES + 8));
	ck_assert_uint_eq(put_letters('c', 9), 2 * (HEAD_BYTES + 8) + HEAD_BYTES + 16);
	span = look(LOGRING_FILLED);
	assert_next(&span, 'a', 1);
	assert_next(&span, 'b', 8);
	assert_next(&span, 'c', 9);
	assert_end(&span);
	logring_advance(&ring, &span, span.end);
	look(LOGRING_EMPTY);
}
END_TEST

static const struct {
	size_t bytes;
	bool fits;
} lengths[] = {
	{ 0, false }, { 1, true }, { 7, true }, { 8, true }, { LOGRING_RECORD_MAX - 1, true },
	{ LOGRING_RECORD_MAX, true }, { LOGRING_RECORD_MAX + 1, false },
};

START_TEST(length_has_limits)
{
	ck_assert_int_eq(put_letters('x', lengths[_i].bytes) > 0, lengths[_i].fits);
	if (lengths[_i].fits) {
		struct logring_span span = look(LOGRING_FILLED);

		assert_next(&span, 'x', lengths[_i].bytes);
	} else {
		look(LOGRING_EMPTY);
	}
}
END_TEST

/* Fills the ring up to `left` bytes before the end of its memory, the last of it not taken. */
static void
fill_up_to(size_t left)
{
	struct logring_span span;
	size_t goal = LOGRING_BYTES - left, used = 0;
	uint64_t last = 0;

	while (used < goal) {
		size_t room = goal - used;
		/* No rest that is too small for a record. */
		size_t next = room > 8208 ? 4096 : room > 4128 ? 2048 : room;

		last = atomic_load(&ring.shared->head);
		used = put_letters('f', next - HEAD_BYTES);
		ck_assert_uint_gt(used, 0);
	}
	ck_assert_uint_eq(used, goal);
	span = look(LOGRING_FILLED);
	logring_advance(&ring, &span, last);
}

/* The record's head and its text are each cut in two at every place there is. */
START_TEST(record_goes_round_at_every_offset)
{
	size_t left = (size_t)_i * 8;
	struct logring_span span;
	struct logring_record record;

	fill_up_to(left);
	ck_assert_uint_gt(put_letters('a', 100), 0);
	ck_assert_uint_gt(put_letters('b', 1), 0);
	span = look(LOGRING_FILLED);
	ck_assert(logring_peek(&ring, &span, &record));
	logring_take(&ring, &span, &record, text);
	assert_next(&span, 'a', 100);
	assert_next(&span, 'b', 1);
	assert_end(&span);
}
END_TEST

START_TEST(ring_takes_what_it_can_hold_and_no_more)
{
	size_t used = 0, more, count = 0;
	struct logring_span span;

	while ((more = put_letters((char)('a' + count % 26), 112)) > 0) {
		ck_assert_uint_eq(more, used + 128);
		used = more;
		count++;
	}
	ck_assert_uint_eq(used, LOGRING_BYTES);
	span = look(LOGRING_FILLED);
	for (size_t i = 0; i < count; i++) {
		assert_next(&span, (char)('a' + i % 26), 112);
		/* Taken, but the room is the writer's only when the reader says so. */
		ck_assert_uint_eq(put_letters('z', 112), 0);
	}
	assert_end(&span);
	logring_advance(&ring, &span, span.tail + 128);
	ck_assert_uint_eq(put_letters('z', 120), 0);
	ck_assert_uint_eq(put_letters('z', 112), LOGRING_BYTES);
}
END_TEST

/* A reader that dies repeats what it has not advanced over. */
START_TEST(what_is_not_advanced_over_comes_again)
{
	struct logring_span span;

	put_letters('a', 10);
	put_letters('b', 10);
	span = look(LOGRING_FILLED);
	assert_next(&span, 'a', 10);
	logring_advance(&ring, &span, span.at);
	assert_next(&span, 'b', 10);
	span = look(LOGRING_FILLED);
	assert_next(&span, 'b', 10);
	assert_end(&span);
}
END_TEST

/* Many records, one at a time: of the memory only the beginning is touched. */
START_TEST(little_used_ring_touches_few_pages)
{
	for (int i = 0; i < 2000; i++) {
		struct logring_span span;

		ck_assert_uint_eq(put_letters('a', 200), HEAD_BYTES + 200);
		span = look(LOGRING_FILLED);
		assert_next(&span, 'a', 200);
		logring_advance(&ring, &span, span.end);
	}
	for (size_t i = 4096; i < LOGRING_BYTES; i++)
		ck_assert_int_eq(ring.data[i], 0);
}
END_TEST

START_TEST(losses_are_told_once)
{
	ck_assert_uint_eq(logring_take_lost(&ring), 0);
	logring_count_lost(&ring);
	logring_count_lost(&ring);
	ck_assert_uint_eq(logring_take_lost(&ring), 2);
	ck_assert_uint_eq(logring_take_lost(&ring), 0);
	logring_count_lost(&ring);
	ck_assert_uint_eq(logring_take_lost(&ring), 1);
	atomic_store(&ring.shared->lost_count, 0); /* hostile: nobody has lost 2^64 */
	ck_assert_uint_eq(logring_take_lost(&ring), 0);
	logring_count_lost(&ring);
	ck_assert_uint_eq(logring_take_lost(&ring), 1);
}
END_TEST

/* ---- numbers that nobody has written who means well ---- */

static const struct {
	uint64_t tail, head;
	enum logring_state state;
} positions[] = {
	{ 0, LOGRING_BYTES, LOGRING_FILLED },
	{ 0, LOGRING_BYTES + 8, LOGRING_BROKEN },
	{ 8, 0, LOGRING_BROKEN },
	{ 0, UINT64_MAX, LOGRING_BROKEN },
	{ UINT64_MAX, 0, LOGRING_BROKEN },
	{ 0, 12, LOGRING_BROKEN },
	{ 4, 12, LOGRING_BROKEN },
	{ 3, 3, LOGRING_EMPTY },
	{ UINT64_MAX - 7, 8, LOGRING_FILLED }, /* round the end of the numbers: fine */
	{ 1ull << 63, (1ull << 63) + 64, LOGRING_FILLED },
};

static void
set_positions(uint64_t tail, uint64_t head, uint64_t origin)
{
	atomic_store(&ring.shared->tail, tail);
	atomic_store(&ring.shared->head, head);
	atomic_store(&ring.shared->origin, origin);
}

START_TEST(positions_are_checked)
{
	static const uint64_t origins[] = { 0, 8, 5, LOGRING_BYTES - 1, UINT64_MAX, 1ull << 63 };

	for (int i = 0; i < COUNT_OF(origins); i++) {
		struct logring_record record;
		struct logring_span span;

		set_positions(positions[_i].tail, positions[_i].head, origins[i]);
		span = look(positions[_i].state);
		if (positions[_i].state == LOGRING_FILLED) /* all zero: no record, anywhere */
			ck_assert(!logring_peek(&ring, &span, &record));
		logring_advance(&ring, &span, span.end);
		look(LOGRING_EMPTY);
	}
}
END_TEST

/* The next process in the slot, without and with a reader's look in between. */
START_TEST(next_writer_can_work)
{
	for (int looks = 0; looks < 2; looks++) {
		struct logring_span span;

		memset(ring.data, 0, LOGRING_BYTES);
		set_positions(positions[_i].tail, positions[_i].head, 77);
		if (looks == 1) {
			(void)logring_look(&ring, &span);
			logring_advance(&ring, &span, span.end);
		}
		logring_adopt(&ring);
		if (logring_look(&ring, &span) == LOGRING_FILLED) /* the rows that can be */
			logring_advance(&ring, &span, span.end);
		ck_assert_uint_eq(put_letters('n', 50), HEAD_BYTES + 56);
		span = look(LOGRING_FILLED);
		assert_next(&span, 'n', 50);
		assert_end(&span);
	}
}
END_TEST

START_TEST(what_a_killed_writer_has_published_stays)
{
	struct logring_span span;

	put_letters('a', 10);
	logring_adopt(&ring);
	put_letters('b', 10);
	span = look(LOGRING_FILLED);
	assert_next(&span, 'a', 10);
	assert_next(&span, 'b', 10);
	assert_end(&span);
}
END_TEST

/* The ring was made right while the reader was busy: to set its end then would break it. */
START_TEST(late_reader_does_not_undo_an_adoption)
{
	struct logring_span late, span;

	put_letters('a', 10);
	late = look(LOGRING_FILLED);
	set_positions(UINT64_MAX, 12345, 0);
	logring_adopt(&ring);
	put_letters('b', 10);
	logring_advance(&ring, &late, late.end);
	span = look(LOGRING_FILLED);
	assert_next(&span, 'b', 10);
	assert_end(&span);
}
END_TEST

/* A full one as well: a broken ring has no room until it is right again. */
START_TEST(writer_does_not_write_into_a_broken_ring)
{
	set_positions(8, 0, 0);
	ck_assert_uint_eq(put_letters('a', 10), 0);
	for (size_t i = 0; i < LOGRING_BYTES; i++)
		ck_assert_int_eq(ring.data[i], 0);
}
END_TEST

static const struct {
	uint16_t bytes;
	bool keeps_mark;
	size_t published;           /* behind the good one */
	bool is_good;
} heads[] = {
	{ 24, true, HEAD_BYTES + 24, true },
	{ 17, true, HEAD_BYTES + 24, true },
	{ 24, false, HEAD_BYTES + 24, false },
	{ 0, true, HEAD_BYTES + 24, false },
	{ 25, true, HEAD_BYTES + 24, false }, /* longer than what was published */
	{ LOGRING_RECORD_MAX, true, HEAD_BYTES + 24, false },
	{ LOGRING_RECORD_MAX, true, HEAD_BYTES + LOGRING_RECORD_MAX, true },
	{ LOGRING_RECORD_MAX + 1, true, LOGRING_BYTES - 32, false },
	{ UINT16_MAX, true, LOGRING_BYTES - 32, false },
	{ 1, true, 8, false },      /* not even a head */
};

START_TEST(heads_of_records_are_checked)
{
	struct logring_record record;
	struct logring_span span;

	put_letters('a', 16);
	put_letters('b', 24);
	memcpy(&record, ring.data + 32, sizeof record);
	record.bytes = heads[_i].bytes;
	record.mark = (uint16_t)(heads[_i].keeps_mark ? record.mark : record.mark + 1);
	memcpy(ring.data + 32, &record, sizeof record);
	atomic_store(&ring.shared->head, 32 + heads[_i].published);
	span = look(LOGRING_FILLED);
	assert_next(&span, 'a', 16);
	ck_assert_int_eq(logring_peek(&ring, &span, &record), heads[_i].is_good);
	logring_advance(&ring, &span, span.end);
	look(LOGRING_EMPTY);
}
END_TEST

/* Any bytes in the whole ring, any numbers: nothing outside is read (the pages beside it are
 * not there), and each span ends. */
START_TEST(garbage_is_harmless)
{
	unsigned seed = (unsigned)_i + 1;
	struct logring_record record;
	struct logring_span span;

	for (size_t i = 0; i < LOGRING_BYTES; i++)
		ring.data[i] = (char)rand_r(&seed);
	for (size_t i = 0; i + 16 < LOGRING_BYTES; i += 8)
		if (rand_r(&seed) % 2 == 0) { /* something like a record's head */
			record = (struct logring_record){ (uint16_t)(rand_r(&seed) % 9000),
				0x676c, 1, 1 };
			memcpy(ring.data + i, &record, sizeof record);
		}
	for (int round = 0; round < 100; round++) {
		uint64_t tail = (uint64_t)rand_r(&seed) * 8;

		set_positions(tail, tail + (uint64_t)(rand_r(&seed) % 9000) * 8,
		    (uint64_t)rand_r(&seed));
		if (logring_look(&ring, &span) != LOGRING_FILLED)
			continue;
		while (span.at != span.end && logring_peek(&ring, &span, &record))
			logring_take(&ring, &span, &record, text);
		ck_assert_uint_le(span.at - tail, LOGRING_BYTES);
	}
}
END_TEST

/* ---- a writer that is killed ---- */

static void
write_for_ever(_Atomic uint64_t *published)
{
	char line[300];

	for (uint64_t number = 0;; number++) {
		size_t bytes = (size_t)snprintf(line, sizeof line, "%llu ",
		    (unsigned long long)number);

		memset(line + bytes, 'x', number * 7 % 200);
		bytes += number * 7 % 200;
		while (logring_put(&ring, line, bytes, GENERATION, (int64_t)number) == 0)
			sched_yield();
		atomic_store(published, number + 1);
	}
}

/* Returns the number that is expected next. */
static uint64_t
drain(uint64_t next)
{
	struct logring_record record;
	struct logring_span span;

	while (logring_look(&ring, &span) != LOGRING_EMPTY && span.at - span.end != 0) {
		while (span.at != span.end) {
			ck_assert(logring_peek(&ring, &span, &record));
			logring_take(&ring, &span, &record, text);
			ck_assert_uint_eq(strtoull(text, NULL, 10), next);
			ck_assert_int_eq(record.mono_us, (int64_t)next);
			next++;
		}
		logring_advance(&ring, &span, span.end);
		if (next % 4096 < 200) /* so that the kill comes at any state of the ring */
			break;
	}
	return next;
}

START_TEST(killed_writer_loses_nothing)
{
	_Atomic uint64_t *published = map_shared(sizeof *published);
	uint64_t next = 0, goal = 500 + (uint64_t)_i * 1777;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		write_for_ever(published);
	while (next < goal)
		next = drain(next);
	while (_i % 2 == 1 && atomic_load(published) < next + 100)
		sched_yield();      /* and with records that nobody has looked at */
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	for (struct logring_span span; logring_look(&ring, &span) != LOGRING_EMPTY;)
		next = drain(next);
	/* It may have died after the store that publishes, before that which tells us. */
	ck_assert(next == atomic_load(published) || next == atomic_load(published) + 1);
	logring_adopt(&ring);
	ck_assert_uint_gt(put_letters('z', 10), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("logring");
	TCase *tcase = tcase_create("logring");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_test(tcase, records_come_out_in_order);
	tcase_add_loop_test(tcase, length_has_limits, 0, COUNT_OF(lengths));
	tcase_add_loop_test(tcase, record_goes_round_at_every_offset, 0, 18);
	tcase_add_test(tcase, ring_takes_what_it_can_hold_and_no_more);
	tcase_add_test(tcase, what_is_not_advanced_over_comes_again);
	tcase_add_test(tcase, little_used_ring_touches_few_pages);
	tcase_add_test(tcase, losses_are_told_once);
	tcase_add_loop_test(tcase, positions_are_checked, 0, COUNT_OF(positions));
	tcase_add_loop_test(tcase, next_writer_can_work, 0, COUNT_OF(positions));
	tcase_add_test(tcase, what_a_killed_writer_has_published_stays);
	tcase_add_test(tcase, late_reader_does_not_undo_an_adoption);
	tcase_add_test(tcase, writer_does_not_write_into_a_broken_ring);
	tcase_add_loop_test(tcase, heads_of_records_are_checked, 0, COUNT_OF(heads));
	tcase_add_loop_test(tcase, garbage_is_harmless, 0, 8);
	tcase_add_loop_test(tcase, killed_writer_loses_nothing, 0, 12);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
