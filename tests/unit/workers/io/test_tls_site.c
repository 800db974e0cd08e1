/* SPDX-License-Identifier: BSD-2-Clause */
/* Breaks when a site's contexts do not shake hands with what they should, do with what they
 * should not, resume what they must not, or when a file that cannot be used is not explained. */
#include "workers/io/tls_site.h"

#include <check.h>
#include <stdlib.h>

#include "tests/lib/load_config.h"

#ifdef HAVE_OPENSSL
#include <fnmatch.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "server/base/ticket_keys.h"
#include "tests/lib/scratch.h"
#include "tests/unit/workers/io/fake_signer.h"
#include "tests/unit/workers/io/tls_pairs.h"
#include "workers/io/tls_keys.h"

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))
#define LONG_MS 20000u
#define SOON_MS 30u
#define LOADED_BYTES_MAX 55000      /* by both ends, with the connection itself; else 73,000 */

/* ---- a site ---- */

static struct config *config;
static struct tls_site *site;
static struct ticket_keys *tickets;
static char folder[256], errbuf[1024];

/* Pairs of which a text can name any, by the first word as "@NAME.pem". */
static const struct {
	const char *name, *kind;
	struct pair_wish wish;
} pairs[] = {
	{ "rsa", "RSA 2048", { "DNS:a.test", 0, 0, NULL } },
	{ "ec", "EC P-256", { "DNS:a.test,DNS:*.wild.test", 0, 0, NULL } },
	{ "ed", "ED25519", { "DNS:a.test", 0, 0, NULL } },
	{ "p384", "EC P-384", { "DNS:a.test", 0, 0, NULL } },
	{ "other", "EC P-256", { "DNS:b.test,IP:192.0.2.1", 0, 0, NULL } },
	{ "old", "EC P-256", { "DNS:a.test", -86400, -3600, NULL } },
	{ "young", "EC P-256", { "DNS:a.test", 3600, 86400, NULL } },
	{ "weak", "RSA 1024", { "DNS:a.test", 0, 0, NULL } },
	{ "strange", "ED448", { "DNS:a.test", 0, 0, NULL } },
};

/* Makes a pair's file and gives its key to the signer. */
static void
make_pair(const struct config_certificate *certificate, size_t index)
{
	const char *name = strrchr(certificate->chain_file, '/') + 1;

	for (int i = 0; i < COUNT_OF(pairs); i++) {
		X509 *leaf;

		if (strncmp(name, pairs[i].name, strlen(pairs[i].name)) != 0 ||
		    name[strlen(pairs[i].name)] != '.')
			continue;
		fake_signer.keys[index] = pair_make_key(pairs[i].kind);
		leaf = pair_make_certificate(fake_signer.keys[index], &pairs[i].wish);
		pair_write(name, "w", leaf);
		X509_free(leaf);
	}
}

/* '@' stands for the folder, but in "@SECLEVEL". */
static void
expand(const char *text, char *out, size_t cap)
{
	size_t used = strlen(out);

	for (; *text != '\0' && used + sizeof folder < cap; text++) {
		if (*text == '@' && text[1] != 'S')
			used += (size_t)snprintf(out + used, cap - used, "%s/", folder);
		else
			out[used++] = *text;
	}
	out[used] = '\0';
}

static void
load(const char *text)
{
	char whole[4096] = "listen \"*:443\" { tls = true } ";

	ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
	expand(text, whole, sizeof whole);
	config = load_config(whole);
	for (size_t i = 0; i < config->certificate_count; i++)
		make_pair(&config->certificates[i], i);
}

static void
push_ticket_key(void)
{
	struct ticket_key key;

	ck_assert_int_eq(ticket_key_make(&key), 0);
	ticket_keys_push(tickets, &key);
}

static void
open_site(void)
{
	tickets = ticket_keys_open();
	ck_assert_ptr_nonnull(tickets);
	push_ticket_key();
	site = tls_site_new(config, tickets, errbuf, sizeof errbuf);
	ck_assert_msg(site != NULL, "%s", errbuf);
}

static void
begin(const char *text)
{
	load(text);
	open_site();
	fake_signer_start(FAKE_HONEST);
	tls_keys_use_signer(fake_signer.ends[0], LONG_MS);
}

static void
end(void)
{
	tls_keys_use_signer(-1, 0);
	fake_signer_end();
	tls_site_free(&site);
	ck_assert_ptr_null(site);
	ticket_keys_close(&tickets);
	config_free(&config);
	for (int i = 0; i < FAKE_KEYS_MAX; i++) {
		EVP_PKEY_free(fake_signer.keys[i]);
		fake_signer.keys[i] = NULL;
	}
	ERR_clear_error();
}

#define PAIR(name) "certificate = \"@" name ".pem\" certificate_key = \"@" name ".key\" "
#define TWO_PAIRS(first, second)                                                   \
	"certificate = { \"@" first ".pem\", \"@" second ".pem\" } "               \
	"certificate_key = { \"@" first ".key\", \"@" second ".key\" } "

/* ---- a client and its connection, in memory ---- */

struct client {                     /* all of them may be left out */
	const char *ciphers, *signature_algorithms, *curves;
	int version;                /* 0: all */
	SSL_SESSION *session;       /* to be resumed */
	unsigned char host_index;   /* of the server: that of its first context */
};

static struct {
	SSL_CTX *client_context;
	SSL *client, *server;
	SSL_SESSION *session;       /* the last that the client was given */
	unsigned session_count;     /* that it was given */
} wire;

static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(wire.session);
	wire.session = session;
	wire.session_count++;
	return 1;
}

static void
connect_bios(void)
{
	BIO *to_server = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());

	BIO_set_mem_eof_return(to_server, -1);
	BIO_set_mem_eof_return(to_client, -1);
	ck_assert_int_eq(BIO_up_ref(to_server), 1);
	ck_assert_int_eq(BIO_up_ref(to_client), 1);
	SSL_set_bio(wire.client, to_client, to_server);
	SSL_set_bio(wire.server, to_server, to_client);
}

static void
set_up(const struct client *client)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	wire.client_context = context;
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep_session);
	if (client->ciphers != NULL)
		ck_assert_int_eq(SSL_CTX_set_cipher_list(context, client->ciphers), 1);
	if (client->signature_algorithms != NULL)
		ck_assert_int_eq(SSL_CTX_set1_sigalgs_list(context,
		    client->signature_algorithms), 1);
	if (client->curves != NULL)
		ck_assert_int_eq(SSL_CTX_set1_groups_list(context, client->curves), 1);
	if (client->version != 0) {
		ck_assert_int_eq(SSL_CTX_set_min_proto_version(context, client->version), 1);
		ck_assert_int_eq(SSL_CTX_set_max_proto_version(context, client->version), 1);
	}
	wire.client = SSL_new(context);
	wire.server = SSL_new(tls_site_context(site, client->host_index));
	ck_assert_ptr_nonnull(wire.server);
	if (client->session != NULL)
		ck_assert_int_eq(SSL_set_session(wire.client, client->session), 1);
	connect_bios();
}

static bool
is_over(SSL *ssl, int result)
{
	return result != 1 && SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ;
}

/* A byte from the server takes the tickets of TLS 1.3 with it; of TLS 1.2 a session that was
 * renewed is not told. */
static bool
is_usable(void)
{
	char byte = 0;

	if (SSL_write(wire.server, "x", 1) != 1 || SSL_read(wire.client, &byte, 1) != 1 ||
	    byte != 'x')
		return false;
	if (SSL_version(wire.client) < TLS1_3_VERSION)
		(void)keep_session(NULL, SSL_get1_session(wire.client));
	return true;
}

static bool
shake(void)
{

	for (int i = 0; i < 10; i++) {
		int client = SSL_connect(wire.client), server;

		if (is_over(wire.client, client))
			return false;
		server = SSL_accept(wire.server);
		if (is_over(wire.server, server))
			return false;
		if (client == 1 && server == 1)
			return is_usable();
	}
	return false;
}

static bool
handshake(const struct client *client)
{
	set_up(client);
	return shake();
}

static void
hang_up(void)
{
	/* Without a goodbye a client forgets its session. */
	SSL_set_shutdown(wire.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(wire.client);
	SSL_free(wire.server);
	SSL_CTX_free(wire.client_context);
	wire.client = wire.server = NULL;
	wire.client_context = NULL;
}

static void
forget_session(void)
{
	SSL_SESSION_free(wire.session);
	wire.session = NULL;
}

/* The index of the pair that the client was shown. */
static int
shown_index(void)
{
	EVP_PKEY *key = X509_get0_pubkey(SSL_get0_peer_certificate(wire.client));

	for (int i = 0; i < FAKE_KEYS_MAX; i++) {
		if (fake_signer.keys[i] != NULL && EVP_PKEY_eq(fake_signer.keys[i], key) == 1)
			return i;
	}
	return -1;
}

/* ---- handshakes ---- */

#define OLD "tls { profile = \"old\" } "
#define VERSION_1_0 TLS1_VERSION
#define VERSION_1_1 TLS1_1_VERSION
#define VERSION_1_2 TLS1_2_VERSION
#define VERSION_1_3 TLS1_3_VERSION

static const struct {
	const char *text;
	struct client client;
	const char *cipher;         /* NULL: refused */
	int certificate;
} rows[] = {
	{ PAIR("rsa"), { .version = VERSION_1_3 }, "TLS_AES_128_GCM_SHA256", 0 },
	{ PAIR("ec"), { .version = VERSION_1_3 }, "TLS_AES_128_GCM_SHA256", 0 },
	{ PAIR("p384"), { .version = VERSION_1_3 }, "TLS_AES_128_GCM_SHA256", 0 },
	{ PAIR("ed"), { .version = VERSION_1_3 }, "TLS_AES_128_GCM_SHA256", 0 },
	{ PAIR("rsa"), { .version = VERSION_1_3, .signature_algorithms = "RSA-PSS+SHA512" },
	    "TLS_AES_128_GCM_SHA256", 0 },
	{ PAIR("rsa"), { .version = VERSION_1_2, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256" },
	    "ECDHE-RSA-AES128-GCM-SHA256", 0 },
	{ PAIR("rsa"), { .version = VERSION_1_2, .ciphers = "DHE-RSA-AES128-GCM-SHA256" },
	    "DHE-RSA-AES128-GCM-SHA256", 0 },
	{ PAIR("rsa"), { .version = VERSION_1_2, .ciphers = "ECDHE-RSA-CHACHA20-POLY1305",
	    .signature_algorithms = "RSA+SHA256" }, "ECDHE-RSA-CHACHA20-POLY1305", 0 },
	{ PAIR("ec"), { .version = VERSION_1_2, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384" },
	    "ECDHE-ECDSA-AES256-GCM-SHA384", 0 },
	{ PAIR("p384"), { .version = VERSION_1_2, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256",
	    .signature_algorithms = "ECDSA+SHA256" }, "ECDHE-ECDSA-AES128-GCM-SHA256", 0 },
	{ PAIR("ed"), { .version = VERSION_1_2, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" },
	    "ECDHE-ECDSA-AES128-GCM-SHA256", 0 },
	/* The client's choice among the certificates. */
	{ TWO_PAIRS("rsa", "ec"), { .version = VERSION_1_2, .ciphers =
	    "ECDHE-RSA-AES128-GCM-SHA256" }, "ECDHE-RSA-AES128-GCM-SHA256", 0 },
	{ TWO_PAIRS("rsa", "ec"), { .version = VERSION_1_2, .ciphers =
	    "ECDHE-ECDSA-AES128-GCM-SHA256" }, "ECDHE-ECDSA-AES128-GCM-SHA256", 1 },
	{ TWO_PAIRS("rsa", "ec"), { .version = VERSION_1_3, .signature_algorithms =
	    "RSA-PSS+SHA256" }, "TLS_AES_128_GCM_SHA256", 0 },
	{ TWO_PAIRS("rsa", "ec"), { .version = VERSION_1_3, .signature_algorithms =
	    "ECDSA+SHA256" }, "TLS_AES_128_GCM_SHA256", 1 },
	{ TWO_PAIRS("ed", "ec"), { .version = VERSION_1_3, .signature_algorithms =
	    "ed25519" }, "TLS_AES_128_GCM_SHA256", 0 },
	/* Versions. */
	{ PAIR("rsa"), { .version = VERSION_1_1 }, NULL, 0 },
	{ "tls { profile = \"modern\" } " PAIR("rsa"), { .version = VERSION_1_2 }, NULL, 0 },
	{ "tls { profile = \"modern\" } " PAIR("rsa"), { .version = VERSION_1_3 },
	    "TLS_AES_128_GCM_SHA256", 0 },
	{ OLD PAIR("rsa"), { .version = VERSION_1_0, .ciphers = "ECDHE-RSA-AES128-SHA" },
	    "ECDHE-RSA-AES128-SHA", 0 },
	{ OLD PAIR("rsa"), { .version = VERSION_1_1, .ciphers = "ECDHE-RSA-AES256-SHA" },
	    "ECDHE-RSA-AES256-SHA", 0 },
	{ OLD PAIR("ec"), { .version = VERSION_1_0, .ciphers = "ECDHE-ECDSA-AES128-SHA" },
	    "ECDHE-ECDSA-AES128-SHA", 0 },
	{ OLD PAIR("rsa"), { .version = VERSION_1_2, .ciphers = "ECDHE-RSA-AES128-SHA256",
	    .signature_algorithms = "RSA+SHA1" }, "ECDHE-RSA-AES128-SHA256", 0 },
	/* Signatures with SHA-1 are below the level of the others. */
	{ PAIR("rsa"), { .version = VERSION_1_2, .signature_algorithms = "RSA+SHA1" }, NULL, 0 },
	/* Ciphers that are not there, and one that would need the key to decrypt. */
	{ PAIR("rsa"), { .version = VERSION_1_2, .ciphers = "ECDHE-RSA-AES128-SHA" }, NULL, 0 },
	{ "tls { ciphers = \"ALL\" } " PAIR("rsa"), { .version = VERSION_1_2, .ciphers =
	    "AES128-GCM-SHA256" }, NULL, 0 },
	{ "tls { ciphersuites = \"TLS_CHACHA20_POLY1305_SHA256\" } " PAIR("rsa"),
	    { .version = VERSION_1_3 }, "TLS_CHACHA20_POLY1305_SHA256", 0 },
	/* Whose order counts. */
	{ PAIR("rsa"), { .version = VERSION_1_2, .ciphers =
	    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256" },
	    "ECDHE-RSA-CHACHA20-POLY1305", 0 },
	{ "tls { prefer_server_ciphers = true } " PAIR("rsa"), { .version = VERSION_1_2,
	    .ciphers = "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256" },
	    "ECDHE-RSA-AES128-GCM-SHA256", 0 },
	/* Curves. */
	{ PAIR("rsa"), { .version = VERSION_1_3, .curves = "P-384" }, "TLS_AES_128_GCM_SHA256", 0 },
	{ PAIR("rsa"), { .version = VERSION_1_3, .curves = "P-521" }, NULL, 0 },
	{ "tls { curves = \"secp521r1\" } " PAIR("rsa"), { .version = VERSION_1_3,
	    .curves = "P-521" }, "TLS_AES_128_GCM_SHA256", 0 },
};

START_TEST(client_gets_what_is_configured)
{
	struct client client = rows[_i].client;
	bool is_good;

	begin(rows[_i].text);
	/* OpenSSL's own order in TLS 1.3 begins with a stronger one. */
	set_up(&client);
	if (rows[_i].cipher != NULL && client.version == VERSION_1_3)
		ck_assert_int_eq(SSL_set_ciphersuites(wire.client,
		    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"), 1);
	is_good = shake();
	ck_assert_msg(is_good == (rows[_i].cipher != NULL), "%s",
	    ERR_reason_error_string(ERR_peek_error()));
	if (is_good) {
		ck_assert_str_eq(SSL_get_cipher_name(wire.client), rows[_i].cipher);
		ck_assert_int_eq(shown_index(), rows[_i].certificate);
	}
	hang_up();
	forget_session();
	end();
}
END_TEST

START_TEST(whole_chain_is_shown)
{
	const struct pair_wish wish = { "DNS:more.test", 0, 0, NULL };
	X509 *more;
	STACK_OF(X509) *shown;

	load(TWO_PAIRS("rsa", "ec"));
	more = pair_make_certificate(fake_signer.keys[0], &wish);
	pair_write("ec.pem", "a", more);
	pair_write("ec.pem", "a", more);
	open_site();
	fake_signer_start(FAKE_HONEST);
	tls_keys_use_signer(fake_signer.ends[0], LONG_MS);
	for (int i = 0; i < 2; i++) {
		const struct client client = { .version = VERSION_1_3, .signature_algorithms =
		    i == 0 ? "RSA-PSS+SHA256" : "ECDSA+SHA256" };

		ck_assert(handshake(&client));
		shown = SSL_get_peer_cert_chain(wire.client);
		ck_assert_int_eq(sk_X509_num(shown), i == 0 ? 1 : 3);
		ck_assert_int_eq(X509_cmp(sk_X509_value(shown, i * 2), more) == 0, i == 1);
		hang_up();
		forget_session();
	}
	X509_free(more);
	end();
}
END_TEST

START_TEST(nobody_renegotiates)
{
	const struct client client = { .version = VERSION_1_2 };
	char byte;

	begin(PAIR("ec"));
	ck_assert(handshake(&client));
	ck_assert_int_eq(SSL_renegotiate(wire.client), 1);
	(void)SSL_do_handshake(wire.client);
	(void)SSL_read(wire.server, &byte, 1);
	(void)SSL_do_handshake(wire.client);
	ck_assert_int_ne(SSL_renegotiate(wire.server), 1);
	ck_assert_int_eq((int)(SSL_get_options(wire.server) &
	    (SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION)),
	    (int)(SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION));
	hang_up();
	forget_session();
	end();
}
END_TEST

/* ---- hosts ---- */

START_TEST(hosts_share_a_context)
{
	begin(PAIR("ec") "host a.test {} host c.test {} host b.test { " PAIR("other") "} "
	    "host d.test { " PAIR("other") "} host e.test { listen = \"*:80\" }");
	ck_assert_ptr_eq(tls_site_context(site, 0), tls_site_context(site, 1));
	ck_assert_ptr_ne(tls_site_context(site, 0), tls_site_context(site, 2));
	ck_assert_ptr_eq(tls_site_context(site, 2), tls_site_context(site, 3));
	ck_assert_ptr_null(tls_site_context(site, 4));
	end();
}
END_TEST

static int
switch_context(SSL *ssl, int *alert, void *context)
{
	(void)alert;
	(void)context;
	SSL_set_SSL_CTX(ssl, tls_site_context(site, 1));
	return SSL_CLIENT_HELLO_SUCCESS;
}

#define TWO_HOSTS "host a.test { " PAIR("ec") "} host b.test { " PAIR("other") "}"

START_TEST(context_can_be_switched_in_a_hello)
{
	const struct client client = { .version = _i == 0 ? VERSION_1_2 : VERSION_1_3 };

	begin(TWO_HOSTS);
	SSL_CTX_set_client_hello_cb(tls_site_context(site, 0), switch_context, NULL);
	ck_assert(handshake(&client));
	ck_assert_int_eq(shown_index(), 1);
	hang_up();
	forget_session();
	end();
}
END_TEST

/* ---- sessions ---- */

static const int ticket_versions[] = { VERSION_1_2, VERSION_1_3 };

/* A full handshake that leaves a session. */
static void
begin_with_session(const char *text, int version)
{
	const struct client client = { .version = version };

	begin(text);
	ck_assert(handshake(&client));
	ck_assert(!SSL_session_reused(wire.server));
	hang_up();
	ck_assert_ptr_nonnull(wire.session);
	ck_assert_int_eq(SSL_SESSION_has_ticket(wire.session), 1);
}

/* Whether the session was taken; a new one that came with it takes its place. */
static bool
resume(int version, unsigned char host_index)
{
	SSL_SESSION *session = wire.session;
	const struct client client = { .version = version, .session = session,
		.host_index = host_index };
	bool is_resumed;

	SSL_SESSION_up_ref(session);
	ck_assert(handshake(&client));
	is_resumed = SSL_session_reused(wire.server) == 1;
	ck_assert_int_eq(SSL_session_reused(wire.client), is_resumed);
	hang_up();
	SSL_SESSION_free(session);
	return is_resumed;
}

START_TEST(session_is_resumed)
{
	int version = ticket_versions[_i];

	begin_with_session(PAIR("ec"), version);
	for (int i = 0; i < 3; i++)
		ck_assert(resume(version, 0));
	fake_signer_stop();         /* nothing is signed then */
	ck_assert(resume(version, 0));
	forget_session();
	end();
}
END_TEST

/* Each costs as much as a twentieth of a handshake. */
START_TEST(one_ticket_is_made_for_a_handshake)
{
	wire.session_count = 0;
	begin_with_session(PAIR("ec"), VERSION_1_3);
	ck_assert_uint_eq(wire.session_count, 1);
	ck_assert(resume(VERSION_1_3, 0));
	ck_assert_uint_eq(wire.session_count, 2);
	forget_session();
	end();
}
END_TEST

START_TEST(session_outlives_a_site)
{
	int version = ticket_versions[_i];

	begin_with_session(PAIR("ec"), version);
	tls_site_free(&site);
	site = tls_site_new(config, tickets, errbuf, sizeof errbuf);
	ck_assert_ptr_nonnull(site);
	ck_assert(resume(version, 0));
	forget_session();
	end();
}
END_TEST

static bool
is_under_newest_key(const SSL_SESSION *session)
{
	const unsigned char *ticket;
	struct ticket_key key;
	size_t bytes;

	ck_assert(ticket_keys_newest(tickets, &key));
	SSL_SESSION_get0_ticket(session, &ticket, &bytes);
	return bytes > sizeof key.name && memcmp(ticket, key.name, sizeof key.name) == 0;
}

/* Under the oldest key that is still there; and then it is replaced by one under the newest. */
START_TEST(session_outlives_its_key_for_a_while)
{
	int version = ticket_versions[_i];

	begin_with_session(PAIR("ec"), version);
	ck_assert(is_under_newest_key(wire.session));
	for (int i = 0; i < TICKET_KEYS_MAX - 1; i++)
		push_ticket_key();
	ck_assert(!is_under_newest_key(wire.session));
	ck_assert(resume(version, 0));
	ck_assert(is_under_newest_key(wire.session));
	for (int i = 0; i < TICKET_KEYS_MAX - 1; i++)
		push_ticket_key();
	ck_assert(resume(version, 0));
	forget_session();
	end();
}
END_TEST

START_TEST(session_ends_with_its_key)
{
	int version = ticket_versions[_i];

	begin_with_session(PAIR("ec"), version);
	for (int i = 0; i < TICKET_KEYS_MAX; i++)
		push_ticket_key();
	ck_assert(!resume(version, 0));
	ck_assert(resume(version, 0)); /* the one that came instead */
	forget_session();
	end();
}
END_TEST

START_TEST(session_stays_in_its_host)
{
	int version = ticket_versions[_i];

	begin_with_session(TWO_HOSTS, version);
	ck_assert(!resume(version, 1));
	forget_session();
	end();
}
END_TEST

START_TEST(without_tickets_nothing_is_resumed)
{
	const struct client client = { .version = ticket_versions[_i] };

	begin("tls { session_tickets = false } " PAIR("ec"));
	ck_assert(handshake(&client));
	hang_up();
	if (wire.session != NULL) { /* TLS 1.2: it has neither ticket nor number */
		ck_assert_int_eq(SSL_SESSION_has_ticket(wire.session), 0);
		ck_assert(!resume(client.version, 0));
	}
	forget_session();
	end();
}
END_TEST

START_TEST(session_lasts_as_long_as_configured)
{
	int version = ticket_versions[_i];

	begin_with_session("tls { session_timeout = \"2h\" } " PAIR("ec"), version);
	ck_assert_uint_eq(SSL_SESSION_get_ticket_lifetime_hint(wire.session), 7200);
	ck_assert_uint_eq(SSL_SESSION_get_max_early_data(wire.session), 0);
	forget_session();
	end();
}
END_TEST

/* There is no key yet: connections are as good as any, without a ticket. */
START_TEST(no_key_is_no_ticket)
{
	const struct client client = { .version = ticket_versions[_i] };

	begin(PAIR("ec"));
	ticket_keys_replace(tickets, NULL, 0);
	ck_assert(handshake(&client));
	ck_assert(wire.session == NULL || SSL_SESSION_has_ticket(wire.session) == 0);
	hang_up();
	forget_session();
	end();
}
END_TEST

/* ---- the signer ---- */

static const enum fake_manner faults[] = {
	FAKE_REFUSES, FAKE_SILENT, FAKE_GARBLES, FAKE_TOO_LONG, FAKE_OTHER_SERIAL, FAKE_NO_MAGIC,
	FAKE_SHORT, FAKE_ENDS_BEFORE,
};

/* Handshakes fail, and the next one with a signer that has come back is good. */
START_TEST(bad_signer_costs_handshakes_only)
{
	const struct client client = { .version = ticket_versions[_i % 2] };
	enum fake_manner manner = faults[_i / 2];

	begin(PAIR("rsa"));
	fake_signer_stop();
	fake_signer_start(manner);
	if (manner == FAKE_SILENT)
		tls_keys_use_signer(fake_signer.ends[0], SOON_MS);
	for (int i = 0; i < 2; i++) {
		ck_assert(!handshake(&client));
		hang_up();
	}
	fake_signer_stop();
	fake_signer_start(FAKE_HONEST);
	tls_keys_use_signer(fake_signer.ends[0], LONG_MS);
	ck_assert(handshake(&client));
	hang_up();
	forget_session();
	end();
}
END_TEST

/* ---- files ---- */

START_TEST(key_in_the_same_file_is_let_be)
{
	char text[8192] = "";
	FILE *file;
	size_t bytes;

	load(PAIR("ec"));
	file = fopen("ec.pem", "r");
	bytes = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	file = fopen("ec.pem", "w");
	ck_assert_int_eq(PEM_write_PrivateKey(file, fake_signer.keys[0], NULL, NULL, 0, NULL, NULL),
	    1);
	ck_assert_uint_eq(fwrite(text, 1, bytes, file), bytes);
	fclose(file);
	open_site();
	ck_assert_ptr_null(tls_site_warning(site, 0));
	end();
}
END_TEST

static void
break_file(const char *name, const char *text)
{
	if (text != NULL)
		scratch_write(name, text);
	else if (name != NULL)
		ck_assert_int_eq(unlink(name), 0);
}

static const struct {
	const char *text, *file, *content; /* what a file is made to hold; neither: as it is */
	const char *error;          /* '@' stands for the folder, '*' for OpenSSL's words */
} mistakes[] = {
	{ PAIR("ec"), "ec.pem", NULL, "f:1: certificate \"@ec.pem\" cannot be read (No such file "
	    "or directory), expected a PEM file of at most 1 MiB" },
	{ PAIR("ec"), "ec.pem", "", "f:1: certificate \"@ec.pem\" holds none, expected "
	    "\"-----BEGIN CERTIFICATE-----\" (PEM)" },
	{ PAIR("ec"), "ec.pem", "-----BEGIN CERTIFICATE-----\nMII\n", "f:1: certificate "
	    "\"@ec.pem\": number 1 in it cannot be read (*), expected X.509 "
	    "certificates as PEM" },
	{ PAIR("ec"), "ec.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	    "f:1: certificate \"@ec.pem\": number 1 in it cannot be read (*), "
	    "expected X.509 certificates as PEM" },
	{ PAIR("strange"), NULL, NULL, "f:1: certificate \"@strange.pem\" is for a key that is "
	    "not supported (ED448), expected RSA, EC with a named curve or Ed25519" },
	{ PAIR("weak"), NULL, NULL, "f:1: certificate \"@weak.pem\" cannot be used: *key too "
	    "small, expected one that tls.ciphers allows (\"@SECLEVEL\")" },
	{ TWO_PAIRS("ec", "p384"), NULL, NULL, "f:1: certificate \"@p384.pem\" is the second for "
	    "a key of its kind (EC), expected one of each kind in a host" },
	{ "tls { ciphers = \"GOOD:BETTER\" } " PAIR("ec"), NULL, NULL, "f:1: tls.ciphers "
	    "\"GOOD:BETTER\": *, expected ciphers with an exchange of keys by ECDHE "
	    "or DHE, as openssl-ciphers(1) names them" },
	{ "tls { ciphers = \"AES128-SHA:AES256-SHA\" } " PAIR("ec"), NULL, NULL, "f:1: "
	    "tls.ciphers \"AES128-SHA:AES256-SHA\": *, expected ciphers with an "
	    "exchange of keys by ECDHE or DHE, as openssl-ciphers(1) names them" },
	{ "tls { ciphersuites = \"TLS_GOOD\" } " PAIR("ec"), NULL, NULL, "f:1: tls.ciphersuites "
	    "\"TLS_GOOD\": *, expected names of TLSv1.3 such as "
	    "\"TLS_AES_128_GCM_SHA256\"" },
	{ "tls { curves = \"X25519:good\" } " PAIR("ec"), NULL, NULL, "f:1: tls.curves "
	    "\"X25519:good\": *, expected names such as \"X25519:prime256v1\"" },
};

START_TEST(mistake_is_explained)
{
	char error[1024] = "";

	load(mistakes[_i].text);
	break_file(mistakes[_i].file, mistakes[_i].content);
	site = tls_site_new(config, NULL, errbuf, sizeof errbuf);
	ck_assert_ptr_null(site);
	expand(mistakes[_i].error, error, sizeof error);
	ck_assert_msg(fnmatch(error, errbuf, 0) == 0, "%s", errbuf);
	end();
}
END_TEST

static const struct {
	const char *text;
	const char *warning;        /* how it begins, '@' as above; NULL: none */
} oddities[] = {
	{ PAIR("ec") "host a.test {}", NULL },
	{ PAIR("ec") "host a.test { aliases = { \"x.wild.test\", \"*.wild.test\" } }", NULL },
	{ PAIR("other") "host b.test { aliases = { \"192.0.2.1\" } }", NULL },
	{ PAIR("ec") "host \"*\" {}", NULL },
	{ PAIR("ec"), NULL },
	{ PAIR("old") "host a.test {}", "f:1: certificate \"@old.pem\" is out of date since " },
	{ PAIR("young") "host a.test {}", "f:1: certificate \"@young.pem\" is not valid before " },
	{ PAIR("ec") "\nhost a.test { aliases = { \"c.test\" } }", "f:2: certificate "
	    "\"@ec.pem\" of host \"a.test\" does not name \"c.test\"" },
	{ PAIR("ec") "\nhost \"*.test\" {}", "f:2: certificate \"@ec.pem\" of host \"*.test\" does "
	    "not name \"*.test\"" },
	{ "tls { ciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-BETTER:!MD5\" } " PAIR("ec")
	    "host a.test {}", "f:1: tls.ciphers has \"ECDHE-BETTER\", which OpenSSL does not "
	    "know" },
	{ "tls { profile = \"modern\" } " PAIR("ec") "host a.test {}", NULL },
	{ OLD PAIR("ec") "host a.test {}", NULL },
};

START_TEST(oddity_is_told)
{
	char warning[1024] = "";

	load(oddities[_i].text);
	open_site();
	if (oddities[_i].warning == NULL) {
		ck_assert_msg(tls_site_warning(site, 0) == NULL, "%s", tls_site_warning(site, 0));
	} else {
		expand(oddities[_i].warning, warning, sizeof warning);
		ck_assert_ptr_nonnull(tls_site_warning(site, 0));
		ck_assert_msg(strncmp(tls_site_warning(site, 0), warning, strlen(warning)) == 0,
		    "%s", tls_site_warning(site, 0));
		ck_assert_ptr_null(tls_site_warning(site, 1));
	}
	end();
}
END_TEST

START_TEST(public_key_is_the_certificates)
{
	size_t bytes = 0;
	unsigned char *der, *wanted = NULL;

	begin(TWO_PAIRS("rsa", "ec"));
	for (size_t i = 0; i < 2; i++) {
		der = tls_site_public_key(site, i, &bytes);
		ck_assert_ptr_nonnull(der);
		ck_assert_int_eq((int)bytes, i2d_PUBKEY(fake_signer.keys[i], &wanted));
		ck_assert_mem_eq(der, wanted, bytes);
		free(der);
		OPENSSL_free(wanted);
		wanted = NULL;
	}
	end();
}
END_TEST

/* A worker forks with all that OpenSSL loads when it is first used. */
START_TEST(first_handshake_loads_little)
{
	const struct client client = { .version = _i == 0 ? TLS1_2_VERSION : TLS1_3_VERSION };
	size_t before_bytes, loaded_bytes;

	begin(PAIR("ec"));
	set_up(&client);
	before_bytes = mallinfo2().uordblks;
	ck_assert(shake());
	loaded_bytes = mallinfo2().uordblks - before_bytes;
	ck_assert_msg((intptr_t)loaded_bytes < LOADED_BYTES_MAX, "%zu bytes", loaded_bytes);
	hang_up();
	forget_session();
	end();
}
END_TEST

static void
add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("handshakes");

	scratch_use(tcase);
	tcase_add_loop_test(tcase, client_gets_what_is_configured, 0, COUNT_OF(rows));
	tcase_add_test(tcase, whole_chain_is_shown);
	tcase_add_test(tcase, nobody_renegotiates);
	tcase_add_test(tcase, hosts_share_a_context);
	tcase_add_loop_test(tcase, context_can_be_switched_in_a_hello, 0, 2);
	tcase_add_loop_test(tcase, bad_signer_costs_handshakes_only, 0, 2 * COUNT_OF(faults));
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("sessions");
	scratch_use(tcase);
	tcase_add_loop_test(tcase, session_is_resumed, 0, 2);
	tcase_add_test(tcase, one_ticket_is_made_for_a_handshake);
	tcase_add_loop_test(tcase, session_outlives_a_site, 0, 2);
	tcase_add_loop_test(tcase, session_outlives_its_key_for_a_while, 0, 2);
	tcase_add_loop_test(tcase, session_ends_with_its_key, 0, 2);
	tcase_add_loop_test(tcase, session_stays_in_its_host, 0, 2);
	tcase_add_loop_test(tcase, without_tickets_nothing_is_resumed, 0, 2);
	tcase_add_loop_test(tcase, session_lasts_as_long_as_configured, 0, 2);
	tcase_add_loop_test(tcase, no_key_is_no_ticket, 0, 2);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("files");
	scratch_use(tcase);
	tcase_add_test(tcase, key_in_the_same_file_is_let_be);
	tcase_add_loop_test(tcase, mistake_is_explained, 0, COUNT_OF(mistakes));
	tcase_add_loop_test(tcase, oddity_is_told, 0, COUNT_OF(oddities));
	tcase_add_test(tcase, public_key_is_the_certificates);
	tcase_add_loop_test(tcase, first_handshake_loads_little, 0, 2);
	suite_add_tcase(suite, tcase);
}

#else

START_TEST(without_openssl_it_says_so)
{
	struct config *config = load_config("");
	char errbuf[256];

	ck_assert_ptr_null(tls_site_new(config, NULL, errbuf, sizeof errbuf));
	ck_assert_str_eq(errbuf, "f: TLS is not in this build, expected one with OpenSSL");
	config_free(&config);
}
END_TEST

static void
add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("site");

	tcase_add_test(tcase, without_openssl_it_says_so);
	suite_add_tcase(suite, tcase);
}
#endif

int
main(void)
{
	Suite *suite = suite_create("tls_site");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_tests(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
