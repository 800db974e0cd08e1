/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accept-Encoding and Accept-Language. A coding that the client cannot take, a malformed
 * element that counts, or a preference that depends on the order of elements breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/accept.h"

#define IDENTITY ACCEPT_IDENTITY
#define GZIP ACCEPT_GZIP
#define BR ACCEPT_BR
#define ZSTD ACCEPT_ZSTD
#define REFUSED ACCEPT_REFUSED

static void
make_request(const char *fields, struct http_request *request_out)
{
	static const struct http_limits limits = { 1024, 4096, 20 };
	static char text[2048];
	struct http_parser parser;
	int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);

	http_parser_init(&parser, &limits);
	ck_assert_int_eq(http_parse_request(&parser, text, (size_t)len, request_out),
	    HTTP_COMPLETE);
}

/* Offered: zstd, br, gzip. */
static const struct {
	const char *value;
	enum accept_coding want;
} codings[] = {
	{ "gzip", GZIP },
	{ "br", BR },
	{ "zstd", ZSTD },
	{ "x-gzip", GZIP },
	{ "GZip", GZIP },
	{ "X-GZIP;Q=1", GZIP },
	{ "gzip, deflate, br, zstd", ZSTD },
	{ "gzip, deflate, br", BR },
	{ "deflate, compress, dcb", IDENTITY },
	{ "", IDENTITY },
	{ ",", IDENTITY },
	{ ", ,gzip, ", GZIP },

	{ "gzip;q=1, br;q=0.9", GZIP },
	{ "gzip;q=0.001, br;q=0.002", BR },
	{ "gzip;q=0.999, br;q=1.000", BR },
	{ "gzip ;\tq=0.5 , br;q=0.4", GZIP },
	{ "br;q=0.5, gzip;q=0.5, zstd;q=0.50", ZSTD },
	{ "gzip;q=1., br;q=0.", GZIP },

	{ "gzip;q=0", IDENTITY },
	{ "gzip;q=0.000", IDENTITY },
	{ "*;q=0", IDENTITY },
	{ "*;q=0, gzip", GZIP },
	{ "*", ZSTD },
	{ "*, zstd;q=0", BR },
	{ "*;q=0.5, br", BR },
	{ "*;q=0.5, br;q=0.1, zstd;q=0", GZIP },

	{ "identity", IDENTITY },
	{ "identity, gzip", GZIP },
	{ "identity;q=0.5, gzip;q=0.5", GZIP },
	{ "identity;q=0.6, gzip;q=0.5", IDENTITY },
	{ "identity;q=0.6, gzip;q=0.5, br;q=0.7", BR },
	{ "gzip;q=0.5, *;q=0", GZIP },
	{ "gzip;q=0.5, zstd;q=0, br;q=0, *", IDENTITY },    /* it is one of the others */
	{ "gzip;q=0.001", GZIP },
	{ "identity;q=0", IDENTITY },                       /* rather than nothing */
	{ "identity;q=0, gzip;q=0", IDENTITY },
	{ "identity;q=0, deflate", IDENTITY },
	{ "identity;q=0, gzip;q=0.001", GZIP },

	{ "gzip;q=0, gzip", IDENTITY },                     /* twice: the lower one */
	{ "gzip, x-gzip;q=0", IDENTITY },

	{ "gzip;q=1.001", IDENTITY },                       /* malformed: says nothing */
	{ "gzip;q=2", IDENTITY },
	{ "gzip;q=0.5555", IDENTITY },
	{ "gzip;q=-1", IDENTITY },
	{ "gzip;q=+1", IDENTITY },
	{ "gzip;q=.5", IDENTITY },
	{ "gzip;q=", IDENTITY },
	{ "gzip;q", IDENTITY },
	{ "gzip;", IDENTITY },
	{ "gzip;q=1x", IDENTITY },
	{ "gzip;q=\"1\"", IDENTITY },
	{ "gzip;q = 1", IDENTITY },
	{ "gzip;level=9", IDENTITY },
	{ "gzip;q=1;level=9", IDENTITY },
	{ "gzip;q=0x1", IDENTITY },
	{ "gzip br", IDENTITY },
	{ "gzip/br", IDENTITY },
	{ "\"gzip\"", IDENTITY },
	{ "\"gzip", IDENTITY },
	{ "\"gzip, br", IDENTITY },
	{ "gzip\", br", IDENTITY },
	{ "**", IDENTITY },
	{ "gzi", IDENTITY },
	{ "gzipp", IDENTITY },
	{ "gzip;q=2, br", BR },
	{ "gzip;q=0.5555, gzip;q=0.5", GZIP },
};

START_TEST(best_coding_is_chosen)
{
	static const enum accept_coding offered[] = { ZSTD, BR, GZIP };
	char fields[256];
	struct http_request request;
	enum accept_coding got;

	snprintf(fields, sizeof fields, "Accept-Encoding: %s\r\n", codings[_i].value);
	make_request(fields, &request);
	got = accept_coding(&request, offered, COUNT_OF(offered));
	ck_assert_msg(got == codings[_i].want, "\"%s\": %d, should be %d", codings[_i].value,
	    (int)got, (int)codings[_i].want);
}
END_TEST

/* Browsers name codings that are not always to be had; the order is the server's. */
static const struct {
	const char *value;
	enum accept_coding offered[3];
	size_t count;
	enum accept_coding want;
} offers[] = {
	{ "gzip, br, zstd", { GZIP, BR, ZSTD }, 3, GZIP },
	{ "gzip, br, zstd", { BR, GZIP }, 2, BR },
	{ "gzip, br, zstd", { BR }, 1, BR },
	{ "gzip, br, zstd", { IDENTITY }, 0, IDENTITY },
	{ "gzip, br;q=0.5", { BR }, 1, BR },
	{ "gzip", { BR, ZSTD }, 2, IDENTITY },
	{ "gzip;q=0.5, *", { GZIP }, 1, IDENTITY },
	{ "gzip;q=0.5, identity;q=0.9", { GZIP }, 1, IDENTITY },
	{ "*;q=0.1", { BR, ZSTD }, 2, BR },
};

START_TEST(only_what_is_offered_is_chosen)
{
	char fields[256];
	struct http_request request;

	snprintf(fields, sizeof fields, "Accept-Encoding: %s\r\n", offers[_i].value);
	make_request(fields, &request);
	ck_assert_int_eq(accept_coding(&request, offers[_i].offered, offers[_i].count),
	    offers[_i].want);
}
END_TEST

START_TEST(who_asks_for_no_coding_gets_none)
{
	static const enum accept_coding offered[] = { GZIP };
	struct http_request request;

	make_request("Accept: gzip\r\nTE: gzip\r\nX-Accept-Encoding: gzip\r\n", &request);
	ck_assert_int_eq(accept_coding(&request, offered, 1), IDENTITY);
}
END_TEST

START_TEST(field_lines_are_one_list)
{
	static const enum accept_coding offered[] = { ZSTD, BR, GZIP };
	struct http_request request;

	make_request("Accept-Encoding: gzip\r\nX: br\r\naccept-encoding:\r\n"
	    "ACCEPT-ENCODING: br, zstd;q=0.5\r\n", &request);
	ck_assert_int_eq(accept_coding(&request, offered, 3), BR);
	make_request("Accept-Encoding: br\r\nX: y\r\nAccept-Encoding: br;q=0, *;q=0\r\n",
	    &request);
	ck_assert_int_eq(accept_coding(&request, offered, 3), IDENTITY);
}
END_TEST

START_TEST(codings_have_their_registered_names)
{
	ck_assert_text(accept_coding_name(GZIP), "gzip");
	ck_assert_text(accept_coding_name(BR), "br");
	ck_assert_text(accept_coding_name(ZSTD), "zstd");
	ck_assert_uint_eq(accept_coding_name(IDENTITY).len, 0);
}
END_TEST

static const struct {
	const char *value, *tag;
	int want;
} languages[] = {
	{ "de", "de", 1000 },
	{ "DE", "de", 1000 },
	{ "de", "DE", 1000 },
	{ "de;q=0.8", "de", 800 },
	{ "en, de;q=0.125", "de", 125 },
	{ "en", "de", 0 },
	{ "", "de", 0 },
	{ "de;q=0", "de", REFUSED },

	{ "de", "de-at", 1000 },                            /* the tag lies in the range */
	{ "de-AT, de;q=0.5", "de-at", 1000 },
	{ "de, de-AT;q=0.5", "de-at", 500 },
	{ "de-AT;q=0.5, de", "de-at", 500 },
	{ "de;q=0, de-AT", "de-at", 1000 },
	{ "de, de-AT;q=0", "de-at", REFUSED },
	{ "zh-Hant", "zh-hant-tw", 1000 },
	{ "zh, zh-Hant-TW;q=0.1, zh-Hant;q=0.2", "zh-hant-tw", 100 },
	{ "den", "de", 0 },
	{ "de", "den", 0 },
	{ "d", "de", 0 },

	{ "de-AT", "de", 1000 },                            /* the range lies in the tag */
	{ "de-AT;q=0.7, en", "de", 700 },
	{ "de-AT;q=0.7, de-CH;q=0.9", "de", 900 },
	{ "de-CH;q=0.9, de-AT;q=0.7", "de", 900 },
	{ "de-AT, de;q=0.5", "de", 500 },                   /* but it is named itself */
	{ "de-AT, de;q=0", "de", REFUSED },
	{ "de-AT;q=0", "de", 0 },
	{ "de-AT;q=0, *;q=0.3", "de", 300 },
	{ "zh-Hant-TW", "zh", 1000 },
	{ "de-AT", "de-ch", 0 },

	{ "*", "de", 1000 },
	{ "*;q=0.3, de", "de", 1000 },
	{ "*;q=0.3, en", "de", 300 },
	{ "*;q=0", "de", REFUSED },
	{ "de-AT, *;q=0", "de", 1000 },
	{ "en, *;q=0", "de", REFUSED },

	{ "de_AT", "de", 0 },                               /* malformed: says nothing */
	{ "de_AT", "de_at", 0 },
	{ "de-", "de", 0 },
	{ "de--at", "de", 0 },
	{ "-de", "de", 0 },
	{ "-", "de", 0 },
	{ "4e", "4e", 0 },
	{ "de-*", "de", 0 },
	{ "*-AT", "de-at", 0 },
	{ "abcdefghi", "abcdefghi", 0 },
	{ "abcdefgh", "abcdefgh", 1000 },
	{ "de-123456789", "de", 0 },
	{ "de-1996", "de", 1000 },
	{ "de;q=7", "de", 0 },
	{ "de;x=1", "de", 0 },
	{ "de;q=7, de;q=0.5", "de", 500 },
	{ "\"de\"", "de", 0 },
	{ "d\xc3\xa9", "d\xc3\xa9", 0 },
};

START_TEST(language_is_liked_so_well)
{
	char fields[256];
	struct http_request request;
	int got;

	snprintf(fields, sizeof fields, "Accept-Language: %s\r\n", languages[_i].value);
	make_request(fields, &request);
	got = accept_language(&request, slice_from_text(languages[_i].tag));
	ck_assert_msg(got == languages[_i].want, "\"%s\" for \"%s\": %d, should be %d",
	    languages[_i].value, languages[_i].tag, got, languages[_i].want);
}
END_TEST

START_TEST(language_lines_are_one_list)
{
	struct http_request request;

	make_request("Accept-Language: en\r\nX: de\r\naccept-LANGUAGE: de;q=0.5\r\n", &request);
	ck_assert_int_eq(accept_language(&request, SLICE_LITERAL("de")), 500);
	ck_assert_int_eq(accept_language(&request, SLICE_LITERAL("en")), 1000);
	make_request("Accept: de\r\nContent-Language: de\r\n", &request);
	ck_assert_int_eq(accept_language(&request, SLICE_LITERAL("de")), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("accept");
	TCase *tcase = tcase_create("accept");

	tcase_add_loop_test(tcase, best_coding_is_chosen, 0, COUNT_OF(codings));
	tcase_add_loop_test(tcase, only_what_is_offered_is_chosen, 0, COUNT_OF(offers));
	tcase_add_test(tcase, who_asks_for_no_coding_gets_none);
	tcase_add_test(tcase, field_lines_are_one_list);
	tcase_add_test(tcase, codings_have_their_registered_names);
	tcase_add_loop_test(tcase, language_is_liked_so_well, 0, COUNT_OF(languages));
	tcase_add_test(tcase, language_lines_are_one_list);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
