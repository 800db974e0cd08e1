/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/rules.c: from a request to its route or its redirect. Breaks when rules are
 * asked in another order, when a path that was made is not normalised, and when what goes round
 * for ever is not noticed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/rules.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LISTEN "types_file = \"\" listen \"127.0.0.1:0\" {}\n"

static struct config *config;
static struct arena arena, scratch;
static struct http_request request;
static struct exchange exchange;
static struct answer answer;
static bool is_https;

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 1 << 17), 0);
	ck_assert_int_eq(arena_init(&scratch, 1 << 22), 0);
	answer_init(&answer);
	is_https = false;
}

static void
end(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
	arena_fini(&scratch);
	config_free(&config);
}

static void
load(const char *text)
{
	struct config_errors errors = { 0 };

	config_free(&config);
	config = config_load_text(text, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
}

/* target: "/path?query", as sent. */
static void
ask_host(const char *host, const char *target)
{
	const char *mark = strchr(target, '?');
	char *path;

	arena_reset(&arena);
	arena_reset(&scratch);
	answer_restart(&answer);
	path = arena_alloc(&arena, 4096);
	request = (struct http_request){ .method = HTTP_METHOD_GET,
		.host = slice_from_text(host), .has_query = mark != NULL,
		.path = slice_make(target, mark != NULL ? (size_t)(mark - target) :
		    strlen(target)), .query = slice_from_text(mark != NULL ? mark + 1 : "") };
	exchange = (struct exchange){ .request = &request, .config = config, .arena = &arena,
		.scratch = &scratch, .query = request.query, .has_query = request.has_query,
		.is_https = is_https };
	ck_assert_int_eq(uri_normalize_path(request.path, path, 4096, &exchange.path_info),
	    URI_OK);
	exchange.path = slice_make(path, exchange.path_info.len);
}

/* What comes of it: "STATUS location", or "path?query TITLE", the title of the location, or
 * "host". */
static const char *
route_of(const char *host, const char *target)
{
	static char text[8192];
	struct slice *location;

	ask_host(host, target);
	if (!route_request(&exchange, &answer)) {
		ck_assert_uint_ne(answer.status, 0);
		location = answer_find_field(&answer, SLICE_LITERAL("Location"));
		snprintf(text, sizeof text, "%u%s%.*s", answer.status, location != NULL ? " " : "",
		    location != NULL ? (int)location->len : 0,
		    location != NULL ? location->data : "");
	} else {
		ck_assert_uint_eq(exchange.path_info.len, exchange.path.len);
		ck_assert_uint_eq(strlen(exchange.path.data), exchange.path.len);
		snprintf(text, sizeof text, "%s%s%.*s %s", exchange.path.data,
		    exchange.has_query ? "?" : "", (int)exchange.query.len, exchange.query.data,
		    exchange.route.location != NULL ? exchange.route.location->matcher.title :
		    "host");
	}
	ck_assert_ptr_nonnull(exchange.route.host);
	ck_assert_ptr_nonnull(exchange.route.settings);
	return text;
}

static const char prefixes_text[] = LISTEN
    "redirect \"= /global\" { to = \"/everywhere\" }\n"
    "host \"h\" {\n"
    "redirect \"= /feed\" { to = \"/news/feed.xml\" status = 308 }\n"
    "redirect \"/blog\" { to = \"/articles\" }\n"
    "redirect \"/intranet\" { status = 410 }\n"
    "redirect \"^~ /out/\" { to = \"https://out.example/\" status = 302 }\n"
    "rewrite \"= /one\" { to = \"/two\" }\n"
    "rewrite \"/two\" { to = \"/three\" }\n"
    "rewrite \"= /stop\" { to = \"/go\" last = true }\n"
    "redirect \"/go\" { to = \"/gone\" }\n"
    "redirect \"/three/r\" { to = \"/home\" status = 307 }\n"
    "rewrite \"= /up\" { to = \"/a/../../b\" }\n"
    "rewrite \"= /dots\" { to = \"/a/./b//c/../d\" }\n"
    "rewrite \"= /query\" { to = \"/q?fixed=1\" }\n"
    "rewrite \"= /hidden\" { to = \"/.git/config\" }\n"
    "location \"/loc\" {\n"
    "	rewrite \"= /loc/out\" { to = \"/three/x\" }\n"
    "	redirect \"= /loc/r\" { to = \"/loc/s\" }\n"
    "	location \"/loc/in\" { rewrite \"/loc/in\" { to = \"/loc/new\" } }\n"
    "}\n"
    "location \"/three\" { redirect \"= /three/last\" { status = 403 } }\n"
    "}\n"
    "host \"free\" { reset = { \"redirect\" } }\n";

static const struct {
	const char *host, *target, *result;
} prefixes[] = {
	{ "h", "/", "/ host" },
	{ "h", "/x?y", "/x?y host" },
	{ "h", "/global", "301 /everywhere" },
	{ "free", "/global", "/global host" },
	{ "h", "/feed", "308 /news/feed.xml" },
	{ "h", "/feed?a=1", "308 /news/feed.xml?a=1" },
	{ "h", "/feed/", "/feed/ host" },
	{ "h", "/blog", "301 /articles" },
	{ "h", "/blog/", "301 /articles/" },
	{ "h", "/blog/2024?p=2", "301 /articles/2024?p=2" },
	{ "h", "/blog/a%20b%3Fc", "301 /articles/a%20b%3Fc" },
	{ "h", "/blogs", "/blogs host" },
	{ "h", "/%62log/x", "301 /articles/x" },        /* decoded before it is matched */
	{ "h", "/intranet/x", "410" },
	{ "h", "/out//evil.example", "302 https://out.example/evil.example" },
	{ "h", "/one", "/three /three" },               /* the next rule sees the new path */
	{ "h", "/one?a", "/three?a /three" },
	{ "h", "/two/r", "307 /home" },
	{ "h", "/stop", "/go host" },
	{ "h", "/go", "301 /gone" },
	{ "h", "/up", "400" },
	{ "h", "/dots", "/a/b/d host" },
	{ "h", "/query?x", "/q?fixed=1 host" },
	{ "h", "/loc/x", "/loc/x /loc" },
	{ "h", "/loc/out", "/three/x /three" },
	{ "h", "/loc/r", "301 /loc/s" },
	{ "h", "/loc/in/a", "/loc/new/a /loc" },
	{ "h", "/two/last", "403" },
};

START_TEST(rules_without_patterns)
{
	load(prefixes_text);
	ck_assert_str_eq(route_of(prefixes[_i].host, prefixes[_i].target), prefixes[_i].result);
}
END_TEST

/* What refuses hidden names sees the one that a rewrite leads to. */
START_TEST(path_info_is_of_the_new_path)
{
	load(prefixes_text);
	ck_assert_str_eq(route_of("h", "/hidden"), "/.git/config host");
	ck_assert(exchange.path_info.has_dot_name);
	ck_assert_str_eq(exchange.route.below_root.data, ".git/config");
	ck_assert_str_eq(route_of("h", "/two/"), "/three/ /three");
	ck_assert(exchange.path_info.ends_with_slash);
}
END_TEST

START_TEST(rewrite_without_end_is_an_error)
{
	load(LISTEN "host \"h\" {\n"
	    "location \"/a\" { rewrite \"/a\" { to = \"/b\" } }\n"
	    "location \"/b\" { rewrite \"/b\" { to = \"/a\" } }\n"
	    "location \"/grow\" { rewrite \"/grow\" { to = \"/grow/x\" } }\n"
	    "location \"/same\" { rewrite \"/same\" { to = \"/same/index.html?\" } }\n"
	    "location \"/query\" { rewrite \"= /query\" { to = \"/query?a&$query\" } }\n"
	    "location \"/turn\" { rewrite \"= /turn\" { to = \"/nrut\" }"
	    " rewrite \"= /nrut\" { to = \"/turn\" } }\n"
	    "}");
	ck_assert_str_eq(route_of("h", "/a"), "500");
	ck_assert_str_eq(route_of("h", "/grow"), "500");
	/* One that comes to rest is none. */
	ck_assert_str_eq(route_of("h", "/turn"), "/turn /turn");
	ck_assert_str_eq(route_of("h", "/query?b"), "/query?a&b /query");
}
END_TEST

/* So many that each is counted, and no more. */
START_TEST(ten_rewrites_are_allowed)
{
	char text[2048] = LISTEN "host \"h\" {\n", one[128];

	for (int i = 0; i < 11; i++) {
		snprintf(one, sizeof one,
		    "location \"/%d\" { rewrite \"/%d\" { to = \"/%d\" } }\n", i, i, i + 1);
		strcat(text, one);
	}
	strcat(text, "}");
	load(text);
	ck_assert_str_eq(route_of("h", "/0"), "500");
	ck_assert_str_eq(route_of("h", "/1"), "/11 host");
}
END_TEST

static const struct {
	const char *host, *target, *result;
} selves[] = {
	{ "h", "/self", "500" },
	{ "h", "/self?a=1", "500" },
	{ "h", "/www", "500" },
	{ "H", "/www?x", "500" },
	{ "h", "/other", "301 http://other.example/other" },
	{ "h", "/secure", "301 https://h/secure" },
	{ "h", "/port", "301 http://h:8080/port" },
	{ "h", "/s%65lf", "301 /self" },                /* it will be noticed the next time */
	{ "h", "/round", "500" },                       /* by way of a rewrite */
};

START_TEST(redirect_to_itself_is_an_error)
{
	load(LISTEN "host \"h\" {\n"
	    "redirect \"= /self\" { to = \"/self\" }\n"
	    "redirect \"= /www\" { to = \"http://$host$request_uri\" }\n"
	    "redirect \"= /other\" { to = \"http://other.example$path\" }\n"
	    "redirect \"= /secure\" { to = \"https://$host$path\" }\n"
	    "redirect \"= /port\" { to = \"http://$host:8080$path\" }\n"
	    "rewrite \"= /round\" { to = \"/circle\" }\n"
	    "redirect \"= /circle\" { to = \"/round\" }\n"
	    "}");
	ck_assert_str_eq(route_of(selves[_i].host, selves[_i].target), selves[_i].result);
}
END_TEST

/* Without TLS everything goes to https but what is left out, before the rules of a location and
 * after those of the host; with TLS nothing does. */
static const struct {
	const char *host, *target, *plain, *secure;
} to_https[] = {
	{ "h", "/a%20b?c=%64", "301 https://h/a%20b?c=%64", "/a b?c=%64 host" },
	{ "H.", "/", "301 https://h/", "/ host" },
	{ "", "/x", "301 https://h/x", "/x host" },
	{ "h", "/.well-known/acme-challenge/x", "/.well-known/acme-challenge/x "
	    "/.well-known/acme-challenge", "/.well-known/acme-challenge/x "
	    "/.well-known/acme-challenge" },
	{ "h", "/old", "301 /new", "301 /new" },
	{ "h", "/here", "301 https://h/here", "/there /there" },
	{ "h", "/in/r", "301 https://h/in/r", "301 /out" },
	{ "x.wild", "/", "301 https://x.wild/", "/ host" },
	{ "free", "/", "/ host", "/ host" },
};

START_TEST(what_came_without_tls_goes_to_https)
{
	load(LISTEN "https_redirect = true\n"
	    "host \"h\" {\n"
	    "redirect \"= /old\" { to = \"/new\" }\n"
	    "rewrite \"= /here\" { to = \"/in/here\" }\n"
	    "location \"/.well-known/acme-challenge\" { https_redirect = false }\n"
	    "location \"/in\" {\n"
	    "	redirect \"= /in/r\" { to = \"/out\" }\n"
	    "	rewrite \"= /in/here\" { to = \"/there\" }\n"
	    "}\n"
	    "location \"/there\" {}\n"
	    "}\n"
	    "host \"*.wild\" {}\n"
	    "host \"free\" { https_redirect = false }\n");
	ck_assert_str_eq(route_of(to_https[_i].host, to_https[_i].target), to_https[_i].plain);
	is_https = true;
	ck_assert_str_eq(route_of(to_https[_i].host, to_https[_i].target), to_https[_i].secure);
}
END_TEST

START_TEST(port_is_a_part_of_the_address)
{
	load(LISTEN "host \"h\" { redirect \"/\" { to = \"http://$host$request_uri\" } }");
	ask_host("h", "/a?b");
	request.port = SLICE_LITERAL("8080");
	ck_assert(!route_request(&exchange, &answer));
	ck_assert_uint_eq(answer.status, 301);
	load(LISTEN "host \"h\" { redirect \"/\" { to = \"http://$host:8080$request_uri\" } }");
	ask_host("h", "/a?b");
	request.port = SLICE_LITERAL("8080");
	ck_assert(!route_request(&exchange, &answer));
	ck_assert_uint_eq(answer.status, 500);
	ask_host("h", "/a?b");
	exchange.is_https = true;
	ck_assert(!route_request(&exchange, &answer));
	ck_assert_uint_eq(answer.status, 301);
}
END_TEST

static const struct {
	const char *mode, *host;
	unsigned status;            /* 0: served by the first host */
} unknown[] = {
	{ "default", "nobody", 0 },
	{ "default", "", 0 },
	{ "400", "nobody", 400 },
	{ "400", "", 400 },
	{ "421", "nobody", 421 },
	{ "421", "", 400 },
	{ "421", "H.", 0 },
	{ "421", "x.wild", 0 },
	{ "400", "alias", 0 },
};

START_TEST(unknown_host_is_refused_if_so_configured)
{
	char text[512];

	snprintf(text, sizeof text, LISTEN "unknown_host = \"%s\"\n"
	    "redirect \"/r\" { to = \"/s\" }\n"
	    "host \"h\" { aliases = { \"alias\", \"*.wild\" } }", unknown[_i].mode);
	load(text);
	ask_host(unknown[_i].host, "/x");
	ck_assert_int_eq(route_request(&exchange, &answer), unknown[_i].status == 0);
	ck_assert_uint_eq(answer.status, unknown[_i].status);
	ck_assert_ptr_eq(exchange.route.host, config->hosts);
	ck_assert_ptr_eq(exchange.route.settings, &config->hosts[0].settings);
	ask_host(unknown[_i].host, "/r");
	ck_assert_int_eq(route_server(&exchange, &answer), unknown[_i].status == 0);
	ck_assert_uint_eq(answer.status, unknown[_i].status);
	ck_assert_ptr_eq(exchange.route.settings, &config->hosts[0].settings);
	ck_assert_ptr_null(exchange.route.location);
}
END_TEST

#ifdef HAVE_PCRE2
static const char patterns_text[] = LISTEN "host \"h\" {\n"
    "redirect \"~ ^/post-([0-9]+)$\" { to = \"/posts/$1\" status = 303 }\n"
    "redirect \"~* ^/GO/(.*)$\" { to = \"/$1\" }\n"
    "redirect \"~ ^/to/(.*)$\" { to = \"$1\" }\n"
    "redirect \"~ ^/slow/(a+)+[bc]\" { status = 403 }\n"
    "rewrite \"~ ^/user/([a-z]+)$\" { to = \"/users/$1.html?$query&u=$1\" }\n"
    "rewrite \"~ ^/two/(.*)/(.*)$\" { to = \"/$1$2/x\" }\n"
    "rewrite \"~ ^/cat/(.*)-(.*)$\" { to = \"/$1$2/x\" }\n"
    "location \"/app\" { rewrite \"~ ^/app/(.*)$\" { to = \"/app/index.html\" } }\n"
    "location \"~ ^/img/([a-z]*)-([a-z.]*)$\" { alias = \"/srv/images/$1/$2\" }\n"
    "location \"~ ^/dot/(.*)-(.*)$\" { alias = \"/srv/x/$1.$2\" }\n"
    "location \"~ ^(/\\\\.well-known/.*)$\" { alias = \"/srv/x/$1\" }\n"
    "location \"~ ^/shown/(.*)-(.*)$\" { alias = \"/srv/x/$1.$2\" dot_files = true }\n"
    "location \"/fine\" { rewrite \"~ ^/fine/(a+)+[bc]\" { to = \"/x\" } }\n"
    "}\n";
#define LONG_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *target, *result;
} patterns[] = {
	{ "/post-12", "303 /posts/12" },
	{ "/post-12a", "/post-12a host" },
	{ "/go/x", "301 /x" },
	{ "/go//evil.example/", "301 /evil.example/" },
	{ "/go/%5C/evil.example/", "301 /%5C/evil.example/" },
	{ "/go/%0d%0aSet-Cookie:%20a=b", "301 /%0D%0ASet-Cookie:%20a=b" },
	{ "/go/?x=%0d%0a", "301 /?x=%0d%0a" },
	{ "/go/a%3Fb", "301 /a%3Fb" },
	{ "/to/evil.example", "301 /evil.example" },
	{ "/to/https://evil.example", "301 /https:/evil.example" },
	{ "/to//evil.example", "301 /evil.example" },
	{ "/slow/" LONG_A, "500" },
	{ "/slow/aac", "403" },
	{ "/user/alice", "/users/alice.html?&u=alice host" },
	{ "/user/alice?x=1", "/users/alice.html?x=1&u=alice host" },
	{ "/two/a/b", "/ab/x host" },
	{ "/cat/.-.", "400" },                          /* ".." put together */
	{ "/cat/a-.", "/a./x host" },
	{ "/cat/a/.-.", "/x host" },
	{ "/app/a/b?c", "/app/index.html?c /app" },     /* which fits itself, and rests */
	{ "/app", "/app /app" },
	{ "/img/a-b.png", "/img/a-b.png ~ ^/img/([a-z]*)-([a-z.]*)$" },
	{ "/img/-", "/img/- ~ ^/img/([a-z]*)-([a-z.]*)$" },
	{ "/img/a-..", "404" },
	{ "/img/-.", "404" },
	{ "/dot/-htpasswd", "403" },
	{ "/dot/a/-git/config", "403" },
	{ "/shown/-htpasswd", "/shown/-htpasswd ~ ^/shown/(.*)-(.*)$" },
	{ "/.well-known/acme", "/.well-known/acme ~ ^(/\\.well-known/.*)$" },
	{ "/fine/" LONG_A, "500" },
};

START_TEST(rules_with_patterns)
{
	load(patterns_text);
	ck_assert_str_eq(route_of("h", patterns[_i].target), patterns[_i].result);
}
END_TEST

static const struct {
	const char *target, *below_root;
} below[] = {
	{ "/img/a-b.png", "a/b.png" },
	{ "/img/-", "" },
	{ "/dot/a-b", "a.b" },
	{ "/.well-known/acme", ".well-known/acme" },
	{ "/shown/a/-b", "a/.b" },
};

START_TEST(alias_with_captures_is_below_its_root)
{
	load(patterns_text);
	(void)route_of("h", below[_i].target);
	ck_assert_uint_eq(answer.status, 0);
	ck_assert_str_eq(exchange.route.below_root.data, below[_i].below_root);
	ck_assert_uint_eq(exchange.route.below_root.len, strlen(below[_i].below_root));
}
END_TEST
#endif

struct told {
	char text[512];
};

static void
note(void *context, const struct route_event *event)
{
	struct told *told = context;
	char one[128] = "";

	switch (event->step) {
	case ROUTE_STEP_LOCATIONS:
		snprintf(one, sizeof one, "%s in %s; ", event->path.data,
		    event->chosen != NULL ? event->chosen->matcher.title : "none");
		break;
	case ROUTE_STEP_REWRITE:
		snprintf(one, sizeof one, "%s becomes %s by %u; ", event->path.data,
		    event->new_path.data, event->rule->line);
		break;
	case ROUTE_STEP_REDIRECT:
		snprintf(one, sizeof one, "%s goes to %.*s; ", event->path.data,
		    (int)event->location_value.len, event->location_value.data);
		break;
	}
	strcat(told->text, one);
}

START_TEST(steps_are_told)
{
	struct told told = { "" };
	struct route_trace trace = { note, &told };

	load(LISTEN "host \"h\" {\n"
	    "rewrite \"= /a\" { to = \"/b\" }\n"
	    "location \"/b\" { rewrite \"= /b\" { to = \"/c\" } }\n"
	    "location \"/c\" { redirect \"= /c\" { to = \"/d\" } }\n"
	    "}");
	ask_host("h", "/a");
	ck_assert(!route_request_traced(&exchange, &answer, &trace));
	ck_assert_str_eq(told.text, "/a becomes /b by 3; /b in /b; /b becomes /c by 4; "
	    "/c in /c; /c goes to /d; ");
}
END_TEST

/* A path that came up later: the host is known, and its rules have been run. */
static const struct {
	const char *path, *want;    /* path and title; NULL: the status is 301 */
} again_rows[] = {
	{ "/index.html", "/index.html host" },
	{ "/in/a", "/in/b /in/b" },
	{ "/in/away", NULL },
};

START_TEST(rules_of_the_host_are_run_once)
{
	const char *title;
	char text[256];

	load(LISTEN "host \"h\" {\nredirect \"= /index.html\" { to = \"/\" }\n"
	    "rewrite \"= /in/b\" { to = \"/other\" }\n"
	    "location \"/in\" {\nrewrite \"= /in/a\" { to = \"/in/b\" }\n"
	    "redirect \"= /in/away\" { to = \"/out\" }\nlocation \"/in/b\" {}\n}\n}\n");
	ck_assert_str_eq(route_of("h", "/"), "/ host");
	exchange.path = slice_from_text(again_rows[_i].path);
	exchange.path_info = (struct uri_path){ .len = exchange.path.len };
	if (!route_again(&exchange, &answer)) {
		ck_assert_uint_eq(answer.status, 301);
		ck_assert_ptr_null(again_rows[_i].want);
		return;
	}
	title = exchange.route.location != NULL ? exchange.route.location->matcher.title : "host";
	snprintf(text, sizeof text, "%s %s", exchange.path.data, title);
	ck_assert_ptr_nonnull(again_rows[_i].want);
	ck_assert_str_eq(text, again_rows[_i].want);
}
END_TEST

START_TEST(lack_of_memory_is_an_error)
{
	load(prefixes_text);
	ask_host("h", "/one");
	scratch.used = scratch.cap - 20000;
	ck_assert(!route_request(&exchange, &answer));
	ck_assert_uint_ge(answer.status, 400);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, rules_without_patterns, 0, COUNT_OF(prefixes));
	tcase_add_test(tcase, path_info_is_of_the_new_path);
	tcase_add_test(tcase, rewrite_without_end_is_an_error);
	tcase_add_test(tcase, ten_rewrites_are_allowed);
	tcase_add_loop_test(tcase, redirect_to_itself_is_an_error, 0, COUNT_OF(selves));
	tcase_add_loop_test(tcase, what_came_without_tls_goes_to_https, 0, COUNT_OF(to_https));
	tcase_add_test(tcase, port_is_a_part_of_the_address);
	tcase_add_loop_test(tcase, unknown_host_is_refused_if_so_configured, 0,
	    COUNT_OF(unknown));
#ifdef HAVE_PCRE2
	tcase_add_loop_test(tcase, rules_with_patterns, 0, COUNT_OF(patterns));
	tcase_add_loop_test(tcase, alias_with_captures_is_below_its_root, 0, COUNT_OF(below));
#endif
	tcase_add_test(tcase, steps_are_told);
	tcase_add_loop_test(tcase, rules_of_the_host_are_run_once, 0, COUNT_OF(again_rows));
	tcase_add_test(tcase, lack_of_memory_is_an_error);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
