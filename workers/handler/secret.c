/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets: compared, wiped, hashed. Leaves what they are to auth_basic.c, auth_digest.c and
 * users.c. Workers, unprivileged. Rules: no branch and no address depends on a secret's
 * bytes; libcrypto is touched by the first hash of a process and not before, so that the
 * master and workers without passwords never pay for it. Shown by test_secret.c. */
#include "workers/handler/secret.h"

#ifdef HAVE_OPENSSL
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "server/base/log.h"
#endif

bool
secret_is_equal(const void *a, const void *b, size_t bytes)
{
	const volatile unsigned char *left = a, *right = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < bytes; i++)
		difference = (unsigned char)(difference | (left[i] ^ right[i]));
	return difference == 0;
}

void
secret_wipe(void *data, size_t bytes)
{
	explicit_bzero(data, bytes);
}

void
secret_hex(const uint8_t *data, size_t bytes, char *out)
{
	for (size_t i = 0; i < 2 * bytes; i++) {
		unsigned digit = i % 2 == 0 ? data[i / 2] >> 4 : data[i / 2] & 15;

		/* Letters follow digits after a gap; no table, whose cache lines could tell. */
		out[i] = (char)('0' + digit + (((9 - digit) >> 8) & ('a' - '0' - 10)));
	}
}

#ifdef HAVE_OPENSSL
/* Made by the first hash, for as long as the process lives: malloc'd by the library. */
static struct {
	bool was_tried;
	EVP_MD *digest;
	EVP_MD_CTX *digest_context;
	EVP_MAC_CTX *mac_context;
} library;

/* The library's own configuration file is not read: a worker may see no such file, and nobody
 * expects one to decide who may log in. */
static bool
wake_library(void)
{
	EVP_MAC *mac;

	if (library.was_tried)
		return library.mac_context != NULL;
	library.was_tried = true;
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	library.digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	library.digest_context = EVP_MD_CTX_new();
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (library.digest != NULL && library.digest_context != NULL && mac != NULL)
		library.mac_context = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (library.mac_context == NULL)
		log_error("libcrypto gives no SHA-256: digest logins fail, basic ones are slow");
	return library.mac_context != NULL;
}

bool
secret_hash(const struct slice *parts, size_t count, uint8_t out[SECRET_HASH_BYTES])
{
	bool is_good = wake_library() &&
	    EVP_DigestInit_ex(library.digest_context, library.digest, NULL) == 1;

	for (size_t i = 0; is_good && i < count; i++)
		is_good = EVP_DigestUpdate(library.digest_context, parts[i].data,
		    parts[i].len) == 1;
	is_good = is_good && EVP_DigestFinal_ex(library.digest_context, out, NULL) == 1;
	if (!is_good)
		memset(out, 0, SECRET_HASH_BYTES);
	return is_good;
}

bool
secret_mac(const uint8_t key[SECRET_KEY_BYTES], const struct slice *parts, size_t count,
    uint8_t out[SECRET_HASH_BYTES])
{
	char name[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t len = 0;
	bool is_good = wake_library() &&
	    EVP_MAC_init(library.mac_context, key, SECRET_KEY_BYTES, params) == 1;

	for (size_t i = 0; is_good && i < count; i++)
		is_good = EVP_MAC_update(library.mac_context,
		    (const unsigned char *)parts[i].data, parts[i].len) == 1;
	is_good = is_good &&
	    EVP_MAC_final(library.mac_context, out, &len, SECRET_HASH_BYTES) == 1 &&
	    len == SECRET_HASH_BYTES;
	if (!is_good)
		memset(out, 0, SECRET_HASH_BYTES);
	return is_good;
}
#endif
