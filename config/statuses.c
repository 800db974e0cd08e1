/* SPDX-License-Identifier: BSD-2-Clause */
/* What "404" and "5xx" stand for. Pure; runs wherever a configuration is read. Bits stand
 * for 100 to 599 and for nothing else. Shown by tests/unit/config/test_statuses.c. */
#include "config/statuses.h"

#include <string.h>

static void
add_range(struct config_statuses *set, unsigned first, unsigned count)
{
	for (unsigned bit = first - 100; bit < first - 100 + count; bit++)
		set->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool
statuses_add(struct config_statuses *set, const char *text)
{
	unsigned class;

	if (strlen(text) != 3 || text[0] < '1' || text[0] > '5')
		return false;
	class = (unsigned)(text[0] - '0') * 100;
	if (strcmp(text + 1, "xx") == 0) {
		add_range(set, class, 100);
		return true;
	}
	if (!is_digit(text[1]) || !is_digit(text[2]))
		return false;
	add_range(set, class + (unsigned)(text[1] - '0') * 10 + (unsigned)(text[2] - '0'), 1);
	return true;
}

struct config_statuses
statuses_of(char *const *texts, size_t text_count)
{
	struct config_statuses set = { { 0 } };

	for (size_t i = 0; i < text_count; i++)
		(void)statuses_add(&set, texts[i]);
	if (text_count == 0)
		add_range(&set, 100, 500);
	return set;
}
