/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the provider share: the key that their operations are about, and the tables
 * of their functions (OSSL_DISPATCH(3)). Inside tls_keys*.c only. */
#ifndef MUSTER_IO_TLS_KEYS_PARTS_H
#define MUSTER_IO_TLS_KEYS_PARTS_H

#include <openssl/core.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#define TLS_KEYS_PROVIDER "muster"
/* A name of no other provider, or OpenSSL would ask that one to sign: it takes public keys. */
#define TLS_KEYS_SIGNATURE "MUSTER-SIGNATURE"
#define TLS_KEYS_INDEX "muster-key-index" /* parameter of a key, uint32_t */

struct tls_key {                    /* what KEYMGMT calls keydata */
	const char *kind;           /* "RSA", "EC", "ED25519" */
	EVP_PKEY *public_key;       /* the default provider's; NULL: nothing was imported yet */
	uint32_t index;             /* of the private key, at the signer's; only when */
	bool has_index;
};

extern const OSSL_DISPATCH tls_keys_manage_rsa[], tls_keys_manage_ec[], tls_keys_manage_ed25519[];
extern const OSSL_DISPATCH tls_keys_sign[];

#endif
