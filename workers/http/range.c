/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Range field against a size (RFC 9110 14.1.2, 14.2).
 *
 * Whether Range applies at all (method, If-Range) is asked of conditional.c first; how
 * the parts are sent is the handler's. Runs in the workers, as the unprivileged user.
 * Must stay true: each range lies within the size and is not empty, and together they
 * never have more bytes than the whole, so nobody makes an answer larger by asking for
 * parts (CVE-2011-3192). Shown by test_range.c and fuzz_range.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/headers.h"
#include "workers/http/range.h"

enum spec_kind {
	SPEC_BAD,
	SPEC_OUTSIDE,               /* valid, but nothing of the file is in it */
	SPEC_INSIDE,
};

/* 1*DIGIT off the front; what is too large for 64 bits is as good as the largest. */
static bool
take_number(struct slice *rest, uint64_t *number_out)
{
	uint64_t number = 0;
	bool is_huge = false;
	size_t i;

	for (i = 0; i < rest->len && byte_is(rest->data[i], BYTE_DIGIT); i++) {
		is_huge = is_huge || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (unsigned)(rest->data[i] - '0'), &number);
	}
	rest->data += i;
	rest->len -= i;
	*number_out = is_huge ? UINT64_MAX : number;
	return i > 0;
}

/* "-500": the last 500 bytes */
static enum spec_kind
read_suffix(struct slice spec, uint64_t size_bytes, struct byte_range *range_out)
{
	uint64_t suffix_bytes;

	spec.data++, spec.len--;
	if (!take_number(&spec, &suffix_bytes) || spec.len > 0)
		return SPEC_BAD;
	if (suffix_bytes == 0)
		return SPEC_OUTSIDE;
	range_out->len = suffix_bytes < size_bytes ? suffix_bytes : size_bytes;
	range_out->first = size_bytes - range_out->len;
	return SPEC_INSIDE;
}

/* "0-499" or "500-" */
static enum spec_kind
read_spec(struct slice spec, uint64_t size_bytes, struct byte_range *range_out)
{
	uint64_t first, last = UINT64_MAX;

	if (spec.data[0] == '-')
		return read_suffix(spec, size_bytes, range_out);
	if (!take_number(&spec, &first) || spec.len == 0 || spec.data[0] != '-')
		return SPEC_BAD;
	spec.data++, spec.len--;
	if (spec.len > 0 && (!take_number(&spec, &last) || spec.len > 0 || last < first))
		return SPEC_BAD;
	if (first >= size_bytes)
		return SPEC_OUTSIDE;
	range_out->first = first;
	range_out->len = (last < size_bytes ? last + 1 : size_bytes) - first;
	return SPEC_INSIDE;
}

static bool
take_unit(struct slice *rest)
{
	struct slice unit = SLICE_LITERAL("bytes=");

	if (rest->len < unit.len || !slice_equal_nocase(slice_make(rest->data, unit.len), unit))
		return false;
	rest->data += unit.len;
	rest->len -= unit.len;
	return true;
}

enum range_verdict
range_parse(struct slice value, uint64_t size_bytes, unsigned max_count,
    struct range_set *set_out)
{
	struct slice spec;
	uint64_t left_bytes = size_bytes;   /* of the whole, when the parts are taken off */
	unsigned spec_count = 0;

	set_out->count = 0;
	if (max_count > RANGE_MAX)
		max_count = RANGE_MAX;
	/* Of nothing there is no part; RFC 9110 14.2 lets the whole be sent then. */
	if (size_bytes == 0 || !take_unit(&value))
		return RANGE_IGNORE;
	while (http_list_next(&value, &spec)) {
		struct byte_range range;
		enum spec_kind kind = read_spec(spec, size_bytes, &range);

		if (kind == SPEC_BAD || ++spec_count > max_count)
			return RANGE_IGNORE;
		if (kind != SPEC_INSIDE)
			continue;
		if (range.len > left_bytes)
			return RANGE_IGNORE;
		left_bytes -= range.len;
		set_out->ranges[set_out->count++] = range;
	}
	if (spec_count == 0)
		return RANGE_IGNORE;
	return set_out->count > 0 ? RANGE_PARTIAL : RANGE_UNSATISFIABLE;
}
