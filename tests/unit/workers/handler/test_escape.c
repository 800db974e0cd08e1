/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/escape.c: a name that ends an attribute, a string or a link, and bytes that are
 * no UTF-8 in a page that says it is. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/escape.h"

#define BAD "\xef\xbf\xbd"

static struct arena arena;
static struct content content;

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 65536), 0);
	content_init(&content, &arena, 65536);
}

static void
end(void)
{
	arena_fini(&arena);
}

static const struct {
	struct slice text, html, html_utf8, json, url;
} rows[] = {
	{ TEXT(""), TEXT(""), TEXT(""), TEXT(""), TEXT("") },
	{ TEXT("Az09-._~/"), TEXT("Az09-._~/"), TEXT("Az09-._~/"), TEXT("Az09-._~/"),
	    TEXT("Az09-._~/") },
	{ TEXT("<a b='c' d=\"e\">&amp;"),
	    TEXT("&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;"),
	    TEXT("&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;"),
	    TEXT("<a b='c' d=\\\"e\\\">&amp;"),
	    TEXT("%3Ca%20b%3D%27c%27%20d%3D%22e%22%3E%26amp%3B") },
	{ TEXT("</script>"), TEXT("&lt;/script&gt;"), TEXT("&lt;/script&gt;"),
	    TEXT("</script>"), TEXT("%3C/script%3E") },
	{ TEXT("a\\b"), TEXT("a\\b"), TEXT("a\\b"), TEXT("a\\\\b"), TEXT("a%5Cb") },
	{ TEXT("javascript:x"), TEXT("javascript:x"), TEXT("javascript:x"),
	    TEXT("javascript:x"), TEXT("javascript%3Ax") },
	{ TEXT("100%?#[]@!$()*+,;="), TEXT("100%?#[]@!$()*+,;="), TEXT("100%?#[]@!$()*+,;="),
	    TEXT("100%?#[]@!$()*+,;="),
	    TEXT("100%25%3F%23%5B%5D%40%21%24%28%29%2A%2B%2C%3B%3D") },
	{ TEXT("a\nb\x01\x7f\0c"), TEXT("a\nb\x01\x7f\0c"), TEXT("a" BAD "b" BAD BAD BAD "c"),
	    TEXT("a\\u000ab\\u0001\\u007f\\u0000c"), TEXT("a%0Ab%01%7F%00c") },
	{ TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	    TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	    TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	    TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	    TEXT("%C3%A4%E2%82%AC%F0%9F%98%80") },
	/* Latin-1, cut off, and what looks like '<' to who decodes carelessly. */
	{ TEXT("\xe4" "b"), TEXT("\xe4" "b"), TEXT(BAD "b"), TEXT(BAD "b"), TEXT("%E4b") },
	{ TEXT("\xe2\x82"), TEXT("\xe2\x82"), TEXT(BAD BAD), TEXT(BAD BAD), TEXT("%E2%82") },
	{ TEXT("\xc3\"<"), TEXT("\xc3&quot;&lt;"), TEXT(BAD "&quot;&lt;"), TEXT(BAD "\\\"<"),
	    TEXT("%C3%22%3C") },
	{ TEXT("\xc0\xbc"), TEXT("\xc0\xbc"), TEXT(BAD BAD), TEXT(BAD BAD), TEXT("%C0%BC") },
};

static struct slice
escaped(void (*escape)(struct content *out, struct slice s), struct slice text)
{
	content_init(&content, &arena, 65536);
	escape(&content, text);
	ck_assert(!content.is_bad);
	return content_whole(&content);
}

START_TEST(texts_stay_texts)
{
	ck_assert_slice(escaped(escape_html, rows[_i].text), rows[_i].html);
	ck_assert_slice(escaped(escape_html_utf8, rows[_i].text), rows[_i].html_utf8);
	ck_assert_slice(escaped(escape_json, rows[_i].text), rows[_i].json);
	ck_assert_slice(escaped(escape_url, rows[_i].text), rows[_i].url);
}
END_TEST

static const struct {
	struct slice text;
	size_t len;
} characters[] = {
	{ TEXT(""), 0 }, { TEXT("a"), 1 }, { TEXT("\0"), 1 }, { TEXT("\x7f"), 1 },
	{ TEXT("\x80"), 0 }, { TEXT("\xbf"), 0 }, { TEXT("\xc0\x80"), 0 },
	{ TEXT("\xc1\xbf"), 0 }, { TEXT("\xc2\x80"), 2 }, { TEXT("\xc2"), 0 },
	{ TEXT("\xc2\x7f"), 0 }, { TEXT("\xc2\xc0"), 0 }, { TEXT("\xdf\xbf"), 2 },
	{ TEXT("\xe0\x9f\xbf"), 0 }, { TEXT("\xe0\xa0\x80"), 3 }, { TEXT("\xe0\xa0"), 0 },
	{ TEXT("\xed\x9f\xbf"), 3 }, { TEXT("\xed\xa0\x80"), 0 }, { TEXT("\xef\xbf\xbf"), 3 },
	{ TEXT("\xf0\x8f\xbf\xbf"), 0 }, { TEXT("\xf0\x90\x80\x80"), 4 },
	{ TEXT("\xf4\x8f\xbf\xbf"), 4 }, { TEXT("\xf4\x90\x80\x80"), 0 },
	{ TEXT("\xf5\x80\x80\x80"), 0 }, { TEXT("\xff"), 0 }, { TEXT("\xf0\x90\x80"), 0 },
	{ TEXT("\xf0\x90\x80" "a"), 0 },
};

START_TEST(characters_are_told_from_other_bytes)
{
	ck_assert_uint_eq(escape_utf8_bytes(characters[_i].text), characters[_i].len);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("escape");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, texts_stay_texts, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, characters_are_told_from_other_bytes, 0, COUNT_OF(characters));
	return run_one_case("escape", tcase);
}
