/* SPDX-License-Identifier: BSD-2-Clause */
/* Explains why a location was taken, and what its settings make of the request. Runs in
 * musterd -t; see explain.c. Must stay true: what is said of a file is where it would be looked
 * for, not whether it is there. Shown by test_explain.c. */
#include "workers/handler/explain_parts.h"

#include "config/pattern.h"
#include "workers/handler/match.h"

static const char *
why_taken(const struct config_location *chosen)
{
	switch (chosen->matcher.match) {
	case CONFIG_MATCH_EXACT:
		return "is taken: it is this very path";
	case CONFIG_MATCH_STRONG_PREFIX:
		return "is taken: the longest prefix, and it has \"^~\"";
	case CONFIG_MATCH_PATTERN:
		return "is taken: the first pattern that fits";
	case CONFIG_MATCH_PREFIX:
		break;
	}
	return "is taken: the longest prefix, and no pattern fits";
}

static const char *
why_not(const struct config_location *other, const struct config_location *chosen)
{
	bool is_pattern = other->matcher.match == CONFIG_MATCH_PATTERN;

	switch (chosen->matcher.match) {
	case CONFIG_MATCH_EXACT:
		return "fits, but the exact one goes first";
	case CONFIG_MATCH_STRONG_PREFIX:
		return is_pattern ? "fits, but \"^~\" goes first" : "fits, but is shorter";
	case CONFIG_MATCH_PATTERN:
		return is_pattern ? "fits, but stands later in the file" :
		    other->matcher.match == CONFIG_MATCH_STRONG_PREFIX ?
		    "fits, but a longer prefix without \"^~\" does too" :
		    "fits, but patterns go first";
	case CONFIG_MATCH_PREFIX:
		break;
	}
	return "fits, but is shorter";
}

void
explain_locations(struct explanation *told, const struct route_event *event)
{
	const struct config_location *chosen = event->chosen;
	const char *label = told->level_count++ == 0 ? "location" : "  within";

	if (chosen == NULL)
		explain_say(told, label, NULL, 0, "none fits %s%s", event->path.data,
		    told->level_count == 1 ? ": the host itself" : "");
	for (size_t i = 0; i < event->location_count && chosen != NULL; i++) {
		const struct config_location *one = &event->locations[i];

		if (one != chosen &&
		    match_path(&one->matcher, event->path, NULL) != PATTERN_MATCH)
			continue;
		explain_say(told, label, one->file, one->line, "\"%s\" %s", one->matcher.title,
		    one == chosen ? why_taken(chosen) : why_not(one, chosen));
		label = "";
	}
}

static const char *
path_of(const struct explanation *told, unsigned root_index)
{
	const char *path = told->config->roots[root_index].path;

	return strcmp(path, "/") == 0 ? "" : path;
}

static void
tell_texts(const struct explanation *told, const char *label, const struct config_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		explain_say(told, i == 0 ? label : "", NULL, 0, "%s", texts->items[i]);
}

static void
tell_user_dir(const struct explanation *told)
{
	const struct route *route = &told->exchange->route;
	const struct config_settings *settings = route->settings;

	explain_say(told, "file", NULL, 0, "%s/%.*s%s%s/%s (user_dir = \"%s\")",
	    path_of(told, settings->user_dir_root_index), (int)route->user_name.len,
	    route->user_name.data, settings->user_dir_below[0] != '\0' ? "/" : "",
	    settings->user_dir_below, route->below_root.data, settings->user_dir);
}

/* Why no file is looked for; NULL: one is. */
static const char *
why_no_file(const struct exchange *exchange)
{
	const struct route *route = &exchange->route;

	if (exchange->path_info.has_dot_name && !route->settings->dot_files)
		return "answer 403: a name begins with a dot (dot_files)";
	if (route->is_user_dir)
		return route->user_name.len > 0 ? NULL :
		    "answer 404: nobody can be called so (user_dir)";
	return route->settings->root_index != CONFIG_NO_ROOT ? NULL :
	    "answer 404: there is no root";
}

static void
tell_file(const struct explanation *told)
{
	const struct exchange *exchange = told->exchange;
	const struct route *route = &exchange->route;
	const struct config_settings *settings = route->settings;
	bool is_directory = exchange->path_info.ends_with_slash &&
	    !(route->location != NULL && route->location->alias_file != NULL);

	if (why_no_file(exchange) != NULL) {
		explain_say(told, "file", NULL, 0, "none, %s", why_no_file(exchange));
		return;
	}
	if (route->is_user_dir)
		tell_user_dir(told);
	else
		explain_say(told, "file", NULL, 0, "%s/%s%s",
		    path_of(told, settings->root_index), route->below_root.data,
		    route->location != NULL && route->location->is_alias ? " (alias)" : "");
	if (is_directory && settings->try_files.count == 0)
		tell_texts(told, "index", &settings->index);
	tell_texts(told, "try_files", &settings->try_files);
}

/* Of allow and deny: where an entry was written. */
static const char *
scope_of_depth(unsigned depth)
{
	return depth == 0 ? "for all hosts" : depth == 1 ? "in the host" :
	    depth == 2 ? "in the location" : "in the inner location";
}

static void
tell_networks(const struct explanation *told, const char *label,
    const struct config_access *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		explain_say(told, i == 0 ? label : "", NULL, 0, "%s, %s", networks[i].text,
		    scope_of_depth(networks[i].depth));
}

static void
tell_access(const struct explanation *told)
{
	const struct config_settings *settings = told->exchange->route.settings;
	bool has_networks = settings->allow_count + settings->deny_count > 0;

	tell_networks(told, "allow", settings->allow, settings->allow_count);
	tell_networks(told, "deny", settings->deny, settings->deny_count);
	if (settings->auth_type == CONFIG_AUTH_OFF)
		return;
	explain_say(told, "password", NULL, 0, "%s for \"%s\", users in %s",
	    settings->auth_type == CONFIG_AUTH_BASIC ? "basic" : "digest", settings->auth_name,
	    settings->auth_user_file.path[0] != '\0' ? settings->auth_user_file.path :
	    "no file at all");
	tell_texts(told, "user", &settings->require_user);
	tell_texts(told, "group", &settings->require_group);
	if (has_networks)
		explain_say(told, "satisfy", NULL, 0, "%s", settings->satisfy ==
		    CONFIG_SATISFY_ANY ? "any: address or password" :
		    "all: address and password");
}

void
explain_route(const struct explanation *told)
{
	const struct route *route = &told->exchange->route;

	if (route->location == NULL && told->level_count == 0)
		explain_say(told, "location", NULL, 0, "there is none: the host itself");
	tell_file(told);
	tell_access(told);
}
