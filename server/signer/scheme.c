/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of signature schemes. Leaves signing to keyring.c. The signer, no rights. Rule: TLS 1.3
 * takes no PKCS #1 and no SHA-1, and binds a hash to its curve (RFC 8446 4.2.3). Shown by
 * test_scheme.c. */
#include "server/signer/scheme.h"

#include <stddef.h>

static const struct scheme table[SCHEME_COUNT] = {
	/* number, key, digest, is_pss, curve in TLS 1.3, is_in_tls13 */
	{ 0x0804, SCHEME_RSA, "SHA256", true, NULL, true },
	{ 0x0805, SCHEME_RSA, "SHA384", true, NULL, true },
	{ 0x0806, SCHEME_RSA, "SHA512", true, NULL, true },
	{ 0x0809, SCHEME_RSA_PSS, "SHA256", true, NULL, true },
	{ 0x080a, SCHEME_RSA_PSS, "SHA384", true, NULL, true },
	{ 0x080b, SCHEME_RSA_PSS, "SHA512", true, NULL, true },
	{ 0x0403, SCHEME_EC, "SHA256", false, "prime256v1", true },
	{ 0x0503, SCHEME_EC, "SHA384", false, "secp384r1", true },
	{ 0x0603, SCHEME_EC, "SHA512", false, "secp521r1", true },
	{ 0x0807, SCHEME_ED25519, NULL, false, NULL, true },
	{ 0x0401, SCHEME_RSA, "SHA256", false, NULL, false },
	{ 0x0501, SCHEME_RSA, "SHA384", false, NULL, false },
	{ 0x0601, SCHEME_RSA, "SHA512", false, NULL, false },
	{ 0x0301, SCHEME_RSA, "SHA224", false, NULL, false },
	{ 0x0303, SCHEME_EC, "SHA224", false, NULL, false },
	{ 0x0201, SCHEME_RSA, "SHA1", false, NULL, false },
	{ 0x0203, SCHEME_EC, "SHA1", false, NULL, false },
	{ SIGN_SCHEME_MD5_SHA1, SCHEME_RSA, "MD5-SHA1", false, NULL, false },
};

const struct scheme *
scheme_find(uint16_t number, enum sign_purpose purpose)
{
	size_t i;

	for (i = 0; purpose != SIGN_NOTHING && i < SCHEME_COUNT; i++)
		if (table[i].number == number)
			return purpose != SIGN_TLS13_SERVER || table[i].is_in_tls13 ?
			    &table[i] : NULL;
	return NULL;
}

const struct scheme *
scheme_at(unsigned index)
{
	return &table[index];
}

unsigned
scheme_index(const struct scheme *scheme)
{
	return (unsigned)(scheme - table);
}
