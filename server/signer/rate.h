/* SPDX-License-Identifier: BSD-2-Clause */
/* How many signatures were made and refused, told once a minute at most. Pure: time is an
 * argument. */
#ifndef MUSTER_SIGNER_RATE_H
#define MUSTER_SIGNER_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_QUIET_MS 60000

struct rate {                       /* all zero: nothing happened yet */
	uint64_t signed_count, refused_count; /* not told yet */
	int64_t due_mono_ms;        /* not before then */
};

/* True and a line of text, when there is something to tell and it is time. is_last: there is no
 * later time. *is_odd_out: something was refused, which no worker of ours gives reason for. */
bool rate_tell(struct rate *rate, int64_t now_mono_ms, bool is_last, char *out, size_t cap,
    bool *is_odd_out);
/* How long until there may be something to tell, in ms; -1: nothing is waiting. */
int rate_wait_ms(const struct rate *rate, int64_t now_mono_ms);

#endif
