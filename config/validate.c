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
#include "config/path.h"
#include "config/source.h"

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
	}
}

/* A name and where it stands; duplicates are neighbours once sorted. */
struct named {
	const char *name;
	size_t compared_bytes;      /* of name */
	unsigned position;
};

static struct named
named(const char *name, unsigned position)
{
	return (struct named){ name, strlen(name), position };
}

/* "/files/" is the same prefix as "/files". */
static struct named
named_location(const struct config_location *location, unsigned position)
{
	struct named result = named(location->title, position);

	if (!location->is_exact && result.compared_bytes > 1 &&
	    result.name[result.compared_bytes - 1] == '/')
		result.compared_bytes--;
	return result;
}

static int
compare_names(const struct named *a, const struct named *b)
{
	size_t least = a->compared_bytes < b->compared_bytes ? a->compared_bytes :
	    b->compared_bytes;
	int order = memcmp(a->name, b->name, least);

	return order != 0 ? order :
	    (a->compared_bytes > b->compared_bytes) - (a->compared_bytes < b->compared_bytes);
}

static int
compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = compare_names(a, b);

	return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

static void
check_duplicates(const struct validate *check, struct named *names, size_t name_count,
    const char *what)
{
	size_t first = 0;

	qsort(names, name_count, sizeof(*names), compare_named);
	for (size_t i = 1; i < name_count; i++) {
		struct source_place place;

		if (names[i].name[0] == '\0' || compare_names(&names[i], &names[first]) != 0) {
			first = i;
			continue;
		}
		place = source_place(check->errors->source, names[first].position);
		errors_add(check->errors, names[i].position, "%s \"%s\" is there already, expected "
		    "another name than at %s:%u", what, names[i].name, place.file, place.line);
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

static int
check_host_names(const struct validate *check)
{
	struct named *names = calloc(count_host_names(check->config), sizeof(*names));
	const struct tree_section *section;
	size_t at = 0, count = 0;

	if (names == NULL)
		return -1;
	for (size_t i = 0; (section = next_child(check->tree, SCHEMA_HOST, &at)) != NULL; i++) {
		const struct config_host *host = &check->config->hosts[i];
		size_t alias = 0;

		names[count++] = named(host->name, section->position);
		for (size_t j = 0; j < section->value_count; j++) {
			const struct tree_value *value = &section->values[j];

			if (value->row->kind == SCHEMA_HOST_NAMES && value->text != NULL)
				names[count++] = named(host->aliases[alias++], value->position);
		}
	}
	check_duplicates(check, names, count, "host");
	free(names);
	return 0;
}

static void
check_defaults(const struct validate *check)
{
	const struct tree_section *section;
	const struct config_host *first = NULL;
	size_t at = 0;

	for (size_t i = 0; (section = next_child(check->tree, SCHEMA_HOST, &at)) != NULL; i++) {
		const struct config_host *host = &check->config->hosts[i];
		const struct tree_value *value = tree_find_value(section, "default");

		if (!host->is_default || value == NULL)
			continue;
		if (first != NULL)
			errors_add(check->errors, value->position, "host.default is true for a "
			    "second host, expected it once, the first is \"%s\" at %s:%u",
			    first->name, first->file, first->line);
		else
			first = host;
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

static int
check_locations(const struct validate *check, const struct config_host *host,
    const struct tree_section *host_section)
{
	struct named *names = calloc(host->location_count + 1, sizeof(*names));
	size_t count = 0;

	if (names == NULL)
		return -1;
	for (size_t i = 0; i < host->location_count; i++) {
		const struct config_location *location = &host->locations[i];
		unsigned position = host_section->children[i]->position;

		check_alias(check, host_section->children[i]);
		if (location->path[0] != '\0')
			names[count++] = named_location(location, position);
	}
	check_duplicates(check, names, count, "location");
	free(names);
	return 0;
}

/* Workers see nothing but the chroot. */
static int
check_below_chroot(const struct validate *check, const struct tree_section *section)
{
	const char *chroot = check->config->chroot;

	for (size_t i = 0; i < section->value_count; i++) {
		const struct tree_value *value = &section->values[i];
		bool is_wrong;
		char *path;

		if ((value->row->kind != SCHEMA_ROOT && value->row->kind != SCHEMA_ALIAS) ||
		    value->is_wrong || value->text[0] == '\0')
			continue;
		path = path_clean(value->text, &is_wrong);
		if (path == NULL)
			return -1;
		if (!path_is_below(path, chroot))
			errors_add(check->errors, value->position, "%s is \"%s\", expected a path "
			    "below the chroot \"%s\"", value->row->name, path, chroot);
		free(path);
	}
	for (size_t i = 0; i < section->child_count; i++) {
		if (check_below_chroot(check, section->children[i]) < 0)
			return -1;
	}
	return 0;
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
	check_defaults(&check);
	if (check_host_names(&check) < 0)
		return -1;
	for (size_t i = 0; (section = next_child(tree, SCHEMA_HOST, &at)) != NULL; i++) {
		if (check_locations(&check, &config->hosts[i], section) < 0)
			return -1;
	}
	return config->chroot[0] == '\0' ? 0 : check_below_chroot(&check, tree);
}
