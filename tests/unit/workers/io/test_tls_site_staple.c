/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/io/tls_site_staple.c: which OCSP response goes with which certificate. Breaks when a
 * client would get one that is for another certificate, of nobody that it trusts, too old, or that
 * says that the certificate is revoked; or when nobody is told why none is sent. */
#include <check.h>
#include <stdlib.h>

#include "tests/lib/load_config.h"

#ifdef HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "tests/lib/scratch.h"
#include "tests/unit/workers/io/tls_pairs.h"
#include "workers/io/tls_keys.h"
#include "workers/io/tls_site_parts.h"

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEXT_BYTES 2048
#define DAY_S 86400

static struct config *config;
static struct tls_site *site;
static EVP_PKEY *authority_key;
static X509 *authority;
static char folder[256];

/* Leaves of two kinds of keys, both of the authority; the second with a file that lacks it. */
static X509 *leaves[2];

static void
make_pairs(void)
{
	static const char *const kinds[] = { "EC P-256", "RSA 2048" };
	static const char *const files[] = { "ec.pem", "rsa.pem" };
	struct pair_wish wish = { "DNS:a.test", 0, 0, NULL };

	authority_key = pair_make_key("EC P-256");
	wish.issuer_key = authority_key;
	authority = pair_make_certificate(authority_key, &wish);
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *key = pair_make_key(kinds[i]);

		leaves[i] = pair_make_certificate(key, &wish);
		ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(leaves[i]), 10 + i), 1);
		ck_assert_int_gt(X509_sign(leaves[i], authority_key, EVP_sha256()), 0);
		pair_write(files[i], "w", leaves[i]);
		EVP_PKEY_free(key);
	}
	pair_write(files[0], "a", authority);
}

struct wish {
	long serial;                /* 10: of the certificate for EC; 11: for RSA */
	int status;
	long from_s, to_s;          /* from now; to_s 0: no end */
	bool is_strangers;          /* signed by somebody else */
	bool has_strange_key;       /* names another issuer's key */
};

static OCSP_CERTID *
make_id(const struct wish *wish, const EVP_MD *digest)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	const X509 *keyed = wish->has_strange_key ? leaves[1] : authority;
	OCSP_CERTID *id;

	ck_assert_int_eq(ASN1_INTEGER_set(serial, wish->serial), 1);
	id = OCSP_cert_id_new(digest, X509_get_subject_name(authority),
	    X509_get0_pubkey_bitstr(keyed), serial);
	ck_assert_ptr_nonnull(id);
	ASN1_INTEGER_free(serial);
	return id;
}

static void
sign(OCSP_BASICRESP *basic, bool is_strangers)
{
	const struct pair_wish nobody = { NULL, 0, 0, NULL };
	EVP_PKEY *key = is_strangers ? pair_make_key("EC P-256") : authority_key;
	X509 *signer = is_strangers ? pair_make_certificate(key, &nobody) : authority;

	ck_assert_int_eq(OCSP_basic_sign(basic, signer, key, EVP_sha256(), NULL, 0), 1);
	if (!is_strangers)
		return;
	X509_free(signer);
	EVP_PKEY_free(key);
}

static void
write_response(const char *path, const struct wish *wish, const EVP_MD *digest)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = make_id(wish, digest);
	ASN1_TIME *from = X509_gmtime_adj(NULL, wish->from_s);
	ASN1_TIME *to = wish->to_s != 0 ? X509_gmtime_adj(NULL, wish->to_s) : NULL;
	OCSP_RESPONSE *whole;
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(ASN1_TIME_to_generalizedtime(from, &from));
	if (to != NULL)
		ck_assert_ptr_nonnull(ASN1_TIME_to_generalizedtime(to, &to));
	ck_assert_ptr_nonnull(OCSP_basic_add1_status(basic, id, wish->status, 0,
	    wish->status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, to));
	sign(basic, wish->is_strangers);
	whole = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	ck_assert_int_eq(ASN1_i2d_fp((i2d_of_void *)i2d_OCSP_RESPONSE, file, whole), 1);
	ck_assert_int_eq(fclose(file), 0);
	OCSP_RESPONSE_free(whole);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

/* staplings: as in the configuration, "@" the folder. */
static void
open_site(const char *staplings)
{
	char text[TEXT_BYTES] = "listen \"*:443\" { tls = true } certificate = { \"@/ec.pem\", "
	    "\"@/rsa.pem\" } certificate_key = { \"@/ec.key\", \"@/rsa.key\" } stapling_file = ";
	char whole[TEXT_BYTES] = "", errbuf[256], *rest = text, *part;

	strcat(text, staplings);
	while ((part = strsep(&rest, "@")) != NULL) {
		strcat(whole, part);
		if (rest != NULL)
			strcat(whole, folder);
	}
	config = load_config(whole);
	site = tls_site_new(config, NULL, errbuf, sizeof errbuf);
	ck_assert_msg(site != NULL, "%s", errbuf);
}

static void
begin(void)
{
	ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
	make_pairs();
}

static void
end(void)
{
	tls_site_free(&site);
	config_free(&config);
	X509_free(leaves[0]);
	X509_free(leaves[1]);
	X509_free(authority);
	EVP_PKEY_free(authority_key);
	ERR_clear_error();
}

/* What is sent with the certificate of a host's index-th pair; 0: nothing. */
static long
sent_bytes(size_t index)
{
	SSL_CTX *context = tls_site_context(site, 0);
	const unsigned char *sent = NULL;
	long bytes = 0;
	SSL *ssl;
	int result;

	ck_assert_int_eq(SSL_CTX_select_current_cert(context, site->certificates[index].leaf), 1);
	ssl = SSL_new(context);
	result = tls_site_staple(ssl, NULL);
	if (result == SSL_TLSEXT_ERR_OK)
		bytes = SSL_get_tlsext_status_ocsp_resp(ssl, &sent);
	else
		ck_assert_int_eq(result, SSL_TLSEXT_ERR_NOACK);
	SSL_free(ssl);
	return bytes > 0 && sent != NULL ? bytes : 0;
}

#define GOOD V_OCSP_CERTSTATUS_GOOD

static const struct {
	struct wish wish;
	bool is_sent[2];
	const char *warning;        /* behind the file's name; NULL: none */
} rows[] = {
	{ { 10, GOOD, -60, DAY_S, false, false }, { true, false }, NULL },
	{ { 11, GOOD, -60, DAY_S, false, false }, { false, true }, NULL },
	{ { 10, GOOD, -60, 0, false, false }, { true, false }, NULL },
	{ { 10, GOOD, 60, DAY_S, false, false }, { true, false }, NULL }, /* clocks differ */
	{ { 12, GOOD, -60, DAY_S, false, false }, { false, false },
	    "is for no certificate of these hosts: it is not sent" },
	{ { 10, GOOD, -60, DAY_S, false, true }, { false, false },
	    "is for no certificate of these hosts: it is not sent" },
	{ { 10, GOOD, -60, DAY_S, true, false }, { false, false },
	    "is not signed by the certificate's authority: it is not sent" },
	/* Without the authority's certificate there is nothing to prove it with; clients can. */
	{ { 11, GOOD, -60, DAY_S, true, false }, { false, true }, NULL },
	{ { 10, GOOD, -DAY_S, -3600, false, false }, { false, false },
	    "is out of date, or not valid yet: it is not sent" },
	{ { 10, GOOD, DAY_S, 2 * DAY_S, false, false }, { false, false },
	    "is out of date, or not valid yet: it is not sent" },
	{ { 10, V_OCSP_CERTSTATUS_REVOKED, -60, DAY_S, false, false }, { false, false },
	    "says that the certificate is not good: it is not sent" },
	{ { 10, V_OCSP_CERTSTATUS_UNKNOWN, -60, DAY_S, false, false }, { false, false },
	    "says that the certificate is not good: it is not sent" },
};

static void
expect_warning(const char *warning)
{
	char whole[TEXT_BYTES];

	if (warning == NULL) {
		ck_assert_msg(tls_site_warning(site, 0) == NULL, "%s", tls_site_warning(site, 0));
		return;
	}
	(void)snprintf(whole, sizeof whole, "f:1: stapling_file \"%s/a.der\" %s", folder, warning);
	ck_assert_ptr_nonnull(tls_site_warning(site, 0));
	ck_assert_str_eq(tls_site_warning(site, 0), whole);
	ck_assert_ptr_null(tls_site_warning(site, 1));
}

START_TEST(response_goes_with_its_certificate)
{
	begin();
	write_response("a.der", &rows[_i].wish, EVP_sha1());
	open_site("\"@/a.der\"");
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(sent_bytes(i) > 0, rows[_i].is_sent[i]);
	expect_warning(rows[_i].warning);
	end();
}
END_TEST

/* Authorities may name certificates by other digests than SHA-1. */
START_TEST(each_has_its_own)
{
	struct wish wish = { 11, GOOD, -60, DAY_S, false, false };

	begin();
	write_response("a.der", &wish, EVP_sha256());
	wish.serial = 10;
	write_response("b.der", &wish, EVP_sha256());
	open_site("{ \"@/a.der\", \"@/b.der\" }");
	ck_assert_int_gt(sent_bytes(0), 0);
	ck_assert_int_gt(sent_bytes(1), 0);
	expect_warning(NULL);
	end();
}
END_TEST

START_TEST(response_gets_too_old)
{
	const struct wish wish = { 10, GOOD, -60, DAY_S, false, false };

	begin();
	write_response("a.der", &wish, EVP_sha1());
	open_site("\"@/a.der\"");
	ck_assert_int_gt(site->certificates[0].response_end_s, time(NULL));
	ck_assert_int_gt(sent_bytes(0), 0);
	site->certificates[0].response_end_s = time(NULL) - 1;
	ck_assert_int_eq(sent_bytes(0), 0);
	end();
}
END_TEST

/* A file of PEM, one that a job has not finished, one with more behind the response. */
static const struct {
	const char *content;        /* NULL: there is no file */
	size_t bytes;
	const char *warning;
} broken[] = {
	{ NULL, 0, "cannot be read (No such file or directory): nothing is sent" },
	{ "", 0, "holds no OCSP response, expected one in DER: it is not sent" },
	{ "-----BEGIN", 10, "holds no OCSP response, expected one in DER: it is not sent" },
	{ "0\x82\x10", 3, "holds no OCSP response, expected one in DER: it is not sent" },
	{ "0\x03\x0a\x01\x00x", 6, "holds no OCSP response, expected one in DER: it is not sent" },
	{ "0\x03\x0a\x01\x06", 5, "says that the authority failed: it is not sent" },
	{ "0\x03\x0a\x01\x00", 5, "is of a kind that is not known: it is not sent" },
};

START_TEST(broken_file_costs_nothing_else)
{
	begin();
	if (broken[_i].content != NULL) {
		FILE *file = fopen("a.der", "w");

		ck_assert_uint_eq(fwrite(broken[_i].content, 1, broken[_i].bytes, file),
		    broken[_i].bytes);
		ck_assert_int_eq(fclose(file), 0);
	}
	open_site("\"@/a.der\"");
	ck_assert_int_eq(sent_bytes(0), 0);
	expect_warning(broken[_i].warning);
	end();
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("tls_site_staple");
	TCase *tcase = tcase_create("responses");
	SRunner *runner = srunner_create(suite);
	int failed_count;

#ifdef HAVE_OPENSSL
	scratch_use(tcase);
	tcase_add_loop_test(tcase, response_goes_with_its_certificate, 0, COUNT_OF(rows));
	tcase_add_test(tcase, each_has_its_own);
	tcase_add_test(tcase, response_gets_too_old);
	tcase_add_loop_test(tcase, broken_file_costs_nothing_else, 0, COUNT_OF(broken));
#endif
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
