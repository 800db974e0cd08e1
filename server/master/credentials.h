/* SPDX-License-Identifier: BSD-2-Clause */
/* What TLS needs of a configuration, opened: certificates for the workers, private keys for the
 * signer, and the sockets by which the ones ask the other. */
#ifndef MUSTER_MASTER_CREDENTIALS_H
#define MUSTER_MASTER_CREDENTIALS_H

#include "server/priv/guard.h"

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "server/base/inherit.h"
#include "server/base/ticket_keys.h"
#include "server/priv/drop.h"

/* What the master does not know how to do itself; main.c does. */
struct tls_means {
	struct ticket_keys *tickets;  /* for all generations; outlive them */
	/* old: NULL, or another site of this configuration, whose certificates with keeps[i] true
	 * are not read anew. */
	struct tls_site *(*site_renew)(const struct config *config, struct ticket_keys *tickets,
	    const struct tls_site *old, const bool keeps[], char *errbuf, size_t errbuf_bytes);
	void (*site_free)(struct tls_site **site);
	/* What is odd about it, index from 0 on; NULL: there is no more. */
	const char *(*site_warning)(const struct tls_site *site, size_t index);
	/* What is good to know; NULL: nothing. */
	const char *(*site_notice)(const struct tls_site *site);
	unsigned char *(*site_public_key)(const struct tls_site *site, size_t key_index,
	    size_t *bytes_out);
	int (*keys_check)(const struct config *config, const struct inherit_key *keys,
	    size_t count, char *errbuf, size_t errbuf_bytes);
};

struct credentials {              /* key_count is 0: there is no TLS, and nothing else counts */
	struct tls_site *site;        /* owned; refers to the configuration */
	struct inherit_key *keys;     /* owned, descriptors and public keys as well */
	size_t key_count;             /* config.certificate_count */
	int sign_fd, asked_fd;        /* the workers' end and the signer's; the master holds both,
	                               * so that who came to a signer that died waits for the
	                               * next one, and never reads from them */
	struct drop_target signer_drop;
	struct ticket_key tickets[TICKET_KEYS_MAX]; /* from files, until tickets.c has them */
	size_t ticket_count;          /* of files; 0: the master makes its own */
};

/* Pairs that are taken over from the credentials in force, of the same configuration. */
struct credentials_kept {
	const struct credentials *from;
	const bool *keeps;            /* from->key_count of them; the others are read */
};

/* drop: of the workers; previous_drop: the signer's that is known already, or NULL: asks who
 * tls.signer_user is. checks_keys: a throw-away process tries them, which is waited for: not for a
 * running master. kept: or NULL. 0, or -1 and errbuf, and nothing is open. */
int credentials_open(struct credentials *credentials, const struct config *config,
    const struct tls_means *means, const struct drop_target *drop,
    const struct drop_target *previous_drop, const struct credentials_kept *kept,
    bool checks_keys, char *errbuf, size_t errbuf_bytes);
/* Other sockets between workers and signer in the place of those. 0, or -1 and errno. */
int credentials_connect(struct credentials *credentials);
/* Logs what is odd, and no reason not to go on, and what is good to know. */
void credentials_log_oddities(const struct credentials *credentials,
    const struct tls_means *means);
/* Workers that are forked from now on are other ones': the site is freed. */
void credentials_close_site(struct credentials *credentials, const struct tls_means *means);
void credentials_close(struct credentials *credentials, const struct tls_means *means);
/* Opens and closes them, to say whether they are good, and logs what is odd. 0, or -1 and
 * errbuf. */
int credentials_check(const struct config *config, const struct tls_means *means,
    const struct drop_target *drop, const struct credentials_kept *kept, char *errbuf,
    size_t errbuf_bytes);
/* The same for one pair by itself. */
int credentials_check_pair(const struct config *config, size_t index,
    const struct tls_means *means, const struct drop_target *drop, char *errbuf,
    size_t errbuf_bytes);

#endif
