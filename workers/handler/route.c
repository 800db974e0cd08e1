/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing: host and path to settings. Workers; pure. Shown by test_route.c. */
#include "workers/handler/route.h"

/* How well a configured name fits: 0 not at all, else more for a closer fit. An exact
 * name beats any wildcard (names are at most 253 bytes), a longer wildcard a shorter one. */
static size_t
name_fit(const char *name, struct slice host)
{
	size_t len = strlen(name), suffix_len;

	if (name[0] != '*')
		return slice_equal_nocase(slice_make(name, len), host) ? 1024 : 0;
	if (len == 1)
		return 1;           /* "*" */
	suffix_len = len - 1;       /* ".example.org" */
	if (host.len <= suffix_len)
		return 0;
	return slice_equal_nocase(slice_make(name + 1, suffix_len),
	    slice_make(host.data + host.len - suffix_len, suffix_len)) ? len : 0;
}

static const struct config_host *
find_host(const struct config *config, struct slice host)
{
	const struct config_host *best = NULL, *fallback = &config->hosts[0];
	size_t best_fit = 0, i, k;

	if (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	for (i = 0; i < config->host_count; i++) {
		const struct config_host *one = &config->hosts[i];
		size_t fit = name_fit(one->name, host);

		for (k = 0; k < one->alias_count; k++) {
			size_t alias_fit = name_fit(one->aliases[k], host);

			if (alias_fit > fit)
				fit = alias_fit;
		}
		if (fit > best_fit) {
			best = one;
			best_fit = fit;
		}
		if (one->is_default)
			fallback = one;
	}
	return best != NULL ? best : fallback;
}

/* Whole segments only: "/files" and "/files/" both fit "/files" and "/files/x", and
 * neither fits "/filesystem". */
static bool
prefix_fits(const char *prefix, size_t len, struct slice path)
{
	if (len > 0 && prefix[len - 1] == '/')
		len--;
	return slice_starts_with(path, slice_make(prefix, len)) &&
	    (path.len == len || path.data[len] == '/');
}

static const struct config_location *
find_location(const struct config_host *host, struct slice path)
{
	const struct config_location *best = NULL;
	size_t best_len = 0, i;

	for (i = 0; i < host->location_count; i++) {
		const struct config_location *one = &host->locations[i];
		size_t len = strlen(one->path);

		if (one->is_exact) {
			if (slice_equal(path, slice_make(one->path, len)))
				return one;
		} else if ((best == NULL || len > best_len) && prefix_fits(one->path, len, path)) {
			best = one;
			best_len = len;
		}
	}
	return best;
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
behind_prefix(struct slice path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (len > path.len)
		len = path.len;
	return skip_slashes(slice_make(path.data + len, path.len - len));
}

void
route_find(const struct config *config, struct slice host, struct slice path,
    struct route *route)
{
	const struct config_location *location;

	route->host = find_host(config, host);
	location = find_location(route->host, path);
	route->location = location;
	route->settings = location != NULL ? &location->settings : &route->host->settings;
	if (location != NULL && location->alias_file != NULL)
		route->below_root = slice_from_text(location->alias_file);
	else if (location != NULL && location->is_alias)
		route->below_root = behind_prefix(path, location->path);
	else
		route->below_root = skip_slashes(path);
}
