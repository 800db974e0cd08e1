/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast a connection may be written to: by the kernel, which paces TCP, or by sleeping between
 * the writes where it does not. */
#ifndef MUSTER_CONN_PACE_H
#define MUSTER_CONN_PACE_H

#include "workers/io/stream.h"

struct pace {                   /* caller's storage, one for a connection */
	bool sleeps;                /* the kernel does not do it */
	uint64_t rate_bytes_s;      /* as set; 0: as fast as it goes */
	int64_t due_mono_us;        /* sleeps: when the next write may come */
	unsigned normal_timeout_ms; /* of sending, without a rate */
	unsigned timeout_ms;        /* the same with it: as long as 64 KiB take, twice */
};

/* For a new connection. normal_timeout_ms: what its socket was given (SO_SNDTIMEO). */
void pace_init(struct pace *pace, bool is_tcp, unsigned normal_timeout_ms);
/* For what is written from now on. A higher rate than before waits until nothing of what was
 * written under the lower one is left in the socket: the kernel would send that faster, too. */
void pace_set(struct pace *pace, struct stream *stream, uint64_t rate_bytes_s);
/* The most that one write may have. */
size_t pace_piece_bytes(const struct pace *pace);
/* Waits until bytes may be written. IO_OK or IO_STOPPED. No wait where the kernel paces. */
enum io_result pace_wait(struct pace *pace, struct stream *stream, size_t bytes);

#endif
