/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers and the signer say to each other, over SOCK_SEQPACKET pairs: a worker names a key
 * and gives what a TLS handshake has signed with it, whole, so that the signer sees that it is
 * nothing else (RFC 8446 4.4.3, RFC 8422 5.4, RFC 5246 7.4.3). Pure: bytes only.
 *
 *   worker --hello, with one end of its own pair--> the socket that all workers share --> signer
 *   worker --request--> its pair --> signer --answer--> its pair --> worker */
#ifndef MUSTER_BASE_SIGN_WIRE_H
#define MUSTER_BASE_SIGN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGN_CONTENT_MAX 8192       /* of what is signed: randoms and the largest DH parameters */
#define SIGN_SIGNATURE_MAX 2048     /* RSA with 16384 bits */

enum sign_purpose {                 /* what the content has to look like */
	SIGN_NOTHING,
	SIGN_TLS13_SERVER,          /* 64 blanks, "TLS 1.3, server CertificateVerify", 0, a hash */
	SIGN_TLS12_KEY_EXCHANGE,    /* both randoms, then ECDH or DH parameters, no more */
};

struct sign_request {               /* fixed width: it is sent as it is */
	uint32_t magic;             /* set and checked here */
	uint32_t key_index;         /* into config.certificates */
	uint16_t scheme;            /* SignatureScheme (RFC 8446 4.2.3), or SIGN_SCHEME_MD5_SHA1 */
	uint16_t content_bytes;     /* how many of content are sent */
	uint32_t serial;            /* comes back in the answer */
	uint8_t content[SIGN_CONTENT_MAX];
};
#define SIGN_SCHEME_MD5_SHA1 0xfe01 /* RSA PKCS #1 before TLS 1.2 */

struct sign_answer {
	uint32_t magic;
	uint32_t serial;
	uint32_t signature_bytes;   /* 0: refused */
	uint8_t signature[SIGN_SIGNATURE_MAX];
};

struct sign_hello {
	uint32_t magic;
};

/* How many bytes of the message are to be sent. The magic is set. */
size_t sign_request_seal(struct sign_request *request);
size_t sign_answer_seal(struct sign_answer *answer);
size_t sign_hello_seal(struct sign_hello *hello);
/* Whether the bytes that have come are one whole message. */
bool sign_request_is_sound(const struct sign_request *request, size_t bytes);
bool sign_answer_is_sound(const struct sign_answer *answer, size_t bytes);
bool sign_hello_is_sound(const struct sign_hello *hello, size_t bytes);

/* What a server signs in a handshake, or SIGN_NOTHING. Every length in it is checked. */
enum sign_purpose sign_purpose_of(const uint8_t *content, size_t bytes);

#endif
