/* SPDX-License-Identifier: BSD-2-Clause */
/* The handshake of a connection. Leaves the choice of a host to tls_hello.c, private keys to
 * tls_keys.c, and all that comes after to tls_data.c. Workers, unprivileged. Rules: a handshake
 * ends by its deadline, whatever the client sends and however slowly it takes what is sent; no
 * memory is asked of the system (tls_memory.c). Shown by test_tls_stream.c and
 * tests/integration/70-tls. */
#include "workers/io/tls.h"

#ifdef HAVE_OPENSSL

#include <openssl/err.h>
#include <string.h>

#include "config/config.h"
#include "server/base/log.h"
#include "workers/io/tls_hello.h"
#include "workers/io/tls_kernel.h"
#include "workers/io/tls_pipe.h"

#define HANDSHAKE_BYTES_MAX (256 * 1024) /* of a client; certificates of its own are the most */

/* A method of HTTP begins with a capital letter, a record of TLS never does. */
static bool
is_http(char first)
{
	return first >= 'A' && first <= 'Z';
}

/* As tls_pipe.c and tls_data.c need it, whatever the context says. */
static void
prepare(SSL *ssl)
{
	SSL_set_accept_state(ssl);
	SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
	/* Each record that carries nothing is to be seen; a write is whole; buffers stay. */
	SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_RELEASE_BUFFERS);
	SSL_set_read_ahead(ssl, 0); /* what has come stays where it can be seen */
}

/* NULL: no memory. */
static struct tls *
open_connection(struct stream *stream, const struct tls_wish *wish)
{
	struct tls *tls = tls_pipe_open();
	SSL *ssl;

	if (tls == NULL)
		return NULL;
	ssl = SSL_new(tls_hello_first_context(wish));
	if (ssl == NULL)
		return NULL;
	if (!tls_pipe_connect(tls, ssl) || !SSL_set_app_data(ssl, tls)) {
		SSL_free(ssl);
		return NULL;
	}
	prepare(ssl);
	tls->stream = stream;
	tls->wish = wish;
	tls_kernel_offer(tls);
	tls->server_name[0] = tls->client_subject[0] = '\0';
	tls->host = NULL;
	tls->send_timeout_ms = 0;
	tls->send_deadline_mono_ms = wish->deadline_mono_ms;
	tls->record_timeout_ms = wish->record_timeout_ms;
	tls->send_result = IO_OK;
	tls->is_broken = tls->has_said_end = tls->is_last_write = false;
	tls->idle_record_count = 0;
	tls->plain_bytes = tls->out_bytes = tls->tried_bytes = tls->in_at = 0;
	tls->in_end = tls->taken_bytes = wish->in_bytes;
	memcpy(tls->in, wish->in, wish->in_bytes);
	return tls;
}

static enum tls_start
fail(const struct tls *tls, const char *reason)
{
	log_info("%s: TLS handshake failed: %s", tls->wish->client, reason);
	return TLS_FAILED;
}

/* The first error is the cause, those behind it are what it led to. Of one that has no text of
 * OpenSSL's (the signer's), the data says more. */
static enum tls_start
fail_of_openssl(const struct tls *tls)
{
	const char *data = "", *reason;
	int flags = 0;
	unsigned long error = ERR_peek_error_data(&data, &flags);

	reason = ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED ?
	    X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl)) :
	    ERR_reason_error_string(error);
	if ((flags & ERR_TXT_STRING) == 0 || data == NULL || data[0] == '\0')
		return fail(tls, reason == NULL ? "OpenSSL does not say why" : reason);
	log_info("%s: TLS handshake failed: %s: %s", tls->wish->client,
	    reason == NULL ? "error" : reason, data);
	return TLS_FAILED;
}

static enum tls_start
judge_fill(const struct tls *tls, enum io_result result)
{
	switch (result) {
	case IO_TIMEOUT:
		log_info("%s: TLS handshake failed: not done within handshake_timeout",
		    tls->wish->client);
		return TLS_TIMEOUT;
	case IO_STOPPED:
		return TLS_STOPPED;
	case IO_EOF:
		return fail(tls, "the client has gone");
	default:
		return fail(tls, "the connection is broken");
	}
}

/* What the server says last, tickets with it, goes with what comes next: the answer to a request
 * that is here already, or the wait for one. */
static enum tls_start
shake_hands(struct tls *tls)
{
	for (;;) {
		enum io_result result;
		int returned;

		ERR_clear_error();
		returned = SSL_do_handshake(tls->ssl);
		if (returned == 1)
			return TLS_STARTED;
		if (SSL_get_error(tls->ssl, returned) != SSL_ERROR_WANT_READ)
			return tls->send_result != IO_OK ? judge_fill(tls, tls->send_result) :
			    fail_of_openssl(tls);
		if (tls->in_at < tls->in_end)
			continue;
		if (tls->taken_bytes > HANDSHAKE_BYTES_MAX)
			return fail(tls, "the client sends too much");
		result = tls_pipe_flush(tls, false); /* nothing comes before that */
		if (result == IO_OK)
			result = tls_pipe_fill(tls, tls->wish->deadline_mono_ms);
		if (result != IO_OK)
			return judge_fill(tls, result);
	}
}

enum tls_start
tls_start(struct stream *stream, const struct tls_wish *wish)
{
	enum tls_start started;
	struct tls *tls;

	if (is_http(wish->in[0]))
		return TLS_IS_PLAIN_HTTP;
	tls = wish->in_bytes <= TLS_IN_BYTES ? open_connection(stream, wish) : NULL;
	if (tls == NULL) {
		log_info("%s: TLS handshake failed: no memory, or too much sent at once",
		    wish->client);
		return TLS_FAILED;
	}
	started = shake_hands(tls);
	tls->wish = NULL;
	if (started == TLS_STARTED) {
		stream->tls = tls;
		return started;
	}
	tls->send_deadline_mono_ms = 0; /* an alert goes at once or never */
	(void)tls_pipe_flush(tls, false);
	SSL_free(tls->ssl);
	tls->ssl = NULL;
	ERR_clear_error();
	return started;
}

/* Of a session that is resumed as well: its ticket holds the certificate. */
static void
find_subject(struct tls *tls)
{
	const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
	BIO *bio = certificate != NULL ? BIO_new(BIO_s_mem()) : NULL;
	int length = 0;

	if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
	    XN_FLAG_RFC2253) >= 0)
		length = BIO_read(bio, tls->client_subject, TLS_SUBJECT_BYTES - 1);
	tls->client_subject[length > 0 ? length : 0] = '\0';
	BIO_free(bio);
}

void
tls_get_facts(const struct stream *stream, struct tls_facts *facts)
{
	struct tls *tls = stream->tls;
	const unsigned char *protocol = NULL;
	unsigned protocol_bytes = 0;

	find_subject(tls);
	facts->host = tls->host;
	facts->client_subject = tls->client_subject[0] == '\0' ? NULL : tls->client_subject;
	facts->protocol = SSL_get_version(tls->ssl);
	facts->cipher = SSL_get_cipher_name(tls->ssl);
	facts->server_name = tls->server_name[0] == '\0' ? NULL : tls->server_name;
	facts->is_resumed = SSL_session_reused(tls->ssl) == 1;
	SSL_get0_alpn_selected(tls->ssl, &protocol, &protocol_bytes);
	facts->is_h2 = protocol_bytes == 2 && memcmp(protocol, "h2", 2) == 0;
}

#endif
