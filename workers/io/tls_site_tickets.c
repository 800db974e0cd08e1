/* SPDX-License-Identifier: BSD-2-Clause */
/* Session tickets (RFC 5077 4, RFC 8446 4.6.1): the key that OpenSSL shall make or read one with.
 * Who makes the keys and how long they live is the master's business (server/base/ticket_keys.h).
 * Runs in workers, unprivileged. Rules: a ticket under an older key is taken and replaced; one
 * under a key that has gone is none at all, and the handshake a full one; no copy of a key stays.
 * Shown by test_tls_site.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "server/base/ticket_keys.h"

enum take {                         /* what OpenSSL is told */
	TAKE_FAILED = -1,
	TAKE_NONE = 0,
	TAKE_GOOD = 1,
	TAKE_AND_RENEW = 2,
};

static bool
set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_END,
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int
make(const struct tls_site *site, struct ticket_key *key, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	if (!ticket_keys_newest(site->tickets, key))
		return TAKE_NONE;
	memcpy(name, key->name, sizeof key->name);
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(site->ticket_cipher)) != 1 ||
	    EVP_EncryptInit_ex2(cipher, site->ticket_cipher, key->cipher, iv, NULL) != 1 ||
	    !set_mac(mac, key))
		return TAKE_FAILED;
	return TAKE_GOOD;
}

/* In TLS 1.3 a client should use a ticket once (RFC 8446 C.4), so it gets another one. */
static int
take(const struct tls_site *site, SSL *ssl, struct ticket_key *key, const unsigned char *name,
    const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	bool is_newest;

	if (!ticket_keys_find(site->tickets, name, key, &is_newest))
		return TAKE_NONE;
	if (EVP_DecryptInit_ex2(cipher, site->ticket_cipher, key->cipher, iv, NULL) != 1 ||
	    !set_mac(mac, key))
		return TAKE_FAILED;
	return is_newest && SSL_version(ssl) < TLS1_3_VERSION ? TAKE_GOOD : TAKE_AND_RENEW;
}

int
tls_site_take_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int is_new)
{
	const struct tls_site *site = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct ticket_key key;
	int result = is_new ? make(site, &key, name, iv, cipher, mac) :
	    take(site, ssl, &key, name, iv, cipher, mac);

	OPENSSL_cleanse(&key, sizeof key);
	return result;
}
#else
struct ticket_key;                  /* a file must not be empty */
#endif
