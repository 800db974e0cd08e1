/* SPDX-License-Identifier: BSD-2-Clause */
/* Handling of secrets: compare without telling where, wipe for good, hash. Hashing is libcrypto's;
 * built without it, secret_can_hash() is false and nothing that needs it is offered. */
#ifndef MUSTER_HANDLER_SECRET_H
#define MUSTER_HANDLER_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

#define SECRET_HASH_BYTES 32        /* SHA-256 */
#define SECRET_HEX_BYTES 64         /* the same in hexadecimal, without a NUL */
#define SECRET_KEY_BYTES 32

/* Takes as long for equal bytes as for others. */
bool secret_is_equal(const void *a, const void *b, size_t bytes);
/* As memset(3) with 0, but never left out by the compiler. */
void secret_wipe(void *data, size_t bytes);
/* Lower case, no NUL. */
void secret_hex(const uint8_t *data, size_t bytes, char *out);

#ifdef HAVE_OPENSSL
static inline bool
secret_can_hash(void)
{
	return true;
}
/* SHA-256 of the parts one behind the other. False: the library refuses; logged once, out is
 * all zeros. The first call of a process takes about 200 KiB of memory, later ones none. */
bool secret_hash(const struct slice *parts, size_t count, uint8_t out[SECRET_HASH_BYTES]);
/* HMAC-SHA256, the same. */
bool secret_mac(const uint8_t key[SECRET_KEY_BYTES], const struct slice *parts, size_t count,
    uint8_t out[SECRET_HASH_BYTES]);
#else
static inline bool
secret_can_hash(void)
{
	return false;
}
static inline bool
secret_hash(const struct slice *parts, size_t count, uint8_t out[SECRET_HASH_BYTES])
{
	(void)parts;
	(void)count;
	memset(out, 0, SECRET_HASH_BYTES);
	return false;
}
static inline bool
secret_mac(const uint8_t key[SECRET_KEY_BYTES], const struct slice *parts, size_t count,
    uint8_t out[SECRET_HASH_BYTES])
{
	(void)key;
	return secret_hash(parts, count, out);
}
#endif

#endif
