/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements of lists. How they become a list, and what an inner scope's list does to the outer
 * one's, is list.c. Runs wherever a configuration is read. A parser sees a text without
 * control characters and takes all of it or nothing.
 * Shown by tests/unit/config/test_lists.c. */
#include "config/element.h"

#include <stdlib.h>
#include <string.h>

#include "config/features.h"
#include "config/keep.h"
#include "config/network.h"
#include "config/path.h"
#include "config/statuses.h"
#include "config/syntax.h"
#include "config/units.h"

#define AGE_MS_MAX (UINT64_C(3650) * 86400 * 1000)

/* The item begins with its text. */
static enum value_outcome
keep_item(const struct element *element, const char *text, void *item)
{
	char *copy = keep_text(element->config->keep, text);

	if (copy == NULL)
		return VALUE_NO_MEMORY;
	memcpy(item, &copy, sizeof(copy));
	return VALUE_STORED;
}

static enum value_outcome
keep_lower(const struct element *element, void *item)
{
	enum value_outcome outcome = keep_item(element, element->text, item);

	if (outcome == VALUE_STORED)
		syntax_lower(*(char **)item);
	return outcome;
}

static enum value_outcome
parse_file_name(struct element *element, void *item)
{
	const char *name = element->text;

	if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return VALUE_WRONG;
	return keep_item(element, name, item);
}

static bool
is_error_status(const char *text)
{
	struct config_statuses set;

	return (text[0] == '4' || text[0] == '5') && text[1] != 'x' && statuses_add(&set, text);
}

/* "$uri" and what follows it, a path, or for the last one a path or a status. */
static enum value_outcome
parse_try(struct element *element, void *item)
{
	const char *text = element->text, *dollar;

	if (element->is_last && text[0] != '/' && text[0] != '=') {
		snprintf(element->expected, sizeof(element->expected), "as its last element a path "
		    "that starts with \"/\", or a status such as \"=404\"");
		return VALUE_WRONG;
	}
	if (text[0] == '=')
		return element->is_last && is_error_status(text + 1) ?
		    keep_item(element, text, item) : VALUE_WRONG;
	dollar = strchr(text, '$');
	if (dollar != text && path_check_location(text) != NULL)
		return VALUE_WRONG;
	/* One variable, and not where to go in the end: that would lead there again. */
	if (dollar != NULL && (strncmp(dollar, "$uri", 4) != 0 ||
	    strchr(dollar + 1, '$') != NULL || (element->is_last && dollar != text)))
		return VALUE_WRONG;
	return keep_item(element, text, item);
}

static enum value_outcome
parse_host_name(struct element *element, void *item)
{
	char name[PATH_HOST_BYTES];
	const char *expected = path_parse_host(element->text, name);

	if (expected == NULL)
		return keep_item(element, name, item);
	snprintf(element->expected, sizeof(element->expected), "%s", expected);
	return VALUE_WRONG;
}

static enum value_outcome
parse_listener(struct element *element, void *item)
{
	for (size_t i = 0; i < element->config->listener_count; i++) {
		if (strcmp(element->config->listeners[i].text, element->text) == 0)
			return keep_item(element, element->text, item);
	}
	return VALUE_WRONG;
}

/* What stands there is for others to see, at the time when it is read. */
static enum value_outcome
parse_path(struct element *element, void *item)
{
	const char *path = element->text;

	return path_is_absolute(path) && path[strlen(path) - 1] != '/' ?
	    keep_item(element, path, item) : VALUE_WRONG;
}

static enum value_outcome
parse_protocol(struct element *element, void *item)
{
	return schema_word(element->row, element->text) >= 0 ?
	    keep_item(element, element->text, item) : VALUE_WRONG;
}

/* Who believes everybody has no address of a client left that could be true. */
static const char *
expect_proxy(const struct network *network, const char *expected)
{
	if (expected != NULL ? strcmp(expected, NETWORK_EXPECTED) == 0 :
	    network->kind == NETWORK_ALL)
		return "an address, a network such as \"192.0.2.0/24\", or \"unix:\"";
	return expected;
}

static enum value_outcome
parse_network(struct element *element, void *item)
{
	struct config_access *access = item;
	const char *expected;

	access->depth = element->depth;
	access->network = keep_alloc(element->config->keep, sizeof(*access->network));
	if (access->network == NULL)
		return VALUE_NO_MEMORY;
	expected = network_parse(element->text, access->network);
	if (strcmp(element->row->name, "trusted_proxies") == 0)
		expected = expect_proxy(access->network, expected);
	if (expected == NULL)
		return keep_item(element, element->text, &access->text);
	snprintf(element->expected, sizeof(element->expected), "%s", expected);
	return VALUE_WRONG;
}

static enum value_outcome
parse_language(struct element *element, void *item)
{
	return syntax_is_language(element->text) ? keep_lower(element, item) : VALUE_WRONG;
}

/* "text" and all of it is kept with the asterisk: "text/" is what it compares with. */
static bool
cut_asterisk(char *type)
{
	size_t bytes = strlen(type);

	if (bytes < 2 || strcmp(type + bytes - 2, "/*") != 0)
		return false;
	type[bytes - 1] = '\0';
	return true;
}

static enum value_outcome
parse_media_range(struct element *element, void *item)
{
	if (!syntax_is_media_type(element->text, false) || element->text[0] == '*')
		return VALUE_WRONG;
	if (keep_lower(element, item) != VALUE_STORED)
		return VALUE_NO_MEMORY;
	(void)cut_asterisk(*(char **)item);
	return VALUE_STORED;
}

static const char *const coding_names[] = {
	[CONFIG_CODING_GZIP] = "gzip", [CONFIG_CODING_BR] = "br", [CONFIG_CODING_ZSTD] = "zstd",
};
#define CODING_COUNT (sizeof(coding_names) / sizeof(coding_names[0]))

static enum value_outcome
parse_coding(struct element *element, void *item)
{
	const char *missing = features_missing(element->row->name, element->text);
	enum config_coding coding = CONFIG_CODING_GZIP;

	while (coding < CODING_COUNT && strcmp(coding_names[coding], element->text) != 0)
		coding++;
	if (coding == CODING_COUNT)
		return VALUE_WRONG;
	if (missing != NULL) {
		snprintf(element->expected, sizeof(element->expected),
		    "a coding that is built in: this muster is built without %s", missing);
		return VALUE_WRONG;
	}
	memcpy(item, &coding, sizeof(coding));
	return VALUE_STORED;
}

/* The next word of *at, cut off in place; NULL: there is none. */
static char *
next_word(char **at)
{
	char *word = *at + strspn(*at, " ");

	*at = word + strcspn(word, " ");
	if (**at != '\0')
		*(*at)++ = '\0';
	return word[0] == '\0' ? NULL : word;
}

static enum value_outcome
parse_type(struct element *element, void *item)
{
	struct keep *keep = element->config->keep;
	struct config_type *type = item;
	char *words = keep_text(keep, element->text), *word;

	type->extensions = keep_alloc(keep, strlen(element->text) * sizeof(char *));
	if (words == NULL || type->extensions == NULL)
		return VALUE_NO_MEMORY;
	word = next_word(&words);
	if (word == NULL || !syntax_is_media_type(word, false))
		return VALUE_WRONG;
	type->type = word;
	while ((word = next_word(&words)) != NULL) {
		if (strpbrk(word, "./") != NULL)
			return VALUE_WRONG;
		syntax_lower(word);
		type->extensions[type->extension_count++] = word;
	}
	return type->extension_count == 0 ? VALUE_WRONG :
	    keep_item(element, element->text, &type->text);
}

static bool
parse_age(const char *text, int64_t *age_s_out)
{
	uint64_t age_ms;

	*age_s_out = -1;
	if (strcmp(text, "off") == 0)
		return true;
	if (!units_parse_duration(text, &age_ms) || age_ms % 1000 != 0 || age_ms > AGE_MS_MAX)
		return false;
	*age_s_out = (int64_t)(age_ms / 1000);
	return true;
}

static enum value_outcome
parse_expiry(struct element *element, void *item)
{
	struct config_expiry *expiry = item;
	char *words = keep_text(element->config->keep, element->text), *type, *age;

	if (words == NULL)
		return VALUE_NO_MEMORY;
	type = next_word(&words);
	age = next_word(&words);
	if (age == NULL || next_word(&words) != NULL || !parse_age(age, &expiry->age_s))
		return VALUE_WRONG;
	if (strcmp(type, "*") == 0 || strcmp(type, "*/*") == 0)
		type[0] = '\0';
	else if (!syntax_is_media_type(type, false) || type[0] == '*')
		return VALUE_WRONG;
	syntax_lower(type);
	(void)cut_asterisk(type);
	expiry->type = type;
	return keep_item(element, element->text, &expiry->text);
}

static enum value_outcome
parse_origin(struct element *element, void *item)
{
	return strcmp(element->text, "*") == 0 || syntax_is_origin(element->text) ?
	    keep_lower(element, item) : VALUE_WRONG;
}

static enum value_outcome
parse_token(struct element *element, void *item)
{
	return syntax_is_token(element->text) ? keep_item(element, element->text, item) :
	    VALUE_WRONG;
}

static enum value_outcome
parse_name(struct element *element, void *item)
{
	return element->text[0] != '\0' && strpbrk(element->text, " \t:") == NULL ?
	    keep_item(element, element->text, item) : VALUE_WRONG;
}

static enum value_outcome
parse_status(struct element *element, void *item)
{
	struct config_statuses set;

	return statuses_add(&set, element->text) ? keep_item(element, element->text, item) :
	    VALUE_WRONG;
}

static enum value_outcome
parse_directive(struct element *element, void *item)
{
	const struct schema_directive *row = schema_find(SCHEMA_LOCATION, element->text);

	if (strcmp(element->text, "all") != 0 && (row == NULL || !schema_is_passed_on(row)))
		return VALUE_WRONG;
	return keep_item(element, element->text, item);
}

#define TEXT sizeof(char *)

static const struct element_kind kinds[] = {
	[SCHEMA_FILE_NAMES] = { TEXT, ELEMENT_INNER_FIRST, true, parse_file_name },
	[SCHEMA_TRIES] = { TEXT, ELEMENT_INNER_ONLY, false, parse_try },
	[SCHEMA_HOST_NAMES] = { TEXT, ELEMENT_INNER_ONLY, false, parse_host_name },
	[SCHEMA_LISTENERS] = { TEXT, ELEMENT_INNER_ONLY, true, parse_listener },
	/* Certificates and keys belong together by their places. */
	[SCHEMA_FILES] = { TEXT, ELEMENT_INNER_ONLY, false, parse_path },
	[SCHEMA_PROTOCOLS] = { TEXT, ELEMENT_INNER_ONLY, true, parse_protocol },
	[SCHEMA_NETWORKS] = { sizeof(struct config_access), ELEMENT_INNER_LAST, false,
	    parse_network },
	[SCHEMA_LANGUAGES] = { TEXT, ELEMENT_INNER_ONLY, true, parse_language },
	[SCHEMA_MEDIA_RANGES] = { TEXT, ELEMENT_INNER_LAST, true, parse_media_range },
	[SCHEMA_CODINGS] = { sizeof(enum config_coding), ELEMENT_INNER_ONLY, true, parse_coding },
	[SCHEMA_TYPES] = { sizeof(struct config_type), ELEMENT_INNER_FIRST, true, parse_type },
	[SCHEMA_EXPIRIES] = { sizeof(struct config_expiry), ELEMENT_INNER_FIRST, true,
	    parse_expiry },
	[SCHEMA_ORIGINS] = { TEXT, ELEMENT_INNER_LAST, true, parse_origin },
	[SCHEMA_TOKENS] = { TEXT, ELEMENT_INNER_LAST, true, parse_token },
	[SCHEMA_NAMES] = { TEXT, ELEMENT_INNER_LAST, true, parse_name },
	[SCHEMA_STATUSES] = { TEXT, ELEMENT_INNER_LAST, true, parse_status },
	[SCHEMA_DIRECTIVES] = { TEXT, ELEMENT_INNER_ONLY, true, parse_directive },
};
_Static_assert(sizeof(struct config_access) <= ELEMENT_ITEM_BYTES_MAX &&
    sizeof(struct config_type) <= ELEMENT_ITEM_BYTES_MAX &&
    sizeof(struct config_expiry) <= ELEMENT_ITEM_BYTES_MAX, "an item has room");
_Static_assert(offsetof(struct config_access, text) == 0 &&
    offsetof(struct config_type, text) == 0 && offsetof(struct config_expiry, text) == 0,
    "an item begins with its text");

const struct element_kind *
element_kind_of(const struct schema_directive *row)
{
	return &kinds[row->kind];
}

const char *
element_text(const struct schema_directive *row, const void *item)
{
	enum config_coding coding;
	char *text;

	if (row->kind == SCHEMA_CODINGS) {
		memcpy(&coding, item, sizeof(coding));
		return coding_names[coding];
	}
	memcpy(&text, item, sizeof(text));
	return text;
}
