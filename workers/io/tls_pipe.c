/* SPDX-License-Identifier: BSD-2-Clause */
/* Records between OpenSSL and the socket. Leaves what is in them to OpenSSL, and which function
 * waits for what to tls.c and tls_data.c. Workers, unprivileged. Rules: OpenSSL never makes a
 * system call for a record, so none of its functions waits but to sign, or when it writes more
 * than out[] holds; records that belong together go with one send(2); the buffers are part of the
 * process and cost memory only when they are used. Shown by test_tls_stream.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_pipe.h"

#include <stddef.h>
#include <string.h>

#include "server/base/clock.h"
#include "workers/io/plain.h"
#include "workers/io/tls_memory.h"
#include "workers/mem/pages.h"

static int
take_in(BIO *bio, char *out, int cap)
{
	struct tls *tls = BIO_get_data(bio);
	size_t bytes = tls->in_end - tls->in_at;

	BIO_clear_retry_flags(bio);
	if (bytes == 0) {
		tls->is_starved = true;
		BIO_set_retry_read(bio);
		return -1;
	}
	if (bytes > (size_t)cap)
		bytes = (size_t)cap;
	memcpy(out, tls->in + tls->in_at, bytes);
	tls->in_at += bytes;
	return (int)bytes;
}

static int
put_out(BIO *bio, const char *data, int bytes)
{
	struct tls *tls = BIO_get_data(bio);
	size_t left = (size_t)bytes;

	BIO_clear_retry_flags(bio);
	while (left > 0) {
		size_t room = sizeof tls->out - tls->out_bytes;
		size_t part = left < room ? left : room;

		memcpy(tls->out + tls->out_bytes, data, part);
		tls->out_bytes += part;
		data += part;
		left -= part;
		if (left > 0 && tls_pipe_flush(tls, true) != IO_OK)
			return -1;
	}
	return bytes;
}

/* Nothing is waited for: who has called OpenSSL flushes. */
static long
control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO *
make_bio(struct tls *tls)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "muster");
	BIO *bio = NULL;

	if (method != NULL && BIO_meth_set_read(method, take_in) &&
	    BIO_meth_set_write(method, put_out) && BIO_meth_set_ctrl(method, control))
		bio = BIO_new(method);
	if (bio == NULL) {
		BIO_meth_free(method);
		return NULL;
	}
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	return bio;
}

struct tls *
tls_pipe_open(void)
{
	static struct tls tls;

	if (tls.bio == NULL)
		tls.bio = make_bio(&tls);
	return tls.bio == NULL ? NULL : &tls;
}

bool
tls_pipe_connect(struct tls *tls, SSL *ssl)
{
	if (!BIO_up_ref(tls->bio))
		return false;
	tls->ssl = ssl;
	SSL_set_bio(ssl, tls->bio, tls->bio);
	return true;
}

enum io_result
tls_pipe_flush(struct tls *tls, bool has_more)
{
	struct stream *stream = tls->stream;
	uint64_t sent_before = stream->sent_bytes;

	if (tls->send_result != IO_OK || tls->out_bytes == 0)
		return tls->send_result;
	tls->send_result = tls->send_timeout_ms > 0 ?
	    plain_write(stream, tls->out, tls->out_bytes, has_more, tls->send_timeout_ms) :
	    plain_push(stream, tls->out, tls->out_bytes, tls->send_deadline_mono_ms);
	stream->sent_bytes = sent_before;
	tls->out_bytes = 0;
	return tls->send_result;
}

enum io_result
tls_pipe_try(struct tls *tls)
{
	struct stream *stream = tls->stream;
	uint64_t sent_before = stream->sent_bytes;
	size_t sent = 0;

	if (tls->send_result != IO_OK || tls->out_bytes == 0)
		return tls->send_result;
	tls->send_result = plain_try_write(stream, tls->out, tls->out_bytes, &sent);
	stream->sent_bytes = sent_before;
	tls->out_bytes -= sent;
	if (sent > 0 && tls->out_bytes > 0)
		memmove(tls->out, tls->out + sent, tls->out_bytes);
	return tls->send_result;
}

/* What the socket has brought: records, which the stream does not count. */
static enum io_result
filled(struct tls *tls, enum io_result result, size_t bytes, uint64_t received_before)
{
	tls->stream->received_bytes = received_before;
	if (result != IO_OK)
		return result;
	tls->in_at = 0;
	tls->in_end = bytes;
	tls->taken_bytes += bytes;
	return IO_OK;
}

/* Who waits for an answer must have been told what it is waited for with. */
static enum io_result
flush_until(struct tls *tls, int64_t deadline_ms)
{
	tls->send_timeout_ms = 0;
	tls->send_deadline_mono_ms = deadline_ms;
	return tls_pipe_flush(tls, false);
}

static enum io_result
receive(struct tls *tls, int64_t deadline_ms)
{
	uint64_t before = tls->stream->received_bytes;
	size_t bytes = 0;
	enum io_result result = plain_read(tls->stream, tls->in, sizeof tls->in, deadline_ms,
	    &bytes);

	return filled(tls, result, bytes, before);
}

/* What is to be sent and can wait (tickets) goes with the answer to what has come, if something
 * has. Not while somebody tries: that is content. */
enum io_result
tls_pipe_fill(struct tls *tls, int64_t deadline_ms)
{
	bool is_tried = tls->tried_bytes > 0;
	enum io_result result = IO_TIMEOUT;

	if (tls->out_bytes == 0)
		return tls->send_result == IO_OK ? receive(tls, deadline_ms) : tls->send_result;
	if (!is_tried)
		result = receive(tls, 0);
	if (result != IO_TIMEOUT)
		return result;
	result = deadline_ms == 0 || is_tried ? tls_pipe_try(tls) : flush_until(tls, deadline_ms);
	if (result == IO_OK && deadline_ms == 0 && !is_tried)
		return IO_TIMEOUT;  /* it was just looked */
	return result == IO_OK ? receive(tls, deadline_ms) : result;
}

void
tls_pipe_rest(struct tls *tls)
{
	(void)SSL_free_buffers(tls->ssl);
	tls_memory_trim();
	if (tls->plain_bytes == 0 && tls->out_bytes == 0)
		pages_give_back(tls->in, sizeof *tls - offsetof(struct tls, in));
}

enum io_result
tls_pipe_fill_idle(struct tls *tls, unsigned timeout_ms)
{
	uint64_t before = tls->stream->received_bytes;
	enum io_result result = IO_OK;
	size_t bytes = 0;

	if (tls->out_bytes > 0)
		result = flush_until(tls, clock_mono_ms() + timeout_ms);
	if (result == IO_OK)
		result = plain_wait(tls->stream, tls->in, sizeof tls->in, timeout_ms, &bytes);
	return filled(tls, result, bytes, before);
}
#else
struct tls;                         /* a file must not be empty */
#endif
