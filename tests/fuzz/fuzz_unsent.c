/* SPDX-License-Identifier: BSD-2-Clause */
/* The message of an answer that is sent in part, as another process may have written it. What is
 * taken lies within it, is what it says, and makes the same message again. */
#include <stdint.h>
#include <stdlib.h>

#include "workers/conn/unsent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *in = malloc(size + 1), *again = malloc(size + 1);
	struct unsent_texts texts;
	struct unsent unsent;

	if (in == NULL || again == NULL)
		abort();
	if (size > 0)
		memcpy(in, data, size);
	if (unsent_unpack(in, size, &unsent, &texts)) {
		size_t first = (size_t)unsent.head_bytes + unsent.ahead_bytes;

		if (first > size || texts.answer_head.data != in + first ||
		    texts.user.data != texts.answer_head.data + texts.answer_head.len ||
		    texts.user.data + texts.user.len != in + size - sizeof unsent ||
		    unsent.offset + unsent.left_bytes > INT64_MAX)
			abort();
		memcpy(again, in, first);
		if (unsent_pack(&unsent, &texts, again + first, size - first) != size - first ||
		    memcmp(in, again, size) != 0)
			abort();
	}
	free(in);
	free(again);
	return 0;
}
