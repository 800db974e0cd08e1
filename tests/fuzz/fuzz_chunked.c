/* SPDX-License-Identifier: BSD-2-Clause */
/* Chunked bodies. Verdict, content and length must not depend on how the bytes come, and
 * the content must keep its limit. */
#include <stdlib.h>

#include "workers/http/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_BYTES_MAX 100

struct outcome {
	enum http_verdict verdict;
	size_t used;
	size_t content_bytes;
	char content[BODY_BYTES_MAX];
};

static struct outcome
decode(const char *in, size_t size, size_t piece_bytes, struct chunked *chunked)
{
	static const struct chunked_limits limits = { BODY_BYTES_MAX, 24, 40, 32 };
	struct outcome outcome = { .verdict = HTTP_NEED_MORE };

	chunked_init(chunked, &limits);
	while (outcome.verdict == HTTP_NEED_MORE && outcome.used < size) {
		size_t left = size - outcome.used, used;
		struct slice content;

		if (left > piece_bytes)
			left = piece_bytes;
		outcome.verdict = chunked_decode(chunked, in + outcome.used, left, &used, &content);
		if (used > left || (used == 0 && outcome.verdict == HTTP_NEED_MORE))
			abort();
		if (content.len > BODY_BYTES_MAX - outcome.content_bytes || (content.len > 0 &&
		    (content.data < in + outcome.used ||
		    content.data + content.len > in + outcome.used + used)))
			abort();
		if (content.len > 0)
			memcpy(outcome.content + outcome.content_bytes, content.data, content.len);
		outcome.content_bytes += content.len;
		outcome.used += used;
	}
	return outcome;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t piece_bytes = 1; piece_bytes <= 4; piece_bytes++) {
		struct chunked chunked, other;
		struct outcome whole = decode((const char *)data, size, size, &chunked);
		struct outcome pieces = decode((const char *)data, size, piece_bytes, &other);

		if (whole.verdict != pieces.verdict || whole.used != pieces.used ||
		    whole.content_bytes != pieces.content_bytes ||
		    memcmp(whole.content, pieces.content, whole.content_bytes) != 0 ||
		    chunked_error_status(&chunked) != chunked_error_status(&other))
			abort();
	}
	return 0;
}
