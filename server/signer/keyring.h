/* SPDX-License-Identifier: BSD-2-Clause */
/* The private keys, and what they sign: what a TLS server signs in a handshake, by the schemes that
 * fit the key, and nothing else. */
#ifndef MUSTER_SIGNER_KEYRING_H
#define MUSTER_SIGNER_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "server/base/inherit.h"
#include "server/base/sign_wire.h"

struct keyring;

/* Before all else, where a process cannot lock all its memory: keys get some of their own, which
 * is locked and guarded; room for count of them. False: the system refuses that, too. */
bool keyring_lock_heap(size_t count);
/* Reads the keys of config.certificates, count of them, from their descriptors, and proves that
 * each fits its certificate. Names in messages are the configuration's, which is not needed
 * afterwards; neither are the keys. NULL and errbuf: "file:line: what, expected what". */
struct keyring *keyring_open(const struct config *config, const struct inherit_key *keys,
    size_t count, char *errbuf, size_t errbuf_bytes);
/* Wipes them. Accepts NULL, leaves NULL. */
void keyring_close(struct keyring **keyring);
/* The same without keeping them. 0, or -1 and errbuf. */
int keyring_check(const struct config *config, const struct inherit_key *keys, size_t count,
    char *errbuf, size_t errbuf_bytes);

/* For a request that is sound (sign_wire.h). How many bytes the signature has, 0: refused. */
size_t keyring_sign(struct keyring *keyring, const struct sign_request *request,
    uint8_t signature_out[SIGN_SIGNATURE_MAX]);

#endif
