/* SPDX-License-Identifier: BSD-2-Clause */
/* Authorization as clients send it, and as nobody should. A name with a colon or a control byte
 * that comes through, a parameter that is taken twice, or a lenient quoted string breaks it. */
#include <stdio.h>

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/authorization.h"

static const struct {
	const char *value;
	enum http_auth_scheme scheme;
	const char *credentials;
} schemes[] = {
	{ "Basic Zm9v", HTTP_AUTH_BASIC, "Zm9v" },
	{ "bASIC   Zm9v", HTTP_AUTH_BASIC, "Zm9v" },
	{ "Digest a=b, c=d", HTTP_AUTH_DIGEST, "a=b, c=d" },
	{ "DIGEST a=b", HTTP_AUTH_DIGEST, "a=b" },
	{ "Basic ", HTTP_AUTH_BASIC, "" },
	{ "Basic", HTTP_AUTH_OTHER, NULL },
	{ "Basic\tZm9v", HTTP_AUTH_OTHER, NULL },
	{ "Basic,Zm9v", HTTP_AUTH_OTHER, NULL },
	{ "Basic=Zm9v", HTTP_AUTH_OTHER, NULL },
	{ "Basics Zm9v", HTTP_AUTH_OTHER, NULL },
	{ "Bas Zm9v", HTTP_AUTH_OTHER, NULL },
	{ "Bearer x", HTTP_AUTH_OTHER, NULL },
	{ " Basic x", HTTP_AUTH_OTHER, NULL },
	{ "", HTTP_AUTH_OTHER, NULL },
};

START_TEST(scheme_is_told)
{
	struct slice credentials;

	ck_assert_int_eq(http_auth_scheme(slice_from_text(schemes[_i].value), &credentials),
	    schemes[_i].scheme);
	if (schemes[_i].credentials != NULL)
		ck_assert_text(credentials, schemes[_i].credentials);
}
END_TEST

static const struct {
	const char *text;
	const char *user, *password; /* NULL: refused */
} basics[] = {
	{ "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame" },
	{ "dGVzdDoxMjPCow==", "test", "123\xc2\xa3" },
	{ "YTpiOmM6ZA==", "a", "b:c:d" },
	{ "YTo=", "a", "" },
	{ "OmI=", "", "b" },
	{ "Og==", "", "" },
	{ "YTpiIA==", "a", "b " },
	{ "", NULL, NULL },
	{ "YQ==", NULL, NULL },         /* no colon */
	{ "YToAYg==", NULL, NULL },     /* a:NUL b */
	{ "YQBiOmM=", NULL, NULL },     /* a NUL b:c */
	{ "YTpiCg==", NULL, NULL },     /* a:b LF */
	{ "YTpifw==", NULL, NULL },     /* a:b DEL */
	{ "YQk6Yg==", NULL, NULL },     /* a HT:b */
	{ "YTpi ", NULL, NULL },
	{ "YTpi, x", NULL, NULL },
	{ "YTpi====", NULL, NULL },
	{ "realm=\"x\"", NULL, NULL },
};

START_TEST(basic_is_taken_apart)
{
	char out[HTTP_BASIC_BYTES];
	struct http_basic_auth auth;
	bool is_good = http_parse_basic_auth(slice_from_text(basics[_i].text), out, &auth);

	ck_assert_msg(is_good == (basics[_i].user != NULL), "%s", basics[_i].text);
	if (!is_good)
		return;
	ck_assert_text(auth.user, basics[_i].user);
	ck_assert_text(auth.password, basics[_i].password);
	ck_assert_int_eq(auth.user.data[auth.user.len], '\0');
	ck_assert_int_eq(auth.password.data[auth.password.len], '\0');
}
END_TEST

/* "x" repeated, as Base64: every group of three is "eHh4". */
static struct slice
encode_long(char *out, size_t user_len, size_t password_len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t bytes = user_len + 1 + password_len, len = 0;

	ck_assert_uint_eq(bytes % 3, 0);
	for (size_t i = 0; i < bytes; i += 3) {
		unsigned bits = 0;

		for (size_t k = i; k < i + 3; k++)
			bits = bits << 8 | (unsigned)(k == user_len ? ':' : 'x');
		for (int shift = 18; shift >= 0; shift -= 6)
			out[len++] = digits[bits >> shift & 63];
	}
	return slice_make(out, len);
}

START_TEST(long_names_and_passwords_are_refused)
{
	static char text[4096];
	char out[HTTP_BASIC_BYTES];
	struct http_basic_auth auth;

	ck_assert(http_parse_basic_auth(encode_long(text, 255, 509), out, &auth));
	ck_assert_uint_eq(auth.password.len, 509);
	ck_assert(http_parse_basic_auth(encode_long(text, 253, 511), out, &auth));
	ck_assert_uint_eq(auth.password.len, 511);
	ck_assert(!http_parse_basic_auth(encode_long(text, 256, 4), out, &auth));
	ck_assert(!http_parse_basic_auth(encode_long(text, 1, 514), out, &auth));
	ck_assert(!http_parse_basic_auth(encode_long(text, 255, 512), out, &auth));
	ck_assert(!http_parse_basic_auth(encode_long(text, 1000, 1999), out, &auth));
}
END_TEST

#define RESPONSE "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
#define NAME "username=\"Mufasa\", "
#define REST "realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=SHA-256, " \
	"nonce=\"7ypf/xlj9X\", nc=00000001, cnonce=\"f2/wE4q7\", qop=auth, " \
	"response=\"" RESPONSE "\""

/* All that differs from Mufasa of RFC 7616 3.9.1. */
static const struct {
	const char *text;
	const char *user;           /* NULL: refused */
} digests[] = {
	{ NAME REST, "Mufasa" },
	{ NAME REST ", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUo5tdS\"", "Mufasa" },
	{ REST ", username=\"Mufasa\"", "Mufasa" },
	{ ", ,\t" NAME ",, " REST " ,", "Mufasa" },
	{ "USERNAME = \"Mufasa\" , " REST, "Mufasa" },
	{ "username\t=\t\"Mufasa\"," REST, "Mufasa" },
	{ "username=Mufasa, " REST, "Mufasa" },
	{ "username=\"Mu\\fasa\", " REST, "Mufasa" },
	{ "username=\"\\\"Mu\\\\fasa\\\"\", " REST, "\"Mu\\fasa\"" },
	{ "username=\"J\xc3\xa4s\xc3\xb8n, Doe\", " REST, "J\xc3\xa4s\xc3\xb8n, Doe" },
	{ "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, " REST, "J\xc3\xa4s\xc3\xb8n Doe" },
	{ "username*=utf-8'en'x, " REST, "x" },
	{ NAME REST ", userhash=false", "Mufasa" },
	{ NAME REST ", unknown=1, unknown=\"2\"", "Mufasa" },
	{ REST, NULL },                                 /* no name */
	{ "username=\"\", " REST, NULL },
	{ NAME "username*=UTF-8''Mufasa, " REST, NULL }, /* both */
	{ NAME NAME REST, NULL },
	{ NAME REST ", realm=\"x\"", NULL },
	{ NAME REST ", NC=00000001", NULL },
	{ NAME REST ", userhash=false, userhash=false", NULL },
	{ "username=\"Mu:fasa\", " REST, NULL },
	{ "username*=UTF-8''Mu%3Afasa, " REST, NULL },
	{ "username*=UTF-8''Mu%00fasa, " REST, NULL },
	{ "username*=UTF-8''Mu%0afasa, " REST, NULL },
	{ "username*=UTF-8''Mu%7Ffasa, " REST, NULL },
	{ "username*=UTF-8''Mu%4, " REST, NULL },
	{ "username*=UTF-8''Mu%zzfasa, " REST, NULL },
	{ "username*=ISO-8859-1''Mufasa, " REST, NULL },
	{ "username*=UTF-8'Mufasa, " REST, NULL },
	{ "username*=UTF-8'', " REST, NULL },
	{ "username*=UTF-8, " REST, NULL },
	{ "username*=, " REST, NULL },
	{ "username=\"Mu\tfasa\", " REST, NULL },
	{ "username=\"Mufasa, " REST, NULL },           /* the quote ends elsewhere */
	{ NAME REST ", opaque=\"x", NULL },
	{ NAME REST ", opaque=\"x\\", NULL },
	{ NAME REST ", opaque=\"x\\\"", NULL },
	{ NAME REST ", opaque=\"x\" y", NULL },
	{ NAME REST ", opaque=\"x\"y", NULL },
	{ NAME REST " y=z", NULL },
	{ NAME REST ", opaque", NULL },
	{ NAME REST ", opaque=", NULL },
	{ NAME REST ", =x", NULL },
	{ NAME REST ", opaque=x;y", NULL },
	{ NAME REST "; opaque=x", NULL },
	{ "username=\"Mufasa\"" REST, NULL },
	{ "", NULL }, { ",", NULL }, { "x", NULL },
};

START_TEST(digest_is_taken_apart)
{
	size_t len = strlen(digests[_i].text);
	char *exact = malloc(len > 0 ? len : 1); /* writing beyond it is noticed */
	struct http_digest_auth auth;
	bool is_good = http_parse_digest_auth(slice_make(digests[_i].text, len), exact, &auth);

	ck_assert_msg(is_good == (digests[_i].user != NULL), "%s", digests[_i].text);
	if (is_good) {
		ck_assert_text(auth.user, digests[_i].user);
		ck_assert_text(auth.realm, "http-auth@example.org");
		ck_assert_text(auth.uri, "/dir/index.html");
		ck_assert_text(auth.algorithm, "SHA-256");
		ck_assert_text(auth.nonce, "7ypf/xlj9X");
		ck_assert_text(auth.cnonce, "f2/wE4q7");
		ck_assert_text(auth.qop, "auth");
		ck_assert_text(auth.nc_text, "00000001");
		ck_assert_uint_eq(auth.nc, 1);
		ck_assert_uint_eq(auth.response[0], 0x75);
		ck_assert_uint_eq(auth.response[31], 0xc1);
		ck_assert(!auth.has_user_hash);
	}
	free(exact);
}
END_TEST

/* One parameter of the good one is another, or is left out. */
static const struct {
	const char *from, *to;
	bool is_good;
} changes[] = {
	{ "nc=00000001", "nc=\"00000001\"", true },     /* some clients quote it */
	{ "nc=00000001", "nc=FFFFFFFF", true },
	{ "nc=00000001", "nc=1", false },
	{ "nc=00000001", "nc=000000001", false },
	{ "nc=00000001", "nc=0000000x", false },
	{ "nc=00000001", "x=y", false },
	{ "qop=auth", "qop=\"auth\"", true },
	{ "qop=auth", "x=y", false },
	{ "qop=auth", "qop=\"\"", false },
	{ "cnonce=\"f2/wE4q7\"", "x=y", false },
	{ "cnonce=\"f2/wE4q7\"", "cnonce=\"\"", false },
	{ "algorithm=SHA-256", "x=y", false },
	{ "uri=\"/dir/index.html\"", "x=y", false },
	{ "nonce=\"7ypf/xlj9X\"", "x=y", false },
	{ "realm=\"http-auth@example.org\"", "x=y", false },
	{ "response=\"753927", "response=\"75392G", false },
	{ "response=\"753927", "response=\"753927FA", false },
	{ "response=\"753927", "response=\"7539", false },
	{ "response=\"753927", "Response=\"753927", true },
	{ "response=\"753927fa", "response=\"753927FA", true },
};

START_TEST(parameters_are_checked)
{
	char text[1024], out[1024];
	const char *good = NAME REST, *at = strstr(good, changes[_i].from);
	struct http_digest_auth auth;

	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, changes[_i].to,
	    at + strlen(changes[_i].from));
	ck_assert_msg(http_parse_digest_auth(slice_from_text(text), out, &auth) ==
	    changes[_i].is_good, "%s", text);
}
END_TEST

static const struct {
	const char *name;
	int most;
} longest[] = {
	{ "username", 255 }, { "realm", 1024 }, { "nonce", 256 }, { "cnonce", 1024 },
	{ "opaque", 1024 }, { "uri", 65536 }, { "algorithm", 32 }, { "qop", 32 },
};

START_TEST(long_values_are_refused)
{
	static char text[200000], out[200000];
	static const char *const rest[] = {
		"username", "realm", "nonce", "cnonce", "uri", "algorithm", "qop",
	};
	struct http_digest_auth auth;

	for (int more = 0; more < 2; more++) {
		int len = snprintf(text, sizeof text,
		    "nc=00000001, response=" RESPONSE ", %s=\"%0*d\"", longest[_i].name,
		    longest[_i].most + more, 0);

		for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
			if (strcmp(rest[i], longest[_i].name) != 0)
				len += snprintf(text + len, sizeof text - (size_t)len, ", %s=x",
				    rest[i]);
		}
		ck_assert_msg(http_parse_digest_auth(slice_from_text(text), out, &auth) ==
		    (more == 0), "%s of %d bytes", longest[_i].name, longest[_i].most + more);
	}
}
END_TEST

START_TEST(hashed_names_are_told)
{
	char out[1024];
	struct http_digest_auth auth;

	ck_assert(http_parse_digest_auth(SLICE_LITERAL(NAME REST ", userhash=TRUE"), out, &auth));
	ck_assert(auth.has_user_hash);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("authorization");
	TCase *tcase = tcase_create("authorization");

	tcase_add_loop_test(tcase, scheme_is_told, 0, COUNT_OF(schemes));
	tcase_add_loop_test(tcase, basic_is_taken_apart, 0, COUNT_OF(basics));
	tcase_add_test(tcase, long_names_and_passwords_are_refused);
	tcase_add_loop_test(tcase, digest_is_taken_apart, 0, COUNT_OF(digests));
	tcase_add_loop_test(tcase, parameters_are_checked, 0, COUNT_OF(changes));
	tcase_add_loop_test(tcase, long_values_are_refused, 0, COUNT_OF(longest));
	tcase_add_test(tcase, hashed_names_are_told);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
