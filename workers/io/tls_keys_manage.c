/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of our provider (provider-keymgmt(7)): a public key of OpenSSL's own provider, which
 * answers all questions about it, and the number by which the signer knows the private one. Runs
 * in the master, which makes them, and in workers. Rule: there is no private part to give away; an
 * import takes the public one only. Shown by test_tls_keys.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_keys_parts.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

static void *
new_key(const char *kind)
{
	struct tls_key *key = OPENSSL_zalloc(sizeof *key);

	if (key != NULL)
		key->kind = kind;
	return key;
}

static void *
new_rsa(void *context)
{
	(void)context;
	return new_key("RSA");
}

static void *
new_ec(void *context)
{
	(void)context;
	return new_key("EC");
}

static void *
new_ed25519(void *context)
{
	(void)context;
	return new_key("ED25519");
}

static void
free_key(void *data)
{
	struct tls_key *key = data;

	if (key != NULL)
		EVP_PKEY_free(key->public_key);
	OPENSSL_free(key);
}

/* Keys without domain parameters have them all. */
static int
has(const void *data, int selection)
{
	const struct tls_key *key = data;

	return key != NULL && key->public_key != NULL &&
	    ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key->has_index);
}

static int
match(const void *data1, const void *data2, int selection)
{
	const struct tls_key *key1 = data1, *key2 = data2;

	(void)selection;
	return key1->public_key != NULL && key2->public_key != NULL &&
	    EVP_PKEY_eq(key1->public_key, key2->public_key) == 1;
}

static int
import(void *data, int selection, const OSSL_PARAM params[])
{
	struct tls_key *key = data;
	const OSSL_PARAM *index = OSSL_PARAM_locate_const(params, TLS_KEYS_INDEX);
	EVP_PKEY_CTX *context;
	int is_good;

	if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || key->public_key != NULL)
		return 0;
	key->has_index = index != NULL;
	if (index != NULL && OSSL_PARAM_get_uint32(index, &key->index) != 1)
		return 0;
	context = EVP_PKEY_CTX_new_from_name(NULL, key->kind, "provider=default");
	is_good = context != NULL && EVP_PKEY_fromdata_init(context) > 0 &&
	    EVP_PKEY_fromdata(context, &key->public_key, EVP_PKEY_PUBLIC_KEY,
	    (OSSL_PARAM *)params) > 0;
	EVP_PKEY_CTX_free(context);
	return is_good;
}

static int
export(void *data, int selection, OSSL_CALLBACK *take, void *context)
{
	const struct tls_key *key = data;
	OSSL_PARAM *params = NULL;
	int is_good;

	if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || key->public_key == NULL ||
	    EVP_PKEY_todata(key->public_key, EVP_PKEY_PUBLIC_KEY, &params) != 1)
		return 0;
	is_good = take(params, context);
	OSSL_PARAM_free(params);
	return is_good;
}

/* Of all kinds together; nobody asks for those of one. */
static const OSSL_PARAM *
key_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_uint32(TLS_KEYS_INDEX, NULL),
		OSSL_PARAM_END,
	};

	return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? types : NULL;
}

/* Size, strength, curve and digest are those of the public key. */
static int
get_params(void *data, OSSL_PARAM params[])
{
	const struct tls_key *key = data;

	return key->public_key != NULL && EVP_PKEY_get_params(key->public_key, params);
}

static const OSSL_PARAM *
gettable_params(void *context)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)context;
	return types;
}

static const char *
operation_name(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? TLS_KEYS_SIGNATURE : NULL;
}

#define FUNCTION(id, function) { (id), (void (*)(void))(function) }
#define COMMON_FUNCTIONS                                                           \
	FUNCTION(OSSL_FUNC_KEYMGMT_FREE, free_key),                                \
	FUNCTION(OSSL_FUNC_KEYMGMT_HAS, has),                                      \
	FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, match),                                  \
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, import),                                \
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),                       \
	FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, export),                                \
	FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),                       \
	FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),                        \
	FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),              \
	FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name),          \
	{ 0, NULL }

const OSSL_DISPATCH tls_keys_manage_rsa[] = {
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, new_rsa), COMMON_FUNCTIONS
};
const OSSL_DISPATCH tls_keys_manage_ec[] = {
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, new_ec), COMMON_FUNCTIONS
};
const OSSL_DISPATCH tls_keys_manage_ed25519[] = {
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, new_ed25519), COMMON_FUNCTIONS
};
#else
struct tls_key;                     /* a file must not be empty */
#endif
