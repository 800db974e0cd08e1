/* SPDX-License-Identifier: BSD-2-Clause */
/* Range values against files of several sizes. Each range must lie in the file, and all
 * of them together must not outweigh it. */
#include <stdlib.h>

#include "workers/http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_size(struct slice value, uint64_t size_bytes, unsigned max_count)
{
	struct range_set set;
	uint64_t left_bytes = size_bytes;

	if (range_parse(value, size_bytes, max_count, &set) != RANGE_PARTIAL)
		return;
	if (set.count == 0 || set.count > max_count)
		abort();
	for (unsigned i = 0; i < set.count; i++) {
		const struct byte_range *range = &set.ranges[i];

		if (range->len == 0 || range->first >= size_bytes ||
		    range->len > size_bytes - range->first || range->len > left_bytes)
			abort();
		left_bytes -= range->len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_make((const char *)data, size);

	for (unsigned max_count = 0; max_count <= RANGE_MAX; max_count += 8) {
		check_size(value, 0, max_count);
		check_size(value, 1, max_count);
		check_size(value, 1000, max_count);
		check_size(value, UINT64_C(5) << 30, max_count);
		check_size(value, UINT64_MAX, max_count);
	}
	return 0;
}
