/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base64 to bytes, for credentials.
 *
 * What the bytes mean is left to authorization.c. Runs in the workers, as the unprivileged
 * user, on bytes that clients sent; pure.
 * Must stay true: what decodes would encode to the same text again. Shown by test_base64.c
 * and fuzz_authorization.c.
 */
#include "workers/http/base64.h"

#include <stdint.h>

/* 0 to 63, or -1. */
static int
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group: 4 digits, the last pad_count of them '='. Writes 3 - pad_count bytes. */
static bool
decode_group(const char *text, unsigned pad_count, char *out)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 4; i++) {
		int value = i < 4 - pad_count ? digit_value(text[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	/* What padding stands for must be nothing. */
	if ((bits & ((UINT32_C(1) << 8 * pad_count) - 1)) != 0)
		return false;
	for (unsigned i = 0; i < 3 - pad_count; i++)
		out[i] = (char)(bits >> (16 - 8 * i));
	return true;
}

long
base64_decode(struct slice text, char *out, size_t cap)
{
	unsigned pad_count = 0;
	size_t bytes;

	if (text.len % 4 != 0)
		return -1;
	while (pad_count < 2 && pad_count < text.len && text.data[text.len - 1 - pad_count] == '=')
		pad_count++;
	bytes = text.len / 4 * 3 - pad_count;
	if (bytes > cap)
		return -1;
	for (size_t at = 0; at < text.len; at += 4) {
		bool is_last = at + 4 == text.len;

		if (!decode_group(text.data + at, is_last ? pad_count : 0, out + at / 4 * 3))
			return -1;
	}
	return (long)bytes;
}
