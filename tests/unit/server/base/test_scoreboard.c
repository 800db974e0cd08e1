/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/scoreboard.c: slots are handed out once, a worker keeps its own pages and no others,
 * a ring outlives who had it, and what the master copies out of a slot is sound whatever the
 * worker wrote there. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/scoreboard.h"
#include "tests/lib/process.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define SEVERAL 600

static struct scoreboard *board;

static void
open_board(void)
{
	board = scoreboard_new();
	ck_assert_ptr_nonnull(board);
}

static void
close_board(void)
{
	scoreboard_free(&board);
	ck_assert_ptr_null(board);
	scoreboard_free(&board);    /* accepts NULL */
}

START_TEST(each_slot_is_claimed_once)
{
	bool is_taken[SEVERAL] = { false };

	for (uint32_t i = 0; i < SEVERAL; i++) {
		uint32_t index = scoreboard_claim(board, 3, i % 5);
		const struct scoreboard_slot *slot = scoreboard_slot(board, index);

		ck_assert_uint_lt(index, SEVERAL); /* the lowest that are free */
		ck_assert(!is_taken[index]);
		is_taken[index] = true;
		ck_assert_int_eq(slot_get_phase(slot), SLOT_STARTING);
		ck_assert_uint_eq(slot->generation, 3);
		ck_assert_uint_eq(slot->socket_index, i % 5);
	}
}
END_TEST

START_TEST(released_slot_comes_back_clean)
{
	uint32_t first = scoreboard_claim(board, 1, 1), second = scoreboard_claim(board, 1, 1);
	struct scoreboard_slot *slot = scoreboard_slot(board, second);
	struct slot_request request;

	slot_set_phase(slot, SLOT_SENDING, 5);
	slot_set_request(slot, "GET", 3, "/", 1);
	slot->request_count = slot->connection_count = slot->sent_bytes = 9;
	slot_set_client_key(slot, 9);
	slot->held_count = 9;
	slot->request_sequence |= 1; /* it died while it wrote */
	scoreboard_release(board, second);
	ck_assert_int_eq(slot_get_phase(slot), SLOT_FREE);
	ck_assert_uint_eq(scoreboard_claim(board, 2, 0), second);
	ck_assert_int_eq(slot_get_phase(slot), SLOT_STARTING);
	ck_assert_uint_eq(slot->generation, 2);
	ck_assert_uint_eq(slot->request_count + slot->connection_count + slot->sent_bytes, 0);
	ck_assert_uint_eq(slot->request_sequence, 0);
	ck_assert_uint_eq(slot_get_client_key(slot), 0); /* or another's count would go down */
	ck_assert_uint_eq(slot->held_count, 0);
	slot_copy_request(slot, &request);
	ck_assert_str_eq(request.method, "");
	ck_assert_uint_ne(first, second);
}
END_TEST

/* What a worker that was killed has published is read by the logger later. */
START_TEST(ring_outlives_its_slot)
{
	uint32_t index = scoreboard_claim(board, 1, 1);
	struct logring ring, again;

	scoreboard_ring(board, index, &ring);
	ck_assert_uint_eq(ring.shared->head + ring.shared->tail + ring.shared->origin, 0);
	ring.shared->head = 4096;
	ring.shared->tail = 8;
	ring.shared->origin = 16;
	ring.shared->lost_count = 3;
	ring.data[0] = 'x';
	ring.data[LOGRING_BYTES - 1] = 'y';
	scoreboard_release(board, index);
	ck_assert_uint_eq(scoreboard_claim(board, 2, 0), index);
	scoreboard_ring(board, index, &again);
	ck_assert_ptr_eq(again.data, ring.data);
	ck_assert_uint_eq(again.shared->head, 4096);
	ck_assert_uint_eq(again.shared->tail, 8);
	ck_assert_uint_eq(again.shared->origin, 16);
	ck_assert_uint_eq(again.shared->lost_count, 3);
	ck_assert_int_eq(again.data[0], 'x');
	ck_assert_int_eq(again.data[LOGRING_BYTES - 1], 'y');
}
END_TEST

/* So far the logger looks, and no further. */
START_TEST(count_is_of_slots_ever_claimed)
{
	uint32_t first;

	ck_assert_uint_eq(scoreboard_slot_count(board), 0);
	first = scoreboard_claim(board, 1, 0);
	(void)scoreboard_claim(board, 1, 0);
	ck_assert_uint_eq(scoreboard_slot_count(board), 2);
	scoreboard_release(board, first);
	ck_assert_uint_eq(scoreboard_slot_count(board), 2);
	(void)scoreboard_claim(board, 1, 0);
	ck_assert_uint_eq(scoreboard_slot_count(board), 2);
	scoreboard_header(board)->slot_high = UINT32_MAX; /* whoever has spoilt it */
	ck_assert_uint_le(scoreboard_slot_count(board), SCOREBOARD_SLOT_MAX);
}
END_TEST

/* A worker's writes to its own cache lines and pages slow nobody else down. */
START_TEST(parts_lie_apart)
{
	uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	uint32_t a = scoreboard_claim(board, 1, 0), b = scoreboard_claim(board, 1, 0);
	uintptr_t slot_a = (uintptr_t)scoreboard_slot(board, a);
	uintptr_t slot_b = (uintptr_t)scoreboard_slot(board, b);
	uintptr_t line_0 = (uintptr_t)scoreboard_socket(board, 0);
	uintptr_t line_1 = (uintptr_t)scoreboard_socket(board, 1);
	struct logring ring;

	ck_assert_uint_eq(slot_a % page_bytes, 0);
	ck_assert_uint_ge(slot_a < slot_b ? slot_b - slot_a : slot_a - slot_b,
	    page_bytes + LOGRING_BYTES);
	ck_assert_uint_eq((uintptr_t)&scoreboard_slot(board, a)->ring % 64, 0);
	scoreboard_ring(board, a, &ring);
	ck_assert_uint_eq((uintptr_t)ring.data, slot_a + page_bytes);
	ck_assert_uint_eq(line_0 % 64, 0);
	ck_assert_uint_eq(line_1 - line_0, 64);
	ck_assert_uint_ne(line_0 / page_bytes, (uintptr_t)scoreboard_header(board) / page_bytes);
	ck_assert_uint_lt((uintptr_t)scoreboard_socket(board, SCOREBOARD_SOCKET_MAX - 1) + 63,
	    (uintptr_t)scoreboard_slot(board, 0));
}
END_TEST

START_TEST(child_and_parent_see_the_same)
{
	uint32_t index = scoreboard_claim(board, 1, 0);
	struct scoreboard_slot *slot = scoreboard_slot(board, index);
	pid_t pid = fork();

	if (pid == 0) {
		slot_set_phase(slot, SLOT_KEEPALIVE, 1234567);
		slot_set_client(slot, "192.0.2.1");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(slot_get_phase(slot), SLOT_KEEPALIVE);
	ck_assert_int_eq(slot->phase_since_mono_ms, 1234567);
	ck_assert_str_eq(slot->request.client, "192.0.2.1");
}
END_TEST

/* The system is asked, since a wrong access would end the process: the bytes of a pipe are
 * read into place (is it writable?) or written from there (readable?). */
static bool
may(long call, void *at)
{
	int ends[2];
	bool result;

	if (pipe(ends) < 0 || syscall(SYS_write, ends[1], "", 1) != 1)
		_exit(99);
	result = syscall(call, ends[call == SYS_write], at, 1) == 1;
	if (!result && errno != EFAULT)
		_exit(98);
	close(ends[0]);
	close(ends[1]);
	return result;
}

#define GENERATION 7
#define MARK 'x'

static const uint32_t own_slots[] = { 0, 1, 130, 255, 256, SEVERAL - 1 };

static int
look_after_keeping(uint32_t own, void *slots[SEVERAL])
{
	struct scoreboard_header *writable = scoreboard_header(board);
	struct scoreboard_socket *lines = scoreboard_socket(board, 0);
	struct scoreboard *kept = scoreboard_keep_only(board, own);
	struct scoreboard_slot *slot;
	struct logring ring;

	if (kept == NULL)
		return 1;
	for (uint32_t i = 0; i < SEVERAL; i++)
		if (may(SYS_write, slots[i]) || may(SYS_read, slots[i]))
			return 2;
	if (may(SYS_write, writable) || may(SYS_write, lines))
		return 3;
	if (!may(SYS_write, scoreboard_header(kept)) || may(SYS_read, scoreboard_header(kept)))
		return 4;
	if (!may(SYS_read, scoreboard_socket(kept, 0)) ||
	    !may(SYS_read, scoreboard_socket(kept, SCOREBOARD_SOCKET_MAX - 1)))
		return 5;
	slot = scoreboard_slot(kept, own);
	scoreboard_ring(kept, own, &ring);
	if (!may(SYS_read, slot) || !may(SYS_read, ring.data) ||
	    !may(SYS_read, ring.data + LOGRING_BYTES - 1) ||
	    may(SYS_write, ring.data + LOGRING_BYTES))
		return 6;
	if (slot->generation != GENERATION + own)
		return 7;
	slot_set_phase(slot, SLOT_SENDING, own);
	ring.data[0] = MARK;
	return 0;
}

START_TEST(worker_keeps_its_own_pages_only)
{
	uint32_t own = own_slots[_i];
	void *slots[SEVERAL];
	struct logring ring;
	pid_t pid;
	int status;

	for (uint32_t i = 0; i < SEVERAL; i++)
		(void)scoreboard_claim(board, GENERATION + i, 0);
	for (uint32_t i = 0; i < SEVERAL; i++)
		slots[i] = scoreboard_slot(board, i);
	pid = fork();
	if (pid == 0)
		_exit(look_after_keeping(own, slots));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	/* To the master all of it is still there. */
	for (uint32_t i = 0; i < SEVERAL; i++) {
		scoreboard_ring(board, i, &ring);
		ck_assert_int_eq(slot_get_phase(slots[i]), i == own ? SLOT_SENDING :
		    SLOT_STARTING);
		ck_assert_int_eq(ring.data[0], i == own ? MARK : 0);
	}
}
END_TEST

static int
look_in_logger(void *slots[SEVERAL])
{
	struct logring ring;

	if (scoreboard_keep_for_logger(board) < 0)
		return 1;
	for (uint32_t i = 0; i < SEVERAL; i++) {
		scoreboard_ring(board, i, &ring);
		if (!may(SYS_read, slots[i]) || !may(SYS_read, ring.data + LOGRING_BYTES - 1))
			return 2;
	}
	if (may(SYS_write, scoreboard_socket(board, 0)))
		return 3;
	if (scoreboard_slot_count(board) != SEVERAL)
		return 4;
	scoreboard_header(board)->logger_sleeps = 1;
	return 0;
}

static void
run_logger(void *slots[SEVERAL])
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(look_in_logger(slots));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* And what it says in the header a worker sees, as far as it was forked before. */
START_TEST(logger_keeps_all_rings)
{
	void *slots[SEVERAL];
	int ends[2], status;
	pid_t worker;
	char byte;

	for (uint32_t i = 0; i < SEVERAL; i++)
		slots[i] = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	ck_assert_int_eq(pipe(ends), 0);
	worker = fork();
	if (worker == 0) {
		close(ends[1]);
		board = scoreboard_keep_only(board, 0);
		_exit(board == NULL || read(ends[0], &byte, 1) != 0 ||
		    scoreboard_header(board)->logger_sleeps != 1);
	}
	run_logger(slots);
	close(ends[1]);
	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Ten thousand workers that never wrote a record take the memory of their slots. */
START_TEST(untouched_rings_take_no_memory)
{
	struct logring ring;
	unsigned char is_there[LOGRING_BYTES / 4096];
	uint32_t index = scoreboard_claim(board, 1, 0);

	scoreboard_ring(board, index, &ring);
	ck_assert_int_eq(mincore(ring.data, LOGRING_BYTES, is_there), 0);
	for (size_t i = 0; i < LOGRING_BYTES / (size_t)sysconf(_SC_PAGESIZE); i++)
		ck_assert_int_eq(is_there[i] & 1, 0);
}
END_TEST

/* With `ulimit -v` or `ulimit -f` there is room for fewer, and an end. */
START_TEST(less_room_means_fewer_slots)
{
	const struct rlimit limit = { 64 << 20, 64 << 20 };
	uint32_t count = 0;

	close_board();
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	open_board();
	while (scoreboard_claim(board, 1, 0) != SCOREBOARD_SLOT_NONE)
		count++;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_ge(count, 256);
	ck_assert_uint_le(count, (64u << 20) / LOGRING_BYTES);
	scoreboard_release(board, 7);
	ck_assert_uint_eq(scoreboard_claim(board, 1, 0), 7);
}
END_TEST

/* The board grows under workers that were forked before. */
START_TEST(board_grows_under_a_worker)
{
	uint32_t index = scoreboard_claim(board, 1, 0);
	struct scoreboard_slot *slot = scoreboard_slot(board, index);
	int ends[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 0) /* until the parent has let go */
			_exit(1);
		slot_set_phase(slot, SLOT_IDLE, 1);
		_exit(0);
	}
	for (int i = 0; i < SEVERAL; i++)
		ck_assert_uint_ne(scoreboard_claim(board, 1, 0), SCOREBOARD_SLOT_NONE);
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(slot_get_phase(slot), SLOT_IDLE);
}
END_TEST

START_TEST(phase_is_never_out_of_range)
{
	struct scoreboard_slot *slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));

	for (uint32_t phase = 0; phase < SLOT_PHASE_COUNT; phase++) {
		slot->phase = phase;
		ck_assert_uint_eq(slot_get_phase(slot), phase);
		ck_assert_str_ne(slot_phase_name((enum slot_phase)phase), "unknown");
	}
	for (uint32_t phase = SLOT_PHASE_COUNT; phase != 0; phase *= 2) {
		slot->phase = phase;
		ck_assert_uint_lt((uint32_t)slot_get_phase(slot), SLOT_PHASE_COUNT);
	}
	ck_assert_str_eq(slot_phase_name(SLOT_KEEPALIVE), "keep-alive");
	ck_assert_str_eq(slot_phase_name((enum slot_phase)99), "unknown");
}
END_TEST

START_TEST(notes_are_cut_where_too_long)
{
	struct scoreboard_slot *slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	char longer[1000];
	struct slot_request request;

	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	slot_set_client(slot, longer);
	slot_set_request(slot, longer, sizeof longer, longer, sizeof longer);
	slot_copy_request(slot, &request);
	ck_assert_uint_eq(strlen(request.method), sizeof request.method - 1);
	ck_assert_uint_eq(strlen(request.target), sizeof request.target - 1);
	ck_assert_uint_eq(strlen(request.client), sizeof request.client - 1);
	slot_set_client(slot, "::1");
	slot_set_request(slot, "GETx", 3, "/ax", 2);
	slot_copy_request(slot, &request);
	ck_assert_str_eq(request.method, "GET");
	ck_assert_str_eq(request.target, "/a");
	ck_assert_str_eq(request.client, "::1");
	slot_clear_request(slot);
	slot_copy_request(slot, &request);
	ck_assert_str_eq(request.method, "");
	ck_assert_str_eq(request.target, "");
	ck_assert_str_eq(request.client, "::1");
	slot_set_request(slot, "GET", 3, "/a", 2);
	slot_set_client(slot, "::2"); /* the next client: nothing of the last one's */
	slot_copy_request(slot, &request);
	ck_assert_str_eq(request.method, "");
	ck_assert_str_eq(request.client, "::2");
}
END_TEST

/* A worker that lies, or died half-way: terminated, and the master comes back. */
START_TEST(hostile_slot_is_copied_soundly)
{
	struct scoreboard_slot *slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	struct slot_request request;

	memset(&slot->request, 'x', sizeof slot->request);
	slot->request_sequence = (uint32_t)_i;
	slot_copy_request(slot, &request);
	ck_assert_uint_eq(strlen(request.method), sizeof request.method - 1);
	ck_assert_uint_eq(strlen(request.target), sizeof request.target - 1);
	ck_assert_uint_eq(strlen(request.client), sizeof request.client - 1);
}
END_TEST

/* A reader may rely on it: odd means half-way, and another number means another text. */
START_TEST(sequence_tells_of_a_change)
{
	struct scoreboard_slot *slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	uint32_t before = slot->request_sequence;

	ck_assert_uint_eq(before % 2, 0);
	slot_set_client(slot, "::1");
	ck_assert_uint_eq(slot->request_sequence, before + 2);
	slot_set_request(slot, "GET", 3, "/", 1);
	ck_assert_uint_eq(slot->request_sequence, before + 4);
	slot_clear_request(slot);
	ck_assert_uint_eq(slot->request_sequence, before + 6);
}
END_TEST

static void
use_a_slot_that_is_not(void)
{
	(void)scoreboard_slot(board, SCOREBOARD_SLOT_MAX);
}

static void
use_a_line_that_is_not(void)
{
	(void)scoreboard_socket(board, SCOREBOARD_SOCKET_MAX);
}

static void
release_twice(void)
{
	struct scoreboard *own = scoreboard_new(); /* a child has no part in who has which slot */
	uint32_t index = scoreboard_claim(own, 1, 0);

	scoreboard_release(own, index);
	scoreboard_release(own, index);
}

START_TEST(wrong_use_is_a_bug)
{
	static void (*const uses[])(void) = {
		use_a_slot_that_is_not, use_a_line_that_is_not, release_twice,
	};

	ck_assert(process_aborts(uses[_i]));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scoreboard");
	TCase *tcase = tcase_create("scoreboard");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_board, close_board);
	tcase_add_test(tcase, each_slot_is_claimed_once);
	tcase_add_test(tcase, released_slot_comes_back_clean);
	tcase_add_test(tcase, parts_lie_apart);
	tcase_add_test(tcase, child_and_parent_see_the_same);
	tcase_add_loop_test(tcase, worker_keeps_its_own_pages_only, 0, COUNT_OF(own_slots));
	tcase_add_test(tcase, ring_outlives_its_slot);
	tcase_add_test(tcase, count_is_of_slots_ever_claimed);
	tcase_add_test(tcase, logger_keeps_all_rings);
	tcase_add_test(tcase, untouched_rings_take_no_memory);
	tcase_add_test(tcase, less_room_means_fewer_slots);
	tcase_add_test(tcase, board_grows_under_a_worker);
	tcase_add_test(tcase, phase_is_never_out_of_range);
	tcase_add_test(tcase, notes_are_cut_where_too_long);
	tcase_add_loop_test(tcase, hostile_slot_is_copied_soundly, 0, 2);
	tcase_add_test(tcase, sequence_tells_of_a_change);
	tcase_add_loop_test(tcase, wrong_use_is_a_bug, 0, 3);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
