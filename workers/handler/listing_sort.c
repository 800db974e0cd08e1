/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of a listing: what the query asks for, and a sort for it. Workers, unprivileged;
 * pure. Rules: any query gives an order; sorting asks for no memory, as qsort(3) may.
 * Shown by test_listing_sort.c and fuzz_query.c. */
#include "workers/handler/listing_parts.h"

static void
take_key(struct slice value, struct listing_order *order)
{
	if (slice_equal(value, SLICE_LITERAL("name")) || slice_equal(value, SLICE_LITERAL("N")))
		order->key = LISTING_BY_NAME;
	else if (slice_equal(value, SLICE_LITERAL("size")) ||
	    slice_equal(value, SLICE_LITERAL("S")))
		order->key = LISTING_BY_SIZE;
	else if (slice_equal(value, SLICE_LITERAL("date")) ||
	    slice_equal(value, SLICE_LITERAL("M")))
		order->key = LISTING_BY_DATE;
}

static void
take_direction(struct slice value, struct listing_order *order)
{
	if (slice_equal(value, SLICE_LITERAL("desc")) || slice_equal(value, SLICE_LITERAL("D")))
		order->is_descending = true;
	else if (slice_equal(value, SLICE_LITERAL("asc")) ||
	    slice_equal(value, SLICE_LITERAL("A")))
		order->is_descending = false;
}

static void
take_parameter(struct slice name, struct slice value, struct listing_order *order)
{
	if (slice_equal(name, SLICE_LITERAL("sort")) || slice_equal(name, SLICE_LITERAL("C")))
		take_key(value, order);
	else if (slice_equal(name, SLICE_LITERAL("order")) ||
	    slice_equal(name, SLICE_LITERAL("O")))
		take_direction(value, order);
	else if (slice_equal(name, SLICE_LITERAL("format")))
		order->is_json = slice_equal(value, SLICE_LITERAL("json"));
}

void
listing_parse_query(struct slice query, struct listing_order *order_out)
{
	size_t start = 0, equals = 0;
	bool has_equals = false;

	memset(order_out, 0, sizeof *order_out);
	for (size_t i = 0; i <= query.len; i++) {
		if (i < query.len && query.data[i] == '=' && !has_equals) {
			has_equals = true;
			equals = i;
		} else if (i == query.len || query.data[i] == '&' || query.data[i] == ';') {
			if (has_equals)
				take_parameter(slice_make(query.data + start, equals - start),
				    slice_make(query.data + equals + 1, i - equals - 1),
				    order_out);
			start = i + 1;
			has_equals = false;
		}
	}
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number that starts at *at, without leading zeros; *at moves behind it. */
static struct slice
take_number(struct slice s, size_t *at)
{
	size_t start;

	while (*at < s.len && s.data[*at] == '0')
		++*at;
	start = *at;
	while (*at < s.len && is_digit(s.data[*at]))
		++*at;
	return slice_make(s.data + start, *at - start);
}

static int
compare_bytes(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int sign = common > 0 ? memcmp(a.data, b.data, common) : 0;

	return sign != 0 ? sign : (a.len > b.len) - (a.len < b.len);
}

/* Of two numbers the one with more digits is greater. */
static int
compare_numbers(struct slice a, struct slice b)
{
	return a.len != b.len ? (a.len > b.len) - (a.len < b.len) : compare_bytes(a, b);
}

static int
folded(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

int
listing_compare_names(struct slice a, struct slice b)
{
	size_t i = 0, k = 0;

	while (i < a.len && k < b.len) {
		int sign;

		if (is_digit(a.data[i]) && is_digit(b.data[k])) {
			struct slice left = take_number(a, &i), right = take_number(b, &k);

			sign = compare_numbers(left, right);
		} else {
			sign = folded(a.data[i++]) - folded(b.data[k++]);
		}
		if (sign != 0)
			return sign;
	}
	if (i < a.len || k < b.len)
		return i < a.len ? 1 : -1;
	return compare_bytes(a, b); /* "a01" and "a1", "A" and "a" */
}

static int
compare_entries(const struct listing_entry *a, const struct listing_entry *b,
    const struct listing_order *order)
{
	int sign = 0;

	if (a->is_directory != b->is_directory)
		return a->is_directory ? -1 : 1;
	if (order->key == LISTING_BY_SIZE && !a->is_directory)
		sign = (a->size_bytes > b->size_bytes) - (a->size_bytes < b->size_bytes);
	else if (order->key == LISTING_BY_DATE)
		sign = (a->modified_s > b->modified_s) - (a->modified_s < b->modified_s);
	if (sign == 0) {
		sign = listing_compare_names(a->name, b->name);
		if (order->key != LISTING_BY_NAME)
			return sign;    /* what is alike is looked for by name */
	}
	return order->is_descending ? -sign : sign;
}

/* The entry at `at` sinks in the heap of count entries until none below it is greater. */
static void
sink(struct listing_entry *entries, unsigned count, unsigned at,
    const struct listing_order *order)
{
	struct listing_entry sinking = entries[at];
	unsigned child;

	while ((child = 2 * at + 1) < count) {
		if (child + 1 < count &&
		    compare_entries(&entries[child], &entries[child + 1], order) < 0)
			child++;
		if (compare_entries(&sinking, &entries[child], order) >= 0)
			break;
		entries[at] = entries[child];
		at = child;
	}
	entries[at] = sinking;
}

/* Heapsort: in place, and never slow whatever the names. */
void
listing_sort(struct listing_entry *entries, unsigned count, const struct listing_order *order)
{
	for (unsigned at = count / 2; at > 0; at--)
		sink(entries, count, at - 1, order);
	while (count > 1) {
		struct listing_entry greatest = entries[0];

		entries[0] = entries[--count];
		entries[count] = greatest;
		sink(entries, count, 0, order);
	}
}
