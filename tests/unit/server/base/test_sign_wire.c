/* SPDX-License-Identifier: BSD-2-Clause */
/* server/base/sign_wire.c: which messages are whole, and what a server signs in a handshake. A
 * length that is not looked at, or a byte more that is let through, breaks it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/sign_wire.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static uint8_t content[SIGN_CONTENT_MAX + 1];
static size_t content_bytes;

static void
add(const void *bytes, size_t count)
{
	memcpy(content + content_bytes, bytes, count);
	content_bytes += count;
}

static void
fill(int byte, size_t count)
{
	memset(content + content_bytes, byte, count);
	content_bytes += count;
}

/* text stands in place of the context string, with its 0. */
static void
make_tls13(int blank, size_t blank_count, const char *text, size_t hash_bytes)
{
	content_bytes = 0;
	fill(blank, blank_count);
	add(text, strlen(text) + 1);
	fill(0xaa, hash_bytes);
}

#define SERVER "TLS 1.3, server CertificateVerify"

static const struct {
	const char *what;
	int blank;
	size_t blank_count;
	const char *text;
	size_t hash_bytes;
	enum sign_purpose purpose;
} tls13[] = {
	{ "SHA-256", ' ', 64, SERVER, 32, SIGN_TLS13_SERVER },
	{ "SHA-384", ' ', 64, SERVER, 48, SIGN_TLS13_SERVER },
	{ "no hash", ' ', 64, SERVER, 0, SIGN_NOTHING },
	{ "a hash of a byte less", ' ', 64, SERVER, 31, SIGN_NOTHING },
	{ "a hash of a byte more", ' ', 64, SERVER, 33, SIGN_NOTHING },
	{ "SHA-512", ' ', 64, SERVER, 64, SIGN_NOTHING },
	{ "a client's proof", ' ', 64, "TLS 1.3, client CertificateVerify", 32, SIGN_NOTHING },
	{ "another version", ' ', 64, "TLS 1.4, server CertificateVerify", 32, SIGN_NOTHING },
	{ "other blanks", '\t', 64, SERVER, 32, SIGN_NOTHING },
	{ "a blank less", ' ', 63, SERVER, 33, SIGN_NOTHING },
	{ "a blank more", ' ', 65, SERVER, 31, SIGN_NOTHING },
};

START_TEST(tls13_content)
{
	make_tls13(tls13[_i].blank, tls13[_i].blank_count, tls13[_i].text, tls13[_i].hash_bytes);
	ck_assert_msg(sign_purpose_of(content, content_bytes) == tls13[_i].purpose, "%s",
	    tls13[_i].what);
}
END_TEST

static const struct {
	const char *what;
	int type;
	unsigned group;
	int stated_bytes;
	int first;                  /* of the point */
	size_t point_bytes;         /* that are there */
	enum sign_purpose purpose;
} ecdh[] = {
	{ "P-256", 3, 23, 65, 4, 65, SIGN_TLS12_KEY_EXCHANGE },
	{ "P-384", 3, 24, 97, 4, 97, SIGN_TLS12_KEY_EXCHANGE },
	{ "P-521", 3, 25, 133, 4, 133, SIGN_TLS12_KEY_EXCHANGE },
	{ "X25519", 3, 29, 32, 0x77, 32, SIGN_TLS12_KEY_EXCHANGE },
	{ "X448", 3, 30, 56, 0x77, 56, SIGN_TLS12_KEY_EXCHANGE },
	{ "brainpoolP384r1", 3, 27, 97, 4, 97, SIGN_TLS12_KEY_EXCHANGE },
	{ "a byte behind it", 3, 23, 65, 4, 66, SIGN_NOTHING },
	{ "a byte is missing", 3, 23, 65, 4, 64, SIGN_NOTHING },
	{ "no point", 3, 23, 65, 4, 0, SIGN_NOTHING },
	{ "a point of another length", 3, 23, 33, 4, 33, SIGN_NOTHING },
	{ "a point of another group", 3, 23, 97, 4, 97, SIGN_NOTHING },
	{ "a compressed point", 3, 23, 65, 2, 65, SIGN_NOTHING },
	{ "an unknown group", 3, 9999, 65, 4, 65, SIGN_NOTHING },
	{ "a group of DH", 3, 256, 65, 4, 65, SIGN_NOTHING },
	{ "explicit prime", 1, 23, 65, 4, 65, SIGN_NOTHING },
};

START_TEST(ecdh_content)
{
	const uint8_t head[4] = { (uint8_t)ecdh[_i].type, (uint8_t)(ecdh[_i].group >> 8),
		(uint8_t)ecdh[_i].group, (uint8_t)ecdh[_i].stated_bytes };

	content_bytes = 0;
	fill(0x11, 64);
	add(head, sizeof head);
	if (ecdh[_i].point_bytes > 0) {
		fill(ecdh[_i].first, 1);
		fill(0x22, ecdh[_i].point_bytes - 1);
	}
	ck_assert_msg(sign_purpose_of(content, content_bytes) == ecdh[_i].purpose, "%s",
	    ecdh[_i].what);
}
END_TEST

static const struct {
	const char *what;
	size_t lengths[3];          /* as they are stated */
	int more;                   /* bytes behind the last */
	enum sign_purpose purpose;
} dh[] = {
	{ "2048 bits", { 256, 1, 256 }, 0, SIGN_TLS12_KEY_EXCHANGE },
	{ "a short value", { 256, 1, 255 }, 0, SIGN_TLS12_KEY_EXCHANGE },
	{ "6144 bits: looks as if a curve came", { 768, 1, 768 }, 0, SIGN_TLS12_KEY_EXCHANGE },
	{ "8192 bits", { 1024, 1, 1024 }, 0, SIGN_TLS12_KEY_EXCHANGE },
	{ "1024 bits", { 128, 1, 128 }, 0, SIGN_TLS12_KEY_EXCHANGE },
	{ "less", { 127, 1, 127 }, 0, SIGN_NOTHING },
	{ "a byte behind it", { 256, 1, 256 }, 1, SIGN_NOTHING },
	{ "a byte is missing", { 256, 1, 256 }, -1, SIGN_NOTHING },
	{ "no generator", { 256, 0, 256 }, 0, SIGN_NOTHING },
	{ "no value", { 256, 1, 0 }, 0, SIGN_NOTHING },
	{ "a value above the prime", { 256, 1, 257 }, 0, SIGN_NOTHING },
	{ "a generator above the prime", { 256, 257, 256 }, 0, SIGN_NOTHING },
};

START_TEST(dh_content)
{
	size_t i;

	content_bytes = 0;
	fill(0x11, 64);
	for (i = 0; i < 3; i++) {
		fill((int)(dh[_i].lengths[i] >> 8), 1);
		fill((int)(dh[_i].lengths[i] & 0xff), 1);
		fill(0x33, dh[_i].lengths[i]);
	}
	content_bytes = (size_t)((long)content_bytes + dh[_i].more);
	ck_assert_msg(sign_purpose_of(content, content_bytes) == dh[_i].purpose, "%s",
	    dh[_i].what);
}
END_TEST

/* Every beginning of what is good is not. */
START_TEST(cut_content)
{
	size_t whole_bytes, bytes;

	make_tls13(' ', 64, SERVER, 48);
	whole_bytes = content_bytes;
	for (bytes = 0; bytes < whole_bytes; bytes++)
		ck_assert_msg(sign_purpose_of(content, bytes) == SIGN_NOTHING ||
		    bytes == whole_bytes - 16, "%zu bytes", bytes);
	content_bytes = 0;
	fill(0x11, 64);
	add("\x03\x00\x1d\x20", 4);
	fill(0x22, 32);
	for (bytes = 0; bytes < content_bytes; bytes++)
		ck_assert_int_eq(sign_purpose_of(content, bytes), SIGN_NOTHING);
	ck_assert_int_eq(sign_purpose_of(content, content_bytes), SIGN_TLS12_KEY_EXCHANGE);
}
END_TEST

START_TEST(requests)
{
	static struct sign_request request;
	size_t bytes;

	request.content_bytes = 100;
	bytes = sign_request_seal(&request);
	ck_assert_uint_eq(bytes, offsetof(struct sign_request, content) + 100);
	ck_assert(sign_request_is_sound(&request, bytes));
	ck_assert(!sign_request_is_sound(&request, bytes - 1));
	ck_assert(!sign_request_is_sound(&request, bytes + 1));
	ck_assert(!sign_request_is_sound(&request, 0));
	ck_assert(!sign_request_is_sound(&request, offsetof(struct sign_request, content) - 1));
	request.magic ^= 1;
	ck_assert(!sign_request_is_sound(&request, bytes));
	request.content_bytes = SIGN_CONTENT_MAX;
	ck_assert(sign_request_is_sound(&request, sign_request_seal(&request)));
	request.content_bytes = SIGN_CONTENT_MAX + 1;
	ck_assert(!sign_request_is_sound(&request, sign_request_seal(&request)));
}
END_TEST

START_TEST(answers)
{
	static struct sign_answer answer;
	struct sign_hello hello;
	size_t bytes;

	bytes = sign_answer_seal(&answer);
	ck_assert(sign_answer_is_sound(&answer, bytes)); /* refused */
	answer.signature_bytes = 256;
	ck_assert(!sign_answer_is_sound(&answer, bytes));
	bytes = sign_answer_seal(&answer);
	ck_assert(sign_answer_is_sound(&answer, bytes));
	ck_assert(!sign_answer_is_sound(&answer, bytes - 1));
	answer.signature_bytes = SIGN_SIGNATURE_MAX + 1;
	ck_assert(!sign_answer_is_sound(&answer, sign_answer_seal(&answer)));
	ck_assert_uint_eq(sign_hello_seal(&hello), sizeof hello);
	ck_assert(sign_hello_is_sound(&hello, sizeof hello));
	ck_assert(!sign_hello_is_sound(&hello, sizeof hello - 1));
	hello.magic++;
	ck_assert(!sign_hello_is_sound(&hello, sizeof hello));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sign_wire");
	TCase *tcase = tcase_create("sign_wire");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, tls13_content, 0, COUNT_OF(tls13));
	tcase_add_loop_test(tcase, ecdh_content, 0, COUNT_OF(ecdh));
	tcase_add_loop_test(tcase, dh_content, 0, COUNT_OF(dh));
	tcase_add_test(tcase, cut_content);
	tcase_add_test(tcase, requests);
	tcase_add_test(tcase, answers);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
