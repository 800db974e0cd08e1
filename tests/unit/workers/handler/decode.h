/* SPDX-License-Identifier: BSD-2-Clause */
/* What the libraries themselves make of a compressed text, for the tests of this folder. */
#ifndef MUSTER_TEST_HANDLER_DECODE_H
#define MUSTER_TEST_HANDLER_DECODE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "config/config.h"
#include "workers/mem/slice.h"

#ifdef HAVE_ZLIB
static inline size_t
decode_gzip(struct slice coded, char *out, size_t cap)
{
	z_stream stream = { .next_in = (z_const Bytef *)(uintptr_t)coded.data,
		.avail_in = (uInt)coded.len, .next_out = (Bytef *)out, .avail_out = (uInt)cap };

	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK); /* nothing but gzip */
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.avail_in, 0);
	ck_assert_int_eq(inflateEnd(&stream), Z_OK);
	return cap - stream.avail_out;
}
#endif

#ifdef HAVE_BROTLI
static inline size_t
decode_brotli(struct slice coded, char *out, size_t cap)
{
	size_t bytes = cap;

	ck_assert_int_eq(BrotliDecoderDecompress(coded.len, (const uint8_t *)coded.data, &bytes,
	    (uint8_t *)out), BROTLI_DECODER_RESULT_SUCCESS);
	return bytes;
}
#endif

#ifdef HAVE_ZSTD
/* Not more of a window than every browser takes (RFC 9659: 8 MiB), by far. */
static inline size_t
decode_zstd(struct slice coded, char *out, size_t cap)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer from = { coded.data, coded.len, 0 };
	ZSTD_outBuffer to = { out, cap, 0 };

	ck_assert(!ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 19)));
	ck_assert_uint_eq(ZSTD_decompressStream(context, &to, &from), 0);
	ck_assert_uint_eq(from.pos, coded.len);
	ZSTD_freeDCtx(context);
	return to.pos;
}
#endif

/* malloc'd, *bytes_out of it; the text has to be whole, with nothing behind it. cap: more than
 * it can be. */
static inline char *
decode(enum config_coding coding, struct slice coded, size_t cap, size_t *bytes_out)
{
	char *out = malloc(cap);

	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(coded.data);
	*bytes_out = 0;
	switch (coding) {
#ifdef HAVE_ZLIB
	case CONFIG_CODING_GZIP:
		*bytes_out = decode_gzip(coded, out, cap);
		break;
#endif
#ifdef HAVE_BROTLI
	case CONFIG_CODING_BR:
		*bytes_out = decode_brotli(coded, out, cap);
		break;
#endif
#ifdef HAVE_ZSTD
	case CONFIG_CODING_ZSTD:
		*bytes_out = decode_zstd(coded, out, cap);
		break;
#endif
	default:
		ck_abort_msg("coding %d is not built in", (int)coding);
	}
	return out;
}

/* Text that compresses like text: words of a small vocabulary. */
static inline void
decode_fill_with_text(char *out, size_t bytes)
{
	static const char *const words[] = { "the ", "server ", "of ", "<p>", "</p>\n", "answers ",
		"a ", "request ", "with ", "href=\"", "page.html\"", "0", "1", "2", "and " };
	uint64_t seed = 12345;
	size_t at = 0;

	while (at < bytes) {
		const char *word;
		size_t len;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		word = words[(seed >> 33) % (sizeof words / sizeof words[0])];
		len = strlen(word) < bytes - at ? strlen(word) : bytes - at;
		memcpy(out + at, word, len);
		at += len;
	}
}

static inline void
decode_fill_with_noise(char *out, size_t bytes)
{
	uint64_t seed = 54321;

	for (size_t i = 0; i < bytes; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		out[i] = (char)(seed >> 56);
	}
}

#endif
