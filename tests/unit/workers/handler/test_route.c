/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/route.c: which host and location a request belongs to, and what is looked up
 * below the root. Breaks when the order of names or locations, or what an alias or a user's
 * directory stands for, is another one than in musterd.conf(5). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/route.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define LISTEN "types_file = \"\" listen \"127.0.0.1:0\" {}\n"

static struct config *config;

static void
load(const char *text)
{
	struct config_errors errors = { 0 };

	config = config_load_text(text, "f", &errors);
	ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
}

static void
unload(void)
{
	config_free(&config);
}

static struct route
find(const char *host, const char *path)
{
	struct route route;

	route.host = route_find_host(config, 0, slice_from_text(host)).host;
	ck_assert(route_find_location(&route, slice_from_text(path), NULL));
	ck_assert_ptr_eq(route.settings, route.location != NULL ? &route.location->settings :
	    &route.host->settings);
	return route;
}

static const char hosts_text[] = LISTEN
    "host \"*.example.org\" {}\n"
    "host \"example.org\" { aliases = { \"www.example.org\", \"*.alias.net\" } }\n"
    "host \"*.deep.example.org\" {}\n"
    "host \"fallback\" { default = true }\n"
    "host \"one.deep.example.org\" {}\n"
    "host \"*.alias.net.example.org\" {}\n"
    "host \"127.0.0.1\" {}\n";

static const struct {
	const char *host, *name;
} hosts[] = {
	{ "example.org", "example.org" },
	{ "EXAMPLE.org", "example.org" },
	{ "example.org.", "example.org" },
	{ "www.example.org", "example.org" },           /* an alias before a wildcard */
	{ "WWW.Example.Org.", "example.org" },
	{ "x.alias.net", "example.org" },
	{ "alias.net", "fallback" },
	{ "a.example.org", "*.example.org" },
	{ "a.b.example.org", "*.example.org" },
	{ "deep.example.org", "*.example.org" },
	{ "a.deep.example.org", "*.deep.example.org" }, /* the longer one */
	{ "A.B.DEEP.example.org", "*.deep.example.org" },
	{ "one.deep.example.org", "one.deep.example.org" },
	{ "x.alias.net.example.org", "*.alias.net.example.org" },
	{ "127.0.0.1", "127.0.0.1" },
	{ ".example.org", "fallback" },
	{ "myexample.org", "fallback" },
	{ "example.org.evil", "fallback" },
	{ "example.orgx", "fallback" },
	{ "xample.org", "fallback" },
	{ "", "fallback" },
	{ ".", "fallback" },
	{ "..", "fallback" },
	{ "*.example.org", "*.example.org" },
	{ "[::1]", "fallback" },
};

START_TEST(host_is_chosen)
{
	load(hosts_text);
	ck_assert_str_eq(find(hosts[_i].host, "/").host->name, hosts[_i].name);
}
END_TEST

START_TEST(any_host_is_last_but_before_the_default)
{
	load(LISTEN "host \"*\" {} host \"*.b\" {} host \"c\" { default = true }");
	ck_assert_str_eq(find("a", "/").host->name, "*");
	ck_assert_str_eq(find("x.b", "/").host->name, "*.b");
	ck_assert_str_eq(find("c", "/").host->name, "c");
	ck_assert_str_eq(find("", "/").host->name, "*");
}
END_TEST

START_TEST(first_host_is_the_default)
{
	load(LISTEN "host \"a\" {} host \"b\" {}");
	ck_assert_str_eq(find("c", "/").host->name, "a");
}
END_TEST

/* A name as long as one may be is no less exact than a short one. */
START_TEST(longest_name_beats_its_wildcard)
{
#define LABEL "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define TAIL LABEL "." LABEL "." LABEL ".abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmn.org"
	load(LISTEN "host \"*." TAIL "\" {} host \"a." TAIL "\" {}");
	ck_assert_str_eq(find("a." TAIL, "/").host->name, "a." TAIL);
	ck_assert_str_eq(find("b." TAIL, "/").host->name, "*." TAIL);
}
END_TEST

static const struct {
	const char *host;
	enum route_name why;
	const char *name;
} reasons[] = {
	{ "Example.ORG.", ROUTE_NAME_EXACT, "example.org" },
	{ "www.example.org", ROUTE_NAME_EXACT, "www.example.org" },
	{ "a.example.org", ROUTE_NAME_WILDCARD, "*.example.org" },
	{ "x.alias.net", ROUTE_NAME_WILDCARD, "*.alias.net" },
	{ "nobody.net", ROUTE_NAME_UNKNOWN, "" },
	{ "", ROUTE_NAME_NONE, "" },
	{ ".", ROUTE_NAME_NONE, "" },
};

START_TEST(reason_is_told)
{
	struct route_host found;

	load(hosts_text);
	found = route_find_host(config, 0, slice_from_text(reasons[_i].host));
	ck_assert_int_eq(found.why, reasons[_i].why);
	ck_assert_str_eq(found.name, reasons[_i].name);
}
END_TEST

static const struct {
	unsigned listener_index;
	const char *host, *root;
} by_listener[] = {
	{ 0, "a", "/srv/a0" },
	{ 1, "a", "/srv/a1" },
	{ 0, "b", "/srv/b" },
	{ 1, "b", "/srv/b" },
	{ 0, "only1", "/srv/a0" },          /* not here: the first that is */
	{ 1, "only1", "/srv/only1" },
	{ 1, "unknown", "/srv/a1" },
	{ 2, "unknown", "/srv/default" },   /* marked so, though another one comes first */
	{ 2, "a", "/srv/default" },
};

START_TEST(host_is_one_of_the_listener)
{
	const struct config_host *host;

	load("types_file = \"\" listen \"127.0.0.1:1\" {} listen \"127.0.0.1:2\" {}"
	    " listen \"127.0.0.1:3\" {}\n"
	    "host \"a\" { listen = { \"127.0.0.1:1\" } root = \"/srv/a0\" }\n"
	    "host \"a\" { listen = { \"127.0.0.1:2\" } root = \"/srv/a1\" }\n"
	    "host \"b\" { root = \"/srv/b\" }\n"
	    "host \"only1\" { listen = { \"127.0.0.1:2\" } root = \"/srv/only1\" }\n"
	    "host \"d\" { listen = { \"127.0.0.1:3\" } default = true root = \"/srv/default\" }");
	host = route_find_host(config, by_listener[_i].listener_index,
	    slice_from_text(by_listener[_i].host)).host;
	ck_assert_str_eq(config->roots[host->settings.root_index].path, by_listener[_i].root);
}
END_TEST

static const char locations_text[] = LISTEN "root = \"/srv\" host \"h\" {\n"
    "location \"/files\" {}\n"
    "location \"/files/deep/\" {}\n"
    "location \"= /files/deep/x\" {}\n"
    "location \"= /exact\" {}\n"
    "location \"= /dir/\" {}\n"
    "location \"/alias/\" { alias = \"/data\" }\n"
    "location \"/short\" { alias = \"/data/short\" }\n"
    "location \"= /one\" { alias = \"/data/file.txt\" }\n"
    "location \"= /two\" { alias = \"/data/folder/\" }\n"
    "location \"/alias/in/\" {}\n"
    "}\n";

static const struct {
	const char *path, *title;   /* title NULL: the host itself */
	const char *below_root;
} locations[] = {
	{ "/", NULL, "" },
	{ "/x", NULL, "x" },
	{ "/x/", NULL, "x/" },
	{ "/files", "/files", "files" },
	{ "/files/", "/files", "files/" },
	{ "/files/x/y", "/files", "files/x/y" },
	{ "/filesystem", NULL, "filesystem" },          /* whole segments only */
	{ "/file", NULL, "file" },
	{ "/FILES", NULL, "FILES" },
	{ "/x/files", NULL, "x/files" },
	{ "/files/deep", "/files/deep/", "files/deep" },
	{ "/files/deep/", "/files/deep/", "files/deep/" },
	{ "/files/deep/y", "/files/deep/", "files/deep/y" },
	{ "/files/deeper", "/files", "files/deeper" },
	{ "/files/deep/x", "= /files/deep/x", "files/deep/x" },
	{ "/files/deep/x/", "/files/deep/", "files/deep/x/" },
	{ "/files/deep/xy", "/files/deep/", "files/deep/xy" },
	{ "/exact", "= /exact", "exact" },
	{ "/exact/", NULL, "exact/" },
	{ "/exactly", NULL, "exactly" },
	{ "/dir/", "= /dir/", "dir/" },
	{ "/dir", NULL, "dir" },
	{ "/alias/a/b", "/alias/", "a/b" },
	{ "/alias/", "/alias/", "" },
	{ "/alias", "/alias/", "" },
	{ "/aliases", NULL, "aliases" },
	{ "/alias/in/x", "/alias/in/", "alias/in/x" },  /* the alias does not reach in */
	{ "/alias/inner", "/alias/", "inner" },
	{ "/short/x", "/short", "x" },
	{ "/short/", "/short", "" },
	{ "/short", "/short", "" },
	{ "/shorts", NULL, "shorts" },
	{ "/one", "= /one", "file.txt" },
	{ "/one/", NULL, "one/" },
	{ "/two", "= /two", "" },
};

START_TEST(location_is_chosen)
{
	struct route route;

	load(locations_text);
	route = find("h", locations[_i].path);
	if (locations[_i].title == NULL)
		ck_assert_msg(route.location == NULL, "%s",
		    route.location->matcher.title);
	else
		ck_assert_str_eq(route.location->matcher.title, locations[_i].title);
	ck_assert(!route.is_user_dir);
	/* A text: it goes to the system as it is. */
	ck_assert_str_eq(route.below_root.data, locations[_i].below_root);
	ck_assert_uint_eq(route.below_root.len, strlen(locations[_i].below_root));
}
END_TEST

START_TEST(location_of_all_takes_the_rest)
{
	load(LISTEN "host \"h\" { location \"/\" { alias = \"/data\" } location \"/a\" {} }");
	ck_assert_str_eq(find("h", "/").location->matcher.title, "/");
	ck_assert_str_eq(find("h", "/").below_root.data, "");
	ck_assert_str_eq(find("h", "/x/y").location->matcher.title, "/");
	ck_assert_str_eq(find("h", "/x/y").below_root.data, "x/y");
	ck_assert_str_eq(find("h", "/a").location->matcher.title, "/a");
	ck_assert_str_eq(find("h", "/ab").location->matcher.title, "/");
}
END_TEST

/* Those of another host do not count. */
START_TEST(locations_belong_to_their_host)
{
	load(LISTEN "host \"a\" { location \"/x\" {} } host \"b\" {}");
	ck_assert_ptr_nonnull(find("a", "/x").location);
	ck_assert_ptr_null(find("b", "/x").location);
}
END_TEST

#ifdef HAVE_PCRE2
static const char order_text[] = LISTEN "host \"h\" {\n"
    "location \"~ \\\\.php$\" {}\n"
    "location \"/\" {}\n"
    "location \"/app\" {\n"
    "	location \"~ /x\" {}\n"
    "	location \"~ /xy\" {}\n"
    "	location \"= /app/xyz\" {}\n"
    "	location \"/app/deep\" { location \"^~ /app/deep/in\" {} location \"~* DEEP\" {} }\n"
    "}\n"
    "location \"~ ^/app/.*\\\\.txt$\" { location \"/app/sub\" {} }\n"
    "location \"^~ /img\" {}\n"
    "location \"/img/icons\" {}\n"
    "location \"= /app/a.php\" {}\n"
    "location \"~* \\\\.PHP5?$\" {}\n"
    "}\n";

static const struct {
	const char *path, *title;
} order[] = {
	{ "/", "/" },
	{ "/a", "/" },
	{ "/a.php", "~ \\.php$" },              /* a pattern before a prefix, the first of two */
	{ "/a.php5", "~* \\.PHP5?$" },
	{ "/a.php/", "/" },
	{ "/app/a.php", "= /app/a.php" },       /* an exact path before a pattern */
	{ "/app/b.php", "~ \\.php$" },
	{ "/img/a.php", "^~ /img" },            /* no pattern after "^~" */
	{ "/img/icons/a.php", "~ \\.php$" },    /* unless a longer prefix is without */
	{ "/img/icons/a", "/img/icons" },
	{ "/app", "/app" },
	{ "/app/y", "/app" },                   /* nothing within fits */
	{ "/app/xy", "~ /x" },
	{ "/app/xyz", "= /app/xyz" },
	{ "/app/deep/x", "~ /x" },              /* at each level patterns before prefixes */
	{ "/app/deep", "~* DEEP" },
	{ "/app/deep/y", "~* DEEP" },
	{ "/app/deep/in/z", "^~ /app/deep/in" },
	{ "/app/x.txt", "~ ^/app/.*\\.txt$" },  /* what is within "/app" is not asked */
	{ "/app/sub/y.txt", "/app/sub" },
};

START_TEST(order_of_locations)
{
	load(order_text);
	ck_assert_str_eq(find("h", order[_i].path).location->matcher.title, order[_i].title);
}
END_TEST

/* What is told of a path that would take too long is no location, and no crash either. */
START_TEST(costly_pattern_is_told)
{
	char path[64] = "/p/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct route route;

	load(LISTEN "host \"h\" { location \"/p\" {} location \"~ ^/p/(a+)+[bc]\" {} }");
	route.host = &config->hosts[0];
	ck_assert(!route_find_location(&route, slice_from_text(path), NULL));
	ck_assert_ptr_eq(route.settings, &config->hosts[0].locations[0].settings);
	ck_assert(route_find_location(&route, slice_from_text("/p/aab"), NULL));
	ck_assert_ptr_eq(route.location, &config->hosts[0].locations[1]);
}
END_TEST
#endif

static const char inner_alias_text[] = LISTEN "root = \"/srv\" host \"h\" {\n"
    "location \"/a\" { alias = \"/data\"\n"
    "	location \"/a/b\" {}\n"
    "	location \"/a/c\" { alias = \"/other\" }\n"
    "	location \"/a/d\" { root = \"/third\" }\n"
    "} }\n";

static const struct {
	const char *path, *root, *below_root;
} inner_aliases[] = {
	{ "/a/x", "/data", "x" },
	{ "/a/b/x", "/data", "b/x" },
	{ "/a/b", "/data", "b" },
	{ "/a/c/x", "/other", "x" },
	{ "/a/d/x", "/third", "a/d/x" },
	{ "/x", "/srv", "x" },
};

START_TEST(alias_reaches_inwards)
{
	struct route route;

	load(inner_alias_text);
	route = find("h", inner_aliases[_i].path);
	ck_assert_str_eq(config->roots[route.settings->root_index].path, inner_aliases[_i].root);
	ck_assert_str_eq(route.below_root.data, inner_aliases[_i].below_root);
}
END_TEST

#define NAME64 "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-."

static const char users_text[] = LISTEN "host \"h\" { user_dir = \"/home/*/www\"\n"
    "location \"/\" {}\n"
    "location \"/~bob\" {}\n"
    "location \"= /~carol/x\" {}\n"
    "location \"/~dan\" { user_dir = \"\" }\n"
    "}\n"
    "host \"none\" {}\n"
    "host \"within\" { location \"/sub\" { user_dir = \"/home/*\" } }\n";

static const struct {
	const char *host, *path;
	bool is_user_dir;
	const char *name, *below_root;
} users[] = {
	{ "h", "/~alice", true, "alice", "" },
	{ "h", "/~alice/", true, "alice", "" },
	{ "h", "/~alice/a/b", true, "alice", "a/b" },
	{ "h", "/~alice/a/", true, "alice", "a/" },
	{ "h", "/~A.b-c_9/", true, "A.b-c_9", "" },
	{ "h", "/~" NAME64 "/x", true, NAME64, "x" },
	{ "h", "/~" NAME64 "x/x", true, "", "x" },      /* nobody's: no file is looked for */
	{ "h", "/~", true, "", "" },
	{ "h", "/~/x", true, "", "x" },
	{ "h", "/~.ssh/x", true, "", "x" },
	{ "h", "/~-x/x", true, "", "x" },
	{ "h", "/~a b/x", true, "", "x" },
	{ "h", "/~a\xc3\xa4/x", true, "", "x" },
	{ "h", "/~~a/x", true, "", "x" },
	{ "h", "/a/~alice/", false, "", "a/~alice/" },
	{ "h", "/a~alice", false, "", "a~alice" },
	{ "h", "/~bob/x", false, "", "~bob/x" },        /* a location names the path */
	{ "h", "/~carol/x", false, "", "~carol/x" },
	{ "h", "/~carol/y", true, "carol", "y" },
	{ "h", "/~dan/y", false, "", "~dan/y" },
	{ "none", "/~alice/x", false, "", "~alice/x" },
	{ "within", "/~alice/x", false, "", "~alice/x" },
	{ "within", "/sub/~alice/x", false, "", "sub/~alice/x" },
};

START_TEST(directory_of_a_user)
{
	struct route route;

	load(users_text);
	route = find(users[_i].host, users[_i].path);
	ck_assert_int_eq(route.is_user_dir, users[_i].is_user_dir);
	ck_assert(slice_equal(route.user_name, slice_from_text(users[_i].name)));
	ck_assert_str_eq(route.below_root.data, users[_i].below_root);
	ck_assert_uint_eq(route.below_root.len, strlen(users[_i].below_root));
}
END_TEST

#ifdef HAVE_PCRE2
/* A location for a kind of file has its settings everywhere, and the file is where it is. */
START_TEST(pattern_leaves_users_their_files)
{
	struct route route;

	load(LISTEN "host \"h\" { user_dir = \"/home/*/www\" location \"~ \\\\.css$\" {}"
	    " location \"~ ^/~eve/(.*)$\" { alias = \"/srv/eve/$1\" } }");
	route = find("h", "/~alice/a.css");
	ck_assert_str_eq(route.location->matcher.title, "~ \\.css$");
	ck_assert(route.is_user_dir);
	ck_assert_str_eq(route.below_root.data, "a.css");
	route = find("h", "/~eve/x");
	ck_assert(!route.is_user_dir);
	ck_assert_uint_eq(route.below_root.len, 0); /* the captures are for rules.c */
}
END_TEST
#endif

struct told {
	unsigned count;
	const struct config_location *locations[4], *chosen[4];
};

static void
note(void *context, const struct route_event *event)
{
	struct told *told = context;

	ck_assert_int_eq(event->step, ROUTE_STEP_LOCATIONS);
	ck_assert_str_eq(event->path.data, "/a/b/x");
	ck_assert_uint_lt(told->count, 4);
	told->locations[told->count] = event->locations;
	told->chosen[told->count++] = event->chosen;
}

START_TEST(levels_are_told)
{
	struct told told = { 0 };
	struct route_trace trace = { note, &told };
	const struct config_location *outer;
	struct route route;

	load(LISTEN "host \"h\" { location \"/a\" {"
	    " location \"/a/b\" { location \"/a/b/c\" {} } } }");
	route.host = &config->hosts[0];
	outer = config->hosts[0].locations;
	ck_assert(route_find_location(&route, slice_from_text("/a/b/x"), &trace));
	ck_assert_uint_eq(told.count, 3);
	ck_assert_ptr_eq(told.locations[0], outer);
	ck_assert_ptr_eq(told.chosen[0], outer);
	ck_assert_ptr_eq(told.chosen[1], outer->locations);
	ck_assert_ptr_eq(told.locations[2], outer->locations->locations);
	ck_assert_ptr_null(told.chosen[2]);
	ck_assert_ptr_eq(route.location, outer->locations);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("route");
	TCase *tcase = tcase_create("route");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, NULL, unload);
	tcase_add_loop_test(tcase, host_is_chosen, 0, COUNT_OF(hosts));
	tcase_add_test(tcase, any_host_is_last_but_before_the_default);
	tcase_add_test(tcase, first_host_is_the_default);
	tcase_add_test(tcase, longest_name_beats_its_wildcard);
	tcase_add_loop_test(tcase, reason_is_told, 0, COUNT_OF(reasons));
	tcase_add_loop_test(tcase, host_is_one_of_the_listener, 0, COUNT_OF(by_listener));
	tcase_add_loop_test(tcase, location_is_chosen, 0, COUNT_OF(locations));
	tcase_add_test(tcase, location_of_all_takes_the_rest);
	tcase_add_test(tcase, locations_belong_to_their_host);
	tcase_add_loop_test(tcase, alias_reaches_inwards, 0, COUNT_OF(inner_aliases));
	tcase_add_loop_test(tcase, directory_of_a_user, 0, COUNT_OF(users));
	tcase_add_test(tcase, levels_are_told);
#ifdef HAVE_PCRE2
	tcase_add_loop_test(tcase, order_of_locations, 0, COUNT_OF(order));
	tcase_add_test(tcase, costly_pattern_is_told);
	tcase_add_test(tcase, pattern_leaves_users_their_files);
#endif
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
