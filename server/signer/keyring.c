/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys by OpenSSL. Leaves files to server/priv/keyfiles.c, messages to signer.c. The signer
 * without rights, and throw-away processes that check a configuration; never the master, never a
 * worker. Rules: nothing is signed that is not the server's own part of a handshake; nothing is
 * decrypted; the text of a key is wiped as soon as it was read. Shown by test_keyring.c. */
#include "server/signer/keyring.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef HAVE_OPENSSL
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/signer/scheme.h"

#define KEY_FILE_MAX 65536          /* as keyfiles.c takes them */
#define NAME_BYTES 32
#define KEY_HEAP_BYTES 65536        /* more than RSA with 16384 bits takes while it is read */
#define LEAST_HEAP_BYTES 262144

struct key {
	EVP_PKEY *pkey;
	enum scheme_key kind;
	char curve[NAME_BYTES];     /* EC */
	/* Ready to sign over a hash: most clients take the same scheme, and setting up costs a
	 * tenth of a signature by ECDSA. */
	EVP_PKEY_CTX *ready;
	const struct scheme *ready_scheme; /* NULL: for none */
};

struct keyring {
	EVP_MD *digests[SCHEME_COUNT]; /* NULL: none, or this OpenSSL does not have it */
	EVP_MD_CTX *context;
	size_t count;
	struct key keys[];
};

static int __attribute__((format(printf, 4, 5)))
refuse(const struct config_certificate *certificate, char *errbuf, size_t bytes,
    const char *format, ...)
{
	int len = snprintf(errbuf, bytes, "%s:%u: certificate_key %s ", certificate->file,
	    certificate->line, certificate->key_file);
	va_list args;

	if (len > 0 && (size_t)len < bytes) {
		va_start(args, format);
		(void)vsnprintf(errbuf + len, bytes - (size_t)len, format, args);
		va_end(args);
	}
	return -1;
}

/* A passphrase that nobody is there to type. */
static int
refuse_passphrase(char *out, int cap, int is_for_writing, void *asked)
{
	(void)out;
	(void)cap;
	(void)is_for_writing;
	*(bool *)asked = true;
	return -1;
}

static EVP_PKEY *
parse(const char *text, size_t bytes, bool *is_encrypted)
{
	BIO *bio = BIO_new_mem_buf(text, (int)bytes);
	EVP_PKEY *pkey = bio == NULL ? NULL :
	    PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, is_encrypted);

	BIO_free(bio);
	return pkey;
}

static int
read_key(struct key *key, int fd, const struct config_certificate *certificate, char *errbuf,
    size_t errbuf_bytes)
{
	char *text = malloc(KEY_FILE_MAX);
	bool is_encrypted = false;
	ssize_t n = text == NULL ? -1 : pread(fd, text, KEY_FILE_MAX, 0);

	if (n < 0) {
		free(text);
		return refuse(certificate, errbuf, errbuf_bytes, "cannot be read");
	}
	key->pkey = parse(text, (size_t)n, &is_encrypted);
	OPENSSL_cleanse(text, KEY_FILE_MAX);
	free(text);
	if (key->pkey != NULL)
		return 0;
	return refuse(certificate, errbuf, errbuf_bytes, is_encrypted ?
	    "is encrypted, expected one without a passphrase" :
	    "has no private key, expected one in PEM form");
}

static int
classify(struct key *key, const struct config_certificate *certificate, char *errbuf,
    size_t errbuf_bytes)
{
	switch (EVP_PKEY_get_base_id(key->pkey)) {
	case EVP_PKEY_RSA:
		key->kind = SCHEME_RSA;
		break;
	case EVP_PKEY_RSA_PSS:
		key->kind = SCHEME_RSA_PSS;
		break;
	case EVP_PKEY_ED25519:
		key->kind = SCHEME_ED25519;
		break;
	case EVP_PKEY_EC:
		key->kind = SCHEME_EC;
		if (EVP_PKEY_get_group_name(key->pkey, key->curve, sizeof key->curve, NULL) == 1)
			break;
		/* fall through */
	default:
		return refuse(certificate, errbuf, errbuf_bytes,
		    "is of a kind that is not supported, expected RSA, ECDSA with a named curve, "
		    "or Ed25519");
	}
	if (EVP_PKEY_get_size(key->pkey) > SIGN_SIGNATURE_MAX)
		return refuse(certificate, errbuf, errbuf_bytes, "is too large");
	return 0;
}

static bool
sign(EVP_MD_CTX *context, const struct key *key, const struct scheme *scheme,
    const EVP_MD *digest, const uint8_t *content, size_t bytes, uint8_t *out, size_t *out_bytes)
{
	EVP_PKEY_CTX *key_context;
	bool is_done;

	is_done = EVP_DigestSignInit(context, &key_context, digest, NULL, key->pkey) == 1 &&
	    (!scheme->is_pss ||
	    (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
	    EVP_DigestSign(context, out, out_bytes, content, bytes) == 1;
	(void)EVP_MD_CTX_reset(context);
	return is_done;
}

/* Makes key->ready ready for a scheme, if it is not. */
static bool
prepare(struct key *key, const struct scheme *scheme, const EVP_MD *digest)
{
	if (key->ready_scheme == scheme)
		return true;
	key->ready_scheme = NULL;
	if (key->ready == NULL)
		key->ready = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (key->ready == NULL || EVP_PKEY_sign_init(key->ready) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(key->ready, digest) != 1 ||
	    (key->kind == SCHEME_RSA && EVP_PKEY_CTX_set_rsa_padding(key->ready,
	    scheme->is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1) ||
	    (scheme->is_pss &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(key->ready, RSA_PSS_SALTLEN_DIGEST) != 1))
		return false;
	key->ready_scheme = scheme;
	return true;
}

/* As sign() does, with what is ready. */
static bool
sign_again(EVP_MD_CTX *context, struct key *key, const struct scheme *scheme,
    const EVP_MD *digest, const uint8_t *content, size_t bytes, uint8_t *out, size_t *out_bytes)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned hash_bytes;

	if (digest == NULL)         /* Ed25519 signs the content itself */
		return sign(context, key, scheme, digest, content, bytes, out, out_bytes);
	return prepare(key, scheme, digest) &&
	    EVP_DigestInit_ex2(context, digest, NULL) == 1 &&
	    EVP_DigestUpdate(context, content, bytes) == 1 &&
	    EVP_DigestFinal_ex(context, hash, &hash_bytes) == 1 &&
	    EVP_PKEY_sign(key->ready, out, out_bytes, hash, hash_bytes) == 1;
}

/* A sample is signed and verified with the certificate's public key: that finds a key of another
 * certificate as well as one that is broken. */
static bool
fits(struct keyring *keyring, const struct key *key, EVP_PKEY *public_key)
{
	static const uint8_t sample[] = "muster looks whether a key fits its certificate";
	const bool has_digest = key->kind != SCHEME_ED25519;
	const EVP_MD *digest = has_digest ? EVP_sha256() : NULL;
	static const struct scheme plain = { .number = 0 };
	size_t bytes = SIGN_SIGNATURE_MAX;
	uint8_t *signature;
	bool result = false;

	if (EVP_PKEY_eq(key->pkey, public_key) != 1)
		return false;
	if (key->kind == SCHEME_RSA_PSS)
		digest = NULL;      /* the key may ask for another one */
	signature = malloc(bytes);
	if (signature != NULL && sign(keyring->context, key, &plain, digest, sample,
	    sizeof sample, signature, &bytes))
		result = EVP_DigestVerifyInit(keyring->context, NULL, digest, NULL,
		    public_key) == 1 && EVP_DigestVerify(keyring->context, signature, bytes,
		    sample, sizeof sample) == 1;
	(void)EVP_MD_CTX_reset(keyring->context);
	free(signature);
	return result;
}

static int
open_key(struct keyring *keyring, const struct inherit_key *from,
    const struct config_certificate *certificate, char *errbuf, size_t errbuf_bytes)
{
	struct key *key = &keyring->keys[keyring->count];
	const unsigned char *at = from->public_key;
	EVP_PKEY *public_key = NULL;
	int result = -1;

	if (read_key(key, from->fd, certificate, errbuf, errbuf_bytes) < 0)
		return -1;
	keyring->count++;           /* to be freed from now on */
	if (classify(key, certificate, errbuf, errbuf_bytes) < 0)
		return -1;
	public_key = d2i_PUBKEY(NULL, &at, (long)from->public_key_bytes);
	if (public_key == NULL || !fits(keyring, key, public_key))
		refuse(certificate, errbuf, errbuf_bytes,
		    "does not fit the certificate %s, expected the key that it was made with",
		    certificate->chain_file);
	else
		result = 0;
	EVP_PKEY_free(public_key);
	return result;
}

static void
fetch_digests(struct keyring *keyring)
{
	unsigned i;

	for (i = 0; i < SCHEME_COUNT; i++)
		if (scheme_at(i)->digest != NULL)
			keyring->digests[i] = EVP_MD_fetch(NULL, scheme_at(i)->digest, NULL);
}

bool
keyring_lock_heap(size_t count)
{
	size_t bytes = LEAST_HEAP_BYTES;

	while (bytes < count * KEY_HEAP_BYTES)
		bytes *= 2;
	/* 2: it has the memory, but could not lock it. */
	return CRYPTO_secure_malloc_init(bytes, 64) == 1;
}

struct keyring *
keyring_open(const struct config *config, const struct inherit_key *keys, size_t count,
    char *errbuf, size_t errbuf_bytes)
{
	struct keyring *keyring = calloc(1, sizeof *keyring + count * sizeof keyring->keys[0]);
	size_t i;

	if (keyring != NULL)
		keyring->context = EVP_MD_CTX_new();
	if (keyring == NULL || keyring->context == NULL) {
		(void)snprintf(errbuf, errbuf_bytes, "no memory for private keys");
		keyring_close(&keyring);
		return NULL;
	}
	fetch_digests(keyring);
	for (i = 0; i < count; i++)
		if (open_key(keyring, &keys[i], &config->certificates[i], errbuf,
		    errbuf_bytes) < 0) {
			keyring_close(&keyring);
			break;
		}
	ERR_clear_error();
	return keyring;
}

void
keyring_close(struct keyring **keyring)
{
	struct keyring *old = *keyring;
	size_t i;

	if (old == NULL)
		return;
	for (i = 0; i < SCHEME_COUNT; i++)
		EVP_MD_free(old->digests[i]);
	for (i = 0; i < old->count; i++) {
		EVP_PKEY_CTX_free(old->keys[i].ready);
		EVP_PKEY_free(old->keys[i].pkey); /* which wipes what is secret of it */
	}
	EVP_MD_CTX_free(old->context);
	free(old);
	*keyring = NULL;
}

static bool
suits(const struct key *key, const struct scheme *scheme, enum sign_purpose purpose)
{
	if (scheme == NULL || scheme->key != key->kind)
		return false;
	return key->kind != SCHEME_EC || purpose != SIGN_TLS13_SERVER ||
	    strcmp(scheme->curve, key->curve) == 0;
}

size_t
keyring_sign(struct keyring *keyring, const struct sign_request *request,
    uint8_t signature_out[SIGN_SIGNATURE_MAX])
{
	enum sign_purpose purpose = sign_purpose_of(request->content, request->content_bytes);
	const struct scheme *scheme = scheme_find(request->scheme, purpose);
	size_t bytes = SIGN_SIGNATURE_MAX;
	const EVP_MD *digest;
	struct key *key;

	if (request->key_index >= keyring->count)
		return 0;
	key = &keyring->keys[request->key_index];
	if (!suits(key, scheme, purpose))
		return 0;
	digest = keyring->digests[scheme_index(scheme)];
	if (scheme->digest != NULL && digest == NULL)
		return 0;
	if (!sign_again(keyring->context, key, scheme, digest, request->content,
	    request->content_bytes, signature_out, &bytes)) {
		ERR_clear_error();  /* a PSS key may refuse a digest */
		return 0;
	}
	return bytes;
}

#else /* no OpenSSL: config/features.c has refused what would need it */

bool
keyring_lock_heap(size_t count)
{
	(void)count;
	return false;
}

struct keyring *
keyring_open(const struct config *config, const struct inherit_key *keys, size_t count,
    char *errbuf, size_t errbuf_bytes)
{
	(void)config;
	(void)keys;
	(void)count;
	(void)snprintf(errbuf, errbuf_bytes, "this build has no TLS");
	return NULL;
}

void
keyring_close(struct keyring **keyring)
{
	*keyring = NULL;
}

size_t
keyring_sign(struct keyring *keyring, const struct sign_request *request,
    uint8_t signature_out[SIGN_SIGNATURE_MAX])
{
	(void)keyring;
	(void)request;
	(void)signature_out;
	return 0;
}

#endif

int
keyring_check(const struct config *config, const struct inherit_key *keys, size_t count,
    char *errbuf, size_t errbuf_bytes)
{
	struct keyring *keyring = keyring_open(config, keys, count, errbuf, errbuf_bytes);

	if (keyring == NULL)
		return -1;
	keyring_close(&keyring);
	return 0;
}
