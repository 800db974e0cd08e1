/* SPDX-License-Identifier: BSD-2-Clause */
/* config/certificates.c: every host that TLS connections can ask for has its pairs, each pair is
 * there once, and what is missing is told. Breaks when a host would get another one's
 * certificate, or a file would be opened that nobody needs. */
#include "tests/lib/load_config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

#define TLS "listen \"*:443\" { tls = true } "
#define GLOBAL "certificate = \"/g.pem\" certificate_key = \"/g.key\" "
#define TWO "certificate = { \"/e.pem\", \"/r.pem\" } certificate_key = { \"/e.key\", \"/r.key\" }"

#ifdef HAVE_OPENSSL
/* "chain key" of each pair, and for each host the indexes, hosts with a bar between. */
static const struct {
	const char *text, *pairs, *indexes;
} rows[] = {
	/* No TLS, no certificate. */
	{ "", "", "" },
	{ GLOBAL, "", "" },
	{ "host a { " TWO " } host b {}", "", "|" },
	{ GLOBAL TLS "host a { listen = \"*:80\" } host b { listen = \"*:443\" " TWO " }",
	    "/e.pem /e.key, /r.pem /r.key", "|01" },
	/* Without any host section. */
	{ GLOBAL TLS, "/g.pem /g.key", "0" },
	/* A host's own ones stand in place of the global ones. */
	{ GLOBAL TLS "host a {} host b { " TWO " }", "/g.pem /g.key, /e.pem /e.key, /r.pem /r.key",
	    "0|12" },
	{ GLOBAL TLS "host a { certificate = {} certificate_key = {} }", "/g.pem /g.key", "0" },
	{ GLOBAL TLS "host a { " TWO " }", "/e.pem /e.key, /r.pem /r.key", "01" },
	/* Each pair once, be it named by several or twice by one. */
	{ TLS "host a { " TWO " } host b { certificate = { \"/x.pem\", \"/r.pem\" }\n"
	    "certificate_key = { \"/x.key\", \"/r.key\" } }",
	    "/e.pem /e.key, /r.pem /r.key, /x.pem /x.key", "01|21" },
	{ TLS "certificate = { \"/a.pem\", \"/a.pem\" }\n"
	    "certificate_key = { \"/a.key\", \"/a.key\" }",
	    "/a.pem /a.key", "0" },
	/* The same key may have two certificates. */
	{ TLS "certificate = { \"/a.pem\", \"/b.pem\" } certificate_key = { \"/k\", \"/k\" }",
	    "/a.pem /k, /b.pem /k", "01" },
	{ "listen \"unix:/run/x\" { tls = true } " GLOBAL, "/g.pem /g.key", "0" },
	{ "listen \"*:443\" { tls = true proxy_protocol = true } " GLOBAL, "/g.pem /g.key", "0" },
};

START_TEST(host_has_its_pairs)
{
	struct config *config = load_config(rows[_i].text);
	char pairs[256] = "", indexes[64] = "";

	for (size_t i = 0; i < config->certificate_count; i++) {
		const struct config_certificate *certificate = &config->certificates[i];

		snprintf(pairs + strlen(pairs), sizeof(pairs) - strlen(pairs), "%s%s %s",
		    i > 0 ? ", " : "", certificate->chain_file, certificate->key_file);
		ck_assert_str_eq(certificate->file, "f");
		ck_assert_uint_ge(certificate->line, 1);
	}
	for (size_t i = 0; i < config->host_count; i++) {
		const struct config_host *host = &config->hosts[i];

		if (i > 0)
			strcat(indexes, "|");
		for (size_t k = 0; k < host->certificate_count; k++)
			snprintf(indexes + strlen(indexes), 8, "%zu", host->certificate_indexes[k]);
	}
	ck_assert_str_eq(pairs, rows[_i].pairs);
	ck_assert_str_eq(indexes, rows[_i].indexes);
	config_free(&config);
}
END_TEST

START_TEST(pair_knows_where_it_was_named)
{
	struct config *config = load_config(TLS "\nhost a {\n" TWO "\n}\ncertificate = {\n"
	    "\"/g.pem\" }\ncertificate_key = \"/g.key\"\nhost b {}");

	ck_assert_uint_eq(config->certificate_count, 3);
	ck_assert_uint_eq(config->certificates[1].line, 3);
	ck_assert_uint_eq(config->certificates[2].line, 6);
	config_free(&config);
}
END_TEST

/* The files of all OCSP responses that are read, and the line of each. */
static const struct {
	const char *text, *files;
} staplings[] = {
	{ GLOBAL TLS, "" },
	{ GLOBAL TLS "stapling_file = { \"/1\", \"/2\" }", "/1:1 /2:1 " },
	{ GLOBAL TLS "stapling_file = \"/1\" host a { stapling_file = \"/2\" } host b {\n" TWO
	    "\nstapling_file = { \"/3\", \"/1\", \"/3\" } }", "/2:1 /1:1 /3:3 " },
	/* What nobody asks for is not read: without TLS, or of certificates that no host has. */
	{ GLOBAL "stapling_file = \"/1\"", "" },
	{ GLOBAL TLS "stapling_file = \"/1\" host a { " TWO " stapling_file = \"/2\" }", "/2:1 " },
	{ GLOBAL TLS "host a { listen = \"*:80\" stapling_file = \"/1\" } host b {}", "" },
};

START_TEST(responses_are_those_of_tls_hosts)
{
	struct config *config = load_config(staplings[_i].text);
	char files[256] = "";

	for (size_t i = 0; i < config->stapling_count; i++) {
		const struct config_stapling *stapling = &config->staplings[i];

		snprintf(files + strlen(files), sizeof(files) - strlen(files), "%s:%u ",
		    stapling->response_file, stapling->line);
		ck_assert_str_eq(stapling->file, "f");
	}
	ck_assert_str_eq(files, staplings[_i].files);
	config_free(&config);
}
END_TEST
#endif

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "certificate = \"a.pem\" certificate_key = \"/a.key\"",
	    "1: certificate is \"a.pem\", expected absolute paths of files" },
	{ "host a {\ncertificate_key = { \"/a\", \"\" } certificate = \"/b\" }",
	    "2: host.certificate_key is \"\", expected absolute paths of files" },
	{ "certificate = \"/a/\" certificate_key = \"/b\"",
	    "1: certificate is \"/a/\", expected absolute paths of files" },
	{ "certificate = \"/a\"", "1: certificate has 1 files and certificate_key 0, expected a "
	    "key for each certificate" },
	{ "host a { certificate = { \"/a\", \"/b\" }\ncertificate_key = \"/k\" }",
	    "2: host.certificate has 2 files and host.certificate_key 1, expected a key for each "
	    "certificate" },
	{ GLOBAL "host a {\nclient_certificate = required }", "2: host.client_certificate is not "
	    "off, expected client_ca, the authorities that sign clients' certificates" },
	{ GLOBAL "host a { client_certificate = optional\nclient_ca = x }",
	    "2: host.client_ca is \"x\", expected an absolute path or \"\"" },
	{ GLOBAL "client_ca = \"/a\"", "1: unknown directive \"client_ca\" in global, expected "
	    "it in host" },
	{ GLOBAL "host a {\nstapling_file = \"a.der\" }",
	    "2: host.stapling_file is \"a.der\", expected absolute paths of files" },
	{ GLOBAL "\nhost a { certificate_key = \"/k\" }", "2: host.certificate has 0 files and "
	    "host.certificate_key 1, expected a key for each certificate" },
	{ "certificate = { \"/a\", \"/b\" }\ncertificate_key = { \"/k\",\n\"/b\" }", "3: \"/b\" is "
	    "both certificate and certificate_key, expected the key in a file of its own" },
	{ "host a { location \"/\" { certificate = \"/a\" } }", "1: unknown directive "
	    "\"certificate\" in location, expected it in global or host" },
	{ "host a { tls = true }", "1: unknown directive \"tls\" in host, expected it in global "
	    "or listen" },
	{ "\nlisten \"*:443\" { tls = maybe }", "2: listen.tls is \"maybe\", expected true or "
	    "false" },
#ifdef HAVE_OPENSSL
	{ "\n" TLS, "1: listen \"*:443\" has tls = true and there is no certificate, expected "
	    "certificate and certificate_key" },
	{ TLS "host a { " TWO " }\nhost b {}", "2: host \"b\" has no certificate, expected "
	    "certificate and certificate_key, since listen \"*:443\" has tls = true" },
	{ "listen \"*:443\" { tls = true } listen \"*:8443\" { tls = true }\n"
	    "host a { listen = \"*:8443\" } host b { listen = { \"*:443\", \"*:80\" } " TWO " }",
	    "2: host \"a\" has no certificate, expected certificate and certificate_key, since "
	    "listen \"*:8443\" has tls = true" },
	/* What is wrong is not also missing. */
	{ TLS "host a { certificate = \"a\" certificate_key = \"/b\" }",
	    "1: host.certificate is \"a\", expected absolute paths of files" },
	{ TLS "certificate = \"/a\"\nhost a {}", "1: certificate has 1 files and certificate_key "
	    "0, expected a key for each certificate" },
#else
	{ GLOBAL "\nlisten \"*:443\" { tls = true }", "2: listen.tls is true, expected false: "
	    "this muster is built without OpenSSL" },
#endif
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

START_TEST(pairs_have_an_end)
{
	char text[2048] = "certificate = {";

	for (int i = 0; i < 17; i++)
		snprintf(text + strlen(text), 32, "%s\"/c%d\"", i > 0 ? "," : "", i);
	strcat(text, "} certificate_key = {}");
	refuse_config(text, "1: certificate has 17 elements, expected at most 16, inherited ones "
	    "included");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("certificates");
	TCase *tcase = tcase_create("certificates");
	SRunner *runner = srunner_create(suite);
	int failed_count;

#ifdef HAVE_OPENSSL
	tcase_add_loop_test(tcase, host_has_its_pairs, 0, COUNT_OF(rows));
	tcase_add_test(tcase, pair_knows_where_it_was_named);
	tcase_add_loop_test(tcase, responses_are_those_of_tls_hosts, 0, COUNT_OF(staplings));
#endif
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, pairs_have_an_end);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
