/* SPDX-License-Identifier: BSD-2-Clause */
/* A signature from the signer (server/base/sign_wire.h). For tls_keys_sign.c; where the signer is
 * asked is said by tls_keys_use_signer() of tls_keys.h. */
#ifndef MUSTER_IO_TLS_KEYS_ASK_H
#define MUSTER_IO_TLS_KEYS_ASK_H

#include <stddef.h>
#include <stdint.h>

struct tls_keys_question {
	uint32_t key_index;         /* into config.certificates */
	uint16_t scheme;            /* as in struct sign_request */
	const uint8_t *content;     /* what is to be signed, whole */
	size_t content_bytes;
};

/* NULL: *bytes_out of them are in signature, which has room for cap. Else why there is none, in
 * words that are never freed. Blocks for as long as tls_keys_use_signer() allows. */
const char *tls_keys_ask(const struct tls_keys_question *question, uint8_t *signature, size_t cap,
    size_t *bytes_out);

#endif
