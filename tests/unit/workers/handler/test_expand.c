/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/expand.c: what becomes of "to" and of an alias with captures. Breaks when a byte
 * of a client can end the part of the address that it stands in, or lead to another host. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/handler/expand.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))

static struct arena arena;
static struct template *template;
static struct expand_values values;
static char subject[8192];

/* A request for "/old/a b" with the query x=1, matched as a pattern with two captures. */
static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 1 << 20), 0);
	values = (struct expand_values){ .host = SLICE_LITERAL("WWW.Example.org."),
		.host_name = "example.org", .path = SLICE_LITERAL("/old/a b"),
		.query = SLICE_LITERAL("x=1"), .has_query = true,
		.sent_path = SLICE_LITERAL("/old/a%20b"), .sent_query = SLICE_LITERAL("x=1"),
		.has_sent_query = true };
}

static void
end(void)
{
	template_free(&template);
	arena_fini(&arena);
}

static void
compile(const char *text)
{
	char errbuf[256];

	template_free(&template);
	template = template_compile(text, errbuf, sizeof errbuf);
	ck_assert_ptr_nonnull(template);
}

static void
set_captures(const char *one, const char *two)
{
	size_t one_len = strlen(one);

	snprintf(subject, sizeof subject, "/%s%s", one, two);
	values.subject = slice_from_text(subject);
	values.captures = (struct pattern_captures){ .count = 3, .start = { 0, 1, 1 + one_len },
		.end = { strlen(subject), 1 + one_len, strlen(subject) } };
}

/* A prefix of so many bytes. */
static void
set_prefix(const char *path, size_t bytes)
{
	values.is_prefix = true;
	values.path = values.subject = slice_from_text(path);
	values.captures = (struct pattern_captures){ .count = 1, .end = { bytes } };
}

static const char *
location(unsigned status)
{
	static char text[20000];
	struct slice out;

	ck_assert_uint_eq(expand_location(template, &values, &arena, &out), status);
	snprintf(text, sizeof text, "%.*s", (int)out.len, out.data);
	return text;
}

static const struct {
	const char *to, *one, *two;
	const char *location;       /* NULL: 400 */
} locations[] = {
	/* The query of the request goes along unless there is a '?'. */
	{ "/new", "", "", "/new?x=1" },
	{ "/new?", "", "", "/new" },
	{ "/new?y=2", "", "", "/new?y=2" },
	{ "/new?y=2&$query", "", "", "/new?y=2&x=1" },
	{ "/new?$query", "", "", "/new?x=1" },
	{ "/new#top", "", "", "/new?x=1#top" },
	{ "/new?#top", "", "", "/new#top" },
	{ "/new?y#a?b#c", "", "", "/new?y#a?b%23c" },
	{ "https://a.example", "", "", "https://a.example?x=1" },
	{ "https://a.example#top", "", "", "https://a.example?x=1#top" },
	{ "https://a.example?y", "", "", "https://a.example?y" },
	/* What is written is left as it is if it can be. */
	{ "/a%20b?", "", "", "/a%20b" },
	{ "/a b?", "", "", "/a%20b" },
	{ "/100%?", "", "", "/100%25" },
	{ "/%zz%4?", "", "", "/%25zz%254" },
	{ "/\xc3\xa4?\xc3\xa4=<1>", "", "", "/%C3%A4?%C3%A4=%3C1%3E" },
	{ "https://[::1]:8080/x?", "", "", "https://[::1]:8080/x" },
	{ "/[x]?", "", "", "/%5Bx%5D" },
	{ "/$$1?", "", "", "/$1" },
	/* Captures are decoded and stay in their part. */
	{ "/n/$1?", "a b", "", "/n/a%20b" },
	{ "/n/$1", "a?b#c", "", "/n/a%3Fb%23c?x=1" },
	{ "/n/$1?", "100%25", "", "/n/100%2525" },
	{ "/n?q=$1", "a&b=c", "", "/n?q=a%26b%3Dc" },
	{ "/n?q=$1&r=$2", "a+b", "c#d", "/n?q=a%2Bb&r=c%23d" },
	{ "/n?#$1", "a#b c", "", "/n#a%23b%20c" },
	{ "/n/$1?", "a\r\nSet-Cookie: b", "", "/n/a%0D%0ASet-Cookie:%20b" },
	{ "/n/$1?", "\x01\x7f\xff\"<>\\^`{|}", "",
	    "/n/%01%7F%FF%22%3C%3E%5C%5E%60%7B%7C%7D" },
	{ "/n/$2$1$2?", "a", "b", "/n/bab" },
	{ "/n/$3?", "a", "b", "/n/" },
	{ "$0?", "a", "b", "/ab" },
	/* No capture leads to another host. */
	{ "/$1?", "/evil.example/x", "", "/evil.example/x" },
	{ "/$1$2?", "/", "/evil.example", "/evil.example" },
	{ "$1?", "//evil.example", "", "/evil.example" },
	{ "$1?", "evil.example", "", "/evil.example" },
	{ "$1?", "https:/evil.example", "", "/https:/evil.example" },
	{ "$1?", "javascript:alert(1)", "", "/javascript:alert(1)" },
	{ "/$1?", "\\evil.example", "", "/%5Cevil.example" },
	{ "/$1?", "\t/evil.example", "", "/%09/evil.example" },
	{ "https://a.example$1", ".evil.example", "", "https://a.example/.evil.example?x=1" },
	{ "https://a.example$1", "@evil.example", "", "https://a.example/@evil.example?x=1" },
	{ "https://a.example$1?", "@evil.example", "", "https://a.example/@evil.example" },
	{ "https://a.example$1#x", "evil", "", "https://a.example/evil?x=1#x" },
	{ "https://a.example$1$2", "e", "vil", "https://a.example/evil?x=1" },
	{ "https://a.example$1?", "/b", "", "https://a.example/b" },
	{ "https://a.example$query/x", "", "", NULL },
	/* Where it is meant to be a name it may be one. */
	{ "https://$1.example/$2?", "alice", "x", "https://alice.example/x" },
	{ "https://$1.example/?", "evil.example/", "", NULL },
	{ "https://$1.example/?", "evil.example\\", "", NULL },
	{ "https://$1.example/?", "a@b", "", NULL },
	{ "https://$1.example/?", "a:80", "", NULL },
	{ "https://$1.example/?", "", "", NULL },       /* found by fuzz_rules */
	{ "https://$1.example/?", "a.", "", NULL },
	{ "https://$1/?", "", "", NULL },
	{ "https://www-$1.example:81/?", "a", "", "https://www-a.example:81/" },
	/* Host, scheme and the whole address. */
	{ "https://$host/?", "", "", "https://www.example.org/" },
	{ "https://$host:8443$request_uri", "", "", "https://www.example.org:8443/old/a%20b?x=1" },
	{ "$scheme://$host$path?", "", "", "http://www.example.org/old/a%20b" },
	{ "//$host/?", "", "", "//www.example.org/" },
	{ "/hosts/$host$path?", "", "", "/hosts/www.example.org/old/a%20b" },
	{ "/login?next=$request_uri", "", "", "/login?next=/old/a%2520b%3Fx%3D1" },
	{ "/login?next=$path", "", "", "/login?next=/old/a%20b" },
	{ "/n$request_uri", "", "", "/n/old/a%20b?x=1" },
	{ "/n/$query?", "", "", "/n/x=1" },
	{ "/$scheme?", "", "", "/http" },
};

START_TEST(location_is_made)
{
	const char *wanted = locations[_i].location;

	compile(locations[_i].to);
	set_captures(locations[_i].one, locations[_i].two);
	if (wanted == NULL)
		(void)location(400);
	else
		ck_assert_str_eq(location(0), wanted);
}
END_TEST

static const struct {
	const char *to, *path;
	size_t bytes;
	const char *location, *rewritten;
} prefixes[] = {
	{ "/new", "/old", 4, "/new?x=1", "/new" },
	{ "/new", "/old/", 4, "/new/?x=1", "/new/" },
	{ "/new", "/old/a/b", 4, "/new/a/b?x=1", "/new/a/b" },
	{ "/new/", "/old", 4, "/new/?x=1", "/new/" },
	{ "/new/", "/old/", 4, "/new/?x=1", "/new/" },
	{ "/new/", "/old/a", 4, "/new/a?x=1", "/new/a" },
	{ "/new?y", "/old/a", 4, "/new/a?y", "/new/a" },
	{ "/", "/old/a", 4, "/a?x=1", "/a" },
	{ "/", "/old", 4, "/?x=1", "/" },
	{ "/new", "/a", 0, "/new/a?x=1", "/new/a" },
	{ "/new/", "/", 0, "/new/?x=1", "/new/" },
	{ "/new/$rest", "/old/a/b", 4, "/new/a/b?x=1", "/new/a/b" },
	{ "/new/$rest", "/old", 4, "/new/?x=1", "/new/" },
	{ "/${rest}.html", "/old/a", 4, "/a.html?x=1", "/a.html" },
	{ "/new?p=$rest", "/old/a&b", 4, "/new?p=a%26b", "/new" },
	{ "/new$path", "/old/a", 4, "/new/old/a?x=1", "/new/old/a" },
	{ "/new", "/old/a?b#c%d", 4, "/new/a%3Fb%23c%25d?x=1", "/new/a?b#c%d" },
	{ "/new#x", "/old/a", 4, "/new/a?x=1#x", "/new#x/a" },
	{ "https://a.example", "/old/a", 4, "https://a.example/a?x=1", NULL },
	{ "https://a.example/", "/old/a", 4, "https://a.example/a?x=1", NULL },
	{ "https://a.example/", "/a", 0, "https://a.example/a?x=1", NULL },
	{ "https://a.example", "/old", 4, "https://a.example?x=1", NULL },
	{ "https://a.example$rest", "/old/a", 4, "https://a.example/a?x=1", NULL },
	{ "https://$host$request_uri", "/old/a", 4, "https://www.example.org/old/a%20b?x=1", NULL },
};

START_TEST(rest_of_a_prefix_goes_along)
{
	struct expanded_path rewritten;

	compile(prefixes[_i].to);
	set_prefix(prefixes[_i].path, prefixes[_i].bytes);
	ck_assert_str_eq(location(0), prefixes[_i].location);
	if (prefixes[_i].rewritten == NULL)
		return;
	ck_assert_uint_eq(expand_rewrite(template, &values, &arena, &rewritten), 0);
	ck_assert_msg(slice_equal(rewritten.path, slice_from_text(prefixes[_i].rewritten)),
	    "%.*s", (int)rewritten.path.len, rewritten.path.data);
}
END_TEST

static const struct {
	const char *to, *one, *two;
	const char *path, *query;   /* query NULL: none */
} rewrites[] = {
	{ "/new", "", "", "/new", "x=1" },
	{ "/new?", "", "", "/new", NULL },
	{ "/new?y=2", "", "", "/new", "y=2" },
	{ "/new?y=2&$query", "", "", "/new", "y=2&x=1" },
	{ "/$1", "a?b&c", "", "/a?b&c", "x=1" },        /* not a query: it was escaped */
	{ "/i.html?p=$1", "a?b&c=d", "", "/i.html", "p=a%3Fb%26c%3Dd" },
	{ "/i.html?p=$1#x", "a", "", "/i.html", "p=a%23x" },
	{ "/a%20b", "", "", "/a%20b", "x=1" },          /* a path of files is not escaped */
	{ "/$1/../$2", "a", "b", "/a/../b", "x=1" },    /* for others to normalise */
	{ "/hosts/$host$path", "", "", "/hosts/www.example.org/old/a b", "x=1" },
	{ "/n$request_uri", "", "", "/n/old/a b", "x=1" },
	{ "/n?u=$request_uri", "", "", "/n", "u=/old/a%2520b%3Fx%3D1" },
	{ "$1", "a", "", "/a", "x=1" },
};

START_TEST(rewrite_is_made)
{
	const char *query = rewrites[_i].query;
	struct expanded_path got;

	compile(rewrites[_i].to);
	set_captures(rewrites[_i].one, rewrites[_i].two);
	ck_assert_uint_eq(expand_rewrite(template, &values, &arena, &got), 0);
	ck_assert_msg(slice_equal(got.path, slice_from_text(rewrites[_i].path)), "%.*s",
	    (int)got.path.len, got.path.data);
	ck_assert_int_eq(got.has_query, query != NULL);
	ck_assert(slice_equal(got.query, slice_from_text(query != NULL ? query : "")));
}
END_TEST

START_TEST(query_of_a_rewrite_is_as_sent)
{
	struct expanded_path got;

	compile("/new");
	set_captures("", "");
	values.query = SLICE_LITERAL("a[]={1}|%zz");
	ck_assert_uint_eq(expand_rewrite(template, &values, &arena, &got), 0);
	ck_assert(slice_equal(got.query, values.query));
	ck_assert_str_eq(location(0), "/new?a%5B%5D=%7B1%7D%7C%25zz");
	values.has_query = false;
	ck_assert_uint_eq(expand_rewrite(template, &values, &arena, &got), 0);
	ck_assert(!got.has_query);
	ck_assert_str_eq(location(0), "/new");
}
END_TEST

static const struct {
	const char *alias, *one, *two;
	const char *path;           /* NULL: 404 */
} aliases[] = {
	{ "$1/$2", "a", "b", "/a/b" },
	{ "$1.$2", "a/b", "c", "/a/b.c" },
	{ "x$1?y#z", "a", "", "/xa?y#z" },
	{ "$1", "", "", "/" },
	{ "$1", "a?b%2f", "", "/a?b%2f" },
	{ "$1$2", ".", ".", NULL },
	{ "$1$2", "a/.", ".", NULL },
	{ "$1$2", "a/.", "./b", NULL },
	{ "$1/../$2", "a", "b", NULL },
	{ "$1", ".", "", NULL },
	{ "$1", "...", "", "/..." },
	{ "$1.", "a", "", "/a." },
	{ "$1..$2", "a", "b", "/a..b" },
	{ "$host/$1", "a", "", "/www.example.org/a" },
};

START_TEST(alias_is_made)
{
	const char *wanted = aliases[_i].path;
	struct slice path;
	unsigned status;

	compile(aliases[_i].alias);
	set_captures(aliases[_i].one, aliases[_i].two);
	status = expand_alias(template, &values, &arena, &path);
	ck_assert_uint_eq(status, wanted == NULL ? 404 : 0);
	if (wanted != NULL)
		ck_assert_msg(slice_equal(path, slice_from_text(wanted)), "%.*s", (int)path.len,
		    path.data);
}
END_TEST

static const struct {
	const char *host, *name;
	const char *location;       /* NULL: 400 */
} hosts[] = {
	{ "a.example", "b.example", "https://a.example/" },
	{ "[::1]", "*", "https://[::1]/" },
	{ "", "b.example", "https://b.example/" },
	{ ".", "b.example", NULL },
	{ "", "*", NULL },
	{ "", "*.example", NULL },
	{ "x.example", "*.example", "https://x.example/" },
};

START_TEST(request_without_a_name_gets_the_hosts)
{
	compile("https://$host/?");
	set_captures("", "");
	values.host = slice_from_text(hosts[_i].host);
	values.host_name = hosts[_i].name;
	if (hosts[_i].location == NULL)
		(void)location(400);
	else
		ck_assert_str_eq(location(0), hosts[_i].location);
}
END_TEST

START_TEST(scheme_is_the_clients)
{
	compile("$scheme://a/?");
	set_captures("", "");
	ck_assert_str_eq(location(0), "http://a/");
	values.is_https = true;
	ck_assert_str_eq(location(0), "https://a/");
}
END_TEST

START_TEST(too_long_is_told)
{
	static char long_one[4096];
	struct expanded_path path;

	memset(long_one, 0xff, sizeof long_one - 1);
	compile("/$1$1$1$1$1");
	set_captures(long_one, "");
	(void)location(414);
	ck_assert_uint_eq(expand_rewrite(template, &values, &arena, &path), 414);
	compile("/$1");             /* three bytes for each */
	ck_assert_uint_eq(strlen(location(0)), 1 + 3 * 4095 + 4);
}
END_TEST

START_TEST(lack_of_memory_is_told)
{
	struct expanded_path path;
	struct slice out;

	compile("/$1");
	set_captures("", "");
	arena.used = arena.cap;
	ck_assert_uint_eq(expand_rewrite(template, &values, &arena, &path), 500);
	ck_assert_uint_eq(expand_location(template, &values, &arena, &out), 500);
	ck_assert_uint_eq(expand_alias(template, &values, &arena, &out), 500);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("expand");
	TCase *tcase = tcase_create("expand");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, location_is_made, 0, COUNT_OF(locations));
	tcase_add_loop_test(tcase, rest_of_a_prefix_goes_along, 0, COUNT_OF(prefixes));
	tcase_add_loop_test(tcase, rewrite_is_made, 0, COUNT_OF(rewrites));
	tcase_add_test(tcase, query_of_a_rewrite_is_as_sent);
	tcase_add_loop_test(tcase, alias_is_made, 0, COUNT_OF(aliases));
	tcase_add_loop_test(tcase, request_without_a_name_gets_the_hosts, 0, COUNT_OF(hosts));
	tcase_add_test(tcase, scheme_is_the_clients);
	tcase_add_test(tcase, too_long_is_told);
	tcase_add_test(tcase, lack_of_memory_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
