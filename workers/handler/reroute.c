/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths that are made here instead of sent by a client. Finding locations is left to route.c,
 * the rounds to site.c. Workers, unprivileged; pure. Rule: such a path is as well normalised
 * as a client's, so that what refuses names with a dot sees them. Shown by test_try_files.c. */
#include "workers/handler/reroute.h"

#include "workers/handler/resolve.h"
#include "workers/handler/route.h"

#define PATH_BYTES 4096             /* PATH_MAX: no longer path can be opened */

/* By way of the encoded form, since that is what is normalised: a '%' stays one. */
struct slice
reroute_normalize(const struct exchange *exchange, struct slice decoded, struct uri_path *info)
{
	size_t cap = decoded.len * 3 + 1;
	char *encoded = arena_alloc(exchange->scratch, cap);
	char *normal = arena_alloc(exchange->scratch, PATH_BYTES);
	long len;

	if (encoded == NULL || normal == NULL)
		return slice_make(NULL, 0);
	len = uri_encode_path(decoded, encoded, cap);
	if (len < 0 || uri_normalize_path(slice_make(encoded, (size_t)len), normal, PATH_BYTES,
	    info) != URI_OK)
		return slice_make(NULL, 0);
	return slice_make(normal, info->len);
}

bool
reroute_find_prefix(const struct exchange *exchange, struct slice *prefix)
{
	const struct config_location *location = exchange->route.location;
	struct slice path = exchange->path, below = exchange->route.below_root;

	if ((location != NULL && location->is_alias && location->alias_path == NULL) ||
	    below.len > path.len ||
	    !slice_equal(slice_make(path.data + path.len - below.len, below.len), below))
		return false;
	path.len -= below.len;
	if (path.len > 0 && path.data[path.len - 1] == '/')
		path.len--;
	*prefix = path;
	return true;
}

/* What the location has below its alias has no address of its own. */
static bool
keeps_what_it_finds(const struct config_location *location)
{
	return location != NULL && location->matcher.match == CONFIG_MATCH_EXACT &&
	    location->is_alias && (location->alias_path == NULL ||
	    location->alias_path == location->matcher.path);
}

bool
reroute_is_due(const struct exchange *exchange, struct slice path)
{
	const struct route *here = &exchange->route;
	struct route there = *here;

	if (here->host->location_count == 0 || keeps_what_it_finds(here->location))
		return false;
	/* What cannot be found out is an error of the next round. */
	return !route_find_location(&there, path, NULL) || there.location != here->location;
}

static bool
have_same_texts(const struct config_texts *one, const struct config_texts *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++) {
		if (strcmp(one->items[i], other->items[i]) != 0)
			return false;
	}
	return true;
}

static bool
have_same_networks(const struct config_access *one, size_t one_count,
    const struct config_access *other, size_t other_count)
{
	if (one_count != other_count)
		return false;
	for (size_t i = 0; i < one_count; i++) {
		if (one[i].depth != other[i].depth || strcmp(one[i].text, other[i].text) != 0)
			return false;
	}
	return true;
}

static bool
lets_everybody_in(const struct config_settings *settings)
{
	return settings->allow_count + settings->deny_count == 0 &&
	    settings->auth_type == CONFIG_AUTH_OFF;
}

/* Whether both let the same clients in, as far as that is plain. */
static bool
have_same_access(const struct config_settings *one, const struct config_settings *other)
{
	if (!have_same_networks(one->allow, one->allow_count, other->allow, other->allow_count) ||
	    !have_same_networks(one->deny, one->deny_count, other->deny, other->deny_count) ||
	    one->auth_type != other->auth_type)
		return false;
	return one->auth_type == CONFIG_AUTH_OFF || (one->satisfy == other->satisfy &&
	    strcmp(one->auth_user_file.path, other->auth_user_file.path) == 0 &&
	    strcmp(one->auth_group_file.path, other->auth_group_file.path) == 0 &&
	    have_same_texts(&one->require_user, &other->require_user) &&
	    have_same_texts(&one->require_group, &other->require_group));
}

/* The location of the file below. False: it cannot be found out. */
static bool
find_location_of(const struct exchange *exchange, struct slice prefix, struct slice below,
    struct route *route)
{
	struct slice path = resolve_path(exchange->scratch, prefix, SLICE_LITERAL("/"), below);

	*route = exchange->route;
	return path.data != NULL && route_find_location(route, path, NULL);
}

bool
reroute_guards(const struct exchange *exchange, struct slice below, struct slice variant_below)
{
	struct route plain, variant;
	struct slice prefix;

	if (exchange->route.host->location_count == 0 ||
	    keeps_what_it_finds(exchange->route.location) ||
	    !reroute_find_prefix(exchange, &prefix))
		return false;
	return !find_location_of(exchange, prefix, below, &plain) ||
	    !find_location_of(exchange, prefix, variant_below, &variant) ||
	    (plain.location != variant.location && !lets_everybody_in(variant.settings) &&
	    !have_same_access(plain.settings, variant.settings));
}

void
reroute_to(struct exchange *exchange, struct slice path, const struct uri_path *info)
{
	exchange->path = path;
	exchange->path_info = *info;
}
