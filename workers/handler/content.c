/* SPDX-License-Identifier: BSD-2-Clause */
/* Appends to blocks that double from 4 to 64 KiB: a small page takes little of the arena, a
 * large one few segments. Workers, unprivileged; pure. Rule: only pieces of REFER_BYTES or
 * more are referred to, since each segment costs a system call.
 * Shown by test_content.c. */
#include "workers/handler/content.h"

#define BLOCK_MIN_BYTES 4096
#define BLOCK_MAX_BYTES 65536
#define REFER_BYTES 16384           /* what copying costs less than another send */
#define PIECES_MIN 8

void
content_init(struct content *content, struct arena *arena, uint64_t limit_bytes)
{
	memset(content, 0, sizeof *content);
	content->arena = arena;
	content->limit_bytes = limit_bytes;
}

static void
add_piece(struct content *content, struct slice piece)
{
	if (content->piece_count == content->piece_cap) {
		unsigned cap = content->piece_cap == 0 ? PIECES_MIN : content->piece_cap * 2;
		struct slice *pieces = arena_alloc(content->arena, cap * sizeof *pieces);

		if (pieces == NULL) {
			content->is_bad = true;
			return;
		}
		if (content->piece_count > 0)
			memcpy(pieces, content->pieces, content->piece_count * sizeof *pieces);
		content->pieces = pieces;
		content->piece_cap = cap;
	}
	content->pieces[content->piece_count++] = piece;
}

/* What is left of the block stays usable. */
static void
close_block(struct content *content)
{
	if (content->block_len == 0)
		return;
	add_piece(content, slice_make(content->block, content->block_len));
	content->block += content->block_len;
	content->block_cap -= content->block_len;
	content->block_len = 0;
}

static void
open_block(struct content *content)
{
	size_t cap = BLOCK_MIN_BYTES;

	close_block(content);
	while (cap < BLOCK_MAX_BYTES && cap < content->len)
		cap *= 2;
	content->block = arena_alloc(content->arena, cap);
	content->block_cap = content->block == NULL ? 0 : cap;
	content->is_bad |= content->block == NULL;
}

static bool
takes(struct content *content, size_t len)
{
	if (len > content->limit_bytes - content->len)
		content->is_bad = true;
	return !content->is_bad;
}

void
content_add(struct content *content, struct slice s)
{
	if (!takes(content, s.len))
		return;
	while (s.len > 0) {
		size_t room = content->block_cap - content->block_len;
		size_t part = s.len < room ? s.len : room;

		if (part == 0) {
			open_block(content);
			if (content->is_bad)
				return;
			continue;
		}
		memcpy(content->block + content->block_len, s.data, part);
		content->block_len += part;
		content->len += part;
		s.data += part;
		s.len -= part;
	}
}

void
content_refer(struct content *content, struct slice s)
{
	if (s.len < REFER_BYTES) {
		content_add(content, s);
		return;
	}
	if (!takes(content, s.len))
		return;
	close_block(content);
	add_piece(content, s);
	content->len += s.len;
}

/* group_digits: a comma before so many. */
static void
add_number(struct content *content, uint64_t value, unsigned group_digits)
{
	char reversed[28];
	size_t at = sizeof reversed;
	unsigned digit_count = 0;

	do {
		if (digit_count > 0 && digit_count % group_digits == 0)
			reversed[--at] = ',';
		reversed[--at] = (char)('0' + value % 10);
		value /= 10;
		digit_count++;
	} while (value > 0);
	content_add(content, slice_make(reversed + at, sizeof reversed - at));
}

void
content_decimal(struct content *content, uint64_t value)
{
	add_number(content, value, sizeof "18446744073709551615");
}

void
content_grouped(struct content *content, uint64_t value)
{
	add_number(content, value, 3);
}

struct slice
content_whole(struct content *content)
{
	size_t len = 0;
	char *whole;

	close_block(content);
	if (content->piece_count == 1 && !content->is_bad)
		return content->pieces[0];
	whole = content->is_bad ? NULL : arena_alloc(content->arena, content->len);
	for (unsigned i = 0; i < content->piece_count && whole != NULL; i++) {
		memcpy(whole + len, content->pieces[i].data, content->pieces[i].len);
		len += content->pieces[i].len;
	}
	return slice_make(whole, len);
}

void
content_deliver(struct content *content, struct answer *answer)
{
	close_block(content);
	if (content->is_bad) {
		answer->lacks_room = true;
		return;
	}
	answer_reserve(answer, content->arena, content->piece_count);
	for (unsigned i = 0; i < content->piece_count; i++)
		answer_memory(answer, content->pieces[i]);
}
