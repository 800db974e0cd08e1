/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/media_type.c: which Content-Type a name has, and with which charset. */
#include "tests/unit/workers/handler/file_exchange.h"
#include "workers/handler/media_type.h"

static char *own[] = { (char *)"own", (char *)"o2" }, *html[] = { (char *)"html" },
    *outer[] = { (char *)"own" };
static struct config_type types[] = {       /* inner scopes' first */
	{ (char *)"", (char *)"text/x-own", own, 2 },
	{ (char *)"", (char *)"application/xhtml+xml", html, 1 },
	{ (char *)"", (char *)"text/x-outer", outer, 1 },
};

static const struct {
	const char *name;
	bool has_types;
	const char *content_type, *media_type;
} rows[] = {
	{ "a.html", false, "text/html; charset=utf-8", "text/html" },
	{ "a.HTML", false, "text/html; charset=utf-8", "text/html" },
	{ "a.b.css", false, "text/css; charset=utf-8", "text/css" },
	{ "/dir.html/a.txt", false, "text/plain; charset=utf-8", "text/plain" },
	{ "/dir.html/a", false, "application/octet-stream", "application/octet-stream" },
	{ "dir.html/", false, "application/octet-stream", "application/octet-stream" },
	{ "html", false, "application/octet-stream", "application/octet-stream" },
	{ ".html", false, "application/octet-stream", "application/octet-stream" },
	{ "dir/.html", false, "application/octet-stream", "application/octet-stream" },
	{ "a.html.", false, "application/octet-stream", "application/octet-stream" },
	{ "", false, "application/octet-stream", "application/octet-stream" },
	/* these have one charset, or say it themselves */
	{ "a.js", false, "application/javascript", "application/javascript" },
	{ "a.json", false, "application/json", "application/json" },
	{ "a.png", false, "image/png", "image/png" },
	{ "a.svg", false, "image/svg+xml", "image/svg+xml" },
	{ "a.xml", false, "text/xml", "text/xml" },
	/* the scope's come first, and the innermost scope's before them */
	{ "a.own", true, "text/x-own; charset=utf-8", "text/x-own" },
	{ "dir/A.O2", true, "text/x-own; charset=utf-8", "text/x-own" },
	{ "a.html", true, "application/xhtml+xml", "application/xhtml+xml" },
	{ "a.css", true, "text/css; charset=utf-8", "text/css" },
	{ ".own", true, "application/octet-stream", "application/octet-stream" },
	{ "own", true, "application/octet-stream", "application/octet-stream" },
	{ "xown", true, "application/octet-stream", "application/octet-stream" },
};

START_TEST(name_has_a_type)
{
	struct slice media_type, content_type;

	if (rows[_i].has_types) {
		settings->types = types;
		settings->type_count = COUNT_OF(types);
	}
	content_type = media_type_choose(&exchange, slice_from_text(rows[_i].name), &media_type);
	ck_assert_text(content_type, rows[_i].content_type);
	ck_assert_text(media_type, rows[_i].media_type);
}
END_TEST

static const struct {
	const char *charset, *default_type, *name;
	const char *content_type, *media_type;
} defaults[] = {
	{ "", "", "a.html", "text/html", "text/html" },
	{ "", "", "a.unknown", "", "" },
	{ "utf-8", "", "a.unknown", "", "" },
	{ "iso-8859-1", "text/plain", "README", "text/plain; charset=iso-8859-1", "text/plain" },
	{ "utf-8", "Text/Plain", "README", "Text/Plain; charset=utf-8", "Text/Plain" },
	{ "utf-8", "text/plain; charset=koi8-r", "README", "text/plain; charset=koi8-r",
	    "text/plain" },
	{ "utf-8", "TEXT/XML", "README", "TEXT/XML", "TEXT/XML" },
};

START_TEST(scope_has_defaults)
{
	struct slice media_type, content_type;

	settings->charset = (char *)defaults[_i].charset;
	settings->default_type = (char *)defaults[_i].default_type;
	content_type = media_type_choose(&exchange, slice_from_text(defaults[_i].name),
	    &media_type);
	ck_assert_text(content_type, defaults[_i].content_type);
	ck_assert_text(media_type, defaults[_i].media_type);
}
END_TEST

START_TEST(full_arena_costs_the_charset_only)
{
	struct slice media_type;

	ck_assert_ptr_nonnull(arena_alloc(&arena, arena_left(&arena)));
	ck_assert_text(media_type_choose(&exchange, SLICE_LITERAL("a.html"), &media_type),
	    "text/html");
}
END_TEST

START_TEST(known_is_what_needs_no_default)
{
	ck_assert(media_type_is_known(&exchange, SLICE_LITERAL("dir/a.html")));
	ck_assert(!media_type_is_known(&exchange, SLICE_LITERAL("a.html/b")));
	ck_assert(!media_type_is_known(&exchange, SLICE_LITERAL("a.own")));
	settings->types = types;
	settings->type_count = COUNT_OF(types);
	ck_assert(media_type_is_known(&exchange, SLICE_LITERAL("a.own")));
}
END_TEST

static const struct {
	const char *pattern, *type;
	bool fits;
} patterns[] = {
	{ "text/css", "text/css", true },
	{ "text/css", "TEXT/CSS", true },
	{ "text/css", "text/cs", false },
	{ "text/cs", "text/css", false },
	{ "text/", "text/css", true },
	{ "text/", "Text/x-y", true },
	{ "text/", "text", false },
	{ "text/", "image/text/", false },
	{ "", "text/css", true },
	{ "", "", true },
	{ "text/css", "", false },
};

START_TEST(pattern_fits_a_type)
{
	ck_assert_int_eq(media_type_fits(patterns[_i].pattern, slice_from_text(patterns[_i].type)),
	    patterns[_i].fits);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("media_type");

	tcase_add_loop_test(tcase, name_has_a_type, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, scope_has_defaults, 0, COUNT_OF(defaults));
	tcase_add_test(tcase, full_arena_costs_the_charset_only);
	tcase_add_test(tcase, known_is_what_needs_no_default);
	tcase_add_loop_test(tcase, pattern_fits_a_type, 0, COUNT_OF(patterns));
	return exchange_run("media_type", tcase);
}
