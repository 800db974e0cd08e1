/* SPDX-License-Identifier: BSD-2-Clause */
/* The first half of a reload: a throw-away child reads the new configuration whole and
 * opens its document roots, certificates and keys, so that a file that cannot be read to its
 * end, or a dead mount, cannot hurt the running master. For renewed certificates the same, with
 * the configuration in force. */
#ifndef MUSTER_MASTER_RELOAD_H
#define MUSTER_MASTER_RELOAD_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct config;
struct credentials;
struct tls_means;

#define RELOAD_PATIENCE_MS 10000
#define RELOAD_REPORT_BYTES 16384
#define RELOAD_PAIRS_MAX 4096     /* with more of them one that is no good holds up all */

struct reload {                   /* caller's storage; all zero but report_fd -1: none */
	pid_t pid;                    /* 0: none under way */
	int report_fd;                /* for poll(2); non-blocking */
	bool is_renewal;              /* of certificates only */
	bool is_quiet;                /* its lines are not logged */
	int64_t deadline_mono_ms;
	size_t report_bytes;
	/* Lines of text: what is wrong; behind a null byte, where something can come into force
	 * all the same, the following. */
	char report[RELOAD_REPORT_BYTES];
	/* See watch.h; of the certificates that were found good, before they were read: once
	 * reload_finish() has said so. */
	uint64_t fingerprint;
	bool keeps[RELOAD_PAIRS_MAX]; /* of a renewal: the pairs that are no good */
};

void reload_init(struct reload *reload);
/* tls: to try certificates and keys with. 0, or -1 and errno. */
int reload_start(struct reload *reload, const char *config_path, const struct tls_means *tls,
    int64_t now_mono_ms);
/* The same with a configuration that is loaded: only what it names is opened. Pairs that are no
 * good are those in force, if the others can do with that, and one of them is not what it was when
 * it was read. is_quiet: what is wrong was said before.
 */
int reload_start_renewal(struct reload *reload, const struct config *config,
    const struct credentials *in_force, const uint64_t *pair_fingerprints,
    const struct tls_means *tls, bool is_quiet, int64_t now_mono_ms);
/* When report_fd is readable: collects. */
void reload_read(struct reload *reload);
/* When its pid was reaped: true when it can come into force, without a line when all is good;
 * otherwise each line is logged. Ready for the next one then. */
bool reload_finish(struct reload *reload, int wait_status);
/* Kills a child that takes longer than RELOAD_PATIENCE_MS (a FIFO, a dead mount). */
void reload_check_deadline(struct reload *reload, int64_t now_mono_ms);

#endif
