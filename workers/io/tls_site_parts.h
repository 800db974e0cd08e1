/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a site share. Inside tls_site*.c only. */
#ifndef MUSTER_IO_TLS_SITE_PARTS_H
#define MUSTER_IO_TLS_SITE_PARTS_H

#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>

#include "workers/io/tls_site.h"

struct tls_certificate {            /* of config.certificates */
	X509 *leaf;
	STACK_OF(X509) *chain;      /* what follows it in the file; maybe empty */
	EVP_PKEY *key;              /* a handle, see tls_keys.h */
	unsigned char *response;    /* an OCSP response for it, as DER; NULL: none */
	size_t response_bytes;
	int64_t response_end_s;     /* then it is too old to be sent; 0: it has no end */
};

struct tls_site {
	const struct config *config;
	struct ticket_keys *tickets;
	EVP_CIPHER *ticket_cipher;  /* fetched once, before the fork */
	struct tls_certificate *certificates; /* config->certificate_count */
	SSL_CTX **contexts;         /* config->host_count; those of equal hosts are the same one,
	                             * each with a reference of its own */
	char **warnings;
	size_t warning_count;
	const char *notice;         /* or NULL; static */
};

/* Where text about what went wrong goes. */
struct tls_trouble {
	char *errbuf;
	size_t errbuf_bytes;
};
/* "file:line: text"; returns -1. */
int tls_trouble_tell(const struct tls_trouble *trouble, const char *file, unsigned line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The last thing that OpenSSL complained about, in its words; its queue is empty then. */
const char *tls_trouble_reason(void);

/* Reads a certificate's file. 0, or -1 and trouble. */
int tls_site_read_chain(const struct config *config, size_t index,
    struct tls_certificate *certificate_out, const struct tls_trouble *trouble);
/* A context for a host's certificates. NULL: trouble. */
SSL_CTX *tls_site_make_context(struct tls_site *site, const struct config_host *host,
    const struct tls_trouble *trouble);
/* Makes tickets, and takes them: SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
int tls_site_take_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_new);

/* What a host asks of clients, for the contexts of sessions: another one for other rules. */
struct tls_client_mark {
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned byte_count;        /* 0: nothing is asked */
};
/* Has a context ask clients for certificates as the host wants. 0, or -1 and trouble. */
int tls_site_ask_clients(SSL_CTX *context, const struct config_host *host,
    struct tls_client_mark *mark_out, const struct tls_trouble *trouble);

/* Reads the OCSP responses and gives them to the certificates that they are for. One that cannot be
 * used is a warning. */
void tls_site_read_staplings(struct tls_site *site);
/* Sends one with the certificate that the client gets: SSL_CTX_set_tlsext_status_cb(3). */
int tls_site_staple(SSL *ssl, void *context);

/* Adds a warning; without memory it is lost. */
void tls_site_warn(struct tls_site *site, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Has OpenSSL load what handshakes need, once a process. */
void tls_site_warm(struct tls_site *site);

/* Looks for what is odd about certificates. */
void tls_site_look(struct tls_site *site);

#endif
