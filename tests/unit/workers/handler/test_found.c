/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/found.c: what is said of a file. Two variants of one address with the same tag,
 * a cache that is not told on what an answer depends, or a range of coded bytes breaks it. */
#include <unistd.h>

#include "tests/unit/workers/handler/file_exchange.h"
#include "workers/handler/variants.h"

#define MODIFIED_S 1700000000
#define MODIFIED "Tue, 14 Nov 2023 22:13:20 GMT"
#define PLAIN_TAG "\"17979cfe362a0000-a\""
#define CODED_TAG "\"17979cfe362a0000-a-gzip\""

static const char *
field(const char *name)
{
	static char values[4][256];
	static int next;
	char *value = values[next = (next + 1) % 4];

	value[0] = '\0';
	for (unsigned i = 0; i < answer.field_count; i++)
		if (slice_equal_nocase(answer.fields[i].name, slice_from_text(name)))
			snprintf(value, sizeof values[0], "%.*s", (int)answer.fields[i].value.len,
			    answer.fields[i].value.data);
	return value;
}

/* Each file has ten bytes and the same time. */
static void
make_files(const char *names)
{
	struct config_texts list;

	set_texts(&list, names);
	for (size_t i = 0; i < list.count; i++) {
		char path[128];

		snprintf(path, sizeof path, "root/%s", list.items[i]);
		scratch_write(path, "0123456789");
		set_time(path, MODIFIED_S, 0);
	}
}

static void
allow_coded(void)
{
	settings->precompressed = true;
	set_texts(&settings->compress_types, "text/");
	settings->codings[0] = CONFIG_CODING_GZIP;
	settings->coding_count = 1;
}

static void
answer_for(const char *below)
{
	struct found found;
	int open_count = process_open_count();

	ck_assert_int_ge(variants_open(&exchange, root_fds[0], slice_from_text(below), &found), 0);
	found_answer(&exchange, &answer, &found);
	ck_assert_int_eq(found.fd, -1);
	ck_assert_int_eq(process_open_count(), open_count + (answer.file_fd >= 0));
}

START_TEST(whole_file)
{
	make_files("a.txt");
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(field("Content-Type"), "text/plain; charset=utf-8");
	ck_assert_str_eq(field("ETag"), PLAIN_TAG);
	ck_assert_str_eq(field("Last-Modified"), MODIFIED);
	ck_assert_str_eq(field("Accept-Ranges"), "bytes");
	ck_assert_str_eq(field("Vary"), "");
	ck_assert_str_eq(field("Content-Language"), "");
	ck_assert_text(answer.media_type, "text/plain");
	ck_assert_uint_eq(answer.whole_bytes, 10);
	ck_assert_uint_eq(answer.content_bytes, 10);
	ck_assert(answer.is_file);
}
END_TEST

START_TEST(coded_file)
{
	make_files("a.txt a.txt.gz");
	allow_coded();
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(field("Content-Type"), "text/plain; charset=utf-8");
	ck_assert_str_eq(field("Content-Encoding"), "gzip");
	ck_assert_str_eq(field("ETag"), CODED_TAG);
	ck_assert_str_eq(field("Accept-Ranges"), "");
	ck_assert_str_eq(field("Vary"), "Accept-Encoding");
	ck_assert_text(answer.media_type, "text/plain");
}
END_TEST

/* The same time and size, and yet not the same. */
START_TEST(tags_of_variants_differ)
{
	static const char *const accept[] = { "en", "de", "pt-br" };
	static const char *const tags[] = { "\"17979cfe362a0000-a-en-gzip\"",
		"\"17979cfe362a0000-a-de-gzip\"", "\"17979cfe362a0000-a-pt-br-gzip\"" };

	make_files("a.txt.en a.txt.de a.txt.pt-br a.txt.en.gz a.txt.de.gz a.txt.pt-br.gz");
	allow_coded();
	set_texts(&settings->languages, "en de pt-br");
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", accept[_i]);
	answer_for("a.txt");
	ck_assert_str_eq(field("ETag"), tags[_i]);
	ck_assert_str_eq(field("Content-Language"), accept[_i]);
	ck_assert_str_eq(field("Vary"), "Accept-Language, Accept-Encoding");
	ck_assert_str_eq(field("Content-Type"), "text/plain; charset=utf-8");
}
END_TEST

static const struct {
	enum http_field_id id;
	const char *name, *value;
	const char *coding;         /* Accept-Encoding; "": none */
	unsigned status;
	const char *etag, *encoding;
	uint64_t content_bytes;
} conditions[] = {
	{ HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", PLAIN_TAG, "", 304, PLAIN_TAG, "", 0 },
	/* compress.c takes the coding out of a 304: it is there to leave the tag strong. */
	{ HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", CODED_TAG, "gzip", 304, CODED_TAG, "gzip",
	    0 },
	{ HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", CODED_TAG, "", 200, PLAIN_TAG, "", 10 },
	{ HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", PLAIN_TAG, "gzip", 200, CODED_TAG, "gzip",
	    10 },
	{ HTTP_FIELD_IF_MODIFIED_SINCE, "If-Modified-Since", MODIFIED, "gzip", 304, CODED_TAG,
	    "gzip", 0 },
	{ HTTP_FIELD_RANGE, "Range", "bytes=2-4", "gzip", 206, PLAIN_TAG, "", 3 },
	{ HTTP_FIELD_RANGE, "Range", "bytes=2-4", "", 206, PLAIN_TAG, "", 3 },
	{ HTTP_FIELD_RANGE, "Range", "lines=2-4", "gzip", 200, PLAIN_TAG, "", 10 },
};

START_TEST(caches_are_told)
{
	make_files("a.txt a.txt.gz");
	allow_coded();
	set_field(conditions[_i].id, conditions[_i].name, conditions[_i].value);
	if (conditions[_i].coding[0] != '\0')
		set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", conditions[_i].coding);
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, conditions[_i].status);
	ck_assert_str_eq(field("ETag"), conditions[_i].etag);
	ck_assert_str_eq(field("Content-Encoding"), conditions[_i].encoding);
	ck_assert_str_eq(field("Vary"), "Accept-Encoding");
	/* Beside a tag the date says nothing new to a cache. */
	ck_assert_str_eq(field("Last-Modified"), conditions[_i].status == 304 ? "" : MODIFIED);
	ck_assert_uint_eq(answer.content_bytes, conditions[_i].content_bytes);
	ck_assert_text(answer.media_type, "text/plain");
	ck_assert_uint_eq(answer.whole_bytes, 10);
	ck_assert(answer.is_file);
}
END_TEST

/* If-Range with the tag of the coded file: what was begun with cannot be gone on with. */
START_TEST(range_of_a_coded_file_gets_the_plain_one)
{
	make_files("a.txt a.txt.gz");
	allow_coded();
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	set_field(HTTP_FIELD_RANGE, "Range", "bytes=2-4");
	set_field(HTTP_FIELD_IF_RANGE, "If-Range", CODED_TAG);
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(field("Content-Encoding"), "");
	ck_assert_uint_eq(answer.content_bytes, 10);
}
END_TEST

START_TEST(errors_say_on_what_they_depend)
{
	make_files("a.txt a.txt.en");
	set_texts(&settings->languages, "en");
	if (_i == 0)
		set_field(HTTP_FIELD_IF_MATCH, "If-Match", "\"other\"");
	else
		set_field(HTTP_FIELD_RANGE, "Range", "bytes=10-");
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, _i == 0 ? 412 : 416);
	ck_assert_str_eq(field("Vary"), "Accept-Language");
	ck_assert_str_eq(field("Content-Range"), _i == 0 ? "" : "bytes */10");
	ck_assert(!answer.is_file);
	ck_assert_int_eq(answer.file_fd, -1);
}
END_TEST

/* Conditions, ranges and codings were asked of the page, not of what it includes. */
START_TEST(include_gets_the_plain_file)
{
	make_files("a.txt a.txt.gz");
	allow_coded();
	exchange.depth = 1;
	set_field(HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", "*");
	set_field(HTTP_FIELD_RANGE, "Range", "bytes=0-0");
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_uint_eq(answer.content_bytes, 10);
	ck_assert_str_eq(field("Content-Encoding"), "");
	ck_assert_str_eq(field("Vary"), "");
}
END_TEST

START_TEST(tags_and_ranges_can_be_off)
{
	make_files("a.txt");
	settings->etag = false;
	settings->max_range_count = 0;
	set_field(HTTP_FIELD_RANGE, "Range", "bytes=0-0");
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(field("ETag"), "");
	ck_assert_str_eq(field("Accept-Ranges"), "");
}
END_TEST

/* A file from tomorrow: the answer was not made before it (RFC 9110 8.8.2.1). */
START_TEST(no_date_is_in_the_future)
{
	make_files("a.txt");
	exchange.now_wall_s = MODIFIED_S - 86400;
	answer_for("a.txt");
	ck_assert_str_eq(field("Last-Modified"), "Mon, 13 Nov 2023 22:13:20 GMT");
}
END_TEST

START_TEST(empty_file_has_no_content)
{
	scratch_write("root/a.txt", "");
	answer_for("a.txt");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_uint_eq(answer.segment_count, 0);
	ck_assert(answer.has_content && answer.is_file);
}
END_TEST

/* No validators: the page is made of more than its file. */
START_TEST(page_with_includes_is_made_anew)
{
	make_files("a.html a.html.gz b.txt");
	allow_coded();
	settings->ssi = true;
	set_field(HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", PLAIN_TAG);
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	answer_for("a.html");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(field("Content-Type"), "text/html; charset=utf-8");
	ck_assert_str_eq(field("ETag"), "");
	ck_assert_str_eq(field("Last-Modified"), "");
	ck_assert_str_eq(field("Content-Encoding"), "");
	ck_assert_str_eq(field("Accept-Ranges"), "");
	ck_assert_text(answer.media_type, "text/html");
	answer_restart(&answer);
	answer_for("b.txt");
	ck_assert_uint_eq(answer.status, 304);
}
END_TEST

START_TEST(lack_of_room_is_an_error)
{
	struct found found;

	make_files("a.txt");
	ck_assert_int_ge(variants_open(&exchange, root_fds[0], SLICE_LITERAL("a.txt"), &found), 0);
	answer.field_count = ANSWER_FIELDS_MAX;
	found_answer(&exchange, &answer, &found);
	ck_assert_uint_eq(answer.status, 500);
	ck_assert_int_eq(answer.file_fd, -1);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("found");

	tcase_add_test(tcase, whole_file);
	tcase_add_test(tcase, coded_file);
	tcase_add_loop_test(tcase, tags_of_variants_differ, 0, 3);
	tcase_add_loop_test(tcase, caches_are_told, 0, COUNT_OF(conditions));
	tcase_add_test(tcase, range_of_a_coded_file_gets_the_plain_one);
	tcase_add_loop_test(tcase, errors_say_on_what_they_depend, 0, 2);
	tcase_add_test(tcase, include_gets_the_plain_file);
	tcase_add_test(tcase, tags_and_ranges_can_be_off);
	tcase_add_test(tcase, no_date_is_in_the_future);
	tcase_add_test(tcase, empty_file_has_no_content);
	tcase_add_test(tcase, page_with_includes_is_made_anew);
	tcase_add_test(tcase, lack_of_room_is_an_error);
	return exchange_run("found", tcase);
}
