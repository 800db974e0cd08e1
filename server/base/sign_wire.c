/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages between workers and the signer. Leaves sockets to both ends, keys to
 * server/signer/keyring.c. Every process, no rights. Rule: what a server never signs in a handshake
 * has no purpose here, whatever else it may be: a login, a certificate, a client's proof. Shown by
 * test_sign_wire.c, fuzz_sign_wire.c. */
#include "server/base/sign_wire.h"

#include <string.h>

#define REQUEST_MAGIC 0x73676e71u
#define ANSWER_MAGIC 0x73676e61u
#define HELLO_MAGIC 0x73676e68u

#define REQUEST_HEAD_BYTES offsetof(struct sign_request, content)
#define ANSWER_HEAD_BYTES offsetof(struct sign_answer, signature)

#define BLANK_BYTES 64
#define RANDOMS_BYTES 64            /* the client's and the server's */
#define NAMED_CURVE 3
#define LEAST_PRIME_BYTES 128       /* of DH: 1024 bits */

size_t
sign_request_seal(struct sign_request *request)
{
	request->magic = REQUEST_MAGIC;
	return REQUEST_HEAD_BYTES + request->content_bytes;
}

size_t
sign_answer_seal(struct sign_answer *answer)
{
	answer->magic = ANSWER_MAGIC;
	return ANSWER_HEAD_BYTES + answer->signature_bytes;
}

size_t
sign_hello_seal(struct sign_hello *hello)
{
	hello->magic = HELLO_MAGIC;
	return sizeof *hello;
}

bool
sign_request_is_sound(const struct sign_request *request, size_t bytes)
{
	return bytes >= REQUEST_HEAD_BYTES && request->magic == REQUEST_MAGIC &&
	    request->content_bytes <= SIGN_CONTENT_MAX &&
	    bytes == REQUEST_HEAD_BYTES + request->content_bytes;
}

bool
sign_answer_is_sound(const struct sign_answer *answer, size_t bytes)
{
	return bytes >= ANSWER_HEAD_BYTES && answer->magic == ANSWER_MAGIC &&
	    answer->signature_bytes <= SIGN_SIGNATURE_MAX &&
	    bytes == ANSWER_HEAD_BYTES + answer->signature_bytes;
}

bool
sign_hello_is_sound(const struct sign_hello *hello, size_t bytes)
{
	return bytes == sizeof *hello && hello->magic == HELLO_MAGIC;
}

/* RFC 8446 4.4.3. The hash is that of the cipher suite, SHA-256 or SHA-384. */
static bool
is_tls13_server(const uint8_t *content, size_t bytes)
{
	static const char context[] = "TLS 1.3, server CertificateVerify"; /* and its 0 */
	size_t i;

	if (bytes != BLANK_BYTES + sizeof context + 32 &&
	    bytes != BLANK_BYTES + sizeof context + 48)
		return false;
	for (i = 0; i < BLANK_BYTES; i++)
		if (content[i] != ' ')
			return false;
	return memcmp(content + BLANK_BYTES, context, sizeof context) == 0;
}

/* How long a point of a named group is (RFC 8422 5.4, 5.11); 0: no such group. */
static size_t
point_bytes(unsigned group)
{
	switch (group) {
	case 22:                    /* secp256k1 */
	case 23:                    /* secp256r1 */
	case 26:                    /* brainpoolP256r1 */
		return 1 + 2 * 32;
	case 24:                    /* secp384r1 */
	case 27:                    /* brainpoolP384r1 */
		return 1 + 2 * 48;
	case 25:                    /* secp521r1 */
		return 1 + 2 * 66;
	case 28:                    /* brainpoolP512r1 */
		return 1 + 2 * 64;
	case 29:                    /* x25519 */
		return 32;
	case 30:                    /* x448 */
		return 56;
	default:
		return 0;
	}
}

/* A curve's number, a length, a point that is not compressed. */
static bool
is_ecdh(const uint8_t *params, size_t bytes)
{
	size_t wanted_bytes;

	if (bytes < 4 || params[0] != NAMED_CURVE)
		return false;
	wanted_bytes = point_bytes((unsigned)params[1] << 8 | params[2]);
	if (wanted_bytes == 0 || params[3] != wanted_bytes || bytes != 4 + wanted_bytes)
		return false;
	return wanted_bytes % 2 == 0 || params[4] == 4;
}

/* A length of 16 bits and what it counts; *bytes_out of it. False: there is less. */
static bool
take_number(const uint8_t **at, size_t *left, size_t *bytes_out)
{
	size_t bytes;

	if (*left < 2)
		return false;
	bytes = (size_t)(*at)[0] << 8 | (*at)[1];
	if (bytes == 0 || bytes > *left - 2)
		return false;
	*at += 2 + bytes;
	*left -= 2 + bytes;
	*bytes_out = bytes;
	return true;
}

/* RFC 5246 7.4.3: prime, generator, public value. */
static bool
is_dh(const uint8_t *params, size_t bytes)
{
	size_t prime_bytes, generator_bytes, value_bytes;

	return take_number(&params, &bytes, &prime_bytes) &&
	    take_number(&params, &bytes, &generator_bytes) &&
	    take_number(&params, &bytes, &value_bytes) && bytes == 0 &&
	    prime_bytes >= LEAST_PRIME_BYTES && generator_bytes <= prime_bytes &&
	    value_bytes <= prime_bytes;
}

enum sign_purpose
sign_purpose_of(const uint8_t *content, size_t bytes)
{
	if (is_tls13_server(content, bytes))
		return SIGN_TLS13_SERVER;
	if (bytes > RANDOMS_BYTES && (is_ecdh(content + RANDOMS_BYTES, bytes - RANDOMS_BYTES) ||
	    is_dh(content + RANDOMS_BYTES, bytes - RANDOMS_BYTES)))
		return SIGN_TLS12_KEY_EXCHANGE;
	return SIGN_NOTHING;
}
