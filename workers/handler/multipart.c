/* SPDX-License-Identifier: BSD-2-Clause */
/* Partial content as segments; pure. Rule: what the parts' heads say is what the file
 * segments send. Shown by test_multipart.c and tests/integration/20-static. */
#include "workers/handler/multipart.h"

#include "workers/handler/text.h"

#define PART_HEAD_BYTES 160         /* without the media type */

static void
append_content_range(struct text *text, const struct byte_range *range, uint64_t file_bytes)
{
	text_slice(text, SLICE_LITERAL("bytes "));
	text_decimal(text, range->first);
	text_slice(text, SLICE_LITERAL("-"));
	text_decimal(text, range->first + range->len - 1);
	text_slice(text, SLICE_LITERAL("/"));
	text_decimal(text, file_bytes);
}

void
multipart_single(const struct exchange *exchange, struct answer *answer, struct slice type,
    uint64_t file_bytes, const struct byte_range *range)
{
	struct text text;

	text_init(&text, exchange->arena, 80);
	append_content_range(&text, range, file_bytes);
	answer->lacks_room |= text.is_bad;
	if (type.len > 0)
		answer_field(answer, SLICE_LITERAL("Content-Type"), type);
	answer_field(answer, SLICE_LITERAL("Content-Range"), text_get(&text));
	answer_file(answer, range->first, range->len);
}

static struct slice
part_head(const struct exchange *exchange, struct slice boundary, struct slice type,
    const struct byte_range *range, uint64_t file_bytes)
{
	struct text text;

	text_init(&text, exchange->arena, PART_HEAD_BYTES + type.len);
	text_slice(&text, SLICE_LITERAL("\r\n--"));
	text_slice(&text, boundary);
	if (type.len > 0) {
		text_slice(&text, SLICE_LITERAL("\r\nContent-Type: "));
		text_slice(&text, type);
	}
	text_slice(&text, SLICE_LITERAL("\r\nContent-Range: "));
	append_content_range(&text, range, file_bytes);
	text_slice(&text, SLICE_LITERAL("\r\n\r\n"));
	return text_get(&text);
}

/* Another one for each answer, so that a file holds it only by an unlikely chance. */
static struct slice
make_boundary(const struct exchange *exchange)
{
	uint64_t mixed = exchange->boundary_seed;
	struct text text;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
	text_init(&text, exchange->arena, 48);
	text_slice(&text, SLICE_LITERAL("part-"));
	text_hex(&text, mixed ^ mixed >> 31);
	return text_get(&text);
}

void
multipart_many(const struct exchange *exchange, struct answer *answer, struct slice type,
    uint64_t file_bytes, const struct range_set *set)
{
	struct slice boundary = make_boundary(exchange);
	struct text text;
	unsigned i;

	text_init(&text, exchange->arena, 96);
	text_slice(&text, SLICE_LITERAL("multipart/byteranges; boundary="));
	text_slice(&text, boundary);
	answer_field(answer, SLICE_LITERAL("Content-Type"), text_get(&text));
	answer->lacks_room |= text.is_bad || boundary.len == 0;
	answer_reserve(answer, exchange->arena, 2 * set->count + 1);
	for (i = 0; i < set->count && !answer->lacks_room; i++) {
		struct slice head = part_head(exchange, boundary, type, &set->ranges[i],
		    file_bytes);

		answer->lacks_room |= head.len == 0;
		answer_memory(answer, head);
		answer_file(answer, set->ranges[i].first, set->ranges[i].len);
	}
	text_init(&text, exchange->arena, 64);
	text_slice(&text, SLICE_LITERAL("\r\n--"));
	text_slice(&text, boundary);
	text_slice(&text, SLICE_LITERAL("--\r\n"));
	answer->lacks_room |= text.is_bad;
	answer_memory(answer, text_get(&text));
}
