/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates of clients: which authorities may have signed them, and what those have revoked.
 * Leaves it to OpenSSL to verify one in the handshake, and what it is good for to the handlers.
 * Files are read as who makes a site (tls_site.c), root included. Rules: without a
 * file that can be used there is no context; and a session is not resumed when what it was verified
 * by has changed.
 * Shown by tests/integration/70-tls/test_client_certificates.py. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/fdio.h"

#define FILE_MAX_BYTES (16u * 1024u * 1024u)

struct making {
	SSL_CTX *context;
	X509_STORE *store;
	EVP_MD_CTX *hash;           /* of all that decides who is let in */
	const struct config_host *host;
	const struct tls_trouble *trouble;
};

/* PEM can be encrypted; nobody is there to be asked for the word. */
static int
no_password(char *out, int cap, int is_new, void *context)
{
	(void)out;
	(void)cap;
	(void)is_new;
	(void)context;
	return -1;
}

/* How many there are of what is wanted, or -1. */
static int
take(const struct making *making, const STACK_OF(X509_INFO) *all, bool wants_crls)
{
	int count = 0;

	for (int i = 0; i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *one = sk_X509_INFO_value(all, i);

		if (wants_crls && one->crl != NULL) {
			if (X509_STORE_add_crl(making->store, one->crl) != 1)
				return -1;
			count++;
		}
		if (!wants_crls && one->x509 != NULL) {
			/* Clients are told the names, so that they know which one to show. */
			if (X509_STORE_add_cert(making->store, one->x509) != 1 ||
			    SSL_CTX_add_client_CA(making->context, one->x509) != 1)
				return -1;
			count++;
		}
	}
	return count;
}

static int
parse(const struct making *making, const char *text, size_t bytes, bool wants_crls)
{
	BIO *bio = BIO_new_mem_buf(text, (int)bytes);
	STACK_OF(X509_INFO) *all = bio != NULL ?
	    PEM_X509_INFO_read_bio(bio, NULL, no_password, NULL) : NULL;
	int count = all != NULL ? take(making, all, wants_crls) : -1;

	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	return count;
}

static int
read_file(const struct making *making, const char *path, bool wants_crls)
{
	const char *directive = wants_crls ? "client_crl" : "client_ca";
	const struct config_host *host = making->host;
	size_t bytes;
	char *text = fdio_read_file(path, FILE_MAX_BYTES, &bytes);
	int count;

	if (text == NULL)
		return tls_trouble_tell(making->trouble, host->file, host->line, "%s \"%s\" cannot "
		    "be read (%s), expected a PEM file of at most 16 MiB", directive, path,
		    strerror(errno));
	count = parse(making, text, bytes, wants_crls);
	if (count > 0 && EVP_DigestUpdate(making->hash, text, bytes) != 1)
		count = -1;
	free(text);
	if (count > 0)
		return 0;
	return tls_trouble_tell(making->trouble, host->file, host->line, "%s \"%s\" holds nothing "
	    "that can be used%s%s, expected \"-----BEGIN %s-----\" (PEM)", directive, path,
	    count < 0 ? ": " : "", count < 0 ? tls_trouble_reason() : "",
	    wants_crls ? "X509 CRL" : "CERTIFICATE");
}

static int
fill(const struct making *making, struct tls_client_mark *mark)
{
	const struct config_client_rules *rules = &making->host->client;
	unsigned char numbers[2] = { (unsigned char)rules->mode, (unsigned char)rules->depth };

	if (EVP_DigestInit_ex(making->hash, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(making->hash, numbers, sizeof numbers) != 1)
		return tls_trouble_tell(making->trouble, making->host->file, making->host->line,
		    "no memory");
	if (read_file(making, rules->ca_file, false) < 0)
		return -1;
	if (rules->crl_file[0] != '\0') {
		if (read_file(making, rules->crl_file, true) < 0)
			return -1;
		(void)X509_STORE_set_flags(making->store,
		    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	}
	(void)X509_STORE_set_depth(making->store, (int)rules->depth);
	return EVP_DigestFinal_ex(making->hash, mark->bytes, &mark->byte_count) == 1 ? 0 :
	    tls_trouble_tell(making->trouble, making->host->file, making->host->line, "no memory");
}

int
tls_site_ask_clients(SSL_CTX *context, const struct config_host *host,
    struct tls_client_mark *mark_out, const struct tls_trouble *trouble)
{
	struct making making = { context, NULL, NULL, host, trouble };
	int result;

	mark_out->byte_count = 0;
	if (host->client.mode == CONFIG_CLIENT_OFF)
		return 0;
	making.store = X509_STORE_new();
	making.hash = EVP_MD_CTX_new();
	if (making.store == NULL || making.hash == NULL)
		result = tls_trouble_tell(trouble, host->file, host->line, "no memory");
	else
		result = fill(&making, mark_out);
	if (result == 0) {
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER |
		    (host->client.mode == CONFIG_CLIENT_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT :
		    0), NULL);
		/* Not the store that OpenSSL would complete the server's own chain from. */
		(void)SSL_CTX_set1_verify_cert_store(context, making.store);
	}
	X509_STORE_free(making.store);
	EVP_MD_CTX_free(making.hash);
	return result;
}
#else
struct tls_site;                    /* a file must not be empty */
#endif
