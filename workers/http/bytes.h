/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes of bytes for the files of this folder: one table, one look-up a byte. The
 * public questions (http_is_token(), uri_is_path_byte(), ...) are asked in headers.h
 * and uri.h; this header is for loops that cannot afford a call for each byte. */
#ifndef MUSTER_HTTP_BYTES_H
#define MUSTER_HTTP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

#endif
