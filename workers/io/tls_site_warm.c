/* SPDX-License-Identifier: BSD-2-Clause */
/* What OpenSSL fetches and keeps when it is first used (methods of its providers, the state of its
 * random numbers) is some 200 KiB, which each worker would have for itself. So the master shakes
 * hands with itself before it forks, and workers find all of it in memory that they share. Nothing
 * depends on it: what goes wrong here is left for the first connection to find out. Runs as who
 * makes a site (tls_site.c). Rules: the key is of this moment and goes with it, like all other
 * secrets; random numbers begin anew in each process (OpenSSL mixes the system's in when it finds
 * itself in another one). Shown by
 * test_tls_site.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define FLIGHTS_MAX 16              /* more than a handshake has */
#define CERTIFICATE_LIFE_S 60

struct rehearsal {
	SSL_CTX *server_context, *client_context;
	EVP_PKEY *key;
	X509 *certificate;
};

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	if (certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), CERTIFICATE_LIFE_S) != NULL &&
	    X509_set_pubkey(certificate, key) == 1 &&
	    X509_sign(certificate, key, EVP_sha256()) > 0)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static bool
prepare(struct rehearsal *rehearsal, struct tls_site *site)
{
	static const struct config_host no_host;
	char ignored[1];
	const struct tls_trouble trouble = { ignored, sizeof ignored };

	rehearsal->key = EVP_EC_gen("P-256");
	rehearsal->certificate = rehearsal->key == NULL ? NULL : make_certificate(rehearsal->key);
	rehearsal->client_context = SSL_CTX_new(TLS_client_method());
	rehearsal->server_context = tls_site_make_context(site, &no_host, &trouble);
	return rehearsal->certificate != NULL && rehearsal->client_context != NULL &&
	    rehearsal->server_context != NULL &&
	    SSL_CTX_use_cert_and_key(rehearsal->server_context, rehearsal->certificate,
	    rehearsal->key, NULL, 1) == 1;
}

static void
finish(struct rehearsal *rehearsal)
{
	SSL_CTX_free(rehearsal->server_context);
	SSL_CTX_free(rehearsal->client_context);
	X509_free(rehearsal->certificate);
	EVP_PKEY_free(rehearsal->key);
}

/* The two take turns until neither has more to say, or one gives up. */
static void
talk(SSL *server, SSL *client)
{
	char byte = 0;

	for (int i = 0; i < FLIGHTS_MAX && !SSL_is_init_finished(server); i++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(server);
	}
	if (!SSL_is_init_finished(server))
		return;
	(void)SSL_write(client, &byte, 1);
	(void)SSL_read(server, &byte, 1);
	(void)SSL_write(server, &byte, 1);
	(void)SSL_shutdown(server);
}

static SSL *
make_end(SSL_CTX *context, BIO *in, BIO *out)
{
	SSL *ssl = SSL_new(context);

	if (ssl != NULL && in != NULL && out != NULL && BIO_up_ref(in)) {
		if (BIO_up_ref(out)) {
			SSL_set_bio(ssl, in, out);
			return ssl;
		}
		BIO_free(in);
	}
	SSL_free(ssl);
	return NULL;
}

static void
rehearse(SSL_CTX *server_context, SSL_CTX *client_context, int version, const char *group)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
	SSL *server = make_end(server_context, up, down);
	SSL *client = make_end(client_context, down, up);

	if (server != NULL && client != NULL && SSL_set_min_proto_version(client, version) == 1 &&
	    SSL_set_max_proto_version(client, version) == 1 &&
	    SSL_set1_groups_list(client, group) == 1) {
		SSL_set_accept_state(server);
		SSL_set_connect_state(client);
		talk(server, client);
	}
	SSL_free(server);
	SSL_free(client);
	BIO_free(up);
	BIO_free(down);
	ERR_clear_error();
}

/* With a certificate of the configuration: as far as the signature, for which there is no signer
 * here. One stands for all: a reload is not to last. */
static void
rehearse_signature(const struct tls_site *site, SSL_CTX *client_context)
{
	for (size_t i = 0; i < site->config->host_count; i++) {
		if (site->contexts[i] == NULL)
			continue;
		rehearse(site->contexts[i], client_context, TLS1_3_VERSION, "X25519");
		return;
	}
}

void
tls_site_warm(struct tls_site *site)
{
	static const struct {
		int version;
		const char *group;
	} whole[] = {
		{ TLS1_2_VERSION, "P-256" }, { TLS1_2_VERSION, "X25519" },
		{ TLS1_3_VERSION, "P-256" }, { TLS1_3_VERSION, "X25519" },
	};
	static bool is_done;
	struct rehearsal rehearsal = { 0 };

	if (is_done)
		return;
	is_done = true;
	if (prepare(&rehearsal, site)) {
		rehearse_signature(site, rehearsal.client_context);
		for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
			rehearse(rehearsal.server_context, rehearsal.client_context,
			    whole[i].version, whole[i].group);
	}
	finish(&rehearsal);
	/* This thread's random numbers and its list of errors: each worker has its own anyway. */
	OPENSSL_thread_stop();
}
#else
struct tls_site;                    /* a file must not be empty */
#endif
