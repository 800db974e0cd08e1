/* SPDX-License-Identifier: BSD-2-Clause */
/* config/rules.c: what a redirect and a rewrite become, which rules apply in a scope, and what
 * status, target and pattern have to do with each other. */
#include "tests/lib/load_config.h"

#include "config/template.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define PAIR "certificate = \"/c\" certificate_key = \"/k\" "

START_TEST(rule_is_filled)
{
	struct config *config = load_config("redirect \"/a/\" { to = \"/b/?x=1\" }\n"
	    "rewrite \"= /c\" { to = \"/d\" last = yes }\n"
	    "redirect \"= /gone\" { status = 410 to = \"\" }");
	const struct config_rule *rules = config->rules;

	ck_assert_uint_eq(config->rule_count, 3);
	ck_assert(!rules[0].is_rewrite && !rules[0].is_last);
	ck_assert_str_eq(rules[0].matcher.title, "/a/");
	ck_assert_uint_eq(rules[0].status, 301);
	ck_assert_str_eq(rules[0].to, "/b/?x=1");
	ck_assert_ptr_nonnull(rules[0].target);
	ck_assert(rules[0].target->has_query);
	ck_assert(rules[1].is_rewrite && rules[1].is_last);
	ck_assert_int_eq(rules[1].matcher.match, CONFIG_MATCH_EXACT);
	ck_assert_str_eq(rules[1].file, "f");
	ck_assert_uint_eq(rules[1].line, 2);
	ck_assert_uint_eq(rules[2].status, 410);
	ck_assert_str_eq(rules[2].to, "");
	ck_assert_ptr_null(rules[2].target);
	config_free(&config);
}
END_TEST

/* Targets of the rules of the innermost scope, with "|" before its own. */
static const struct {
	const char *text, *targets;
} scopes[] = {
	{ "redirect \"/\" { to = \"/1\" } rewrite \"/\" { to = \"/2\" } host a {\n"
	    "redirect \"/\" { to = \"/3\" } }", "/1 /2 | /3 " },
	{ "redirect \"/\" { to = \"/1\" } host a {}", "/1 | " },
	{ "redirect \"/\" { to = \"/1\" }", "/1 | " },
	/* The host's come before there is a location. */
	{ "host a { redirect \"/\" { to = \"/1\" } location \"/\" { redirect \"/\" { to = \"/2\" } "
	    "} }",
	    "| /2 " },
	{ "host a { location \"/\" { redirect \"/\" { to = \"/1\" } location \"/x\" {\n"
	    "rewrite \"/\" { to = \"/2\" } } } }", "/1 | /2 " },
	{ "redirect \"/\" { to = \"/1\" } rewrite \"/\" { to = \"/2\" } host a { reset = redirect\n"
	    "redirect \"/\" { to = \"/3\" } }", "/2 | /3 " },
	{ "redirect \"/\" { to = \"/1\" } rewrite \"/\" { to = \"/2\" } host a { reset = rewrite }",
	    "/1 | " },
	{ "redirect \"/\" { to = \"/1\" } rewrite \"/\" { to = \"/2\" } host a { reset = all }",
	    "| " },
};

START_TEST(outer_rules_come_first)
{
	struct config *config = load_config(scopes[_i].text);
	const struct config_host *host = &config->hosts[0];
	const struct config_location *location = host->locations;
	const struct config_rule *rules = host->rules;
	size_t count = host->rule_count, own_index = host->own_rule_index;
	char targets[64] = "";

	for (size_t depth = host->location_count; depth > 0; depth = location->location_count) {
		if (location != host->locations || rules != host->rules)
			location = location->locations;
		rules = location->rules;
		count = location->rule_count;
		own_index = location->own_rule_index;
	}
	for (size_t i = 0; i <= count; i++) {
		if (i == own_index)
			strcat(targets, "| ");
		if (i < count)
			strcat(strcat(targets, rules[i].to), " ");
	}
	ck_assert_str_eq(targets, scopes[_i].targets);
	config_free(&config);
}
END_TEST

static const char *const right[] = {
	"redirect \"/\" { to = \"https://example.org/\" }", "redirect \"/\" { to = "
	    "\"$scheme://a/\" }",
	"redirect \"/\" { to = \"/$rest\" status = 302 }", "redirect \"/\" { to = \"/\" status = "
	    "303 }",
	"redirect \"/\" { to = \"/\" status = 307 }", "redirect \"/\" { to = \"/\" status = 308 }",
	"redirect \"/\" { status = 403 }", "redirect \"/\" { status = 404 }",
	"redirect \"/\" { status = 451 }", "redirect \"/\" { to = \"//example.org/\" }",
	"redirect \"/x\" { to = \"/$0\" }", "rewrite \"/\" { to = \"$path.html\" }",
#ifdef HAVE_PCRE2
	"redirect \"~ ^/(.)(.)\" { to = \"/$2$1\" }", "rewrite \"~* (a)\" { to = '/${1}0' }",
	"redirect \"~ x\" { to = \"/y\" }", "redirect \"~ x\" { status = 410 }",
#endif
};

START_TEST(right_rule_loads)
{
	struct config *config = load_config(right[_i]);

	ck_assert_uint_eq(config->rule_count, 1);
	config_free(&config);
}
END_TEST

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "\nredirect \"/\" {}", "2: redirect has no to, expected one with status 301" },
	{ "redirect \"/\" { status = 308 to = \"\" }",
	    "1: redirect has no to, expected one with status 308" },
	{ "redirect \"/\" { status = 410\nto = \"/x\" }",
	    "2: redirect.to is \"/x\", expected none with status 410" },
	{ "redirect \"/\" { status = 305 to = \"/x\" }", "1: redirect.status is \"305\", expected "
	    "\"301\", \"302\", \"303\", \"307\", \"308\", \"403\", \"404\", \"410\" or \"451\"" },
	{ "redirect \"/\" { to = \"x\" }", "1: redirect.to is \"x\", expected a path that starts "
	    "with \"/\", or an address such as \"https://example.org/\"" },
	{ "redirect \"/\" { to = \"a\\x01\" }",
	    "1: redirect.to is \"a\\x01\", expected at most 4095 bytes without control "
	    "characters" },
	{ "redirect \"x\" { to = \"/\" }", "1: redirect is \"x\", expected \"/prefix\", "
	    "\"^~ /prefix\", \"= /exact\", \"~ pattern\" or \"~* pattern\"" },
	{ "redirect \"/x\" { to = \"/$1\" }", "1: redirect.to is \"/$1\", expected no \"$1\" and "
	    "the like, which only patterns have" },
	{ "redirect \"/x\" { to = \"/$y\" }", "1: redirect.to is \"/$y\", expected \"$1\", "
	    "\"$host\", \"$scheme\", \"$path\", \"$query\", \"$request_uri\", \"$rest\", or "
	    "\"$$\" for a dollar sign" },
	{ "\nrewrite \"/\" {}", "2: rewrite has no to, expected a path to go on with" },
	{ "rewrite \"/\" { to = \"https://a/\" }",
	    "1: rewrite.to is \"https://a/\", expected a path that starts with \"/\"" },
	{ "rewrite \"/\" { to = \"$scheme://a/\" }",
	    "1: rewrite.to is \"$scheme://a/\", expected a path that starts with \"/\"" },
	{ "rewrite \"/\" { to = \"x\" }",
	    "1: rewrite.to is \"x\", expected a path that starts with \"/\"" },
	{ "rewrite \"/\" { to = \"/x\" last = maybe }",
	    "1: rewrite.last is \"maybe\", expected true or false" },
#ifdef HAVE_PCRE2
	{ "redirect \"~ (a)\" { to = \"/$2\" }",
	    "1: redirect.to is \"/$2\", expected \"$1\" at most, as the pattern has it" },
	{ "rewrite \"~ a\" { to = \"/$1\" }", "1: rewrite.to is \"/$1\", expected no \"$1\": the "
	    "pattern has no parentheses" },
#else
	{ "redirect \"~ a\" { to = \"/\" }",
	    "1: redirect \"~ a\": this muster is built without PCRE2, which patterns need" },
#endif
};

START_TEST(mistake_is_told)
{
	refuse_config(mistakes[_i].text, mistakes[_i].error);
}
END_TEST

/* Where https_redirect leads to: port 443, unless TLS is spoken elsewhere only. */
static const struct {
	const char *text, *to;
} https[] = {
	{ "", "https://$host$request_uri" },
	{ "host a {}", "https://$host$request_uri" },
#ifdef HAVE_OPENSSL
	{ PAIR "listen \"*:443\" { tls = true }", "https://$host$request_uri" },
	{ PAIR "listen \"*:8443\" { tls = true }", "https://$host:8443$request_uri" },
	{ PAIR "listen \"*:8443\" { tls = true } listen \"[::1]:443\" { tls = true }",
	    "https://$host$request_uri" },
	{ PAIR "listen \"*:8443\" { tls = true } listen \"*:9443\" { tls = true }\n"
	    "host a { listen = \"*:80\" } host b { listen = { \"*:9443\", \"*:8443\" } }",
	    "https://$host$request_uri" },
	{ PAIR "listen \"*:8443\" { tls = true } listen \"*:9443\" { tls = true }\n"
	    "host a { listen = \"*:9443\" } host b {}", "https://$host:9443$request_uri" },
	{ PAIR "listen \"*:0\" { tls = true } listen \"unix:/s\" { tls = true }",
	    "https://$host$request_uri" },
#endif
};

START_TEST(https_redirect_knows_its_port)
{
	struct config *config = load_config(https[_i].text);
	const struct config_rule *rule = &config->hosts[0].https_rule;

	ck_assert_str_eq(rule->to, https[_i].to);
	ck_assert_uint_eq(rule->status, 301);
	ck_assert(!rule->is_rewrite);
	ck_assert(rule->target->is_absolute);
	config_free(&config);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, outer_rules_come_first, 0, COUNT_OF(scopes));
	tcase_add_loop_test(tcase, right_rule_loads, 0, COUNT_OF(right));
	tcase_add_loop_test(tcase, mistake_is_told, 0, COUNT_OF(mistakes));
	tcase_add_test(tcase, rule_is_filled);
	tcase_add_loop_test(tcase, https_redirect_knows_its_port, 0, COUNT_OF(https));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
