/* SPDX-License-Identifier: BSD-2-Clause */
/* config/features.c: a coding or a kind of authentication that is not built in is refused by
 * name, and left out of a default without a word. */
#include "tests/lib/load_config.h"

#include "config/features.h"

#ifdef HAVE_ZLIB
#define HAS_GZIP true
#else
#define HAS_GZIP false
#endif
#ifdef HAVE_BROTLI
#define HAS_BR true
#else
#define HAS_BR false
#endif
#ifdef HAVE_ZSTD
#define HAS_ZSTD true
#else
#define HAS_ZSTD false
#endif
#ifdef HAVE_OPENSSL
#define HAS_DIGEST true
#else
#define HAS_DIGEST false
#endif

#define BUILT "1: compress_codings is \"%s\", expected a coding that is built in: this muster is " \
	"built without %s"

static const struct {
	const char *word, *library;
	enum config_coding coding;
	bool is_there;
} codings[] = {
	{ "zstd", "zstd", CONFIG_CODING_ZSTD, HAS_ZSTD },
	{ "br", "brotli", CONFIG_CODING_BR, HAS_BR },
	{ "gzip", "zlib", CONFIG_CODING_GZIP, HAS_GZIP },
};

START_TEST(coding_is_refused_without_its_library)
{
	char text[64], error[160];
	struct config *config;

	snprintf(text, sizeof(text), "compress_codings = { %s }", codings[_i].word);
	snprintf(error, sizeof(error), BUILT, codings[_i].word, codings[_i].library);
	ck_assert_int_eq(features_missing("compress_codings", codings[_i].word) == NULL,
	    codings[_i].is_there);
	if (!codings[_i].is_there) {
		refuse_config(text, error);
		return;
	}
	config = load_config(text);
	ck_assert_uint_eq(config->settings.coding_count, 1);
	ck_assert_int_eq(config->settings.codings[0], codings[_i].coding);
	config_free(&config);
}
END_TEST

START_TEST(default_is_what_is_built_in)
{
	struct config *config = load_config("");
	const struct config_settings *settings = &config->settings;
	unsigned at = 0;

	for (unsigned i = 0; i < 3; i++) {
		if (codings[i].is_there)
			ck_assert_int_eq(settings->codings[at++], codings[i].coding);
	}
	ck_assert_uint_eq(settings->coding_count, at);
	config_free(&config);
}
END_TEST

START_TEST(digest_is_refused_without_its_library)
{
	static const char text[] = "auth_type = digest auth_user_file = \"/a\"";
	struct config *config;

	if (!HAS_DIGEST) {
		refuse_config(text, "1: auth_type is \"digest\", expected another: this muster is "
		    "built without OpenSSL");
		return;
	}
	config = load_config(text);
	ck_assert_int_eq(config->settings.auth_type, CONFIG_AUTH_DIGEST);
	config_free(&config);
}
END_TEST

START_TEST(tls_is_refused_without_its_library)
{
	static const char text[] = "certificate = \"/a\" certificate_key = \"/b\"\n"
	    "listen \"*:443\" { tls = true }";
	struct config *config;

	if (!HAS_DIGEST) {
		refuse_config(text, "2: listen.tls is true, expected false: this muster is built "
		    "without OpenSSL");
		return;
	}
	config = load_config(text);
	ck_assert(config->listeners[1].tls);
	config_free(&config);
}
END_TEST

/* All the rest of it may be there: one file for all machines. */
START_TEST(what_belongs_to_tls_needs_nothing)
{
	struct config *config = load_config("certificate = \"/a\" certificate_key = \"/b\"\n"
	    "listen \"*:443\" { tls = false } tls { profile = modern } https_redirect = true");

	config_free(&config);
}
END_TEST

START_TEST(other_words_need_nothing)
{
	ck_assert_ptr_null(features_missing("compress_codings", "identity"));
	ck_assert_ptr_null(features_missing("auth_type", "basic"));
	ck_assert_ptr_null(features_missing("languages", "br"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("features");
	TCase *tcase = tcase_create("features");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, coding_is_refused_without_its_library, 0, 3);
	tcase_add_test(tcase, default_is_what_is_built_in);
	tcase_add_test(tcase, digest_is_refused_without_its_library);
	tcase_add_test(tcase, tls_is_refused_without_its_library);
	tcase_add_test(tcase, what_belongs_to_tls_needs_nothing);
	tcase_add_test(tcase, other_words_need_nothing);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
