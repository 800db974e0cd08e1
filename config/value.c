/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses, stores and prints values by the kind that schema.h gives them. Lists are
 * list.c's; what touches more than one field is folder.c's, alias.c's or settings.c's. Runs
 * wherever a configuration is read. A wrong value leaves the field as it was, and what is
 * printed parses to the same value. Shown by tests/unit/config/test_load.c. */
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#include "config/features.h"
#include "config/keep.h"
#include "config/path.h"
#include "config/syntax.h"
#include "config/units.h"

#define RATE_MAX 1000000u       /* in a second or minute */
#define CIPHER_NAME_BYTES \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

void *
value_base(struct config *config, enum schema_scope scope)
{
	switch (scope) {
	case SCHEMA_GLOBAL: return config;
	case SCHEMA_POOL: return &config->pool;
	case SCHEMA_KEEPALIVE: return &config->keepalive;
	case SCHEMA_CACHE: return &config->cache;
	case SCHEMA_LIMITS: return &config->limits;
	case SCHEMA_TLS: return &config->tls;
	case SCHEMA_LOG: return &config->log;
	default: return NULL;
	}
}

_Bool
value_is_text(const char *text, _Bool may_have_tab)
{
	size_t bytes = 0;

	for (; text[bytes] != '\0'; bytes++) {
		unsigned char byte = (unsigned char)text[bytes];

		if ((byte < ' ' && !(may_have_tab && byte == '\t')) || byte == 0x7f ||
		    bytes + 1 == VALUE_BYTES_MAX)
			return false;
	}
	return true;
}

static void
store_number(const struct schema_directive *row, uint64_t number, char *field)
{
	if (row->field_bytes == sizeof(uint64_t)) {
		memcpy(field, &number, sizeof(number));
	} else {
		unsigned small = (unsigned)number;

		memcpy(field, &small, sizeof(small));
	}
}

static uint64_t
load_number(const struct schema_directive *row, const char *field)
{
	uint64_t number;
	unsigned small;

	if (row->field_bytes == sizeof(number)) {
		memcpy(&number, field, sizeof(number));
		return number;
	}
	memcpy(&small, field, sizeof(small));
	return small;
}

static bool
parse_number(const struct schema_directive *row, const char *text, uint64_t *number_out)
{
	bool is_parsed;

	if (row->kind == SCHEMA_COUNT)
		is_parsed = units_parse_count(text, number_out);
	else if (row->kind == SCHEMA_SIZE)
		is_parsed = units_parse_size(text, number_out);
	else
		is_parsed = units_parse_duration(text, number_out);
	if (is_parsed && row->kind == SCHEMA_DURATION_S) {
		is_parsed = *number_out % 1000 == 0;
		*number_out /= 1000;
	}
	return is_parsed && *number_out >= row->min && *number_out <= row->max;
}

static bool
is_string_right(const struct schema_directive *row, const char *text)
{
	if (!value_is_text(text, row->kind == SCHEMA_FORMAT || row->kind == SCHEMA_FIELD_VALUE))
		return false;
	switch (row->kind) {
	case SCHEMA_NAME:
		return text[0] != '\0' && strpbrk(text, " \t:/") == NULL;
	case SCHEMA_MAYBE_NAME:
		return strpbrk(text, " \t:/") == NULL;
	case SCHEMA_PATH:
		return text[0] == '\0' || path_is_absolute(text);
	case SCHEMA_TARGET:
		return schema_word(row, text) >= 0 ||
		    (path_is_absolute(text) && text[strlen(text) - 1] != '/');
	case SCHEMA_FORMAT:
		return text[0] != '\0';
	case SCHEMA_MEDIA_TYPE:
		return text[0] == '\0' || syntax_is_media_type(text, true);
	case SCHEMA_CHARSET:
		return text[0] == '\0' || syntax_is_token(text);
	case SCHEMA_FIELD_VALUE:
		return syntax_is_field_value(text);
	case SCHEMA_REALM:
		return text[0] != '\0' && strpbrk(text, "\"\\") == NULL;
	case SCHEMA_TEMPLATE:
		return true;
	case SCHEMA_URL_PATH:
		return text[0] == '\0' || (path_check_location(text) == NULL && text[1] != '\0');
	case SCHEMA_CIPHERS:
		return text[strspn(text, CIPHER_NAME_BYTES ":+!@=")] == '\0';
	case SCHEMA_CIPHER_NAMES:
		return text[strspn(text, CIPHER_NAME_BYTES ":")] == '\0';
	default:
		return false;
	}
}

static enum value_outcome
store_string(const struct schema_directive *row, const char *text, struct keep *keep,
    char **field)
{
	char *copy;

	if (!is_string_right(row, text))
		return VALUE_WRONG;
	copy = keep_text(keep, text);
	if (copy == NULL)
		return VALUE_NO_MEMORY;
	*field = copy;
	return VALUE_STORED;
}

/* "10/s" or "600/m"; rounded up, so that no rate becomes none. */
static bool
parse_rate(const char *text, uint64_t *per_1000s_out)
{
	char count[8];
	const char *slash = strchr(text, '/');
	uint64_t number;

	*per_1000s_out = 0;
	if (text[0] == '\0')
		return true;
	if (slash == NULL || (size_t)(slash - text) >= sizeof(count))
		return false;
	snprintf(count, sizeof(count), "%.*s", (int)(slash - text), text);
	if (!units_parse_count(count, &number) || number == 0 || number > RATE_MAX)
		return false;
	*per_1000s_out = strcmp(slash, "/m") == 0 ? (number * 1000 + 59) / 60 : number * 1000;
	return strcmp(slash, "/s") == 0 || strcmp(slash, "/m") == 0;
}

static enum value_outcome
store_rate(const char *text, struct keep *keep, char *field)
{
	struct config_rate rate;

	if (!parse_rate(text, &rate.per_1000s))
		return VALUE_WRONG;
	rate.text = keep_text(keep, text);
	if (rate.text == NULL)
		return VALUE_NO_MEMORY;
	memcpy(field, &rate, sizeof(rate));
	return VALUE_STORED;
}

enum value_outcome
value_store(const struct schema_directive *row, const char *text, struct keep *keep, void *base)
{
	char *field = (char *)base + row->field_offset;
	uint64_t number;
	bool is_true;

	switch (row->kind) {
	case SCHEMA_COUNT:
	case SCHEMA_SIZE:
	case SCHEMA_DURATION_MS:
	case SCHEMA_DURATION_S:
		if (!parse_number(row, text, &number))
			return VALUE_WRONG;
		store_number(row, number, field);
		return VALUE_STORED;
	case SCHEMA_BOOLEAN:
		if (!units_parse_boolean(text, &is_true) ||
		    (is_true && features_missing(row->name, "true") != NULL))
			return VALUE_WRONG;
		memcpy(field, &is_true, sizeof(is_true));
		return VALUE_STORED;
	case SCHEMA_WORD:
		if (schema_word(row, text) < 0 || features_missing(row->name, text) != NULL)
			return VALUE_WRONG;
		store_number(row, row->min + (uint64_t)schema_word(row, text), field);
		return VALUE_STORED;
	case SCHEMA_CODE:
		if (schema_word(row, text) < 0 || !units_parse_count(text, &number))
			return VALUE_WRONG;
		store_number(row, number, field);
		return VALUE_STORED;
	case SCHEMA_RATE:
		return store_rate(text, keep, field);
	default:
		return store_string(row, text, keep, (char **)(void *)field);
	}
}

void
value_print_quoted(const char *text, FILE *out)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\' || (*text == '$' && text[1] == '{'))
			putc('\\', out);
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

static void
print_word(const struct schema_directive *row, uint64_t number, FILE *out)
{
	const char *word = row->words;

	for (uint64_t skip = number - row->min; skip > 0; skip--)
		word = strchr(word, ' ') + 1;
	fprintf(out, "\"%.*s\"", (int)strcspn(word, " "), word);
}

void
value_print(const struct schema_directive *row, const void *base, FILE *out)
{
	const char *field = (const char *)base + row->field_offset;
	char text[UNITS_TEXT_BYTES];
	struct config_rate rate;
	const char *string;
	bool is_true;

	switch (row->kind) {
	case SCHEMA_COUNT:
	case SCHEMA_CODE:
		units_format_count(load_number(row, field), text, sizeof(text));
		fputs(text, out);
		return;
	case SCHEMA_SIZE:
		units_format_size(load_number(row, field), text, sizeof(text));
		fprintf(out, "\"%s\"", text);
		return;
	case SCHEMA_DURATION_MS:
	case SCHEMA_DURATION_S:
		units_format_duration(load_number(row, field) *
		    (row->kind == SCHEMA_DURATION_S ? 1000 : 1), text, sizeof(text));
		fprintf(out, "\"%s\"", text);
		return;
	case SCHEMA_BOOLEAN:
		memcpy(&is_true, field, sizeof(is_true));
		fputs(is_true ? "true" : "false", out);
		return;
	case SCHEMA_RATE:
		memcpy(&rate, field, sizeof(rate));
		value_print_quoted(rate.text, out);
		return;
	case SCHEMA_WORD:
		print_word(row, load_number(row, field), out);
		return;
	default:
		memcpy(&string, field, sizeof(string));
		value_print_quoted(string, out);
	}
}
