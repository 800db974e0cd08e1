/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to tls*.c: a process's one TLS connection, and what lies between OpenSSL and the socket:
 * a BIO that only copies to and from buffers here. What is waited for, and how long, is decided
 * outside of OpenSSL. */
#ifndef MUSTER_IO_TLS_PIPE_H
#define MUSTER_IO_TLS_PIPE_H

#include <openssl/ssl.h>

#include "workers/io/tls.h"

#define TLS_RECORD_BYTES 16384      /* of content in a record at most (RFC 8446 5.1) */
#define TLS_PLAIN_BYTES 65536       /* encrypted at once, and sent at once */
#define TLS_OUT_BYTES (TLS_PLAIN_BYTES + 4096) /* the same in records, with what else there is */
#define TLS_IN_BYTES 32768
#define TLS_SUBJECT_BYTES 512
#define TLS_PAGE_BYTES 4096
#define TLS_NAME_BYTES 256          /* of a server name, with its NUL (RFC 1035 2.3.4) */

struct tls {
	SSL *ssl;                   /* NULL: no connection */
	BIO *bio;                   /* one for all connections; NULL: not made yet */
	BIO *kernel_socket;         /* by which OpenSSL reaches the kernel, who encrypts; NULL:
	                             * OpenSSL does (tls_kernel.h) */
	struct stream *stream;
	const struct tls_wish *wish; /* during the handshake */
	char server_name[TLS_NAME_BYTES]; /* "": the client sent none */
	const struct config_host *host; /* of that name */
	char client_subject[TLS_SUBJECT_BYTES]; /* "": no certificate */
	/* What the sends that OpenSSL's writing brings about are bounded by: a time for each
	 * STREAM_PROGRESS_BYTES, or where that is 0 a moment. */
	unsigned send_timeout_ms;
	int64_t send_deadline_mono_ms;
	unsigned record_timeout_ms;
	enum io_result send_result; /* not IO_OK: nothing more can be sent */
	bool is_broken;             /* OpenSSL has given up */
	bool is_last_write;         /* nothing is written after this, tls_write_last() */
	bool has_said_end;          /* close_notify */
	bool is_starved;            /* OpenSSL wanted more than there is in in[] */
	bool is_cut;                /* tls_wait() got part of a record, and not the rest in time */
	uint64_t taken_bytes;       /* from the socket, records as they are */
	uint64_t idle_record_count; /* records that carried nothing for the stream */
	size_t in_at, in_end;       /* received, not yet taken by OpenSSL: in[in_at..in_end) */
	size_t plain_bytes;         /* of plain[], waiting to be encrypted */
	size_t out_bytes;           /* of out[], waiting to be sent */
	size_t tried_bytes;         /* of content in out[], none of which is said to be sent before
	                             * all of it is; 0: nobody is trying */
	/* Whole pages, so that they can be given back apart from the rest. */
	_Alignas(TLS_PAGE_BYTES) char in[TLS_IN_BYTES];
	_Alignas(TLS_PAGE_BYTES) char plain[TLS_PLAIN_BYTES];
	_Alignas(TLS_PAGE_BYTES) char out[TLS_OUT_BYTES];
};

/* The process's one. NULL: no memory. */
struct tls *tls_pipe_open(void);
/* Connects a new SSL with it. False: no memory. */
bool tls_pipe_connect(struct tls *tls, SSL *ssl);

/* Sends what OpenSSL has written, all of it. */
enum io_result tls_pipe_flush(struct tls *tls, bool has_more);
/* As much of it as goes at once; the rest stays. IO_OK, also if nothing goes. */
enum io_result tls_pipe_try(struct tls *tls);
/* More bytes into in[], which is empty: with the limits of stream_read(), or of stream_wait(). What
 * is to be sent goes before it is waited; without a wait (0), and while somebody tries, what cannot
 * be sent stays. */
enum io_result tls_pipe_fill(struct tls *tls, int64_t deadline_mono_ms);
enum io_result tls_pipe_fill_idle(struct tls *tls, unsigned timeout_ms);
/* A client that is quiet is not in the middle of anything: gives back what only a busy connection
 * needs, which is more than half of what TLS takes. */
void tls_pipe_rest(struct tls *tls);

#endif
