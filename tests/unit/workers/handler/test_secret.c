/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/secret.c against the vectors of FIPS 180-4, and its comparing and wiping. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/secret.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const char *
hex_of(const uint8_t hash[SECRET_HASH_BYTES])
{
	static char text[SECRET_HEX_BYTES + 1];

	secret_hex(hash, SECRET_HASH_BYTES, text);
	return text;
}

START_TEST(hex_has_all_digits)
{
	uint8_t data[256];
	char text[512 + 1], wanted[3];

	for (int i = 0; i < 256; i++)
		data[i] = (uint8_t)i;
	memset(text, '#', sizeof text);
	secret_hex(data, sizeof data, text);
	for (int i = 0; i < 256; i++) {
		snprintf(wanted, sizeof wanted, "%02x", (unsigned)i);
		ck_assert_mem_eq(text + 2 * i, wanted, 2);
	}
	ck_assert_int_eq(text[512], '#');
}
END_TEST

/* Also where the first or the last byte only differs. */
START_TEST(equal_is_equal)
{
	char a[] = "0123456789", b[] = "0123456789";

	ck_assert(secret_is_equal(a, b, 10));
	ck_assert(secret_is_equal(a, "x", 0));
	for (int i = 0; i < 10; i++) {
		b[i] ^= (char)0x80;
		ck_assert(!secret_is_equal(a, b, 10));
		ck_assert(secret_is_equal(a, b, (size_t)i));
		b[i] ^= (char)0x80;
	}
}
END_TEST

START_TEST(wiped_is_gone)
{
	char data[] = "secret";

	secret_wipe(data, 6);
	ck_assert_mem_eq(data, "\0\0\0\0\0\0", 7);
}
END_TEST

static const struct {
	const char *parts[3];
	const char *want;
} hashes[] = {
	{ { "abc" }, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ { "a", "b", "c" }, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ { "" }, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmno", "mnopnopq" },
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

START_TEST(hash_is_sha_256)
{
	uint8_t hash[SECRET_HASH_BYTES];
	struct slice parts[3];
	size_t count = 0;

	while (count < 3 && hashes[_i].parts[count] != NULL) {
		parts[count] = slice_from_text(hashes[_i].parts[count]);
		count++;
	}
	if (!secret_can_hash()) {
		ck_assert(!secret_hash(parts, count, hash));
		return;
	}
	for (int again = 0; again < 2; again++) {
		ck_assert(secret_hash(parts, count, hash));
		ck_assert_str_eq(hex_of(hash), hashes[_i].want);
	}
}
END_TEST

/* From Python's hmac: the vectors of RFC 4231 have keys of other lengths. */
static const struct {
	uint8_t first;              /* of the key; each byte is one more */
	const char *parts[2];
	const char *want;
} macs[] = {
	{ 0, { "what do ya want ", "for nothing?" },
	    "099805f4ac310786968565c098db515cc50862b420ae31e20238312344bed36a" },
	{ 200, { "", "" },
	    "a057b48054a9ca9bfb46b594224d97a70c098aa9b43698d01a01872a3d739fe5" },
};

START_TEST(mac_is_hmac_sha_256)
{
	uint8_t key[SECRET_KEY_BYTES], mac[SECRET_HASH_BYTES];
	struct slice parts[2] = {
		slice_from_text(macs[_i].parts[0]), slice_from_text(macs[_i].parts[1]),
	};

	for (int i = 0; i < SECRET_KEY_BYTES; i++)
		key[i] = (uint8_t)(macs[_i].first + i);
	if (!secret_can_hash()) {
		ck_assert(!secret_mac(key, parts, 2, mac));
		return;
	}
	for (int again = 0; again < 2; again++) {
		ck_assert(secret_mac(key, parts, 2, mac));
		ck_assert_str_eq(hex_of(mac), macs[_i].want);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tcase = tcase_create("secret");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_test(tcase, hex_has_all_digits);
	tcase_add_test(tcase, equal_is_equal);
	tcase_add_test(tcase, wiped_is_gone);
	tcase_add_loop_test(tcase, hash_is_sha_256, 0, COUNT_OF(hashes));
	tcase_add_loop_test(tcase, mac_is_hmac_sha_256, 0, COUNT_OF(macs));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
