/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the effective configuration, musterd -T. Comes from the table of directives.c, row
 * by row, so a new directive is in it by itself. Each scope is complete: what it inherits is
 * shown as well, so that nobody has to look further out. Lists that add up come after a
 * `reset` of what they would add to; rules and error pages, which an inner scope cannot repeat
 * without meaning something else, are comments there. Runs in musterd -T without rights. The
 * text loads, means the same, and dumps as the same text again.
 * Shown by tests/unit/config/test_dump.c and tests/fuzz/fuzz_config.c. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/list.h"
#include "config/schema.h"
#include "config/value.h"

struct dump {
	FILE *out;
	const struct config *config;
	unsigned depth;
};

/* What is around a scope; all NULL or 0 around the global one. */
struct outer {
	const struct config_settings *settings;
	const struct config_rule *rules;
	size_t rule_count;
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

/* The value of a row that is more than one field. */
static void
print_special(const struct dump *dump, const struct schema_directive *row, const void *base)
{
	const struct config_settings *settings = base;
	const char *field = (const char *)base + row->field_offset;
	struct config_file file;

	switch (row->kind) {
	case SCHEMA_ROOT:
		value_print_quoted(root_path(dump, settings->root_index), dump->out);
		break;
	case SCHEMA_FILE:
		memcpy(&file, field, sizeof(file));
		value_print_quoted(file.path, dump->out);
		break;
	case SCHEMA_USER_DIR:
		value_print_quoted(settings->user_dir, dump->out);
		break;
	default:
		value_print(row, base, dump->out);
	}
}

static void
print_row(const struct dump *dump, const struct schema_directive *row, const void *base)
{
	print_name(dump, row->name);
	if (schema_is_list(row))
		list_print(row, base, dump->out);
	else
		print_special(dump, row, base);
	putc('\n', dump->out);
}

/* What a scope has for itself, but for alias and reset. */
static void
print_scope(const struct dump *dump, enum schema_scope scope, const void *base)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		const struct schema_directive *row = &rows[i];

		if ((row->scopes & SCHEMA_IN(scope)) != 0 && !row->is_inheritable &&
		    (schema_is_plain(row) || schema_is_list(row)) &&
		    row->kind != SCHEMA_DIRECTIVES)
			print_row(dump, row, base);
	}
}

static void
print_plain_section(struct dump *dump, enum schema_scope scope, const char *title,
    const void *base)
{
	open_section(dump, schema_scope_name(scope), title);
	print_scope(dump, scope, base);
	close_section(dump);
}

static size_t
count_rules(const struct config_rule *rules, size_t rule_count, bool is_rewrite)
{
	size_t count = 0;

	for (size_t i = 0; i < rule_count; i++)
		count += rules[i].is_rewrite == is_rewrite;
	return count;
}

/* Copies have the strings of their original. */
static bool
is_inherited_page(const struct outer *outer, const struct config_error_page *page)
{
	for (size_t i = 0; outer->settings != NULL && i < outer->settings->error_page_count; i++) {
		if (outer->settings->error_pages[i].title == page->title)
			return true;
	}
	return false;
}

static bool
has_lost_pages(const struct outer *outer, const struct config_settings *settings)
{
	for (size_t i = 0; i < settings->error_page_count; i++) {
		if (is_inherited_page(outer, &settings->error_pages[i]))
			return false;
	}
	return outer->settings->error_page_count > 0;
}

static void
print_reset_name(const struct dump *dump, const char *name, bool *is_first)
{
	if (*is_first)
		print_name(dump, "reset");
	fputs(*is_first ? "{ " : ", ", dump->out);
	value_print_quoted(name, dump->out);
	*is_first = false;
}

/* Names all that is printed complete and would be added to what is around, and what the scope
 * has dropped and not printed. rules: the inherited ones that are left. */
static void
print_reset(const struct dump *dump, const struct outer *outer,
    const struct config_settings *settings, const struct config_rule *rules, size_t rule_count)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);
	bool is_first = true;

	for (size_t i = 0; i < row_count; i++) {
		if (rows[i].is_inheritable && schema_is_list(&rows[i]) && list_adds_up(&rows[i]) &&
		    list_count(&rows[i], outer->settings) > 0)
			print_reset_name(dump, rows[i].name, &is_first);
	}
	if (outer->settings->header_count > 0)
		print_reset_name(dump, "header", &is_first);
	if (has_lost_pages(outer, settings))
		print_reset_name(dump, "error_page", &is_first);
	for (int is_rewrite = 0; is_rewrite < 2; is_rewrite++) {
		if (count_rules(outer->rules, outer->rule_count, is_rewrite) > 0 &&
		    count_rules(rules, rule_count, is_rewrite) == 0)
			print_reset_name(dump, is_rewrite ? "rewrite" : "redirect", &is_first);
	}
	if (!is_first)
		fputs(" }\n", dump->out);
}

/* All that are in force in a scope, inherited or not. */
static void
print_settings(const struct dump *dump, const struct config_settings *settings, bool is_alias)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		if (rows[i].is_inheritable && !(rows[i].kind == SCHEMA_ROOT && is_alias))
			print_row(dump, &rows[i], settings);
	}
}

/* A line for people; nothing of the configuration's text can end it. */
static void __attribute__((format(printf, 2, 3)))
print_comment(const struct dump *dump, const char *format, ...)
{
	va_list arguments;

	indent(dump);
	fputs("# ", dump->out);
	va_start(arguments, format);
	vfprintf(dump->out, format, arguments);
	va_end(arguments);
	putc('\n', dump->out);
}

static void
print_pages(struct dump *dump, const struct outer *outer, const struct config_settings *settings)
{
	for (size_t i = 0; i < settings->error_page_count; i++) {
		const struct config_error_page *page = &settings->error_pages[i];

		if (is_inherited_page(outer, page))
			print_comment(dump, "inherited: error_page \"%s\" { file = \"%s\" "
			    "status = %u } below %s", page->title, page->file, page->status,
			    root_path(dump, page->root_index));
		else
			print_plain_section(dump, SCHEMA_ERROR_PAGE, page->title, page);
	}
}

static void
print_rules(struct dump *dump, const struct config_rule *rules, size_t rule_count,
    size_t own_index)
{
	for (size_t i = 0; i < rule_count; i++) {
		const struct config_rule *rule = &rules[i];
		const char *name = rule->is_rewrite ? "rewrite" : "redirect";

		if (i >= own_index)
			print_plain_section(dump,
			    rule->is_rewrite ? SCHEMA_REWRITE : SCHEMA_REDIRECT,
			    rule->matcher.title, rule);
		else if (rule->to[0] == '\0')
			print_comment(dump, "inherited: %s \"%s\" { status = %u }", name,
			    rule->matcher.title, rule->status);
		else
			print_comment(dump, "inherited: %s \"%s\" { to = \"%s\" }", name,
			    rule->matcher.title, rule->to);
	}
}

static void
print_sections(struct dump *dump, const struct outer *outer,
    const struct config_settings *settings)
{
	for (size_t i = 0; i < settings->header_count; i++)
		print_plain_section(dump, SCHEMA_HEADER, settings->headers[i].name,
		    &settings->headers[i]);
	print_pages(dump, outer, settings);
}

static void
print_location(struct dump *dump, const struct outer *outer,
    const struct config_location *location)
{
	const struct outer inner = { &location->settings, location->rules, location->rule_count };

	open_section(dump, "location", location->matcher.title);
	if (location->alias_text != NULL) {
		print_name(dump, "alias");
		value_print_quoted(location->alias_text, dump->out);
		putc('\n', dump->out);
	} else if (location->is_alias) {
		print_comment(dump, "inherited: alias, %s for %s",
		    root_path(dump, location->settings.root_index), location->alias_path);
	}
	print_reset(dump, outer, &location->settings, location->rules, location->own_rule_index);
	print_settings(dump, &location->settings, location->is_alias);
	print_sections(dump, outer, &location->settings);
	print_rules(dump, location->rules, location->rule_count, location->own_rule_index);
	for (size_t i = 0; i < location->location_count; i++)
		print_location(dump, &inner, &location->locations[i]);
	close_section(dump);
}

static void
print_host(struct dump *dump, const struct config_host *host)
{
	const struct config *config = dump->config;
	const struct outer outer = { &config->settings, config->rules, config->rule_count };
	/* The host's rules are tried before there is a location, which does not inherit them. */
	const struct outer inner = { &host->settings, NULL, 0 };

	open_section(dump, "host", host->name);
	print_scope(dump, SCHEMA_HOST, host);
	print_reset(dump, &outer, &host->settings, host->rules, host->own_rule_index);
	print_settings(dump, &host->settings, false);
	print_sections(dump, &outer, &host->settings);
	print_rules(dump, host->rules, host->rule_count, host->own_rule_index);
	for (size_t i = 0; i < host->location_count; i++)
		print_location(dump, &inner, &host->locations[i]);
	close_section(dump);
}

static void
print_all(struct dump *dump)
{
	const struct config *config = dump->config;
	const struct outer nothing = { NULL, NULL, 0 };

	print_scope(dump, SCHEMA_GLOBAL, config);
	print_settings(dump, &config->settings, false);
	print_sections(dump, &nothing, &config->settings);
	print_rules(dump, config->rules, config->rule_count, 0);
	print_plain_section(dump, SCHEMA_POOL, NULL, &config->pool);
	print_plain_section(dump, SCHEMA_KEEPALIVE, NULL, &config->keepalive);
	print_plain_section(dump, SCHEMA_CACHE, NULL, &config->cache);
	print_plain_section(dump, SCHEMA_LIMITS, NULL, &config->limits);
	print_plain_section(dump, SCHEMA_TLS, NULL, &config->tls);
	print_plain_section(dump, SCHEMA_LOG, NULL, &config->log);
	for (size_t i = 0; i < config->listener_count; i++)
		print_plain_section(dump, SCHEMA_LISTEN, config->listeners[i].text,
		    &config->listeners[i]);
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
