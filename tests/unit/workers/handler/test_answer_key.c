/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/answer_key.c: each part of a key counts, none can stand for another, and
 * nobody who does not know the secret knows which keys meet. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/handler/answer_key.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define PARTS_BYTES_MAX ((PACKED_KEY_WORDS_MAX - 2) * 8)
#define NONE { NULL, 0 }
#define TEXT(text) { (text), sizeof (text) - 1 }

static const struct answer_key keys[] = {
	{ 0, false, NONE, NONE, TEXT("/"), NONE },
	{ 1, false, NONE, NONE, TEXT("/"), NONE },
	{ 0, true, NONE, NONE, TEXT("/"), NONE },
	{ 0, false, TEXT("a"), NONE, TEXT("/"), NONE },
	{ 0, false, TEXT("A"), NONE, TEXT("/"), NONE },
	{ 0, false, NONE, TEXT("80"), TEXT("/"), NONE },
	{ 0, false, TEXT("80"), NONE, TEXT("/"), NONE },
	{ 0, false, TEXT("8"), TEXT("0"), TEXT("/"), NONE },
	{ 0, false, NONE, NONE, TEXT("80/"), NONE },
	{ 0, false, NONE, NONE, TEXT("/"), TEXT("") },
	{ 0, false, NONE, NONE, TEXT("/"), TEXT("gzip") },
	{ 0, false, NONE, NONE, TEXT("/gzip"), NONE },
	{ 0, false, NONE, NONE, TEXT("/gzip"), TEXT("") },
	{ 0, false, NONE, NONE, TEXT("/?"), NONE },
	{ 0, false, NONE, NONE, TEXT("/\0"), NONE },
	{ 0, false, NONE, NONE, TEXT("/\0\0\0\0\0\0\0"), NONE },
	{ 0, false, NONE, NONE, TEXT("/\0\0\0\0\0\0\0\0"), NONE },
	{ 0, false, NONE, NONE, TEXT("/234567"), NONE },
	{ 0, false, NONE, NONE, TEXT("/2345678"), NONE },
	{ 0, false, NONE, NONE, TEXT("/23456789"), NONE },
	{ 0, false, NONE, NONE, TEXT("/23456789abcdef"), NONE },
	{ 0, false, NONE, NONE, TEXT("/23456780abcdef"), NONE },
	{ 0, false, NONE, NONE, NONE, NONE },
};

static struct packed_key_secret secret;

/* splitmix64. */
static void
make_secret(uint64_t state)
{
	uint64_t *words = (uint64_t *)&secret;

	for (size_t i = 0; i < sizeof secret / sizeof words[0]; i++) {
		uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		words[i] = z ^ z >> 31;
	}
}

static struct packed_key
pack(const struct answer_key *key)
{
	struct packed_key packed;

	memset(&packed, 0xee, sizeof packed); /* nothing of it may count */
	ck_assert(packed_key_make(&secret, key, &packed));
	return packed;
}

static bool
are_same(const struct packed_key *a, const struct packed_key *b)
{
	return a->word_count == b->word_count &&
	    memcmp(a->words, b->words, a->word_count * sizeof a->words[0]) == 0;
}

START_TEST(keys_are_the_same_only_to_themselves)
{
	struct packed_key one, other;

	make_secret(1);
	one = pack(&keys[_i]);
	for (int i = 0; i < COUNT_OF(keys); i++) {
		other = pack(&keys[i]);
		ck_assert_int_eq(are_same(&one, &other), i == _i);
		ck_assert_int_eq(one.hash == other.hash, i == _i);
	}
}
END_TEST

/* Breaks when the secret has no say: the same keys would meet in all processes. */
START_TEST(secret_decides_who_meets)
{
	struct packed_key one;
	uint64_t hash;

	make_secret(1);
	hash = pack(&keys[_i]).hash;
	make_secret(2);
	one = pack(&keys[_i]);
	ck_assert_uint_ne(one.hash, hash);
}
END_TEST

/* 4096 targets that differ in one character or two, in 4096 places by the upper bits. Where
 * places are taken at random, five or more in one are rare, and ten never seen. */
START_TEST(hashes_are_spread)
{
	char target[] = "/some/folder/of/files/page-00.html";
	struct answer_key key = { 0, false, TEXT("www.example.org"), NONE, TEXT(""), NONE };
	unsigned counts[4096] = { 0 };

	make_secret((uint64_t)_i);
	key.target = slice_from_text(target);
	for (int i = 0; i < 4096; i++) {
		target[27] = (char)('0' + i % 64);
		target[28] = (char)('0' + i / 64);
		counts[pack(&key).hash >> 52]++;
	}
	for (int i = 0; i < 4096; i++)
		ck_assert_uint_lt(counts[i], 12);
}
END_TEST

START_TEST(too_long_key_is_refused)
{
	static char bytes[PARTS_BYTES_MAX + 1];
	struct packed_key packed;
	struct answer_key key = { 0, false, NONE, NONE, NONE, NONE };
	struct slice *parts[] = { &key.host, &key.port, &key.target, &key.accept_encoding };

	memset(bytes, 'x', sizeof bytes);
	for (int i = 0; i < COUNT_OF(parts); i++) {
		*parts[i] = slice_make(bytes, PARTS_BYTES_MAX);
		ck_assert(packed_key_make(&secret, &key, &packed));
		ck_assert_uint_eq(packed.word_count, PACKED_KEY_WORDS_MAX);
		parts[i]->len++;
		ck_assert(!packed_key_make(&secret, &key, &packed));
		parts[i]->len--;
		*parts[(i + 1) % 4] = slice_make(bytes, 1);
		ck_assert(!packed_key_make(&secret, &key, &packed));
		*parts[(i + 1) % 4] = slice_make(bytes, SIZE_MAX);
		ck_assert(!packed_key_make(&secret, &key, &packed));
		*parts[i] = *parts[(i + 1) % 4] = slice_make(NULL, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("answer_key");
	TCase *tcase = tcase_create("answer_key");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, keys_are_the_same_only_to_themselves, 0, COUNT_OF(keys));
	tcase_add_loop_test(tcase, secret_decides_who_meets, 0, COUNT_OF(keys));
	tcase_add_loop_test(tcase, hashes_are_spread, 0, 8);
	tcase_add_test(tcase, too_long_key_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
