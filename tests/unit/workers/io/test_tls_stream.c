/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/io/tls.c, tls_data.c, tls_pipe.c and tls_kernel.c against a client of OpenSSL's own: what
 * it costs in records and sends, that no wait outlasts its limit whatever the client sends, and
 * that bytes which are here already are not waited for; most of it with the kernel's TLS as well,
 * where there is one. Certificates and hosts are the test's. */
#include <check.h>
#include <stdlib.h>

#include "workers/io/tls.h"

#ifdef HAVE_OPENSSL

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/clock.h"
#include "server/base/signals.h"
#include "workers/io/tls_hello.h"
#include "workers/io/tls_kernel.h"
#include "workers/io/tls_site.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LONG_MS 600000              /* no test lasts as long */
#define SOON_MS 50
#define LARGE_BYTES (1 << 20)
#define RECORD_BYTES 16384

static struct stream stream;
static SSL_CTX *contexts[2];        /* of the two hosts */
static SSL_CTX *client_context;
static SSL *client;
static int client_fd;
static unsigned send_count, record_count;
static char large[LARGE_BYTES];
static char asked_name[300];
static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* Stands in for libc's: what the stream sends is counted. */
ssize_t
send(int fd, const void *data, size_t bytes, int flags)
{
	send_count += fd == stream.fd;
	return syscall(SYS_sendto, fd, data, bytes, flags, NULL, 0);
}

/* ---- a site of two hosts ---- */

static struct config_host hosts[2];
static struct config config = { .hosts = hosts, .host_count = 2 };
static bool kernel_encrypts;

struct ssl_ctx_st *
tls_site_context(const struct tls_site *site, size_t host_index)
{
	(void)site;
	return contexts[host_index];
}

static const struct config_host *
find_host(const struct config *of, unsigned listener_index, const char *name)
{
	ck_assert_ptr_eq(of, &config);
	ck_assert_uint_eq(listener_index, 7);
	(void)snprintf(asked_name, sizeof asked_name, "%s", name);
	return &hosts[strcmp(name, "two.example") == 0];
}

static SSL_CTX *
make_context(const char *common_name)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const void *)common_name, -1, -1,
	    0);
	X509_set_issuer_name(certificate, name);
	ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
	ck_assert_int_eq(SSL_CTX_use_certificate(context, certificate), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(context, key), 1);
	ck_assert_int_eq(SSL_CTX_set_session_id_context(context,
	    (const unsigned char *)common_name, (unsigned)strlen(common_name)), 1);
	tls_hello_attend(context);
	EVP_PKEY_free(key);
	X509_free(certificate);
	return context;
}

/* ---- both ends of a connection ---- */

static void
open_pair(int pair[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (void *)&address, bytes), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (void *)&address, &bytes), 0);
	ck_assert_int_eq(connect(pair[1], (void *)&address, bytes), 0);
	pair[0] = accept(listener, NULL, NULL);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one),
		    0);
	close(listener);
}

static void
begin(void)
{
	int pair[2];

	signals_install_worker();
	open_pair(pair);
	stream_init(&stream, pair[0]);
	stream_set_send_timeout(&stream, SOON_MS);
	client_fd = pair[1];
	contexts[0] = make_context("one");
	contexts[1] = make_context("two");
	client_context = SSL_CTX_new(TLS_client_method());
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i % 251);
}

/* Application data that the client receives. */
static void
count_records(int is_write, int version, int type, const void *data, size_t bytes, SSL *ssl,
    void *context)
{
	(void)version;
	(void)ssl;
	(void)context;
	int wanted = SSL_version(client) == TLS1_3_VERSION ? SSL3_RT_INNER_CONTENT_TYPE :
	    SSL3_RT_HEADER;

	if (!is_write && type == wanted && bytes >= 1 && *(const char *)data ==
	    SSL3_RT_APPLICATION_DATA)
		record_count++;
}

static void *
connect_client(void *result)
{
	*(int *)result = SSL_connect(client);
	return NULL;
}

static void
make_client(int version)
{
	client = SSL_new(client_context);
	ck_assert_int_eq(SSL_set_min_proto_version(client, version), 1);
	ck_assert_int_eq(SSL_set_max_proto_version(client, version), 1);
	SSL_set_fd(client, client_fd);
}

static enum tls_start
start_within(int64_t ms)
{
	static char first[4096];
	size_t bytes = 0;
	struct tls_wish wish = { .config = &config, .listener_index = 7, .find_host = find_host,
		.site = (const void *)hosts, .in = first, .client = "192.0.2.1",
		.deadline_mono_ms = clock_mono_ms() + ms, .record_timeout_ms = SOON_MS };

	ck_assert_int_eq(stream_read(&stream, first, sizeof first, clock_mono_ms() + LONG_MS,
	    &bytes), IO_OK);
	wish.in_bytes = bytes;
	return tls_start(&stream, &wish);
}

static void
shake_hands(void)
{
	pthread_t thread;
	int result = -1;
	size_t bytes;
	char none[1];

	ck_assert_int_eq(pthread_create(&thread, NULL, connect_client, &result), 0);
	ck_assert_int_eq(start_within(LONG_MS), TLS_STARTED);
	/* What the server says last would wait for a request. */
	ck_assert_int_eq(stream_read(&stream, none, 1, 0, &bytes), IO_TIMEOUT);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(result, 1);
	send_count = record_count = 0;
	stream.sent_bytes = stream.received_bytes = 0;
}

static void
begin_with(int version)
{
	begin();
	make_client(version);
	shake_hands();
	SSL_set_msg_callback(client, count_records);
}

static void
say(const char *text)
{
	ck_assert_int_eq(SSL_write(client, text, (int)strlen(text)), (int)strlen(text));
}

static void
expect(const char *text)
{
	char got[1000];
	size_t bytes = strlen(text);

	ck_assert_int_eq(SSL_read(client, got, (int)bytes), (int)bytes);
	ck_assert_int_eq(memcmp(got, text, bytes), 0);
}

static void
expect_end(void)
{
	char got[1];
	int n = SSL_read(client, got, 1);

	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(SSL_get_error(client, n), SSL_ERROR_ZERO_RETURN);
}

static enum io_result
hear(char *out, size_t cap, unsigned timeout_ms, size_t *bytes)
{
	*bytes = 0;
	return stream_read(&stream, out, cap, clock_mono_ms() + timeout_ms, bytes);
}

/* Where it cannot, the same holds without it. */
static void
let_the_kernel_encrypt(void)
{
	config.tls.uses_kernel = true;
	kernel_encrypts = tls_kernel_look() == NULL;
}

/* ---- handshake ---- */

START_TEST(both_sides_hear_each_other)
{
	struct tls_facts facts;
	char got[16];
	size_t bytes;

	begin_with(versions[_i]);
	ck_assert_int_eq(stream.tls->kernel_socket != NULL, kernel_encrypts);
	tls_get_facts(&stream, &facts);
	ck_assert_str_eq(facts.protocol, SSL_get_version(client));
	ck_assert_str_eq(facts.cipher, SSL_get_cipher_name(client));
	ck_assert_ptr_null(facts.server_name);
	ck_assert(!facts.is_resumed);
	say("question");
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 8);
	ck_assert_int_eq(memcmp(got, "question", 8), 0);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_OK);
	expect("answer");
	ck_assert_uint_eq(stream.sent_bytes, 6);
	ck_assert_uint_eq(stream.received_bytes, 8);
	tls_end(&stream);
	ck_assert_ptr_null(stream.tls);
	expect_end();
}
END_TEST

/* Who asks at once gets tickets and the answer in one send; who does not gets them all the same. */
START_TEST(tickets_wait_for_no_more_than_a_request)
{
	pthread_t thread;
	int result = -1;
	size_t bytes;
	char got[16];

	begin();
	make_client(TLS1_3_VERSION);
	ck_assert_int_eq(pthread_create(&thread, NULL, connect_client, &result), 0);
	ck_assert_int_eq(start_within(LONG_MS), TLS_STARTED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	send_count = 0;
	if (_i == 1)
		say("question");
	ck_assert_int_eq(stream_read(&stream, got, sizeof got, clock_mono_ms() + SOON_MS, &bytes),
	    _i == 0 ? IO_TIMEOUT : IO_OK);
	ck_assert_uint_eq(send_count, _i == 0);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_OK);
	ck_assert_uint_eq(send_count, _i == 0 ? 2 : 1);
	expect("answer");
	ck_assert(SSL_SESSION_is_resumable(SSL_get0_session(client)));
	tls_end(&stream);
}
END_TEST

static const struct {
	const char *name, *certificate;
} names[] = {
	{ "two.example", "two" },
	{ "one.example", "one" },
	{ "a.name.that.nobody.has", "one" },
};

START_TEST(name_chooses_the_host)
{
	struct tls_facts facts;
	char common_name[16];
	X509 *certificate;

	begin();
	make_client(versions[_i % 2]);
	ck_assert_int_eq(SSL_set_tlsext_host_name(client, names[_i / 2].name), 1);
	shake_hands();
	tls_get_facts(&stream, &facts);
	ck_assert_str_eq(facts.server_name, names[_i / 2].name);
	ck_assert_str_eq(asked_name, names[_i / 2].name);
	certificate = SSL_get1_peer_certificate(client);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common_name,
	    sizeof common_name);
	ck_assert_str_eq(common_name, names[_i / 2].certificate);
	X509_free(certificate);
	tls_end(&stream);
}
END_TEST

static const struct {
	unsigned char protocols[16];
	unsigned bytes;
	const char *chosen;         /* NULL: the handshake fails */
} protocols[] = {
	{ "\x08http/1.1", 9, "http/1.1" },
	{ "\x02h2\x08http/1.1", 12, "http/1.1" },
	{ "\x02h2", 3, NULL },
};

START_TEST(protocol_is_chosen)
{
	const unsigned char *chosen;
	unsigned bytes;
	pthread_t thread;
	int result = -1;

	begin();
	make_client(versions[_i % 2]);
	ck_assert_int_eq(SSL_set_alpn_protos(client, protocols[_i / 2].protocols,
	    protocols[_i / 2].bytes), 0);
	if (protocols[_i / 2].chosen != NULL) {
		shake_hands();
		SSL_get0_alpn_selected(client, &chosen, &bytes);
		ck_assert_uint_eq(bytes, strlen(protocols[_i / 2].chosen));
		ck_assert_int_eq(memcmp(chosen, protocols[_i / 2].chosen, bytes), 0);
		return;
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, connect_client, &result), 0);
	ck_assert_int_eq(start_within(LONG_MS), TLS_FAILED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(result, -1);
}
END_TEST

/* The first bytes that a client sends, in a way in which it may go on. */
static void
write_hello(unsigned char *out, size_t cap, size_t *bytes)
{
	BIO *wire = BIO_new(BIO_s_mem()), *nothing = BIO_new(BIO_s_mem());
	SSL *ssl = SSL_new(client_context);

	SSL_set_bio(ssl, nothing, wire);
	(void)SSL_connect(ssl);
	*bytes = (size_t)BIO_read(wire, out, (int)cap);
	SSL_free(ssl);
}

static const struct {
	const char *start;          /* NULL: a ClientHello, without its end */
	int start_bytes;
	bool drips, ends;
	enum tls_start result;
} starts[] = {
	{ NULL, 0, false, false, TLS_TIMEOUT },
	{ NULL, 0, true, false, TLS_TIMEOUT },
	{ NULL, 0, false, true, TLS_FAILED },
	{ "GET / HTTP/1.1\r\n", 16, false, false, TLS_IS_PLAIN_HTTP },
	{ "\r\n\r\nGET / HTTP/1.1\r\n", 20, false, false, TLS_FAILED },
	{ "\x16\x03\x01\x7f\xff", 5, false, false, TLS_FAILED },
	{ "\x16\x03\x01\x02", 4, false, false, TLS_TIMEOUT },
	{ "\x80\x2e\x01\x03\x01", 5, false, false, TLS_TIMEOUT },
	{ "\x17\x03\x03\0\5hallo", 10, false, false, TLS_FAILED },
};

static unsigned char hello[4096];
static size_t hello_bytes;

/* A byte now and then, never the last. */
static void *
drip(void *unused)
{
	for (size_t i = 0; i + 1 < hello_bytes; i++) {
		if (syscall(SYS_sendto, client_fd, hello + i, 1, MSG_NOSIGNAL, NULL, 0) != 1)
			break;
		(void)usleep(2000);
	}
	return unused;
}

START_TEST(handshake_has_an_end)
{
	const char *text = starts[_i].start;
	pthread_t thread;

	begin();
	write_hello(hello, sizeof hello, &hello_bytes);
	if (starts[_i].drips)
		ck_assert_int_eq(pthread_create(&thread, NULL, drip, NULL), 0);
	else if (text != NULL)
		ck_assert_int_gt(write(client_fd, text, (size_t)starts[_i].start_bytes), 0);
	else
		ck_assert_int_gt(write(client_fd, hello, hello_bytes - 1), 0);
	if (starts[_i].ends)
		ck_assert_int_eq(shutdown(client_fd, SHUT_WR), 0);
	ck_assert_int_eq(start_within(SOON_MS), starts[_i].result);
	ck_assert_ptr_null(stream.tls);
	if (starts[_i].drips) {
		ck_assert_int_eq(shutdown(stream.fd, SHUT_RDWR), 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
}
END_TEST

/* ---- receiving ---- */

START_TEST(what_is_here_is_not_waited_for)
{
	char got[64];
	size_t bytes;

	begin_with(versions[_i]);
	say("one");
	say("two");
	say("three");
	/* All have come, in one receive. */
	ck_assert_int_eq(stream_wait(&stream, got, 2, LONG_MS, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 2);
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, 0, &bytes), IO_OK);
	ck_assert_uint_eq(bytes, 1);
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, 0, &bytes), IO_OK);
	ck_assert_int_eq(memcmp(got, "two", bytes), 0);
	ck_assert_int_eq(hear(got, sizeof got, 0, &bytes), IO_OK);
	ck_assert_int_eq(memcmp(got, "three", bytes), 0);
	ck_assert_int_eq(hear(got, sizeof got, 0, &bytes), IO_TIMEOUT);
	ck_assert_uint_eq(stream.received_bytes, 11);
}
END_TEST

/* A record of the client's, not sent yet. */
static size_t
write_record(const char *text, unsigned char *out, size_t cap)
{
	BIO *wire = BIO_new(BIO_s_mem()), *socket_bio = SSL_get_wbio(client);
	size_t bytes;

	BIO_up_ref(socket_bio);
	SSL_set0_wbio(client, wire);
	say(text);
	bytes = (size_t)BIO_read(wire, out, (int)cap);
	SSL_set0_wbio(client, socket_bio);
	return bytes;
}

START_TEST(record_in_pieces_does_not_outlast_a_limit)
{
	unsigned char record[200];
	char got[64];
	size_t bytes, size, i;
	enum io_result result = IO_OK;

	begin_with(versions[_i % 2]);
	size = write_record("hello", record, sizeof record);
	for (i = 0; i + 1 < size; i++) {
		ck_assert_int_eq(write(client_fd, record + i, 1), 1);
		result = _i / 2 == 0 ? hear(got, sizeof got, 1, &bytes) :
		    stream_wait(&stream, got, sizeof got, 1, &bytes);
		ck_assert_int_eq(result, IO_TIMEOUT);
	}
	ck_assert_int_eq(write(client_fd, record + i, 1), 1);
	ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(memcmp(got, "hello", 5), 0);
}
END_TEST

START_TEST(part_of_a_record_ends_an_idle_wait)
{
	unsigned char record[200];
	char got[64];
	size_t bytes;

	begin_with(versions[_i]);
	(void)write_record("hello", record, sizeof record);
	ck_assert_int_eq(write(client_fd, record, 9), 9);
	/* Were it not for record_timeout_ms, this would last. */
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_TIMEOUT);
}
END_TEST

START_TEST(updates_of_keys_are_let_be_within_reason)
{
	enum io_result result = IO_OK;
	char got[64];
	size_t bytes;
	int i;

	begin_with(TLS1_3_VERSION);
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(client), 1);
	}
	say("hello");
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(memcmp(got, "hello", bytes), 0);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_OK);
	expect("answer");
	for (i = 0; i < 200; i++) {
		ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(client), 1);
	}
	result = _i == 0 ? stream_wait(&stream, got, sizeof got, LONG_MS, &bytes) :
	    hear(got, sizeof got, LONG_MS, &bytes);
	ck_assert_int_eq(result, IO_ERROR);
	ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_ERROR);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_ERROR);
	tls_end(&stream);
}
END_TEST

/* Who asks for new keys gets nothing any more if the kernel has the old one: what it would send
 * could not be read. Who only has new ones itself goes on. */
START_TEST(kernel_keeps_its_key)
{
	char got[64];
	size_t bytes;

	begin_with(TLS1_3_VERSION);
	ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	say("hello");
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_OK);
	expect("answer");
	if (!kernel_encrypts)
		return;
	ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
	say("hello");
	if (_i == 0)
		ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_ERROR);
	else
		ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_ERROR);
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_ERROR);
	ck_assert_int_eq(stream_try_write(&stream, "answer", 6, &bytes), IO_ERROR);
	tls_end(&stream);
	expect_end();
}
END_TEST

START_TEST(end_is_told_with_and_without_a_word)
{
	char got[64];
	size_t bytes;

	begin_with(versions[_i % 2]);
	say("last");
	if (_i / 2 == 0)
		(void)SSL_shutdown(client);
	else
		ck_assert_int_eq(shutdown(client_fd, SHUT_WR), 0);
	ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_OK);
	ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_EOF);
	ck_assert_int_eq(stream_wait(&stream, got, sizeof got, LONG_MS, &bytes), IO_EOF);
	/* Who has said all may still listen. */
	ck_assert_int_eq(stream_write(&stream, "answer", 6, false, LONG_MS), IO_OK);
	if (_i / 2 == 1)
		expect("answer");
	stream_linger(&stream, 0, 1000);
	tls_end(&stream);
	close(stream.fd);
}
END_TEST

START_TEST(forged_record_is_an_error)
{
	unsigned char record[200];
	char got[64];
	size_t bytes, size;

	begin_with(versions[_i]);
	size = write_record("hello", record, sizeof record);
	record[size - 1] ^= 1;
	ck_assert_int_eq(write(client_fd, record, size), (ssize_t)size);
	ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_ERROR);
	tls_end(&stream);
	close(stream.fd);
	ck_assert_int_le(SSL_read(client, got, 1), 0);
	ck_assert_int_eq(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
}
END_TEST

/* ---- sending ---- */

static int
make_file(const char *content, size_t bytes)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content, 1, bytes, file), bytes);
	ck_assert_int_eq(fflush(file), 0);
	return fileno(file);
}

/* Of a file, from an offset on. */
static enum io_result
send_file(int file_fd, uint64_t offset, uint64_t bytes, unsigned timeout_ms, uint64_t *sent_out)
{
	struct stream_file file = { .fd = file_fd, .offset = offset, .left_bytes = bytes };
	enum io_result result = stream_send_file(&stream, &file, timeout_ms);

	*sent_out = bytes - file.left_bytes;
	ck_assert_uint_eq(file.offset, offset + *sent_out);
	return result;
}

START_TEST(small_answer_is_one_record_and_one_send)
{
	int file = make_file("content of a file", 17);
	uint64_t sent;

	begin_with(versions[_i]);
	ck_assert_int_eq(stream_write(&stream, "head ", 5, true, LONG_MS), IO_OK);
	ck_assert_int_eq(stream_write(&stream, "body", 4, false, LONG_MS), IO_OK);
	expect("head body");
	ck_assert_uint_eq(send_count, 1);
	ck_assert_uint_eq(record_count, 1);
	ck_assert_int_eq(stream_write(&stream, "head ", 5, true, LONG_MS), IO_OK);
	ck_assert_int_eq(send_file(file, 8, 9, LONG_MS, &sent), IO_OK);
	expect("head of a file");
	ck_assert_uint_eq(send_count, 2);
	ck_assert_uint_eq(record_count, 2);
	ck_assert_uint_eq(sent, 9);
	ck_assert_uint_eq(stream.sent_bytes, 23);
}
END_TEST

/* It is what most clients ask for that come once: a send of its own for the end costs as much as
 * the answer. */
START_TEST(last_answer_and_the_end_are_one_send)
{
	char got[16];
	size_t bytes;

	begin_with(versions[_i % 2]);
	if (_i / 2 == 1)
		ck_assert_int_eq(stream_write(&stream, "head ", 5, true, LONG_MS), IO_OK);
	ck_assert_int_eq(stream_write_last(&stream, "body", 4, LONG_MS), IO_OK);
	ck_assert_int_eq(stream_write(&stream, "more", 4, false, LONG_MS), IO_ERROR);
	ck_assert_int_eq(SSL_shutdown(client), 0);
	ck_assert_int_eq(hear(got, sizeof got, LONG_MS, &bytes), IO_EOF);
	stream_linger(&stream, 0, 1000);
	tls_end(&stream);
	close(stream.fd);
	ck_assert_uint_eq(send_count, 1);
	expect(_i / 2 == 1 ? "head body" : "body");
	expect_end();
}
END_TEST

/* Reads until the end, and compares with `large` again and again. */
static void *
read_all(void *bytes_out)
{
	static char got[65536];
	size_t total = 0;
	int n, i;

	while ((n = SSL_read(client, got, sizeof got)) > 0) {
		for (i = 0; i < n; i++, total++)
			if (got[i] != large[total % sizeof large])
				return NULL;
	}
	*(size_t *)bytes_out = total;
	(void)shutdown(client_fd, SHUT_WR);
	return NULL;
}

enum sender { WRITE, WRITE_LAST, WRITE_PARTS, SEND_FILE, SENDER_COUNT };

static enum io_result
send_large(enum sender sender, unsigned timeout_ms)
{
	enum io_result result = IO_OK;
	size_t at = 0;
	uint64_t sent;
	int file;

	switch (sender) {
	case WRITE:
		return stream_write(&stream, large, sizeof large, false, timeout_ms);
	case WRITE_LAST:
		return stream_write_last(&stream, large, sizeof large, timeout_ms);
	case WRITE_PARTS:
		while (at < sizeof large && result == IO_OK) {
			size_t part = at % 3 == 0 ? 32749 : 70001;
			bool is_last = part >= sizeof large - at;

			result = stream_write(&stream, large + at, is_last ? sizeof large - at :
			    part, !is_last, timeout_ms);
			at += part;
		}
		return result;
	default:
		file = make_file(large, sizeof large);
		ck_assert_int_eq(stream_write(&stream, large, 1000, true, timeout_ms), IO_OK);
		result = send_file(file, 1000, sizeof large - 1000, timeout_ms, &sent);
		if (result == IO_OK)
			ck_assert_uint_eq(sent, sizeof large - 1000);
		return result;
	}
}

START_TEST(large_content_comes_as_it_was_sent)
{
	pthread_t thread;
	size_t total = 0;

	begin_with(versions[_i % 2]);
	stream_set_send_timeout(&stream, LONG_MS);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_all, &total), 0);
	ck_assert_int_eq(send_large((enum sender)(_i / 2), LONG_MS), IO_OK);
	ck_assert_uint_eq(stream.sent_bytes, sizeof large);
	ck_assert_uint_le(send_count, LARGE_BYTES / 16384);
	if (kernel_encrypts && _i / 2 == SEND_FILE)
		ck_assert_uint_eq(send_count, 1);
	else if (_i / 2 != WRITE_PARTS)
		ck_assert_uint_eq(send_count, LARGE_BYTES / 65536);
	stream_linger(&stream, LONG_MS, 1000);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(total, sizeof large);
	ck_assert_uint_le(record_count, LARGE_BYTES / RECORD_BYTES + 3);
	tls_end(&stream);
}
END_TEST

START_TEST(deaf_client_is_a_timeout)
{
	int small = 4096;

	begin_with(versions[_i % 2]);
	ck_assert_int_eq(setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	ck_assert_int_eq(setsockopt(client_fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	ck_assert_int_eq(send_large((enum sender)(_i / 2), SOON_MS), IO_TIMEOUT);
	ck_assert_uint_lt(stream.sent_bytes, sizeof large);
	tls_end(&stream);
}
END_TEST

START_TEST(short_file_takes_the_head_along)
{
	int file = make_file("short", 5);
	uint64_t sent;

	begin_with(versions[_i]);
	ck_assert_int_eq(stream_write(&stream, "head ", 5, true, LONG_MS), IO_OK);
	ck_assert_int_eq(send_file(file, 0, 6, LONG_MS, &sent), IO_FILE_SHORT);
	ck_assert_uint_eq(sent, 0);
	ck_assert_uint_eq(stream.sent_bytes, 0);
	ck_assert_int_eq(stream_write(&stream, "an error", 8, false, LONG_MS), IO_OK);
	expect("an error");
}
END_TEST

START_TEST(who_waits_has_said_all)
{
	char got[16];
	size_t bytes;

	begin_with(versions[_i % 2]);
	ck_assert_int_eq(stream_write(&stream, "half", 4, true, LONG_MS), IO_OK);
	ck_assert_uint_eq(send_count, 0);
	if (_i / 2 == 0)
		ck_assert_int_eq(hear(got, sizeof got, 0, &bytes), IO_TIMEOUT);
	else
		ck_assert_int_eq(stream_wait(&stream, got, sizeof got, 1, &bytes), IO_TIMEOUT);
	expect("half");
}
END_TEST

START_TEST(stop_ends_a_large_send)
{
	enum io_result result;

	begin_with(versions[_i % 2]);
	signals_guard_connection(stream.fd);
	ck_assert_int_eq(raise(SIGTERM), 0);
	result = send_large((enum sender)(_i / 2), LONG_MS);
	/* It is shut down. */
	ck_assert_msg(result == IO_STOPPED || result == IO_ERROR, "result %d", (int)result);
	tls_end(&stream);
}
END_TEST

static void
add_kernel_tests(Suite *suite)
{
	TCase *tcase = tcase_create("tls of the kernel");
	const char *missing = tls_kernel_look();

	if (missing != NULL)
		(void)printf("not tested with the kernel's TLS: %s\n", missing);
	tcase_set_timeout(tcase, 20);
	tcase_add_checked_fixture(tcase, let_the_kernel_encrypt, NULL);
	tcase_add_loop_test(tcase, both_sides_hear_each_other, 0, 2);
	tcase_add_loop_test(tcase, handshake_has_an_end, 0, COUNT_OF(starts));
	tcase_add_loop_test(tcase, what_is_here_is_not_waited_for, 0, 2);
	tcase_add_loop_test(tcase, kernel_keeps_its_key, 0, 2);
	tcase_add_loop_test(tcase, end_is_told_with_and_without_a_word, 0, 4);
	tcase_add_loop_test(tcase, forged_record_is_an_error, 0, 2);
	tcase_add_loop_test(tcase, small_answer_is_one_record_and_one_send, 0, 2);
	tcase_add_loop_test(tcase, large_content_comes_as_it_was_sent, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, deaf_client_is_a_timeout, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, who_waits_has_said_all, 0, 4);
	tcase_add_loop_test(tcase, stop_ends_a_large_send, 0, 2 * SENDER_COUNT);
	suite_add_tcase(suite, tcase);
}

static void
add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("tls");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, both_sides_hear_each_other, 0, 2);
	tcase_add_loop_test(tcase, tickets_wait_for_no_more_than_a_request, 0, 2);
	tcase_add_loop_test(tcase, name_chooses_the_host, 0, 2 * COUNT_OF(names));
	tcase_add_loop_test(tcase, protocol_is_chosen, 0, 2 * COUNT_OF(protocols));
	tcase_add_loop_test(tcase, handshake_has_an_end, 0, COUNT_OF(starts));
	tcase_add_loop_test(tcase, what_is_here_is_not_waited_for, 0, 2);
	tcase_add_loop_test(tcase, record_in_pieces_does_not_outlast_a_limit, 0, 4);
	tcase_add_loop_test(tcase, part_of_a_record_ends_an_idle_wait, 0, 2);
	tcase_add_loop_test(tcase, updates_of_keys_are_let_be_within_reason, 0, 2);
	tcase_add_loop_test(tcase, end_is_told_with_and_without_a_word, 0, 4);
	tcase_add_loop_test(tcase, forged_record_is_an_error, 0, 2);
	tcase_add_loop_test(tcase, small_answer_is_one_record_and_one_send, 0, 2);
	tcase_add_loop_test(tcase, last_answer_and_the_end_are_one_send, 0, 4);
	tcase_add_loop_test(tcase, large_content_comes_as_it_was_sent, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, deaf_client_is_a_timeout, 0, 2 * SENDER_COUNT);
	tcase_add_loop_test(tcase, short_file_takes_the_head_along, 0, 2);
	tcase_add_loop_test(tcase, who_waits_has_said_all, 0, 4);
	tcase_add_loop_test(tcase, stop_ends_a_large_send, 0, 2 * SENDER_COUNT);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("tls_stream");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_tests(suite);
	add_kernel_tests(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#else

int
main(void)
{
	return 77;                  /* the build has no TLS */
}

#endif
