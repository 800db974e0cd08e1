/* SPDX-License-Identifier: BSD-2-Clause */
/* Signers: one for each generation with TLS, as long as workers of that generation may ask it.
 * Leaves fork and reap to crew.c, keys to credentials.c. Master only. Rules: a generation has one
 * signer or none; it outlives the generation's workers, and is replaced when it dies before them;
 * the master never reads what lies between the two. After a reload the old generation is kept, with
 * what its signer needs, until both have gone.
 *
 * Who ends when:
 *   reload     new workers and signer ready -> old workers -> old signer
 *   QUIT, TERM workers -> signers -> the logger
 * Shown by tests/integration/70-tls. */
#include "server/master/state.h"

#define PATIENCE_MS 2000            /* to log what it did */

static bool
has_workers(const struct master *master, uint32_t number)
{
	size_t i;

	for (i = 0; i < master->table.count; i++)
		if (master->table.children[i].role == INHERIT_WORKER &&
		    master->table.children[i].generation == number)
			return true;
	return false;
}

/* Whether somebody may still ask it, or will. */
static bool
is_wanted(const struct master *master, const struct generation *generation)
{
	return (generation == master->generation && master->phase < MASTER_DRAINING) ||
	    has_workers(master, generation->number);
}

/* Starts, replaces or ends the signer of one generation. False: there is nothing more to be done
 * for it. */
static bool
tend_one(struct master *master, struct generation *generation, int64_t now_ms)
{
	struct child *signer = generation->signer_pid == 0 ? NULL :
	    child_table_find(&master->table, generation->signer_pid);
	bool wanted = is_wanted(master, generation);

	if (signer != NULL && !wanted)
		crew_ask_to_go(signer, now_ms + PATIENCE_MS);
	else if (signer == NULL && wanted && master->phase != MASTER_STOPPING &&
	    generation->credentials.key_count > 0) /* see generation_renumber() */
		crew_spawn_signer(master, generation, now_ms);
	return signer != NULL || wanted;
}

void
signers_tend(struct master *master, int64_t now_ms)
{
	struct generation **link = &master->generation->older;

	if (master->generation->credentials.key_count > 0)
		(void)tend_one(master, master->generation, now_ms);
	while (*link != NULL) {
		struct generation *old = *link;

		if (tend_one(master, old, now_ms)) {
			link = &old->older;
			continue;
		}
		*link = old->older;
		old->older = NULL;
		generation_close(&old);
	}
}

void
signers_note_end(struct master *master, const struct child *child)
{
	struct generation *generation;

	for (generation = master->generation; generation != NULL; generation = generation->older)
		if (child->role == INHERIT_SIGNER && generation->signer_pid == child->pid)
			generation->signer_pid = 0;
}
