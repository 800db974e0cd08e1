/* SPDX-License-Identifier: BSD-2-Clause */
/* Which host's certificate a client gets (SNI, RFC 6066 3), and which protocol it may speak (ALPN,
 * RFC 7301). Leaves which host has a name to the layer above, certificates to tls_site.c. Workers,
 * unprivileged. Rules: the host is chosen before a session is resumed, so that none is taken from
 * one host to another; a name that nobody has gets the default host, as in HTTP.
 * Shown by tests/integration/70-tls/test_names.py. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_hello.h"

#include <string.h>

#include "config/config.h"
#include "workers/io/tls_kernel.h"
#include "workers/io/tls_site.h"

#define NAME_TYPE_HOST 0            /* RFC 6066 3 */

static const struct config_host *
host_of(const struct tls_wish *wish, const char *name)
{
	return wish->find_host(wish->config, wish->listener_index, name);
}

static SSL_CTX *
context_of(const struct tls_wish *wish, const struct config_host *host)
{
	return tls_site_context(wish->site, (size_t)(host - wish->config->hosts));
}

static size_t
two_bytes(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* The only name in the extension's list. What is wrong with one OpenSSL itself refuses. */
static void
copy_name(const unsigned char *list, size_t bytes, char out[TLS_NAME_BYTES])
{
	size_t name_bytes;

	out[0] = '\0';
	if (bytes < 5 || two_bytes(list) != bytes - 2 || list[2] != NAME_TYPE_HOST)
		return;
	name_bytes = two_bytes(list + 3);
	if (name_bytes != bytes - 5 || name_bytes >= TLS_NAME_BYTES ||
	    memchr(list + 5, '\0', name_bytes) != NULL)
		return;
	memcpy(out, list + 5, name_bytes);
	out[name_bytes] = '\0';
}

static int
on_hello(SSL *ssl, int *alert, void *context)
{
	struct tls *tls = SSL_get_app_data(ssl);
	const unsigned char *list;
	size_t bytes;

	(void)alert;
	(void)context;
	if (tls == NULL)
		return SSL_CLIENT_HELLO_SUCCESS; /* tls_site_warm.c */
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &list, &bytes))
		bytes = 0;
	copy_name(list, bytes, tls->server_name);
	tls->host = host_of(tls->wish, tls->server_name);
	if (tls->server_name[0] != '\0') {
		SSL_CTX *chosen = context_of(tls->wish, tls->host);

		(void)SSL_set_SSL_CTX(ssl, chosen);
		/* That leaves what is asked of clients as the first context had it. */
		SSL_set_verify(ssl, SSL_CTX_get_verify_mode(chosen), NULL);
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* The name was taken, whether anybody has it or not (RFC 6066 3). */
static int
on_name(SSL *ssl, int *alert, void *context)
{
	(void)ssl;
	(void)alert;
	(void)context;
	return SSL_TLSEXT_ERR_OK;
}

/* Where the client's list, which is well-formed, has it; NULL: nowhere. */
static const unsigned char *
find_protocol(const unsigned char *list, unsigned bytes, const char *name)
{
	const unsigned char *end = list + bytes;
	size_t name_bytes = strlen(name);

	for (; list < end && list[0] < end - list; list += 1 + list[0])
		if (list[0] == name_bytes && memcmp(list + 1, name, name_bytes) == 0)
			return list;
	return NULL;
}

/* Some ciphers that TLS 1.2 still has are none for HTTP/2 (RFC 9113 9.2.2). */
static bool
is_fit_for_h2(SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);

	return SSL_version(ssl) >= TLS1_2_VERSION && cipher != NULL &&
	    SSL_CIPHER_is_aead(cipher);
}

/* A client that speaks none of it is told so (RFC 7301 3.2): what it would send is for another
 * server. One that does not name any speaks HTTP/1. */
static int
on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_bytes,
    const unsigned char *list, unsigned bytes, void *context)
{
	const struct tls *tls = SSL_get_app_data(ssl);
	const unsigned char *found = NULL;

	(void)context;
	if (tls->wish->offers_h2 && is_fit_for_h2(ssl))
		found = find_protocol(list, bytes, "h2");
	if (found == NULL)
		found = find_protocol(list, bytes, "http/1.1");
	if (found != NULL) {
		if (found[0] == 2)  /* h2 */
			tls_kernel_decline(ssl);
		*out = found + 1;
		*out_bytes = found[0];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void
tls_hello_attend(SSL_CTX *context)
{
	SSL_CTX_set_client_hello_cb(context, on_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(context, on_name);
	SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
}

SSL_CTX *
tls_hello_first_context(const struct tls_wish *wish)
{
	return context_of(wish, host_of(wish, ""));
}
#else
struct tls;                         /* a file must not be empty */
#endif
