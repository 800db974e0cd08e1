/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes struct config from the tree: defaults first, then what was written, section
 * by section, from the outside in. Every value is checked on its own, and a wrong one
 * costs a message and keeps its default, so that all are found in one run. What
 * values mean together is validate.c's; opening anything is for others. Runs
 * wherever a configuration is read. Shown by tests/unit/config/test_build.c. */
#include "config/build.h"

#include <stdlib.h>
#include <string.h>

#include "config/address.h"
#include "config/path.h"
#include "config/settings.h"
#include "config/source.h"
#include "config/value.h"

struct build {
	struct config *config;
	struct errors *errors;
};

/* NULL is no memory for the next step to notice. */
static int
take(char **field, const char *text)
{
	*field = strdup(text);
	return *field == NULL ? -1 : 0;
}

/* Rows of the scope that value_store() knows and that nobody inherits. */
static bool
is_plain(const struct schema_directive *row, enum schema_scope scope)
{
	return (row->scopes & SCHEMA_IN(scope)) != 0 && !row->is_inheritable &&
	    row->kind != SCHEMA_SECTION && row->kind != SCHEMA_INCLUDE &&
	    row->kind != SCHEMA_ALIAS && !schema_is_list(row);
}

static int
store_defaults(enum schema_scope scope, void *base)
{
	size_t row_count;
	const struct schema_directive *rows = schema_rows(&row_count);

	for (size_t i = 0; i < row_count; i++) {
		if (is_plain(&rows[i], scope) &&
		    value_store(&rows[i], rows[i].default_text, base) != VALUE_STORED)
			return -1;
	}
	return 0;
}

static int
store_values(struct build *build, struct tree_section *section, void *base)
{
	for (size_t i = 0; i < section->value_count; i++) {
		struct tree_value *value = &section->values[i];
		enum value_outcome outcome;

		if (!is_plain(value->row, section->scope))
			continue;
		outcome = value_store(value->row, value->text, base);
		if (outcome == VALUE_NO_MEMORY)
			return -1;
		if (outcome == VALUE_WRONG)
			settings_add_wrong(build->errors, section, value);
	}
	return 0;
}

static int
add_listener(struct build *build, struct tree_section *section)
{
	struct config_listener *listener = &build->config->listeners[build->config->listener_count];
	struct source_place place = source_place(build->errors->source, section->position);
	struct address address;
	const char *expected;
	char quoted[ERRORS_QUOTE_BYTES];

	build->config->listener_count++;
	listener->line = place.line;
	if (take(&listener->file, place.file) < 0 || take(&listener->text, section->title) < 0 ||
	    store_defaults(SCHEMA_LISTEN, listener) < 0 ||
	    store_values(build, section, listener) < 0)
		return -1;
	expected = address_parse(section->title, &address);
	if (expected == NULL && !value_is_text(section->title, false))
		expected = ADDRESS_EXPECTED;
	if (expected != NULL) {
		errors_add(build->errors, section->position, "listen is %s, expected %s",
		    errors_quote(section->title, quoted, sizeof(quoted)), expected);
		return 0;
	}
	listener->address = address.storage;
	listener->address_bytes = address.bytes;
	listener->is_dual_stack = address.is_dual_stack;
	return 0;
}

/* *name_out "" when the text is no host name; then a message has been added. */
static int
take_host_name(struct build *build, const char *text, unsigned position, const char *what,
    char **name_out)
{
	char name[PATH_HOST_BYTES] = "", quoted[ERRORS_QUOTE_BYTES];
	const char *expected = path_parse_host(text, name);

	if (expected != NULL) {
		errors_add(build->errors, position, "%s is %s, expected %s", what,
		    errors_quote(text, quoted, sizeof(quoted)), expected);
		name[0] = '\0';
	}
	return take(name_out, name);
}

static int
add_aliases(struct build *build, struct config_host *host, struct tree_section *section)
{
	host->aliases = calloc(section->value_count + 1, sizeof(*host->aliases));
	if (host->aliases == NULL)
		return -1;
	for (size_t i = 0; i < section->value_count; i++) {
		struct tree_value *value = &section->values[i];

		if (value->row->kind != SCHEMA_HOST_NAMES || value->text == NULL)
			continue;
		if (take_host_name(build, value->text, value->position, "host.aliases",
		    &host->aliases[host->alias_count]) < 0)
			return -1;
		value->is_wrong = host->aliases[host->alias_count++][0] == '\0';
	}
	return 0;
}

/* "= /exact" or "/prefix" into title, path and is_exact. */
static int
parse_title(struct build *build, struct config_location *location,
    const struct tree_section *section)
{
	const char *path = section->title;
	const char *expected;
	char quoted[ERRORS_QUOTE_BYTES];

	if (path[0] == '=') {
		location->is_exact = true;
		path += 1 + strspn(path + 1, " ");
	}
	expected = path_check_location(path);
	if (expected == NULL && !value_is_text(path, false))
		expected = "at most 4095 bytes without control characters";
	if (expected != NULL) {
		errors_add(build->errors, section->position, "location is %s, expected %s",
		    errors_quote(section->title, quoted, sizeof(quoted)), expected);
		path = "";
	}
	if (take(&location->path, path) < 0)
		return -1;
	if (asprintf(&location->title, "%s%s", location->is_exact ? "= " : "", path) >= 0)
		return 0;
	location->title = NULL;
	return -1;
}

/* An exact location's alias is a file unless it ends in a slash: its folder becomes the
 * root. Every other alias is the root itself. */
static int
apply_alias(struct build *build, struct config_location *location,
    struct tree_section *section, struct tree_value *value)
{
	struct source_place place = source_place(build->errors->source, value->position);
	bool is_wrong = !value_is_text(value->text, false);
	char *path = is_wrong ? NULL : path_clean(value->text, &is_wrong);
	int outcome = 0;

	if (is_wrong)
		settings_add_wrong(build->errors, section, value);
	else if (path == NULL)
		return -1;
	if (is_wrong)
		return 0;
	location->is_alias = true;
	if (location->is_exact && value->text[strlen(value->text) - 1] != '/') {
		char *slash = strrchr(path, '/');

		outcome = take(&location->alias_file, slash + 1);
		slash[slash == path] = '\0';
	}
	if (outcome == 0)
		outcome = settings_add_root(build->config, path, place,
		    &location->settings.root_index);
	free(path);
	return outcome;
}

static int
add_location(struct build *build, struct config_host *host, struct tree_section *section)
{
	struct config_location *location = &host->locations[host->location_count++];
	struct tree_value *alias = tree_find_value(section, "alias");

	if (parse_title(build, location, section) < 0 ||
	    settings_inherit(&location->settings, &host->settings) < 0 ||
	    settings_apply(build->config, &location->settings, section, build->errors) < 0)
		return -1;
	if (alias == NULL || alias->text[0] == '\0')
		return 0;
	return apply_alias(build, location, section, alias);
}

static int
add_host(struct build *build, struct tree_section *section)
{
	struct config_host *host = &build->config->hosts[build->config->host_count++];
	struct source_place place = source_place(build->errors->source, section->position);

	host->line = place.line;
	host->locations = calloc(section->child_count + 1, sizeof(*host->locations));
	if (host->locations == NULL || take(&host->file, place.file) < 0 ||
	    take_host_name(build, section->title, section->position, "host", &host->name) < 0 ||
	    add_aliases(build, host, section) < 0 || store_values(build, section, host) < 0 ||
	    settings_inherit(&host->settings, &build->config->settings) < 0 ||
	    settings_apply(build->config, &host->settings, section, build->errors) < 0)
		return -1;
	for (size_t i = 0; i < section->child_count; i++) {
		if (add_location(build, host, section->children[i]) < 0)
			return -1;
	}
	return 0;
}

/* Without any host section, one host for all names. */
static int
add_implicit_host(struct build *build)
{
	struct config_host *host = build->config->hosts;

	build->config->host_count = 1;
	host->aliases = calloc(1, sizeof(*host->aliases));
	host->locations = calloc(1, sizeof(*host->locations));
	if (host->aliases == NULL || host->locations == NULL ||
	    take(&host->file, build->config->source) < 0)
		return -1;
	return take(&host->name, "*") < 0 ? -1 :
	    settings_inherit(&host->settings, &build->config->settings);
}

static void
choose_default_host(struct config *config)
{
	for (size_t i = 0; i < config->host_count; i++) {
		if (config->hosts[i].is_default)
			return;
	}
	config->hosts[0].is_default = true;
}

static int
add_section(struct build *build, struct tree_section *section)
{
	switch (section->scope) {
	case SCHEMA_LISTEN: return add_listener(build, section);
	case SCHEMA_HOST: return add_host(build, section);
	default: return store_values(build, section, value_base(build->config, section->scope));
	}
}

/* So that roots can be compared with it. */
static int
clean_chroot(struct build *build, const struct tree_section *tree)
{
	struct tree_value *value = tree_find_value(tree, "chroot");
	bool is_wrong;
	char *path;

	if (build->config->chroot[0] == '\0')
		return 0;
	path = path_clean(build->config->chroot, &is_wrong);
	if (path == NULL && is_wrong && value != NULL)
		settings_add_wrong(build->errors, tree, value);
	else if (path == NULL)
		return -1;
	free(build->config->chroot);
	build->config->chroot = path != NULL ? path : strdup("");
	return build->config->chroot == NULL ? -1 : 0;
}

int
build_config(struct config *config, struct tree_section *tree, struct errors *errors)
{
	struct build build = { config, errors };

	/* One more than needed: the implicit host, and never 0 bytes. */
	config->listeners = calloc(tree->child_count + 1, sizeof(*config->listeners));
	config->hosts = calloc(tree->child_count + 1, sizeof(*config->hosts));
	if (config->listeners == NULL || config->hosts == NULL ||
	    settings_init_default(&config->settings) < 0)
		return -1;
	for (enum schema_scope scope = SCHEMA_GLOBAL; scope <= SCHEMA_LOG; scope++) {
		if (store_defaults(scope, value_base(config, scope)) < 0)
			return -1;
	}
	if (store_values(&build, tree, config) < 0 || clean_chroot(&build, tree) < 0 ||
	    settings_apply(config, &config->settings, tree, errors) < 0)
		return -1;
	for (size_t i = 0; i < tree->child_count; i++) {
		if (add_section(&build, tree->children[i]) < 0)
			return -1;
	}
	if (config->host_count == 0 && add_implicit_host(&build) < 0)
		return -1;
	choose_default_host(config);
	return 0;
}
