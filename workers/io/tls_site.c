/* SPDX-License-Identifier: BSD-2-Clause */
/* The TLS side of a configuration: its certificates, and for each host the SSL_CTX that has them.
 * Reading files is tls_site_chain.c's, what a context is set to tls_site_context.c's, tickets are
 * tls_site_tickets.c's, OCSP responses tls_site_staple.c's, clients' certificates
 * tls_site_client.c's. Made by the master as root, before it forks, and by who checks a
 * configuration; used by workers. Rule: private keys are not read here, and a file that also holds
 * one leaves no trace of it. Shown by test_tls_site.c. */
#include "workers/io/tls_site.h"

#include <stdio.h>

#ifdef HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "workers/io/tls_kernel.h"
#include "workers/io/tls_keys.h"
#include "workers/io/tls_site_parts.h"

int
tls_trouble_tell(const struct tls_trouble *trouble, const char *file, unsigned line,
    const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (line > 0)
		(void)snprintf(trouble->errbuf, trouble->errbuf_bytes, "%s:%u: %s", file, line,
		    text);
	else
		(void)snprintf(trouble->errbuf, trouble->errbuf_bytes, "%s: %s", file, text);
	return -1;
}

const char *
tls_trouble_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason != NULL ? reason : "no memory";
}

void
tls_site_warn(struct tls_site *site, const char *file, unsigned line, const char *format, ...)
{
	struct tls_trouble trouble;
	char what[512], text[1024];
	char **warnings;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	trouble = (struct tls_trouble){ text, sizeof text };
	(void)tls_trouble_tell(&trouble, file, line, "%s", what);
	warnings = realloc(site->warnings, (site->warning_count + 1) * sizeof(*warnings));
	if (warnings == NULL)
		return;
	site->warnings = warnings;
	warnings[site->warning_count] = strdup(text);
	if (warnings[site->warning_count] != NULL)
		site->warning_count++;
}

/* Of the hosts before it, one whose certificates are the same in the same order, and which asks the
 * same of clients. */
static SSL_CTX *
find_equal(const struct tls_site *site, size_t host_index)
{
	const struct config_host *hosts = site->config->hosts, *host = &hosts[host_index];

	for (size_t i = 0; i < host_index; i++) {
		if (hosts[i].certificate_count == host->certificate_count &&
		    memcmp(hosts[i].certificate_indexes, host->certificate_indexes,
		    host->certificate_count * sizeof(*host->certificate_indexes)) == 0 &&
		    config_client_rules_equal(&hosts[i].client, &host->client))
			return site->contexts[i];
	}
	return NULL;
}

static int
fill_contexts(struct tls_site *site, const struct tls_trouble *trouble)
{
	const struct config *config = site->config;

	for (size_t i = 0; i < config->host_count; i++) {
		SSL_CTX *equal;

		if (config->hosts[i].certificate_count == 0)
			continue;
		equal = find_equal(site, i);
		if (equal != NULL)
			SSL_CTX_up_ref(equal);
		else
			equal = tls_site_make_context(site, &config->hosts[i], trouble);
		site->contexts[i] = equal;
		if (equal == NULL)
			return -1;
	}
	return 0;
}

static int
share(const struct tls_certificate *old, struct tls_certificate *out)
{
	out->chain = X509_chain_up_ref(old->chain);
	if (out->chain == NULL || X509_up_ref(old->leaf) != 1)
		return -1;
	out->leaf = old->leaf;
	if (EVP_PKEY_up_ref(old->key) != 1)
		return -1;
	out->key = old->key;
	return 0;
}

/* old: NULL, or whose certificates are kept. */
static int
fill_certificates(struct tls_site *site, const struct tls_site *old, const bool keeps[],
    const struct tls_trouble *trouble)
{
	const struct config *config = site->config;

	for (size_t i = 0; i < config->certificate_count; i++) {
		struct tls_certificate *certificate = &site->certificates[i];

		if (old == NULL || !keeps[i]) {
			if (tls_site_read_chain(config, i, certificate, trouble) < 0)
				return -1;
		} else if (share(&old->certificates[i], certificate) < 0) {
			return tls_trouble_tell(trouble, config->source, 0, "no memory");
		}
	}
	return 0;
}

static int
fill(struct tls_site *site, const struct tls_site *old, const bool keeps[],
    const struct tls_trouble *trouble)
{
	const struct config *config = site->config;

	/* One more than none: calloc(3) may give NULL for nothing. */
	site->certificates = calloc(config->certificate_count + 1, sizeof(*site->certificates));
	site->contexts = calloc(config->host_count + 1, sizeof(*site->contexts));
	if (site->certificates == NULL || site->contexts == NULL)
		return tls_trouble_tell(trouble, config->source, 0, "no memory");
	if (tls_keys_init() < 0)
		return tls_trouble_tell(trouble, config->source, 0,
		    "OpenSSL cannot be made ready: %s", tls_trouble_reason());
	site->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (site->ticket_cipher == NULL)
		return tls_trouble_tell(trouble, config->source, 0,
		    "OpenSSL has no AES-256-CBC, which session tickets need: %s",
		    tls_trouble_reason());
	if (fill_certificates(site, old, keeps, trouble) < 0)
		return -1;
	return fill_contexts(site, trouble);
}

/* The configuration is right on every system: what one cannot do is no error. */
static void
look_for_kernel(struct tls_site *site)
{
	const struct config_tls *tls = &site->config->tls;
	const char *missing = tls->uses_kernel ? tls_kernel_look() : NULL;

	if (missing != NULL)
		tls_site_warn(site, tls->file, tls->line, "tls.kernel: not in use, OpenSSL "
		    "encrypts: %s", missing);
	else if (tls->uses_kernel)
		site->notice = "TLS: the kernel encrypts what goes to clients over HTTP/1 "
		    "(tls.kernel)";
}

struct tls_site *
tls_site_renew(const struct config *config, struct ticket_keys *tickets,
    const struct tls_site *old, const bool keeps[], char *errbuf, size_t errbuf_bytes)
{
	const struct tls_trouble trouble = { errbuf, errbuf_bytes };
	struct tls_site *site = calloc(1, sizeof *site);

	if (site == NULL) {
		(void)tls_trouble_tell(&trouble, config->source, 0, "no memory");
		return NULL;
	}
	site->config = config;
	site->tickets = tickets;
	if (fill(site, old, keeps, &trouble) < 0)
		tls_site_free(&site);
	else {
		tls_site_read_staplings(site);
		tls_site_look(site);
		look_for_kernel(site);
		tls_site_warm(site);
	}
	ERR_clear_error();
	return site;
}

void
tls_site_free(struct tls_site **site)
{
	struct tls_site *old = *site;

	if (old == NULL)
		return;
	for (size_t i = 0; old->contexts != NULL && i < old->config->host_count; i++)
		SSL_CTX_free(old->contexts[i]);
	for (size_t i = 0; old->certificates != NULL && i < old->config->certificate_count; i++) {
		X509_free(old->certificates[i].leaf);
		sk_X509_pop_free(old->certificates[i].chain, X509_free);
		EVP_PKEY_free(old->certificates[i].key);
		free(old->certificates[i].response);
	}
	for (size_t i = 0; i < old->warning_count; i++)
		free(old->warnings[i]);
	EVP_CIPHER_free(old->ticket_cipher);
	free(old->contexts);
	free(old->certificates);
	free(old->warnings);
	free(old);
	*site = NULL;
}

const char *
tls_site_warning(const struct tls_site *site, size_t index)
{
	return index < site->warning_count ? site->warnings[index] : NULL;
}

const char *
tls_site_notice(const struct tls_site *site)
{
	return site->notice;
}

SSL_CTX *
tls_site_context(const struct tls_site *site, size_t host_index)
{
	return site->contexts[host_index];
}

unsigned char *
tls_site_public_key(const struct tls_site *site, size_t key_index, size_t *bytes_out)
{
	EVP_PKEY *key = X509_get0_pubkey(site->certificates[key_index].leaf);
	int bytes = i2d_PUBKEY(key, NULL);
	unsigned char *der = bytes > 0 ? malloc((size_t)bytes) : NULL, *end = der;

	if (der == NULL)
		return NULL;
	*bytes_out = (size_t)i2d_PUBKEY(key, &end);
	return der;
}

#else

struct tls_site *
tls_site_renew(const struct config *config, struct ticket_keys *tickets,
    const struct tls_site *old, const bool keeps[], char *errbuf, size_t errbuf_bytes)
{
	(void)tickets;
	(void)old;
	(void)keeps;
	(void)snprintf(errbuf, errbuf_bytes, "%s: TLS is not in this build, expected one with "
	    "OpenSSL", config->source);
	return NULL;
}

void
tls_site_free(struct tls_site **site)
{
	*site = NULL;
}

const char *
tls_site_warning(const struct tls_site *site, size_t index)
{
	(void)site;
	(void)index;
	return NULL;
}

const char *
tls_site_notice(const struct tls_site *site)
{
	(void)site;
	return NULL;
}

struct ssl_ctx_st *
tls_site_context(const struct tls_site *site, size_t host_index)
{
	(void)site;
	(void)host_index;
	return NULL;
}

unsigned char *
tls_site_public_key(const struct tls_site *site, size_t key_index, size_t *bytes_out)
{
	(void)site;
	(void)key_index;
	*bytes_out = 0;
	return NULL;
}
#endif

struct tls_site *
tls_site_new(const struct config *config, struct ticket_keys *tickets, char *errbuf,
    size_t errbuf_bytes)
{
	return tls_site_renew(config, tickets, NULL, NULL, errbuf, errbuf_bytes);
}
