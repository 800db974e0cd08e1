/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of directives, one mechanism for all: what an element is, and which way an inner
 * scope's list joins the outer one's, element.c says by kind. Runs wherever a configuration is
 * read. A field that was inherited is never changed in place: the outer scope has it, too.
 * Shown by tests/unit/config/test_lists.c. */
#include "config/list.h"

#include <string.h>

#include "config/element.h"
#include "config/keep.h"
#include "config/value.h"

struct list {
	const struct element_kind *kind;
	const struct schema_directive *row;
	char *items;
	size_t count;
};

/* What the field of base holds. */
static struct list
get_list(const struct schema_directive *row, const void *base)
{
	struct list list = { element_kind_of(row), row, NULL, 0 };
	const char *field = (const char *)base + row->field_offset;
	const char *count = (const char *)base + row->count_offset;
	unsigned coding_count;

	if (row->kind == SCHEMA_CODINGS) {      /* an array in the struct itself */
		memcpy(&coding_count, count, sizeof(coding_count));
		list.items = (char *)field;
		list.count = coding_count;
		return list;
	}
	memcpy(&list.items, field, sizeof(list.items));
	memcpy(&list.count, count, sizeof(list.count));
	return list;
}

static void
put_list(const struct list *list, void *base)
{
	char *field = (char *)base + list->row->field_offset;
	char *count = (char *)base + list->row->count_offset;
	unsigned coding_count = (unsigned)list->count;

	if (list->row->kind == SCHEMA_CODINGS) {
		memcpy(field, list->items, list->count * list->kind->item_bytes);
		memcpy(count, &coding_count, sizeof(coding_count));
		return;
	}
	memcpy(field, &list->items, sizeof(list->items));
	memcpy(count, &list->count, sizeof(list->count));
}

static const void *
item_at(const struct list *list, size_t index)
{
	return list->items + index * list->kind->item_bytes;
}

static bool
holds(const struct list *list, const void *item)
{
	const char *text = element_text(list->row, item);

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(element_text(list->row, item_at(list, i)), text) == 0)
			return true;
	}
	return false;
}

/* There is room for it. */
static void
add(struct list *list, const void *item)
{
	if (list->kind->is_unique && holds(list, item))
		return;
	memcpy(list->items + list->count * list->kind->item_bytes, item, list->kind->item_bytes);
	list->count++;
}

static void
add_all(struct list *list, const struct list *more)
{
	for (size_t i = 0; i < more->count; i++)
		add(list, item_at(more, i));
}

static size_t
count_values(const struct tree_section *section, const struct schema_directive *row)
{
	size_t count = 0;

	for (size_t i = 0; i < section->value_count; i++)
		count += section->values[i].row == row && section->values[i].text != NULL;
	return count;
}

static enum value_outcome
parse_value(const struct scope *scope, struct tree_value *value, bool is_last, void *item)
{
	struct element element = { .config = scope->config, .row = value->row,
	    .text = value->text, .depth = scope->depth, .is_last = is_last };
	enum value_outcome outcome = VALUE_WRONG;

	if (value_is_text(value->text, false))
		outcome = element_kind_of(value->row)->parse(&element, item);
	if (outcome == VALUE_WRONG)
		scope_complain(scope, value,
		    element.expected[0] != '\0' ? element.expected : NULL);
	return outcome;
}

static int
add_values(const struct scope *scope, struct list *list, size_t value_count)
{
	struct tree_section *section = scope->section;

	for (size_t i = 0; i < section->value_count && value_count > 0; i++) {
		struct tree_value *value = &section->values[i];
		_Alignas(max_align_t) char item[ELEMENT_ITEM_BYTES_MAX] = { 0 };

		if (value->row != list->row || value->text == NULL)
			continue;
		switch (parse_value(scope, value, --value_count == 0, item)) {
		case VALUE_STORED: add(list, item); break;
		case VALUE_WRONG: break;
		case VALUE_NO_MEMORY: return -1;
		}
	}
	return 0;
}

static void
check_count(const struct scope *scope, const struct list *list)
{
	const struct tree_value *value = tree_find_value(scope->section, list->row->name);

	if (list->count > list->row->max)
		errors_add(scope->errors, value->position, "%s has %zu elements, expected at most "
		    "%u, inherited ones included", list->row->name, list->count,
		    (unsigned)list->row->max);
}

int
list_apply(struct scope *scope, const struct schema_directive *row, void *base,
    enum list_merge merge)
{
	struct list inherited = get_list(row, base);
	struct list list = { element_kind_of(row), row, NULL, 0 };
	size_t own_count = count_values(scope->section, row);

	if (merge == LIST_ALONE || list.kind->order == ELEMENT_INNER_ONLY)
		inherited.count = 0;
	list.items = keep_alloc(scope->config->keep,
	    (inherited.count + own_count) * list.kind->item_bytes);
	if (list.items == NULL)
		return -1;
	if (list.kind->order == ELEMENT_INNER_LAST)
		add_all(&list, &inherited);
	if (add_values(scope, &list, own_count) < 0)
		return -1;
	if (list.kind->order == ELEMENT_INNER_FIRST)
		add_all(&list, &inherited);
	check_count(scope, &list);
	if (list.count <= row->max)
		put_list(&list, base);
	return 0;
}

int
list_store_default(struct config *config, const struct schema_directive *row, void *base)
{
	struct list list = { element_kind_of(row), row, NULL, 0 };
	char *words = keep_text(config->keep, row->default_text), *rest = words, *word;

	list.items = keep_alloc(config->keep,
	    strlen(row->default_text) * list.kind->item_bytes);
	if (words == NULL || list.items == NULL)
		return -1;
	while ((word = strsep(&rest, " ")) != NULL) {
		_Alignas(max_align_t) char item[ELEMENT_ITEM_BYTES_MAX] = { 0 };
		struct element element = { .config = config, .row = row, .text = word };

		if (word[0] == '\0')
			continue;
		switch (list.kind->parse(&element, item)) {
		case VALUE_STORED: add(&list, item); break;
		case VALUE_WRONG: break;        /* not built in */
		case VALUE_NO_MEMORY: return -1;
		}
	}
	put_list(&list, base);
	return 0;
}

size_t
list_count(const struct schema_directive *row, const void *base)
{
	return get_list(row, base).count;
}

void
list_print(const struct schema_directive *row, const void *base, FILE *out)
{
	struct list list = get_list(row, base);

	putc('{', out);
	for (size_t i = 0; i < list.count; i++) {
		char text[VALUE_BYTES_MAX + 1];
		const char *plain = element_text(row, item_at(&list, i));
		size_t bytes = strlen(plain);

		/* element.c has cut off the asterisk. */
		snprintf(text, sizeof(text), "%s%s", plain, row->kind == SCHEMA_MEDIA_RANGES &&
		    plain[bytes - 1] == '/' ? "*" : "");
		fputs(i == 0 ? " " : ", ", out);
		value_print_quoted(text, out);
	}
	fputs(list.count > 0 ? " }" : "}", out);
}

bool
list_adds_up(const struct schema_directive *row)
{
	return element_kind_of(row)->order != ELEMENT_INNER_ONLY;
}
