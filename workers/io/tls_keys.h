/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys that are not here: EVP_PKEYs of our own OpenSSL provider (provider(7)), whose
 * public part is a certificate's and whose signatures the signer makes. RSA (PKCS #1, PSS), ECDSA,
 * Ed25519; nothing is decrypted. */
#ifndef MUSTER_IO_TLS_KEYS_H
#define MUSTER_IO_TLS_KEYS_H

#include <stdint.h>

struct evp_pkey_st;

/* Loads the provider into OpenSSL's default library context, once; later calls do nothing.
 * 0, or -1: OpenSSL's error queue says why. */
int tls_keys_init(void);
/* The handle for the key of a certificate. public_key stays the caller's. NULL: it is of a kind
 * that is not supported, or no memory. Free with EVP_PKEY_free(). */
struct evp_pkey_st *tls_keys_handle(struct evp_pkey_st *public_key, uint32_t key_index);
/* In a worker: where the signer is asked; -1: every signature fails. The descriptor is shared by
 * all workers; a pair of this process's own is made at the first signature and again when the
 * signer was replaced. timeout_ms: how long an answer may take, then the handshake fails. */
void tls_keys_use_signer(int sign_fd, unsigned timeout_ms);

#endif
