/* SPDX-License-Identifier: BSD-2-Clause */
/* error_page sections: files in place of the built-in pages. Serving them is
 * workers/handler's. Runs wherever a configuration is read. A page keeps the root of the scope
 * it was written in, whatever inner scopes do with theirs.
 * Shown by tests/unit/config/test_sections.c. */
#include "config/error_pages.h"

#include <string.h>

#include "config/keep.h"
#include "config/statuses.h"

/* "404" or "500 502 5xx". */
static int
parse_title(const struct scope *scope, struct config_error_page *page)
{
	char *words = keep_text(scope->config->keep, scope->section->title), *word;
	size_t count = 0;

	page->title = keep_text(scope->config->keep, scope->section->title);
	if (words == NULL || page->title == NULL)
		return -1;
	while ((word = strsep(&words, " ")) != NULL) {
		if (word[0] == '\0')
			continue;
		count++;
		if (word[0] >= '4' && statuses_add(&page->statuses, word))
			continue;
		count = 0;
		break;
	}
	if (count == 0)
		scope_complain_title(scope, "statuses from 400 to 599, such as \"404\" or \"500 "
		    "5xx\"");
	return 0;
}

/* What carries the page: 204, 205 and 304 have no content, other statuses another meaning. */
static bool
is_page_status(unsigned status)
{
	return status == 0 || status == 200 || (status >= 400 && status <= 599);
}

static int
build_page(struct scope *scope, unsigned root_index, struct config_error_page *page)
{
	struct tree_value *file = tree_find_value(scope->section, "file");
	struct tree_value *status = tree_find_value(scope->section, "status");

	page->root_index = root_index;
	if (parse_title(scope, page) < 0 ||
	    scope_store_defaults(scope->config, SCHEMA_ERROR_PAGE, page) < 0 ||
	    scope_store(scope, page) < 0)
		return -1;
	if (page->file[0] == '\0' && (file == NULL || !file->is_wrong))
		errors_add(scope->errors, scope->section->position,
		    "error_page has no file, expected one");
	else if (root_index == CONFIG_NO_ROOT && !file->is_wrong)
		scope_complain(scope, file, "a root in the scope of the error_page");
	if (status != NULL && !status->is_wrong && !is_page_status(page->status))
		scope_complain(scope, status, "0, 200, or a status from 400 to 599");
	return 0;
}

int
error_pages_apply(const struct scope *scope, struct config_settings *settings)
{
	const struct tree_section *section = scope->section;
	size_t outer_count = scope_resets(scope, "error_page") ? 0 : settings->error_page_count;
	size_t own_count = 0, count = 0;
	struct config_error_page *pages;

	for (size_t i = 0; i < section->child_count; i++)
		own_count += section->children[i]->scope == SCHEMA_ERROR_PAGE;
	if (own_count == 0) {
		settings->error_page_count = outer_count;
		return 0;
	}
	pages = keep_alloc(scope->config->keep, (outer_count + own_count) * sizeof(*pages));
	if (pages == NULL)
		return -1;
	for (size_t i = 0; i < section->child_count; i++) {
		struct scope inner = scope_inner(scope, section->children[i]);

		if (section->children[i]->scope == SCHEMA_ERROR_PAGE &&
		    build_page(&inner, settings->root_index, &pages[count++]) < 0)
			return -1;
	}
	if (outer_count > 0)
		memcpy(pages + count, settings->error_pages, outer_count * sizeof(*pages));
	settings->error_pages = pages;
	settings->error_page_count = count + outer_count;
	return 0;
}
