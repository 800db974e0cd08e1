/* SPDX-License-Identifier: BSD-2-Clause */
/* The signature schemes of TLS (RFC 8446 4.2.3), and what each may be used for. Numbers only. */
#ifndef MUSTER_SIGNER_SCHEME_H
#define MUSTER_SIGNER_SCHEME_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/sign_wire.h"

enum scheme_key {
	SCHEME_RSA,
	SCHEME_RSA_PSS,             /* a key that is for PSS only */
	SCHEME_EC,
	SCHEME_ED25519,
};

struct scheme {
	uint16_t number;
	enum scheme_key key;
	const char *digest;         /* OpenSSL's name; NULL: part of the scheme */
	bool is_pss;
	const char *curve;          /* EC in TLS 1.3: OpenSSL's name; NULL: not in TLS 1.3 */
	bool is_in_tls13;
};

/* NULL: no such scheme, or not for this purpose. */
const struct scheme *scheme_find(uint16_t number, enum sign_purpose purpose);
/* All of them, by an index below SCHEME_COUNT. */
#define SCHEME_COUNT 18
const struct scheme *scheme_at(unsigned index);
unsigned scheme_index(const struct scheme *scheme);

#endif
