/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/unsent.c: what is packed comes out as it went in, and what could not have been
 * packed is told from it. Any worker may write such a message: a length or number that is believed
 * and wrong would make another process read beyond it, or send for ever. */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#include "workers/conn/unsent.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define HEAD "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
#define AHEAD "GET /y"
#define LINES "HTTP/1.1 200 OK\r\nX: y\r\n"
#define FIRST_BYTES (sizeof HEAD - 1 + sizeof AHEAD - 1)

static char message[4096];
static size_t message_bytes;

static const struct unsent sample = {
	.offset = 1000, .left_bytes = 5000, .sent_bytes = 1200, .body_sent_bytes = 1000,
	.content_bytes = 7, .progress_bytes = 100, .progress_since_mono_ms = 5000,
	.parked_mono_ms = 6000, .start_wall_us = 1700000000000000, .start_mono_us = 4000000,
	.head_bytes = sizeof HEAD - 1, .ahead_bytes = sizeof AHEAD - 1, .status = 206,
	.port = 8080, .keeps_alive = 1, .must_close = 0, .is_logged = 1,
};

static size_t
pack(struct unsent unsent, const char *lines, const char *user, size_t cap)
{
	const struct unsent_texts texts = { slice_from_text(lines), slice_from_text(user) };
	size_t bytes;

	memcpy(message, HEAD AHEAD, FIRST_BYTES);
	bytes = unsent_pack(&unsent, &texts, message + FIRST_BYTES, cap);
	message_bytes = bytes == 0 ? 0 : FIRST_BYTES + bytes;
	return bytes;
}

static const struct { const char *lines, *user; } texts_rows[] = {
	{ LINES, "alice" }, { LINES, "" }, { "", "alice" }, { "", "" }, { "\r\n", "\r\n" },
};

START_TEST(test_comes_out_as_it_went_in)
{
	const char *lines = texts_rows[_i].lines, *user = texts_rows[_i].user;
	size_t bytes = strlen(lines) + strlen(user) + sizeof sample;
	struct unsent_texts texts;
	struct unsent got;

	ck_assert_uint_eq(pack(sample, lines, user, bytes), bytes);
	ck_assert(unsent_unpack(message, message_bytes, &got, &texts));
	ck_assert(slice_equal(texts.answer_head, slice_from_text(lines)));
	ck_assert(slice_equal(texts.user, slice_from_text(user)));
	ck_assert_uint_eq(got.answer_head_bytes, strlen(lines));
	ck_assert_uint_eq(got.user_bytes, strlen(user));
	got.answer_head_bytes = got.user_bytes = 0;
	ck_assert_int_eq(memcmp(&got, &sample, sizeof got), 0);
	ck_assert_int_eq(memcmp(message, HEAD AHEAD, FIRST_BYTES), 0);
	/* Once more to where it lies, as who goes on with it does. */
	got.left_bytes = 1;
	ck_assert_uint_eq(unsent_pack(&got, &texts, message + FIRST_BYTES, bytes), bytes);
	ck_assert(unsent_unpack(message, message_bytes, &got, &texts));
	ck_assert(slice_equal(texts.answer_head, slice_from_text(lines)));
	ck_assert(slice_equal(texts.user, slice_from_text(user)));
	ck_assert_uint_eq(got.left_bytes, 1);
}
END_TEST

START_TEST(test_no_room)
{
	const size_t bytes = sizeof LINES - 1 + 5 + sizeof sample;
	size_t cap;

	for (cap = 0; cap < bytes; cap++) {
		memset(message, 'z', sizeof message);
		ck_assert_uint_eq(pack(sample, LINES, "alice", cap), 0);
		ck_assert_int_eq(message[FIRST_BYTES + cap], 'z');
	}
	ck_assert_uint_eq(pack(sample, LINES, "alice", bytes), bytes);
}
END_TEST

#define FIELD(name) offsetof(struct unsent, name), sizeof ((struct unsent *)NULL)->name

/* One number of a sound message is another one. */
static const struct {
	size_t offset, bytes;
	uint64_t value;
	bool is_sound;
} rows[] = {
	{ FIELD(offset), 0, true }, { FIELD(offset), INT64_MAX - 5000, true },
	{ FIELD(offset), INT64_MAX - 4999, false }, { FIELD(offset), UINT64_MAX, false },
	{ FIELD(left_bytes), 0, false }, { FIELD(left_bytes), 1, true },
	{ FIELD(left_bytes), INT64_MAX - 1000, true }, { FIELD(left_bytes), INT64_MAX, false },
	{ FIELD(left_bytes), UINT64_MAX - 999, false }, { FIELD(left_bytes), UINT64_MAX, false },
	{ FIELD(sent_bytes), 1000, true }, { FIELD(sent_bytes), 999, false },
	{ FIELD(sent_bytes), UINT64_MAX, false }, { FIELD(body_sent_bytes), 1201, false },
	{ FIELD(body_sent_bytes), 0, true }, { FIELD(content_bytes), UINT64_MAX, false },
	{ FIELD(progress_bytes), UINT64_MAX, false }, { FIELD(progress_since_mono_ms), 0, false },
	{ FIELD(progress_since_mono_ms), UINT64_MAX, false }, { FIELD(parked_mono_ms), 0, true },
	{ FIELD(parked_mono_ms), UINT64_MAX, false }, { FIELD(start_wall_us), UINT64_MAX, false },
	{ FIELD(start_mono_us), UINT64_MAX, false }, { FIELD(start_mono_us), 0, true },
	{ FIELD(head_bytes), 0, false }, { FIELD(head_bytes), sizeof HEAD, false },
	{ FIELD(head_bytes), UINT32_MAX, false }, { FIELD(ahead_bytes), 0, false },
	{ FIELD(ahead_bytes), UINT32_MAX, false }, { FIELD(answer_head_bytes), 0, false },
	{ FIELD(answer_head_bytes), UINT32_MAX, false },
	/* Its end is then no end of a line. */
	{ FIELD(user_bytes), 6, false }, { FIELD(user_bytes), UINT32_MAX, false },
	{ FIELD(status), 199, false }, { FIELD(status), 200, true }, { FIELD(status), 599, true },
	{ FIELD(status), 600, false }, { FIELD(status), 65535, false },
	{ FIELD(port), 0, true }, { FIELD(port), 65535, true },
	{ FIELD(keeps_alive), 2, false }, { FIELD(keeps_alive), 0, true },
	{ FIELD(must_close), 1, true }, { FIELD(must_close), 255, false },
	{ FIELD(is_logged), 0, true }, { FIELD(is_logged), 2, false },
};

START_TEST(test_numbers_of_a_liar)
{
	struct unsent_texts texts;
	struct unsent got;

	ck_assert_uint_gt(pack(sample, LINES, "alice", sizeof message - FIRST_BYTES), 0);
	/* Little-endian or not: the bytes of a number as wide as the field. */
	for (size_t i = 0; i < rows[_i].bytes; i++) {
		size_t shift = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i :
		    rows[_i].bytes - 1 - i;

		message[message_bytes - sizeof got + rows[_i].offset + i] =
		    (char)(rows[_i].value >> (8 * shift));
	}
	ck_assert_int_eq(unsent_unpack(message, message_bytes, &got, &texts), rows[_i].is_sound);
}
END_TEST

/* Lengths that add up, but not to this message, are found out at 64 bits. */
START_TEST(test_lengths_that_wrap)
{
	struct unsent_texts texts;
	struct unsent unsent = sample, got;

	ck_assert_uint_gt(pack(sample, LINES, "alice", sizeof message - FIRST_BYTES), 0);
	unsent.answer_head_bytes = sizeof LINES - 1;
	unsent.user_bytes = 5;
	unsent.ahead_bytes = unsent.ahead_bytes - 1 - unsent.head_bytes;
	unsent.head_bytes = unsent.head_bytes * 2 + 1;
	memcpy(message + message_bytes - sizeof unsent, &unsent, sizeof unsent);
	ck_assert(!unsent_unpack(message, message_bytes, &got, &texts));
}
END_TEST

START_TEST(test_cut_messages)
{
	struct unsent_texts texts;
	struct unsent got;
	size_t bytes;

	ck_assert_uint_gt(pack(sample, LINES, "alice", sizeof message - FIRST_BYTES), 0);
	for (bytes = 0; bytes < message_bytes; bytes++)
		ck_assert(!unsent_unpack(message + message_bytes - bytes, bytes, &got, &texts));
	ck_assert(!unsent_unpack(message, message_bytes - 1, &got, &texts));
	ck_assert(!unsent_unpack(message, message_bytes + 1, &got, &texts));
}
END_TEST

/* The log looks for fields line by line. */
static const char *const bad_lines[] = { "X: y", "\n", "X: y\r\nZ", "X: y\n" };

START_TEST(test_what_is_no_lines)
{
	struct unsent_texts texts;
	struct unsent got;

	ck_assert_uint_gt(pack(sample, bad_lines[_i], "alice", sizeof message - FIRST_BYTES), 0);
	ck_assert(!unsent_unpack(message, message_bytes, &got, &texts));
}
END_TEST

START_TEST(test_a_nul_in_the_lines)
{
	struct unsent_texts texts;
	struct unsent got;

	ck_assert_uint_gt(pack(sample, LINES, "alice", sizeof message - FIRST_BYTES), 0);
	message[FIRST_BYTES + 3] = '\0';
	ck_assert(!unsent_unpack(message, message_bytes, &got, &texts));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("unsent");
	TCase *tcase = tcase_create("unsent");
	SRunner *runner;
	int failed_count;

	tcase_add_loop_test(tcase, test_comes_out_as_it_went_in, 0, COUNT_OF(texts_rows));
	tcase_add_test(tcase, test_no_room);
	tcase_add_loop_test(tcase, test_numbers_of_a_liar, 0, COUNT_OF(rows));
	tcase_add_test(tcase, test_lengths_that_wrap);
	tcase_add_test(tcase, test_cut_messages);
	tcase_add_loop_test(tcase, test_what_is_no_lines, 0, COUNT_OF(bad_lines));
	tcase_add_test(tcase, test_a_nul_in_the_lines);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
