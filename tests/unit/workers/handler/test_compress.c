/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/compress.c and compressor.c: what is compressed and what is not, that the fields
 * say so, and that the client gets the content that was there, or an early end. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/log.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"
#include "tests/unit/workers/handler/decode.h"
#include "workers/handler/codec.h"
#include "workers/handler/compress.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LARGE_BYTES 400000
#define SMALL_BYTES 5000

static char text[LARGE_BYTES];
static char sent[2 * LARGE_BYTES];
static struct arena arena, scratch;
static struct config_settings settings;
static struct http_request request;
static struct exchange exchange;
static struct answer answer;
static char all_text[] = "text/", json[] = "application/json";
static char *types[] = { all_text, json };

static void
begin(void)
{
	static const struct log_sink none = { LOG_SINK_NONE, -1 };

	log_set_sink(none);
	decode_fill_with_text(text, sizeof text);
	ck_assert_int_eq(arena_init(&arena, 131072), 0);
	ck_assert_int_eq(arena_init(&scratch, 1 << 20), 0);
	settings.compress = true;
	settings.compress_types = (struct config_texts){ types, COUNT_OF(types) };
	settings.compress_min_bytes = 1024;
	settings.gzip_level = 6;
	settings.brotli_level = 4;
	settings.zstd_level = 3;
	settings.codings[0] = CONFIG_CODING_GZIP;
	settings.coding_count = 1;
	request.method = HTTP_METHOD_GET;
	request.version_minor = 1;
	exchange.request = &request;
	exchange.route.settings = &settings;
	exchange.arena = &arena;
	exchange.scratch = &scratch;
	answer_init(&answer);
}

static void
end(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
	arena_fini(&scratch);
}

static void
ask_with(enum http_field_id id, const char *value)
{
	struct http_field *field = &request.fields[request.field_count++];

	*field = (struct http_field){ SLICE_LITERAL("?"), slice_from_text(value), id };
	if (request.first_field[id] == 0)
		request.first_field[id] = (uint16_t)request.field_count;
}

/* An answer of a file, as its handler leaves it. */
static void
describe(uint64_t bytes)
{
	answer.status = 200;
	answer.media_type = SLICE_LITERAL("text/html");
	answer.whole_bytes = bytes;
	answer_field(&answer, SLICE_LITERAL("ETag"), SLICE_LITERAL("\"abc\""));
	answer_field(&answer, SLICE_LITERAL("Accept-Ranges"), SLICE_LITERAL("bytes"));
}

static void
answer_with_memory(size_t bytes)
{
	describe(bytes);
	answer_memory(&answer, slice_make(text, bytes));
}

static void
answer_with_file(size_t bytes)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, bytes), (ssize_t)bytes);
	describe(bytes);
	answer.file_fd = fd;
	answer_file(&answer, 0, bytes);
}

/* "" where there is none; two are a fault. */
static const char *
field(const char *name)
{
	static char values[4][128];
	static int turn;
	char *value = values[turn++ % 4];

	value[0] = '\0';
	for (unsigned i = 0; i < answer.field_count; i++) {
		if (!slice_equal_nocase(answer.fields[i].name, slice_from_text(name)))
			continue;
		ck_assert_msg(value[0] == '\0', "%s comes twice", name);
		snprintf(value, sizeof values[0], "%.*s", (int)answer.fields[i].value.len,
		    answer.fields[i].value.data);
	}
	return value;
}

/* What a client would get; -1: the source could not go on. */
static long
collect(size_t piece)
{
	size_t len = 0;
	long n;

	for (unsigned i = 0; answer.source.read == NULL && i < answer.segment_count; i++) {
		const struct answer_segment *one = &answer.segments[i];

		ck_assert_uint_le(len + one->len, sizeof sent);
		if (one->kind == ANSWER_MEMORY)
			memcpy(sent + len, one->data.data, one->len);
		else
			ck_assert_int_eq(pread(answer.file_fd, sent + len, one->len,
			    (off_t)one->offset), (ssize_t)one->len);
		len += one->len;
	}
	while (answer.source.read != NULL) {
		ck_assert_uint_le(len + piece, sizeof sent);
		n = answer.source.read(answer.source.context, sent + len, piece);
		if (n < 0)
			return -1;
		ck_assert_int_le(n, (long)piece);
		len += (size_t)n;
		if (n == 0)
			break;
	}
	return (long)len;
}

static void
assert_content(enum config_coding coding, size_t piece, const char *wanted, size_t wanted_bytes)
{
	long len = collect(piece);
	size_t bytes;
	char *back;

	ck_assert_int_gt(len, 0);
	ck_assert_uint_lt((size_t)len, wanted_bytes);
	back = decode(coding, slice_make(sent, (size_t)len), wanted_bytes + 1, &bytes);
	ck_assert_uint_eq(bytes, wanted_bytes);
	ck_assert_int_eq(memcmp(back, wanted, bytes), 0);
	free(back);
}

static void
assert_compressed(const char *coding)
{
	ck_assert_str_eq(field("Content-Encoding"), coding);
	ck_assert_str_eq(field("Vary"), "Accept-Encoding");
	ck_assert_str_eq(field("ETag"), "W/\"abc\"");
	ck_assert_str_eq(field("Accept-Ranges"), "");
	ck_assert(!answer.lacks_room);
}

static void
assert_identity(const char *vary)
{
	ck_assert_str_eq(field("Content-Encoding"), "");
	ck_assert_str_eq(field("Vary"), vary);
	ck_assert_str_eq(field("ETag"), "\"abc\"");
	ck_assert_str_eq(field("Accept-Ranges"), "bytes");
	ck_assert(!answer.lacks_room && !answer.hides_length);
}

static const struct {
	enum config_coding coding;
	const char *name;
} codings[] = {
	{ CONFIG_CODING_GZIP, "gzip" },
	{ CONFIG_CODING_BR, "br" },
	{ CONFIG_CODING_ZSTD, "zstd" },
};

/* True: the row is for a library that is not there. */
static bool
use_coding(int row)
{
	settings.codings[0] = codings[row].coding;
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, codings[row].name);
	return !codec_is_built(codings[row].coding);
}

START_TEST(small_content_is_compressed_at_once)
{
	if (use_coding(_i))
		return;
	answer_with_file(SMALL_BYTES);
	compress_answer(&exchange, &answer);
	assert_compressed(codings[_i].name);
	ck_assert(answer.source.read == NULL);
	ck_assert_uint_gt(answer.content_bytes, 0);
	ck_assert_int_eq(answer.file_fd, -1);
	assert_content(codings[_i].coding, 0, text, SMALL_BYTES);
}
END_TEST

START_TEST(large_file_is_compressed_by_pieces)
{
	static const size_t pieces[] = { 4096, 32000, 200000 };
	int fd;

	if (use_coding(_i % COUNT_OF(codings)))
		return;
	answer_with_file(LARGE_BYTES);
	fd = answer.file_fd;
	compress_answer(&exchange, &answer);
	assert_compressed(codings[_i % COUNT_OF(codings)].name);
	ck_assert(answer.source.read != NULL);
	ck_assert_uint_eq(answer.content_bytes, 0);
	assert_content(codings[_i % COUNT_OF(codings)].coding, pieces[_i / COUNT_OF(codings)],
	    text, LARGE_BYTES);
	ck_assert(process_is_open(fd));
	answer_fini(&answer);
	ck_assert(!process_is_open(fd));
}
END_TEST

/* Memory and parts of a file, of which some are empty. */
static void
answer_with_segments(size_t file_bytes)
{
	answer_with_file(file_bytes);
	answer_reserve(&answer, &arena, 10);
	answer.content_bytes = 0;
	answer_memory(&answer, SLICE_LITERAL(""));
	answer_memory(&answer, SLICE_LITERAL("start "));
	answer_file(&answer, 100, file_bytes - 200);
	answer_memory(&answer, slice_make(NULL, 0));
	answer_file(&answer, 0, 0);
	answer_memory(&answer, slice_make(text, 3000));
	answer_file(&answer, 7, 1);
}

START_TEST(segments_come_in_their_order)
{
	static const size_t sizes[] = { SMALL_BYTES, LARGE_BYTES };
	size_t file_bytes = sizes[_i / COUNT_OF(codings)], len = 0;
	static char wanted[LARGE_BYTES + 4000];

	if (use_coding(_i % COUNT_OF(codings)))
		return;
	answer_with_segments(file_bytes);
	len += (size_t)sprintf(wanted, "start ");
	memcpy(wanted + len, text + 100, file_bytes - 200);
	len += file_bytes - 200;
	memcpy(wanted + len, text, 3000);
	len += 3000;
	wanted[len++] = text[7];
	compress_answer(&exchange, &answer);
	assert_compressed(codings[_i % COUNT_OF(codings)].name);
	assert_content(codings[_i % COUNT_OF(codings)].coding, 5000, wanted, len);
}
END_TEST

static size_t source_left;
static int source_close_count;
static bool source_fails;

static long
read_source(void *context, char *out, size_t cap)
{
	static int turn;
	size_t most = turn++ % 2 == 0 ? 1000 : 7, bytes = source_left < most ? source_left : most;

	ck_assert_ptr_eq(context, &source_left);
	ck_assert_uint_ge(cap, 4096);
	if (source_fails && source_left < LARGE_BYTES / 2)
		return -1;
	memcpy(out, text + LARGE_BYTES - source_left, bytes);
	source_left -= bytes;
	return (long)bytes;
}

static void
close_source(void *context)
{
	ck_assert_ptr_eq(context, &source_left);
	source_close_count++;
}

static void
answer_with_source(void)
{
	describe(0);
	source_left = LARGE_BYTES;
	answer.source = (struct answer_source){ read_source, close_source, &source_left };
}

START_TEST(source_passes_through)
{
	if (use_coding(_i))
		return;
	answer_with_source();
	compress_answer(&exchange, &answer);
	assert_compressed(codings[_i].name);
	assert_content(codings[_i].coding, 8000, text, LARGE_BYTES);
	answer_fini(&answer);
	ck_assert_int_eq(source_close_count, 1);
}
END_TEST

/* Breaks when a client that goes away leaves something behind in the codec. */
START_TEST(many_answers_are_given_up)
{
	if (use_coding(_i))
		return;
	for (int i = 0; i < 100; i++) {
		arena_reset(&arena);
		arena_reset(&scratch);
		answer_restart(&answer);
		answer_with_memory(LARGE_BYTES);
		compress_answer(&exchange, &answer);
		assert_compressed(codings[_i].name);
		ck_assert_int_gt(answer.source.read(answer.source.context, sent, 4096), 0);
	}
	answer_restart(&answer);
	answer_with_memory(LARGE_BYTES);
	compress_answer(&exchange, &answer);
	assert_content(codings[_i].coding, 8000, text, LARGE_BYTES);
}
END_TEST

static size_t
compressed_bytes(void)
{
	answer_restart(&answer);
	answer_with_memory(SMALL_BYTES);
	compress_answer(&exchange, &answer);
	return answer.content_bytes;
}

START_TEST(level_is_that_of_the_coding)
{
	unsigned *levels[] = { &settings.gzip_level, &settings.brotli_level,
		&settings.zstd_level };
	size_t quick, other, thorough;

	if (use_coding(_i))
		return;
	*levels[_i] = 1;
	quick = compressed_bytes();
	*levels[(_i + 1) % 3] = *levels[(_i + 2) % 3] = 9;
	other = compressed_bytes();
	*levels[_i] = 9;
	thorough = compressed_bytes();
	ck_assert_uint_eq(other, quick);
	ck_assert_uint_lt(thorough, quick);
}
END_TEST

START_TEST(source_that_fails_ends_it)
{
	if (use_coding(_i))
		return;
	source_fails = true;
	answer_with_source();
	compress_answer(&exchange, &answer);
	ck_assert_int_eq(collect(8000), -1);
	answer_fini(&answer);
	ck_assert_int_eq(source_close_count, 1);
}
END_TEST

/* A length that was not told cannot be broken, so the last chunk must never come. */
START_TEST(file_that_shrinks_ends_it)
{
	if (use_coding(_i))
		return;
	answer_with_file(LARGE_BYTES);
	compress_answer(&exchange, &answer);
	ck_assert_int_eq(truncate("file", LARGE_BYTES - 1), 0);
	ck_assert_int_eq(collect(8000), -1);
	ck_assert_int_eq(answer.source.read(answer.source.context, sent, 8000), -1);
}
END_TEST

/* What is promised is what was there: it has a length of its own. */
START_TEST(file_that_grows_gives_no_more)
{
	int fd;

	if (use_coding(_i))
		return;
	answer_with_file(LARGE_BYTES);
	compress_answer(&exchange, &answer);
	fd = open("file", O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "more", 4), 4);
	close(fd);
	assert_content(codings[_i].coding, 8000, text, LARGE_BYTES);
}
END_TEST

/* Sending finds it out again, when nothing is said yet: an answer of 500. */
START_TEST(small_file_that_shrinks_is_left_as_it_is)
{
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_file(SMALL_BYTES);
	ck_assert_int_eq(truncate("file", 100), 0);
	compress_answer(&exchange, &answer);
	assert_identity("Accept-Encoding");
	ck_assert_uint_eq(answer.content_bytes, SMALL_BYTES);
	ck_assert_int_ge(answer.file_fd, 0);
}
END_TEST

START_TEST(what_does_not_become_smaller_is_left_as_it_is)
{
	static char noise[SMALL_BYTES];

	if (use_coding(_i))
		return;
	decode_fill_with_noise(noise, sizeof noise);
	describe(sizeof noise);
	answer_memory(&answer, slice_make(noise, sizeof noise));
	compress_answer(&exchange, &answer);
	assert_identity("Accept-Encoding"); /* other content here is compressed */
	ck_assert_int_eq(collect(1), SMALL_BYTES);
	ck_assert_int_eq(memcmp(sent, noise, SMALL_BYTES), 0);
}
END_TEST

START_TEST(without_memory_it_is_left_as_it_is)
{
	static const size_t left[] = { 0, 100, 60000, 66000 };

	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_file(_i % 2 == 0 ? CODEC_SMALL_BYTES : LARGE_BYTES);
	ck_assert_ptr_nonnull(arena_alloc(&scratch, arena_left(&scratch) - left[_i / 2]));
	compress_answer(&exchange, &answer);
	if (_i == 7)                    /* the pieces need no more */
		return;
	assert_identity("Accept-Encoding");
	ck_assert(answer.source.read == NULL);
	ck_assert_int_eq(collect(1), _i % 2 == 0 ? CODEC_SMALL_BYTES : LARGE_BYTES);
}
END_TEST

enum change {
	ASKS_NOTHING, ASKS_FOR_IDENTITY, ASKS_FOR_ANOTHER, ASKS_FOR_A_RANGE, ASKS_BY_OLD_HTTP,
	IS_PARTIAL, IS_OFF, HAS_NO_CODINGS, IS_INCLUDED, IS_AN_IMAGE, IS_LIKE_JSON, IS_LIKE_TEXT,
	IS_OF_UNKNOWN_TYPE, IS_TOO_SMALL, IS_NOT_TO_BE_TRANSFORMED, IS_EMPTY, HAS_NO_CONTENT,
	IS_UNSATISFIABLE,
};

/* Of an answer that would be compressed. */
static void
change_one_thing(enum change change)
{
	if (change <= ASKS_FOR_ANOTHER) {
		request.field_count = 0;
		memset(request.first_field, 0, sizeof request.first_field);
	}
	switch (change) {
	case ASKS_NOTHING:
		break;
	case ASKS_FOR_IDENTITY:
		ask_with(HTTP_FIELD_ACCEPT_ENCODING, "identity");
		break;
	case ASKS_FOR_ANOTHER:
		ask_with(HTTP_FIELD_ACCEPT_ENCODING, "deflate, gzip;q=0");
		break;
	case ASKS_FOR_A_RANGE:
		ask_with(HTTP_FIELD_RANGE, "bytes=0-");
		break;
	case ASKS_BY_OLD_HTTP:
		request.version_minor = 0;
		break;
	case IS_PARTIAL:                /* and much smaller than what it is of */
		answer_drop_content(&answer);
		answer_memory(&answer, SLICE_LITERAL("ab"));
		answer.status = 206;
		answer_field(&answer, SLICE_LITERAL("Content-Range"),
		    SLICE_LITERAL("bytes 0-1/5000"));
		break;
	case IS_OFF:
		settings.compress = false;
		break;
	case HAS_NO_CODINGS:
		settings.coding_count = 0;
		break;
	case IS_INCLUDED:
		exchange.depth = 1;
		break;
	case IS_AN_IMAGE:
		answer.media_type = SLICE_LITERAL("image/png");
		break;
	case IS_LIKE_JSON:
		answer.media_type = SLICE_LITERAL("application/jsonp");
		break;
	case IS_LIKE_TEXT:
		answer.media_type = SLICE_LITERAL("text");
		break;
	case IS_OF_UNKNOWN_TYPE:
		answer.media_type = SLICE_LITERAL("");
		break;
	case IS_TOO_SMALL:
		settings.compress_min_bytes = SMALL_BYTES + 1;
		break;
	case IS_NOT_TO_BE_TRANSFORMED:
		answer_field(&answer, SLICE_LITERAL("cache-control"),
		    SLICE_LITERAL("public, No-Transform"));
		break;
	case IS_EMPTY:
		answer_drop_content(&answer);
		settings.compress_min_bytes = 0;
		break;
	case HAS_NO_CONTENT:
		answer_drop_content(&answer);
		answer.status = 204;
		answer.has_content = false;
		break;
	case IS_UNSATISFIABLE:
		answer.status = 416;
		answer_field(&answer, SLICE_LITERAL("Content-Range"),
		    SLICE_LITERAL("bytes */5000"));
		break;
	}
}

static const struct {
	enum change change;
	const char *vary;           /* for another client it is compressed */
} left_alone[] = {
	{ ASKS_NOTHING, "Accept-Encoding" },
	{ ASKS_FOR_IDENTITY, "Accept-Encoding" },
	{ ASKS_FOR_ANOTHER, "Accept-Encoding" },
	{ ASKS_FOR_A_RANGE, "Accept-Encoding" },
	{ ASKS_BY_OLD_HTTP, "Accept-Encoding" },
	{ IS_PARTIAL, "Accept-Encoding" },
	{ IS_OFF, "" },
	{ HAS_NO_CODINGS, "" },
	{ IS_INCLUDED, "" },
	{ IS_AN_IMAGE, "" },
	{ IS_LIKE_JSON, "" },
	{ IS_LIKE_TEXT, "" },
	{ IS_OF_UNKNOWN_TYPE, "" },
	{ IS_TOO_SMALL, "" },
	{ IS_NOT_TO_BE_TRANSFORMED, "" },
	{ IS_EMPTY, "" },
	{ HAS_NO_CONTENT, "" },
	{ IS_UNSATISFIABLE, "" },
};

START_TEST(some_answers_are_left_alone)
{
	uint64_t bytes;

	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_memory(SMALL_BYTES);
	change_one_thing(left_alone[_i].change);
	bytes = answer.content_bytes;
	compress_answer(&exchange, &answer);
	assert_identity(left_alone[_i].vary);
	ck_assert_uint_eq(answer.content_bytes, bytes);
}
END_TEST

START_TEST(coded_file_is_not_coded_twice)
{
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_memory(SMALL_BYTES);
	answer_field(&answer, SLICE_LITERAL("Content-Encoding"), SLICE_LITERAL("br"));
	compress_answer(&exchange, &answer);
	ck_assert_str_eq(field("Content-Encoding"), "br");
	ck_assert_str_eq(field("ETag"), "\"abc\"");
	ck_assert_uint_eq(answer.content_bytes, SMALL_BYTES);
}
END_TEST

static const struct {
	const char *media_type;
	unsigned status;
} compressed[] = {
	{ "text/html", 200 },
	{ "TEXT/plain", 200 },
	{ "application/json", 200 },
	{ "Application/JSON", 200 },
	{ "text/html", 404 },
	{ "text/html", 500 },
};

START_TEST(some_answers_are_compressed)
{
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_memory(SMALL_BYTES);
	answer.media_type = slice_from_text(compressed[_i].media_type);
	answer.status = compressed[_i].status;
	settings.compress_min_bytes = SMALL_BYTES;
	compress_answer(&exchange, &answer);
	assert_compressed("gzip");
}
END_TEST

START_TEST(head_says_what_get_would)
{
	static const size_t sizes[] = { SMALL_BYTES, LARGE_BYTES };
	int fd;

	request.method = HTTP_METHOD_HEAD;
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_file(sizes[_i]);
	fd = answer.file_fd;
	compress_answer(&exchange, &answer);
	assert_compressed("gzip");
	ck_assert(answer.hides_length && answer.has_content);
	ck_assert(answer.source.read == NULL);
	ck_assert_uint_eq(answer.segment_count, 0);
	ck_assert(!process_is_open(fd));
	ck_assert_uint_eq(scratch.used, 0);
}
END_TEST

START_TEST(head_without_coding_has_its_length)
{
	request.method = HTTP_METHOD_HEAD;
	answer_with_file(SMALL_BYTES);
	compress_answer(&exchange, &answer);
	assert_identity("Accept-Encoding");
	ck_assert_uint_eq(answer.content_bytes, SMALL_BYTES);
}
END_TEST

static const struct {
	const char *accepted;       /* NULL: nothing is said */
	uint64_t whole_bytes;
	const char *coding;         /* of the file; NULL: none */
	const char *etag, *vary;
} not_modified[] = {
	{ "gzip", SMALL_BYTES, NULL, "W/\"abc\"", "Accept-Encoding" },
	{ "gzip", LARGE_BYTES, NULL, "W/\"abc\"", "Accept-Encoding" },
	{ NULL, SMALL_BYTES, NULL, "\"abc\"", "Accept-Encoding" },
	{ "gzip", 100, NULL, "\"abc\"", "" },
	{ "gzip", SMALL_BYTES, "br", "\"abc\"", "" },
};

START_TEST(not_modified_says_what_ok_would)
{
	if (not_modified[_i].accepted != NULL)
		ask_with(HTTP_FIELD_ACCEPT_ENCODING, not_modified[_i].accepted);
	describe(not_modified[_i].whole_bytes);
	answer.status = 304;
	answer.has_content = false;
	if (not_modified[_i].coding != NULL)
		answer_field(&answer, SLICE_LITERAL("Content-Encoding"),
		    slice_from_text(not_modified[_i].coding));
	compress_answer(&exchange, &answer);
	ck_assert_str_eq(field("ETag"), not_modified[_i].etag);
	ck_assert_str_eq(field("Vary"), not_modified[_i].vary);
	ck_assert_str_eq(field("Content-Encoding"), "");
	ck_assert(!answer.has_content && !answer.hides_length);
}
END_TEST

START_TEST(weak_etag_stays_weak)
{
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_memory(SMALL_BYTES);
	*answer_find_field(&answer, SLICE_LITERAL("ETag")) = SLICE_LITERAL("W/\"abc\"");
	compress_answer(&exchange, &answer);
	assert_compressed("gzip");
}
END_TEST

START_TEST(answer_without_etag_gets_none)
{
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_memory(SMALL_BYTES);
	answer_remove_field(&answer, SLICE_LITERAL("ETag"));
	compress_answer(&exchange, &answer);
	ck_assert_str_eq(field("Content-Encoding"), "gzip");
	ck_assert_str_eq(field("ETag"), "");
}
END_TEST

static const struct {
	enum config_coding first, second;
	const char *accepted;
	const char *wanted;
} choices[] = {
	{ CONFIG_CODING_ZSTD, CONFIG_CODING_GZIP, "gzip, zstd", "zstd" },
	{ CONFIG_CODING_GZIP, CONFIG_CODING_ZSTD, "gzip, zstd", "gzip" },
	{ CONFIG_CODING_ZSTD, CONFIG_CODING_GZIP, "gzip", "gzip" },
	{ CONFIG_CODING_ZSTD, CONFIG_CODING_GZIP, "gzip, zstd;q=0.5", "gzip" },
	{ CONFIG_CODING_BR, CONFIG_CODING_GZIP, "*", "br" },
	{ CONFIG_CODING_BR, CONFIG_CODING_GZIP, "x-gzip", "gzip" },
};

START_TEST(administrator_chooses_among_what_is_accepted)
{
	settings.codings[0] = choices[_i].first;
	settings.codings[1] = choices[_i].second;
	settings.coding_count = 2;
	if (!codec_is_built(choices[_i].first) || !codec_is_built(choices[_i].second))
		return;
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, choices[_i].accepted);
	answer_with_memory(SMALL_BYTES);
	compress_answer(&exchange, &answer);
	assert_compressed(choices[_i].wanted);
}
END_TEST

/* A full answer is sent as it is; without room for Vary it must not be sent. */
START_TEST(many_fields_leave_no_room)
{
	ask_with(HTTP_FIELD_ACCEPT_ENCODING, "gzip");
	answer_with_memory(SMALL_BYTES);
	while (answer.field_count < ANSWER_FIELDS_MAX - 1 + (unsigned)_i)
		answer_field(&answer, SLICE_LITERAL("X"), SLICE_LITERAL("y"));
	compress_answer(&exchange, &answer);
	ck_assert_str_eq(field("Content-Encoding"), "");
	ck_assert_uint_eq(answer.content_bytes, SMALL_BYTES);
	ck_assert(answer.lacks_room == (_i == 1));
}
END_TEST

/* Those that ask for gzip. */
static void
add_gzip_tests(TCase *tcase)
{
	tcase_add_test(tcase, small_file_that_shrinks_is_left_as_it_is);
	tcase_add_loop_test(tcase, without_memory_it_is_left_as_it_is, 0, 8);
	tcase_add_loop_test(tcase, some_answers_are_left_alone, 0, COUNT_OF(left_alone));
	tcase_add_test(tcase, coded_file_is_not_coded_twice);
	tcase_add_loop_test(tcase, some_answers_are_compressed, 0, COUNT_OF(compressed));
	tcase_add_loop_test(tcase, head_says_what_get_would, 0, 2);
	tcase_add_test(tcase, head_without_coding_has_its_length);
	tcase_add_loop_test(tcase, not_modified_says_what_ok_would, 0, COUNT_OF(not_modified));
	tcase_add_test(tcase, weak_etag_stays_weak);
	tcase_add_test(tcase, answer_without_etag_gets_none);
	tcase_add_loop_test(tcase, many_fields_leave_no_room, 0, 2);
}

int
main(void)
{
	Suite *suite = suite_create("compress");
	TCase *tcase = tcase_create("compress");
	SRunner *runner = srunner_create(suite);
	int failed_count, coding_count = COUNT_OF(codings);

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, small_content_is_compressed_at_once, 0, coding_count);
	tcase_add_loop_test(tcase, large_file_is_compressed_by_pieces, 0, 3 * coding_count);
	tcase_add_loop_test(tcase, segments_come_in_their_order, 0, 2 * coding_count);
	tcase_add_loop_test(tcase, source_passes_through, 0, coding_count);
	tcase_add_loop_test(tcase, many_answers_are_given_up, 0, coding_count);
	tcase_add_loop_test(tcase, level_is_that_of_the_coding, 0, coding_count);
	tcase_add_loop_test(tcase, source_that_fails_ends_it, 0, coding_count);
	tcase_add_loop_test(tcase, file_that_shrinks_ends_it, 0, coding_count);
	tcase_add_loop_test(tcase, file_that_grows_gives_no_more, 0, coding_count);
	tcase_add_loop_test(tcase, what_does_not_become_smaller_is_left_as_it_is, 0,
	    coding_count);
	if (codec_is_built(CONFIG_CODING_GZIP))
		add_gzip_tests(tcase);
	tcase_add_loop_test(tcase, administrator_chooses_among_what_is_accepted, 0,
	    COUNT_OF(choices));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
