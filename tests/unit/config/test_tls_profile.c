/* SPDX-License-Identifier: BSD-2-Clause */
/* config/tls_profile.c: a profile fills in what is not named and nothing else, and contradictions
 * are told. Breaks when a default gets weaker, or when what is written does not win. */
#include "tests/lib/load_config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define CURVES "X25519:prime256v1:secp384r1"
#define INTERMEDIATE "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" \
	"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"
#define OLD "@SECLEVEL=0:" INTERMEDIATE ":ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:" \
	"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:" \
	"ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:" \
	"DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256"
#define FROM_1_2 (CONFIG_TLS_1_2 | CONFIG_TLS_1_3)
#define FROM_1_0 (CONFIG_TLS_1_0 | CONFIG_TLS_1_1 | FROM_1_2)

static const struct {
	const char *text;
	enum config_tls_profile profile;
	unsigned protocols;
	const char *ciphers, *ciphersuites, *curves;
	bool prefers_server_ciphers;
} rows[] = {
	{ "", CONFIG_TLS_INTERMEDIATE, FROM_1_2, INTERMEDIATE, SUITES, CURVES, false },
	{ "tls {}", CONFIG_TLS_INTERMEDIATE, FROM_1_2, INTERMEDIATE, SUITES, CURVES, false },
	{ "tls { profile = intermediate }", CONFIG_TLS_INTERMEDIATE, FROM_1_2, INTERMEDIATE, SUITES,
	    CURVES, false },
	{ "tls { profile = modern }", CONFIG_TLS_MODERN, CONFIG_TLS_1_3, INTERMEDIATE, SUITES,
	    CURVES, false },
	{ "tls { profile = old }", CONFIG_TLS_OLD, FROM_1_0, OLD, SUITES, CURVES, true },
	{ "tls { prefer_server_ciphers = no profile = old }", CONFIG_TLS_OLD, FROM_1_0, OLD, SUITES,
	    CURVES, false },
	{ "tls { prefer_server_ciphers = yes }", CONFIG_TLS_INTERMEDIATE, FROM_1_2, INTERMEDIATE,
	    SUITES, CURVES, true },
	{ "tls { profile = old protocols = { TLSv1.2, TLSv1.1 } }", CONFIG_TLS_OLD,
	    CONFIG_TLS_1_1 | CONFIG_TLS_1_2, OLD, SUITES, CURVES, true },
	{ "tls { protocols = {} ciphers = \"\" ciphersuites = \"\" curves = \"\" }",
	    CONFIG_TLS_INTERMEDIATE, FROM_1_2, INTERMEDIATE, SUITES, CURVES, false },
	{ "tls { protocols = TLSv1.2 ciphers = \"ECDHE+AESGCM:!SHA1:@STRENGTH\"\n"
	    "ciphersuites = TLS_AES_128_GCM_SHA256 curves = \"P-256:X25519\" }",
	    CONFIG_TLS_INTERMEDIATE, CONFIG_TLS_1_2, "ECDHE+AESGCM:!SHA1:@STRENGTH",
	    "TLS_AES_128_GCM_SHA256", "P-256:X25519", false },
	{ "tls { protocols = TLSv1 ciphers = \"ALL:@SECLEVEL=0\" }", CONFIG_TLS_INTERMEDIATE,
	    CONFIG_TLS_1_0, "ALL:@SECLEVEL=0", SUITES, CURVES, false },
};

START_TEST(profile_fills_in_what_is_not_named)
{
	struct config *config = load_config(rows[_i].text);
	const struct config_tls *tls = &config->tls;

	ck_assert_int_eq(tls->profile, rows[_i].profile);
	ck_assert_uint_eq(tls->protocols, rows[_i].protocols);
	ck_assert_str_eq(tls->ciphers, rows[_i].ciphers);
	ck_assert_str_eq(tls->ciphersuites, rows[_i].ciphersuites);
	ck_assert_str_eq(tls->curves, rows[_i].curves);
	ck_assert_int_eq(tls->prefers_server_ciphers, rows[_i].prefers_server_ciphers);
	ck_assert_str_eq(tls->file, "f");
	ck_assert_uint_eq(tls->line, rows[_i].text[0] != '\0' ? 1 : 0);
	config_free(&config);
}
END_TEST

START_TEST(the_rest_has_its_defaults)
{
	struct config *config = load_config("");

	ck_assert(!config->tls.uses_kernel);
	ck_assert(config->tls.session_tickets);
	ck_assert_uint_eq(config->tls.session_timeout_s, 3600);
	ck_assert_uint_eq(config->tls.ticket_key_files.count, 0);
	ck_assert_str_eq(config->tls.signer_user, "");
	ck_assert_uint_eq(config->tls.watch_interval_s, 3);
	ck_assert_uint_eq(config->limits.handshake_timeout_ms, 10000);
	ck_assert_uint_eq(config->limits.handshake_rate.per_1000s, 0);
	ck_assert_str_eq(config->limits.handshake_rate.text, "");
	ck_assert_uint_eq(config->limits.handshake_burst, 50);
	ck_assert(!config->listeners[0].tls);
	ck_assert_uint_eq(config->certificate_count, 0);
	config_free(&config);
	config = load_config("tls { kernel = on session_tickets = off session_timeout = 1d\n"
	    "signer_user = keys session_ticket_keys = { \"/k/new\", \"/k/old\" } }\n"
	    "limits { handshake_timeout = 500ms handshake_rate = 600/m handshake_burst = 0 }");
	ck_assert(config->tls.uses_kernel);
	ck_assert(!config->tls.session_tickets);
	ck_assert_uint_eq(config->tls.session_timeout_s, 86400);
	ck_assert_uint_eq(config->tls.ticket_key_files.count, 2);
	ck_assert_str_eq(config->tls.ticket_key_files.items[0], "/k/new");
	ck_assert_str_eq(config->tls.ticket_key_files.items[1], "/k/old");
	ck_assert_str_eq(config->tls.signer_user, "keys");
	ck_assert_uint_eq(config->limits.handshake_timeout_ms, 500);
	ck_assert_uint_eq(config->limits.handshake_rate.per_1000s, 10000);
	ck_assert_str_eq(config->limits.handshake_rate.text, "600/m");
	ck_assert_uint_eq(config->limits.handshake_burst, 0);
	config_free(&config);
}
END_TEST

#define LEVEL "tls.ciphers is without \"@SECLEVEL=0\", expected it for TLSv1 and TLSv1.1, or " \
	"tls.protocols from TLSv1.2 on"
#define VERSIONS "\"TLSv1\", \"TLSv1.1\", \"TLSv1.2\" or \"TLSv1.3\""

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "tls { profile = strong }", "1: tls.profile is \"strong\", expected \"modern\", "
	    "\"intermediate\" or \"old\"" },
	{ "tls {\nprotocols = { TLSv1.2, SSLv3 } }",
	    "2: tls.protocols is \"SSLv3\", expected " VERSIONS },
	{ "tls { protocols = tlsv1.2 }", "1: tls.protocols is \"tlsv1.2\", expected " VERSIONS },
	{ "tls {\nprotocols = { TLSv1.1, TLSv1.3 } ciphers = \"ALL:@SECLEVEL=0\" }",
	    "2: tls.protocols leaves out a version between others, expected one after the other" },
	{ "tls { profile = old\nprotocols = { TLSv1.3, TLSv1, TLSv1.1 } }",
	    "2: tls.protocols leaves out a version between others, expected one after the other" },
	{ "tls {\nprotocols = { TLSv1.1, TLSv1.2 } }", "2: " LEVEL },
	{ "tls {\nprofile = old\nciphers = HIGH }", "3: " LEVEL },
	/* What is wrong is no side of a contradiction. */
	{ "tls { protocols = { TLSv1.1, TLS1.2 } }",
	    "1: tls.protocols is \"TLS1.2\", expected " VERSIONS },
	{ "tls { ciphers = \"A B\" }", "1: tls.ciphers is \"A B\", expected ciphers as in "
	    "openssl-ciphers(1), such as \"ECDHE+AESGCM:!SHA1\", or \"\"" },
	{ "tls { ciphers = \"ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256\" }",
	    "1: tls.ciphers has \"TLS_AES_128_GCM_SHA256\", expected names of TLSv1.3 in "
	    "tls.ciphersuites" },
	{ "tls { ciphersuites = \"TLS_AES_128_GCM_SHA256:HIGH\" }", "1: tls.ciphersuites has "
	    "\"HIGH\", expected names of TLSv1.3 such as \"TLS_AES_128_GCM_SHA256\", the others in "
	    "tls.ciphers" },
	{ "tls { ciphersuites = \"TLS_AES_128_GCM_SHA256:\" }", "1: tls.ciphersuites has \"\", "
	    "expected names of TLSv1.3 such as \"TLS_AES_128_GCM_SHA256\", the others in "
	    "tls.ciphers" },
	{ "tls { curves = \"X25519,P-256\" }", "1: tls.curves is \"X25519,P-256\", expected names "
	    "with \":\" between them, or \"\"" },
	{ "tls { session_timeout = 500ms }", "1: tls.session_timeout is \"500ms\", expected a "
	    "duration in whole seconds with its unit (s, m, h, d) from 1s to 7d" },
	{ "tls { session_timeout = 0 }", "1: tls.session_timeout is \"0\", expected a "
	    "duration in whole seconds with its unit (s, m, h, d) from 1s to 7d" },
	{ "tls { session_ticket_keys = \"keys\" }", "1: tls.session_ticket_keys is \"keys\", "
	    "expected absolute paths of files" },
	{ "tls { session_ticket_keys = { \"/a\", \"/b\", \"/c\", \"/d\", \"/e\" } }",
	    "1: session_ticket_keys has 5 elements, expected at most 4, inherited ones included" },
	{ "tls { session_tickets = 2 }",
	    "1: tls.session_tickets is \"2\", expected true or false" },
	{ "tls { signer_user = \"a b\" }", "1: tls.signer_user is \"a b\", expected a name, or "
	    "\"\"" },
	{ "limits { handshake_timeout = 0 }", "1: limits.handshake_timeout is \"0\", expected a "
	    "duration with its unit (ms, s, m, h, d) from 1ms to 1d" },
	{ "limits { handshake_rate = 20 }", "1: limits.handshake_rate is \"20\", expected a rate "
	    "such as \"10/s\" or \"600/m\", or \"\"" },
	{ "tls {}\ntls {}", "2: tls is set again, expected once, the first is at f:1" },
	{ "host a { tls {} }", "1: unknown directive \"tls\" in host, expected it in global or "
	    "listen" },
	{ "profile = old", "1: unknown directive \"profile\" in global, expected it in tls" },
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_profile");
	TCase *tcase = tcase_create("tls_profile");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, profile_fills_in_what_is_not_named, 0, COUNT_OF(rows));
	tcase_add_test(tcase, the_rest_has_its_defaults);
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
