/* SPDX-License-Identifier: BSD-2-Clause */
/* config/load.c and what it rests on: each mistake is told with its line and what was expected,
 * all of them in one run, and values reach their fields. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/network.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

/* Every text below is otherwise right. */
#define LISTEN "listen \"*:80\" {} types_file = \"\" "

/* One mistake each; the first line of errors, without "f:". */
static const struct {
	const char *text, *error;
} mistakes[] = {
	{ LISTEN "\npool { start = abc }",
	    "2: pool.start is \"abc\", expected a whole number from 1 to 65536" },
	{ LISTEN "pool { start = 0 }",
	    "1: pool.start is \"0\", expected a whole number from 1 to 65536" },
	{ LISTEN "keepalive { timeout = \"75\" }", "1: keepalive.timeout is \"75\", expected a "
	    "duration with its unit (ms, s, m, h, d) from 0s to 1d" },
	{ LISTEN "limits { header_timeout = \"0s\" }",
	    "1: limits.header_timeout is \"0s\", expected a "
	    "duration with its unit (ms, s, m, h, d) from 1ms to 1d" },
	{ LISTEN "limits { header_size = \"2M\" }",
	    "1: limits.header_size is \"2M\", expected a size "
	    "in bytes or with its unit (k, M, G, T) from 1k to 1M" },
	{ "types_file = \"\" listen \"*:80\" {\n defer_accept = \"1500ms\" }",
	    "2: listen.defer_accept is \"1500ms\", expected a duration in whole seconds with its "
	    "unit (s, m, h, d) from 0s to 1m" },
	{ LISTEN "etag = maybe", "1: etag is \"maybe\", expected true or false" },
	{ LISTEN "log { level = \"loud\" }",
	    "1: log.level is \"loud\", expected \"error\", \"warn\", "
	    "\"notice\", \"info\" or \"debug\"" },
	{ LISTEN "log { error = \"off\" }", "1: log.error is \"off\", expected an absolute path, "
	    "\"stderr\" or \"syslog\"" },
	{ LISTEN "log { access = \"x/y\" }", "1: log.access is \"x/y\", expected an absolute path, "
	    "\"stdout\", \"stderr\", \"syslog\" or \"off\"" },
	{ LISTEN "user = \"\"", "1: user is \"\", expected a name" },
	{ LISTEN "pid_file = \"run\"", "1: pid_file is \"run\", expected an absolute path or "
	    "\"\"" },
	{ LISTEN "default_type = \"text\"",
	    "1: default_type is \"text\", expected a media type such as \"text/plain\", or \"\"" },
	{ LISTEN "charset = \"utf 8\"", "1: charset is \"utf 8\", expected the name of a character "
	    "set such as \"utf-8\", or \"\"" },
	{ LISTEN "user = \"a\\x01\"", "1: user is \"a\\x01\", expected at most 4095 bytes without "
	    "control characters" },
	{ LISTEN "\n\nkeepalvie = \"x\"", "3: unknown directive \"keepalvie\", did you mean "
	    "\"keepalive\"?" },
	{ LISTEN "pool {\n min_idel = 2 }", "2: unknown directive \"min_idel\", did you mean "
	    "\"min_idle\"?" },
	{ LISTEN "start = 3", "1: unknown directive \"start\" in global, expected it in pool" },
	{ LISTEN "location \"/\" {}", "1: unknown directive \"location\" in global, expected it in "
	    "host or location" },
	{ LISTEN "acme { a = 1 b \"c\" { d = { e } } }", "1: unknown directive \"acme\" in global, "
	    "expected one of musterd.conf(5)" },
	{ LISTEN "include \"x\"", "1: include is not complete, expected include(\"path\")" },
	{ LISTEN "include(\"x\")", "1: include is not possible in a text that is no file" },
	{ LISTEN "user = a\n# one\n/* two\n */ user = b",
	    "4: user is set again, expected once, the first is at f:1" },
	{ LISTEN "pool { start = 9\n start = 9 }", "2: pool.start is set again, expected once, the "
	    "first is at f:1" },
	{ LISTEN "pool {}\npool {}", "2: pool is set again, expected once, the first is at f:1" },
	{ LISTEN "index = { a }\nindex = { b }",
	    "2: index is set again, expected once, the first is at f:1" },
	{ LISTEN "index = { a } index = {}",
	    "1: index is set again, expected once, the first is at f:1" },
	{ LISTEN "user", "1: unexpected end, expected the rest of the last directive" },
	{ LISTEN "user 1", "1: user has no value, expected \"=\" after it" },
	{ LISTEN "user = { a }", "1: unexpected \"{\", expected a directive or a value" },
	{ LISTEN "user += a", "1: user is no list, expected \"=\"" },
	{ LISTEN "index = { a b }", "1: unexpected \"b\", expected \",\" or \"}\" in a list" },
	{ LISTEN "pool = 1", "1: pool has no \"{\", expected one before its directives" },
	{ LISTEN "host { }", "1: host has no name, expected one in quotes before \"{\"" },
	{ LISTEN "pool {\n\n", "1: a \"{\" is not closed, expected \"}\" in this file" },
	{ LISTEN "a {{{{{{{{{{{{{{{{{{}}}}}}}}}}}}}}}}}}",
	    "1: too many \"{\" within each other, expected \"}\"" },
	{ LISTEN "\n}", "2: a \"}\" without its \"{\", expected a directive" },
	{ LISTEN "\nuser = \"a\ngroup = \"b\"",
	    "2: a string is not closed, expected '\"' before the end of the line" },
	{ "listen *:80 {}", "1: a \"*\" outside quotes, expected a value in quotes" },
	{ LISTEN "pool {} pool|start = 1",
	    "1: pool is no directive with a \"|\" after it, expected \"{\"" },
	{ LISTEN "host a {} host|location \"/x\" { root = \"/x\" }",
	    "1: host is no directive with a \"|\" after it, expected \"{\"" },
	{ LISTEN "\"\" = 1", "1: not understood after this line, expected a directive" },
	{ LISTEN "\"\\x01start\" = 1", "1: unknown directive \"\\x01start\" in global, expected "
	    "one of musterd.conf(5)" },
	{ LISTEN "host a { location \"/\" { location \"/\" { location \"/\" { location \"/\" {\n"
	    "location \"/\" { root = 1 } } } } } }",
	    "2: location is nested too deeply, expected at most 4 levels" },
	{ LISTEN "pool { header \"a\" {} }",
	    "1: unknown directive \"header\" in pool, expected it in global, host or "
	    "location" },
	{ LISTEN "redirect \"/\" { to = \"/a\" last = yes }",
	    "1: unknown directive \"last\" in redirect, expected it in rewrite" },
	{ LISTEN "reset = all",
	    "1: unknown directive \"reset\" in global, expected it in host or location" },
	{ LISTEN "host a { autoindx = on }",
	    "1: unknown directive \"autoindx\", did you mean \"autoindex\"?" },
	{ LISTEN "header \"a\" { value = b\nvalue = b }", "2: header.value is set again, expected "
	    "once, the first is at f:1" },
	{ LISTEN "header {}", "1: header has no name, expected one in quotes before \"{\"" },
	{ "listen \"80\" {}", "1: listen is \"80\", expected \"*:80\", \"192.0.2.1:80\", "
	    "\"[2001:db8::1]:80\" or \"unix:/path\"" },
};

START_TEST(mistake_is_told_with_its_line)
{
	struct config_errors errors;
	struct config *config = config_load_text(mistakes[_i].text, "f", &errors);

	ck_assert_ptr_null(config);
	ck_assert_uint_ge(errors.count, 1);
	ck_assert_int_eq(strncmp(errors.lines[0], "f:", 2), 0);
	ck_assert_str_eq(errors.lines[0] + 2, mistakes[_i].error);
	ck_assert_msg(errors.count == 1, "also: %s", errors.lines[errors.count - 1]);
	config_errors_fini(&errors);
}
END_TEST

/* Found by four stages; told in the order of the text. */
START_TEST(all_mistakes_are_told_in_order)
{
	static const char *const lines[] = {
		"f:1: pool.start is \"x\", expected a whole number from 1 to 65536",
		"f:2: unknown directive \"foo\" in global, expected one of musterd.conf(5)",
		"f:3: user is set again, expected once, the first is at f:3",
		"f:4: host.root is \"x\", expected an absolute path without \".\" and \"..\", or "
		    "\"\"",
		"f:5: unknown directive \"bar\" in host, expected one of musterd.conf(5)",
		"f:7: host \"a\" is there already, expected another name than at f:4",
	};
	struct config_errors errors;

	ck_assert_ptr_null(config_load_text("listen \"*:80\" {} pool { start = x }\nfoo {}\n"
	    "user = a user = b\nhost a { root = x\nbar = { \"}\" } }\n\nhost A {}", "f", &errors));
	for (size_t i = 0; i < errors.count && i < COUNT_OF(lines); i++)
		ck_assert_str_eq(errors.lines[i], lines[i]);
	ck_assert_uint_eq(errors.count, COUNT_OF(lines));
	config_errors_fini(&errors);
	ck_assert_ptr_null(errors.lines);
}
END_TEST

START_TEST(errors_are_bounded)
{
	size_t line_count = CONFIG_ERRORS_MAX + 20;
	char *text = calloc(line_count, 8);
	struct config_errors errors;

	for (size_t i = 0; i < line_count; i++)
		strcat(text, "user=\"\n");
	ck_assert_ptr_null(config_load_text(text, "f", &errors));
	ck_assert_uint_eq(errors.count, CONFIG_ERRORS_MAX);
	ck_assert_uint_eq(errors.dropped_count, 20);
	config_errors_fini(&errors);
	free(text);
}
END_TEST

/* A lexer left inside a string by one text would mistake the next one. */
START_TEST(failure_leaves_nothing_behind)
{
	struct config_errors errors;
	struct config *config;

	for (int i = 0; i < COUNT_OF(mistakes); i++) {
		ck_assert_ptr_null(config_load_text(mistakes[i].text, "f", &errors));
		config_errors_fini(&errors);
		config = config_load_text(LISTEN, "f", &errors);
		ck_assert_msg(config != NULL, "after %s", mistakes[i].text);
		ck_assert_uint_eq(errors.count, 0);
		config_free(&config);
		ck_assert_ptr_null(config);
		config_errors_fini(&errors);
	}
	config_free(&config);
}
END_TEST

START_TEST(values_reach_their_fields)
{
	struct config_errors errors;
	struct config *config = config_load_text(
	    "user = u group = g pid_file = \"/p\" types_file = \"\"\n"
	    "pool { start = 2 min_idle = 3 max_idle = 4 max_workers = 500 max_requests = 0 }\n"
	    "keepalive { timeout = 0s linger = 2s max_requests = 7\n"
	    "  keepers = 3 max_parked = 11 }\n"
	    "cache { valid = 5s size = 1M worker_size = 8k max_file = 2k }\n"
	    "limits { header_timeout = 1s body_timeout = 2s send_timeout = 3s drain_timeout = 4s\n"
	    "  request_line = 1k header_size = 2k header_fields = 5 body_size = 6G\n"
	    "  streams_per_connection = 8 connections_per_client = 6 connection_rate = 7k "
	    "clients = 2048 }\n"
	    "unknown_host = 421 real_ip_header = Forwarded trusted_proxies = { unix:, 10.0.0.0/8 "
	    "}\n"
	    "log { error = syslog level = debug access = off format = json\n"
	    "  full = count flush = 2m }\n"
	    "\nlisten \"unix:/s\" { backlog = 8 defer_accept = 1m proxy_protocol = on }\n", "f",
	    &errors);

	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	ck_assert_str_eq(config->source, "f");
	ck_assert_str_eq(config->user, "u");
	ck_assert_str_eq(config->group, "g");
	ck_assert_str_eq(config->pid_file, "/p");
	ck_assert_str_eq(config->types_file, "");
	ck_assert_uint_eq(config->pool.start_count, 2);
	ck_assert_uint_eq(config->pool.min_idle_count, 3);
	ck_assert_uint_eq(config->pool.max_idle_count, 4);
	ck_assert_uint_eq(config->pool.max_worker_count, 500);
	ck_assert_uint_eq(config->pool.max_request_count, 0);
	ck_assert_uint_eq(config->keepalive.timeout_ms, 0);
	ck_assert_uint_eq(config->keepalive.linger_ms, 2000);
	ck_assert_uint_eq(config->keepalive.keeper_count, 3);
	ck_assert_uint_eq(config->keepalive.max_parked_count, 11);
	ck_assert_uint_eq(config->cache.valid_ms, 5000);
	ck_assert_uint_eq(config->cache.keeper_bytes, 1048576);
	ck_assert_uint_eq(config->cache.worker_bytes, 8192);
	ck_assert_uint_eq(config->cache.max_body_bytes, 2048);
	ck_assert_uint_eq(config->keepalive.max_request_count, 7);
	ck_assert_uint_eq(config->limits.header_timeout_ms, 1000);
	ck_assert_uint_eq(config->limits.body_timeout_ms, 2000);
	ck_assert_uint_eq(config->limits.send_timeout_ms, 3000);
	ck_assert_uint_eq(config->limits.drain_timeout_ms, 4000);
	ck_assert_uint_eq(config->limits.request_line_bytes, 1024);
	ck_assert_uint_eq(config->limits.header_bytes, 2048);
	ck_assert_uint_eq(config->limits.header_field_count, 5);
	ck_assert_uint_eq(config->limits.body_bytes, UINT64_C(6) << 30);
	ck_assert_uint_eq(config->limits.streams_per_connection, 8);
	ck_assert_uint_eq(config->limits.connections_per_client, 6);
	ck_assert_uint_eq(config->limits.connection_rate_bytes_s, 7168);
	ck_assert_uint_eq(config->limits.client_count, 2048);
	ck_assert_int_eq(config->unknown_host, CONFIG_UNKNOWN_421);
	ck_assert_int_eq(config->real_ip_header, CONFIG_FORWARDED);
	ck_assert_uint_eq(config->trusted_proxy_count, 2);
	ck_assert_int_eq(config->trusted_proxies[0].network->kind, NETWORK_UNIX);
	ck_assert_str_eq(config->trusted_proxies[1].text, "10.0.0.0/8");
	ck_assert_uint_eq(config->trusted_proxies[1].network->prefix_bits, 8);
	ck_assert_uint_eq(config->trusted_proxies[1].depth, 0);
	ck_assert_str_eq(config->log.error, "syslog");
	ck_assert_int_eq(config->log.level, CONFIG_LEVEL_DEBUG);
	ck_assert_str_eq(config->log.access, "off");
	ck_assert_str_eq(config->log.format, "json");
	ck_assert_ptr_nonnull(config->log.compiled_format);
	ck_assert_int_eq(config->log.full, CONFIG_LOG_COUNT);
	ck_assert_uint_eq(config->log.flush_ms, 120000);
	ck_assert_uint_eq(config->listener_count, 1);
	ck_assert_str_eq(config->listeners[0].text, "unix:/s");
	ck_assert_uint_eq(config->listeners[0].backlog_count, 8);
	ck_assert_uint_eq(config->listeners[0].defer_accept_s, 60);
	ck_assert(config->listeners[0].proxy_protocol);
	ck_assert_uint_eq(config->listeners[0].line, 13);
	ck_assert_str_eq(config->listeners[0].file, "f");
	ck_assert_ptr_nonnull(config->mime);
	config_free(&config);
	config_errors_fini(&errors);
}
END_TEST

/* In double quotes and without quotes, not in single ones. */
START_TEST(environment_is_expanded)
{
	struct config_errors errors;
	struct config *config;

	setenv("MUSTER_TEST", "some", 1);
	unsetenv("MUSTER_TEST_NOT");
	config = config_load_text(LISTEN "user = ${MUSTER_TEST} group = "
	    "\"a${MUSTER_TEST_NOT:-b}\"\n"
	    "pid_file = '/${MUSTER_TEST}' chroot = \"/\\${MUSTER_TEST}${MUSTER_TEST_NOT}\"", "f",
	    &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	ck_assert_str_eq(config->user, "some");
	ck_assert_str_eq(config->group, "ab");
	ck_assert_str_eq(config->pid_file, "/${MUSTER_TEST}");
	ck_assert_str_eq(config->chroot, "/${MUSTER_TEST}");
	config_free(&config);
	config_errors_fini(&errors);
}
END_TEST

START_TEST(the_last_owner_frees_it)
{
	struct config_errors errors;
	struct config *config = config_load_text(LISTEN, "f", &errors), *other;

	ck_assert_ptr_nonnull(config);
	other = config_share(config);
	ck_assert_ptr_eq(other, config);
	config_free(&config);
	ck_assert_ptr_null(config);
	ck_assert_str_eq(other->source, "f");
	config_free(&other);
	ck_assert_ptr_null(other);
	config_free(&other);
	config_errors_fini(&errors);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("load");
	TCase *tcase = tcase_create("load");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, mistake_is_told_with_its_line, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, all_mistakes_are_told_in_order);
	tcase_add_test(tcase, errors_are_bounded);
	tcase_add_test(tcase, failure_leaves_nothing_behind);
	tcase_add_test(tcase, values_reach_their_fields);
	tcase_add_test(tcase, environment_is_expanded);
	tcase_add_test(tcase, the_last_owner_frees_it);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
