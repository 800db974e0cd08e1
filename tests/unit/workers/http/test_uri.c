/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths and authorities. A ".." that gets out of the root in any disguise, a NUL or slash
 * that comes in by an escape, or an authority read loosely breaks it.
 */
#include <ctype.h>

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/uri.h"

static const struct {
	const char *path;
	const char *want;
	bool has_dot_name;
	bool ends_with_slash;
} good_paths[] = {
	{ "/", "/", false, true },
	{ "/a", "/a", false, false },
	{ "/a/", "/a/", false, true },
	{ "/a/b.html", "/a/b.html", false, false },
	{ "//", "/", false, true },
	{ "///a////b//", "/a/b/", false, true },
	{ "/.", "/", false, true },
	{ "/./", "/", false, true },
	{ "/a/.", "/a/", false, true },
	{ "/a/./b/./", "/a/b/", false, true },
	{ "/a/..", "/", false, true },
	{ "/a/../", "/", false, true },
	{ "/a/b/..", "/a/", false, true },
	{ "/a/b/../c", "/a/c", false, false },
	{ "/a/b/../../c", "/c", false, false },
	{ "/a//../b", "/b", false, false },
	{ "/mid/content=5/../6", "/mid/6", false, false },      /* RFC 3986 5.2.4 */
	{ "/a/b/c/./../../g", "/a/g", false, false },
	{ "/%61%2Fb", NULL, false, false },
	{ "/a/%2e/b", "/a/b", false, false },
	{ "/a/%2e%2E/b", "/b", false, false },
	{ "/a/.%2e/b", "/b", false, false },
	{ "/a/%2e.", "/", false, true },
	{ "/%7Euser/%41", "/~user/A", false, false },
	{ "/a%20b%0a%ff", "/a b\n\xff", false, false },
	{ "/%25", "/%", false, false },
	{ "/%252e%252e/a", "/%2e%2e/a", false, false },         /* once, and no second time */
	{ "/%2525", "/%25", false, false },
	{ "/a%3fb%23c", "/a?b#c", false, false },
	{ "/a\\..\\b", "/a\\..\\b", false, false },
	{ "/...", "/...", true, false },
	{ "/..a", "/..a", true, false },
	{ "/a.", "/a.", false, false },
	{ "/a..", "/a..", false, false },
	{ "/.git/config", "/.git/config", true, false },
	{ "/%2egit", "/.git", true, false },
	{ "/a/.htaccess", "/a/.htaccess", true, false },
	{ "/.hidden/../a", "/a", false, false },
	{ "/.well-known", "/.well-known", false, false },
	{ "/.well-known/acme", "/.well-known/acme", false, false },
	{ "/.well-known/.a", "/.well-known/.a", true, false },
	{ "/.well-knownx", "/.well-knownx", true, false },
	{ "/.well-known/../.git", "/.git", true, false },
	{ "/a/.well-known/b", "/a/.well-known/b", true, false },
};

START_TEST(path_is_normalized)
{
	struct slice path = slice_from_text(good_paths[_i].path);
	char out[64];
	struct uri_path info;
	enum uri_verdict verdict = uri_normalize_path(path, out, sizeof (out), &info);

	if (good_paths[_i].want == NULL) {
		ck_assert_int_eq(verdict, URI_ENCODED_SLASH);
		return;
	}
	ck_assert_int_eq(verdict, URI_OK);
	ck_assert_str_eq(out, good_paths[_i].want);
	ck_assert_uint_eq(info.len, strlen(out));
	ck_assert(info.has_dot_name == good_paths[_i].has_dot_name);
	ck_assert(info.ends_with_slash == good_paths[_i].ends_with_slash);
}
END_TEST

static const struct {
	struct slice path;
	enum uri_verdict want;
} bad_paths[] = {
	{ TEXT(""), URI_BAD },
	{ TEXT("a"), URI_BAD },
	{ TEXT("/.."), URI_BAD },
	{ TEXT("/../"), URI_BAD },
	{ TEXT("/../etc/passwd"), URI_BAD },
	{ TEXT("/a/../.."), URI_BAD },
	{ TEXT("/a/../../a"), URI_BAD },
	{ TEXT("//.."), URI_BAD },
	{ TEXT("/./.."), URI_BAD },
	{ TEXT("/%2e%2e/"), URI_BAD },
	{ TEXT("/%2E."), URI_BAD },
	{ TEXT("/%"), URI_BAD },
	{ TEXT("/%4"), URI_BAD },
	{ TEXT("/%4g"), URI_BAD },
	{ TEXT("/%g4"), URI_BAD },
	{ TEXT("/%%41"), URI_BAD },
	{ TEXT("/%u0041"), URI_BAD },
	{ TEXT("/%+4"), URI_BAD },
	{ TEXT("/a%00.html"), URI_BAD },
	{ TEXT("/a\0.html"), URI_BAD },
	{ TEXT("/a%2fb"), URI_ENCODED_SLASH },
	{ TEXT("/..%2f"), URI_ENCODED_SLASH },
	{ TEXT("/%2F%2e%2e"), URI_ENCODED_SLASH },
};

/* Digits behind the end must not complete an escape. */
START_TEST(bad_path_is_refused)
{
	struct slice path = bad_paths[_i].path;
	char text[64], out[64];
	struct uri_path info;

	memcpy(text, path.data, path.len);
	strcpy(text + path.len, "61");
	ck_assert_int_eq(uri_normalize_path(slice_make(text, path.len), out, sizeof (out), &info),
	    bad_paths[_i].want);
}
END_TEST

START_TEST(path_buffer_is_not_overrun)
{
	for (size_t cap = 0; cap <= 6; cap++) {
		char *out = malloc(cap + 1);
		struct uri_path info;

		ck_assert_ptr_nonnull(out);
		out[cap] = '#';
		ck_assert_int_eq(uri_normalize_path(SLICE_LITERAL("/a%41/b"), out, cap, &info),
		    cap >= 6 ? URI_OK : URI_TOO_LONG);
		ck_assert_int_eq(out[cap], '#');
		free(out);
	}
}
END_TEST

static const struct {
	const char *path;
	const char *want;
} encodings[] = {
	{ "/", "/" },
	{ "/a/b-c.d_e~f", "/a/b-c.d_e~f" },
	{ "/!$&'()*+,;=:@", "/!$&'()*+,;=:@" },
	{ "/a b", "/a%20b" },
	{ "/a?b#c%d", "/a%3Fb%23c%25d" },
	{ "/caf\xc3\xa9", "/caf%C3%A9" },
	{ "/a\r\nSet-Cookie: x", "/a%0D%0ASet-Cookie:%20x" },
	{ "/\"<>[]{}|\\^`", "/%22%3C%3E%5B%5D%7B%7D%7C%5C%5E%60" },
	{ "//evil.example/", "/evil.example/" },
	{ "///a", "/a" },
	{ "/\\evil.example", "/%5Cevil.example" },
	{ "/a//b", "/a//b" },
};

START_TEST(path_is_encoded)
{
	struct slice path = slice_from_text(encodings[_i].path);
	long want_bytes = (long)strlen(encodings[_i].want);
	char out[64];

	ck_assert_int_eq(uri_encode_path(path, out, sizeof (out)), want_bytes);
	ck_assert_str_eq(out, encodings[_i].want);
	out[want_bytes] = '#';
	ck_assert_int_eq(uri_encode_path(path, out, (size_t)want_bytes), -1);
	ck_assert_int_eq(out[want_bytes], '#');
	ck_assert_int_eq(uri_encode_path(path, out, (size_t)want_bytes + 1), want_bytes);
	ck_assert_int_eq(uri_encode_path(path, out, 0), -1);
}
END_TEST

static const struct {
	struct slice authority;
	const char *host;           /* NULL: not valid */
	const char *port;
} authorities[] = {
	{ TEXT(""), "", "" },
	{ TEXT("a"), "a", "" },
	{ TEXT("a:80"), "a", "80" },
	{ TEXT("a:"), "a", "" },
	{ TEXT("a:0"), "a", "0" },
	{ TEXT("a:00080"), "a", "00080" },
	{ TEXT("a:65535"), "a", "65535" },
	{ TEXT("A-b_c.Example.ORG.:1"), "A-b_c.Example.ORG.", "1" },
	{ TEXT("192.0.2.1:8080"), "192.0.2.1", "8080" },
	{ TEXT("_._-._"), "_._-._", "" },
	{ TEXT("[::]"), "[::]", "" },
	{ TEXT("[2001:DB8::1]:8080"), "[2001:DB8::1]", "8080" },
	{ TEXT("[1:2:3:4:5:6:7:8]:"), "[1:2:3:4:5:6:7:8]", "" },
	{ TEXT("[::ffff:192.0.2.1]"), "[::ffff:192.0.2.1]", "" },
	{ TEXT("[0001:0002:0003:0004:0005:0006:255.255.255.255]"),
	    "[0001:0002:0003:0004:0005:0006:255.255.255.255]", "" },
	{ TEXT(":"), NULL, NULL },
	{ TEXT(":80"), NULL, NULL },
	{ TEXT("."), NULL, NULL },
	{ TEXT(".a"), NULL, NULL },
	{ TEXT("a..b"), NULL, NULL },
	{ TEXT("a.."), NULL, NULL },
	{ TEXT("a%2Eb"), NULL, NULL },
	{ TEXT("a:65536"), NULL, NULL },
	{ TEXT("a:000080"), NULL, NULL },
	{ TEXT("a:8 0"), NULL, NULL },
	{ TEXT("a:+80"), NULL, NULL },
	{ TEXT("a:80:80"), NULL, NULL },
	{ TEXT("a:b"), NULL, NULL },
	{ TEXT("a b"), NULL, NULL },
	{ TEXT("a\0b"), NULL, NULL },
	{ TEXT("a/b"), NULL, NULL },
	{ TEXT("a\\b"), NULL, NULL },
	{ TEXT("a?b"), NULL, NULL },
	{ TEXT("a#b"), NULL, NULL },
	{ TEXT("u@a"), NULL, NULL },
	{ TEXT("u:p@a"), NULL, NULL },
	{ TEXT("@a"), NULL, NULL },
	{ TEXT("a%"), NULL, NULL },
	{ TEXT("a%4"), NULL, NULL },
	{ TEXT("a%zz"), NULL, NULL },
	{ TEXT("a\""), NULL, NULL },
	{ TEXT("a<b"), NULL, NULL },
	{ TEXT("\xc3\xa9"), NULL, NULL },
	{ TEXT("::1"), NULL, NULL },
	{ TEXT("["), NULL, NULL },
	{ TEXT("[]"), NULL, NULL },
	{ TEXT("[::1"), NULL, NULL },
	{ TEXT("::1]"), NULL, NULL },
	{ TEXT("[::1]a"), NULL, NULL },
	{ TEXT("[::1]]"), NULL, NULL },
	{ TEXT("[::1]80"), NULL, NULL },
	{ TEXT("[::1\0]"), NULL, NULL },
	{ TEXT("[:::1]"), NULL, NULL },
	{ TEXT("[1::2::3]"), NULL, NULL },
	{ TEXT("[1:2:3:4:5:6:7]"), NULL, NULL },
	{ TEXT("[12345::]"), NULL, NULL },
	{ TEXT("[a]"), NULL, NULL },
	{ TEXT("[192.0.2.1]"), NULL, NULL },
	{ TEXT("[fe80::1%25eth0]"), NULL, NULL },
	{ TEXT("[v1.a]"), NULL, NULL },
	{ TEXT("[000000000000000000000000000000000000000000000000000000001]"), NULL, NULL },
};

START_TEST(authority_is_taken_apart)
{
	struct slice authority = authorities[_i].authority, host, port;
	bool is_valid = uri_parse_authority(authority, &host, &port);

	ck_assert_msg(is_valid == (authorities[_i].host != NULL), "\"%.*s\" is %s",
	    (int)authority.len, authority.data, is_valid ? "taken" : "refused");
	if (is_valid) {
		ck_assert_text(host, authorities[_i].host);
		ck_assert_text(port, authorities[_i].port);
	}
}
END_TEST

/* Each byte alone: sub-delims are of RFC 3986's grammar, but of nobody's host name. */
START_TEST(host_bytes_are_as_documented)
{
	for (int c = 1; c < 256; c++) {
		char text[] = { 'a', (char)c, 'b', '\0' };
		struct slice host, port;
		bool is_host = (c < 0x80 && isalnum(c)) || strchr("-_.", c) != NULL;

		if (c != ':')
			ck_assert_msg(uri_parse_authority(slice_from_text(text), &host, &port) ==
			    is_host, "%#x", (unsigned)c);
	}
}
END_TEST

START_TEST(target_bytes_are_as_documented)
{
	for (int c = 0; c < 256; c++) {
		bool is_graphic = c > ' ' && c < 0x7f && strchr("\"<>#", c) == NULL;

		ck_assert_msg(uri_is_query_byte((unsigned char)c) == is_graphic, "query %#x",
		    (unsigned)c);
		ck_assert_msg(uri_is_path_byte((unsigned char)c) ==
		    (is_graphic && c != '?' && c != '\\'), "path %#x", (unsigned)c);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("uri");
	TCase *tcase = tcase_create("uri");

	tcase_add_loop_test(tcase, path_is_normalized, 0, COUNT_OF(good_paths));
	tcase_add_loop_test(tcase, bad_path_is_refused, 0, COUNT_OF(bad_paths));
	tcase_add_loop_test(tcase, path_is_encoded, 0, COUNT_OF(encodings));
	tcase_add_loop_test(tcase, authority_is_taken_apart, 0, COUNT_OF(authorities));
	tcase_add_test(tcase, path_buffer_is_not_overrun);
	tcase_add_test(tcase, target_bytes_are_as_documented);
	tcase_add_test(tcase, host_bytes_are_as_documented);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
