/* SPDX-License-Identifier: BSD-2-Clause */
/* OCSP responses (RFC 6960) out of files, sent to clients that ask for one with the certificate
 * (status_request, RFC 6066 8). Fetching them from the authority is left to who writes the files.
 * Read as who makes a site (tls_site.c), root included; sent by workers, unprivileged.
 * Rules: a response goes with the certificate that it names and with no other; one that is out of
 * date, now or when it would be sent, is not sent; a bad one costs nothing but itself.
 * Shown by test_tls_site_staple.c and tests/integration/70-tls/test_stapling.py. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/clock.h"
#include "server/base/fdio.h"

#define FILE_MAX_BYTES (64u * 1024u)
#define CLOCK_ERROR_S 300           /* an authority's clock may be ahead of ours by so much */

struct response {
	const struct config_stapling *source;
	char *der;
	size_t bytes;
	OCSP_BASICRESP *basic;
};

static void
warn(struct tls_site *site, const struct response *response, const char *what)
{
	tls_site_warn(site, response->source->file, response->source->line,
	    "stapling_file \"%s\" %s: it is not sent", response->source->response_file, what);
}

/* What is wrong with it; NULL: nothing. */
static const char *
parse(struct response *response)
{
	const unsigned char *at = (const unsigned char *)response->der, *end = at + response->bytes;
	OCSP_RESPONSE *whole = d2i_OCSP_RESPONSE(NULL, &at, (long)response->bytes);
	const char *wrong = NULL;

	if (whole == NULL || at != end)
		wrong = "holds no OCSP response, expected one in DER";
	else if (OCSP_response_status(whole) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		wrong = "says that the authority failed";
	else {
		response->basic = OCSP_response_get1_basic(whole);
		if (response->basic == NULL)
			wrong = "is of a kind that is not known";
	}
	OCSP_RESPONSE_free(whole);
	return wrong;
}

/* Who has signed the certificate, if that is in its file. */
static X509 *
issuer_of(const struct tls_certificate *certificate)
{
	for (int i = 0; i < sk_X509_num(certificate->chain); i++) {
		X509 *one = sk_X509_value(certificate->chain, i);

		if (X509_check_issued(one, certificate->leaf) == X509_V_OK)
			return one;
	}
	if (X509_check_issued(certificate->leaf, certificate->leaf) == X509_V_OK)
		return certificate->leaf;
	return NULL;
}

/* Without the issuer there is its name alone to go by. */
static bool
is_for(const OCSP_CERTID *id, const struct tls_certificate *certificate, const X509 *issuer)
{
	const X509_NAME *name = X509_get_issuer_name(certificate->leaf);
	unsigned char hash[EVP_MAX_MD_SIZE];
	ASN1_OCTET_STRING *name_hash = NULL, *key_hash = NULL;
	ASN1_OBJECT *method = NULL;
	ASN1_INTEGER *serial = NULL;
	const EVP_MD *digest;
	unsigned bytes;

	if (OCSP_id_get0_info(&name_hash, &method, &key_hash, &serial, (OCSP_CERTID *)id) != 1 ||
	    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate->leaf)) != 0)
		return false;
	digest = EVP_get_digestbyobj(method);
	if (digest == NULL || X509_NAME_digest(name, digest, hash, &bytes) != 1 ||
	    ASN1_STRING_length(name_hash) != (int)bytes ||
	    memcmp(ASN1_STRING_get0_data(name_hash), hash, bytes) != 0)
		return false;
	if (issuer == NULL)
		return true;
	return X509_pubkey_digest(issuer, digest, hash, &bytes) == 1 &&
	    ASN1_STRING_length(key_hash) == (int)bytes &&
	    memcmp(ASN1_STRING_get0_data(key_hash), hash, bytes) == 0;
}

/* By the certificate's issuer, or by whom that has named for it. */
static bool
is_signed(const struct response *response, const struct tls_certificate *certificate, X509 *issuer)
{
	X509_STORE *trusted = X509_STORE_new();
	bool is_good = trusted != NULL && X509_STORE_add_cert(trusted, issuer) == 1 &&
	    X509_STORE_set_flags(trusted, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    OCSP_basic_verify(response->basic, certificate->chain, trusted,
	    OCSP_PARTIAL_CHAIN) == 1;

	X509_STORE_free(trusted);
	return is_good;
}

static int64_t
to_time(const ASN1_GENERALIZEDTIME *text)
{
	struct tm parts;

	return text != NULL && ASN1_TIME_to_tm(text, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

/* What is wrong with what it says of the certificate, NULL: nothing. */
static const char *
judge(const struct response *response, OCSP_SINGLERESP *single,
    struct tls_certificate *certificate)
{
	ASN1_GENERALIZEDTIME *from = NULL, *to = NULL;
	X509 *issuer = issuer_of(certificate);

	if (OCSP_single_get0_status(single, NULL, NULL, &from, &to) != V_OCSP_CERTSTATUS_GOOD)
		return "says that the certificate is not good";
	if (OCSP_check_validity(from, to, CLOCK_ERROR_S, -1) != 1)
		return "is out of date, or not valid yet";
	if (issuer != NULL && !is_signed(response, certificate, issuer))
		return "is not signed by the certificate's authority";
	certificate->response_end_s = to_time(to);
	return NULL;
}

/* Several files may be for one certificate: the last is the one. */
static void
give(struct tls_site *site, const struct response *response, OCSP_SINGLERESP *single,
    struct tls_certificate *certificate)
{
	const char *wrong = judge(response, single, certificate);
	unsigned char *copy = wrong == NULL ? malloc(response->bytes) : NULL;

	ERR_clear_error();
	if (wrong != NULL) {
		warn(site, response, wrong);
		return;
	}
	if (copy == NULL)
		return;
	memcpy(copy, response->der, response->bytes);
	free(certificate->response);
	certificate->response = copy;
	certificate->response_bytes = response->bytes;
}

static void
give_to_all(struct tls_site *site, const struct response *response)
{
	bool is_taken = false;

	for (int i = 0; i < OCSP_resp_count(response->basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(response->basic, i);

		for (size_t k = 0; k < site->config->certificate_count; k++) {
			struct tls_certificate *certificate = &site->certificates[k];

			if (!is_for(OCSP_SINGLERESP_get0_id(single), certificate,
			    issuer_of(certificate)))
				continue;
			is_taken = true;
			give(site, response, single, certificate);
		}
	}
	if (!is_taken)
		warn(site, response, "is for no certificate of these hosts");
}

void
tls_site_read_staplings(struct tls_site *site)
{
	for (size_t i = 0; i < site->config->stapling_count; i++) {
		struct response response = { .source = &site->config->staplings[i] };
		const char *wrong;

		response.der = fdio_read_file(response.source->response_file, FILE_MAX_BYTES,
		    &response.bytes);
		wrong = response.der == NULL ? strerror(errno) : parse(&response);
		if (response.der == NULL)
			tls_site_warn(site, response.source->file, response.source->line,
			    "stapling_file \"%s\" cannot be read (%s): nothing is sent",
			    response.source->response_file, wrong);
		else if (wrong != NULL)
			warn(site, &response, wrong);
		else
			give_to_all(site, &response);
		OCSP_BASICRESP_free(response.basic);
		free(response.der);
		ERR_clear_error();
	}
}

/* NULL: it is none of the site's. */
static const struct tls_certificate *
find(const struct tls_site *site, const X509 *leaf)
{
	for (size_t i = 0; i < site->config->certificate_count; i++) {
		if (site->certificates[i].leaf == leaf)
			return &site->certificates[i];
	}
	return NULL;
}

int
tls_site_staple(SSL *ssl, void *context)
{
	const struct tls_site *site = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct tls_certificate *certificate = find(site, SSL_get_certificate(ssl));
	unsigned char *copy;

	(void)context;
	if (certificate == NULL || certificate->response == NULL ||
	    (certificate->response_end_s != 0 && certificate->response_end_s <= clock_wall_s()))
		return SSL_TLSEXT_ERR_NOACK;
	copy = OPENSSL_memdup(certificate->response, certificate->response_bytes);
	if (copy == NULL ||
	    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)certificate->response_bytes) != 1) {
		OPENSSL_free(copy);
		return SSL_TLSEXT_ERR_NOACK;
	}
	return SSL_TLSEXT_ERR_OK;
}
#else
struct tls_site;                    /* a file must not be empty */
#endif
