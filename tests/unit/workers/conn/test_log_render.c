/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/conn/log_render.c and log_writer.c: what records look like, that no client forges
 * one, and that long values leave them whole. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/lib/flat_json.h"
#include "workers/conn/log_render.h"

static struct http_request request;     /* of the sample record */
static struct answer answer;            /* the same */

static void
add_field(const char *name, struct slice value, enum http_field_id id)
{
	struct http_field *field = &request.fields[request.field_count++];

	field->name = slice_from_text(name);
	field->value = value;
	field->id = id;
	if (id != HTTP_FIELD_OTHER && request.first_field[id] == 0)
		request.first_field[id] = (uint16_t)request.field_count;
}

static struct log_record
sample_record(void)
{
	struct log_record record = {
		.client = SLICE_LITERAL("192.0.2.7"),
		.started_wall_s = 971211336, .started_wall_ms = 7, .utc_offset_min = -420,
		.duration_us = 1234567,
		.method = SLICE_LITERAL("GET"), .target = SLICE_LITERAL("/a/b.html?x=1&y=2"),
		.request_line = SLICE_LITERAL("GET /a/b.html?x=1&y=2 HTTP/1.1"),
		.protocol = SLICE_LITERAL("HTTP/1.1"), .host = SLICE_LITERAL("example.org"),
		.status = 200, .body_sent_bytes = 2326, .sent_bytes = 2600, .received_bytes = 310,
		.connection_request_count = 3, .pid = 4711, .is_kept_alive = true,
		.request = &request,
		.answer = &answer,
		.peer = SLICE_LITERAL("198.51.100.1"),
		.port = 8080,
		.id_seed = 0x9f86d081884c7d65,
		.id_count = 26,
	};

	memset(&answer, 0, sizeof answer);
	answer.fields[0].name = SLICE_LITERAL("Vary");
	answer.fields[0].value = SLICE_LITERAL("Origin");
	answer.field_count = 1;

	memset(&request, 0, sizeof request);
	request.path = SLICE_LITERAL("/a/b.html");
	request.query = SLICE_LITERAL("x=1&y=2");
	request.has_query = true;
	add_field("Host", SLICE_LITERAL("example.org"), HTTP_FIELD_HOST);
	add_field("User-Agent", SLICE_LITERAL("Test/1.0 (\"q\")"), HTTP_FIELD_USER_AGENT);
	add_field("Referer", SLICE_LITERAL("http://example.org/"), HTTP_FIELD_REFERER);
	add_field("X-Empty", SLICE_LITERAL(""), HTTP_FIELD_OTHER);
	add_field("X-Twice", SLICE_LITERAL("one"), HTTP_FIELD_OTHER);
	add_field("X-Twice", SLICE_LITERAL("two"), HTTP_FIELD_OTHER);
	return record;
}

/* The record with cap bytes of heap, so that a sanitizer sees what goes past them; ends in a NUL
 * in place of its newline. Freed by the caller. */
static char *
render_within(const char *format_text, const struct log_record *record, size_t cap)
{
	char errbuf[256];
	struct log_format *format = log_format_compile(format_text, errbuf, sizeof errbuf);
	char *out = malloc(cap);
	size_t bytes;

	ck_assert_msg(format != NULL, "%s", errbuf);
	ck_assert_ptr_nonnull(out);
	bytes = log_render(format, record, out, cap);
	log_format_free(&format);
	ck_assert_uint_gt(bytes, 0);
	ck_assert_uint_le(bytes, cap);
	ck_assert_int_eq(out[bytes - 1], '\n');
	ck_assert_ptr_eq(memchr(out, '\n', bytes), out + bytes - 1);
	ck_assert_ptr_null(memchr(out, '\0', bytes));
	out[bytes - 1] = '\0';
	return out;
}

static void
assert_renders(const char *format, const struct log_record *record, const char *wanted)
{
	char *out = render_within(format, record, 4096);

	ck_assert_str_eq(out, wanted);
	free(out);
}

static const struct {
	const char *format, *wanted;
} samples[] = {
	{ "common", "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "
	    "\"GET /a/b.html?x=1&y=2 HTTP/1.1\" 200 2326" },
	{ "combined", "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "
	    "\"GET /a/b.html?x=1&y=2 HTTP/1.1\" 200 2326 "
	    "\"http://example.org/\" \"Test/1.0 (\\\"q\\\")\"" },
	{ "json", "{\"time\":\"2000-10-10T13:55:36.007-07:00\",\"id\":\"9f86d081884c7d65-1a\","
	    "\"client\":\"192.0.2.7\",\"peer\":\"198.51.100.1\",\"user\":\"\","
	    "\"host\":\"example.org\",\"method\":\"GET\","
	    "\"target\":\"/a/b.html?x=1&y=2\",\"protocol\":\"HTTP/1.1\",\"status\":200,"
	    "\"body_bytes\":2326,\"sent_bytes\":2600,\"received_bytes\":310,"
	    "\"duration_us\":1234567,\"referer\":\"http://example.org/\","
	    "\"user_agent\":\"Test/1.0 (\\\"q\\\")\",\"pid\":4711,\"connection_request\":3,"
	    "\"aborted\":false}" },
	{ "%a|%l|%u|%s|%>s|%B|%b|%O|%I", "192.0.2.7|-|-|200|200|2326|2326|2600|310" },
	{ "%D|%T|%m|%U|%q|%H|%v|%V", "1234567|1|GET|/a/b.html|?x=1&y=2|HTTP/1.1|example.org|"
	    "example.org" },
	{ "%P|%X|%k|%%", "4711|+|2|%" },
	{ "%L|%p|%{c}a", "9f86d081884c7d65-1a|8080|198.51.100.1" },
	{ "%{s}T|%{ms}T|%{us}T", "1|1234|1234567" },
	{ "%{vary}o|%{X-None}o", "Origin|-" },
	{ "%{x-twice}i|%{X-Empty}i|%{X-None}i|%{HOST}i", "one|-|-|example.org" },
};

START_TEST(each_directive_shows_its_value)
{
	struct log_record record = sample_record();

	assert_renders(samples[_i].format, &record, samples[_i].wanted);
}
END_TEST

START_TEST(an_empty_record_is_dashes)
{
	struct log_record record = { .started_wall_s = 1700000000 };

	assert_renders("common", &record, "- - - [14/Nov/2023:22:13:20 +0000] \"-\" 0 -");
	assert_renders("%m %U%q %H %v %B %k %X %{Referer}i", &record, "- - - - 0 0 - -");
	assert_renders("json", &record,
	    "{\"time\":\"2023-11-14T22:13:20.000+00:00\","
	    "\"id\":\"0-0\",\"client\":\"\",\"peer\":\"\","
	    "\"user\":\"\",\"host\":\"\",\"method\":\"\","
	    "\"target\":\"\",\"protocol\":\"\","
	    "\"status\":0,\"body_bytes\":0,\"sent_bytes\":0,\"received_bytes\":0,"
	    "\"duration_us\":0,\"referer\":\"\",\"user_agent\":\"\",\"pid\":0,"
	    "\"connection_request\":0,\"aborted\":false}");
}
END_TEST

START_TEST(targets_of_any_form_are_split)
{
	struct log_record record = sample_record();

	record.target = SLICE_LITERAL("http://example.org/a?b");
	request.path = SLICE_LITERAL("/a");
	assert_renders("%U %q", &record, "/a ?b");
	record.target = SLICE_LITERAL("*");
	request.path = SLICE_LITERAL("");
	assert_renders("%U%q", &record, "*");
	record.target = SLICE_LITERAL("/x?");
	record.request = NULL;
	assert_renders("%U %q", &record, "/x ?");
}
END_TEST

START_TEST(numbers_and_states_reach_their_ends)
{
	struct log_record record = sample_record();

	record.sent_bytes = UINT64_MAX;
	record.duration_us = 999999;
	record.is_aborted = true;
	assert_renders("%O %T %X", &record, "18446744073709551615 0 X");
	record.is_aborted = record.is_kept_alive = false;
	assert_renders("%X", &record, "-");
}
END_TEST

static const struct {
	int64_t wall_s;
	int offset_min;
	const char *wanted;
} times[] = {
	{ 951782400, 0, "[29/Feb/2000:00:00:00 +0000]" },
	{ 951868800, 0, "[01/Mar/2000:00:00:00 +0000]" },
	{ 1709164800, 0, "[29/Feb/2024:00:00:00 +0000]" },
	{ 4107456000, 0, "[28/Feb/2100:00:00:00 +0000]" },
	{ 4107542400, 0, "[01/Mar/2100:00:00:00 +0000]" },
	{ 1735689599, 0, "[31/Dec/2024:23:59:59 +0000]" },
	{ 1735689599, 60, "[01/Jan/2025:00:59:59 +0100]" },
	{ 1735689600, -1, "[31/Dec/2024:23:59:00 -0001]" },
	{ 1735689600, 345, "[01/Jan/2025:05:45:00 +0545]" },
	{ 1735689600, 840, "[01/Jan/2025:14:00:00 +1400]" },
	{ 1735689600, -570, "[31/Dec/2024:14:30:00 -0930]" },
	{ INT64_MIN, 0, "[02/Jan/1970:00:00:00 +0000]" },
	{ INT64_MAX, 1439, "[31/Dec/9999:23:58:59 +2359]" },
};

START_TEST(times_are_local)
{
	struct log_record record = { .started_wall_s = times[_i].wall_s,
		.utc_offset_min = times[_i].offset_min };

	assert_renders("%t", &record, times[_i].wanted);
}
END_TEST

/* Every day of four centuries: each kind of leap year, against the C library. */
START_TEST(dates_agree_with_the_c_library)
{
	char errbuf[256], wanted[64], got[LOG_RECORD_MIN];
	struct log_format *format = log_format_compile("%t", errbuf, sizeof errbuf);

	for (int64_t day = 1; day < 146097 + 2; day++) {
		time_t wall_s = day * 86400 + (day * 7919) % 86400;
		struct log_record record = { .started_wall_s = wall_s };
		struct tm tm;
		size_t bytes = log_render(format, &record, got, sizeof got);

		gmtime_r(&wall_s, &tm);
		strftime(wanted, sizeof wanted, "[%d/%b/%Y:%H:%M:%S +0000]", &tm);
		got[bytes - 1] = '\0';
		ck_assert_str_eq(got, wanted);
	}
	log_format_free(&format);
}
END_TEST

/* Each byte, in the place where a forged record would come from. */
START_TEST(each_byte_is_escaped_in_text)
{
	static const char *const named[256] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
	};
	char value[3] = { 'a', (char)_i, 'b' }, middle[8], wanted[16];
	struct log_record record = { .request_line = { value, sizeof value } };

	if (named[_i] != NULL)
		snprintf(middle, sizeof middle, "%s", named[_i]);
	else if (_i < 0x20 || _i >= 0x7f)
		snprintf(middle, sizeof middle, "\\x%02x", (unsigned)_i);
	else
		snprintf(middle, sizeof middle, "%c", _i);
	snprintf(wanted, sizeof wanted, "\"a%sb\"", middle);
	assert_renders("\"%r\"", &record, wanted);
}
END_TEST

static void
assert_json_holds(const struct log_record *record, const char *wanted)
{
	char *out = render_within("json", record, 4096);

	ck_assert_msg(flat_json_is_valid(out), "not valid: %s", out);
	ck_assert_msg(strstr(out, wanted) != NULL, "no %s in %s", wanted, out);
	free(out);
}

START_TEST(each_byte_is_valid_in_json)
{
	static const char *const named[256] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
	};
	char value[3] = { 'a', (char)_i, 'b' }, middle[8], wanted[32];
	struct log_record record = { .target = { value, sizeof value } };

	if (named[_i] != NULL)
		snprintf(middle, sizeof middle, "%s", named[_i]);
	else if (_i < 0x20 || _i >= 0x7f)
		snprintf(middle, sizeof middle, "\\u00%02x", (unsigned)_i);
	else
		snprintf(middle, sizeof middle, "%c", _i);
	snprintf(wanted, sizeof wanted, "\"target\":\"a%sb\"", middle);
	assert_json_holds(&record, wanted);
}
END_TEST

static const struct {
	const char *value, *wanted;
} utf8[] = {
	{ "\xc3\xa9", "\xc3\xa9" },
	{ "\xe2\x82\xac", "\xe2\x82\xac" },
	{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	{ "\xc2\xa0", "\xc2\xa0" },
	{ "\xc2\x9b", "\\u009b" },                      /* CSI: a terminal would obey */
	{ "\xef\xbf\xbf", "\xef\xbf\xbf" },
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
	{ "\xc0\xaf", "\\u00c0\\u00af" },               /* longer than needed */
	{ "\xc1\xbf", "\\u00c1\\u00bf" },
	{ "\xe0\x9f\xbf", "\\u00e0\\u009f\\u00bf" },
	{ "\xf0\x8f\xbf\xbf", "\\u00f0\\u008f\\u00bf\\u00bf" },
	{ "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080" },    /* a surrogate */
	{ "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080" },
	{ "\xf5\x80\x80\x80", "\\u00f5\\u0080\\u0080\\u0080" },
	{ "\xc3", "\\u00c3" },                          /* cut off */
	{ "\xe2\x82", "\\u00e2\\u0082" },
	{ "\xf0\x9f\x98", "\\u00f0\\u009f\\u0098" },
	{ "\xc3(", "\\u00c3(" },
	{ "\xe2\x82\xc3\xa9", "\\u00e2\\u0082\xc3\xa9" },
	{ "\xe2\x80\xa8", "\xe2\x80\xa8" },
};

START_TEST(json_passes_on_valid_utf8_only)
{
	struct log_record record = { .host = slice_from_text(utf8[_i].value) };
	char wanted[64];

	snprintf(wanted, sizeof wanted, "\"host\":\"%s\",", utf8[_i].wanted);
	assert_json_holds(&record, wanted);
}
END_TEST

#define LONG_BYTES 20000

/* Values of which each alone is too long, of bytes that need the longest escapes too. */
static struct log_record
long_record(char *text, const char *fill)
{
	struct log_record record = sample_record();
	struct slice value = slice_make(text, LONG_BYTES);

	for (size_t i = 0; i < LONG_BYTES; i++)
		text[i] = fill[i % strlen(fill)];
	record.user = record.method = record.target = record.request_line = value;
	record.protocol = record.host = value;
	record.sent_bytes = record.received_bytes = record.body_sent_bytes = UINT64_MAX;
	record.duration_us = record.connection_request_count = UINT64_MAX;
	record.pid = -1;
	request.path = value;
	request.fields[1].value = request.fields[2].value = value;
	return record;
}

static const char *const fills[] = {
	"x", "\"", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xff", "ab\\\xe2\x82\xac\x7f",
};

START_TEST(long_values_leave_a_record_whole)
{
	static char text[LONG_BYTES];
	struct log_record record = long_record(text, fills[_i]);

	for (size_t cap = LOG_RECORD_MIN; cap < LOG_RECORD_MIN + 50; cap++) {
		char *json = render_within("json", &record, cap);
		char *line = render_within("combined", &record, cap);

		ck_assert_msg(flat_json_is_valid(json), "cap %zu: %s", cap, json);
		ck_assert_ptr_nonnull(strstr(json, "\"client\":\"192.0.2.7\""));
		ck_assert_ptr_nonnull(strstr(json, ",\"aborted\":false}"));
		ck_assert_ptr_nonnull(strstr(line, "[10/Oct/2000:13:55:36 -0700] \""));
		ck_assert_ptr_nonnull(strstr(line, "\" 200 18446744073709551615 \""));
		ck_assert_int_eq(line[strlen(line) - 1], '"');
		/* No more is cut than a little of each of up to seven values. */
		ck_assert_uint_gt(strlen(json), cap - 7 * (cap / 64 + 6));
		ck_assert_uint_gt(strlen(line), cap - 7 * (cap / 64 + 6));
		free(json);
		free(line);
	}
}
END_TEST

/* Breaks when a long value takes room from short ones. */
START_TEST(only_the_longest_value_is_cut)
{
	static char text[LONG_BYTES];
	struct log_record record = sample_record();
	char *line;

	memset(text, 'u', sizeof text);
	request.fields[1].value = slice_make(text, sizeof text);
	line = render_within("combined", &record, LOG_RECORD_MIN);
	ck_assert_uint_ge(strlen(line), LOG_RECORD_MIN - 1 - LOG_RECORD_MIN / 64);
	ck_assert_ptr_nonnull(strstr(line, "\"GET /a/b.html?x=1&y=2 HTTP/1.1\" 200 2326 "
	    "\"http://example.org/\" \"uuuu"));
	free(line);
}
END_TEST

/* The longest format that compiles, of each kind of part, with the longest numbers. */
START_TEST(the_longest_format_fits_the_smallest_cap)
{
	static char text[LONG_BYTES];
	struct log_record record = long_record(text, fills[_i]);
	const char *const parts[] = { "%D", "%h", "%t", "%{Referer}i", "%q", "x" };

	for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
		char format_text[8192] = "", longer[8192], errbuf[256], *line;
		struct log_format *format;

		/* "%l" ends it: its "-" shows that the end of the record is in its place. */
		for (;;) {
			snprintf(longer, sizeof longer, "%.8000s%s%%l", format_text, parts[part]);
			format = log_format_compile(longer, errbuf, sizeof errbuf);
			if (format == NULL)
				break;
			log_format_free(&format);
			strcat(format_text, parts[part]);
		}
		ck_assert_ptr_nonnull(strstr(errbuf, "too long"));
		strcat(format_text, "%l");
		line = render_within(format_text, &record, LOG_RECORD_MIN);
		ck_assert_int_eq(line[strlen(line) - 1], '-');
		free(line);
	}
}
END_TEST

static const char *const limit_formats[] = { "combined", "json" };

START_TEST(whole_record_is_uncut_or_none)
{
	struct log_record record = sample_record();
	char errbuf[256], all[4096], *out;
	struct log_format *format = log_format_compile(limit_formats[_i], errbuf, sizeof errbuf);
	size_t bytes;

	ck_assert_msg(format != NULL, "%s", errbuf);
	bytes = log_render(format, &record, all, sizeof all);
	for (size_t cap = 0; cap < bytes + 2; cap++) {
		out = malloc(cap + 1);
		ck_assert_uint_eq(log_render_whole(format, &record, out, cap),
		    cap < bytes ? 0 : bytes);
		if (cap >= bytes)
			ck_assert_mem_eq(out, all, bytes);
		free(out);
	}
	log_format_free(&format);
}
END_TEST

START_TEST(too_small_a_buffer_is_never_overrun)
{
	struct log_record record = sample_record();
	char errbuf[256], *out;
	struct log_format *format = log_format_compile("combined", errbuf, sizeof errbuf);

	for (size_t cap = 0; cap < 200; cap++) {
		out = malloc(cap + 1);
		out[cap] = '#';
		ck_assert_uint_le(log_render(format, &record, out, cap), cap);
		ck_assert_int_eq(out[cap], '#');
		free(out);
	}
	log_format_free(&format);
}
END_TEST

/* Escapes are looked for in words that overlap at the end of a value. */
START_TEST(an_escape_is_found_at_any_place)
{
	char sent[41], wanted[64];
	struct log_record record = sample_record();

	for (size_t len = 1; len < sizeof sent; len++)
		for (size_t at = 0; at < len; at++) {
			memset(sent, 'a', len);
			sent[at] = '"';
			record.method = slice_make(sent, len);
			snprintf(wanted, sizeof wanted, "%.*s\\\"%.*s", (int)at, sent,
			    (int)(len - at - 1), sent + at + 1);
			assert_renders("%m", &record, wanted);
		}
}
END_TEST

START_TEST(a_kept_clock_changes_no_time)
{
	static const struct { int64_t wall_s; int utc_offset_min; } moments[] = {
		{ 0, 0 }, { 0, 0 }, { 971211336, -420 }, { 971211336, -420 },
		{ 971211337, -420 }, { 971211337, 60 }, { 971211336, 60 }, { -1, 60 },
	};
	static const char *const formats[] = { "%t", "json" };
	struct log_clock clock = { 0 };
	struct log_record record = sample_record();

	for (size_t i = 0; i < sizeof moments / sizeof moments[0] * 2; i++) {
		const char *format = formats[i % 2];
		char *alone;

		record.started_wall_s = moments[i / 2].wall_s;
		record.utc_offset_min = moments[i / 2].utc_offset_min;
		record.started_wall_ms = (unsigned)i * 63;
		record.clock = NULL;
		alone = render_within(format, &record, 4096);
		record.clock = &clock;
		assert_renders(format, &record, alone);
		free(alone);
	}
}
END_TEST

#define ROWS(table) ((int)(sizeof (table) / sizeof (table)[0]))

int
main(void)
{
	Suite *suite = suite_create("log_render");
	TCase *values = tcase_create("values"), *limits = tcase_create("limits");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(values, each_directive_shows_its_value, 0, ROWS(samples));
	tcase_add_test(values, an_empty_record_is_dashes);
	tcase_add_test(values, targets_of_any_form_are_split);
	tcase_add_test(values, numbers_and_states_reach_their_ends);
	tcase_add_loop_test(values, times_are_local, 0, ROWS(times));
	tcase_add_test(values, dates_agree_with_the_c_library);
	tcase_add_loop_test(values, each_byte_is_escaped_in_text, 0, 256);
	tcase_add_loop_test(values, each_byte_is_valid_in_json, 0, 256);
	tcase_add_loop_test(values, json_passes_on_valid_utf8_only, 0, ROWS(utf8));
	tcase_add_test(values, an_escape_is_found_at_any_place);
	tcase_add_test(values, a_kept_clock_changes_no_time);
	suite_add_tcase(suite, values);
	tcase_add_loop_test(limits, long_values_leave_a_record_whole, 0, ROWS(fills));
	tcase_add_test(limits, only_the_longest_value_is_cut);
	tcase_add_loop_test(limits, the_longest_format_fits_the_smallest_cap, 0, ROWS(fills));
	tcase_add_loop_test(limits, whole_record_is_uncut_or_none, 0, ROWS(limit_formats));
	tcase_add_test(limits, too_small_a_buffer_is_never_overrun);
	suite_add_tcase(suite, limits);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
