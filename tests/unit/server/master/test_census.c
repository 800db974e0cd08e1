/* SPDX-License-Identifier: BSD-2-Clause */
/* server/master/census.c and aides.c: whom the master counts as what, and what room that leaves.
 * Children are rows in a table here, and nobody is forked. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/master/state.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LINE 3u                     /* of the one socket that listens */
#define NOW 7u                      /* generation in force */
#define MAX_WORKERS 10u

static struct master master;
static struct generation generation;
static struct config config;
static struct config_listener wanted;
static struct listener listeners[2];
static struct census census;

static void
open_master(void)
{
	memset(&master, 0, sizeof master);
	memset(&generation, 0, sizeof generation);
	memset(&config, 0, sizeof config);
	memset(listeners, 0, sizeof listeners);
	config.pool.max_worker_count = MAX_WORKERS;
	config.listener_count = 1;
	config.keepalive.keeper_count = 2;
	listeners[0].wanted = &wanted;
	listeners[0].socket_index = LINE;
	listeners[1].socket_index = SCOREBOARD_HANDOVER_LINE;
	listeners[0].fd = -1;
	generation.number = NOW;
	generation.config = &config;
	generation.listeners = listeners;
	generation.pool_count = 2;
	generation.access_log = (struct log_sink){ LOG_SINK_FD, 2 };
	master.generation = &generation;
	master.phase = MASTER_RUNNING;
	ck_assert_int_eq(aides_open(&master), 0);
	listeners[1].fd = master.aides.handed_fd;
	master.scoreboard = scoreboard_new();
	ck_assert_ptr_nonnull(master.scoreboard);
	ck_assert_int_eq(child_table_reserve(&master.table, 100), 0);
}

static void
close_master(void)
{
	aides_close(&master);
	scoreboard_free(&master.scoreboard);
	child_table_fini(&master.table);
}

static struct child *
add(enum inherit_role role, uint32_t line, uint32_t number, enum slot_phase phase)
{
	uint32_t slot_index = scoreboard_claim(master.scoreboard, number, line);
	struct child *child = child_table_add(&master.table, (pid_t)slot_index + 1, role);

	child->slot_index = slot_index;
	child->socket_index = line;
	child->generation = number;
	slot_set_phase(scoreboard_slot(master.scoreboard, slot_index), phase, 1);
	return child;
}

static void
add_workers(uint32_t line, enum slot_phase phase, unsigned count)
{
	while (count-- > 0)
		(void)add(INHERIT_WORKER, line, NOW, phase);
}

START_TEST(each_kind_is_counted_as_what_it_is)
{
	add_workers(LINE, SLOT_IDLE, 2);
	add_workers(LINE, SLOT_KEEPALIVE, 1);
	add_workers(SCOREBOARD_HANDOVER_LINE, SLOT_IDLE, 1);
	add_workers(SCOREBOARD_HANDOVER_LINE, SLOT_STARTING, 1);
	(void)add(INHERIT_WORKER, LINE, NOW - 1, SLOT_IDLE);
	(void)add(INHERIT_KEEPER, SCOREBOARD_HANDOVER_LINE, NOW, SLOT_HOLDING);
	(void)add(INHERIT_KEEPER, SCOREBOARD_HANDOVER_LINE, NOW, SLOT_STARTING);
	(void)add(INHERIT_KEEPER, SCOREBOARD_HANDOVER_LINE, NOW - 1, SLOT_HOLDING);
	add(INHERIT_KEEPER, SCOREBOARD_HANDOVER_LINE, NOW, SLOT_HOLDING)->is_retiring = true;
	(void)add(INHERIT_LOGGER, SCOREBOARD_HANDOVER_LINE, NOW, SLOT_HOLDING);
	(void)add(INHERIT_SIGNER, SCOREBOARD_HANDOVER_LINE, NOW - 1, SLOT_HOLDING);
	census_take(&master, 1000, true, &census);
	ck_assert_uint_eq(census.active_count, 5);
	ck_assert_uint_eq(census.retiring_count, 1);
	ck_assert_uint_eq(census.starting_count, 1);
	ck_assert_uint_eq(census.pools[0].idle, 2);
	ck_assert_uint_eq(census.pools[0].busy, 1);
	ck_assert_uint_eq(census.pools[1].idle, 1);
	ck_assert_uint_eq(census.pools[1].starting, 1);
	ck_assert_uint_eq(census.pools[1].busy, 0);
	ck_assert_uint_eq(census.keeper_count, 2);
	ck_assert_uint_eq(census.keeper_ready_count, 1);
	ck_assert(census.logger_is_ready);
	ck_assert(!census.signer_is_ready); /* that of the old configuration is none of this one */
	ck_assert_uint_eq(census.pools[0].room_count, MAX_WORKERS - 5);
	(void)add(INHERIT_SIGNER, SCOREBOARD_HANDOVER_LINE, NOW, SLOT_STARTING);
	census_take(&master, 1000, true, &census);
	ck_assert(!census.signer_is_ready);
	(void)add(INHERIT_SIGNER, SCOREBOARD_HANDOVER_LINE, NOW, SLOT_HOLDING);
	census_take(&master, 1000, true, &census);
	ck_assert(census.signer_is_ready);
	ck_assert_uint_eq(census.active_count, 5);
}
END_TEST

/* The last places are for a socket that has nobody. */
static const struct {
	unsigned here, there;       /* workers of each */
	unsigned here_room, there_room;
} rooms[] = {
	{ 9, 0, 0, 1 }, { 8, 0, 1, 2 }, { 8, 1, 1, 1 }, { 10, 0, 0, 0 }, { 0, 9, 1, 0 },
	{ 0, 0, 10, 10 },
};

START_TEST(last_place_is_for_who_has_none)
{
	add_workers(LINE, SLOT_SENDING, rooms[_i].here);
	add_workers(SCOREBOARD_HANDOVER_LINE, SLOT_SENDING, rooms[_i].there);
	census_take(&master, 1000, false, &census);
	ck_assert_uint_eq(census.pools[0].room_count, rooms[_i].here_room);
	ck_assert_uint_eq(census.pools[1].room_count, rooms[_i].there_room);
}
END_TEST

/* Bytes in messages, as the kernel tells them, become connections. */
static const struct {
	unsigned messages, bytes, length;
} queues[] = {
	{ 0, 0, 0 }, { 1, 1, 1 }, { 1, 1023, 1 }, { 1, 1024, 1 }, { 1, 4096, 4 }, { 5, 1024, 5 },
	{ 3, 1100, 3 },
};

START_TEST(handover_queue_is_measured)
{
	static const char bytes[4096];

	for (unsigned i = 0; i < queues[_i].messages; i++)
		ck_assert_int_eq(send(master.aides.handover_fd, bytes, queues[_i].bytes,
		    MSG_DONTWAIT), (ssize_t)queues[_i].bytes);
	census_take(&master, 1000, false, &census);
	ck_assert_uint_eq(census.pools[1].queued_count, queues[_i].length);
}
END_TEST

/* So many connections may wait that nobody meets the end of the queue in practice. */
START_TEST(queues_are_long)
{
	static const char bytes[64];
	unsigned count = 0;

	while (count < 150 && send(master.aides.park_fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		count++;
	ck_assert_uint_eq(count, 150);
	for (count = 0; count < 150 &&
	    send(master.aides.handover_fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; count++)
		;
	ck_assert_uint_eq(count, 150);
}
END_TEST

static const struct {
	enum inherit_role role;
	unsigned keeper_count;
	bool has_log;
	bool parks, takes_parked, hands_over, wakes_logger;
} fills[] = {
	{ INHERIT_WORKER, 2, true, true, false, false, true },
	{ INHERIT_WORKER, 0, true, false, false, false, true },
	{ INHERIT_WORKER, 2, false, true, false, false, false },
	{ INHERIT_KEEPER, 2, true, true, true, true, true },
	{ INHERIT_LOGGER, 2, true, false, false, false, true },
	{ INHERIT_SIGNER, 2, true, false, false, false, false },
};

START_TEST(role_decides_what_is_inherited)
{
	struct inheritance own = { .role = fills[_i].role };

	config.keepalive.keeper_count = fills[_i].keeper_count;
	generation.access_log.kind = fills[_i].has_log ? LOG_SINK_FD : LOG_SINK_NONE;
	aides_fill(&master, &own);
	ck_assert_int_eq(own.park_fd, fills[_i].parks ? master.aides.park_fd : -1);
	ck_assert_int_eq(own.parked_fd, fills[_i].takes_parked ? master.aides.parked_fd : -1);
	ck_assert_int_eq(own.handover_fd, fills[_i].hands_over ? master.aides.handover_fd : -1);
	ck_assert_int_eq(own.log_wake_fd, fills[_i].wakes_logger ? master.aides.log_wake_fd : -1);
}
END_TEST

/* Who takes what keepers hand on stays as long as there is one. */
static const struct {
	enum master_phase phase;
	unsigned keeper_count;      /* of the configuration in force */
	enum inherit_role role;
	uint32_t line;
	bool has_keeper, is_kept;
} leaves[] = {
	{ MASTER_DRAINING, 2, INHERIT_WORKER, SCOREBOARD_HANDOVER_LINE, true, true },
	{ MASTER_DRAINING, 2, INHERIT_WORKER, SCOREBOARD_HANDOVER_LINE, false, false },
	{ MASTER_DRAINING, 2, INHERIT_WORKER, LINE, true, false },
	{ MASTER_DRAINING, 2, INHERIT_KEEPER, SCOREBOARD_HANDOVER_LINE, true, false },
	{ MASTER_RUNNING, 2, INHERIT_WORKER, SCOREBOARD_HANDOVER_LINE, true, false },
	{ MASTER_RUNNING, 0, INHERIT_WORKER, SCOREBOARD_HANDOVER_LINE, true, true },
};

START_TEST(hand_over_goes_behind_the_keepers)
{
	const struct child *child = add(leaves[_i].role, leaves[_i].line, NOW - 1, SLOT_IDLE);

	if (leaves[_i].has_keeper)
		(void)add(INHERIT_KEEPER, SCOREBOARD_HANDOVER_LINE, NOW - 1, SLOT_HOLDING);
	child = &master.table.children[0];
	master.phase = leaves[_i].phase;
	config.keepalive.keeper_count = leaves[_i].keeper_count;
	ck_assert_int_eq(aides_keep_back(&master, child), leaves[_i].is_kept);
}
END_TEST

static const struct {
	enum master_phase phase;
	unsigned keeper_count;
	uint32_t takes_parked, is_draining;
} phases[] = {
	{ MASTER_STARTING, 2, NOW, 0 }, { MASTER_RUNNING, 2, NOW, 0 },
	{ MASTER_RUNNING, 0, 0, 0 },
	{ MASTER_DRAINING, 2, 0, 1 }, { MASTER_STOPPING, 2, 0, 1 },
};

START_TEST(children_are_told_what_becomes_of_parked_ones)
{
	const struct scoreboard_header *header = scoreboard_header(master.scoreboard);

	master.phase = phases[_i].phase;
	config.keepalive.keeper_count = phases[_i].keeper_count;
	aides_announce(&master);
	ck_assert_uint_eq(header->takes_parked, phases[_i].takes_parked);
	ck_assert_uint_eq(header->is_draining, phases[_i].is_draining);
}
END_TEST

START_TEST(ready_means_all_are_at_work)
{
	census.keeper_ready_count = 1;
	census.logger_is_ready = true;
	ck_assert(!aides_are_ready(&master, &census));
	census.keeper_ready_count = 2;
	ck_assert(aides_are_ready(&master, &census));
	census.logger_is_ready = false; /* a reload does not wait for it, a start does */
	ck_assert(aides_are_ready(&master, &census));
	master.phase = MASTER_STARTING;
	ck_assert(!aides_are_ready(&master, &census));
	generation.access_log.kind = LOG_SINK_NONE;
	ck_assert(aides_are_ready(&master, &census));
	generation.credentials.key_count = 1; /* there is TLS: start and reload wait for a signer */
	ck_assert(!aides_are_ready(&master, &census));
	master.phase = MASTER_RUNNING;
	ck_assert(!aides_are_ready(&master, &census));
	census.signer_is_ready = true;
	ck_assert(aides_are_ready(&master, &census));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("census");
	TCase *tcase = tcase_create("census");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, open_master, close_master);
	tcase_add_test(tcase, each_kind_is_counted_as_what_it_is);
	tcase_add_loop_test(tcase, last_place_is_for_who_has_none, 0, COUNT_OF(rooms));
	tcase_add_loop_test(tcase, handover_queue_is_measured, 0, COUNT_OF(queues));
	tcase_add_test(tcase, queues_are_long);
	tcase_add_loop_test(tcase, role_decides_what_is_inherited, 0, COUNT_OF(fills));
	tcase_add_loop_test(tcase, hand_over_goes_behind_the_keepers, 0, COUNT_OF(leaves));
	tcase_add_loop_test(tcase, children_are_told_what_becomes_of_parked_ones, 0,
	    COUNT_OF(phases));
	tcase_add_test(tcase, ready_means_all_are_at_work);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
