/* SPDX-License-Identifier: BSD-2-Clause */
/* A listing's query, and two names of the input's lines: any query gives an order, and the order of
 * names is one, or sorting would not end where it should. */
#include <stdint.h>
#include <stdlib.h>

#include "workers/handler/listing_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define NAMES_MAX 16

static int
sign_of(int value)
{
	return (value > 0) - (value < 0);
}

static void
check_names(const struct slice *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < count; k++) {
			int sign = sign_of(listing_compare_names(names[i], names[k]));

			if (sign != -sign_of(listing_compare_names(names[k], names[i])) ||
			    (sign == 0) != slice_equal(names[i], names[k]))
				abort();
			for (unsigned n = 0; n < count && sign < 0; n++)
				if (listing_compare_names(names[k], names[n]) < 0 &&
				    listing_compare_names(names[i], names[n]) >= 0)
					abort();
		}
}

static void
check_sort(const struct slice *names, unsigned count, const struct listing_order *order)
{
	struct listing_entry entries[NAMES_MAX];

	for (unsigned i = 0; i < count; i++)
		entries[i] = (struct listing_entry){ names[i], names[i].len % 3,
			(int64_t)(names[i].len % 5), names[i].len % 2 == 1 };
	listing_sort(entries, count, order);
	for (unsigned i = 1; i < count; i++) {
		if (entries[i].is_directory && !entries[i - 1].is_directory)
			abort();
		if (order->key == LISTING_BY_DATE &&
		    entries[i].is_directory == entries[i - 1].is_directory &&
		    entries[i].modified_s != entries[i - 1].modified_s &&
		    (entries[i].modified_s < entries[i - 1].modified_s) != order->is_descending)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *text = (const char *)data;
	struct slice names[NAMES_MAX];
	struct listing_order order;
	unsigned count = 0;
	size_t start = 0;

	listing_parse_query(slice_make(text, bytes), &order);
	if (order.key > LISTING_BY_DATE)
		abort();
	for (size_t i = 0; i <= bytes && count < NAMES_MAX; i++) {
		if (i < bytes && text[i] != '\n')
			continue;
		names[count++] = slice_make(text + start, i - start);
		start = i + 1;
	}
	check_names(names, count);
	check_sort(names, count, &order);
	return 0;
}
