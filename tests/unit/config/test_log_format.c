/* SPDX-License-Identifier: BSD-2-Clause */
/* config/log_format.c: which formats compile, to what steps, and what is said of the others. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/log_format.h"

/* Steps as text: a number for the kind, "=text" behind it where there is some. */
static void
describe(const struct log_format *format, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < format->step_count; i++) {
		const struct log_step *step = &format->steps[i];

		len += (size_t)snprintf(out + len, cap - len, "%s%d%s%s", i == 0 ? "" : "|",
		    (int)step->kind, step->text == NULL ? "" : "=",
		    step->text == NULL ? "" : step->text);
		ck_assert_uint_lt(len, cap);
	}
}

struct kind_text { enum log_step_kind kind; const char *text; };

static const struct {
	const char *format;
	struct kind_text steps[16];
	size_t step_count;
} good[] = {
	{ "%h", { { LOG_STEP_CLIENT, NULL } }, 1 },
	{ "%s%>s%<s", { { LOG_STEP_STATUS, NULL }, { LOG_STEP_STATUS, NULL },
	    { LOG_STEP_STATUS, NULL } }, 3 },
	{ "100%% %b", { { LOG_STEP_TEXT, "100" }, { LOG_STEP_TEXT, "% " },
	    { LOG_STEP_BODY_BYTES_CLF, NULL } }, 3 },
	{ "%%%%%B", { { LOG_STEP_TEXT, "%" }, { LOG_STEP_TEXT, "%" },
	    { LOG_STEP_BODY_BYTES, NULL } }, 3 },
	{ "%m\t%U%q", { { LOG_STEP_METHOD, NULL }, { LOG_STEP_TEXT, "\t" },
	    { LOG_STEP_TARGET, NULL }, { LOG_STEP_QUERY, NULL } }, 4 },
	{ "%{X-Forwarded-For}i", { { LOG_STEP_FIELD, "X-Forwarded-For" } }, 1 },
	{ "%{Vary}o%{c}a", { { LOG_STEP_ANSWER_FIELD, "Vary" }, { LOG_STEP_PEER, NULL } }, 2 },
	{ "%{s}T%{ms}T%{us}T", { { LOG_STEP_DURATION_S, NULL }, { LOG_STEP_DURATION_MS, NULL },
	    { LOG_STEP_DURATION_US, NULL } }, 3 },
	{ "%{SSL_PROTOCOL}x %{SSL_CIPHER}x", { { LOG_STEP_TLS_PROTOCOL, NULL },
	    { LOG_STEP_TEXT, " " }, { LOG_STEP_TLS_CIPHER, NULL } }, 3 },
	{ "%{SSL_CLIENT_S_DN}x", { { LOG_STEP_TLS_CLIENT_SUBJECT, NULL } }, 1 },
	{ "%{SSL_CLIENT_VERIFY}x", { { LOG_STEP_TLS_CLIENT_VERIFY, NULL } }, 1 },
	{ "%{SSL_TLS_SNI}x", { { LOG_STEP_TLS_SNI, NULL } }, 1 },
	{ "%L%p", { { LOG_STEP_ID, NULL }, { LOG_STEP_PORT, NULL } }, 2 },
	{ "%a%v%V%H", { { LOG_STEP_CLIENT, NULL }, { LOG_STEP_HOST, NULL },
	    { LOG_STEP_HOST, NULL }, { LOG_STEP_PROTOCOL, NULL } }, 4 },
	{ "%I%O%D%T%P%X%k", { { LOG_STEP_RECEIVED_BYTES, NULL }, { LOG_STEP_SENT_BYTES, NULL },
	    { LOG_STEP_DURATION_US, NULL }, { LOG_STEP_DURATION_S, NULL },
	    { LOG_STEP_PID, NULL }, { LOG_STEP_CONNECTION_STATUS, NULL },
	    { LOG_STEP_KEEPALIVE_COUNT, NULL } }, 7 },
	{ "common", { { LOG_STEP_CLIENT, NULL }, { LOG_STEP_TEXT, " " },
	    { LOG_STEP_IDENT, NULL }, { LOG_STEP_TEXT, " " }, { LOG_STEP_USER, NULL },
	    { LOG_STEP_TEXT, " " }, { LOG_STEP_TIME, NULL }, { LOG_STEP_TEXT, " \"" },
	    { LOG_STEP_REQUEST_LINE, NULL }, { LOG_STEP_TEXT, "\" " },
	    { LOG_STEP_STATUS, NULL }, { LOG_STEP_TEXT, " " },
	    { LOG_STEP_BODY_BYTES_CLF, NULL } }, 13 },
};

START_TEST(good_formats_become_their_steps)
{
	char errbuf[256] = "", wanted[512] = "", got[512];
	struct log_format *format = log_format_compile(good[_i].format, errbuf, sizeof errbuf);
	struct log_step steps[16];
	struct log_format expected = { steps, good[_i].step_count, false };

	for (size_t i = 0; i < good[_i].step_count; i++) {
		steps[i].kind = good[_i].steps[i].kind;
		steps[i].text = (char *)(uintptr_t)good[_i].steps[i].text;
	}
	ck_assert_msg(format != NULL, "%s: %s", good[_i].format, errbuf);
	describe(&expected, wanted, sizeof wanted);
	describe(format, got, sizeof got);
	ck_assert_str_eq(got, wanted);
	ck_assert(!format->is_json);
	log_format_free(&format);
	ck_assert_ptr_null(format);
}
END_TEST

START_TEST(names_stand_for_formats)
{
	char errbuf[256], named[512], written[512];
	struct log_format *combined = log_format_compile("combined", errbuf, sizeof errbuf);
	struct log_format *same = log_format_compile("%h %l %u %t \"%r\" %>s %b "
	    "\"%{Referer}i\" \"%{User-Agent}i\"", errbuf, sizeof errbuf);
	struct log_format *json = log_format_compile("json", errbuf, sizeof errbuf);

	ck_assert(combined != NULL && same != NULL && json != NULL);
	describe(combined, named, sizeof named);
	describe(same, written, sizeof written);
	ck_assert_str_eq(named, written);
	ck_assert(json->is_json);
	ck_assert_uint_eq(json->step_count, 0);
	log_format_free(&combined);
	log_format_free(&same);
	log_format_free(&json);
	log_format_free(&json);
}
END_TEST

static const struct {
	const char *format, *message_part;
} bad[] = {
	{ "", "no log format" },
	{ "combind", "\"combind\" is no log format, expected common, combined, json" },
	{ "100%%", "no log format" },
	{ "%h %y", "unknown directive %y at byte 4" },
	{ "%h %", "at the end of the format" },
	{ "%h %>", "unknown directive %>" },
	{ "%>h", "unknown directive %>h" },
	{ "%{Referer", "without \"}\"" },
	{ "%{Referer}", "expected %{Name}i" },
	{ "%{Referer}x", "unknown directive %{Referer}x" },
	{ "%{ssl_cipher}x", "%{SSL_PROTOCOL}x, %{SSL_CIPHER}x, %{SSL_CLIENT_S_DN}x, "
	    "%{SSL_CLIENT_VERIFY}x or %{SSL_TLS_SNI}x" },
	{ "%x", "unknown directive %x" },
	{ "%{min}T", "unknown directive %{min}T" },
	{ "%{ms}D", "unknown directive %{ms}D" },
	{ "%{}o", "the name of a header field" },
	{ "%{Authorization}i", "would write credentials" },
	{ "%{proxy-authorization}i", "would write credentials" },
	{ "%h %{COOKIE}i", "would write credentials" },
	{ "%{Set-Cookie}o", "would write credentials" },
	{ "%{%d}t", "unknown directive %{%d}t" },
	{ "%{}i", "the name of a header field" },
	{ "%{two words}i", "the name of a header field" },
	{ "%{na\xc3\xafve}i", "the name of a header field" },
	{ "%h\n%u", "control byte 0x0a at byte 3" },
	{ "%h \x1b[2J", "control byte 0x1b at byte 4" },
	{ "%%\n%h", "control byte 0x0a" },
	{ "%\n", "control byte 0x0a at byte 2" },
	{ "%h %{a\nb}i", "control byte 0x0a at byte 7" },
};

START_TEST(bad_formats_are_explained)
{
	char errbuf[256] = "";
	struct log_format *format = log_format_compile(bad[_i].format, errbuf, sizeof errbuf);

	ck_assert_msg(format == NULL, "compiled: %s", bad[_i].format);
	ck_assert_msg(strstr(errbuf, bad[_i].message_part) != NULL, "%s: %s", bad[_i].format,
	    errbuf);
}
END_TEST

/* Breaks when the sum forgets text or directives: a record could then not be kept whole. */
START_TEST(least_record_is_bounded)
{
	char text[LOG_FORMAT_LEAST_MAX + 8], errbuf[256];
	struct log_format *format;
	unsigned count = 0;

	memset(text, 'x', sizeof text);
	memcpy(text, "%l", 2);
	text[LOG_FORMAT_LEAST_MAX + 1] = '\0';
	format = log_format_compile(text, errbuf, sizeof errbuf);
	ck_assert_msg(format != NULL, "%s", errbuf);
	log_format_free(&format);
	text[LOG_FORMAT_LEAST_MAX + 1] = 'x';
	text[LOG_FORMAT_LEAST_MAX + 2] = '\0';
	ck_assert_ptr_null(log_format_compile(text, errbuf, sizeof errbuf));
	ck_assert_ptr_nonnull(strstr(errbuf, "too long"));
	for (count = 0; count < LOG_FORMAT_LEAST_MAX / 20 + 1; count++)
		memcpy(text + 2 * count, "%D", 3);
	ck_assert_ptr_null(log_format_compile(text, errbuf, sizeof errbuf));
	ck_assert_ptr_nonnull(strstr(errbuf, "too long"));
}
END_TEST

START_TEST(a_small_error_buffer_is_respected)
{
	char errbuf[16];

	memset(errbuf, '#', sizeof errbuf);
	ck_assert_ptr_null(log_format_compile("%h %y", errbuf, 8));
	ck_assert_uint_eq(strlen(errbuf), 7);
	ck_assert_int_eq(errbuf[8], '#');
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log_format");
	TCase *tcase = tcase_create("log_format");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, good_formats_become_their_steps, 0,
	    (int)(sizeof good / sizeof good[0]));
	tcase_add_test(tcase, names_stand_for_formats);
	tcase_add_loop_test(tcase, bad_formats_are_explained, 0, (int)(sizeof bad / sizeof bad[0]));
	tcase_add_test(tcase, least_record_is_bounded);
	tcase_add_test(tcase, a_small_error_buffer_is_respected);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
