/* SPDX-License-Identifier: BSD-2-Clause */
/* What an SSL_CTX of ours is set to: certificates and the section tls of the configuration. Runs
 * as who makes a site (tls_site.c). Rules: nothing depends on OpenSSL's own defaults that decides
 * who can connect; no cipher is left in that would have the private key decrypt; sessions live in
 * tickets only, and in the host they were made for. Shown by test_tls_site.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/io/tls_hello.h"

#define SECURITY_LEVEL 2            /* 112 bits; "@SECLEVEL=0" among the ciphers says otherwise */
#define NO_DECRYPTION ":!kRSA:!kRSAPSK"

static int
tell(const struct config *config, const struct tls_trouble *trouble, const char *what,
    const char *value, const char *expected)
{
	return tls_trouble_tell(trouble, config->tls.file, config->tls.line,
	    "tls.%s \"%.200s\": %s, expected %s", what, value, tls_trouble_reason(), expected);
}

static int
version_of(unsigned bit)
{
	switch (bit) {
	case CONFIG_TLS_1_0:
		return TLS1_VERSION;
	case CONFIG_TLS_1_1:
		return TLS1_1_VERSION;
	case CONFIG_TLS_1_2:
		return TLS1_2_VERSION;
	default:
		return TLS1_3_VERSION;
	}
}

/* Bits without gaps: the lowest and the highest say all. */
static int
set_protocols(SSL_CTX *context, const struct config *config, const struct tls_trouble *trouble)
{
	unsigned lowest = CONFIG_TLS_1_0, highest = CONFIG_TLS_1_3;

	while (lowest < CONFIG_TLS_1_3 && (config->tls.protocols & lowest) == 0)
		lowest <<= 1;
	while (highest > CONFIG_TLS_1_0 && (config->tls.protocols & highest) == 0)
		highest >>= 1;
	if (SSL_CTX_set_min_proto_version(context, version_of(lowest)) != 1 ||
	    SSL_CTX_set_max_proto_version(context, version_of(highest)) != 1)
		return tls_trouble_tell(trouble, config->tls.file, config->tls.line,
		    "tls.protocols: %s, expected versions that this OpenSSL has",
		    tls_trouble_reason());
	return 0;
}

static int
set_ciphers(SSL_CTX *context, const struct config *config, const struct tls_trouble *trouble)
{
	const struct config_tls *tls = &config->tls;
	char *list = NULL;
	int is_good;

	if (asprintf(&list, "%s" NO_DECRYPTION, tls->ciphers) < 0)
		return tls_trouble_tell(trouble, tls->file, tls->line, "no memory");
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	is_good = SSL_CTX_set_cipher_list(context, list);
	free(list);
	if (!is_good)
		return tell(config, trouble, "ciphers", tls->ciphers,
		    "ciphers with an exchange of keys by ECDHE or DHE, as openssl-ciphers(1) "
		    "names them");
	if (!SSL_CTX_set_ciphersuites(context, tls->ciphersuites))
		return tell(config, trouble, "ciphersuites", tls->ciphersuites,
		    "names of TLSv1.3 such as \"TLS_AES_128_GCM_SHA256\"");
	if (!SSL_CTX_set1_groups_list(context, tls->curves))
		return tell(config, trouble, "curves", tls->curves,
		    "names such as \"X25519:prime256v1\"");
	return 0;
}

static int
add_certificate(SSL_CTX *context, const struct tls_site *site, size_t index,
    const struct tls_trouble *trouble)
{
	const struct tls_certificate *certificate = &site->certificates[index];
	const struct config_certificate *pair = &site->config->certificates[index];

	if (SSL_CTX_use_cert_and_key(context, certificate->leaf, certificate->key,
	    certificate->chain, 0) == 1)
		return 0;
	if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_NOT_REPLACING_CERTIFICATE)
		return tls_trouble_tell(trouble, pair->file, pair->line, "certificate \"%s\" is "
		    "the second for a key of its kind (%s), expected one of each kind in a host",
		    pair->chain_file, EVP_PKEY_get0_type_name(certificate->key));
	return tls_trouble_tell(trouble, pair->file, pair->line,
	    "certificate \"%s\" cannot be used: %s, expected one that tls.ciphers allows "
	    "(\"@SECLEVEL\")", pair->chain_file, tls_trouble_reason());
}

/* The same over reloads and on all machines that have the certificates; never for hosts that ask
 * something else of clients, who are not asked again when a session is resumed. */
static int
set_session_context(SSL_CTX *context, const struct tls_site *site, const struct config_host *host,
    const struct tls_client_mark *mark)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char one[EVP_MAX_MD_SIZE], all[EVP_MAX_MD_SIZE];
	unsigned bytes = 0;
	bool is_good = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; is_good && i < host->certificate_count; i++)
		is_good = X509_digest(site->certificates[host->certificate_indexes[i]].leaf,
		    EVP_sha256(), one, &bytes) == 1 && EVP_DigestUpdate(hash, one, bytes) == 1;
	is_good = is_good && EVP_DigestUpdate(hash, mark->bytes, mark->byte_count) == 1 &&
	    EVP_DigestFinal_ex(hash, all, &bytes) == 1 &&
	    SSL_CTX_set_session_id_context(context, all, bytes) == 1;
	EVP_MD_CTX_free(hash);
	return is_good ? 0 : -1;
}

static int
set_sessions(SSL_CTX *context, const struct tls_site *site, const struct config_host *host,
    const struct tls_client_mark *mark)
{
	const struct config_tls *tls = &site->config->tls;

	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context, (long)tls->session_timeout_s);
	if (set_session_context(context, site, host, mark) < 0)
		return -1;
	if (!tls->session_tickets || site->tickets == NULL) {
		/* In TLS 1.3 the option alone would mean tickets that point into a cache. */
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(context, 0) == 1 ? 0 : -1;
	}
	/* OpenSSL would make two for a full handshake. Who comes again is given the next one. */
	return SSL_CTX_set_num_tickets(context, 1) == 1 &&
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, tls_site_take_ticket) == 1 ? 0 : -1;
}

static void
set_habits(SSL_CTX *context, const struct config *config)
{
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	if (config->tls.prefers_server_ciphers)
		SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
	else
		SSL_CTX_clear_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context, 1); /* a record's head and body in one receive */
	SSL_CTX_set_dh_auto(context, 1);    /* as strong as the certificate's key */
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_tlsext_status_cb(context, tls_site_staple);
	(void)SSL_CTX_set_max_early_data(context, 0);
}

static int
fill(SSL_CTX *context, struct tls_site *site, const struct config_host *host,
    const struct tls_trouble *trouble)
{
	const struct config *config = site->config;
	struct tls_client_mark mark = { .byte_count = 0 };

	SSL_CTX_set_app_data(context, site);
	tls_hello_attend(context);
	set_habits(context, config);
	if (set_protocols(context, config, trouble) < 0 ||
	    set_ciphers(context, config, trouble) < 0)
		return -1;
	for (size_t i = 0; i < host->certificate_count; i++) {
		if (add_certificate(context, site, host->certificate_indexes[i], trouble) < 0)
			return -1;
	}
	if (tls_site_ask_clients(context, host, &mark, trouble) < 0)
		return -1;
	if (set_sessions(context, site, host, &mark) < 0)
		return tls_trouble_tell(trouble, config->tls.file, config->tls.line,
		    "sessions of TLS cannot be set up: %s", tls_trouble_reason());
	return 0;
}

SSL_CTX *
tls_site_make_context(struct tls_site *site, const struct config_host *host,
    const struct tls_trouble *trouble)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL)
		(void)tls_trouble_tell(trouble, site->config->source, 0,
		    "OpenSSL gives no context: %s", tls_trouble_reason());
	else if (fill(context, site, host, trouble) < 0) {
		SSL_CTX_free(context);
		context = NULL;
	}
	return context;
}
#else
struct tls_site;                    /* a file must not be empty */
#endif
