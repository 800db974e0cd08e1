/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate's file: the server's own first, then those that lead to a known authority. Leaves
 * to tls_site_look.c what is odd about them. Runs as who makes a site (tls_site.c), root included.
 * Rules: no file is waited for; of a file that also holds a private key only the certificates are
 * decoded, and its bytes are wiped. Shown by test_tls_site.c. */
#ifdef HAVE_OPENSSL
#include "workers/io/tls_site_parts.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/fdio.h"
#include "workers/io/tls_keys.h"

#define FILE_MAX_BYTES (1024u * 1024u)
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

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

/* The next certificate at or behind *text, which is moved on; NULL and *text unchanged: there is
 * none; NULL and *text moved on: it cannot be read. */
static X509 *
read_one(const char **text)
{
	const char *begin = strstr(*text, BEGIN);
	const char *end = begin != NULL ? strstr(begin, END) : NULL;
	X509 *certificate = NULL;
	BIO *bio;

	if (begin == NULL)
		return NULL;
	*text = end != NULL ? end + strlen(END) : begin + strlen(BEGIN);
	bio = BIO_new_mem_buf(begin, (int)(*text - begin));
	if (bio != NULL)
		certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	BIO_free(bio);
	return certificate;
}

/* The first is the server's. How many, or -1: the one behind *count_out cannot be read. */
static int
read_all(const char *text, struct tls_certificate *out, int *count_out)
{
	*count_out = 0;
	out->chain = sk_X509_new_null();
	for (;;) {
		const char *before = text;
		X509 *one = read_one(&text);

		if (one == NULL)
			return text == before ? 0 : -1;
		if (*count_out == 0) {
			out->leaf = one;
		} else if (out->chain == NULL || sk_X509_push(out->chain, one) <= 0) {
			X509_free(one);
			return -1;
		}
		++*count_out;
	}
}

static int
parse(const char *text, const struct config_certificate *pair, struct tls_certificate *out,
    const struct tls_trouble *trouble)
{
	int count;

	if (read_all(text, out, &count) < 0)
		return tls_trouble_tell(trouble, pair->file, pair->line,
		    "certificate \"%s\": number %d in it cannot be read (%s), expected X.509 "
		    "certificates as PEM", pair->chain_file, count + 1, tls_trouble_reason());
	if (count == 0)
		return tls_trouble_tell(trouble, pair->file, pair->line,
		    "certificate \"%s\" holds none, expected \"" BEGIN "\" (PEM)",
		    pair->chain_file);
	return 0;
}

static int
make_handle(size_t index, const struct config_certificate *pair, struct tls_certificate *out,
    const struct tls_trouble *trouble)
{
	EVP_PKEY *key = X509_get0_pubkey(out->leaf);
	const char *kind = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;

	if (key != NULL)
		out->key = tls_keys_handle(key, (uint32_t)index);
	if (out->key == NULL)
		return tls_trouble_tell(trouble, pair->file, pair->line,
		    "certificate \"%s\" is for a key that is not supported (%s), expected RSA, EC "
		    "with a named curve or Ed25519", pair->chain_file, kind != NULL ? kind :
		    "unknown");
	return 0;
}

int
tls_site_read_chain(const struct config *config, size_t index,
    struct tls_certificate *certificate_out, const struct tls_trouble *trouble)
{
	const struct config_certificate *pair = &config->certificates[index];
	size_t bytes;
	char *text = fdio_read_file(pair->chain_file, FILE_MAX_BYTES, &bytes);
	int result;

	if (text == NULL)
		return tls_trouble_tell(trouble, pair->file, pair->line,
		    "certificate \"%s\" cannot be read (%s), expected a PEM file of at most 1 MiB",
		    pair->chain_file, strerror(errno));
	result = parse(text, pair, certificate_out, trouble);
	OPENSSL_cleanse(text, bytes);
	free(text);
	if (result < 0)
		return -1;
	return make_handle(index, pair, certificate_out, trouble);
}
#else
struct tls_certificate;             /* a file must not be empty */
#endif
