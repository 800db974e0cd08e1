/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/listing_sort.c: a query that is read wrongly, an order that depends on how the
 * entries came, numbers sorted like words. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/listing_parts.h"

static const struct {
	const char *query;
	struct listing_order order;
} queries[] = {
	{ "", { LISTING_BY_NAME, false, false } },
	{ "sort=name", { LISTING_BY_NAME, false, false } },
	{ "sort=size", { LISTING_BY_SIZE, false, false } },
	{ "sort=date&order=desc", { LISTING_BY_DATE, true, false } },
	{ "order=desc", { LISTING_BY_NAME, true, false } },
	{ "order=desc&order=asc", { LISTING_BY_NAME, false, false } },
	{ "sort=size&sort=date", { LISTING_BY_DATE, false, false } },
	{ "C=S;O=D", { LISTING_BY_SIZE, true, false } },
	{ "C=M&O=A", { LISTING_BY_DATE, false, false } },
	{ "C=N;O=D", { LISTING_BY_NAME, true, false } },
	{ "C=D;O=A", { LISTING_BY_NAME, false, false } }, /* description: there is none */
	{ "format=json", { LISTING_BY_NAME, false, true } },
	{ "format=json&sort=size&order=desc", { LISTING_BY_SIZE, true, true } },
	{ "format=json&format=html", { LISTING_BY_NAME, false, false } },
	{ "&&sort=size&", { LISTING_BY_SIZE, false, false } },
	{ "utm_source=x&sort=size", { LISTING_BY_SIZE, false, false } },
	{ "sort=colour&order=up", { LISTING_BY_NAME, false, false } },
	{ "sort", { LISTING_BY_NAME, false, false } },
	{ "sort=", { LISTING_BY_NAME, false, false } },
	{ "=size", { LISTING_BY_NAME, false, false } },
	{ "sort=size=x", { LISTING_BY_NAME, false, false } },
	{ "xsort=size", { LISTING_BY_NAME, false, false } },
	{ "sort=sizes", { LISTING_BY_NAME, false, false } },
	{ "SORT=size", { LISTING_BY_NAME, false, false } },
};

START_TEST(queries_are_read)
{
	const struct listing_order *want = &queries[_i].order;
	struct listing_order order;

	memset(&order, 0xee, sizeof order);
	listing_parse_query(slice_from_text(queries[_i].query), &order);
	ck_assert_msg(order.key == want->key && order.is_descending == want->is_descending &&
	    order.is_json == want->is_json, "\"%s\": %d %d %d", queries[_i].query,
	    (int)order.key, order.is_descending, order.is_json);
}
END_TEST

START_TEST(no_query_is_none)
{
	struct listing_order order;

	listing_parse_query(slice_make(NULL, 0), &order);
	ck_assert(order.key == LISTING_BY_NAME && !order.is_descending && !order.is_json);
}
END_TEST

/* Each name comes before the next. */
static const struct slice names[] = {
	TEXT(""), TEXT(" "), TEXT("-"), TEXT("0"), TEXT("00"), TEXT("000"), TEXT("01"),
	TEXT("1"), TEXT("01a"), TEXT("1b"), TEXT("2"), TEXT("010"), TEXT("10"),
	TEXT("99999999999999999999"), TEXT("100000000000000000000"), TEXT("_"), TEXT("A"),
	TEXT("a"), TEXT("A0"), TEXT("a1"), TEXT("A2"), TEXT("a10"), TEXT("a10b"), TEXT("AB"),
	TEXT("Ab"), TEXT("aB"), TEXT("ab"), TEXT("Z"), TEXT("z"), TEXT("\x7f"),
	TEXT("\xc3\xa4"), TEXT("\xff"),
};

START_TEST(names_have_one_order)
{
	for (int k = 0; k < COUNT_OF(names); k++) {
		int sign = listing_compare_names(names[_i], names[k]);

		ck_assert_msg((sign > 0) - (sign < 0) == (_i > k) - (_i < k),
		    "\"%s\" against \"%s\": %d", names[_i].data, names[k].data, sign);
	}
}
END_TEST

/* Name, size, date; directories are those without a size. */
#define FILE_(name, size, date) { TEXT(name), size, date, false }
#define DIRECTORY(name, date) { TEXT(name), 0, date, true }
static const struct listing_entry entries[] = {
	FILE_("b", 10, 3), FILE_("a10", 5, 2), DIRECTORY("z", 9), FILE_("a9", 5, 7),
	DIRECTORY("c", 1), FILE_("B2", 0, 2), FILE_("old", UINT64_MAX, -5), DIRECTORY("d", 1),
};
static const struct {
	struct listing_order order;
	const char *names;
} orders[] = {
	{ { LISTING_BY_NAME, false, false }, "c d z a9 a10 b B2 old " },
	{ { LISTING_BY_NAME, true, false }, "z d c old B2 b a10 a9 " },
	{ { LISTING_BY_SIZE, false, false }, "c d z B2 a9 a10 b old " },
	{ { LISTING_BY_SIZE, true, false }, "c d z old b a9 a10 B2 " },
	{ { LISTING_BY_DATE, false, false }, "c d z old a10 B2 b a9 " },
	{ { LISTING_BY_DATE, true, false }, "z c d a9 b a10 B2 old " },
};

/* Whatever the order that the file system gives them in. */
START_TEST(entries_are_sorted)
{
	enum { COUNT = sizeof entries / sizeof entries[0] };
	struct listing_entry sorted[COUNT];

	for (unsigned shift = 0; shift < COUNT; shift++) {
		char text[256] = "";

		for (unsigned i = 0; i < COUNT; i++)
			sorted[i] = entries[(i * 3 + shift) % COUNT];
		listing_sort(sorted, COUNT, &orders[_i].order);
		for (unsigned i = 0; i < COUNT; i++) {
			strncat(text, sorted[i].name.data, sorted[i].name.len);
			strcat(text, " ");
		}
		ck_assert_str_eq(text, orders[_i].names);
	}
}
END_TEST

START_TEST(any_count_is_sorted)
{
	static struct listing_entry many[1000];
	static char texts[1000][8];

	for (unsigned count = 0; count <= 1000; count += count < 10 ? 1 : 99) {
		for (unsigned i = 0; i < count; i++) {
			int len = snprintf(texts[i], sizeof texts[i], "n%u", i * 7919 % count);

			many[i] = (struct listing_entry){ slice_make(texts[i], (size_t)len),
				0, 0, false };
		}
		listing_sort(many, count, &orders[0].order);
		for (unsigned i = 1; i < count; i++)
			ck_assert_int_le(listing_compare_names(many[i - 1].name, many[i].name), 0);
	}
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("listing_sort");

	tcase_add_loop_test(tcase, queries_are_read, 0, COUNT_OF(queries));
	tcase_add_test(tcase, no_query_is_none);
	tcase_add_loop_test(tcase, names_have_one_order, 0, COUNT_OF(names));
	tcase_add_loop_test(tcase, entries_are_sorted, 0, COUNT_OF(orders));
	tcase_add_test(tcase, any_count_is_sorted);
	return run_one_case("listing_sort", tcase);
}
