/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets libconfuse parse the text, with options made from the table of schema.c, and
 * writes down what it finds as a tree. Values stay text: what they mean, and whether
 * they are right, is build.c's. Runs in the master (maybe as root) and in musterd
 * -t. libconfuse keeps its lexer in globals, so one load at a time; each parse starts
 * and ends with it clean, because source.c lets no unfinished string in.
 * Shown by tests/unit/config/test_load.c. */
#include "config/load.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/scan.h"
#include "config/unknown.h"

#define SECTIONS_MAX 100000     /* each takes some KiB until the configuration is built */
#define DEPTH_MAX (SCHEMA_LOCATION_DEPTH + 3)  /* global, host, locations, a header in them */
#define OPTIONS_MAX 100         /* in one scope, with START_MARK and the end */
#define UNKNOWN_MAX 32          /* each costs another run */
#define NAME_BYTES 128          /* of an unknown directive, for the message */

/* An option with a default value, and so libconfuse sets it as it opens a section:
 * the only call at which the section's first line can be seen. */
#define START_MARK "\001start"

/* Each depth of locations has an array of its own, since libconfuse copies an array with all
 * that it points to; the innermost has no location in it. */
struct options {
	cfg_opt_t of[SCHEMA_SCOPE_COUNT][OPTIONS_MAX];  /* SCHEMA_LOCATION: the outermost */
	cfg_opt_t inner[SCHEMA_LOCATION_DEPTH - 1][OPTIONS_MAX];
};

struct frame {
	cfg_t *cfg;
	struct tree_section *section;
};

struct load {
	struct errors *errors;
	struct tree_section *tree;
	struct frame frames[DEPTH_MAX];  /* open sections, outermost first */
	size_t depth;
	size_t section_count;
	unsigned position;          /* last one seen */
	bool has_failed;            /* a message tells why parsing stopped */
	bool has_no_memory;
	bool has_unknown;           /* parsing stopped at this directive */
	char unknown_name[NAME_BYTES];
};

/* libconfuse's callbacks have no argument of ours. Set only within parse(). */
static struct load *loading;

static struct frame *
top(void)
{
	return &loading->frames[loading->depth - 1];
}

static int
note_unknown(unsigned position, const char *name)
{
	loading->has_unknown = true;
	loading->position = position;
	snprintf(loading->unknown_name, sizeof(loading->unknown_name), "%s", name);
	return -1;
}

/* "pool.start"; in the global scope just "user". */
static const char *
qualified(const struct tree_section *section, const char *name, char *text, size_t text_bytes)
{
	if (section->scope == SCHEMA_GLOBAL)
		snprintf(text, text_bytes, "%s", name);
	else
		snprintf(text, text_bytes, "%s.%s", schema_scope_name(section->scope), name);
	return text;
}

static void
add_repeated(const char *name, unsigned position, unsigned first_position)
{
	struct source_place first = source_place(loading->errors->source, first_position);

	errors_add(loading->errors, position,
	    "%s is set again, expected once, the first is at %s:%u", name, first.file, first.line);
}

/* The section's kind, when the parent may hold it; else NULL, and it is unknown. */
static const struct schema_directive *
find_section(const cfg_t *cfg, size_t depth)
{
	const struct schema_directive *row;

	if (depth == 0)
		return NULL;
	row = schema_find(top()->section->scope, cfg->name);
	return row != NULL && row->kind == SCHEMA_SECTION ? row : NULL;
}

/* Parse callback of START_MARK. Must give 0 while libconfuse sets defaults: anything
 * else makes it abort(). */
static int
on_section_start(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct schema_directive *row = find_section(cfg, loading->depth);
	struct tree_section *parent = loading->depth > 0 ? top()->section : NULL;
	enum schema_scope scope = row != NULL ? (enum schema_scope)row->min : SCHEMA_GLOBAL;
	struct tree_section *first = NULL, *section;

	(void)value;
	*(void **)result = NULL;
	if (loading->depth == DEPTH_MAX || (parent != NULL && top()->cfg == cfg))
		return note_unknown((unsigned)cfg->line, opt->name);
	loading->position = (unsigned)cfg->line;
	if (parent != NULL && row == NULL)
		note_unknown((unsigned)cfg->line, cfg->name);
	if (row != NULL && !row->has_title)
		first = tree_find_child(parent, scope);
	if (first != NULL)
		add_repeated(row->name, (unsigned)cfg->line, first->position);
	section = tree_add_section(parent, scope, cfg->title, (unsigned)cfg->line);
	if (section == NULL) {
		loading->has_no_memory = true;
		section = parent;
	}
	if (parent == NULL)
		loading->tree = section;
	loading->section_count++;
	loading->frames[loading->depth].cfg = cfg;
	loading->frames[loading->depth++].section = section;
	return 0;
}

static bool
is_option_of(const cfg_t *cfg, const cfg_opt_t *opt)
{
	for (const cfg_opt_t *own = cfg->opts; own->name != NULL; own++) {
		if (own == opt)
			return true;
	}
	return false;
}

/* Parse callback of every value: an element of a list, or a scalar. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	unsigned position = (unsigned)cfg->line;
	struct tree_section *section = top()->section;
	const struct schema_directive *row = schema_find(section->scope, opt->name);
	const struct tree_value *first;
	char name[NAME_BYTES];

	*(void **)result = NULL;
	loading->position = position;
	if (top()->cfg != cfg || !is_option_of(cfg, opt) || row == NULL)
		return note_unknown(position, opt->name);
	/* Later elements of a list have company already. */
	first = opt->nvalues == 1 ? tree_find_value(section, opt->name) : NULL;
	if (first != NULL) {
		add_repeated(qualified(section, opt->name, name, sizeof(name)), position,
		    first->position);
		return 0;
	}
	if (tree_add_value(section, row, value, position) < 0) {
		loading->has_no_memory = true;
		return -1;
	}
	return 0;
}

/* An empty list makes no call of on_value(). */
static void
note_empty_lists(const struct frame *frame)
{
	for (const cfg_opt_t *opt = frame->cfg->opts; opt->name != NULL; opt++) {
		const struct schema_directive *row = schema_find(frame->section->scope, opt->name);
		const struct tree_value *first;

		if (row == NULL || !schema_is_list(row) || opt->nvalues > 0 ||
		    (opt->flags & CFGF_MODIFIED) == 0)
			continue;
		first = tree_find_value(frame->section, opt->name);
		if (first != NULL)
			add_repeated(opt->name, loading->position, first->position);
		else if (tree_add_value(frame->section, row, NULL, frame->section->position) < 0)
			loading->has_no_memory = true;
	}
}

/* Validate callback of sections, at the closing brace. The tree has all of the section;
 * libconfuse's own copy goes, or it would hold every option of every section to the end, and
 * would take a section of the same title for this one. */
static int
on_section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	loading->position = (unsigned)cfg->line;
	note_empty_lists(top());
	loading->depth--;
	(void)cfg_opt_rmnsec(opt, opt->nvalues - 1);
	if (loading->section_count > SECTIONS_MAX) {
		errors_add(loading->errors, loading->position,
		    "too many sections, expected at most %d", SECTIONS_MAX);
		loading->has_failed = true;
	}
	return loading->has_failed || loading->has_unknown || loading->has_no_memory ? -1 : 0;
}

/* libconfuse's messages, and ours with an "expected". Each has at most one %s. */
static const struct {
	const char *theirs, *ours;
} messages[] = {
	{ "missing equal sign after option '%s'", "%s has no value, expected \"=\" after it" },
	{ "attempt to append to non-list option '%s'", "%s is no list, expected \"=\"" },
	{ "missing opening brace for section '%s'", "%s has no \"{\", expected one before its "
	    "directives" },
	{ "missing title for section '%s'", "%s has no name, expected one in quotes before \"{\"" },
	{ "no sub-section title/index for '%s'", "%s is no directive with a \"|\" after it, "
	    "expected \"{\"" },
	{ "unexpected closing brace", "unexpected \"}\", expected a directive" },
	{ "premature end of file", "unexpected end, expected the rest of the last directive" },
};

/* What may stand where this token was, as far as it shows. */
static void
add_unexpected(unsigned position, const char *token)
{
	bool is_mark = token[0] != '\0' && strchr("{}()=+,", token[0]) != NULL;
	char quoted[ERRORS_QUOTE_BYTES];

	errors_add(loading->errors, position, "unexpected %s, expected %s",
	    errors_quote(token, quoted, sizeof(quoted)),
	    is_mark ? "a directive or a value" : "\",\" or \"}\" in a list");
}

static void
on_error(cfg_t *cfg, const char *format, va_list arguments)
{
	unsigned position = (unsigned)cfg->line;
	const char *chosen = format;
	char quoted[ERRORS_QUOTE_BYTES], text[256];

	if (strcmp(format, "no such option '%s'") == 0) {
		note_unknown(position, va_arg(arguments, const char *));
		return;
	}
	loading->has_failed = true;
	if (strcmp(format, "unexpected token '%s'") == 0) {
		add_unexpected(position, va_arg(arguments, const char *));
		return;
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (strcmp(format, messages[i].theirs) == 0)
			chosen = messages[i].ours;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), chosen, arguments);
#pragma GCC diagnostic pop
	/* A message of theirs may show bytes of the file. */
	errors_add(loading->errors, position, "%s", chosen != format ? text :
	    errors_quote(text, quoted, sizeof(quoted)));
}

/* The options within a location option of this depth, 0 for the host's; NULL: none. */
static cfg_opt_t *
location_options(struct options *options, unsigned depth)
{
	if (depth == 0)
		return options->of[SCHEMA_LOCATION];
	return depth < SCHEMA_LOCATION_DEPTH ? options->inner[depth - 1] : NULL;
}

static cfg_opt_t
make_option(struct options *options, const struct schema_directive *row, unsigned depth)
{
	int list = schema_is_list(row) ? CFGF_LIST : CFGF_NONE;
	int title = row->has_title ? CFGF_TITLE : CFGF_NONE;
	cfg_opt_t opt;

	if (row->kind != SCHEMA_SECTION)
		return (cfg_opt_t)CFG_PTR_CB(row->name, NULL, CFGF_NODEFAULT | list, on_value,
		    NULL);
	opt = (cfg_opt_t)CFG_SEC(row->name, row->min == SCHEMA_LOCATION ?
	    location_options(options, depth) : options->of[row->min], CFGF_MULTI | title);
	opt.validcb = on_section_end;
	return opt;
}

/* depth: how many locations are around. */
static void
fill_options(struct options *options, enum schema_scope scope, unsigned depth, cfg_opt_t *opt)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	*opt++ = (cfg_opt_t)CFG_PTR_CB(START_MARK, (char *)"x", CFGF_NONE, on_section_start, NULL);
	for (size_t i = 0; i < row_count; i++) {
		bool is_too_deep = rows[i].kind == SCHEMA_SECTION &&
		    rows[i].min == SCHEMA_LOCATION && location_options(options, depth) == NULL;

		if ((rows[i].scopes & SCHEMA_IN(scope)) != 0 && rows[i].kind != SCHEMA_INCLUDE &&
		    !is_too_deep)
			*opt++ = make_option(options, &rows[i], depth);
	}
	*opt = (cfg_opt_t)CFG_END();
}

static struct options *
options_new(void)
{
	struct options *options = calloc(1, sizeof(*options));

	if (options == NULL)
		return NULL;
	for (enum schema_scope scope = 0; scope < SCHEMA_SCOPE_COUNT; scope++)
		fill_options(options, scope, scope == SCHEMA_LOCATION, options->of[scope]);
	for (unsigned depth = 1; depth < SCHEMA_LOCATION_DEPTH; depth++)
		fill_options(options, SCHEMA_LOCATION, depth + 1, options->inner[depth - 1]);
	return options;
}

/* One run over the text. */
static bool
parse(struct load *load, struct options *options, const char *text)
{
	bool is_whole = false;
	cfg_t *cfg;

	loading = load;
	cfg = cfg_init(options->of[SCHEMA_GLOBAL], CFGF_NONE);
	if (cfg == NULL || load->tree == NULL) {
		load->has_no_memory = true;
	} else {
		cfg_set_error_function(cfg, on_error);
		is_whole = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
		if (is_whole)
			note_empty_lists(top());
		else if (!load->has_failed && !load->has_unknown && !load->has_no_memory)
			errors_add(load->errors, load->position, "not understood after this line, "
			    "expected a directive");
	}
	if (cfg != NULL)
		cfg_free(cfg);
	loading = NULL;
	return !load->has_no_memory && is_whole;
}

/* Stops at each unknown directive, takes it out of the text, and starts again. What a
 * run finds a second time, errors_add() drops. */
struct tree_section *
load_tree(struct source *source, struct errors *errors, bool *is_whole_out)
{
	struct options *options = options_new();
	struct load load = { .errors = errors };
	size_t unknown_count = 0;
	bool is_blanked = false;

	*is_whole_out = false;
	do {
		tree_free(&load.tree);
		load = (struct load){ .errors = errors };
		if (options == NULL)
			break;
		*is_whole_out = parse(&load, options, source->text);
		if (load.has_unknown) {
			unknown_add(errors, load.position,
			    load.frames[load.depth - 1].section->scope, load.unknown_name);
			is_blanked = scan_blank_directive(source->text, load.position,
			    load.unknown_name);
		}
	} while (load.has_unknown && is_blanked && ++unknown_count < UNKNOWN_MAX);
	if (options == NULL || load.has_no_memory) {
		errors_add_no_memory(errors);
		tree_free(&load.tree);
	}
	free(options);
	return load.tree;
}
