/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects and rewrites: matcher, target and status of each, and the list of them that
 * applies in a scope; and the redirect that leads from http to https. Applying them to a path
 * is workers/handler/rules.c. Runs wherever a configuration is read. A rule that loads has all
 * that its status and target need: no capture is used that its pattern lacks.
 * Shown by tests/unit/config/test_rules.c. */
#include "config/rules.h"

#include <stdio.h>
#include <string.h>

#include "config/address.h"
#include "config/keep.h"
#include "config/matcher.h"
#include "config/pattern.h"
#include "config/template.h"

#define HTTPS_PORT 443u

static void
free_template(void *thing)
{
	struct template *template = thing;

	template_free(&template);
}

static bool
is_redirection(unsigned status)
{
	return status >= 300 && status < 400;
}

/* NULL: the target is right for this rule. */
static const char *
check_target(const struct config_rule *rule)
{
	bool is_path = rule->to[0] == '/' || rule->to[0] == '$';

	if (rule->is_rewrite && (!is_path || rule->target->is_absolute))
		return "a path that starts with \"/\"";
	if (!rule->is_rewrite && !is_path && !rule->target->is_absolute)
		return "a path that starts with \"/\", or an address such as "
		    "\"https://example.org/\"";
	if (rule->target->capture_max > 0 && rule->matcher.match != CONFIG_MATCH_PATTERN)
		return "no \"$1\" and the like, which only patterns have";
	return NULL;
}

static void
check_captures(const struct scope *scope, struct tree_value *value,
    const struct config_rule *rule)
{
	unsigned capture_count = pattern_capture_count(rule->matcher.pattern);
	char expected[96];

	if (rule->target->capture_max <= capture_count)
		return;
	if (capture_count == 0)
		snprintf(expected, sizeof(expected), "no \"$%u\": the pattern has no parentheses",
		    rule->target->capture_max);
	else
		snprintf(expected, sizeof(expected), "\"$%u\" at most, as the pattern has it",
		    capture_count);
	scope_complain(scope, value, expected);
}

static int
compile_target(const struct scope *scope, struct config_rule *rule)
{
	struct tree_value *value = tree_find_value(scope->section, "to");
	char expected[256] = "";
	const char *problem;

	if (rule->to[0] == '\0' || value == NULL || value->is_wrong)
		return 0;
	rule->target = template_compile(rule->to, expected, sizeof(expected));
	if (rule->target == NULL) {
		scope_complain(scope, value, expected);
		return 0;
	}
	if (keep_call(scope->config->keep, free_template, rule->target) < 0)
		return -1;
	problem = check_target(rule);
	if (problem != NULL)
		scope_complain(scope, value, problem);
	else if (rule->matcher.pattern != NULL)
		check_captures(scope, value, rule);
	return 0;
}

static void
check_need(const struct scope *scope, const struct config_rule *rule)
{
	struct tree_value *value = tree_find_value(scope->section, "to");
	struct tree_value *status = tree_find_value(scope->section, "status");
	char expected[64];

	if ((status != NULL && status->is_wrong) || (value != NULL && value->is_wrong))
		return;
	if (rule->is_rewrite && rule->to[0] == '\0')
		errors_add(scope->errors, scope->section->position,
		    "rewrite has no to, expected a path to go on with");
	if (!rule->is_rewrite && rule->to[0] == '\0' && is_redirection(rule->status))
		errors_add(scope->errors, scope->section->position,
		    "redirect has no to, expected one with status %u", rule->status);
	if (!rule->is_rewrite && rule->to[0] != '\0' && !is_redirection(rule->status)) {
		snprintf(expected, sizeof(expected), "none with status %u", rule->status);
		scope_complain(scope, value, expected);
	}
}

static int
build_rule(struct scope *scope, struct config_rule *rule)
{
	struct config *config = scope->config;
	struct source_place place = scope_place(scope);

	rule->is_rewrite = scope->section->scope == SCHEMA_REWRITE;
	rule->line = place.line;
	rule->file = keep_text(config->keep, place.file);
	if (rule->file == NULL || matcher_build(scope, &rule->matcher) < 0 ||
	    scope_store_defaults(config, scope->section->scope, rule) < 0 ||
	    scope_store(scope, rule) < 0 || compile_target(scope, rule) < 0)
		return -1;
	check_need(scope, rule);
	return 0;
}

static bool
is_rule(const struct tree_section *section)
{
	return section->scope == SCHEMA_REDIRECT || section->scope == SCHEMA_REWRITE;
}

int
rules_build(const struct scope *scope, const struct rules *outer, struct rules *rules_out)
{
	const struct tree_section *section = scope->section;
	size_t own_count = 0;

	for (size_t i = 0; i < section->child_count; i++)
		own_count += is_rule(section->children[i]);
	if (own_count == 0 && scope->reset.count == 0 && outer->items != NULL) {
		*rules_out = (struct rules){ outer->items, outer->count, outer->count };
		return 0;
	}
	*rules_out = (struct rules){ .items = keep_alloc(scope->config->keep,
	    (outer->count + own_count) * sizeof(*rules_out->items)) };
	if (rules_out->items == NULL)
		return -1;
	for (size_t i = 0; i < outer->count; i++) {
		if (!scope_resets(scope, outer->items[i].is_rewrite ? "rewrite" : "redirect"))
			rules_out->items[rules_out->count++] = outer->items[i];
	}
	rules_out->own_index = rules_out->count;
	for (size_t i = 0; i < section->child_count; i++) {
		struct scope inner = scope_inner(scope, section->children[i]);

		if (is_rule(section->children[i]) &&
		    build_rule(&inner, &rules_out->items[rules_out->count++]) < 0)
			return -1;
	}
	return 0;
}

/* 443 where one of the host's TLS listeners has it, or where somebody else speaks TLS for it. */
static unsigned
https_port(const struct config *config, const struct config_host *host)
{
	unsigned chosen = 0;

	for (size_t i = 0; i < config->listener_count && i < CONFIG_LISTENERS_MAX; i++) {
		unsigned port = address_port(&config->listeners[i].address);

		if ((host->listener_bits >> i & 1) == 0 || !config->listeners[i].tls || port == 0)
			continue;
		if (port == HTTPS_PORT || chosen == 0)
			chosen = port;
	}
	return chosen != 0 ? chosen : HTTPS_PORT;
}

int
rules_build_https(const struct scope *scope, const struct config_host *host,
    struct config_rule *rule)
{
	struct keep *keep = scope->config->keep;
	unsigned port = https_port(scope->config, host);
	char to[64], expected[256];

	snprintf(to, sizeof(to), "https://$host:%u$request_uri", port);
	if (port == HTTPS_PORT)
		snprintf(to, sizeof(to), "https://$host$request_uri");
	*rule = (struct config_rule){ .matcher = { .title = keep_text(keep, "https_redirect"),
	    .match = CONFIG_MATCH_PREFIX, .path = keep_text(keep, "/") }, .status = 301,
	    .to = keep_text(keep, to), .file = host->file, .line = host->line,
	    .target = template_compile(to, expected, sizeof(expected)) };
	if (rule->target == NULL || keep_call(keep, free_template, rule->target) < 0)
		return -1;
	return rule->matcher.title == NULL || rule->matcher.path == NULL || rule->to == NULL ?
	    -1 : 0;
}
