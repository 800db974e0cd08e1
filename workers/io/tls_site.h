/* SPDX-License-Identifier: BSD-2-Clause */
/* What TLS needs of a configuration, for all its hosts: certificates, protocol versions, ciphers.
 * Made whole before any worker is forked, so that all share the memory; private keys are not in
 * it, only handles that ask the signer (tls_keys.h). Over OpenSSL's SSL_CTX. */
#ifndef MUSTER_IO_TLS_SITE_H
#define MUSTER_IO_TLS_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct ticket_keys;
struct tls_site;
struct ssl_st;
struct ssl_ctx_st;

/* Reads every certificate file of the configuration, with the rights of the caller. The site
 * refers to config and tickets, which must outlive it. NULL and errbuf: "file:line: what, expected
 * what". Without TLS in the build: an error that says so. */
struct tls_site *tls_site_new(const struct config *config, struct ticket_keys *tickets,
    char *errbuf, size_t errbuf_bytes);
/* The same, but those certificates with keeps[i] true are another site's of the same configuration,
 * and not read. */
struct tls_site *tls_site_renew(const struct config *config, struct ticket_keys *tickets,
    const struct tls_site *old, const bool keeps[], char *errbuf, size_t errbuf_bytes);
/* Accepts NULL, leaves NULL. */
void tls_site_free(struct tls_site **site);

/* What is odd and no error: certificates that are out of date or do not name their host, OCSP
 * responses that cannot be used, TLS of the kernel where it has none. index from 0 on: "file:line:
 * what", as long as the site lives; NULL: there are no more. */
const char *tls_site_warning(const struct tls_site *site, size_t index);
/* What is good to know; NULL: nothing. */
const char *tls_site_notice(const struct tls_site *site);

/* The context of a host (of config.hosts); that of a connection whose server name is not known yet
 * is the listener's default host's. NULL: the host has no certificate. Hosts with the same
 * certificates and rules for clients share one, whose sessions are not resumed in another.
 * Callbacks for what a hello asks for (server name, ALPN) are not set here. Its app data is the
 * site's. */
struct ssl_ctx_st *tls_site_context(const struct tls_site *site, size_t host_index);
/* The public key of a certificate as DER SubjectPublicKeyInfo, for the signer to compare with its
 * private one: malloc'd, the caller frees it. NULL: no memory. key_index: into
 * config.certificates. */
unsigned char *tls_site_public_key(const struct tls_site *site, size_t key_index,
    size_t *bytes_out);

#endif
