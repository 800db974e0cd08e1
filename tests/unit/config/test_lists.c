/* SPDX-License-Identifier: BSD-2-Clause */
/* config/element.c and config/list.c: what an element of each kind becomes, what is refused and
 * with which words, and how long a list may be. */
#include "tests/lib/load_config.h"

#include <stddef.h>

#include "config/network.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define OFFSET(member) offsetof(struct config_settings, member)

/* What is written, and what is kept with a blank after each element. */
static const struct {
	size_t offset;
	const char *written, *kept;
} texts[] = {
	{ OFFSET(index), "index = { a, \"b c\", a }", "a b c " },
	{ OFFSET(index), "index = {}", "" },
	{ OFFSET(try_files), "try_files = { $uri, \"$uri/\", \"$uri.html\", \"/a\", \"=404\" }",
	    "$uri $uri/ $uri.html /a =404 " },
	{ OFFSET(try_files), "try_files = { \"/cache/$uri.html\", \"/a\" }",
	    "/cache/$uri.html /a " },
	{ OFFSET(try_files), "try_files = \"/index.html?a=b\"", "/index.html?a=b " },
	{ OFFSET(try_files), "try_files = { \"/a\", \"/a\" }", "/a /a " },
	{ OFFSET(try_files), "try_files = \"=503\"", "=503 " },
	{ OFFSET(languages), "languages = { DE, pt-BR, de }", "de pt-br " },
	{ OFFSET(compress_types), "compress_types = { \"Text/*\", \"a/b\" }", "text/ a/b " },
	{ OFFSET(cors), "cors = { \"https://A.example:8443\", \"http://[::1]\" }",
	    "https://a.example:8443 http://[::1] " },
	{ OFFSET(cors), "cors = \"*\"", "* " },
	{ OFFSET(cors_headers), "cors_headers = { X-Token, Content-Type }",
	    "X-Token Content-Type " },
	{ OFFSET(access_log_status), "access_log_status = { 404, 5xx, 404 }", "404 5xx " },
	{ OFFSET(require_user), "auth_type = basic auth_user_file = \"/a\" require_user = { a, B }",
	    "a B " },
};

START_TEST(texts_are_kept)
{
	struct config *config = load_config(texts[_i].written);
	const struct config_texts *kept = (const struct config_texts *)(const void *)
	    ((const char *)&config->settings + texts[_i].offset);
	char joined[256];

	ck_assert_str_eq(load_join(kept, joined, sizeof(joined)), texts[_i].kept);
	config_free(&config);
}
END_TEST

/* Without its line. */
static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "index = a/b", "index is \"a/b\", expected names of files without \"/\"" },
	{ "index = { \"..\" }", "index is \"..\", expected names of files without \"/\"" },
	{ "index = { \"\" }", "index is \"\", expected names of files without \"/\"" },
	{ "index = \"a\\x01\"", "index is \"a\\x01\", expected at most 4095 bytes without control "
	    "characters" },
	{ "try_files = { x, \"/y\" }", "try_files is \"x\", expected \"$uri\", \"$uri/\", a path "
	    "that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = { \"=404\", \"/y\" }", "try_files is \"=404\", expected \"$uri\", "
	    "\"$uri/\", a path that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = \"=200\"", "try_files is \"=200\", expected \"$uri\", \"$uri/\", a path "
	    "that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = \"=4xx\"", "try_files is \"=4xx\", expected \"$uri\", \"$uri/\", a path "
	    "that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = { \"/../x\", \"/\" }", "try_files is \"/../x\", expected \"$uri\", "
	    "\"$uri/\", a path that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = { \"/$host\", \"/\" }", "try_files is \"/$host\", expected \"$uri\", "
	    "\"$uri/\", a path that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = { \"/c/$uri/$uri\", \"/\" }", "try_files is \"/c/$uri/$uri\", expected "
	    "\"$uri\", \"$uri/\", a path that starts with \"/\", or at the end a status such as "
	    "\"=404\"" },
	{ "try_files = { $uri, \"/c/$uri\" }", "try_files is \"/c/$uri\", expected \"$uri\", "
	    "\"$uri/\", a path that starts with \"/\", or at the end a status such as \"=404\"" },
	{ "try_files = { $uri, \"$uri/\" }", "try_files is \"$uri/\", expected as its last element "
	    "a path that starts with \"/\", or a status such as \"=404\"" },
	{ "host a { aliases = { \"b c\" } }", "host.aliases is \"b c\", expected a host name such "
	    "as \"example.org\", \"*.example.org\" or \"*\"" },
	{ "host a { listen = \"*:81\" }",
	    "host.listen is \"*:81\", expected titles of listen sections" },
	{ "languages = \"*\"",
	    "languages is \"*\", expected language tags such as \"de\" or \"pt-br\"" },
	{ "compress_types = \"*/*\"", "compress_types is \"*/*\", expected media types such as "
	    "\"text/css\" or \"text/*\"" },
	{ "compress_types = \"text\"", "compress_types is \"text\", expected media types such as "
	    "\"text/css\" or \"text/*\"" },
	{ "compress_codings = lzma",
	    "compress_codings is \"lzma\", expected \"zstd\", \"br\" or \"gzip\"" },
	{ "types = \"text/x-foo\"", "types is \"text/x-foo\", expected a media type and its "
	    "extensions, such as \"text/x-foo foo bar\"" },
	{ "types = \"foo bar\"", "types is \"foo bar\", expected a media type and its extensions, "
	    "such as \"text/x-foo foo bar\"" },
	{ "types = \"text/x .foo\"", "types is \"text/x .foo\", expected a media type and its "
	    "extensions, such as \"text/x-foo foo bar\"" },
	{ "types = \"  \"", "types is \"  \", expected a media type and its extensions, such as "
	    "\"text/x-foo foo bar\"" },
	{ "expires = \"text/css\"", "expires is \"text/css\", expected a media type and a duration "
	    "or \"off\", such as \"image/* 30d\" or \"* 1h\"" },
	{ "expires = \"text/css 1500ms\"", "expires is \"text/css 1500ms\", expected a media type "
	    "and a duration or \"off\", such as \"image/* 30d\" or \"* 1h\"" },
	{ "expires = \"text/css 3651d\"", "expires is \"text/css 3651d\", expected a media type "
	    "and a duration or \"off\", such as \"image/* 30d\" or \"* 1h\"" },
	{ "expires = \"* 1h 2h\"", "expires is \"* 1h 2h\", expected a media type and a duration "
	    "or \"off\", such as \"image/* 30d\" or \"* 1h\"" },
	{ "expires = \"css 1h\"", "expires is \"css 1h\", expected a media type and a duration "
	    "or \"off\", such as \"image/* 30d\" or \"* 1h\"" },
	{ "expires = \"*/x 1h\"", "expires is \"*/x 1h\", expected a media type and a duration "
	    "or \"off\", such as \"image/* 30d\" or \"* 1h\"" },
	{ "cors = \"example.org\"", "cors is \"example.org\", expected origins such as "
	    "\"https://example.org\", or \"*\"" },
	{ "cors_headers = \"a b\"", "cors_headers is \"a b\", expected names of header fields" },
	{ "require_user = \"a:b\"",
	    "require_user is \"a:b\", expected names without blanks and colons" },
	{ "require_group = \"\"",
	    "require_group is \"\", expected names without blanks and colons" },
	{ "access_log_status = 600",
	    "access_log_status is \"600\", expected a status such as \"404\", or \"5xx\"" },
	{ "header \"a\" { value = b status = all }",
	    "header.status is \"all\", expected a status such as \"404\", or \"5xx\"" },
	{ "allow = \"nowhere\"", "allow is \"nowhere\", expected " NETWORK_EXPECTED },
	{ "trusted_proxies = \"nowhere\"", "trusted_proxies is \"nowhere\", expected an address, "
	    "a network such as \"192.0.2.0/24\", or \"unix:\"" },
	{ "trusted_proxies = { all }", "trusted_proxies is \"all\", expected an address, a network "
	    "such as \"192.0.2.0/24\", or \"unix:\"" },
	{ "trusted_proxies = \"10.0.0.0/33\"", "trusted_proxies is \"10.0.0.0/33\", expected a "
	    "number from 0 to 32 after the slash" },
	{ "host a { reset = { index, user } }",
	    "host.reset is \"user\", expected names of inherited directives, or \"all\"" },
	{ "host a { reset = location }",
	    "host.reset is \"location\", expected names of inherited directives, or \"all\"" },
	{ "host a { location \"/\" { reset = x } }",
	    "location.reset is \"x\", expected names of inherited directives, or \"all\"" },
};

START_TEST(mistake_is_told)
{
	char error[256];

	snprintf(error, sizeof(error), "1: %s", mistakes[_i].error);
	refuse_config(mistakes[_i].text, error);
}
END_TEST

START_TEST(types_are_taken_apart)
{
	struct config *config = load_config("types = { \"text/x-foo FOO  bar\" }");
	const struct config_type *type = config->settings.types;

	ck_assert_uint_eq(config->settings.type_count, 1);
	ck_assert_str_eq(type->text, "text/x-foo FOO  bar");
	ck_assert_str_eq(type->type, "text/x-foo");
	ck_assert_uint_eq(type->extension_count, 2);
	ck_assert_str_eq(type->extensions[0], "foo");
	ck_assert_str_eq(type->extensions[1], "bar");
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *type;
	int64_t age_s;
} expiries[] = {
	{ "text/CSS 30d", "text/css", 30 * 86400 }, { "image/* 1h", "image/", 3600 },
	{ "* off", "", -1 }, { "*/* 0s", "", 0 }, { "text/html  0", "text/html", 0 },
};

START_TEST(expiry_is_taken_apart)
{
	char text[64];
	struct config *config;

	snprintf(text, sizeof(text), "expires = \"%s\"", expiries[_i].text);
	config = load_config(text);
	ck_assert_uint_eq(config->settings.expiry_count, 1);
	ck_assert_str_eq(config->settings.expires->text, expiries[_i].text);
	ck_assert_str_eq(config->settings.expires->type, expiries[_i].type);
	ck_assert_int_eq(config->settings.expires->age_s, expiries[_i].age_s);
	config_free(&config);
}
END_TEST

START_TEST(codings_keep_their_order)
{
	struct config *config = load_config(
#if defined(HAVE_ZLIB) && defined(HAVE_ZSTD)
	    "compress_codings = { gzip, zstd, gzip }"
#else
	    "compress_codings = {}"
#endif
	    );
	const struct config_settings *settings = &config->settings;

#if defined(HAVE_ZLIB) && defined(HAVE_ZSTD)
	ck_assert_uint_eq(settings->coding_count, 2);
	ck_assert_int_eq(settings->codings[0], CONFIG_CODING_GZIP);
	ck_assert_int_eq(settings->codings[1], CONFIG_CODING_ZSTD);
#else
	ck_assert_uint_eq(settings->coding_count, 0);
#endif
	config_free(&config);
}
END_TEST

/* 64 names of an index, those of the outer scope included. */
START_TEST(list_is_bounded)
{
	char outer[512] = "", text[2048];
	struct config *config;
	size_t used = 0;

	for (unsigned i = 0; i < 63; i++)
		used += (size_t)sprintf(outer + used, "i%u, ", i);
	snprintf(text, sizeof(text), "index = { %s i63 } host a {}", outer);
	config = load_config(text);
	ck_assert_uint_eq(config->hosts[0].settings.index.count, 64);
	config_free(&config);
	snprintf(text, sizeof(text), "index = { %s i63 }\nhost a {\nindex = { i2, i3 } }", outer);
	config = load_config(text);
	ck_assert_uint_eq(config->hosts[0].settings.index.count, 64);
	ck_assert_str_eq(config->hosts[0].settings.index.items[2], "i0");
	config_free(&config);
	snprintf(text, sizeof(text), "index = { %s i63 }\nhost a {\nindex = { x } }", outer);
	refuse_config(text,
	    "3: index has 65 elements, expected at most 64, inherited ones included");
}
END_TEST

/* No pointer of settings is NULL. */
START_TEST(empty_list_is_there)
{
	struct config *config = load_config("index = {} compress_types = {}");
	const struct config_settings *settings = &config->hosts[0].settings;

	ck_assert(settings->index.items != NULL && settings->try_files.items != NULL);
	ck_assert(settings->types != NULL && settings->expires != NULL);
	ck_assert(settings->allow != NULL && settings->deny != NULL);
	ck_assert(settings->headers != NULL && settings->error_pages != NULL);
	ck_assert(config->hosts[0].aliases != NULL && config->hosts[0].listen.items != NULL);
	ck_assert(config->trusted_proxies != NULL && config->roots != NULL);
	ck_assert(config->hosts[0].rules != NULL && config->hosts[0].locations != NULL);
	config_free(&config);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lists");
	TCase *tcase = tcase_create("lists");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, texts_are_kept, 0, COUNT_OF(texts));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_loop_test(tcase, expiry_is_taken_apart, 0, COUNT_OF(expiries));
	tcase_add_test(tcase, types_are_taken_apart);
	tcase_add_test(tcase, codings_keep_their_order);
	tcase_add_test(tcase, list_is_bounded);
	tcase_add_test(tcase, empty_list_is_there);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
