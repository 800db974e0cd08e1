/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys for the tests of the signer, in files of nobody's, and what a worker asks of it. */
#ifndef MUSTER_TESTS_SIGNER_KEYS_H
#define MUSTER_TESTS_SIGNER_KEYS_H

#include <check.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/base/inherit.h"
#include "server/base/sign_wire.h"

#define TLS13_CONTENT_BYTES 130
#define TLS12_CONTENT_BYTES 100

/* type: OpenSSL's name, or that of a curve. */
static inline EVP_PKEY *
keys_make(const char *type)
{
	bool is_curve = type[0] == 'P';
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, is_curve ? "EC" : type, NULL);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(EVP_PKEY_keygen_init(context), 1);
	if (is_curve)
		ck_assert_int_eq(EVP_PKEY_CTX_set_group_name(context, type), 1);
	ck_assert_int_eq(EVP_PKEY_generate(context, &key), 1); /* RSA: 2048 bits */
	EVP_PKEY_CTX_free(context);
	return key;
}

/* A file with that text. */
static inline int
keys_file(const char *text, size_t bytes)
{
	int fd = memfd_create("key", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, bytes), (ssize_t)bytes);
	return fd;
}

/* cipher: NULL: without a passphrase. */
static inline int
keys_write(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long bytes;
	int fd;

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, cipher, NULL, 0, NULL, cipher != NULL ?
	    (void *)(uintptr_t)"secret" : NULL), 1);
	bytes = BIO_get_mem_data(bio, &text);
	fd = keys_file(text, (size_t)bytes);
	BIO_free(bio);
	return fd;
}

/* The file of one key and the public part of another, or of the same. */
static inline struct inherit_key
keys_pair(int fd, EVP_PKEY *public_key)
{
	unsigned char *der = NULL;
	int bytes = i2d_PUBKEY(public_key, &der);

	ck_assert_int_gt(bytes, 0);
	return (struct inherit_key){ fd, der, (size_t)bytes };
}

static inline void
keys_close(struct inherit_key *keys, size_t count)
{
	while (count-- > 0) {
		close(keys[count].fd);
		OPENSSL_free((void *)(uintptr_t)keys[count].public_key);
	}
}

static inline void
keys_ask(struct sign_request *request, uint32_t key_index, uint16_t scheme, bool is_tls13)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";

	memset(request, 0, sizeof *request);
	request->key_index = key_index;
	request->scheme = scheme;
	request->serial = 77;
	if (is_tls13) {
		memset(request->content, ' ', 64);
		memcpy(request->content + 64, context, sizeof context);
		memset(request->content + 64 + sizeof context, 0xab, 32);
		request->content_bytes = TLS13_CONTENT_BYTES;
	} else {
		memset(request->content, 0x5a, TLS12_CONTENT_BYTES);
		memcpy(request->content + 64, "\x03\x00\x1d\x20", 4);
		request->content_bytes = TLS12_CONTENT_BYTES;
	}
}

/* As a client does it. */
static inline bool
keys_verify(EVP_PKEY *key, const char *digest, bool is_pss, const struct sign_request *request,
    const uint8_t *signature, size_t bytes)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context;
	bool is_good;

	is_good = EVP_DigestVerifyInit_ex(context, &key_context, digest, NULL, NULL, key,
	    NULL) == 1 && (!is_pss ||
	    (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
	    EVP_DigestVerify(context, signature, bytes, request->content,
	    request->content_bytes) == 1;
	EVP_MD_CTX_free(context);
	return is_good;
}

#endif
