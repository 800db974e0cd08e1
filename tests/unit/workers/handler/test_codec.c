/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/codec*.c: what a library takes apart again is what was put in, whatever the
 * level, the size and the pieces; a stream leaves no trace in the next one, also when it was
 * given up; and after the first no memory is asked for. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/workers/handler/decode.h"
#include "workers/handler/codec.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LARGE_BYTES 200000

static char text[LARGE_BYTES], noise[LARGE_BYTES], zeros[LARGE_BYTES];
static char coded[2 * LARGE_BYTES];

static void
begin(void)
{
	decode_fill_with_text(text, sizeof text);
	decode_fill_with_noise(noise, sizeof noise);
}

/* Puts all of it through the codec, in pieces; returns what came out. */
static struct slice
put_through(const struct codec *codec, unsigned level, struct slice content, size_t in_piece,
    size_t out_piece, bool says_size)
{
	struct codec_io io = { content.data, 0, coded, 0 };
	enum codec_result result = CODEC_GOES_ON;
	size_t left = content.len;

	ck_assert(codec->begin(level, says_size ? content.len : CODEC_BYTES_UNKNOWN));
	for (int calm_count = 0; result == CODEC_GOES_ON; calm_count++) {
		const struct codec_io before = io;

		if (io.in_bytes == 0) {
			io.in_bytes = left < in_piece ? left : in_piece;
			left -= io.in_bytes;
		}
		if (io.out_bytes == 0)
			io.out_bytes = out_piece;
		result = codec->run(&io, left == 0);
		ck_assert(io.out + io.out_bytes <= coded + sizeof coded);
		if (io.in != before.in || io.out != before.out)
			calm_count = 0;
		ck_assert_int_lt(calm_count, 10); /* else it never ends */
	}
	ck_assert_int_eq(result, CODEC_FINISHED);
	ck_assert_uint_eq(io.in_bytes, 0);
	codec->end();
	return slice_make(coded, (size_t)(io.out - coded));
}

static void
assert_decodes(enum config_coding coding, struct slice compressed, struct slice content)
{
	size_t bytes;
	char *back = decode(coding, compressed, content.len + 1, &bytes);

	ck_assert_uint_eq(bytes, content.len);
	ck_assert(content.len == 0 || memcmp(back, content.data, bytes) == 0);
	free(back);
}

static const struct {
	enum config_coding coding;
	unsigned level;
	bool is_slow;               /* for large content */
	int memory_mib;             /* takes less than that */
} levels[] = {
	{ CONFIG_CODING_GZIP, 1, false, 1 }, { CONFIG_CODING_GZIP, 6, false, 1 },
	{ CONFIG_CODING_GZIP, 9, false, 1 },
	{ CONFIG_CODING_BR, 0, false, 8 }, { CONFIG_CODING_BR, 1, false, 8 },
	{ CONFIG_CODING_BR, 4, false, 8 }, { CONFIG_CODING_BR, 5, false, 8 },
	{ CONFIG_CODING_BR, 7, false, 16 }, { CONFIG_CODING_BR, 9, true, 48 },
	{ CONFIG_CODING_BR, 11, true, 32 },
	{ CONFIG_CODING_ZSTD, 1, false, 4 }, { CONFIG_CODING_ZSTD, 3, false, 4 },
	{ CONFIG_CODING_ZSTD, 4, false, 8 }, { CONFIG_CODING_ZSTD, 12, false, 8 },
	{ CONFIG_CODING_ZSTD, 19, true, 8 },
};

static const size_t sizes[] = {
	0, 1, 100, 10000, CODEC_SMALL_BYTES, CODEC_SMALL_BYTES + 1, LARGE_BYTES,
};

/* The codec of a row, or NULL where its library is absent. */
static const struct codec *
codec_of(int row)
{
	return codec_find(levels[row].coding);
}

START_TEST(content_comes_back)
{
	const struct codec *codec = codec_of(_i);
	const char *const contents[] = { text, noise, zeros };

	if (codec == NULL)
		return;
	for (int k = 0; k < COUNT_OF(sizes); k++) {
		if (levels[_i].is_slow && sizes[k] == LARGE_BYTES)
			continue;
		for (int c = 0; c < COUNT_OF(contents); c++) {
			struct slice content = slice_make(contents[c], sizes[k]);

			assert_decodes(levels[_i].coding, put_through(codec, levels[_i].level,
			    content, SIZE_MAX, sizeof coded, true), content);
			assert_decodes(levels[_i].coding, put_through(codec, levels[_i].level,
			    content, 65536, 32768, false), content);
		}
	}
}
END_TEST

START_TEST(any_pieces_will_do)
{
	static const size_t pieces[] = { 1, 7, 4096, SIZE_MAX };
	const struct codec *codec = codec_of(_i);
	struct slice content = slice_make(text, 5000);

	if (codec == NULL)
		return;
	for (int in = 0; in < COUNT_OF(pieces); in++) {
		for (int out = 0; out < COUNT_OF(pieces); out++) {
			size_t out_piece = pieces[out] == SIZE_MAX ? sizeof coded : pieces[out];

			assert_decodes(levels[_i].coding, put_through(codec, levels[_i].level,
			    content, pieces[in], out_piece, true), content);
		}
	}
}
END_TEST

/* Breaks when a stream is not begun anew: by what an earlier one has left, or another level. */
START_TEST(streams_do_not_know_each_other)
{
	const struct codec *codec = codec_of(_i);
	struct slice content = slice_make(text, 20000), first, again;
	char copy[20000];
	struct codec_io io;

	if (codec == NULL)
		return;
	first = put_through(codec, levels[_i].level, content, SIZE_MAX, sizeof coded, true);
	ck_assert_uint_lt(first.len, sizeof copy);
	memcpy(copy, first.data, first.len);
	first.data = copy;
	for (int other = 0; other < COUNT_OF(levels); other++) {
		if (codec_of(other) != codec || levels[other].is_slow)
			continue;
		(void)put_through(codec, levels[other].level, slice_make(noise, 1000), SIZE_MAX,
		    100, true);
		/* A client that goes away. */
		ck_assert(codec->begin(levels[other].level, LARGE_BYTES));
		io = (struct codec_io){ text, LARGE_BYTES, coded, 10 };
		ck_assert_int_eq(codec->run(&io, true), CODEC_GOES_ON);
		codec->end();
		ck_assert(codec->begin(levels[other].level, 100));
		codec->end();
		again = put_through(codec, levels[_i].level, content, SIZE_MAX, sizeof coded, true);
		ck_assert(slice_equal(first, again));
	}
}
END_TEST

START_TEST(text_becomes_much_smaller)
{
	const struct codec *codec = codec_of(_i);
	struct slice content = slice_make(text, 50000);

	if (codec != NULL)
		ck_assert_uint_lt(put_through(codec, levels[_i].level, content, SIZE_MAX,
		    sizeof coded, true).len, content.len / 2);
}
END_TEST

/* Pages of address space. What malloc gives out again is not seen. */
static long
count_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long count;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%ld", &count), 1);
	fclose(file);
	return count;
}

/* Memory but for that of programs and libraries, in KiB. The system counts that as well, but is off
 * by some pages for each processor that this has run on; here it looks at all pages. */
static long
count_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[200];
	long kib = -1;

	ck_assert_ptr_nonnull(file);
	while (kib < 0 && fgets(line, sizeof line, file) != NULL)
		(void)sscanf(line, "Anonymous: %ld kB", &kib);
	fclose(file);
	ck_assert_int_ge(kib, 0);
	return kib;
}

/* Breaks when a request makes a worker ask for memory: for larger content than the one before,
 * or because what it has was too large for long (zstd would shrink it after 128 times). */
START_TEST(steady_state_asks_for_no_memory)
{
	static const size_t inputs[] = { LARGE_BYTES, CODEC_SMALL_BYTES, 1000 };
	const struct codec *codec = codec_of(_i);
	long before, after;

	if (codec == NULL || levels[_i].is_slow)
		return;
	for (int round = 0; round < 200; round++) {
		for (int k = 0; k < COUNT_OF(inputs); k++) {
			if (round % 190 > 1 && inputs[k] > 1000)
				continue;
			(void)put_through(codec, levels[_i].level, slice_make(text, inputs[k]),
			    65536, 32768, true);
		}
		after = count_pages();
		if (round == 0)
			before = after;
		ck_assert_int_eq(after, before);
	}
}
END_TEST

START_TEST(tables_are_bounded)
{
	const struct codec *codec = codec_of(_i);
	long before;

	if (codec == NULL)
		return;
	before = count_kib();
	for (int says_size = 0; says_size < 2; says_size++) {
		struct codec_io io = { text, LARGE_BYTES, coded, sizeof coded };

		ck_assert(codec->begin(levels[_i].level,
		    says_size == 1 ? LARGE_BYTES : CODEC_BYTES_UNKNOWN));
		ck_assert_int_eq(codec->run(&io, true), CODEC_FINISHED);
		ck_assert_int_lt(count_kib() - before, levels[_i].memory_mib * 1024);
		codec->end();
		ck_assert_int_lt(count_kib() - before, 8 * 1024); /* what is kept */
	}
}
END_TEST

/* Breaks when what each block of a stream takes is not used again: brotli's arena is full then. */
START_TEST(long_stream_needs_no_more_than_a_short_one)
{
	const struct codec *codec = codec_of(_i);
	int count = levels[_i].coding == CONFIG_CODING_BR && levels[_i].level == 4 ? 120 : 10;
	struct codec_io io = { NULL, 0, NULL, 0 };
	enum codec_result result = CODEC_GOES_ON;

	if (codec == NULL || levels[_i].is_slow)
		return;
	ck_assert(codec->begin(levels[_i].level, CODEC_BYTES_UNKNOWN));
	for (int round = 0; round <= count; round++) {
		text[round * 100] ^= 1;
		io.in = round % 3 == 0 ? noise : text;
		io.in_bytes = round < count ? LARGE_BYTES : 0;
		do {
			io.out = coded;
			io.out_bytes = sizeof coded;
			result = codec->run(&io, round == count);
			ck_assert_int_ne(result, CODEC_FAILED);
		} while (round < count ? io.in_bytes > 0 : result != CODEC_FINISHED);
	}
	codec->end();
}
END_TEST

START_TEST(codecs_are_those_that_are_built_in)
{
	static const enum config_coding codings[] = { CONFIG_CODING_GZIP, CONFIG_CODING_BR,
		CONFIG_CODING_ZSTD };
	int count = 0, wanted_count = 0;

	for (int i = 0; i < COUNT_OF(codings); i++) {
		ck_assert(codec_is_built(codings[i]) == (codec_find(codings[i]) != NULL));
		count += codec_is_built(codings[i]);
	}
#ifdef HAVE_ZLIB
	ck_assert_ptr_eq(codec_find(CONFIG_CODING_GZIP), &codec_gzip);
	wanted_count++;
#endif
#ifdef HAVE_BROTLI
	ck_assert_ptr_eq(codec_find(CONFIG_CODING_BR), &codec_brotli);
	wanted_count++;
#endif
#ifdef HAVE_ZSTD
	ck_assert_ptr_eq(codec_find(CONFIG_CODING_ZSTD), &codec_zstd);
	wanted_count++;
#endif
	ck_assert_int_eq(count, wanted_count);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec");
	TCase *tcase = tcase_create("codec");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, content_comes_back, 0, COUNT_OF(levels));
	tcase_add_loop_test(tcase, any_pieces_will_do, 0, COUNT_OF(levels));
	tcase_add_loop_test(tcase, streams_do_not_know_each_other, 0, COUNT_OF(levels));
	tcase_add_loop_test(tcase, text_becomes_much_smaller, 0, COUNT_OF(levels));
	tcase_add_loop_test(tcase, steady_state_asks_for_no_memory, 0, COUNT_OF(levels));
	tcase_add_loop_test(tcase, tables_are_bounded, 0, COUNT_OF(levels));
	tcase_add_loop_test(tcase, long_stream_needs_no_more_than_a_short_one, 0,
	    COUNT_OF(levels));
	tcase_add_test(tcase, codecs_are_those_that_are_built_in);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
