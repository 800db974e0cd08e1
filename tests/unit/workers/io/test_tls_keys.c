/* SPDX-License-Identifier: BSD-2-Clause */
/* Breaks when a key of our provider is not what its certificate says, gives something private
 * away, signs what does not verify, leaks, or when a signer that misbehaves does more harm than
 * one signature that fails. */
#include "workers/io/tls_keys.h"

#include <check.h>
#include <stdlib.h>

#ifdef HAVE_OPENSSL
#include <dirent.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "tests/unit/workers/io/fake_signer.h"
#include "tests/unit/workers/io/tls_pairs.h"

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))
#define LONG_MS 20000u
#define SOON_MS 30u
#define KEY_INDEX 3

/* A content that the signer lets through. */
static uint8_t content[64 + 33 + 1 + 32];

static void
fill_content(void)
{
	memset(content, ' ', 64);
	memcpy(content + 64, "TLS 1.3, server CertificateVerify", 34);
	memset(content + 98, 7, 32);
}

static EVP_PKEY *real_key, *handle;

static void
begin(const char *kind)
{
	ck_assert_int_eq(tls_keys_init(), 0);
	fill_content();
	real_key = pair_make_key(kind);
	fake_signer.keys[KEY_INDEX] = real_key;
	handle = tls_keys_handle(real_key, KEY_INDEX);
	ck_assert_ptr_nonnull(handle);
}

static void
start_signer(enum fake_manner manner, unsigned timeout_ms)
{
	fake_signer_start(manner);
	tls_keys_use_signer(fake_signer.ends[0], timeout_ms);
}

static void
end(void)
{
	tls_keys_use_signer(-1, 0);
	fake_signer_end();
	EVP_PKEY_free(handle);
	EVP_PKEY_free(real_key);
	real_key = handle = NULL;
	ERR_clear_error();
}

static const char *const kinds[] = {
	"RSA 2048", "RSA 3072", "EC P-256", "EC P-384", "EC P-521", "ED25519",
};

START_TEST(handle_is_the_certificates)
{
	const struct pair_wish wish = { 0 };
	EVP_PKEY *other;
	X509 *certificate;

	begin(kinds[_i]);
	certificate = pair_make_certificate(real_key, &wish);
	ck_assert_int_eq(EVP_PKEY_eq(handle, real_key), 1);
	ck_assert_int_eq(EVP_PKEY_eq(real_key, handle), 1);
	ck_assert_int_eq(X509_check_private_key(certificate, handle), 1);
	other = pair_make_key(kinds[_i]);
	ck_assert_int_ne(EVP_PKEY_eq(handle, other), 1);
	ck_assert_int_ne(EVP_PKEY_eq(other, handle), 1);
	X509_free(certificate);
	EVP_PKEY_free(other);
	end();
}
END_TEST

START_TEST(handle_has_the_public_facts)
{
	char group[32] = "", real_group[32] = "";
	unsigned char *der = NULL, *real_der = NULL;
	int bytes;

	begin(kinds[_i]);
	ck_assert_int_eq(EVP_PKEY_get_bits(handle), EVP_PKEY_get_bits(real_key));
	ck_assert_int_eq(EVP_PKEY_get_security_bits(handle), EVP_PKEY_get_security_bits(real_key));
	ck_assert_int_eq(EVP_PKEY_get_size(handle), EVP_PKEY_get_size(real_key));
	ck_assert_int_eq(EVP_PKEY_get_group_name(handle, group, sizeof group, NULL),
	    EVP_PKEY_get_group_name(real_key, real_group, sizeof real_group, NULL));
	ck_assert_str_eq(group, real_group);
	ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(handle)), "muster");
	bytes = i2d_PUBKEY(handle, &der);
	ck_assert_int_eq(bytes, i2d_PUBKEY(real_key, &real_der));
	ck_assert_int_gt(bytes, 0);
	ck_assert_mem_eq(der, real_der, (size_t)bytes);
	OPENSSL_free(der);
	OPENSSL_free(real_der);
	end();
}
END_TEST

/* Also when the handle was made from a key that has a private part. */
START_TEST(handle_has_nothing_private)
{
	OSSL_PARAM *params = NULL;
	BIGNUM *number = NULL;
	unsigned char raw[64];
	size_t bytes = sizeof raw;

	begin(kinds[_i]);
	ck_assert(EVP_PKEY_get_bn_param(handle, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1);
	ck_assert(EVP_PKEY_get_bn_param(handle, OSSL_PKEY_PARAM_RSA_D, &number) != 1);
	ck_assert(EVP_PKEY_get_raw_private_key(handle, raw, &bytes) != 1);
	if (EVP_PKEY_todata(handle, EVP_PKEY_KEYPAIR, &params) == 1) {
		ck_assert_ptr_null(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_PRIV_KEY));
		ck_assert_ptr_null(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_RSA_D));
		ck_assert_ptr_null(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_RSA_FACTOR1));
	}
	OSSL_PARAM_free(params);
	end();
}
END_TEST

/* What nobody asked of us stays with OpenSSL's own provider. */
START_TEST(default_provider_stays_the_default)
{
	static const char *const names[] = { "RSA", "EC", "ED25519" };
	EVP_KEYMGMT *manager;

	ck_assert_int_eq(tls_keys_init(), 0);
	ck_assert_int_eq(tls_keys_init(), 0);
	manager = EVP_KEYMGMT_fetch(NULL, names[_i], NULL);
	ck_assert_ptr_nonnull(manager);
	ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(manager)), "default");
	EVP_KEYMGMT_free(manager);
}
END_TEST

static const char *const strange_kinds[] = { "ED448", "X25519", "RSA-PSS 2048" };

START_TEST(other_kinds_are_not_taken)
{
	EVP_PKEY *key;

	ck_assert_int_eq(tls_keys_init(), 0);
	key = pair_make_key(strange_kinds[_i]);
	ck_assert_ptr_null(tls_keys_handle(key, 0));
	EVP_PKEY_free(key);
}
END_TEST

/* As libssl does it. Bytes, or 0. */
static size_t
sign(EVP_PKEY *key, const char *digest, bool is_pss, uint8_t *out, size_t cap)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context = NULL;
	size_t bytes = 0;
	bool is_good = EVP_DigestSignInit_ex(context, &key_context, digest, NULL, NULL, key,
	    NULL) == 1;

	if (is_good && is_pss)
		is_good = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) > 0;
	is_good = is_good && EVP_DigestSign(context, NULL, &bytes, content, sizeof content) == 1 &&
	    bytes <= cap && EVP_DigestSign(context, out, &bytes, content, sizeof content) == 1;
	EVP_MD_CTX_free(context);
	return is_good ? bytes : 0;
}

static bool
verifies(const char *digest, bool is_pss, const uint8_t *signature, size_t bytes)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context;
	bool is_good;

	ck_assert_int_eq(EVP_DigestVerifyInit_ex(context, &key_context, digest, NULL, NULL,
	    real_key, NULL), 1);
	if (is_pss) {
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(key_context,
		    RSA_PKCS1_PSS_PADDING), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context,
		    RSA_PSS_SALTLEN_DIGEST), 0);
	}
	is_good = EVP_DigestVerify(context, signature, bytes, content, sizeof content) == 1;
	EVP_MD_CTX_free(context);
	return is_good;
}

static const struct {
	const char *kind, *digest;
	bool is_pss, is_good;
} ways[] = {
	{ "RSA 2048", "SHA256", true, true }, { "RSA 2048", "SHA384", true, true },
	{ "RSA 2048", "SHA512", true, true }, { "RSA 2048", "SHA256", false, true },
	{ "RSA 2048", "SHA384", false, true }, { "RSA 2048", "SHA512", false, true },
	{ "RSA 2048", "SHA224", false, true }, { "RSA 2048", "SHA1", false, true },
	{ "RSA 2048", "MD5-SHA1", false, true }, { "EC P-256", "SHA256", false, true },
	{ "EC P-384", "SHA384", false, true }, { "EC P-521", "SHA512", false, true },
	{ "EC P-256", "SHA512", false, true }, { "EC P-256", "SHA1", false, true },
	{ "ED25519", NULL, false, true },
	/* Nothing that TLS has. */
	{ "RSA 2048", "SHA1", true, false }, { "RSA 2048", "SHA224", true, false },
	{ "RSA 2048", "MD5", false, false }, { "RSA 2048", "SHA3-256", false, false },
	{ "EC P-256", "MD5-SHA1", false, false }, { "EC P-256", "SHA256", true, false },
	{ "ED25519", "SHA256", false, false },
};

START_TEST(signatures_verify)
{
	uint8_t signature[SIGN_SIGNATURE_MAX];
	size_t bytes;

	begin(ways[_i].kind);
	start_signer(FAKE_HONEST, LONG_MS);
	bytes = sign(handle, ways[_i].digest, ways[_i].is_pss, signature, sizeof signature);
	if (ways[_i].is_good)
		ck_assert(verifies(ways[_i].digest, ways[_i].is_pss, signature, bytes));
	else
		ck_assert_uint_eq(bytes, 0);
	end();
}
END_TEST

/* ---- a signer that is not as it should be ---- */

static const struct {
	enum fake_manner manner;
	const char *why;
} faults[] = {
	{ FAKE_REFUSES, "signer: refused" },
	{ FAKE_SILENT, "signer: no answer in time" },
	{ FAKE_TOO_LONG, "signer: its signature is longer than the key allows" },
	{ FAKE_OTHER_SERIAL, "signer: its answer makes no sense" },
	{ FAKE_NO_MAGIC, "signer: its answer makes no sense" },
	{ FAKE_SHORT, "signer: its answer makes no sense" },
	{ FAKE_ENDS_BEFORE, "signer: it cannot be reached" },
};

static size_t
sign_once(void)
{
	uint8_t signature[SIGN_SIGNATURE_MAX];
	size_t bytes = sign(handle, "SHA256", false, signature, sizeof signature);

	return bytes > 0 && verifies("SHA256", false, signature, bytes) ? bytes : 0;
}

static void
assert_reason(const char *why)
{
	const char *data = NULL;
	int flags = 0;

	ck_assert_int_ne(ERR_peek_last_error_data(&data, &flags), 0);
	ck_assert_ptr_nonnull(data);
	ck_assert_str_eq(data, why);
	ERR_clear_error();
}

/* And the next one is as good as ever. */
START_TEST(fault_costs_one_signature)
{
	begin("EC P-256");
	start_signer(faults[_i].manner, faults[_i].manner == FAKE_SILENT ? SOON_MS : LONG_MS);
	ck_assert_uint_eq(sign_once(), 0);
	assert_reason(faults[_i].why);
	ck_assert_uint_eq(sign_once(), 0);
	fake_signer_stop();
	fake_signer_start(FAKE_HONEST);
	tls_keys_use_signer(fake_signer.ends[0], LONG_MS);
	ck_assert_uint_gt(sign_once(), 0);
	end();
}
END_TEST

START_TEST(without_a_signer_nothing_is_signed)
{
	begin("EC P-256");
	ck_assert_uint_eq(sign_once(), 0);
	assert_reason("signer: there is none");
	end();
}
END_TEST

/* Its pair is dead; the same signature is asked for again over a new one. */
START_TEST(signer_may_be_replaced_between_two)
{
	begin("EC P-256");
	start_signer(FAKE_HONEST, LONG_MS);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_gt(sign_once(), 0);
		fake_signer_stop();
		fake_signer_start(FAKE_HONEST);
	}
	ck_assert_uint_gt(sign_once(), 0);
	end();
}
END_TEST

START_TEST(pair_may_end_after_each_answer)
{
	begin("EC P-256");
	start_signer(FAKE_ENDS_AFTER_ONE, LONG_MS);
	for (int i = 0; i < 5; i++)
		ck_assert_uint_gt(sign_once(), 0);
	end();
}
END_TEST

/* The hello waits in the socket that the master keeps open, and so does the question. */
START_TEST(signer_may_come_later)
{
	uint8_t signature[SIGN_SIGNATURE_MAX];
	pid_t asker;
	int status;

	begin("EC P-256");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fake_signer.ends),
	    0);
	asker = fork();
	if (asker == 0) {
		tls_keys_use_signer(fake_signer.ends[0], LONG_MS);
		_exit(sign(handle, "SHA256", false, signature, sizeof signature) > 0 ? 0 : 1);
	}
	/* Until its hello is there. */
	ck_assert_int_eq(poll(&(struct pollfd){ fake_signer.ends[1], POLLIN, 0 }, 1, -1), 1);
	fake_signer_start(FAKE_HONEST);
	ck_assert_int_eq(waitpid(asker, &status, 0), asker);
	ck_assert_int_eq(status, 0);
	end();
}
END_TEST

/* Nobody takes hellos until the socket is full: that ends, too. */
START_TEST(full_socket_is_not_waited_for_long)
{
	char byte = 0;

	begin("EC P-256");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fake_signer.ends),
	    0);
	while (send(fake_signer.ends[0], &byte, 1, MSG_DONTWAIT) > 0)
		continue;
	tls_keys_use_signer(fake_signer.ends[0], SOON_MS);
	ck_assert_uint_eq(sign_once(), 0);
	assert_reason("signer: no answer in time");
	end();
}
END_TEST

static int
count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* With every manner, for a while. */
START_TEST(descriptors_are_not_lost)
{
	int before;

	begin("EC P-256");
	start_signer((enum fake_manner)_i, _i == FAKE_SILENT ? 1 : LONG_MS);
	(void)sign_once();
	before = count_fds();
	for (int i = 0; i < 30; i++)
		(void)sign_once();
	ck_assert_int_le(count_fds(), before);
	end();
}
END_TEST

/* The master makes keys and forks; each child asks over a pair of its own. */
START_TEST(handle_works_in_children)
{
	uint8_t signature[SIGN_SIGNATURE_MAX];
	int status;

	begin("RSA 2048");
	start_signer(FAKE_HONEST, LONG_MS);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			tls_keys_use_signer(fake_signer.ends[0], LONG_MS);
			_exit(sign(handle, "SHA256", true, signature, sizeof signature) == 256 ?
			    0 : 1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	end();
}
END_TEST

static void
add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("keys");

	tcase_add_loop_test(tcase, handle_is_the_certificates, 0, COUNT_OF(kinds));
	tcase_add_loop_test(tcase, handle_has_the_public_facts, 0, COUNT_OF(kinds));
	tcase_add_loop_test(tcase, handle_has_nothing_private, 0, COUNT_OF(kinds));
	tcase_add_loop_test(tcase, default_provider_stays_the_default, 0, 3);
	tcase_add_loop_test(tcase, other_kinds_are_not_taken, 0, COUNT_OF(strange_kinds));
	tcase_add_loop_test(tcase, signatures_verify, 0, COUNT_OF(ways));
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("signer");
	tcase_add_loop_test(tcase, fault_costs_one_signature, 0, COUNT_OF(faults));
	tcase_add_test(tcase, without_a_signer_nothing_is_signed);
	tcase_add_test(tcase, signer_may_be_replaced_between_two);
	tcase_add_test(tcase, pair_may_end_after_each_answer);
	tcase_add_test(tcase, signer_may_come_later);
	tcase_add_test(tcase, full_socket_is_not_waited_for_long);
	tcase_add_loop_test(tcase, descriptors_are_not_lost, 0, FAKE_ENDS_BEFORE + 1);
	tcase_add_test(tcase, handle_works_in_children);
	suite_add_tcase(suite, tcase);
}

#else

START_TEST(nothing_is_there_without_openssl)
{
	ck_assert_int_eq(tls_keys_init(), -1);
	ck_assert_ptr_null(tls_keys_handle(NULL, 0));
}
END_TEST

static void
add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("keys");

	tcase_add_test(tcase, nothing_is_there_without_openssl);
	suite_add_tcase(suite, tcase);
}
#endif

int
main(void)
{
	Suite *suite = suite_create("tls_keys");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_tests(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
