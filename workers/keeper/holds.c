/* SPDX-License-Identifier: BSD-2-Clause */
/* Table and lists of held connections. Leaves what is done with them to workers/keeper.c. Pure but
 * for the mapping of its memory, of which only what is used is touched. Rule: a connection is in
 * the list of its state and in no other; lists are sorted by deadline. Shown by test_holds.c. */
#include "workers/keeper/holds.h"

#include <stddef.h>
#include <sys/mman.h>

#include "server/base/log.h"

#define NOBODY (-1)

int
holds_init(struct holds *holds, int cap)
{
	void *all = mmap(NULL, (size_t)cap * sizeof *holds->all, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int state;

	if (all == MAP_FAILED)
		return -1;
	*holds = (struct holds){ .all = all, .cap = cap };
	for (state = 0; state < HOLD_STATE_COUNT; state++)
		holds->oldest[state] = holds->newest[state] = NOBODY;
	return 0;
}

struct hold *
holds_get(const struct holds *holds, int fd)
{
	return fd >= 0 && fd < holds->cap ? &holds->all[fd] : NULL;
}

static void
take_out(struct holds *holds, struct hold *hold)
{
	if (hold->newer != NOBODY)
		holds->all[hold->newer].older = hold->older;
	else
		holds->newest[hold->state] = hold->older;
	if (hold->older != NOBODY)
		holds->all[hold->older].newer = hold->newer;
	else
		holds->oldest[hold->state] = hold->newer;
	holds->counts[hold->state]--;
	holds->count--;
	hold->state = HOLD_NONE;
}

static void
put_in(struct holds *holds, int fd, struct hold *hold)
{
	int older = holds->newest[hold->state], newer = NOBODY;

	while (older != NOBODY && holds->all[older].deadline_mono_ms > hold->deadline_mono_ms) {
		newer = older;
		older = holds->all[older].older;
	}
	hold->older = older;
	hold->newer = newer;
	if (older != NOBODY)
		holds->all[older].newer = fd;
	else
		holds->oldest[hold->state] = fd;
	if (newer != NOBODY)
		holds->all[newer].older = fd;
	else
		holds->newest[hold->state] = fd;
	holds->counts[hold->state]++;
	holds->count++;
}

void
holds_move(struct holds *holds, int fd, enum hold_state state, int64_t deadline_ms)
{
	struct hold *hold = holds_get(holds, fd);

	bug_if(hold == NULL, "a descriptor that cannot be held");
	if (hold->state == state && hold->deadline_mono_ms == deadline_ms)
		return;             /* nothing else may be cheap for one that is sent by the byte */
	if (hold->state != HOLD_NONE)
		take_out(holds, hold);
	if (state == HOLD_NONE)
		return;
	hold->state = state;
	hold->deadline_mono_ms = deadline_ms;
	put_in(holds, fd, hold);
}

int
holds_oldest(const struct holds *holds, enum hold_state state)
{
	return holds->oldest[state];
}

int64_t
holds_next_deadline(const struct holds *holds)
{
	int64_t next_ms = INT64_MAX;
	int state;

	for (state = 0; state < HOLD_STATE_COUNT; state++) {
		int fd = holds->oldest[state];

		if (fd != NOBODY && holds->all[fd].deadline_mono_ms < next_ms)
			next_ms = holds->all[fd].deadline_mono_ms;
	}
	return next_ms;
}
