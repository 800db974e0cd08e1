/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the effective configuration, musterd -T. Comes from the table of schema.c, row
 * by row, so a new directive is in it by itself. Each scope is complete: what it
 * inherits is shown as well, so that nobody has to look further out. Runs in musterd
 * -T without rights. The text loads, and dumps as the same text again.
 * Shown by tests/unit/config/test_dump.c and tests/fuzz/fuzz_config.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/value.h"

struct dump {
	FILE *out;
	const struct config *config;
	unsigned depth;
};

static void
indent(const struct dump *dump)
{
	for (unsigned i = 0; i < dump->depth; i++)
		putc('\t', dump->out);
}

static void
print_name(const struct dump *dump, const char *name)
{
	indent(dump);
	fprintf(dump->out, "%s = ", name);
}

static void
print_list(const struct dump *dump, const char *name, char **items, size_t item_count)
{
	print_name(dump, name);
	fputs("{", dump->out);
	for (size_t i = 0; i < item_count; i++) {
		fputs(i == 0 ? " " : ", ", dump->out);
		value_print_quoted(items[i], dump->out);
	}
	fputs(item_count > 0 ? " }\n" : "}\n", dump->out);
}

static void
open_section(struct dump *dump, const char *name, const char *title)
{
	putc('\n', dump->out);
	indent(dump);
	fprintf(dump->out, "%s ", name);
	if (title != NULL) {
		value_print_quoted(title, dump->out);
		putc(' ', dump->out);
	}
	fputs("{\n", dump->out);
	dump->depth++;
}

static void
close_section(struct dump *dump)
{
	dump->depth--;
	indent(dump);
	fputs("}\n", dump->out);
}

static const char *
root_path(const struct dump *dump, unsigned root_index)
{
	return root_index == CONFIG_NO_ROOT ? "" : dump->config->roots[root_index].path;
}

/* All that are in force in a scope, inherited or not. */
static void
print_settings(const struct dump *dump, const struct config_settings *settings, bool is_alias)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		const struct schema_directive *row = &rows[i];

		if (!row->is_inheritable)
			continue;
		if (row->kind == SCHEMA_FILE_NAMES) {
			print_list(dump, row->name, settings->index, settings->index_count);
			continue;
		}
		if (row->kind == SCHEMA_ROOT && is_alias)
			continue;
		print_name(dump, row->name);
		if (row->kind == SCHEMA_ROOT)
			value_print_quoted(root_path(dump, settings->root_index), dump->out);
		else
			value_print(row, settings, dump->out);
		putc('\n', dump->out);
	}
}

/* What is neither inherited nor a list nor a section. */
static void
print_scope(const struct dump *dump, enum schema_scope scope, const void *base)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		const struct schema_directive *row = &rows[i];

		if ((row->scopes & SCHEMA_IN(scope)) == 0 || row->is_inheritable ||
		    row->kind == SCHEMA_SECTION || row->kind == SCHEMA_INCLUDE ||
		    row->kind == SCHEMA_ALIAS || schema_is_list(row))
			continue;
		print_name(dump, row->name);
		value_print(row, base, dump->out);
		putc('\n', dump->out);
	}
}

static void
print_plain_section(struct dump *dump, enum schema_scope scope, const void *base)
{
	open_section(dump, schema_scope_name(scope), NULL);
	print_scope(dump, scope, base);
	close_section(dump);
}

/* The alias as one path again: a slash at the end tells a folder from a file. */
static void
print_alias(const struct dump *dump, const struct config_location *location)
{
	const char *root = root_path(dump, location->settings.root_index);
	const char *slash = strcmp(root, "/") == 0 ? "" : "/";
	char *path = NULL;

	if (location->alias_file != NULL || location->is_exact) {
		if (asprintf(&path, "%s%s%s", root, slash, location->alias_file != NULL ?
		    location->alias_file : "") < 0)
			return;
		root = path;
	}
	print_name(dump, "alias");
	value_print_quoted(root, dump->out);
	putc('\n', dump->out);
	free(path);
}

static void
print_host(struct dump *dump, const struct config_host *host)
{
	open_section(dump, "host", host->name);
	print_scope(dump, SCHEMA_HOST, host);
	print_list(dump, "aliases", host->aliases, host->alias_count);
	print_settings(dump, &host->settings, false);
	for (size_t i = 0; i < host->location_count; i++) {
		const struct config_location *location = &host->locations[i];

		open_section(dump, "location", location->title);
		if (location->is_alias)
			print_alias(dump, location);
		print_settings(dump, &location->settings, location->is_alias);
		close_section(dump);
	}
	close_section(dump);
}

static void
print_all(struct dump *dump)
{
	const struct config *config = dump->config;

	print_scope(dump, SCHEMA_GLOBAL, config);
	print_settings(dump, &config->settings, false);
	print_plain_section(dump, SCHEMA_POOL, &config->pool);
	print_plain_section(dump, SCHEMA_KEEPALIVE, &config->keepalive);
	print_plain_section(dump, SCHEMA_LIMITS, &config->limits);
	print_plain_section(dump, SCHEMA_LOG, &config->log);
	for (size_t i = 0; i < config->listener_count; i++) {
		open_section(dump, "listen", config->listeners[i].text);
		print_scope(dump, SCHEMA_LISTEN, &config->listeners[i]);
		close_section(dump);
	}
	for (size_t i = 0; i < config->host_count; i++)
		print_host(dump, &config->hosts[i]);
}

char *
config_dump(const struct config *config)
{
	char *text = NULL;
	size_t text_bytes = 0;
	struct dump dump = { .out = open_memstream(&text, &text_bytes), .config = config };
	bool is_failed;

	if (dump.out == NULL)
		return NULL;
	print_all(&dump);
	is_failed = ferror(dump.out) != 0;
	if (fclose(dump.out) != 0 || is_failed) {
		free(text);
		return NULL;
	}
	return text;
}

char *
config_quote(const char *text)
{
	char *quoted = NULL;
	size_t quoted_bytes = 0;
	FILE *out = open_memstream(&quoted, &quoted_bytes);

	if (out == NULL)
		return NULL;
	value_print_quoted(text, out);
	if (fclose(out) != 0) {
		free(quoted);
		return NULL;
	}
	return quoted;
}
