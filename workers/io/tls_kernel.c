/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's TLS (Documentation/networking/tls.rst), for what goes to the client: then a file's
 * bytes never come into user space. OpenSSL makes the keys and hands the one for sending to its own
 * kind of BIO for sockets, which is found below a BIO of ours; what clients send goes the usual way
 * (tls_pipe.c), since OpenSSL 3.0 leaves that to the kernel only in TLS 1.2. HTTP/2, which reads
 * while it sends, does not use it. Master (the look) and workers, unprivileged. Rules: whatever is
 * not there or not supported, the connection goes on without; from the moment that the kernel has
 * the key, OpenSSL writes nothing but handshake messages and alerts, and they are never waited
 * for; the key is never changed, as neither OpenSSL nor Linux before 6.14 can.
 * Shown by test_tls_stream.c and tests/integration/70-tls/test_kernel.py. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_kernel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/signals.h"
#include "workers/io/plain.h"

#ifndef TCP_ULP
#define TCP_ULP 31                  /* linux/tcp.h */
#endif
#define CONTROL_SET_KTLS 72         /* openssl/bio.h only says that it is taken */

static bool is_found;

const char *
tls_kernel_look(void)
{
	static const char protocol[] = "tls";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result;

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	result = setsockopt(fd, IPPROTO_TCP, TCP_ULP, protocol, sizeof protocol);
	/* It is only for connections, and says so. */
	is_found = result == 0 || errno == ENOTCONN;
	result = errno;
	if (fd >= 0)
		(void)close(fd);
	if (is_found)
		return NULL;
	return result == ENOENT ? "the module tls is not loaded, or not in this kernel" :
	    strerror(result);
}

/* The key and its cipher, as OpenSSL has put them together. What it said before goes first, since
 * the kernel would encrypt it once more. 0: it does not. */
static long
give_key(struct tls *tls, long is_sending, void *key)
{
	long given = 0;

	if (!is_sending || tls->kernel_socket != NULL || tls_pipe_flush(tls, false) != IO_OK)
		return 0;
	tls->kernel_socket = BIO_new_socket(tls->stream->fd, BIO_NOCLOSE);
	if (tls->kernel_socket != NULL)
		given = BIO_ctrl(tls->kernel_socket, CONTROL_SET_KTLS, is_sending, key);
	if (given > 0)
		return given;
	BIO_free(tls->kernel_socket);
	tls->kernel_socket = NULL;
	return 0;
}

static long
control(BIO *bio, int command, long number, void *pointer)
{
	struct tls *tls = BIO_get_data(bio);

	switch (command) {
	case BIO_CTRL_FLUSH:
		return BIO_ctrl(BIO_next(bio), command, number, pointer);
	case CONTROL_SET_KTLS:
		return give_key(tls, number, pointer);
	default:                    /* of which type the next record is, for one */
		return tls->kernel_socket == NULL ? 0 :
		    BIO_ctrl(tls->kernel_socket, command, number, pointer);
	}
}

/* A message of the handshake, or an alert: it goes at once or never. */
static int
put(BIO *bio, const char *data, int bytes)
{
	struct tls *tls = BIO_get_data(bio);
	int n;

	BIO_clear_retry_flags(bio);
	if (tls->kernel_socket == NULL) {
		n = BIO_write(BIO_next(bio), data, bytes);
		BIO_copy_next_retry(bio);
		return n;
	}
	stream_set_nonblocking(tls->stream, true);
	n = BIO_write(tls->kernel_socket, data, bytes);
	stream_set_nonblocking(tls->stream, false);
	BIO_set_flags(bio, BIO_get_retry_flags(tls->kernel_socket));
	return n;
}

static int
forget_socket(BIO *bio)
{
	struct tls *tls = BIO_get_data(bio);

	if (tls != NULL) {
		BIO_free(tls->kernel_socket);
		tls->kernel_socket = NULL;
	}
	return 1;
}

/* NULL: no memory. */
static BIO_METHOD *
make_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "muster kernel");

	if (method != NULL && BIO_meth_set_write(method, put) &&
	    BIO_meth_set_ctrl(method, control) && BIO_meth_set_destroy(method, forget_socket))
		return method;
	BIO_meth_free(method);
	return NULL;
}

void
tls_kernel_offer(struct tls *tls)
{
	static BIO_METHOD *method;  /* one a process */
	BIO *bio, *pipe = SSL_get_wbio(tls->ssl);

	if (!is_found || !tls->wish->config->tls.uses_kernel)
		return;
	if (method == NULL)
		method = make_method();
	bio = method == NULL ? NULL : BIO_new(method);
	if (bio == NULL || !BIO_up_ref(pipe)) {
		BIO_free(bio);
		return;
	}
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	(void)BIO_push(bio, pipe);
	SSL_set0_wbio(tls->ssl, bio);
	SSL_set_options(tls->ssl, SSL_OP_ENABLE_KTLS);
}

void
tls_kernel_decline(SSL *ssl)
{
	SSL_clear_options(ssl, SSL_OP_ENABLE_KTLS);
}

bool
tls_kernel_must_end(const struct tls *tls)
{
	return tls->kernel_socket != NULL &&
	    SSL_get_key_update_type(tls->ssl) != SSL_KEY_UPDATE_NONE;
}

enum io_result
tls_kernel_write(struct tls *tls, const void *data, size_t bytes, bool has_more)
{
	if (tls_kernel_must_end(tls))
		return IO_ERROR;
	if (tls->send_result == IO_OK)
		tls->send_result = tls->send_timeout_ms > 0 ?
		    plain_write(tls->stream, data, bytes, has_more, tls->send_timeout_ms) :
		    plain_push(tls->stream, data, bytes, tls->send_deadline_mono_ms);
	return tls->send_result;
}

/* The head of an answer and the beginning of its file share a record. */
enum io_result
tls_kernel_send_file(struct tls *tls, struct stream_file *file, unsigned timeout_ms)
{
	enum io_result result = IO_OK;

	if (tls->is_broken || tls->has_said_end || tls_kernel_must_end(tls))
		return IO_ERROR;
	tls->send_timeout_ms = timeout_ms;
	if (tls->plain_bytes > 0)
		result = tls_kernel_write(tls, tls->plain, tls->plain_bytes, true);
	tls->plain_bytes = 0;
	if (result != IO_OK)
		return result;
	result = plain_send_file(tls->stream, file, timeout_ms);
	/* Of a socket that the signal has shut down, Linux 6.1 says that it takes all. */
	if (result == IO_OK && signals_is_set(SIGNAL_STOP))
		result = IO_STOPPED;
	if (result != IO_OK && result != IO_FILE_SHORT)
		tls->send_result = result;
	return result;
}

#else
struct tls;                         /* a file must not be empty */
#endif
