/* SPDX-License-Identifier: BSD-2-Clause */
/* A stream's bytes in TLS records. Leaves the handshake to tls.c and records' ways to tls_pipe.c.
 * Workers, unprivileged. Rules: bytes that are here already are never waited for in the kernel;
 * what belongs together (a head, then a file) is gathered, so that a small answer is one record
 * and a large one is sent in 64 KiB; a client that sends records of its own to no end, or a record
 * byte by byte, gets no more time than one that sends none. Shown by test_tls_stream.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_pipe.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/io/plain.h"
#include "workers/io/tls_kernel.h"

#define IDLE_RECORDS_MAX 64         /* KeyUpdate and the like, and one more for each */
#define IDLE_RECORD_SHARE 16384     /* of these bytes */

/* Nothing more is said or understood. What OpenSSL has to say about it goes if it goes at once. */
static enum io_result
give_up(struct tls *tls)
{
	enum io_result result = tls->send_result != IO_OK ? tls->send_result : IO_ERROR;

	tls->is_broken = true;
	ERR_clear_error();
	tls->send_timeout_ms = 0;
	tls->send_deadline_mono_ms = 0;
	(void)tls_pipe_flush(tls, false);
	return result;
}

/* ---- sending ---- */

/* close_notify, behind all that was written. */
static void
write_end(struct tls *tls)
{
	tls->has_said_end = true;
	(void)SSL_shutdown(tls->ssl);
}

/* Encrypts and sends. What was counted before it failed is as much as went, or a little less. */
static enum io_result
emit(struct tls *tls, const char *data, size_t bytes, bool has_more, unsigned timeout_ms)
{
	enum io_result result;

	tls->send_timeout_ms = timeout_ms;
	if (tls->is_broken || tls->has_said_end)
		return IO_ERROR;
	if (tls->kernel_socket != NULL)
		return tls_kernel_write(tls, data, bytes, has_more);
	if (SSL_write(tls->ssl, data, (int)bytes) <= 0)
		return give_up(tls);
	if (tls->is_last_write && !has_more) {
		write_end(tls);
		has_more = true;    /* the end of the connection itself */
	}
	result = tls_pipe_flush(tls, has_more);
	if (result == IO_OK)
		tls->stream->sent_bytes += bytes;
	return result;
}

/* What was gathered: all of it, or with more to come only whole records. */
static enum io_result
emit_gathered(struct tls *tls, bool has_more, unsigned timeout_ms)
{
	size_t bytes = tls->plain_bytes;
	enum io_result result;

	if (has_more)
		bytes -= bytes % TLS_RECORD_BYTES;
	if (bytes == 0)
		return IO_OK;
	result = emit(tls, tls->plain, bytes, has_more, timeout_ms);
	tls->plain_bytes -= bytes;
	if (tls->plain_bytes > 0)
		memmove(tls->plain, tls->plain + bytes, tls->plain_bytes);
	return result;
}

static size_t
gather(struct tls *tls, const char *data, size_t bytes)
{
	size_t room = sizeof tls->plain - tls->plain_bytes;

	if (bytes > room)
		bytes = room;
	memcpy(tls->plain + tls->plain_bytes, data, bytes);
	tls->plain_bytes += bytes;
	return bytes;
}

enum io_result
tls_write(struct stream *stream, const void *data, size_t bytes, bool has_more,
    unsigned timeout_ms)
{
	struct tls *tls = stream->tls;
	enum io_result result = IO_OK;
	const char *at = data;

	while (bytes > 0 && result == IO_OK) {
		size_t part;

		if (tls->plain_bytes == 0 && (bytes >= sizeof tls->plain || !has_more)) {
			part = bytes < sizeof tls->plain ? bytes : sizeof tls->plain;
			result = emit(tls, at, part, has_more || part < bytes, timeout_ms);
		} else {
			part = gather(tls, at, bytes);
			result = emit_gathered(tls, has_more || part < bytes, timeout_ms);
		}
		at += part;
		bytes -= part;
		if (bytes > 0 && signals_is_set(SIGNAL_STOP))
			return IO_STOPPED;
	}
	return result;
}

enum io_result
tls_write_last(struct stream *stream, const void *data, size_t bytes, unsigned timeout_ms)
{
	stream->tls->is_last_write = true;
	return tls_write(stream, data, bytes, false, timeout_ms);
}

enum io_result
tls_try_write(struct stream *stream, const void *data, size_t bytes, size_t *sent_out)
{
	struct tls *tls = stream->tls;
	enum io_result result;

	*sent_out = 0;
	if (tls->is_broken || tls->has_said_end)
		return IO_ERROR;
	if (tls_kernel_must_end(tls))
		return IO_ERROR;
	if (tls->kernel_socket != NULL)
		return plain_try_write(stream, data, bytes, sent_out);
	if (tls->tried_bytes == 0) {
		if (bytes > sizeof tls->plain)
			bytes = sizeof tls->plain;
		tls->send_timeout_ms = 0; /* if the records should not fit: what goes at once */
		tls->send_deadline_mono_ms = 0;
		if (SSL_write(tls->ssl, data, (int)bytes) <= 0)
			return give_up(tls);
		tls->tried_bytes = bytes;
	}
	result = tls_pipe_try(tls);
	if (result == IO_OK && tls->out_bytes == 0) {
		*sent_out = tls->tried_bytes;
		stream->sent_bytes += tls->tried_bytes;
		tls->tried_bytes = 0;
	}
	return result;
}

/* Fills up plain[] from a file. What went wrong is the file's fault. */
static enum io_result
gather_file(struct tls *tls, int file_fd, uint64_t offset, uint64_t bytes, size_t *got_out)
{
	size_t room = sizeof tls->plain - tls->plain_bytes;

	*got_out = 0;
	if (bytes < room)
		room = (size_t)bytes;
	while (room > 0) {
		ssize_t n = pread(file_fd, tls->plain + tls->plain_bytes, room,
		    (off_t)(offset + *got_out));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return IO_FILE_SHORT;
		tls->plain_bytes += (size_t)n;
		*got_out += (size_t)n;
		room -= (size_t)n;
	}
	return IO_OK;
}

/* Whoever waits for the client is this worker: nobody else has the other half of the keys. */
static enum io_result
send_file_by_kernel(struct tls *tls, int file_fd, uint64_t offset, uint64_t bytes,
    unsigned timeout_ms, uint64_t *sent_out)
{
	struct stream_file file = { .fd = file_fd, .offset = offset, .left_bytes = bytes };
	enum io_result result = tls_kernel_send_file(tls, &file, timeout_ms);

	*sent_out = bytes - file.left_bytes;
	return result;
}

enum io_result
tls_send_file(struct stream *stream, int file_fd, uint64_t offset, uint64_t bytes,
    unsigned timeout_ms, uint64_t *sent_out)
{
	struct tls *tls = stream->tls;
	uint64_t others_bytes = stream->sent_bytes + tls->plain_bytes;
	enum io_result result = IO_OK;
	size_t got;

	if (tls->kernel_socket != NULL)
		return send_file_by_kernel(tls, file_fd, offset, bytes, timeout_ms, sent_out);
	while (bytes > 0 && result == IO_OK) {
		result = gather_file(tls, file_fd, offset, bytes, &got);
		if (result != IO_OK) {
			tls->plain_bytes = 0; /* the caller says something else, or nothing */
			break;
		}
		offset += got;
		bytes -= got;
		result = emit_gathered(tls, bytes > 0, timeout_ms);
		if (bytes > 0 && signals_is_set(SIGNAL_STOP))
			result = IO_STOPPED;
	}
	*sent_out = stream->sent_bytes > others_bytes ? stream->sent_bytes - others_bytes : 0;
	return result;
}

/* ---- receiving ---- */

/* Or nothing more will ever come. */
static bool
has_input(const struct tls *tls)
{
	return tls->in_at < tls->in_end || SSL_pending(tls->ssl) > 0 ||
	    (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

/* Nothing came of what there was. IO_OK: more of it may help. */
static enum io_result
judge_silence(struct tls *tls, int returned)
{
	switch (SSL_get_error(tls->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		if (tls->is_starved)
			return IO_OK;
		tls->idle_record_count++;
		if (tls->idle_record_count <=
		    IDLE_RECORDS_MAX + tls->taken_bytes / IDLE_RECORD_SHARE)
			return IO_OK;
		return give_up(tls);
	case SSL_ERROR_ZERO_RETURN:
		return IO_EOF;
	default:
		return give_up(tls);
	}
}

/* IO_OK and no bytes: there was no whole record, or it carried none. */
static enum io_result
decrypt(struct tls *tls, void *out, size_t cap, size_t *bytes_out)
{
	int most = cap > TLS_RECORD_BYTES ? TLS_RECORD_BYTES : (int)cap, n;

	*bytes_out = 0;
	if (tls->is_broken)
		return IO_ERROR;
	tls->is_starved = false;
	n = SSL_read(tls->ssl, out, most);
	if (tls_kernel_must_end(tls))
		return IO_ERROR;
	if (n <= 0)
		return judge_silence(tls, n);
	tls->stream->received_bytes += (uint64_t)n;
	*bytes_out = (size_t)n;
	return IO_OK;
}

/* Who waits for an answer must have been told all that there is. */
static enum io_result
send_rest(struct tls *tls, int64_t deadline_ms)
{
	tls->send_deadline_mono_ms = deadline_ms;
	return tls->plain_bytes == 0 ? IO_OK : emit_gathered(tls, false, 0);
}

enum io_result
tls_read(struct stream *stream, void *out, size_t cap, int64_t deadline_ms, size_t *bytes_out)
{
	struct tls *tls = stream->tls;

	for (;;) {
		enum io_result result = IO_OK;

		if (!has_input(tls)) {
			result = send_rest(tls, deadline_ms);
			if (result == IO_OK)
				result = tls_pipe_fill(tls, deadline_ms);
		}
		if (result == IO_OK)
			result = decrypt(tls, out, cap, bytes_out);
		if (result != IO_OK || *bytes_out > 0)
			return result;
	}
}

enum io_result
tls_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms, size_t *bytes_out)
{
	struct tls *tls = stream->tls;
	int64_t now_ms = clock_mono_ms(), deadline_ms = now_ms + timeout_ms;

	tls->is_cut = false;
	for (;;) {
		enum io_result result = IO_OK;

		if (!has_input(tls)) {
			result = send_rest(tls, deadline_ms);
			if (result == IO_OK)
				result = tls_pipe_fill_idle(tls, timeout_ms);
		}
		if (result == IO_OK)
			result = decrypt(tls, out, cap, bytes_out);
		if (result != IO_OK || *bytes_out > 0)
			return result;
		now_ms = clock_mono_ms();
		if (tls->is_starved) { /* something has come, and is to be whole soon */
			result = tls_read(stream, out, cap, now_ms + tls->record_timeout_ms,
			    bytes_out);
			tls->is_cut = result == IO_TIMEOUT;
			return result;
		}
		timeout_ms = deadline_ms > now_ms ? (unsigned)(deadline_ms - now_ms) : 0;
	}
}

enum io_result
tls_wait_both(struct stream *stream, bool wants_write, int64_t deadline_ms)
{
	const struct tls *tls = stream->tls;

	if (has_input(tls))
		return IO_OK;
	return plain_wait_both(stream, wants_write || tls->out_bytes > 0, deadline_ms);
}

bool
tls_rest(struct stream *stream)
{
	if (stream->tls->is_cut)
		return false;
	tls_pipe_rest(stream->tls);
	return true;
}

/* ---- the end ---- */

/* What is still here, and close_notify, as far as it goes at once. */
static void
say_end(struct tls *tls)
{
	if (tls->is_broken || tls->has_said_end || tls->send_result != IO_OK)
		return;
	tls->send_timeout_ms = 0;
	tls->send_deadline_mono_ms = 0;
	if (tls->plain_bytes > 0 && tls->kernel_socket != NULL)
		(void)tls_kernel_write(tls, tls->plain, tls->plain_bytes, false);
	else if (tls->plain_bytes > 0)
		(void)SSL_write(tls->ssl, tls->plain, (int)tls->plain_bytes);
	tls->plain_bytes = 0;
	write_end(tls);
	(void)tls_pipe_flush(tls, false);
	ERR_clear_error();
}

void
tls_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes)
{
	uint64_t before = stream->received_bytes;

	say_end(stream->tls);
	plain_linger(stream, timeout_ms, limit_bytes);
	stream->received_bytes = before;
}

void
tls_end(struct stream *stream)
{
	struct tls *tls = stream->tls;

	if (tls == NULL)
		return;
	say_end(tls);
	SSL_free(tls->ssl);
	tls->ssl = NULL;
	stream->tls = NULL;
}
#else
struct tls;                         /* a file must not be empty */
#endif
