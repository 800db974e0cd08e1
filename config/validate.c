/* SPDX-License-Identifier: BSD-2-Clause */
/* Cross checks: values that are right alone and wrong together. Each value alone is
 * build.c's; what the system says to them (a root that does not exist, a port in
 * use) shows when the master opens them. Pure; runs wherever a configuration is read.
 * The rest of the program relies on every relation that is checked here.
 * Shown by tests/unit/config/test_validate.c. */
#include "config/validate.h"

#include <stdlib.h>
#include <string.h>

#include "config/address.h"
#include "config/duplicates.h"
#include "config/features.h"
#include "config/matcher.h"
#include "config/source.h"
#include "config/usage.h"

struct validate {
	const struct config *config;
	const struct tree_section *tree;
	struct errors *errors;
};

/* One value of a comparison. */
struct operand {
	unsigned position;          /* 0: default, in a section that is not written */
	bool is_wrong;
};

static struct operand
operand(const struct tree_section *tree, enum schema_scope scope, const char *name)
{
	const struct tree_section *section = tree_find_child(tree, scope);
	const struct tree_value *value;

	if (section == NULL)
		return (struct operand){ 0, false };
	value = tree_find_value(section, name);
	if (value == NULL)
		return (struct operand){ 0, false };
	return (struct operand){ value->position, value->is_wrong };
}

/* Where to complain about two values: at the one that was written last. */
static unsigned
later(struct operand a, struct operand b)
{
	return a.position > b.position ? a.position : b.position;
}

/* So many workers on each listening socket have room together. */
static void
check_room(const struct validate *check, const char *name, unsigned each_count)
{
	const struct config_pool *pool = &check->config->pool;
	size_t listener_count = check->config->listener_count;
	struct operand each = operand(check->tree, SCHEMA_POOL, name);
	struct operand all = operand(check->tree, SCHEMA_POOL, "max_workers");

	if (each.is_wrong || all.is_wrong || each_count * listener_count <= pool->max_worker_count)
		return;
	errors_add(check->errors, later(each, all), "pool.%s is %u for each of %zu listen "
	    "sections, expected at most pool.max_workers together, which is %u", name, each_count,
	    listener_count, pool->max_worker_count);
}

/* What keepers hand on has at least one worker of its own. */
static void
check_handover(const struct validate *check)
{
	const struct config_pool *pool = &check->config->pool;
	unsigned keeper_count = check->config->keepalive.keeper_count;
	size_t listener_count = check->config->listener_count;
	struct operand each = operand(check->tree, SCHEMA_POOL, "start");
	struct operand all = operand(check->tree, SCHEMA_POOL, "max_workers");

	if (keeper_count == 0 || each.is_wrong || all.is_wrong ||
	    pool->start_count * listener_count != pool->max_worker_count)
		return;
	errors_add(check->errors, later(each, all), "pool.start of all listen sections is as "
	    "much as pool.max_workers, which is %u, expected room for a worker more, which the "
	    "keepers need, or keepalive.keepers = 0", pool->max_worker_count);
}

static void
check_pool(const struct validate *check)
{
	const struct config_pool *pool = &check->config->pool;
	struct operand least = operand(check->tree, SCHEMA_POOL, "min_idle");
	struct operand most = operand(check->tree, SCHEMA_POOL, "max_idle");

	if (!least.is_wrong && !most.is_wrong && pool->min_idle_count > pool->max_idle_count)
		errors_add(check->errors, later(least, most), "pool.min_idle is %u, expected at "
		    "most pool.max_idle, which is %u", pool->min_idle_count, pool->max_idle_count);
	check_room(check, "start", pool->start_count);
	check_room(check, "min_idle", pool->min_idle_count);
	check_handover(check);
}

static void
check_limits(const struct validate *check)
{
	const struct config_limits *limits = &check->config->limits;
	struct operand line = operand(check->tree, SCHEMA_LIMITS, "request_line");
	struct operand size = operand(check->tree, SCHEMA_LIMITS, "header_size");

	if (!line.is_wrong && !size.is_wrong && limits->request_line_bytes > limits->header_bytes)
		errors_add(check->errors, later(line, size), "limits.request_line is %zu bytes, "
		    "expected at most limits.header_size, which is %zu", limits->request_line_bytes,
		    limits->header_bytes);
}

/* The next child of a scope at or after *at, which moves behind it. */
static const struct tree_section *
next_child(const struct tree_section *section, enum schema_scope scope, size_t *at)
{
	while (*at < section->child_count) {
		const struct tree_section *child = section->children[(*at)++];

		if (child->scope == scope)
			return child;
	}
	return NULL;
}

static struct address
address_of(const struct config_listener *listener)
{
	return (struct address){ listener->address, listener->address_bytes,
	    listener->is_dual_stack };
}

static void
check_collision(const struct validate *check, size_t index, unsigned position)
{
	const struct config_listener *listeners = check->config->listeners;
	struct address address = address_of(&listeners[index]);

	for (size_t i = 0; i < index && address.bytes > 0; i++) {
		struct address earlier = address_of(&listeners[i]);

		if (earlier.bytes == 0 || !address_collides(&address, &earlier))
			continue;
		errors_add(check->errors, position, "listen \"%s\" takes the same address as "
		    "\"%s\" at %s:%u, expected another address or port", listeners[index].text,
		    listeners[i].text, listeners[i].file, listeners[i].line);
		return;
	}
}

static void
check_feature(const struct validate *check, const struct config_listener *listener,
    const struct tree_section *section)
{
	const char *missing = features_missing("tls", "true");
	const struct tree_value *value = tree_find_value(section, "tls");

	if (missing != NULL && listener->tls && value != NULL)
		errors_add(check->errors, value->position, "listen.tls is true, expected false: "
		    "this muster is built without %s", missing);
}

static void
check_listeners(const struct validate *check)
{
	const struct tree_section *section;
	size_t at = 0, index = 0;

	if (check->config->listener_count == 0)
		errors_add(check->errors, 0, "no listen section, expected at least one, such as "
		    "listen \"*:80\" {}");
	for (; (section = next_child(check->tree, SCHEMA_LISTEN, &at)) != NULL; index++) {
		if (index == CONFIG_LISTENERS_MAX) {
			errors_add(check->errors, section->position, "too many listen sections, "
			    "expected at most %d", CONFIG_LISTENERS_MAX);
			return;
		}
		check_collision(check, index, section->position);
		check_feature(check, &check->config->listeners[index], section);
	}
}

static size_t
count_host_names(const struct config *config)
{
	size_t count = config->host_count;

	for (size_t i = 0; i < config->host_count; i++)
		count += config->hosts[i].alias_count;
	return count;
}

static struct duplicates_name
host_name(const struct config_host *host, const char *name, unsigned position)
{
	return (struct duplicates_name){ name, name, strlen(name), 0, host->listener_bits,
	    position };
}

/* The same name is another host's where that one listens elsewhere. */
static int
check_host_names(const struct validate *check)
{
	struct duplicates_name *names = calloc(count_host_names(check->config), sizeof(*names));
	const struct tree_section *section;
	size_t at = 0, count = 0;

	if (names == NULL)
		return -1;
	for (size_t i = 0; (section = next_child(check->tree, SCHEMA_HOST, &at)) != NULL; i++) {
		const struct config_host *host = &check->config->hosts[i];
		size_t alias = 0;

		names[count++] = host_name(host, host->name, section->position);
		for (size_t k = 0; k < section->value_count && alias < host->alias_count; k++) {
			const struct tree_value *value = &section->values[k];

			if (value->row->kind == SCHEMA_HOST_NAMES && value->text != NULL &&
			    !value->is_wrong)
				names[count++] = host_name(host, host->aliases[alias++],
				    value->position);
		}
	}
	duplicates_find(check->errors, "host", names, count);
	free(names);
	return 0;
}

/* At most one default on each listener, and somebody to answer there. */
static void
check_listened(const struct validate *check)
{
	const struct config_host *hosts = check->config->hosts;
	const struct tree_section *section;
	uint64_t default_bits = 0, served_bits = 0;
	size_t at = 0, first;

	for (size_t i = 0; (section = next_child(check->tree, SCHEMA_HOST, &at)) != NULL; i++) {
		const struct tree_value *value = tree_find_value(section, "default");

		served_bits |= hosts[i].listener_bits;
		if (!hosts[i].is_default || value == NULL)
			continue;
		for (first = 0; (default_bits & hosts[i].listener_bits) != 0; first++) {
			if (!hosts[first].is_default ||
			    (hosts[first].listener_bits & hosts[i].listener_bits) == 0)
				continue;
			errors_add(check->errors, value->position, "host.default is true for a "
			    "second host, expected it once on a listener, the first is \"%s\" at "
			    "%s:%u", hosts[first].name, hosts[first].file, hosts[first].line);
			break;
		}
		default_bits |= hosts[i].listener_bits;
	}
	at = 0;
	for (size_t i = 0; served_bits != 0 && i < CONFIG_LISTENERS_MAX &&
	    (section = next_child(check->tree, SCHEMA_LISTEN, &at)) != NULL; i++) {
		if ((served_bits >> i & 1) == 0)
			errors_add(check->errors, section->position, "listen \"%s\" has no host, "
			    "expected one with it in host.listen", section->title);
	}
}

static void
check_alias(const struct validate *check, const struct tree_section *section)
{
	const struct tree_value *alias = tree_find_value(section, "alias");
	const struct tree_value *root = tree_find_value(section, "root");

	if (alias != NULL && root != NULL)
		errors_add(check->errors, later((struct operand){ alias->position, false },
		    (struct operand){ root->position, false }),
		    "location.alias and location.root are both set, expected one of them");
}

/* "/files/" is the same prefix as "/files", and "^~ /files" as well. */
static struct duplicates_name
location_name(const struct config_matcher *matcher, unsigned position)
{
	bool is_prefix = matcher_is_prefix(matcher);
	bool is_root = strcmp(matcher->path, "/") == 0;

	return (struct duplicates_name){ matcher->title,
	    matcher->match == CONFIG_MATCH_PATTERN ? matcher->title : matcher->path,
	    matcher->match == CONFIG_MATCH_PATTERN ? strlen(matcher->title) :
	    is_prefix && !is_root ? matcher_prefix_bytes(matcher) : strlen(matcher->path),
	    is_prefix ? CONFIG_MATCH_PREFIX : matcher->match, 1, position };
}

static int
check_locations(const struct validate *check, const struct config_location *locations,
    size_t location_count, const struct tree_section *outer)
{
	struct duplicates_name *names = calloc(location_count + 1, sizeof(*names));
	const struct tree_section *section;
	size_t at = 0, count = 0;
	int outcome = 0;

	if (names == NULL)
		return -1;
	while (outcome == 0 && (section = next_child(outer, SCHEMA_LOCATION, &at)) != NULL) {
		const struct config_location *location = &locations[count];

		check_alias(check, section);
		names[count++] = location_name(&location->matcher, section->position);
		outcome = check_locations(check, location->locations, location->location_count,
		    section);
	}
	duplicates_find(check->errors, "location", names, count);
	free(names);
	return outcome;
}

int
validate_config(const struct config *config, const struct tree_section *tree,
    struct errors *errors)
{
	struct validate check = { config, tree, errors };
	const struct tree_section *section;
	size_t at = 0;

	check_pool(&check);
	check_limits(&check);
	check_listeners(&check);
	check_listened(&check);
	if (check_host_names(&check) < 0)
		return -1;
	for (size_t i = 0; (section = next_child(tree, SCHEMA_HOST, &at)) != NULL; i++) {
		const struct config_host *host = &config->hosts[i];

		if (check_locations(&check, host->locations, host->location_count, section) < 0)
			return -1;
	}
	if (errors->shown->count == 0)
		usage_check(config, tree, errors);
	return 0;
}
