/* SPDX-License-Identifier: BSD-2-Clause */
/* What only the resolved settings of a host or location can show: a setting that is of no
 * use without another one, wherever that comes from. Pure; runs wherever a configuration is
 * read, when every value and every section is right by itself. A mistake that an inner scope
 * inherits is told once, at the outer one.
 * Shown by tests/unit/config/test_validate.c. */
#include "config/usage.h"

#include <string.h>

struct usage {
	struct errors *errors;
	const struct tree_section *section;
	const struct config_settings *outer;    /* NULL: of a host, which answers for all */
};

static bool
lacks_user_file(const struct config_settings *settings)
{
	return settings->auth_type != CONFIG_AUTH_OFF && settings->auth_user_file.path[0] == '\0';
}

static bool
lacks_group_file(const struct config_settings *settings)
{
	return settings->auth_type != CONFIG_AUTH_OFF && settings->require_group.count > 0 &&
	    settings->auth_group_file.path[0] == '\0';
}

static bool
lacks_auth_type(const struct config_settings *settings)
{
	return settings->auth_type == CONFIG_AUTH_OFF &&
	    settings->require_user.count + settings->require_group.count > 0;
}

/* A browser would refuse it, and any site could ask for what it is not to see. */
static bool
has_open_credentials(const struct config_settings *settings)
{
	for (size_t i = 0; settings->cors_credentials && i < settings->cors.count; i++) {
		if (strcmp(settings->cors.items[i], "*") == 0)
			return true;
	}
	return false;
}

static const struct {
	bool (*is_wrong)(const struct config_settings *settings);
	const char *directive;      /* whose line is shown, where it stands in the scope */
	const char *excuse;         /* what makes it right when it stands there; NULL: nothing */
	const char *message;
} rules[] = {
	{ lacks_user_file, "auth_type", NULL, "auth_type has no users, expected auth_user_file "
	    "with it" },
	{ lacks_group_file, "require_group", NULL, "require_group has no groups, expected "
	    "auth_group_file with it" },
	{ lacks_auth_type, "require_user", "auth_type", "users or groups are required of nobody, "
	    "expected auth_type \"basic\" or \"digest\" with it" },
	{ has_open_credentials, "cors_credentials", NULL, "cors_credentials is true for every "
	    "origin, expected named ones in cors in place of \"*\"" },
};

static bool
is_excused(const struct usage *usage, const char *excuse)
{
	return excuse != NULL && tree_find_value(usage->section, excuse) != NULL;
}

static void
check_settings(const struct usage *usage, const struct config_settings *settings)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct tree_value *value = tree_find_value(usage->section,
		    rules[i].directive);

		if (rules[i].is_wrong(settings) && !is_excused(usage, rules[i].excuse) &&
		    (usage->outer == NULL || !rules[i].is_wrong(usage->outer)))
			errors_add(usage->errors, value != NULL ? value->position :
			    usage->section->position, "%s", rules[i].message);
	}
}

static void
check_locations(const struct usage *outer, const struct config_settings *outer_settings,
    const struct config_location *locations)
{
	size_t index = 0;

	for (size_t i = 0; i < outer->section->child_count; i++) {
		struct usage usage = { outer->errors, outer->section->children[i],
		    outer_settings };
		const struct config_location *location = &locations[index];

		if (usage.section->scope != SCHEMA_LOCATION)
			continue;
		index++;
		check_settings(&usage, &location->settings);
		check_locations(&usage, &location->settings, location->locations);
	}
}

void
usage_check(const struct config *config, const struct tree_section *tree, struct errors *errors)
{
	struct usage usage = { errors, tree, NULL };
	size_t index = 0;

	for (size_t i = 0; i < tree->child_count; i++) {
		usage.section = tree->children[i];
		if (usage.section->scope != SCHEMA_HOST)
			continue;
		check_settings(&usage, &config->hosts[index].settings);
		check_locations(&usage, &config->hosts[index].settings,
		    config->hosts[index].locations);
		index++;
	}
	usage.section = tree;
	if (index == 0)             /* the implicit host has the global settings */
		check_settings(&usage, &config->hosts[0].settings);
}
