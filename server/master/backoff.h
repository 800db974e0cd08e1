/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting longer after each failure in a row: 100 ms, doubled up to 30 s. Pure: time is
 * an argument. See test_backoff.c. */
#ifndef MUSTER_MASTER_BACKOFF_H
#define MUSTER_MASTER_BACKOFF_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stdint.h>

struct backoff {                  /* all zero: no failure yet */
	int64_t until_mono_ms;
	unsigned delay_ms;            /* of the last failure; 0: none */
};

/* Returns the new delay in ms, or 0 when this failure falls into a wait already under
 * way (several at once count as one). */
unsigned backoff_failed(struct backoff *backoff, int64_t now_mono_ms);
void backoff_succeeded(struct backoff *backoff);
bool backoff_is_waiting(const struct backoff *backoff, int64_t now_mono_ms);

#endif
