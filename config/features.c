/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of directives that need an optional library. Whether patterns are built in, pattern.c
 * says itself. Pure; runs wherever a configuration is read. What is not built in is refused
 * when the configuration asks for it, never when it asks for something else.
 * Shown by tests/unit/config/test_features.c. */
#include "config/features.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef HAVE_ZLIB
#define HAS_ZLIB true
#else
#define HAS_ZLIB false
#endif
#ifdef HAVE_BROTLI
#define HAS_BROTLI true
#else
#define HAS_BROTLI false
#endif
#ifdef HAVE_ZSTD
#define HAS_ZSTD true
#else
#define HAS_ZSTD false
#endif
#ifdef HAVE_OPENSSL
#define HAS_OPENSSL true
#else
#define HAS_OPENSSL false
#endif
#ifdef HAVE_NGHTTP2
#define HAS_NGHTTP2 true
#else
#define HAS_NGHTTP2 false
#endif

static const struct {
	const char *directive, *word, *library;
	bool is_there;
} features[] = {
	{ "compress_codings", "gzip", "zlib", HAS_ZLIB },
	{ "compress_codings", "br", "brotli", HAS_BROTLI },
	{ "compress_codings", "zstd", "zstd", HAS_ZSTD },
	{ "h2c", "true", "nghttp2", HAS_NGHTTP2 },
	{ "auth_type", "digest", "OpenSSL", HAS_OPENSSL },
	{ "tls", "true", "OpenSSL", HAS_OPENSSL },
};

const char *
features_missing(const char *directive, const char *word)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (!features[i].is_there && strcmp(features[i].directive, directive) == 0 &&
		    strcmp(features[i].word, word) == 0)
			return features[i].library;
	}
	return NULL;
}
