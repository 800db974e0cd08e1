/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens, values, lists, entity tags. A byte in the wrong class, or a comma in quotes that
 * ends an element, breaks it.
 */
#include "tests/unit/workers/http/asserts.h"
#include "workers/http/headers.h"

START_TEST(byte_classes_are_those_of_the_rfc)
{
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z');
		bool is_tchar = is_alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);

		ck_assert_msg(http_is_token_byte((unsigned char)c) == is_tchar, "token %#x",
		    (unsigned)c);
		ck_assert(http_is_token(slice_make(&byte, 1)) == is_tchar);
		ck_assert_msg(http_is_field_value(slice_make(&byte, 1)) ==
		    (c == '\t' || (c >= ' ' && c != 0x7f)), "value %#x", (unsigned)c);
	}
}
END_TEST

/* The scan takes eight bytes at a time: a bad byte must be found in each place of them,
 * with bytes around it that are next to the bounds. */
START_TEST(bad_byte_is_found_in_every_place)
{
	static const char neighbours[] = " \t~\x80\xff\x9f\xa0";
	char text[24];

	for (size_t n = 0; n < sizeof (neighbours) - 1; n++) {
		for (size_t at = 0; at < sizeof (text); at++) {
			memset(text, neighbours[n], sizeof (text));
			ck_assert(http_is_field_value(slice_make(text, sizeof (text))));
			text[at] = "\x7f\x1f\0\n"[(at + n) % 4];
			ck_assert(!http_is_field_value(slice_make(text, sizeof (text))));
			ck_assert(http_is_field_value(slice_make(text, at)));
			ck_assert(!http_is_field_value(slice_make(text, at + 1)));
		}
	}
}
END_TEST

START_TEST(token_is_whole)
{
	ck_assert(http_is_token(SLICE_LITERAL("Content-Type")));
	ck_assert(!http_is_token(SLICE_LITERAL("")));
	ck_assert(!http_is_token(SLICE_LITERAL("a b")));
	ck_assert(!http_is_token(SLICE_LITERAL("a:")));
	ck_assert(!http_is_token(SLICE_LITERAL("a\0")));
	ck_assert(http_is_field_value(SLICE_LITERAL("")));
}
END_TEST

static const struct {
	const char *list;
	const char *elements[4];
} lists[] = {
	{ "", { NULL } },
	{ " ,\t, ", { NULL } },
	{ "a", { "a" } },
	{ "a,b", { "a", "b" } },
	{ ", a ,, b\t,", { "a", "b" } },
	{ "a b, c", { "a b", "c" } },
	{ "\"a,b\",c", { "\"a,b\"", "c" } },
	{ "x=\"a\\\",b\", c", { "x=\"a\\\",b\"", "c" } },
	{ "x=\"a\\\\\", c", { "x=\"a\\\\\"", "c" } },
	{ "\"a, b", { "\"a, b" } },
	{ "\"a\\", { "\"a\\" } },
	{ "a\"b,c\"d,e", { "a\"b,c\"d", "e" } },
};

START_TEST(list_is_taken_apart)
{
	struct slice rest = slice_from_text(lists[_i].list), element;

	for (int i = 0; lists[_i].elements[i] != NULL; i++) {
		ck_assert(http_list_next(&rest, &element));
		ck_assert_text(element, lists[_i].elements[i]);
	}
	ck_assert(!http_list_next(&rest, &element));
	ck_assert(!http_list_next(&rest, &element));
}
END_TEST

static const struct {
	const char *list;
	const char *tags;           /* those found, one behind the other, W before weak ones */
	int end;                    /* 0 or -1 */
} etag_lists[] = {
	{ "", "", 0 },
	{ " , ", "", 0 },
	{ "\"a\"", "\"a\"", 0 },
	{ "\"\"", "\"\"", 0 },
	{ "W/\"a\"", "W\"a\"", 0 },
	{ "\"a\",W/\"b\" , \"c\"", "\"a\"W\"b\"\"c\"", 0 },
	{ ",\"a\",,", "\"a\"", 0 },
	{ "\"a,b\", \"c\"", "\"a,b\"\"c\"", 0 },
	{ "\"a\\\", \"b\"", "\"a\\\"\"b\"", 0 },        /* a backslash is no escape here */
	{ "\"\xc3\xa9!#~\"", "\"\xc3\xa9!#~\"", 0 },
	{ "a", "", -1 },
	{ "*", "", -1 },
	{ "\"a", "", -1 },
	{ "w/\"a\"", "", -1 },
	{ "W/a", "", -1 },
	{ "W/", "", -1 },
	{ "W /\"a\"", "", -1 },
	{ "W/ \"a\"", "", -1 },
	{ "\"a b\"", "", -1 },
	{ "\"a\tb\"", "", -1 },
	{ "\"a\x7f\"", "", -1 },
	{ "\"a\"\"b\"", "", -1 },
	{ "\"a\" \"b\"", "", -1 },
	{ "\"a\"x", "", -1 },
	{ "\"a\", b", "\"a\"", -1 },
	{ "\"a\", *", "\"a\"", -1 },
};

START_TEST(etag_list_is_taken_apart)
{
	struct slice rest = slice_from_text(etag_lists[_i].list);
	struct http_etag etag;
	char tags[64] = "";
	int got;

	while ((got = http_etag_next(&rest, &etag)) == 1) {
		if (etag.is_weak)
			strcat(tags, "W");
		strncat(tags, etag.opaque.data, etag.opaque.len);
	}
	ck_assert_int_eq(got, etag_lists[_i].end);
	ck_assert_str_eq(tags, etag_lists[_i].tags);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("headers");
	TCase *tcase = tcase_create("headers");

	tcase_add_test(tcase, byte_classes_are_those_of_the_rfc);
	tcase_add_test(tcase, bad_byte_is_found_in_every_place);
	tcase_add_test(tcase, token_is_whole);
	tcase_add_loop_test(tcase, list_is_taken_apart, 0, COUNT_OF(lists));
	tcase_add_loop_test(tcase, etag_list_is_taken_apart, 0, COUNT_OF(etag_lists));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
