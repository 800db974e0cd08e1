/* SPDX-License-Identifier: BSD-2-Clause */
/* server/signer/keyring.c, scheme.c: what is signed verifies with the public key; what no
 * handshake signs is not; a key that is not the certificate's is refused by name. */
#include <check.h>
#include <stdlib.h>

#ifdef HAVE_OPENSSL
#include "server/signer/keyring.h"
#include "tests/lib/process.h"
#include "tests/unit/server/signer/keys.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

enum { RSA_KEY, P256_KEY, P384_KEY, ED_KEY, PSS_KEY, KEY_COUNT };
static const char *const types[KEY_COUNT] = { "RSA", "P-256", "P-384", "ED25519", "RSA-PSS" };
static EVP_PKEY *made[KEY_COUNT];

static struct config_certificate certificates[KEY_COUNT];
static struct config config;
static char chain_file[] = "/c.pem", key_file[] = "/k.pem", place[] = "muster.conf";

/* Once for all tests: RSA takes its time. */
static void
make_keys(void)
{
	int i;

	for (i = 0; i < KEY_COUNT; i++) {
		made[i] = keys_make(types[i]);
		certificates[i] = (struct config_certificate){ chain_file, key_file, place,
			(unsigned)i + 1 };
	}
	config.certificates = certificates;
	config.certificate_count = KEY_COUNT;
}

static struct keyring *
open_all(void)
{
	struct inherit_key keys[KEY_COUNT];
	struct keyring *keyring;
	char errbuf[512];
	int i;

	for (i = 0; i < KEY_COUNT; i++)
		keys[i] = keys_pair(keys_write(made[i], NULL), made[i]);
	keyring = keyring_open(&config, keys, KEY_COUNT, errbuf, sizeof errbuf);
	ck_assert_msg(keyring != NULL, "%s", errbuf);
	ck_assert_int_eq(keyring_check(&config, keys, KEY_COUNT, errbuf, sizeof errbuf), 0);
	keys_close(keys, KEY_COUNT);
	return keyring;
}

static const struct {
	const char *what;
	uint32_t key_index;
	uint16_t scheme;
	bool is_tls13;
	const char *digest;         /* NULL with is_good: part of the scheme */
	bool is_pss;
	bool is_good;
} signatures[] = {
	{ "PSS", RSA_KEY, 0x0804, true, "SHA256", true, true },
	{ "PSS with SHA-384", RSA_KEY, 0x0805, true, "SHA384", true, true },
	{ "PSS in TLS 1.2", RSA_KEY, 0x0806, false, "SHA512", true, true },
	{ "PKCS #1 in TLS 1.2", RSA_KEY, 0x0401, false, "SHA256", false, true },
	{ "PKCS #1 with SHA-512", RSA_KEY, 0x0601, false, "SHA512", false, true },
	{ "PKCS #1 with SHA-1", RSA_KEY, 0x0201, false, "SHA1", false, true },
	{ "before TLS 1.2", RSA_KEY, SIGN_SCHEME_MD5_SHA1, false, "MD5-SHA1", false, true },
	{ "P-256", P256_KEY, 0x0403, true, "SHA256", false, true },
	{ "P-256 in TLS 1.2", P256_KEY, 0x0403, false, "SHA256", false, true },
	{ "P-256 with SHA-512 in TLS 1.2", P256_KEY, 0x0603, false, "SHA512", false, true },
	{ "P-384", P384_KEY, 0x0503, true, "SHA384", false, true },
	{ "Ed25519", ED_KEY, 0x0807, true, NULL, false, true },
	{ "Ed25519 in TLS 1.2", ED_KEY, 0x0807, false, NULL, false, true },
	{ "a PSS key", PSS_KEY, 0x0809, true, "SHA256", true, true },
	{ "PKCS #1 in TLS 1.3", RSA_KEY, 0x0401, true, NULL, false, false },
	{ "SHA-1 in TLS 1.3", P256_KEY, 0x0203, true, NULL, false, false },
	{ "another curve's hash in TLS 1.3", P256_KEY, 0x0503, true, NULL, false, false },
	{ "MD5 and SHA-1 in TLS 1.3", RSA_KEY, SIGN_SCHEME_MD5_SHA1, true, NULL, false, false },
	{ "a scheme of ECDSA", RSA_KEY, 0x0403, true, NULL, false, false },
	{ "a scheme of RSA", P256_KEY, 0x0804, true, NULL, false, false },
	{ "a scheme of RSA for Ed25519", ED_KEY, 0x0804, true, NULL, false, false },
	{ "a scheme for PSS keys", RSA_KEY, 0x0809, true, NULL, false, false },
	{ "PKCS #1 with a PSS key", PSS_KEY, 0x0401, false, NULL, false, false },
	{ "no such scheme", RSA_KEY, 0x0101, false, NULL, false, false },
	{ "no scheme", RSA_KEY, 0, true, NULL, false, false },
	{ "no such key", KEY_COUNT, 0x0804, true, NULL, false, false },
	{ "no such key at all", UINT32_MAX, 0x0804, true, NULL, false, false },
};

START_TEST(signature)
{
	static struct sign_request request;
	uint8_t out[SIGN_SIGNATURE_MAX];
	struct keyring *keyring = open_all();
	size_t bytes;

	keys_ask(&request, signatures[_i].key_index, signatures[_i].scheme,
	    signatures[_i].is_tls13);
	bytes = keyring_sign(keyring, &request, out);
	ck_assert_msg((bytes > 0) == signatures[_i].is_good, "%s: %zu bytes", signatures[_i].what,
	    bytes);
	if (signatures[_i].is_good)
		ck_assert_msg(keys_verify(made[signatures[_i].key_index], signatures[_i].digest,
		    signatures[_i].is_pss, &request, out, bytes), "%s", signatures[_i].what);
	keyring_close(&keyring);
	ck_assert_ptr_null(keyring);
	keyring_close(&keyring);
}
END_TEST

/* Whatever the content is, if it is not a handshake's. */
START_TEST(content_of_another_form)
{
	static struct sign_request request;
	uint8_t out[SIGN_SIGNATURE_MAX];
	struct keyring *keyring = open_all();

	keys_ask(&request, RSA_KEY, 0x0804, true);
	request.content[70] ^= 1;   /* in the context string */
	ck_assert_uint_eq(keyring_sign(keyring, &request, out), 0);
	keys_ask(&request, RSA_KEY, 0x0401, false);
	request.content_bytes = 32; /* as a digest to be signed */
	ck_assert_uint_eq(keyring_sign(keyring, &request, out), 0);
	request.content_bytes = 0;
	ck_assert_uint_eq(keyring_sign(keyring, &request, out), 0);
	keyring_close(&keyring);
}
END_TEST

static void
sign_from_locked_heap(void)
{
	static struct sign_request request;
	uint8_t out[SIGN_SIGNATURE_MAX];
	struct keyring *keyring;
	size_t held_bytes;

	ck_assert(keyring_lock_heap(KEY_COUNT));
	keyring = open_all();
	ck_assert_uint_gt(CRYPTO_secure_used(), 0);
	keys_ask(&request, RSA_KEY, 0x0804, true);
	ck_assert_uint_eq(keyring_sign(keyring, &request, out), 256);
	held_bytes = CRYPTO_secure_used();
	keyring_close(&keyring);
	ck_assert_uint_lt(CRYPTO_secure_used(), held_bytes / 4); /* OpenSSL has some of its own */
}

/* Where the limit for locked memory is not lower than any system has it. */
START_TEST(locked_heap)
{
	ck_assert_int_eq(process_run(sign_from_locked_heap), 0);
}
END_TEST

static void
must_refuse(struct inherit_key key, const char *part)
{
	char errbuf[512] = "";

	ck_assert_int_eq(keyring_check(&config, &key, 1, errbuf, sizeof errbuf), -1);
	ck_assert_msg(strstr(errbuf, part) != NULL, "%s", errbuf);
	ck_assert_msg(strstr(errbuf, "muster.conf:1: certificate_key /k.pem ") == errbuf, "%s",
	    errbuf);
	keys_close(&key, 1);
}

START_TEST(bad_keys)
{
	static const char nonsense[] = "-----BEGIN CERTIFICATE-----\nAAAA\n";
	EVP_PKEY *other = keys_make("RSA"), *x25519 = keys_make("X25519");

	must_refuse(keys_pair(keys_write(made[RSA_KEY], NULL), other),
	    "does not fit the certificate /c.pem");
	must_refuse(keys_pair(keys_write(made[RSA_KEY], NULL), made[P256_KEY]), "does not fit");
	must_refuse(keys_pair(keys_write(made[RSA_KEY], EVP_aes_128_cbc()), made[RSA_KEY]),
	    "is encrypted");
	must_refuse(keys_pair(keys_file(nonsense, strlen(nonsense)), made[RSA_KEY]),
	    "has no private key");
	must_refuse(keys_pair(keys_file("", 0), made[RSA_KEY]), "has no private key");
	must_refuse(keys_pair(keys_write(x25519, NULL), x25519), "of a kind");
	must_refuse(keys_pair(open("/", O_RDONLY), made[RSA_KEY]), "cannot be read");
	EVP_PKEY_free(other);
	EVP_PKEY_free(x25519);
}
END_TEST

/* The second of two is named. */
START_TEST(bad_key_is_named)
{
	struct inherit_key keys[2] = {
		keys_pair(keys_write(made[P256_KEY], NULL), made[P256_KEY]),
		keys_pair(keys_write(made[RSA_KEY], NULL), made[P256_KEY]),
	};
	char errbuf[512] = "";

	ck_assert_int_eq(keyring_check(&config, keys, 2, errbuf, sizeof errbuf), -1);
	ck_assert_msg(strstr(errbuf, "muster.conf:2: ") == errbuf, "%s", errbuf);
	keys_close(keys, 2);
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("keyring");
	TCase *tcase = tcase_create("keyring");
	SRunner *runner = srunner_create(suite);
	int failed_count;

#ifdef HAVE_OPENSSL
	tcase_add_unchecked_fixture(tcase, make_keys, NULL);
	tcase_add_loop_test(tcase, signature, 0, COUNT_OF(signatures));
	tcase_add_test(tcase, content_of_another_form);
	tcase_add_test(tcase, locked_heap);
	tcase_add_test(tcase, bad_keys);
	tcase_add_test(tcase, bad_key_is_named);
#endif
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
