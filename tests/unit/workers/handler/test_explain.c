/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/explain.c and explain_route.c: what an administrator is told of a URL. Breaks
 * when the explanation leaves out a step, names another place in the file, or is too wide. */
#include <check.h>
#include <stdlib.h>

#include "workers/handler/explain.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static const char config_text[] =
    "types_file = \"\" unknown_host = \"421\"\n"
    "listen \"127.0.0.1:8080\" {}\n"
    "listen \"127.0.0.2:8080\" {}\n"
    "listen \"*:80\" {}\n"
    "root = \"/srv/www\" deny = { \"192.0.2.0/24\" }\n"
    "host \"example.org\" { aliases = { \"www.example.org\", \"*.cdn.example.org\" }\n"
    "	user_dir = \"/pages/*/www\"\n"
    "	redirect \"/blog\" { to = \"/articles\" }\n"
    "	rewrite \"= /r\" { to = \"/app/new?a=1\" }\n"
    "	redirect \"/gone\" { status = 410 }\n"
    "	location \"/app\" { try_files = { \"$uri\", \"/app/index.html\" }\n"
    "		location \"/app/in\" { auth_type = \"basic\" auth_name = \"staff\""
    " auth_user_file = \"/etc/users\" satisfy = \"any\" }\n"
    "		location \"= /app/none\" {}\n"
    "	}\n"
    "	location \"/\" {}\n"
    "	location \"/alias\" { alias = \"/srv/alias\" }\n"
    "	location \"/loop\" { rewrite \"/loop\" { to = \"/loop/x\" } }\n"
    "}\n"
    "host \"other.example\" { listen = { \"127.0.0.2:8080\" } }\n"
    "host \"bare.example\" { reset = { \"root\", \"deny\" } }\n";

static char *text;

static int
explain(const char *configuration, const char *url)
{
	struct config_errors errors = { 0 };
	struct config *config = config_load_text(configuration, "f", &errors);
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	int status;

	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	ck_assert_ptr_nonnull(out);
	status = explain_url(config, url, out);
	(void)fclose(out);
	config_free(&config);
	return status;
}

static void
forget(void)
{
	free(text);
	text = NULL;
}

static const struct {
	const char *url, *text;
} urls[] = {
	{ "http://example.org/x",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", by its name (f:6)\n"
	    "location   \"/\" is taken: the longest prefix, and no pattern fits (f:15)\n"
	    "file       /srv/www/x\n"
	    "deny       192.0.2.0/24, for all hosts\n" },
	{ "HTTP://WWW.Example.Org.:8080/blog/a%20b?c#d",
	    "listen     127.0.0.1:8080 (f:2)\n"
	    "host       \"example.org\", by its alias \"www.example.org\" (f:6)\n"
	    "redirect   \"/blog\" answers 301, /articles/a%20b?c (f:8)\n" },
	{ "http://a.cdn.example.org/alias/x",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", by \"*.cdn.example.org\", the longest that fits (f:6)\n"
	    "location   \"/\" fits, but is shorter (f:15)\n"
	    "           \"/alias\" is taken: the longest prefix, and no pattern fits (f:16)\n"
	    "file       /srv/alias/x (alias)\n"
	    "deny       192.0.2.0/24, for all hosts\n" },
	{ "/r",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", the default: the URL names none (f:6)\n"
	    "rewrite    \"= /r\" makes it /app/new?a=1 (f:9)\n"
	    "location   \"/app\" is taken: the longest prefix, and no pattern fits (f:11)\n"
	    "           \"/\" fits, but is shorter (f:15)\n"
	    "  within   none fits /app/new\n"
	    "file       /srv/www/app/new\n"
	    "try_files  $uri\n"
	    "           /app/index.html\n"
	    "deny       192.0.2.0/24, for all hosts\n" },
	{ "/app/in/",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", the default: the URL names none (f:6)\n"
	    "location   \"/app\" is taken: the longest prefix, and no pattern fits (f:11)\n"
	    "           \"/\" fits, but is shorter (f:15)\n"
	    "  within   \"/app/in\" is taken: the longest prefix, and no pattern fits (f:12)\n"
	    "file       /srv/www/app/in/\n"
	    "try_files  $uri\n"
	    "           /app/index.html\n"
	    "deny       192.0.2.0/24, for all hosts\n"
	    "password   basic for \"staff\", users in /etc/users\n"
	    "satisfy    any: address or password\n" },
	{ "http://example.org/~alice/a/",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", by its name (f:6)\n"
	    "location   \"/\" is taken: the longest prefix, and no pattern fits (f:15)\n"
	    "file       /pages/alice/www/a/ (user_dir = \"/pages/*/www\")\n"
	    "index      index.html\n"
	    "deny       192.0.2.0/24, for all hosts\n" },
	{ "http://example.org/~%1b/",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", by its name (f:6)\n"
	    "location   \"/\" is taken: the longest prefix, and no pattern fits (f:15)\n"
	    "file       none, answer 404: nobody can be called so (user_dir)\n"
	    "deny       192.0.2.0/24, for all hosts\n" },
	{ "http://example.org/gone/x",
	    "listen     *:80 (f:4)\n"
	    "host       \"example.org\", by its name (f:6)\n"
	    "redirect   \"/gone\" answers 410 (f:10)\n" },
	{ "http://other.example:8080/",
	    "listen     127.0.0.1:8080 (f:2)\n"
	    "host       \"example.org\", the default: none is called \"other.example\" (f:6)\n"
	    "           on 127.0.0.2:8080 it is host \"other.example\" (f:19)\n"
	    "answer     421, as unknown_host says\n" },
	{ "https://bare.example:444/.x",
	    "listen     none has port 444; this is what 127.0.0.1:8080 would do (f:2)\n"
	    "host       \"bare.example\", by its name (f:20)\n"
	    "location   there is none: the host itself\n"
	    "file       none, answer 403: a name begins with a dot (dot_files)\n" },
	{ "http://bare.example/x\tx",
	    "listen     *:80 (f:4)\n"
	    "host       \"bare.example\", by its name (f:20)\n"
	    "location   there is none: the host itself\n"
	    "file       none, answer 404: there is no root\n" },
};

START_TEST(url_is_explained)
{
	ck_assert_int_eq(explain(config_text, urls[_i].url), 0);
	ck_assert_str_eq(text, urls[_i].text);
}
END_TEST

/* 127.0.0.2 is the address of a listener of its own. */
START_TEST(listener_is_the_closest)
{
	ck_assert_int_eq(explain(config_text, "http://127.0.0.2:8080/"), 0);
	ck_assert_ptr_nonnull(strstr(text, "listen     127.0.0.2:8080"));
	forget();
	ck_assert_int_eq(explain("types_file = \"\" listen \"[::1]:81\" {}"
	    " listen \"127.0.0.1:81\" {}",
	    "http://127.0.0.1:81/"), 0);
	ck_assert_ptr_nonnull(strstr(text, "listen     127.0.0.1:81"));
	forget();
	ck_assert_int_eq(explain("types_file = \"\" listen \"*:81\" {} listen \"[::1]:82\" {}",
	    "http://[::1]:82/"), 0);
	ck_assert_ptr_nonnull(strstr(text, "listen     [::1]:82"));
	forget();
	ck_assert_int_eq(explain("types_file = \"\" listen \"unix:/run/x\" {}", "/"), 0);
	ck_assert_ptr_nonnull(strstr(text, "listen     unix:/run/x"));
}
END_TEST

#ifdef HAVE_OPENSSL
static const char secure_text[] = "types_file = \"\" https_redirect = true\n"
    "listen \"*:8080\" {} listen \"*:8443\" { tls = true }\n"
    "certificate = \"/c\" certificate_key = \"/k\" host \"h\" {}\n";

/* Breaks when an https URL is explained as if it came without TLS. */
START_TEST(scheme_chooses_where_no_port_fits)
{
	ck_assert_int_eq(explain(secure_text, "https://h/x"), 0);
	ck_assert_ptr_nonnull(strstr(text, "this is what *:8443 would do (f:2)"));
	ck_assert_ptr_null(strstr(text, "redirect "));
	forget();
	ck_assert_int_eq(explain(secure_text, "http://h/x?y"), 0);
	ck_assert_ptr_nonnull(strstr(text, "this is what *:8080 would do (f:2)"));
	ck_assert_ptr_nonnull(strstr(text, "redirect   \"https_redirect\" answers 301, "
	    "https://h:8443/x?y (f:3)\n"));
}
END_TEST
#endif

START_TEST(loop_is_explained)
{
	size_t count = 0;

	ck_assert_int_eq(explain(config_text, "/loop"), 0);
	for (const char *at = text; (at = strstr(at, "rewrite  ")) != NULL; at++)
		count++;
	ck_assert_uint_eq(count, 11);
	ck_assert_ptr_nonnull(strstr(text, "answer     500: see the error above\n"));
}
END_TEST

#ifdef HAVE_PCRE2
static const struct {
	const char *url, *text;
} reasons[] = {
	{ "/a", "location   \"/\" fits, but the exact one goes first (f:2)\n"
	    "           \"= /a\" is taken: it is this very path (f:3)\n"
	    "           \"~ ^/a\" fits, but the exact one goes first (f:6)\n" },
	{ "/b", "location   \"/\" fits, but is shorter (f:2)\n"
	    "           \"^~ /b\" is taken: the longest prefix, and it has \"^~\" (f:4)\n"
	    "           \"~ ^/[bc]\" fits, but \"^~\" goes first (f:7)\n" },
	{ "/b/c", "location   \"/\" fits, but patterns go first (f:2)\n"
	    "           \"^~ /b\" fits, but a longer prefix without \"^~\" does too (f:4)\n"
	    "           \"/b/c\" fits, but patterns go first (f:5)\n"
	    "           \"~ ^/[bc]\" is taken: the first pattern that fits (f:7)\n"
	    "           \"~* C\" fits, but stands later in the file (f:8)\n" },
	{ "/img/x", "file       /srv/x/x/x.png (alias)\n" },
	{ "/img/..x", "answer     404: the path it makes is none\n" },
};

START_TEST(reason_is_told)
{
	ck_assert_int_eq(explain("types_file = \"\" listen \"127.0.0.1:1\" {} host \"h\" {\n"
	    "location \"/\" {}\n"
	    "location \"= /a\" {}\n"
	    "location \"^~ /b\" {}\n"
	    "location \"/b/c\" {}\n"
	    "location \"~ ^/a\" {}\n"
	    "location \"~ ^/[bc]\" {}\n"
	    "location \"~* C\" {}\n"
	    "location \"~ ^/img/([^.]*)([.]*)\""
	    " { alias = \"/srv/x/$1$2/$1.png\" dot_files = true }\n"
	    "}", reasons[_i].url), 0);
	ck_assert_msg(strstr(text, reasons[_i].text) != NULL, "%s", text);
}
END_TEST
#endif

/* Long lines are broken between words, and end before a terminal's does. */
START_TEST(lines_are_short)
{
	size_t column = 0;

	ck_assert_int_eq(explain("types_file = \"\" listen \"127.0.0.1:1\" {} host \"h\" {\n"
	    "redirect \"/a/rather/long/path/that/leads/away\" "
	    "{ to = \"/to/another/path/that/is/even/longer\" } }",
	    "http://h:1/a/rather/long/path/that/leads/away"), 0);
	for (const char *at = text; *at != '\0'; at++) {
		column = *at == '\n' ? 0 : column + 1;
		ck_assert_uint_lt(column, 80);
	}
	ck_assert_ptr_nonnull(strstr(text, "answers 301,\n           /to/another"));
}
END_TEST

static const char *const wrong_urls[] = {
	"", "x", "example.org/", "ftp://example.org/", "http://", "http:///x", "http://a b/",
	"http://a:99999/", "http://a@b/", "http://a/../x", "/%zz", "/%00", "/a%2fb", "?x",
};

START_TEST(wrong_url_is_refused)
{
	ck_assert_int_eq(explain(config_text, wrong_urls[_i]), 1);
	ck_assert_str_eq(text, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tcase = tcase_create("explain");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, NULL, forget);
	tcase_add_loop_test(tcase, url_is_explained, 0, COUNT_OF(urls));
	tcase_add_test(tcase, listener_is_the_closest);
#ifdef HAVE_OPENSSL
	tcase_add_test(tcase, scheme_chooses_where_no_port_fits);
#endif
	tcase_add_test(tcase, loop_is_explained);
#ifdef HAVE_PCRE2
	tcase_add_loop_test(tcase, reason_is_told, 0, COUNT_OF(reasons));
#endif
	tcase_add_test(tcase, lines_are_short);
	tcase_add_loop_test(tcase, wrong_url_is_refused, 0, COUNT_OF(wrong_urls));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
