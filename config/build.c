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
#include "config/certificates.h"
#include "config/error_pages.h"
#include "config/headers.h"
#include "config/keep.h"
#include "config/location.h"
#include "config/path.h"
#include "config/rules.h"
#include "config/scope.h"
#include "config/settings.h"
#include "config/tls_profile.h"
#include "config/value.h"

/* NULL is no memory for the next step to notice. */
static int
take(const struct scope *scope, char **field, const char *text)
{
	*field = keep_text(scope->config->keep, text);
	return *field == NULL ? -1 : 0;
}

static int
add_listener(struct scope *scope)
{
	struct config *config = scope->config;
	struct config_listener *listener = &config->listeners[config->listener_count];
	const char *title = scope->section->title, *expected;
	struct source_place place = scope_place(scope);
	struct address address;

	config->listener_count++;
	listener->line = place.line;
	if (take(scope, &listener->file, place.file) < 0 ||
	    take(scope, &listener->text, title) < 0 ||
	    scope_store_defaults(config, SCHEMA_LISTEN, listener) < 0 ||
	    scope_store(scope, listener) < 0)
		return -1;
	expected = address_parse(title, &address);
	if (expected == NULL && !value_is_text(title, false))
		expected = ADDRESS_EXPECTED;
	if (expected != NULL) {
		scope_complain_title(scope, expected);
		return 0;
	}
	listener->address = address.storage;
	listener->address_bytes = address.bytes;
	listener->is_dual_stack = address.is_dual_stack;
	return 0;
}

/* "" when the title is no host name; then a message has been added. */
static int
take_host_name(const struct scope *scope, struct config_host *host)
{
	char name[PATH_HOST_BYTES] = "";
	const char *expected = path_parse_host(scope->section->title, name);

	if (expected != NULL) {
		scope_complain_title(scope, expected);
		name[0] = '\0';
	}
	return take(scope, &host->name, name);
}

static void
choose_listeners(const struct config *config, struct config_host *host)
{
	host->listener_bits = 0;
	for (size_t i = 0; i < config->listener_count && i < CONFIG_LISTENERS_MAX; i++) {
		bool is_named = host->listen.count == 0;

		for (size_t k = 0; k < host->listen.count; k++)
			is_named |= strcmp(host->listen.items[k], config->listeners[i].text) == 0;
		if (is_named)
			host->listener_bits |= UINT64_C(1) << i;
	}
}

static int
build_host(struct scope *scope, const struct rules *global_rules, struct config_host *host)
{
	struct config *config = scope->config;
	struct location_outer outer = { .settings = &host->settings };
	struct rules rules;

	host->settings = config->settings;
	if (scope_store_defaults(config, SCHEMA_HOST, host) < 0 ||
	    scope_store(scope, host) < 0 || scope_read_reset(scope) < 0 ||
	    settings_apply(scope, &host->settings) < 0 ||
	    headers_apply(scope, &host->settings) < 0 ||
	    error_pages_apply(scope, &host->settings) < 0 ||
	    rules_build(scope, global_rules, &rules) < 0)
		return -1;
	host->rules = rules.items;
	host->rule_count = rules.count;
	host->own_rule_index = rules.own_index;
	choose_listeners(config, host);
	if (rules_build_https(scope, host, &host->https_rule) < 0)
		return -1;
	return location_build_all(scope, &outer, &host->locations, &host->location_count);
}

static int
add_host(struct scope *scope, const struct rules *global_rules)
{
	struct config_host *host = &scope->config->hosts[scope->config->host_count++];
	struct source_place place = scope_place(scope);

	host->line = place.line;
	if (take(scope, &host->file, place.file) < 0 || take_host_name(scope, host) < 0)
		return -1;
	return build_host(scope, global_rules, host);
}

/* Without any host section, one host for all names: what an empty section would make. */
static int
add_implicit_host(const struct scope *global, const struct rules *global_rules)
{
	struct config_host *host = &global->config->hosts[0];
	struct tree_section section = { .scope = SCHEMA_HOST };
	struct scope scope = scope_inner(global, &section);

	global->config->host_count = 1;
	if (take(&scope, &host->file, global->config->source) < 0 ||
	    take(&scope, &host->name, "*") < 0)
		return -1;
	return build_host(&scope, global_rules, host);
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

/* So that roots can be compared with it. */
static int
clean_chroot(const struct scope *scope)
{
	struct config *config = scope->config;
	struct tree_value *value = tree_find_value(scope->section, "chroot");
	bool is_wrong;
	char *path;
	int outcome = 0;

	if (config->chroot[0] == '\0')
		return 0;
	path = path_clean(config->chroot, &is_wrong);
	if (path == NULL && is_wrong && value != NULL)
		scope_complain(scope, value, NULL);
	else if (path == NULL)
		return -1;
	outcome = take(scope, &config->chroot, path != NULL ? path : "");
	free(path);
	return outcome;
}

static int
build_globals(struct scope *scope, struct rules *rules_out)
{
	static const struct rules none = { 0 };
	struct config *config = scope->config;

	if (settings_init_default(config, &config->settings) < 0)
		return -1;
	for (enum schema_scope inner = SCHEMA_GLOBAL; inner <= SCHEMA_LOG; inner++) {
		if (scope_store_defaults(config, inner, value_base(config, inner)) < 0)
			return -1;
	}
	if (scope_store(scope, config) < 0 || clean_chroot(scope) < 0 ||
	    settings_apply(scope, &config->settings) < 0 ||
	    headers_apply(scope, &config->settings) < 0 ||
	    error_pages_apply(scope, &config->settings) < 0 ||
	    rules_build(scope, &none, rules_out) < 0)
		return -1;
	config->rules = rules_out->items;
	config->rule_count = rules_out->count;
	return 0;
}

/* Listeners before hosts, which name them. */
static int
build_sections(struct scope *scope)
{
	struct config *config = scope->config;

	for (size_t i = 0; i < scope->section->child_count; i++) {
		struct scope inner = scope_inner(scope, scope->section->children[i]);
		void *base = value_base(config, inner.section->scope);

		if (inner.section->scope == SCHEMA_LISTEN ? add_listener(&inner) < 0 :
		    base != NULL && scope_store(&inner, base) < 0)
			return -1;
	}
	return tls_profile_apply(scope);
}

static int
build_hosts(struct scope *scope, const struct rules *global_rules)
{
	for (size_t i = 0; i < scope->section->child_count; i++) {
		struct scope inner = scope_inner(scope, scope->section->children[i]);

		if (inner.section->scope == SCHEMA_HOST && add_host(&inner, global_rules) < 0)
			return -1;
	}
	if (scope->config->host_count == 0 && add_implicit_host(scope, global_rules) < 0)
		return -1;
	choose_default_host(scope->config);
	return certificates_build(scope);
}

int
build_config(struct config *config, struct tree_section *tree, struct errors *errors)
{
	struct scope scope = { .config = config, .errors = errors, .section = tree };
	struct rules rules;

	/* One more than needed, for the implicit host. */
	config->listeners = keep_alloc(config->keep,
	    (tree->child_count + 1) * sizeof(*config->listeners));
	config->hosts = keep_alloc(config->keep,
	    (tree->child_count + 1) * sizeof(*config->hosts));
	config->roots = keep_alloc(config->keep, 0);
	if (config->listeners == NULL || config->hosts == NULL || config->roots == NULL)
		return -1;
	return build_globals(&scope, &rules) < 0 || build_sections(&scope) < 0 ||
	    build_hosts(&scope, &rules) < 0 ? -1 : 0;
}
