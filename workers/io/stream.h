/* SPDX-License-Identifier: BSD-2-Clause */
/* A client's byte stream. One interface for all that carries HTTP; plain.c is the plain
 * socket. Every wait has an end, also against a client that sends or takes a byte now and
 * then: what EINTR means here is "look at deadlines and stop flags, then go on". */
#ifndef MUSTER_IO_STREAM_H
#define MUSTER_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum io_result {
	IO_OK,
	IO_EOF,                     /* the client will send no more */
	IO_TIMEOUT,
	IO_ERROR,                   /* the connection is broken */
	IO_FILE_SHORT,              /* stream_send_file(): the file ended early, or cannot be
	                             * read */
	IO_STOPPED,                 /* this worker was told to stop at once */
	IO_STALLED,                 /* stream_send_file(): the client takes no more for now */
};

#define STREAM_PROGRESS_BYTES 65536 /* what a time limit of sending and bodies is about */

struct tls;

struct stream {                 /* caller's storage */
	int fd;                     /* a blocking socket; the caller's to close */
	struct tls *tls;            /* NULL: plain; see tls.h */
	bool is_nonblocking;        /* stream_set_nonblocking() */
	unsigned receive_timeout_ms; /* SO_RCVTIMEO as set; 0: not yet */
	uint64_t received_bytes, sent_bytes;
	/* Called when a signal has interrupted a wait, before the wait goes on; or NULL. */
	void (*on_interrupt)(void *context);
	void *interrupt_context;
};

/* How fast a client takes what it gets: STREAM_PROGRESS_BYTES in each time limit. */
struct stream_progress {
	int64_t since_mono_ms;      /* 0: not begun; begun lazily, most sends need no clock */
	uint64_t bytes;             /* since then */
};

/* A file on its way: what of it is still to go. */
struct stream_file {
	int fd;                     /* the caller's to close */
	bool may_stall;             /* a blocked send is not waited for longer than a beat */
	uint64_t offset, left_bytes;
	struct stream_progress progress;
};

void stream_init(struct stream *stream, int fd);
/* For sockets that do not inherit it from the listening socket: AF_UNIX. */
void stream_set_send_timeout(struct stream *stream, unsigned timeout_ms);

/* Waits for bytes, at most until deadline_mono_ms. IO_OK: *bytes_out > 0. */
enum io_result stream_read(struct stream *stream, void *out, size_t cap,
    int64_t deadline_mono_ms, size_t *bytes_out);
/* The same with a time from now, for waits that mostly block and mostly have the same
 * length: one system call then. A signal that wants the worker back (DRAIN, SHED) ends the
 * wait with IO_TIMEOUT, unless bytes have come. */
enum io_result stream_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms,
    size_t *bytes_out);

/* All of it. timeout_ms: for each STREAM_PROGRESS_BYTES. has_more: other bytes follow at
 * once, a short packet may wait for them. */
enum io_result stream_write(struct stream *stream, const void *data, size_t bytes,
    bool has_more, unsigned timeout_ms);
/* The same with the last bytes of the connection, which is to be ended at once: what says so goes
 * along (close_notify of TLS, and TCP's own end). */
enum io_result stream_write_last(struct stream *stream, const void *data, size_t bytes,
    unsigned timeout_ms);
/* All that is left of a file, through user space only for TLS; offset, left_bytes and progress
 * go along. IO_STALLED: file->may_stall, or the stream does not block, and the socket is full; call
 * it again when there is room. */
enum io_result stream_send_file(struct stream *stream, struct stream_file *file,
    unsigned timeout_ms);
/* Until something can be sent, or the connection is broken: IO_OK. Also IO_TIMEOUT, IO_STOPPED. */
enum io_result stream_wait_for_room(struct stream *stream, unsigned timeout_ms);
/* Plain streams only. While it does not block, only stream_read() and stream_send_file() may be
 * used. It is kept with the open connection, in whatever process that goes on. */
void stream_set_nonblocking(struct stream *stream, bool is_nonblocking);
/* After stream_wait() said IO_TIMEOUT: the client is quiet, and nothing is on its way, so memory
 * that only a busy connection needs goes back to the system. False: it is not quiet, part of a
 * record of TLS came, and its time is over. */
bool stream_rest(struct stream *stream);
/* What there is room for now; never waits. IO_OK: *sent_out bytes went, maybe none; what is left
 * has to be tried again as it is. */
enum io_result stream_try_write(struct stream *stream, const void *data, size_t bytes,
    size_t *sent_out);
/* Waits until bytes have come or, if wants_write, there is room for some; at most until
 * deadline_mono_ms: IO_TIMEOUT. Also ends with IO_OK when a signal has come: flags are to be looked
 * at then. A signal just before the wait is seen a second later. */
enum io_result stream_wait_both(struct stream *stream, bool wants_write, int64_t deadline_mono_ms);

/* Ends sending and reads away what still comes, for a moment: closing a socket with unread
 * bytes would make the system reset it and the client lose the answer (RFC 9112 9.6). */
void stream_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes);

#endif
