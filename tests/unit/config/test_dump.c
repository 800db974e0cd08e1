/* SPDX-License-Identifier: BSD-2-Clause */
/* config/dump.c: the dump of a dump is the same text, it holds what was set, and a string
 * survives its quoting. */
#include "tests/lib/load_config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static char *
dump(const char *text)
{
	struct config_errors errors;
	struct config *config = config_load_text(text, "f", &errors);
	char *dumped;

	ck_assert_msg(config != NULL, "%.300s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	dumped = config_dump(config);
	ck_assert_ptr_nonnull(dumped);
	config_free(&config);
	return dumped;
}

/* Each `holds` is a part of the dump. */
static const struct {
	const char *text, *holds;
} rows[] = {
	{ "", "\nhost \"*\" {\n\tdefault = true\n\taliases = {}\n\tlisten = {}\n"
	    "\tcertificate = {}\n\tcertificate_key = {}\n\tstapling_file = {}\n"
	    "\tclient_certificate = \"off\"\n"
	    "\tclient_ca = \"\"\n\tclient_crl = \"\"\n\tclient_depth = 1\n\treset = { " },
	{ "", "\tstart = 8\n\tmin_idle = 4\n\tmax_idle = 32\n\tmax_workers = 512\n" },
	{ "", "\nlisten \"*:80\" {\n\tbacklog = 1024\n\tdefer_accept = \"1s\"\n"
	    "\tproxy_protocol = false\n\ttls = false\n\thttp2 = true\n\th2c = false\n}\n" },
	{ "keepalive { timeout = 120000ms }", "\ttimeout = \"2m\"\n" },
	{ "limits { body_size = 1024k }", "\tbody_size = \"1M\"\n" },
	{ "log { full = count level = debug }", "\tfull = \"count\"\n" },
	{ "log { full = count level = debug }", "\tlevel = \"debug\"\n" },
	{ "cache { max_file = 4096 }", "\tmax_file = \"4k\"\n" },
	/* What a profile stands for is written out, and loads in its place. */
	{ "", "\ntls {\n\tprofile = \"intermediate\"\n\tprotocols = { \"TLSv1.2\", "
	    "\"TLSv1.3\" }\n\tciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256:" },
	{ "", "\tcurves = \"X25519:prime256v1:secp384r1\"\n\tprefer_server_ciphers = false\n"
	    "\tkernel = false\n\tsession_tickets = true\n\tsession_timeout = \"1h\"\n"
	    "\tsession_ticket_keys = {}\n\tsigner_user = \"\"\n\twatch_interval = \"3s\"\n}\n" },
	{ "tls { profile = old }", "\tciphers = \"@SECLEVEL=0:ECDHE-ECDSA-AES128-GCM-SHA256:" },
	{ "tls { profile = old }", "\tprefer_server_ciphers = true\n" },
	{ "tls { profile = old prefer_server_ciphers = no }", "\tprefer_server_ciphers = false\n" },
	{ "tls { profile = modern }", "\tprotocols = { \"TLSv1.3\" }\n" },
	{ "tls { protocols = { TLSv1.3, TLSv1.2 } ciphers = \"HIGH:!SHA1\" }",
	    "\tprotocols = { \"TLSv1.3\", \"TLSv1.2\" }\n\tciphers = \"HIGH:!SHA1\"\n" },
	{ "tls { session_ticket_keys = { \"/a\", \"/b\" } signer_user = keys }",
	    "\tsession_ticket_keys = { \"/a\", \"/b\" }\n\tsigner_user = \"keys\"\n" },
	{ "tls { watch_interval = 0 }", "\twatch_interval = \"0s\"\n" },
	{ "limits { handshake_rate = 20/s }",
	    "\thandshake_rate = \"20/s\"\n\thandshake_burst = 50\n" },
	{ "limits { handshake_timeout = 1m }", "\thandshake_timeout = \"1m\"\n" },
	{ "certificate = \"/a.pem\" certificate_key = \"/a.key\"",
	    "\ncertificate = { \"/a.pem\" }\ncertificate_key = { \"/a.key\" }\n" },
	{ "stapling_file = \"/a.der\" host a { stapling_file = { \"/b\", \"/c\" } }",
	    "\nstapling_file = { \"/a.der\" }\n" },
	{ "stapling_file = \"/a.der\" host a { stapling_file = { \"/b\", \"/c\" } }",
	    "\n\tstapling_file = { \"/b\", \"/c\" }\n" },
	{ "host a { certificate = { \"/a.pem\", \"/b.pem\" }\n"
	    "certificate_key = { \"/a.key\", \"/b.key\" } }",
	    "\tcertificate = { \"/a.pem\", \"/b.pem\" }\n"
	    "\tcertificate_key = { \"/a.key\", \"/b.key\" }\n\tstapling_file = {}\n" },
#ifdef HAVE_OPENSSL
	{ "certificate = \"/g.pem\" certificate_key = \"/g.key\" listen \"*:443\" { tls = on }\n"
	    "host a {}", "\nlisten \"*:443\" {\n\tbacklog = 1024\n\tdefer_accept = \"1s\"\n"
	    "\tproxy_protocol = false\n\ttls = true\n\thttp2 = true\n\th2c = false\n}\n" },
#endif
	{ "host a { client_certificate = optional client_ca = \"/a\" client_crl = \"/b\"\n"
	    "client_depth = 3 }", "\tclient_certificate = \"optional\"\n"
	    "\tclient_ca = \"/a\"\n\tclient_crl = \"/b\"\n\tclient_depth = 3\n" },
	{ "https_redirect = on host a { location \"/\" { https_redirect = off } }",
	    "\n\t\thttps_redirect = false\n\t\thsts = \"0s\"\n" },
	{ "etag = no", "\netag = false\n" },
	{ "index = {}", "\nindex = {}\n" },
	{ "log { format = \"%h \\\"%r\\\"\\t\\\\ \\${A}\" }",
	    "\tformat = \"%h \\\"%r\\\"\\x09\\\\ \\${A}\"\n" },
	{ "host A.b. { aliases = { C, \"*.D\" } }", "\taliases = { \"c\", \"*.d\" }\n" },
	{ "host a {} host b { default = yes }", "host \"a\" {\n\tdefault = false\n" },
	{ "host a { listen = \"*:80\" }", "\tlisten = { \"*:80\" }\n" },
	{ "root = \"/r\" host a { root = \"/s/\" }", "\n\troot = \"/s\"\n" },
	{ "root = \"/r\" host a { root = \"\" }", "\n\troot = \"\"\n" },
	{ "index = { i } host a { index = { j } location \"/\" { index = { k } } }",
	    "\t\tindex = { \"k\", \"j\", \"i\" }\n" },
	{ "host a { location \"=/x\" { alias = \"/y\" max_ranges = 0 } }",
	    "\tlocation \"= /x\" {\n\t\talias = \"/y\"\n\t\treset = " },
	{ "root = \"/r\" host a { max_ranges = 3 location \"/x\" { etag = no } }",
	    "\t\troot = \"/r\"\n\t\tindex = { \"index.html\" }\n\t\ttry_files = {}\n"
	    "\t\tfollow_symlinks = false\n\t\tdot_files = false\n\t\tautoindex = false\n"
	    "\t\tssi = false\n\t\tuser_dir = \"\"\n\t\tetag = false\n\t\tmax_ranges = 3\n" },
	{ "host a { location \"= /x\" { alias = \"/y/z/\" } }", "\t\talias = \"/y/z/\"\n" },
	{ "host a { location \"= /x\" { alias = \"/\" } }", "\t\talias = \"/\"\n" },
	{ "host a { location \"/x\" { alias = \"/y/\" } }", "\t\talias = \"/y/\"\n" },
	{ "host a { location \"/a\\\"b\" { charset = \"\" } }", "\tlocation \"/a\\\"b\" {\n" },
	{ "host a { location \"/x\" { alias = \"/y\" location \"/x/z\" {} } }",
	    "\t\tlocation \"/x/z\" {\n\t\t\t# inherited: alias, /y for /x\n\t\t\treset = " },
	/* Only what has something to drop. */
	{ "index = {} compress_types = {} host a {}", "\tclient_depth = 1\n\troot = \"\"\n" },
	{ "index = {} compress_types = {} allow = all header a { value = b } host a {}",
	    "\treset = { \"allow\", \"header\" }\n" },
	{ "index = {} compress_types = {} redirect \"/\" { to = \"/x\" } host a { reset = all\n"
	    "index = {} compress_types = {} }", "\treset = { \"redirect\" }\n" },
	{ "index = {} compress_types = {} rewrite \"/\" { to = \"/x\" } host a { reset = rewrite\n"
	    "rewrite \"/\" { to = \"/y\" } }", "\treset = { \"rewrite\" }\n" },
	{ "index = {} compress_types = {} root = \"/r\" error_page 404 { file = \"/x\" }\n"
	    "host a { reset = error_page }", "\treset = { \"error_page\" }\n" },
	{ "host a { redirect \"/\" { to = \"/x\" } location \"/\" { index = {} } }",
	    "\t\treset = { \"index\", \"compress_types\" }\n" },
	{ "types = \"a/b c\" compress_types = { \"Text/*\", \"a/b\" }",
	    "\ncompress_types = { \"text/*\", \"a/b\" }\n" },
	{ "expires = { \"image/* 30d\", \"* off\" }",
	    "\nexpires = { \"image/* 30d\", \"* off\" }\n" },
	{ "allow = { 10.0.0.0/8, all } deny = unix:",
	    "\nallow = { \"10.0.0.0/8\", \"all\" }\ndeny = { \"unix:\" }\n" },
	{ "request_rate = 600/m limit_rate = 2048 hsts = 365d",
	    "\nrequest_rate = \"600/m\"\nrequest_burst = 20\nlimit_rate = \"2k\"\n" },
	{ "auth_user_file = \"/a/b\" user_dir = \"/u/*/w\"", "\nauth_user_file = \"/a/b\"\n" },
	{ "auth_user_file = \"/a/b\" user_dir = \"/u/*/w\"", "\nuser_dir = \"/u/*/w\"\n" },
	{ "header X-A { value = \"a\\tb\" action = add status = { 404, 5xx } }",
	    "\nheader \"X-A\" {\n\tvalue = \"a\\x09b\"\n\taction = \"add\"\n"
	    "\tstatus = { \"404\", \"5xx\" }\n}\n" },
	{ "header g { value = 1 } host a { header h { value = 2 } }",
	    "\theader \"g\" {\n\t\tvalue = \"1\"\n\t\taction = \"set\"\n\t\tstatus = {}\n\t}\n\n"
	    "\theader \"h\" {\n" },
	{ "root = \"/r\" error_page \"404 5xx\" { file = \"/x\" status = 200 } host a {\n"
	    "error_page 403 { file = \"/y\" } }", "\terror_page \"403\" {\n\t\tfile = \"/y\"\n"
	    "\t\tstatus = 0\n\t}\n\t# inherited: error_page \"404 5xx\" { file = \"/x\" status = "
	    "200 } below /r\n" },
	{ "redirect \"/a\" { to = \"/b\" } redirect \"= /c\" { status = 410 } host a {\n"
	    "rewrite \"/d\" { to = '/${0}' last = on } }",
	    "\t# inherited: redirect \"/a\" { to = \"/b\" }\n"
	    "\t# inherited: redirect \"= /c\" { status = 410 }\n\n"
	    "\trewrite \"/d\" {\n\t\tto = \"/\\${0}\"\n\t\tlast = true\n\t}\n" },
	{ "host a { location \"/x\" { redirect \"/x\" { to = \"/y\" } location \"/x/z\" {} } }",
	    "\t\t\t# inherited: redirect \"/x\" { to = \"/y\" }\n\t\t}\n\t}\n}\n" },
	{ "host a { location \"/x\" { redirect \"/x\" { to = \"/y\" } location \"/x/z\" {\n"
	    "reset = all } } }", "\"compress_types\", \"redirect\" }\n" },
	{ "header g { value = 1 } root = \"/r\" error_page 404 { file = \"/x\" }\n"
	    "redirect \"/a\" { to = \"/b\" } allow = all types = \"a/b c\" host a { reset = all }",
	    "\treset = { \"index\", \"types\", \"compress_types\", \"allow\", \"header\", "
	    "\"error_page\", \"redirect\" }\n\troot = \"\"\n" },
	{ "deny = 10.0.0.0/8 host a { allow = 10.0.0.0/8 location \"/\" { deny = 10.0.0.0/8 } }",
	    "\t\tallow = { \"10.0.0.0/8\" }\n\t\tdeny = { \"10.0.0.0/8\" }\n" },
	{ "unknown_host = 400 real_ip_header = Forwarded trusted_proxies = 10.0.0.0/8",
	    "\nunknown_host = \"400\"\ntrusted_proxies = { \"10.0.0.0/8\" }\n"
	    "real_ip_header = \"Forwarded\"\n" },
#ifdef HAVE_PCRE2
	{ "host a { location \"~*  \\\\.(png)$\" { alias = \"/img/$1\" } }",
	    "\tlocation \"~* \\\\.(png)$\" {\n\t\talias = \"/img/$1\"\n" },
	{ "redirect \"~ ^/(a|b)\\\"\" { to = \"/$1\" status = 308 }",
	    "\nredirect \"~ ^/(a|b)\\\"\" {\n\tto = \"/$1\"\n\tstatus = 308\n}\n" },
#endif
};

START_TEST(dump_of_dump_is_identical)
{
	struct config *config = load_config(rows[_i].text);
	char *first = config_dump(config);
	char *second = dump(first);

	/* Too long for Check's messages. */
	ck_assert_int_eq(strcmp(first, second), 0);
	ck_assert_msg(strstr(first, rows[_i].holds) != NULL, "no %s", rows[_i].holds);
	config_free(&config);
	free(first);
	free(second);
}
END_TEST

static const char *const texts[] = {
	"/", "/a \"b\" c", "/back\\slash\\", "/${HOME} $HOME $${A}", "/\xc3\xbc", "/it's # {}",
	"/a\\${B}",
};

START_TEST(quoted_text_is_read_back)
{
	char text[256];
	char *quoted = config_quote(texts[_i]);
	struct config *config;

	ck_assert_ptr_nonnull(quoted);
	snprintf(text, sizeof(text), "pid_file = %s", quoted);
	config = load_config(text);
	ck_assert_str_eq(config->pid_file, texts[_i]);
	config_free(&config);
	free(quoted);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dump");
	TCase *tcase = tcase_create("dump");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, dump_of_dump_is_identical, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, quoted_text_is_read_back, 0, COUNT_OF(texts));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
