/* SPDX-License-Identifier: BSD-2-Clause */
/* What is odd about certificates and ciphers and still no reason not to start: a server that goes
 * on with an old certificate is better than none. Runs as who makes a site (tls_site.c). Shown by
 * test_tls_site.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define TIME_CHARS 64

static const char *
render_time(const ASN1_TIME *time, char out[TIME_CHARS])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int length = 0;

	if (bio != NULL && ASN1_TIME_print(bio, time) == 1)
		length = BIO_read(bio, out, TIME_CHARS - 1);
	out[length > 0 ? length : 0] = '\0';
	BIO_free(bio);
	return out;
}

static void
look_at_times(struct tls_site *site, size_t index)
{
	const struct config_certificate *pair = &site->config->certificates[index];
	const X509 *leaf = site->certificates[index].leaf;
	char text[TIME_CHARS];

	if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
		tls_site_warn(site, pair->file, pair->line, "certificate \"%s\" is out of date "
		    "since %s", pair->chain_file, render_time(X509_get0_notAfter(leaf), text));
	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
		tls_site_warn(site, pair->file, pair->line, "certificate \"%s\" is not valid "
		    "before %s", pair->chain_file, render_time(X509_get0_notBefore(leaf), text));
}

static bool
names(X509 *leaf, const char *name)
{
	return strcmp(name, "*") == 0 || X509_check_host(leaf, name, 0, 0, NULL) == 1 ||
	    X509_check_ip_asc(leaf, name, 0) == 1;
}

/* The host's first name that the certificate lacks; NULL: it has all. */
static const char *
find_unnamed(const struct config_host *host, X509 *leaf)
{
	if (!names(leaf, host->name))
		return host->name;
	for (size_t i = 0; i < host->alias_count; i++) {
		if (!names(leaf, host->aliases[i]))
			return host->aliases[i];
	}
	return NULL;
}

static void
look_at_names(struct tls_site *site, const struct config_host *host)
{
	for (size_t i = 0; i < host->certificate_count; i++) {
		size_t index = host->certificate_indexes[i];
		const char *name = find_unnamed(host, site->certificates[index].leaf);

		if (name != NULL)
			tls_site_warn(site, host->file, host->line, "certificate \"%s\" of host "
			    "\"%s\" does not name \"%s\"",
			    site->config->certificates[index].chain_file, host->name, name);
	}
}

/* OpenSSL passes over a name that it does not know. */
static void
look_at_ciphers(struct tls_site *site)
{
	const struct config_tls *tls = &site->config->tls;
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	const char *at = tls->ciphers;

	while (context != NULL && *at != '\0') {
		size_t bytes = strcspn(at, ":, ");
		char one[128];

		if (isalnum((unsigned char)*at) && bytes < sizeof one) {
			memcpy(one, at, bytes);
			one[bytes] = '\0';
			if (SSL_CTX_set_cipher_list(context, one) != 1)
				tls_site_warn(site, tls->file, tls->line, "tls.ciphers has "
				    "\"%s\", which OpenSSL does not know", one);
		}
		at += bytes;
		at += *at != '\0';
	}
	SSL_CTX_free(context);
	ERR_clear_error();
}

void
tls_site_look(struct tls_site *site)
{
	const struct config *config = site->config;

	for (size_t i = 0; i < config->certificate_count; i++)
		look_at_times(site, i);
	for (size_t i = 0; i < config->host_count; i++)
		look_at_names(site, &config->hosts[i]);
	if (config->certificate_count > 0)
		look_at_ciphers(site);
}
#else
struct tls_site;                    /* a file must not be empty */
#endif
