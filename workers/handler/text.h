/* SPDX-License-Identifier: BSD-2-Clause */
/* Short texts put together in the arena, without the printf family on the hot path. */
#ifndef MUSTER_HANDLER_TEXT_H
#define MUSTER_HANDLER_TEXT_H

#include <stdint.h>

#include "workers/mem/arena.h"
#include "workers/mem/slice.h"

struct text {                   /* lives as long as the arena's present content */
	char *out;
	size_t cap, len;
	bool is_bad;                /* did not fit; stays so */
};

void text_init(struct text *text, struct arena *arena, size_t cap);
void text_slice(struct text *text, struct slice s);
void text_decimal(struct text *text, uint64_t value);
void text_hex(struct text *text, uint64_t value);
struct slice text_get(const struct text *text); /* empty when bad */

#endif
