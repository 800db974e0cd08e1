/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes the records out of all rings of the scoreboard, in order of time, a batch at a time.
 *
 * A look notes how far each ring is filled; batches are then filled from what the look found,
 * until there is no more. What was made after the look had begun is left to the next one: so
 * when one record was in its ring before the other was made, they come in that order. Of two
 * that were made at the same time, within the microseconds from a record's time to its
 * publishing, either may be the first. A batch is taken out of the rings only when the caller says
 * what became of it. */
#ifndef MUSTER_LOGGER_COLLECTOR_H
#define MUSTER_LOGGER_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/scoreboard.h"

#define COLLECTOR_BATCH_BYTES (256u * 1024)

struct collector;

/* The board must outlive it. NULL: no memory, errno set. */
struct collector *collector_new(struct scoreboard *board);
void collector_free(struct collector **collector);

/* Looks at all rings anew; a look before it that was not used up is forgotten, and what was not
 * committed of it is found again. False: there is nothing. */
bool collector_look(struct collector *collector, int64_t now_mono_us);
/* Of the look: bytes in the ring that was the fullest. */
size_t collector_fullest_bytes(const struct collector *collector);

/* The next batch: whole lines, each ended by a newline. 0 bytes: there is no more, or what comes
 * next is of newer log files than these and stops_at_newer is set; then *is_newer_out is true. It
 * is valid until the next call. */
size_t collector_fill(struct collector *collector, uint32_t log_generation, bool stops_at_newer,
    const char **text_out, bool *is_newer_out);
/* So many bytes of the batch are done with: the rings are rid of the records that are in them
 * whole. Once for each batch. */
void collector_commit(struct collector *collector, size_t bytes);

/* What went wrong since this was last asked: records that the processes have dropped, rings that
 * were not what they should be and the slot of one of them. */
struct collector_losses {
	uint64_t lost_count;
	uint32_t broken_count, broken_slot;
};
void collector_take_losses(struct collector *collector, struct collector_losses *losses_out);

#endif
