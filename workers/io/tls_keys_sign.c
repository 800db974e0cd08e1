/* SPDX-License-Identifier: BSD-2-Clause */
/* Signatures of our provider (provider-signature(7)): finds the name that TLS has for what OpenSSL
 * asks for (SignatureScheme, RFC 8446 4.2.3) and has the signer make it (tls_keys_ask.c). Only
 * in one piece and never over a hash, for the signer wants to see what it signs; libssl asks so
 * since TLS 1.0. Runs in workers, unprivileged. Rule: what has no scheme is refused, when the
 * operation begins if that is known then: that is how libssl finds out what a key can do.
 * Shown by test_tls_keys.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_keys_parts.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>
#include <strings.h>

#include "server/base/sign_wire.h"
#include "workers/io/tls_keys_ask.h"

struct digest {
	const char *names[3];       /* OpenSSL has several for each */
	size_t bytes;
	uint16_t pkcs1, pss, ecdsa; /* 0: there is no such scheme */
};

static const struct digest digests[] = {
	{ { "SHA2-256", "SHA256", "SHA-256" }, 32, 0x0401, 0x0804, 0x0403 },
	{ { "SHA2-384", "SHA384", "SHA-384" }, 48, 0x0501, 0x0805, 0x0503 },
	{ { "SHA2-512", "SHA512", "SHA-512" }, 64, 0x0601, 0x0806, 0x0603 },
	{ { "SHA2-224", "SHA224", "SHA-224" }, 28, 0x0301, 0, 0x0303 },
	{ { "SHA1", "SHA-1", "SSL3-SHA1" }, 20, 0x0201, 0, 0x0203 },
	{ { "MD5-SHA1", "MD5-SHA1", "MD5-SHA1" }, 36, SIGN_SCHEME_MD5_SHA1, 0, 0 },
};
#define DIGEST_COUNT (sizeof digests / sizeof digests[0])
#define ED25519_SCHEME 0x0807u

struct signing {
	const struct tls_key *key;  /* lives as long as the operation */
	const struct digest *digest; /* NULL: the kind of key has none of its own choice */
	bool is_pss;
};

static void *
new_context(void *provider, const char *query)
{
	(void)provider;
	(void)query;
	return OPENSSL_zalloc(sizeof(struct signing));
}

static void
free_context(void *data)
{
	OPENSSL_free(data);
}

static void *
copy_context(void *data)
{
	return OPENSSL_memdup(data, sizeof(struct signing));
}

static const struct digest *
find_digest(const char *name)
{
	for (size_t i = 0; i < DIGEST_COUNT; i++) {
		for (size_t j = 0; j < 3; j++) {
			if (strcasecmp(digests[i].names[j], name) == 0)
				return &digests[i];
		}
	}
	return NULL;
}

/* 0: there is none. */
static uint16_t
find_scheme(const struct signing *signing)
{
	const struct digest *digest = signing->digest;

	if (strcmp(signing->key->kind, "ED25519") == 0)
		return digest == NULL ? ED25519_SCHEME : 0;
	if (digest == NULL)
		return 0;
	if (strcmp(signing->key->kind, "EC") == 0)
		return digest->ecdsa;
	return signing->is_pss ? digest->pss : digest->pkcs1;
}

static int
refuse(const char *why)
{
	ERR_raise_data(ERR_LIB_PROV, ERR_R_OPERATION_FAIL, "%s", why);
	return 0;
}

/* A number or a word: which one depends on who asks. */
static bool
is_param(const OSSL_PARAM *param, int number, const char *word)
{
	const char *text;
	int value;

	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_utf8_string_ptr(param, &text) == 1 &&
		    strcasecmp(text, word) == 0;
	return OSSL_PARAM_get_int(param, &value) == 1 && value == number;
}

static int
set_padding(struct signing *signing, const OSSL_PARAM *param)
{
	bool is_pss = is_param(param, RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS);

	if (strcmp(signing->key->kind, "RSA") != 0 ||
	    (!is_pss && !is_param(param, RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15)))
		return refuse("padding, expected PKCS #1 or PSS of RSA");
	signing->is_pss = is_pss;
	return 1;
}

/* TLS has one kind of PSS: both hashes the same, salt as long as they. */
static bool
is_tls_pss(const struct digest *digest, const OSSL_PARAM *salt, const OSSL_PARAM *mask_digest)
{
	const char *name;

	if (digest == NULL)
		return false;
	if (salt != NULL &&
	    !is_param(salt, (int)digest->bytes, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) &&
	    !is_param(salt, RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST))
		return false;
	return mask_digest == NULL || (OSSL_PARAM_get_utf8_string_ptr(mask_digest, &name) == 1 &&
	    find_digest(name) == digest);
}

static int
set_params(void *data, const OSSL_PARAM params[])
{
	struct signing *signing = data;
	const OSSL_PARAM *padding;

	if (params == NULL)
		return 1;
	if (signing->key == NULL)
		return 0;
	padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (padding != NULL && !set_padding(signing, padding))
		return 0;
	if (!is_tls_pss(signing->digest,
	    OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN),
	    OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST)))
		return refuse("PSS, expected the salt and hashes of TLS");
	return find_scheme(signing) != 0;
}

static const OSSL_PARAM *
settable_params(void *data, void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)data;
	(void)provider;
	return types;
}

static int
begin(void *data, const char *digest_name, void *key_data, const OSSL_PARAM params[])
{
	struct signing *signing = data;

	if (key_data != NULL)
		signing->key = key_data;
	if (signing->key == NULL || !signing->key->has_index)
		return refuse("a key without a signer");
	signing->is_pss = false;
	signing->digest = NULL;
	if (digest_name != NULL && digest_name[0] != '\0') {
		signing->digest = find_digest(digest_name);
		if (signing->digest == NULL)
			return refuse("a hash that TLS does not sign with");
	}
	if (find_scheme(signing) == 0)
		return refuse("a hash that does not go with the kind of key");
	return set_params(signing, params);
}

static int
sign(void *data, unsigned char *signature, size_t *bytes_out, size_t cap,
    const unsigned char *content, size_t content_bytes)
{
	const struct signing *signing = data;
	struct tls_keys_question question = { .content = content, .content_bytes = content_bytes };
	size_t most = (size_t)EVP_PKEY_get_size(signing->key->public_key);
	const char *failure;

	if (signature == NULL) {    /* how long will it be at most? */
		*bytes_out = most;
		return 1;
	}
	question.key_index = signing->key->index;
	question.scheme = find_scheme(signing);
	if (question.scheme == 0)
		return refuse("no scheme of TLS");
	failure = tls_keys_ask(&question, signature, cap < most ? cap : most, bytes_out);
	return failure == NULL ? 1 : refuse(failure);
}

#define FUNCTION(id, function) { (id), (void (*)(void))(function) }

const OSSL_DISPATCH tls_keys_sign[] = {
	FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, new_context),
	FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, free_context),
	FUNCTION(OSSL_FUNC_SIGNATURE_DUPCTX, copy_context),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, begin),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),
	FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
	FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params),
	{ 0, NULL },
};
#else
struct signing;                     /* a file must not be empty */
#endif
