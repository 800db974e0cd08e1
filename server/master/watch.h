/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the files of certificates and keys are others than those in force, and when to try them:
 * not while somebody still writes them. The decision is pure: numbers and time in, yes or no out;
 * watch_fingerprint() and watch_newest() alone look at files. */
#ifndef MUSTER_MASTER_WATCH_H
#define MUSTER_MASTER_WATCH_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

#define WATCH_SETTLE_MS 1000        /* between two looks that have to agree */
#define WATCH_RETRY_MS 60000        /* what was refused may do later: a folder was missing */

struct watch {                      /* caller's storage; fingerprints are never 0 */
	uint64_t in_force;          /* of the files as they were before they were read */
	uint64_t seen;              /* at the last look */
	uint64_t refused;           /* tried and found bad; 0: none is */
	int64_t next_look_mono_ms;
	int64_t retry_mono_ms;      /* when the refused one is tried again */
};

/* Names the state of all files of config.certificates, links followed: device, inode, time of
 * change and size, or why there is none. One that is replaced, rewritten, removed or pointed to
 * from elsewhere gives another number. Never 0. */
uint64_t watch_fingerprint(const struct config *config);

/* The same of one pair, an index into config.certificates. */
uint64_t watch_fingerprint_pair(const struct config *config, size_t index);
/* The path of the one that was replaced or rewritten last; where there are none, the
 * configuration's own. Only to tell. */
const char *watch_newest(const struct config *config);

/* Certificates of files with this fingerprint have come into force. */
void watch_begin(struct watch *watch, uint64_t in_force, int64_t now_mono_ms);
/* Whether it is time for watch_look(). */
bool watch_is_due(const struct watch *watch, int64_t now_mono_ms);
/* What a look has found; interval_ms: to the next one, when nothing moves. True: two looks agree
 * on files that are not those in force, and they are to be tried now. */
bool watch_look(struct watch *watch, uint64_t fingerprint, int64_t interval_ms,
    int64_t now_mono_ms);
/* What is tried was refused before, and the reason is known. */
bool watch_was_refused(const struct watch *watch);
/* The files of the last look are no good. */
void watch_refuse(struct watch *watch, int64_t now_mono_ms);

#endif
