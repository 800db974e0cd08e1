/* SPDX-License-Identifier: BSD-2-Clause */
/* For unit tests: keys and certificates, made when they are wanted. */
#ifndef MUSTER_TESTS_TLS_PAIRS_H
#define MUSTER_TESTS_TLS_PAIRS_H

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* "RSA 2048", "EC P-256", "ED25519"; always of OpenSSL's own provider. */
static inline EVP_PKEY *
pair_make_key(const char *kind)
{
	char name[32], detail[32] = "";
	EVP_PKEY_CTX *context;
	EVP_PKEY *key = NULL;

	ck_assert_int_ge(sscanf(kind, "%31s %31s", name, detail), 1);
	context = EVP_PKEY_CTX_new_from_name(NULL, name, "provider=default");
	ck_assert_ptr_nonnull(context);
	ck_assert_int_eq(EVP_PKEY_keygen_init(context), 1);
	if (strncmp(name, "RSA", 3) == 0)
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_keygen_bits(context, atoi(detail)), 1);
	else if (strcmp(name, "EC") == 0)
		ck_assert_int_eq(EVP_PKEY_CTX_set_group_name(context, detail), 1);
	ck_assert_int_eq(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

struct pair_wish {
	const char *names;          /* "DNS:a.test,DNS:*.b.test"; NULL: none */
	long from_s, to_s;          /* relative to now; both 0: a day to each side */
	EVP_PKEY *issuer_key;       /* NULL: it signs itself */
};

static inline X509 *
pair_make_certificate(EVP_PKEY *key, const struct pair_wish *wish)
{
	EVP_PKEY *issuer_key = wish->issuer_key != NULL ? wish->issuer_key : key;
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	bool is_always = wish->from_s == 0 && wish->to_s == 0;

	ck_assert_int_eq(X509_set_version(certificate, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), is_always ? -86400 : wish->from_s);
	X509_gmtime_adj(X509_getm_notAfter(certificate), is_always ? 86400 : wish->to_s);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
	    (const unsigned char *)"muster test", -1, -1, 0), 1);
	ck_assert_int_eq(X509_set_issuer_name(certificate, name), 1);
	ck_assert_int_eq(X509_set_pubkey(certificate, key), 1);
	if (wish->names != NULL) {
		X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
		    wish->names);

		ck_assert_ptr_nonnull(extension);
		ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
		X509_EXTENSION_free(extension);
	}
	ck_assert_int_gt(X509_sign(certificate, issuer_key,
	    strncmp(EVP_PKEY_get0_type_name(issuer_key), "ED", 2) == 0 ? NULL : EVP_sha256()), 0);
	return certificate;
}

/* mode: "w", or "a" for one more of a chain. */
static inline void
pair_write(const char *path, const char *mode, X509 *certificate)
{
	FILE *file = fopen(path, mode);

	ck_assert_msg(file != NULL, "%s", path);
	ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
	ck_assert_int_eq(fclose(file), 0);
}

#endif
