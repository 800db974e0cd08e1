/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/listing_json.c: a name that ends its string, a comma too many or too few, a form
 * that nginx's readers do not know. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/listing_parts.h"

static struct listing_entry entries[] = {
	{ TEXT("sub"), 0, 0, true },
	{ TEXT("a\"b\\c\nd\xff\xc3\xa4</x>"), UINT64_MAX, 1700000000, false },
	{ TEXT("empty"), 0, -1, false },
};
static const char *const wanted[] = {
	"[\n]\n",
	"[\n{ \"name\":\"sub\", \"type\":\"directory\", "
	"\"mtime\":\"Thu, 01 Jan 1970 00:00:00 GMT\" }\n]\n",
	"[\n{ \"name\":\"sub\", \"type\":\"directory\", "
	"\"mtime\":\"Thu, 01 Jan 1970 00:00:00 GMT\" },\n"
	"{ \"name\":\"a\\\"b\\\\c\\u000ad\xef\xbf\xbd\xc3\xa4</x>\", \"type\":\"file\", "
	"\"mtime\":\"Tue, 14 Nov 2023 22:13:20 GMT\", \"size\":18446744073709551615 }\n]\n",
	"[\n{ \"name\":\"sub\", \"type\":\"directory\", "
	"\"mtime\":\"Thu, 01 Jan 1970 00:00:00 GMT\" },\n"
	"{ \"name\":\"a\\\"b\\\\c\\u000ad\xef\xbf\xbd\xc3\xa4</x>\", \"type\":\"file\", "
	"\"mtime\":\"Tue, 14 Nov 2023 22:13:20 GMT\", \"size\":18446744073709551615 },\n"
	"{ \"name\":\"empty\", \"type\":\"file\", "
	"\"mtime\":\"Wed, 31 Dec 1969 23:59:59 GMT\", \"size\":0 }\n]\n",
};

START_TEST(any_count_is_a_list)
{
	struct listing listing;
	struct content content;
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, 65536), 0);
	content_init(&content, &arena, 65536);
	memset(&listing, 0, sizeof listing);
	listing.entries = entries;
	listing.count = (unsigned)_i;
	listing_write_json(&listing, &content);
	ck_assert_str_eq(content_text(&content), wanted[_i]);
	arena_fini(&arena);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("listing_json");

	tcase_add_loop_test(tcase, any_count_is_a_list, 0, COUNT_OF(wanted));
	return run_one_case("listing_json", tcase);
}
