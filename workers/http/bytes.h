/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes of bytes for the files of this folder: one table, one look-up a byte. The
 * public questions (http_is_token(), uri_is_path_byte(), ...) are asked in headers.h
 * and uri.h; this header is for loops that cannot afford a call for each byte. What is
 * written for one kind of processor is here and nowhere else. */
#ifndef MUSTER_HTTP_BYTES_H
#define MUSTER_HTTP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum byte_class {
	BYTE_TOKEN = 1 << 0,        /* tchar, RFC 9110 5.6.2 */
	BYTE_PATH = 1 << 1,         /* may stand in a request's path */
	BYTE_QUERY = 1 << 2,        /* may stand in its query */
	BYTE_REG_NAME = 1 << 3,     /* unreserved and sub-delims, RFC 3986 2 */
	BYTE_CONTROL = 1 << 4,      /* CTL other than HTAB: never inside a line */
	BYTE_DIGIT = 1 << 5,
	BYTE_HEX = 1 << 6,
	BYTE_HOST = 1 << 7,         /* may stand in the name of a host */
};

extern const unsigned char http_byte_classes[256];

static inline bool
byte_is(char c, enum byte_class class)
{
	return (http_byte_classes[(unsigned char)c] & class) != 0;
}

/* Of a byte that is BYTE_HEX. */
static inline unsigned
byte_hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Offset of the first byte of text[from..len) that is not of the class, or len. Four at a
 * time, because a branch costs more than a look-up. */
static inline size_t
bytes_skip(const char *text, size_t from, size_t len, enum byte_class class)
{
	const unsigned char *at = (const unsigned char *)text;

	while (from + 4 <= len && (class & http_byte_classes[at[from]] &
	    http_byte_classes[at[from + 1]] & http_byte_classes[at[from + 2]] &
	    http_byte_classes[at[from + 3]]) != 0)
		from += 4;
	while (from < len && byte_is(text[from], class))
		from++;
	return from;
}

#ifdef __SSE2__

/* Bit i: byte i of the 16 is BYTE_CONTROL. */
static inline unsigned
bytes_control_mask(const char *block)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)block);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
	__m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

/* Offset of the first BYTE_CONTROL in text[from..len), or len. */
static inline size_t
bytes_find_control(const char *text, size_t from, size_t len)
{
	unsigned mask;

	for (; from + 16 <= len; from += 16)
		if ((mask = bytes_control_mask(text + from)) != 0)
			return from + (size_t)__builtin_ctz(mask);
	/* Fewer than 16 are left: the last 16, less those that were looked at. */
	if (from < len && len >= 16) {
		mask = bytes_control_mask(text + len - 16) >> (from + 16 - len);
		return mask != 0 ? from + (size_t)__builtin_ctz(mask) : len;
	}
	while (from < len && !byte_is(text[from], BYTE_CONTROL))
		from++;
	return from;
}

/* How many letters and '-' text[0..len) starts with: 16 at most, and maybe fewer. */
static inline size_t
bytes_count_letters(const char *text, size_t len)
{
	__m128i bytes, letter, dash;

	if (len < 16)
		return 0;
	bytes = _mm_loadu_si128((const __m128i *)(const void *)text);
	letter = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
	letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')), letter);
	dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
	return (size_t)__builtin_ctz(~(unsigned)_mm_movemask_epi8(_mm_or_si128(letter, dash)));
}

#else

/* Offset of the first BYTE_CONTROL in text[from..len), or len. Eight bytes at a time:
 * the upper bit of a byte of `hit` says "below 0x20" or "is 0x7f" (bytes above the first
 * such one may be flagged wrongly, so the byte loop has the last word; HTAB is let pass). */
static inline size_t
bytes_find_control(const char *text, size_t from, size_t len)
{
	const uint64_t ones = UINT64_MAX / 255, tops = ones * 0x80;
	size_t end;

	while (from + sizeof (uint64_t) <= len) {
		uint64_t word, del, hit;

		memcpy(&word, text + from, sizeof (word));
		del = word ^ ones * 0x7f;
		hit = ((word - ones * 0x20) & ~word) | ((del - ones) & ~del);
		if ((hit & tops) != 0)
			for (end = from + sizeof (word); from < end; from++) {
				if (byte_is(text[from], BYTE_CONTROL))
					return from;
			}
		else
			from += sizeof (word);
	}
	while (from < len && !byte_is(text[from], BYTE_CONTROL))
		from++;
	return from;
}

/* Costs more than it saves without vectors. */
static inline size_t
bytes_count_letters(const char *text, size_t len)
{
	(void)text;
	(void)len;
	return 0;
}

#endif

#endif
