/* SPDX-License-Identifier: BSD-2-Clause */
/* config/validate.c: each contradiction between right values is told at the line that was
 * written last, and what only looks like one is let through. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#define COUNT_OF(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

#define LISTEN "types_file = \"\" listen \"*:80\" {} "

/* error NULL: none. Else the first error, without "f:"; expected to be the only one. */
static const struct {
	const char *text, *error;
} rows[] = {
	{ LISTEN, NULL },
	{ "types_file = \"\"", " no listen section, expected at least one, such as listen \"*:80\" "
	    "{}" },
	{ LISTEN "pool { min_idle = 5 max_idle = 5 }", NULL },
	{ LISTEN "pool { max_idle = 4\n min_idle = 5 }",
	    "2: pool.min_idle is 5, expected at most pool.max_idle, which is 4" },
	{ LISTEN "pool {\n max_idle = 3 }",
	    "2: pool.min_idle is 4, expected at most pool.max_idle, which is 3" },
	{ LISTEN "pool { max_workers = 9 }", NULL },
	{ LISTEN "pool { max_workers = 8 } keepalive { keepers = 0 }", NULL },
	{ LISTEN "pool {\n max_workers = 8 }", "2: pool.start of all listen sections is as much "
	    "as pool.max_workers, which is 8, expected room for a worker more, which the keepers "
	    "need, or keepalive.keepers = 0" },
	{ LISTEN "pool { max_workers = 7 }", "1: pool.start is 8 for each of 1 listen sections, "
	    "expected at most pool.max_workers together, which is 7" },
	{ LISTEN "listen \"*:81\" {} pool { max_workers = 15 }", "1: pool.start is 8 for each of 2 "
	    "listen sections, expected at most pool.max_workers together, which is 15" },
	{ LISTEN "pool { start = 1\nmax_workers = 3 }",
	    "2: pool.min_idle is 4 for each of 1 listen "
	    "sections, expected at most pool.max_workers together, which is 3" },
	/* A wrong value is no side of a contradiction. */
	{ LISTEN "pool { start = x max_workers = 4 }",
	    "1: pool.start is \"x\", expected a whole number from 1 to 65536" },
	{ LISTEN "limits { request_line = 1k header_size = 1k }", NULL },
	{ LISTEN "limits {\n header_size = 4k }",
	    "2: limits.request_line is 8192 bytes, expected at "
	    "most limits.header_size, which is 4096" },
	{ LISTEN "\nlisten \"0.0.0.0:80\" {}", "2: listen \"0.0.0.0:80\" takes the same address as "
	    "\"*:80\" at f:1, expected another address or port" },
	{ LISTEN "listen \"*:80\" {}", "1: listen \"*:80\" takes the same address as \"*:80\" at "
	    "f:1, expected another address or port" },
	{ LISTEN "listen \"*:81\" {} listen \"unix:/run/s\" {}", NULL },
	{ LISTEN "listen \"*:0\" {} listen \"*:0\" {}", NULL },
	{ LISTEN "host a {} host b { aliases = { c, \"*.a\", \"*\" } }", NULL },
	{ LISTEN "host a {}\nhost A. {}",
	    "2: host \"a\" is there already, expected another name than at f:1" },
	{ LISTEN "host a {}\nhost b {\n aliases = { A } }",
	    "3: host \"a\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { aliases = {\n a } }",
	    "2: host \"a\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { default = true }\nhost b { default = false }", NULL },
	{ LISTEN "host a { default = true }\nhost b {\n default = true }",
	    "3: host.default is true "
	    "for a second host, expected it once on a listener, the first is \"a\" at f:1" },
	{ LISTEN "listen \"*:81\" {} host a { listen = \"*:80\" default = yes }\n"
	    "host b { listen = \"*:81\" default = yes }", NULL },
	{ LISTEN "listen \"*:81\" {} host a { default = yes }\nhost b { listen = \"*:81\"\n"
	    "default = yes }", "3: host.default is true for a second host, expected it once on a "
	    "listener, the first is \"a\" at f:1" },
	{ LISTEN "listen \"*:81\" {} listen \"*:82\" {} host a { listen = \"*:82\" default = yes "
	    "}\n"
	    "host b { listen = { \"*:80\", \"*:81\" } default = yes }\n"
	    "host c { listen = \"*:81\" default = yes }",
	    "3: host.default is true for a second host, expected it once on a listener, the first "
	    "is \"b\" at f:2" },
	{ LISTEN "\nlisten \"*:81\" {} host a { listen = \"*:80\" }",
	    "2: listen \"*:81\" has no host, expected one with it in host.listen" },
	{ LISTEN "listen \"*:81\" {}", NULL },
	/* The same name at another door. */
	{ LISTEN "listen \"*:81\" {} host a { listen = \"*:80\" }\nhost a { listen = \"*:81\" }",
	    NULL },
	{ LISTEN "listen \"*:81\" {} host a { listen = \"*:80\" }\nhost a { listen = \"*:81\" }\n"
	    "host a { listen = \"*:81\" }",
	    "3: host \"a\" is there already, expected another name than at f:2" },
	{ LISTEN "listen \"*:81\" {} host b { listen = \"*:80\" }\nhost c { listen = \"*:81\" }\n"
	    "host d { aliases = {\n b } }",
	    "4: host \"b\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { location \"/x\" {} location \"= /x\" {} location \"/xy\" {}\n"
	    "location \"= /x/\" {} location \"/\" {} }", NULL },
	{ LISTEN "host a { location \"/x\" {}\nlocation \"/x/\" {} }",
	    "2: location \"/x/\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { location \"/x\" {} } host b { location \"/x\" {} }", NULL },
	{ LISTEN "host a { location \"= /x\" {}\nlocation \"=/x\" {} }",
	    "2: location \"= /x\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { location \"/x\" {}\nlocation \"^~ /x/\" {} }",
	    "2: location \"^~ /x/\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { location \"/x\" { location \"/x/y\" {}\nlocation \"/x/y/\" {} } }",
	    "2: location \"/x/y/\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { location \"/x\" { location \"/x/y\" {} } location \"/x/y\" {} }", NULL },
#ifdef HAVE_PCRE2
	{ LISTEN "host a { location \"~ x\" {}\nlocation \"~x\" {} }",
	    "2: location \"~ x\" is there already, expected another name than at f:1" },
	{ LISTEN "host a { location \"~ /x\" {} location \"~* /x\" {} location \"/x\" {} }", NULL },
#endif
	{ LISTEN "host a { location \"/x\" { alias = \"/a\" } root = \"/b\" }", NULL },
	{ LISTEN "host a { location \"/x\" { alias = \"/a\"\nroot = \"/b\" } }",
	    "2: location.alias and location.root are both set, expected one of them" },
	{ LISTEN "chroot = \"/srv/\" root = \"/srv\" host a { root = \"/srv/a\" }", NULL },
	{ LISTEN "chroot = \"/\" root = \"/srv\"", NULL },
	{ LISTEN "chroot = \"/srv\" host a { root = \"\"\nlocation \"/x\" {\n alias = \"/srvx\" } "
	    "}",
	    "3: location.alias is \"/srvx\", expected a path below the chroot \"/srv\"" },
	{ LISTEN "chroot = \"/srv\"\nroot = \"/var\"",
	    "2: root is \"/var\", expected a path below the chroot \"/srv\"" },
	{ LISTEN "chroot = \"/srv\"\nuser_dir = \"/home/*\"",
	    "2: user_dir is \"/home/*\", expected a path below the chroot \"/srv\"" },
	{ LISTEN "chroot = \"/srv\"\nauth_user_file = \"/etc/a\"",
	    "2: auth_user_file is \"/etc/a\", expected a path below the chroot \"/srv\"" },
	{ LISTEN "auth_type = basic", "1: auth_type has no users, expected auth_user_file with "
	    "it" },
	{ LISTEN "auth_type = basic\nhost a { auth_user_file = \"/a\" }\nhost b {\n}",
	    "3: auth_type has no users, expected auth_user_file with it" },
	{ LISTEN "auth_user_file = \"/a\" host a { location \"/\" { auth_type = basic } }", NULL },
	{ LISTEN "host a { location \"/\" {\nlocation \"/x\" {\n auth_type = basic\n"
	    "location \"/x/y\" {} } } }",
	    "3: auth_type has no users, expected auth_user_file with it" },
	{ LISTEN "auth_type = basic auth_user_file = \"/a\"\nrequire_group = g",
	    "2: require_group has no groups, expected auth_group_file with it" },
	{ LISTEN "auth_type = basic auth_user_file = \"/a\" auth_group_file = \"/g\"\n"
	    "require_group = g", NULL },
	{ LISTEN "\nrequire_user = u", "2: users or groups are required of nobody, expected "
	    "auth_type \"basic\" or \"digest\" with it" },
	{ LISTEN "auth_type = basic auth_user_file = \"/a\" require_user = u\n"
	    "host a { location \"/open\" { auth_type = off location \"/open/x\" {} } }", NULL },
	{ LISTEN "cors = \"*\" host a {\ncors_credentials = on }",
	    "2: cors_credentials is true for every origin, expected named ones in cors in place "
	    "of \"*\"" },
	{ LISTEN "cors = { \"https://a\" } cors_credentials = on", NULL },
	{ LISTEN "chroot = \"/srv/../x\"",
	    "1: chroot is \"/srv/../x\", expected an absolute path or \"\"" },
};

START_TEST(contradiction_is_told)
{
	struct config_errors errors;
	struct config *config = config_load_text(rows[_i].text, "f", &errors);

	if (rows[_i].error == NULL) {
		ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	} else {
		ck_assert_ptr_null(config);
		ck_assert_uint_ge(errors.count, 1);
		ck_assert_str_eq(errors.lines[0] + 2, rows[_i].error);
		ck_assert_msg(errors.count == 1, "also: %s", errors.lines[errors.count - 1]);
	}
	config_free(&config);
	config_errors_fini(&errors);
}
END_TEST

START_TEST(listeners_are_counted)
{
	struct config_errors errors;
	struct config *config;
	char text[64 * (CONFIG_LISTENERS_MAX + 1)] = "types_file = \"\"\n"
	    "pool { max_workers = 65536 }";
	size_t used = strlen(text);

	for (unsigned i = 0; i < CONFIG_LISTENERS_MAX; i++)
		used += (size_t)sprintf(text + used, "listen \"127.0.0.1:%u\" {}\n", i + 1);
	config = config_load_text(text, "f", &errors);
	ck_assert_ptr_nonnull(config);
	ck_assert_uint_eq(config->listener_count, CONFIG_LISTENERS_MAX);
	config_free(&config);
	sprintf(text + used, "listen \"*:0\" {}");
	ck_assert_ptr_null(config_load_text(text, "f", &errors));
	ck_assert_str_eq(errors.lines[0], "f:66: too many listen sections, expected at most 64");
	config_errors_fini(&errors);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("validate");
	TCase *tcase = tcase_create("validate");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, contradiction_is_told, 0, COUNT_OF(rows));
	tcase_add_test(tcase, listeners_are_counted);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
