/* SPDX-License-Identifier: BSD-2-Clause */
/* An expression of server-side includes, and a value behind the first NUL of the input that a
 * client may have sent: the value must not decide whether the expression is well formed, unless
 * it is compared as a number. */
#include <stdint.h>
#include <stdlib.h>

#include "workers/handler/ssi_expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static enum ssi_truth
evaluate(struct arena *arena, struct slice text, struct slice value)
{
	struct ssi_scope scope;
	const char *problem;
	enum ssi_truth truth;

	arena_reset(arena);
	if (!ssi_scope_init(&scope, arena) || !ssi_scope_set(&scope, SLICE_LITERAL("x"), value))
		abort();
	truth = ssi_evaluate(&scope, text, &problem);
	if ((truth == SSI_WRONG) != (problem != NULL))
		abort();
	if (scope.captures.count > PATTERN_CAPTURES_MAX)
		abort();
	return truth;
}

/* What may end differently for another value: numbers, patterns that take too long, and what is
 * not looked at because of what stands before it. */
static bool
may_depend_on_value(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr("-/&|", text.data[i]) != NULL)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct arena arena;
	struct slice text = slice_make((const char *)data, bytes), value = slice_make("", 0);
	const char *nul = bytes > 0 ? memchr(data, '\0', bytes) : NULL;
	enum ssi_truth truth, other;

	if (arena.base == NULL && arena_init(&arena, 4 << 20) < 0)
		abort();
	if (nul != NULL) {
		text.len = (size_t)(nul - text.data);
		value = slice_make(nul + 1, bytes - text.len - 1);
	}
	if (value.len > 64)
		value.len = 64;         /* many of them together may be too long */
	if (text.len > 1024)
		return 0;
	truth = evaluate(&arena, text, value);
	other = evaluate(&arena, text, SLICE_LITERAL("harmless"));
	if ((truth == SSI_WRONG) != (other == SSI_WRONG) && !may_depend_on_value(text))
		abort();
	return 0;
}
