/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/listing_html.c: a name that becomes markup or another link, a size or a date
 * that is wrong, a column whose click does not turn the order. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/listing_parts.h"

#define BAD "\xef\xbf\xbd"

static struct arena arena;
static struct content content;
static struct listing listing;
static struct listing_entry entries[4];

static void
begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 1 << 20), 0);
	content_init(&content, &arena, 1 << 20);
	memset(&listing, 0, sizeof listing);
	listing.path = SLICE_LITERAL("/pub/");
	listing.entries = entries;
}

static void
end(void)
{
	arena_fini(&arena);
}

static void
add_entry(struct slice name, uint64_t size_bytes, int64_t modified_s, bool is_directory)
{
	entries[listing.count++] = (struct listing_entry){ name, size_bytes, modified_s,
		is_directory };
	listing.directory_count += is_directory;
}

static const char *
page(void)
{
	listing_write_html(&listing, &content);
	return content_text(&content);
}

static void
assert_has(const char *text, const char *wanted)
{
	ck_assert_msg(strstr(text, wanted) != NULL, "no %s in %s", wanted,
	    strstr(text, "<h1>") != NULL ? strstr(text, "<h1>") : text);
}

START_TEST(page_is_whole)
{
	const char *text;

	add_entry(SLICE_LITERAL("sub"), 0, 0, true);
	add_entry(SLICE_LITERAL("file"), 1, 1700000000, false);
	text = page();
	ck_assert(strncmp(text, "<!DOCTYPE html>\n<html lang=\"en\">\n", 33) == 0);
	assert_has(text, "<title>Index of /pub/</title>");
	assert_has(text, "<h1>Index of <bdi>/pub/</bdi></h1>");
	assert_has(text, "<tr><td class=\"name dir\"><a href=\"sub/\"><bdi>sub/</bdi></a></td>"
	    "<td class=\"size\"></td><td class=\"date\"><time datetime=\"1970-01-01T00:00:00Z\">"
	    "1970-01-01<span> 00:00</span></time></td></tr>\n");
	assert_has(text, "<tr><td class=\"name\"><a href=\"file\"><bdi>file</bdi></a></td>"
	    "<td class=\"size\" title=\"1 byte\">1 B</td><td class=\"date\">"
	    "<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14<span> 22:13</span></time>");
	assert_has(text, "<p>1 directory, 1 file</p>");
	ck_assert_str_eq(text + strlen(text) - 8, "</html>\n");
	/* Nothing is fetched and nothing runs. */
	ck_assert_ptr_null(strstr(text, "<script"));
	ck_assert_ptr_null(strstr(text, "://"));
	ck_assert_ptr_null(strstr(text, "url("));
	ck_assert_ptr_null(strstr(text, "Parent"));
	ck_assert_ptr_null(strstr(text, "more than"));
}
END_TEST

START_TEST(extras_are_shown_when_due)
{
	const char *text;

	listing.has_parent = listing.is_cut = true;
	text = page();
	assert_has(text, "<a href=\"../\">Parent directory</a>");
	assert_has(text, "more than can be listed");
	assert_has(text, "<p>0 directories, 0 files</p>");
}
END_TEST

static const struct {
	struct slice name;
	const char *link, *shown;
} hostile[] = {
	{ TEXT("a b"), "\"a%20b\"", "<bdi>a b</bdi>" },
	{ TEXT("<script>alert(1)</script>"), "\"%3Cscript%3Ealert%281%29%3C/script%3E\"",
	    "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" },
	{ TEXT("\" onmouseover=\"x"), "\"%22%20onmouseover%3D%22x\"",
	    "<bdi>&quot; onmouseover=&quot;x</bdi>" },
	{ TEXT("javascript:alert(1)"), "\"javascript%3Aalert%281%29\"",
	    "<bdi>javascript:alert(1)</bdi>" },
	{ TEXT("a?b#c%41"), "\"a%3Fb%23c%2541\"", "<bdi>a?b#c%41</bdi>" },
	{ TEXT("a&lt;b"), "\"a%26lt%3Bb\"", "<bdi>a&amp;lt;b</bdi>" },
	{ TEXT("\xff\xfe"), "\"%FF%FE\"", "<bdi>" BAD BAD "</bdi>" },
	{ TEXT("line\nbreak"), "\"line%0Abreak\"", "<bdi>line" BAD "break</bdi>" },
	{ TEXT("\xd7\x90.txt"), "\"%D7%90.txt\"", "<bdi>\xd7\x90.txt</bdi>" },
	{ TEXT("back\\slash"), "\"back%5Cslash\"", "<bdi>back\\slash</bdi>" },
};

START_TEST(names_are_text)
{
	const char *text;

	add_entry(hostile[_i].name, 0, 0, false);
	listing.path = hostile[_i].name;
	text = page();
	assert_has(text, hostile[_i].link);
	assert_has(strstr(text, "<tbody>"), hostile[_i].shown);
	assert_has(strstr(text, "<h1>"), hostile[_i].shown);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *shown;
} sizes[] = {
	{ 0, "title=\"0 bytes\">0 B<" }, { 1, "title=\"1 byte\">1 B<" },
	{ 999, "title=\"999 bytes\">999 B<" }, { 1000, "title=\"1,000 bytes\">1.0 KiB<" },
	{ 1024, "1.0 KiB<" }, { 1536, "1.5 KiB<" }, { 10188, "9.9 KiB<" }, { 10189, "10 KiB<" },
	{ 10240, "10 KiB<" }, { 1023487, "999 KiB<" }, { 1023488, "1.0 MiB<" },
	{ 1048576, "title=\"1,048,576 bytes\">1.0 MiB<" },
	{ UINT64_C(5) << 30, "title=\"5,368,709,120 bytes\">5.0 GiB<" },
	{ UINT64_C(123) << 40, "123 TiB<" }, { UINT64_C(1) << 50, "1.0 PiB<" },
	{ UINT64_MAX, "title=\"18,446,744,073,709,551,615 bytes\">16 EiB<" },
};

START_TEST(sizes_have_three_digits)
{
	add_entry(SLICE_LITERAL("x"), sizes[_i].bytes, 0, false);
	assert_has(page(), sizes[_i].shown);
}
END_TEST

static const struct {
	int64_t time_s;
	const char *shown;
} dates[] = {
	{ INT64_MIN, "\"0001-01-01T00:00:00Z\">0001-01-01<span> 00:00<" },
	{ -1, "\"1969-12-31T23:59:59Z\">1969-12-31<span> 23:59<" },
	{ 951782400, "\"2000-02-29T00:00:00Z\"" },
	{ 1733011199, "\"2024-11-30T23:59:59Z\"" }, { 1733011200, "\"2024-12-01T00:00:00Z\"" },
	{ INT64_MAX, "\"9999-12-31T23:59:59Z\">9999-12-31<span> 23:59<" },
};

START_TEST(dates_are_iso)
{
	add_entry(SLICE_LITERAL("x"), 0, dates[_i].time_s, false);
	assert_has(page(), dates[_i].shown);
}
END_TEST

static const struct {
	struct listing_order order;
	const char *current, *name, *size, *date;
} heads[] = {
	{ { LISTING_BY_NAME, false, false }, "class=\"name\" aria-sort=\"ascending\"",
	    "desc", "desc", "desc" },
	{ { LISTING_BY_NAME, true, false }, "class=\"name\" aria-sort=\"descending\"",
	    "asc", "desc", "desc" },
	{ { LISTING_BY_SIZE, true, false }, "class=\"size\" aria-sort=\"descending\"",
	    "asc", "asc", "desc" },
	{ { LISTING_BY_SIZE, false, false }, "class=\"size\" aria-sort=\"ascending\"",
	    "asc", "desc", "desc" },
	{ { LISTING_BY_DATE, true, false }, "class=\"date\" aria-sort=\"descending\"",
	    "asc", "desc", "asc" },
};

/* A click on the column that is sorted by turns it round. */
START_TEST(columns_are_links)
{
	const char *const keys[] = { "name", "size", "date" };
	const char *const orders[] = { heads[_i].name, heads[_i].size, heads[_i].date };
	const char *text;
	char wanted[64];

	listing.order = heads[_i].order;
	text = page();
	assert_has(text, heads[_i].current);
	ck_assert_ptr_null(strstr(strstr(text, "aria-sort=\"") + 1, "aria-sort=\""));
	for (int i = 0; i < 3; i++) {
		snprintf(wanted, sizeof wanted, "href=\"?sort=%s&amp;order=%s\">", keys[i],
		    orders[i]);
		assert_has(text, wanted);
	}
}
END_TEST

START_TEST(too_little_memory_is_said)
{
	struct content small;

	content_init(&small, &arena, 1000);
	for (int i = 0; i < 4; i++)
		add_entry(SLICE_LITERAL("x"), 0, 0, false);
	listing_write_html(&listing, &small);
	ck_assert(small.is_bad);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("listing_html");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, page_is_whole);
	tcase_add_test(tcase, extras_are_shown_when_due);
	tcase_add_loop_test(tcase, names_are_text, 0, COUNT_OF(hostile));
	tcase_add_loop_test(tcase, sizes_have_three_digits, 0, COUNT_OF(sizes));
	tcase_add_loop_test(tcase, dates_are_iso, 0, COUNT_OF(dates));
	tcase_add_loop_test(tcase, columns_are_links, 0, COUNT_OF(heads));
	tcase_add_test(tcase, too_little_memory_is_said);
	return run_one_case("listing_html", tcase);
}
