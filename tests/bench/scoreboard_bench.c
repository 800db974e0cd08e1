/* SPDX-License-Identifier: BSD-2-Clause */
/* What operations of the scoreboard take with few and with many slots, for bench.py: a line of
 * JSON for each number of slots, times in ns. claim and release: of the same few slots, anywhere
 * among all that are taken, which is the search alone; claim_any and release_any: of others each
 * time, whose pages the CPU's caches have lost when there are many; census: for each slot, what
 * the master reads of it at a look. Each figure is the least of several passes, so that what else
 * the machine does is left out. Leaves to test_scoreboard.c whether they are right. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/base/scoreboard.h"

#define BATCH_COUNT 16u             /* operations between two looks at the clock */
#define BATCHES_COUNT 10000u        /* of a pass */
#define CENSUS_SLOTS_COUNT 1000000u /* looked at in a pass */
#define PASSES_COUNT 15

struct times {                      /* ns for one; 0: not measured yet */
	double claim, release, claim_any, release_any, census;
};

struct subject {
	struct scoreboard *board;
	uint32_t *slots;            /* all that are taken */
	uint32_t count;
	struct times least;
};

static const uint32_t slot_counts[] = { 100, 10000 };
#define SUBJECTS_COUNT (sizeof slot_counts / sizeof slot_counts[0])

static double
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Small and the same in each run: xorshift. */
static uint32_t
next_random(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static uint32_t
claim(struct scoreboard *board)
{
	uint32_t slot_index = scoreboard_claim(board, 1, 0);

	if (slot_index == SCOREBOARD_SLOT_NONE) {
		perror("scoreboard_claim");
		exit(1);
	}
	return slot_index;
}

static void
keep_least(double *least, double value)
{
	if (*least == 0 || value < *least)
		*least = value;
}

/* The first BATCH_COUNT are drawn from all. */
static void
shuffle(uint32_t *slots, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < BATCH_COUNT; i++) {
		uint32_t other = i + next_random() % (count - i), slot = slots[i];

		slots[i] = slots[other];
		slots[other] = slot;
	}
}

static void
measure_turnover(struct subject *subject, bool is_any, double *least_claim,
    double *least_release)
{
	struct scoreboard *board = subject->board;
	uint32_t *slots = subject->slots, count = subject->count;
	double release_ns = 0, claim_ns = 0, start_ns, middle_ns;
	uint32_t batch, i;

	shuffle(slots, count);
	for (batch = 0; batch < BATCHES_COUNT; batch++) {
		if (is_any)
			shuffle(slots, count);
		start_ns = now_ns();
		for (i = 0; i < BATCH_COUNT; i++)
			scoreboard_release(board, slots[i]);
		middle_ns = now_ns();
		for (i = 0; i < BATCH_COUNT; i++)
			slots[i] = claim(board);
		claim_ns += now_ns() - middle_ns;
		release_ns += middle_ns - start_ns;
	}
	keep_least(least_release, release_ns / ((double)BATCHES_COUNT * BATCH_COUNT));
	keep_least(least_claim, claim_ns / ((double)BATCHES_COUNT * BATCH_COUNT));
}

static void
measure_census(const struct subject *subject, double *least)
{
	uint32_t count = subject->count;
	volatile uint64_t sink;
	uint64_t sum = 0;
	uint32_t looks = CENSUS_SLOTS_COUNT / count, look, i;
	double start_ns = now_ns();

	for (look = 0; look < looks; look++) {
		for (i = 0; i < count; i++) {
			const struct scoreboard_slot *slot = scoreboard_slot(subject->board,
			    subject->slots[i]);

			sum += (uint64_t)slot_get_phase(slot) +
			    atomic_load_explicit(&slot->connection_count, memory_order_relaxed);
		}
	}
	keep_least(least, (now_ns() - start_ns) / ((double)looks * count));
	sink = sum;
	(void)sink;
}

/* A board with so many slots taken. */
static int
prepare(struct subject *subject, uint32_t count)
{
	uint32_t i;

	subject->count = count;
	subject->board = scoreboard_new();
	subject->slots = calloc(count, sizeof *subject->slots);
	if (subject->board == NULL || subject->slots == NULL) {
		perror("scoreboard_bench");
		return -1;
	}
	for (i = 0; i < count; i++)
		subject->slots[i] = claim(subject->board);
	return 0;
}

static void
measure(struct subject *subject)
{
	struct times *least = &subject->least;

	measure_turnover(subject, false, &least->claim, &least->release);
	measure_turnover(subject, true, &least->claim_any, &least->release_any);
	measure_census(subject, &least->census);
}

static void
print(const struct subject *subject)
{
	const struct times *least = &subject->least;

	(void)printf("{\"slots\": %u, \"claim_ns\": %.2f, \"release_ns\": %.2f, "
	    "\"claim_any_ns\": %.2f, \"release_any_ns\": %.2f, \"census_ns\": %.2f}\n",
	    subject->count, least->claim, least->release, least->claim_any, least->release_any,
	    least->census);
}

int
main(void)
{
	struct subject subjects[SUBJECTS_COUNT] = { { 0 } };
	int status = 0, pass;
	size_t i;

	for (i = 0; i < SUBJECTS_COUNT && status == 0; i++)
		status = prepare(&subjects[i], slot_counts[i]) < 0;
	for (pass = 0; pass < PASSES_COUNT && status == 0; pass++)
		for (i = 0; i < SUBJECTS_COUNT; i++) /* in turns: both meet the same machine */
			measure(&subjects[i]);
	for (i = 0; i < SUBJECTS_COUNT; i++) {
		if (status == 0)
			print(&subjects[i]);
		free(subjects[i].slots);
		scoreboard_free(&subjects[i].board);
	}
	return status;
}
