/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS on a stream (stream.h). The functions that stream.c calls for a stream that has it; they
 * mean the same as there. One connection at a time in a process. */
#ifndef MUSTER_IO_TLS_H
#define MUSTER_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/io/stream.h"

struct config;
struct config_host;
struct tls;
struct tls_site;

struct tls_facts {                  /* of a connection; texts live as long as it does */
	const char *protocol;       /* "TLSv1.3" */
	const char *cipher;         /* OpenSSL's name */
	const struct config_host *host; /* who was meant by that, and whose rules the handshake
	                             * was made by; never NULL */
	const char *client_subject; /* RFC 4514, of the certificate that the client has proved to
	                             * have; shortened when long; NULL: it has none */
	const char *server_name;    /* as the client sent it; NULL: it did not */
	bool is_resumed;
	bool is_h2;                 /* by ALPN */
};

enum tls_start {
	TLS_STARTED,
	TLS_IS_PLAIN_HTTP,          /* the client speaks HTTP: nothing was answered yet */
	TLS_FAILED,                 /* logged at level info; what TLS has to say was sent */
	TLS_TIMEOUT,
	TLS_STOPPED,
};

struct tls_wish {
	const struct config *config;
	const struct tls_site *site;
	unsigned listener_index;
	/* Which host a server name means: never NULL, also for "". The layer above knows
	 * (route.h). */
	const struct config_host *(*find_host)(const struct config *config,
	    unsigned listener_index, const char *name);
	bool offers_h2;             /* by ALPN, before http/1.1 */
	const char *in;             /* bytes that were read already, at least one; used up only if
	                             * TLS_STARTED is returned */
	size_t in_bytes;
	const char *client;         /* for log messages */
	int64_t deadline_mono_ms;
	unsigned record_timeout_ms; /* how long a part of a record may be all that is there, while
	                             * the next request is waited for */
};

#ifdef HAVE_OPENSSL

/* A server's handshake. TLS_STARTED: stream->tls is set, and all stream functions speak TLS from
 * then on; sent_bytes and received_bytes count what they carry, without TLS's own. */
enum tls_start tls_start(struct stream *stream, const struct tls_wish *wish);
void tls_get_facts(const struct stream *stream, struct tls_facts *facts_out);
/* Before the socket is closed, whatever became of the connection: says so (close_notify, never
 * waits) and frees. Does nothing for a stream without TLS. */
void tls_end(struct stream *stream);

enum io_result tls_read(struct stream *stream, void *out, size_t cap, int64_t deadline_mono_ms,
    size_t *bytes_out);
enum io_result tls_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms,
    size_t *bytes_out);
enum io_result tls_write(struct stream *stream, const void *data, size_t bytes, bool has_more,
    unsigned timeout_ms);
enum io_result tls_write_last(struct stream *stream, const void *data, size_t bytes,
    unsigned timeout_ms);
/* After less than all was taken, it is to be called again with the rest of the same bytes. */
enum io_result tls_try_write(struct stream *stream, const void *data, size_t bytes,
    size_t *sent_out);
enum io_result tls_wait_both(struct stream *stream, bool wants_write, int64_t deadline_mono_ms);
enum io_result tls_send_file(struct stream *stream, int file_fd, uint64_t offset, uint64_t bytes,
    unsigned timeout_ms, uint64_t *sent_out);
bool tls_rest(struct stream *stream);
void tls_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes);

#else

/* No stream ever has TLS: a configuration that asks for it is refused (config/features.h). */
static inline enum tls_start
tls_start(struct stream *stream, const struct tls_wish *wish)
{
	(void)stream;
	(void)wish;
	return TLS_FAILED;
}

static inline void
tls_get_facts(const struct stream *stream, struct tls_facts *facts)
{
	(void)stream;
	*facts = (struct tls_facts){ 0 };
}

static inline void
tls_end(struct stream *stream)
{
	(void)stream;
}

static inline enum io_result
tls_read(struct stream *stream, void *out, size_t cap, int64_t deadline_ms, size_t *bytes_out)
{
	(void)stream;
	(void)out;
	(void)cap;
	(void)deadline_ms;
	(void)bytes_out;
	return IO_ERROR;
}

static inline enum io_result
tls_wait(struct stream *stream, void *out, size_t cap, unsigned timeout_ms, size_t *bytes_out)
{
	return tls_read(stream, out, cap, timeout_ms, bytes_out);
}

static inline enum io_result
tls_write(struct stream *stream, const void *data, size_t bytes, bool has_more,
    unsigned timeout_ms)
{
	(void)stream;
	(void)data;
	(void)bytes;
	(void)has_more;
	(void)timeout_ms;
	return IO_ERROR;
}

static inline enum io_result
tls_write_last(struct stream *stream, const void *data, size_t bytes, unsigned timeout_ms)
{
	return tls_write(stream, data, bytes, false, timeout_ms);
}

static inline enum io_result
tls_try_write(struct stream *stream, const void *data, size_t bytes, size_t *sent_out)
{
	*sent_out = 0;
	return tls_write(stream, data, bytes, false, 0);
}

static inline enum io_result
tls_wait_both(struct stream *stream, bool wants_write, int64_t deadline_ms)
{
	(void)wants_write;
	(void)deadline_ms;
	return tls_write(stream, NULL, 0, false, 0);
}

static inline enum io_result
tls_send_file(struct stream *stream, int file_fd, uint64_t offset, uint64_t bytes,
    unsigned timeout_ms, uint64_t *sent_out)
{
	(void)file_fd;
	(void)offset;
	*sent_out = 0;
	return tls_write(stream, NULL, (size_t)bytes, false, timeout_ms);
}

static inline bool
tls_rest(struct stream *stream)
{
	(void)stream;
	return true;
}

static inline void
tls_linger(struct stream *stream, unsigned timeout_ms, size_t limit_bytes)
{
	(void)stream;
	(void)timeout_ms;
	(void)limit_bytes;
}

#endif

#endif
