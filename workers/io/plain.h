/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket of a stream (stream.h): what a plain one does, and what TLS sends and receives its
 * records with. Each function counts what it moves in the stream. */
#ifndef MUSTER_IO_PLAIN_H
#define MUSTER_IO_PLAIN_H

#include "workers/io/stream.h"

void plain_set_send_timeout(const struct stream *stream, unsigned timeout_ms);

/* As those of stream.h. */
enum io_result plain_read(struct stream *stream, void *out, size_t cap, int64_t deadline_mono_ms,
    size_t *bytes_out);
enum io_result plain_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms,
    size_t *bytes_out);
enum io_result plain_write(struct stream *stream, const void *data, size_t bytes, bool has_more,
    unsigned timeout_ms);
enum io_result plain_send_file(struct stream *stream, struct stream_file *file,
    unsigned timeout_ms);
void plain_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes);

enum io_result plain_try_write(struct stream *stream, const void *data, size_t bytes,
    size_t *sent_out);
enum io_result plain_wait_both(struct stream *stream, bool wants_write,
    int64_t deadline_mono_ms);

/* All of it, at most until the deadline; 0: what goes at once. After anything but IO_OK a part may
 * have gone. */
enum io_result plain_push(struct stream *stream, const void *data, size_t bytes,
    int64_t deadline_mono_ms);

#endif
