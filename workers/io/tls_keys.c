/* SPDX-License-Identifier: BSD-2-Clause */
/* The OpenSSL provider "muster" (provider-base(7)), built in, and the keys that are made with it.
 * How a key is kept is tls_keys_manage.c's, how it signs tls_keys_sign.c's. Loaded by the master
 * before it forks. Rules: who asks OpenSSL for RSA without saying of which provider, gets OpenSSL's
 * own; OpenSSL's configuration file is not read, for nobody expects one to decide about keys and
 * ciphers that our own file names. Shown by test_tls_keys.c. */
#include "workers/io/tls_keys.h"

#ifdef HAVE_OPENSSL
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdbool.h>

#include "server/base/sign_wire.h"
#include "workers/io/tls_keys_parts.h"
#include "workers/io/tls_memory.h"

/* libssl looks for a key's kind by the second name as well. */
static const OSSL_ALGORITHM managers[] = {
	{ "RSA:rsaEncryption", "provider=" TLS_KEYS_PROVIDER, tls_keys_manage_rsa, "RSA" },
	{ "EC:id-ecPublicKey", "provider=" TLS_KEYS_PROVIDER, tls_keys_manage_ec, "EC" },
	{ "ED25519", "provider=" TLS_KEYS_PROVIDER, tls_keys_manage_ed25519, "ED25519" },
	{ NULL, NULL, NULL, NULL },
};
static const OSSL_ALGORITHM signatures[] = {
	{ TLS_KEYS_SIGNATURE, "provider=" TLS_KEYS_PROVIDER, tls_keys_sign, "by the signer" },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache_out)
{
	(void)provider;
	*no_cache_out = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return managers;
	case OSSL_OP_SIGNATURE:
		return signatures;
	default:
		return NULL;
	}
}

static int
start_provider(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **provider_out)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ 0, NULL },
	};

	(void)in;
	*out = functions;
	*provider_out = (void *)handle; /* we keep no state; NULL would be a failure */
	return 1;
}

/* For as long as the process lives. */
static OSSL_PROVIDER *default_provider, *own_provider;

/* OpenSSL takes the first provider that has what is asked for, in the order in which it has met
 * them; a provider that is loaded by hand is the only one unless the default is loaded, too. */
static bool
load_default(void)
{
	EVP_KEYMGMT *manager;

	if (default_provider == NULL)
		default_provider = OSSL_PROVIDER_load(NULL, "default");
	if (default_provider == NULL)
		return false;
	manager = EVP_KEYMGMT_fetch(NULL, "RSA", NULL);
	EVP_KEYMGMT_free(manager);
	return manager != NULL;
}

int
tls_keys_init(void)
{
	if (own_provider != NULL)
		return 0;
	tls_memory_init();
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	if (!load_default() ||
	    OSSL_PROVIDER_add_builtin(NULL, TLS_KEYS_PROVIDER, start_provider) != 1)
		return -1;
	own_provider = OSSL_PROVIDER_load(NULL, TLS_KEYS_PROVIDER);
	return own_provider != NULL ? 0 : -1;
}

static const char *
kind_of(const EVP_PKEY *key)
{
	static const char *const kinds[] = { "RSA", "EC", "ED25519" };

	if (EVP_PKEY_get_size(key) > SIGN_SIGNATURE_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (EVP_PKEY_is_a(key, kinds[i]))
			return kinds[i];
	}
	return NULL;
}

static EVP_PKEY *
make_key(const char *kind, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *context;
	EVP_PKEY *key = NULL;

	context = EVP_PKEY_CTX_new_from_name(NULL, kind, "provider=" TLS_KEYS_PROVIDER);
	if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	return key;
}

EVP_PKEY *
tls_keys_handle(EVP_PKEY *public_key, uint32_t key_index)
{
	OSSL_PARAM index[] = { OSSL_PARAM_uint32(TLS_KEYS_INDEX, &key_index), OSSL_PARAM_END };
	OSSL_PARAM *public_params = NULL, *params = NULL;
	const char *kind = kind_of(public_key);
	EVP_PKEY *key = NULL;

	if (kind == NULL || tls_keys_init() < 0)
		return NULL;
	if (EVP_PKEY_todata(public_key, EVP_PKEY_PUBLIC_KEY, &public_params) == 1)
		params = OSSL_PARAM_merge(public_params, index);
	if (params != NULL)
		key = make_key(kind, params);
	OPENSSL_free(params);       /* its values belong to the two others */
	OSSL_PARAM_free(public_params);
	return key;
}

#else

int
tls_keys_init(void)
{
	return -1;
}

struct evp_pkey_st *
tls_keys_handle(struct evp_pkey_st *public_key, uint32_t key_index)
{
	(void)public_key;
	(void)key_index;
	return 0;
}
#endif
