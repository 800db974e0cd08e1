/* SPDX-License-Identifier: BSD-2-Clause */
/* Which carrier a stream's bytes take: the socket itself (plain.c) or TLS over it (tls_data.c).
 * Workers and keepers, unprivileged. Rule: a plain stream pays one branch for it, which is always
 * the same. Shown by test_stream.c and test_tls_stream.c. */
#include "workers/io/stream.h"

#include "workers/io/plain.h"
#include "workers/io/tls.h"

void
stream_init(struct stream *stream, int fd)
{
	stream->fd = fd;
	stream->tls = NULL;
	stream->is_nonblocking = false;
	stream->receive_timeout_ms = 0;
	stream->received_bytes = stream->sent_bytes = 0;
	stream->on_interrupt = NULL;
}

void
stream_set_send_timeout(struct stream *stream, unsigned timeout_ms)
{
	plain_set_send_timeout(stream, timeout_ms);
}

enum io_result
stream_read(struct stream *stream, void *out, size_t cap, int64_t deadline_ms, size_t *bytes_out)
{
	if (stream->tls != NULL)
		return tls_read(stream, out, cap, deadline_ms, bytes_out);
	return plain_read(stream, out, cap, deadline_ms, bytes_out);
}

enum io_result
stream_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms, size_t *bytes_out)
{
	if (stream->tls != NULL)
		return tls_wait(stream, out, cap, timeout_ms, bytes_out);
	return plain_wait(stream, out, cap, timeout_ms, bytes_out);
}

enum io_result
stream_write(struct stream *stream, const void *data, size_t bytes, bool has_more,
    unsigned timeout_ms)
{
	if (stream->tls != NULL)
		return tls_write(stream, data, bytes, has_more, timeout_ms);
	return plain_write(stream, data, bytes, has_more, timeout_ms);
}

enum io_result
stream_write_last(struct stream *stream, const void *data, size_t bytes, unsigned timeout_ms)
{
	if (stream->tls != NULL)
		return tls_write_last(stream, data, bytes, timeout_ms);
	return plain_write(stream, data, bytes, true, timeout_ms);
}

static enum io_result
send_file_by_tls(struct stream *stream, struct stream_file *file, unsigned timeout_ms)
{
	uint64_t sent_bytes;
	enum io_result result = tls_send_file(stream, file->fd, file->offset, file->left_bytes,
	    timeout_ms, &sent_bytes);

	file->offset += sent_bytes;
	file->left_bytes -= sent_bytes;
	return result;
}

enum io_result
stream_send_file(struct stream *stream, struct stream_file *file, unsigned timeout_ms)
{
	if (stream->tls != NULL)
		return send_file_by_tls(stream, file, timeout_ms);
	return plain_send_file(stream, file, timeout_ms);
}

enum io_result
stream_try_write(struct stream *stream, const void *data, size_t bytes, size_t *sent_out)
{
	if (stream->tls != NULL)
		return tls_try_write(stream, data, bytes, sent_out);
	return plain_try_write(stream, data, bytes, sent_out);
}

enum io_result
stream_wait_both(struct stream *stream, bool wants_write, int64_t deadline_ms)
{
	if (stream->tls != NULL)
		return tls_wait_both(stream, wants_write, deadline_ms);
	return plain_wait_both(stream, wants_write, deadline_ms);
}

bool
stream_rest(struct stream *stream)
{
	return stream->tls == NULL || tls_rest(stream);
}

void
stream_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes)
{
	if (stream->tls != NULL)
		tls_linger(stream, timeout_ms, limit_bytes);
	else
		plain_linger(stream, timeout_ms, limit_bytes);
}
