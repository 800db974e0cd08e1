/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing: host and path to settings. Workers, and whoever explains a URL; pure but for the log.
 * What is asked of the path itself is left to match.c, rewrites and captures to rules.c.
 * Must stay true: the order of the file decides between patterns and nothing else.
 * Shown by test_route.c. */
#include "workers/handler/route.h"

#include <stdint.h>

#include "config/pattern.h"
#include "server/base/log.h"
#include "workers/handler/match.h"

#define USER_NAME_MAX 64

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* A name as it is compared: in lower case, without a dot at its end; "" for one that is longer
 * than any can be. */
struct asked_name {
	char text[256];
	size_t len;
};

static void
take_name(struct slice name, struct asked_name *asked)
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	asked->len = name.len < sizeof asked->text ? name.len : 0;
	for (size_t i = 0; i < asked->len; i++)
		asked->text[i] = lower(name.data[i]);
	asked->text[asked->len] = '\0';
}

/* How well a configured name fits: 0 not at all, else more for a closer fit. */
static size_t
name_fit(const char *configured, const struct asked_name *asked)
{
	size_t suffix_len;

	if (configured[0] != '*')
		return strcmp(configured, asked->text) == 0 ? SIZE_MAX : 0;
	suffix_len = strlen(configured + 1);    /* ".example.org", or "" */
	if (suffix_len > 0 && asked->len <= suffix_len)
		return 0;
	return strcmp(configured + 1, asked->text + asked->len - suffix_len) == 0 ?
	    1 + suffix_len : 0;
}

/* The closest of a host's names. */
static size_t
host_fit(const struct config_host *host, const struct asked_name *asked, const char **name_out)
{
	size_t best = name_fit(host->name, asked);

	*name_out = host->name;
	for (size_t i = 0; i < host->alias_count && best != SIZE_MAX; i++) {
		size_t fit = name_fit(host->aliases[i], asked);

		if (fit > best) {
			best = fit;
			*name_out = host->aliases[i];
		}
	}
	return best;
}

/* A listener without a host of its own, which no configuration has, gets the first one. */
static struct route_host
default_host(const struct config *config, uint64_t listener_bit, bool has_name)
{
	struct route_host found = { NULL, has_name ? ROUTE_NAME_UNKNOWN : ROUTE_NAME_NONE, "" };

	for (size_t i = 0; i < config->host_count; i++) {
		const struct config_host *host = &config->hosts[i];

		if ((host->listener_bits & listener_bit) != 0 &&
		    (found.host == NULL || (host->is_default && !found.host->is_default)))
			found.host = host;
	}
	if (found.host == NULL)
		found.host = &config->hosts[0];
	return found;
}

struct route_host
route_find_host(const struct config *config, unsigned listener_index, struct slice name)
{
	uint64_t listener_bit = UINT64_C(1) << listener_index;
	struct route_host best = { NULL, ROUTE_NAME_EXACT, "" };
	struct asked_name asked;
	size_t best_fit = 0;

	take_name(name, &asked);
	for (size_t i = 0; i < config->host_count && best_fit != SIZE_MAX; i++) {
		const struct config_host *host = &config->hosts[i];
		const char *fitted;
		size_t fit = (host->listener_bits & listener_bit) == 0 ? 0 :
		    host_fit(host, &asked, &fitted);

		if (fit > best_fit) {
			best.host = host;
			best.name = fitted;
			best_fit = fit;
		}
	}
	if (best_fit == 0)
		return default_host(config, listener_bit, asked.len > 0);
	if (best_fit != SIZE_MAX)
		best.why = ROUTE_NAME_WILDCARD;
	return best;
}

/* The first one whose pattern fits; *chosen_out stays when there is none. */
static bool
choose_pattern(const struct config_location *locations, size_t count, struct slice path,
    const struct config_location **chosen_out)
{
	for (size_t i = 0; i < count; i++) {
		const struct config_location *one = &locations[i];

		if (one->matcher.match != CONFIG_MATCH_PATTERN)
			continue;
		switch (match_path(&one->matcher, path, NULL)) {
		case PATTERN_NO_MATCH:
			break;
		case PATTERN_MATCH:
			*chosen_out = one;
			return true;
		case PATTERN_TOO_COSTLY:
			log_error("%s:%u: location \"%s\": the pattern takes too long for \"%s\"",
			    one->file, one->line, one->matcher.title, path.data);
			return false;
		}
	}
	return true;
}

/* One of these locations or NULL. False: it cannot be found out. */
static bool
choose(const struct config_location *locations, size_t count, struct slice path,
    const struct config_location **chosen_out)
{
	const struct config_location *best = NULL;
	size_t best_bytes = 0, bytes;
	bool has_pattern = false;

	for (size_t i = 0; i < count; i++) {
		const struct config_location *one = &locations[i];

		if (one->matcher.match == CONFIG_MATCH_PATTERN) {
			has_pattern = true;
		} else if (one->matcher.match == CONFIG_MATCH_EXACT) {
			if (match_exact(one->matcher.path, path)) {
				*chosen_out = one;
				return true;
			}
		} else if (match_prefix(one->matcher.path, path, &bytes) &&
		    (best == NULL || bytes > best_bytes)) {
			best = one;
			best_bytes = bytes;
		}
	}
	*chosen_out = best;
	if (!has_pattern || (best != NULL && best->matcher.match == CONFIG_MATCH_STRONG_PREFIX))
		return true;
	return choose_pattern(locations, count, path, chosen_out);
}

static struct slice
skip(struct slice path, size_t bytes)
{
	if (bytes > path.len)
		bytes = path.len;
	return slice_make(path.data + bytes, path.len - bytes);
}

static struct slice
skip_slashes(struct slice path)
{
	while (path.len > 0 && path.data[0] == '/')
		path.data++, path.len--;
	return path;
}

/* What an alias looks up: the path behind the location's, which may lack its slash. */
static struct slice
below_alias(const struct config_location *location, struct slice path)
{
	if (location->alias_file != NULL)
		return slice_from_text(location->alias_file);
	if (location->alias_path == NULL)
		return slice_make("", 0);
	return skip_slashes(skip(path, strlen(location->alias_path)));
}

static bool
is_user_name(struct slice name)
{
	if (name.len == 0 || name.len > USER_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = lower(name.data[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		    (i > 0 && (c == '.' || c == '-'))))
			return false;
	}
	return true;
}

/* "/~name" and what follows it. */
static void
enter_user_dir(struct route *route, struct slice path)
{
	struct slice rest = skip(path, 2), name = slice_make(rest.data, 0);

	while (name.len < rest.len && rest.data[name.len] != '/')
		name.len++;
	route->is_user_dir = true;
	route->user_name = slice_make(name.data, is_user_name(name) ? name.len : 0);
	route->below_root = skip_slashes(skip(rest, name.len));
}

/* A location that names the path, or says where its files are, knows better than user_dir;
 * one for all paths, or for all of a kind, does not. */
static bool
claims_path(const struct config_location *location)
{
	return location->matcher.match == CONFIG_MATCH_PATTERN ? location->alias_text != NULL :
	    location->matcher.match == CONFIG_MATCH_EXACT || location->matcher.path[1] != '\0';
}

bool
route_find_location(struct route *route, struct slice path, const struct route_trace *trace)
{
	const struct config_location *locations = route->host->locations, *inner;
	size_t count = route->host->location_count;
	bool is_claimed = false, is_found = true;

	route->location = NULL;
	while (count > 0) {
		is_found = choose(locations, count, path, &inner);
		if (trace != NULL)
			trace->tell(trace->context, &(struct route_event){ .path = path,
			    .step = ROUTE_STEP_LOCATIONS, .locations = locations,
			    .location_count = count, .chosen = inner });
		if (inner == NULL)
			break;
		route->location = inner;
		is_claimed |= claims_path(inner);
		locations = inner->locations;
		count = is_found ? inner->location_count : 0;
	}
	route->settings = route->location != NULL ? &route->location->settings :
	    &route->host->settings;
	route->is_user_dir = false;
	route->user_name = slice_make("", 0);
	if (!is_claimed && path.len > 1 && path.data[1] == '~' &&
	    route->settings->user_dir_root_index != CONFIG_NO_ROOT)
		enter_user_dir(route, path);
	else if (route->location != NULL && route->location->is_alias)
		route->below_root = below_alias(route->location, path);
	else
		route->below_root = skip_slashes(path);
	return is_found;
}
