/* SPDX-License-Identifier: BSD-2-Clause */
/* Appends slices and numbers to a text in the arena; pure. Shown by test_text.c. */
#include "workers/handler/text.h"

void
text_init(struct text *text, struct arena *arena, size_t cap)
{
	text->out = arena_alloc(arena, cap);
	text->cap = text->out == NULL ? 0 : cap;
	text->len = 0;
	text->is_bad = text->out == NULL;
}

void
text_slice(struct text *text, struct slice s)
{
	if (text->is_bad || s.len > text->cap - text->len) {
		text->is_bad = true;
		return;
	}
	if (s.len > 0)
		memcpy(text->out + text->len, s.data, s.len);
	text->len += s.len;
}

static void
append_number(struct text *text, uint64_t value, unsigned base)
{
	static const char digits[] = "0123456789abcdef";
	char reversed[20];
	size_t count = sizeof reversed;

	do {
		reversed[--count] = digits[value % base];
		value /= base;
	} while (value > 0);
	text_slice(text, slice_make(reversed + count, sizeof reversed - count));
}

void
text_decimal(struct text *text, uint64_t value)
{
	append_number(text, value, 10);
}

void
text_hex(struct text *text, uint64_t value)
{
	append_number(text, value, 16);
}

struct slice
text_get(const struct text *text)
{
	return text->is_bad ? slice_make(NULL, 0) : slice_make(text->out, text->len);
}
