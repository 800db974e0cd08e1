/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts, durations, sizes and booleans, to and from text. What range a value
 * may have is schema.c's business. Pure; runs wherever a configuration is read.
 * What a formatter writes, its parser reads back as the same number.
 * Shown by tests/unit/config/test_units.c. */
#include "config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: the formatters take the first one that divides. */
static const struct unit duration_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};
static const struct unit size_units[] = {
	{ "T", UINT64_C(1) << 40 }, { "G", 1 << 30 }, { "M", 1 << 20 }, { "k", 1 << 10 }, { "", 1 },
};
#define UNIT_COUNT 5            /* both tables */

/* Leading digits; NULL: there are none, or the number does not fit. */
static const char *
parse_digits(const char *text, uint64_t *number_out)
{
	uint64_t number = 0;
	const char *end = text;

	for (; *end >= '0' && *end <= '9'; end++) {
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*end - '0'), &number))
			return NULL;
	}
	*number_out = number;
	return end == text ? NULL : end;
}

bool
units_parse_count(const char *text, uint64_t *count_out)
{
	uint64_t number = 0;
	const char *end = parse_digits(text, &number);

	if (end == NULL || *end != '\0')
		return false;
	*count_out = number;
	return true;
}

bool
units_parse_duration(const char *text, uint64_t *ms_out)
{
	uint64_t number = 0;
	const char *end = parse_digits(text, &number);

	if (end == NULL)
		return false;
	if (*end == '\0' && number == 0) {
		*ms_out = 0;
		return true;
	}
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strcmp(end, duration_units[i].name) == 0)
			return !__builtin_mul_overflow(number, duration_units[i].factor, ms_out);
	}
	return false;
}

bool
units_parse_size(const char *text, uint64_t *bytes_out)
{
	uint64_t number = 0;
	const char *end = parse_digits(text, &number);

	if (end == NULL)
		return false;
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strcasecmp(end, size_units[i].name) == 0)
			return !__builtin_mul_overflow(number, size_units[i].factor, bytes_out);
	}
	return false;
}

bool
units_parse_boolean(const char *text, bool *value_out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*value_out = i % 2 == 1;
			return true;
		}
	}
	return false;
}

void
units_format_count(uint64_t count, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "%" PRIu64, count);
}

static void
format_with(const struct unit *units, uint64_t number, char *text, size_t text_bytes)
{
	while (number % units->factor != 0)
		units++;
	snprintf(text, text_bytes, "%" PRIu64 "%s", number / units->factor, units->name);
}

void
units_format_duration(uint64_t ms, char *text, size_t text_bytes)
{
	if (ms == 0)
		snprintf(text, text_bytes, "0s");
	else
		format_with(duration_units, ms, text, text_bytes);
}

void
units_format_size(uint64_t bytes, char *text, size_t text_bytes)
{
	if (bytes == 0)
		snprintf(text, text_bytes, "0");
	else
		format_with(size_units, bytes, text, text_bytes);
}
