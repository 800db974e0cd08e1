/* SPDX-License-Identifier: BSD-2-Clause */
/* What a directory's address gives. Leaves the pages of lists to listing.c. Workers,
 * unprivileged. Rule: an index file is answered for by the location that its own address
 * belongs to, so that no directory is a way around access control.
 * Shown by test_static.c, tests/integration/20-static/test_files.py and test_try_files.py. */
#include "workers/handler/directory.h"

#include <errno.h>
#include <unistd.h>

#include "workers/handler/listing.h"
#include "workers/handler/reroute.h"
#include "workers/handler/resolve.h"
#include "workers/handler/variants.h"

#define LOCATION_MAX_BYTES 16384    /* must fit into a response head, send_h1.c */

/* Relative links in a directory's page would go wrong without the slash. An exact location that
 * has the directory as its own alias has no other address to send the client to. */
static bool
lacks_slash(const struct exchange *exchange)
{
	const struct config_location *location = exchange->route.location;

	return !exchange->path_info.ends_with_slash && !(location != NULL &&
	    location->matcher.match == CONFIG_MATCH_EXACT && location->is_alias &&
	    location->alias_path == location->matcher.path);
}

static void
redirect(const struct exchange *exchange, struct answer *answer)
{
	size_t cap = exchange->path.len * 3 + exchange->query.len + 3;
	char *location = cap > LOCATION_MAX_BYTES ? NULL : arena_alloc(exchange->arena, cap);
	long len = location == NULL ? -1 : uri_encode_path(exchange->path, location, cap);

	if (len < 0) {
		answer_error(answer, exchange->arena, 414);
		return;
	}
	location[len++] = '/';
	if (exchange->has_query) {
		location[len++] = '?';
		if (exchange->query.len > 0)
			memcpy(location + len, exchange->query.data, exchange->query.len);
		len += (long)exchange->query.len;
	}
	answer_error(answer, exchange->arena, 301);
	answer_field(answer, SLICE_LITERAL("Location"), slice_make(location, (size_t)len));
}

/* Tries the index names. -1 and errno: ENOENT when there is none. */
static int
open_index(const struct exchange *exchange, int root_fd, struct slice below, struct found *found,
    struct slice *name_out)
{
	const struct config_settings *settings = exchange->route.settings;
	bool has_slash = below.len == 0 || below.data[below.len - 1] == '/';

	for (size_t i = 0; i < settings->index.count; i++) {
		struct slice path;

		*name_out = slice_from_text(settings->index.items[i]);
		path = resolve_path(exchange->arena, below, slice_make("/", has_slash ? 0 : 1),
		    *name_out);
		if (path.data == NULL) {
			errno = ENOMEM;
			return -1;
		}
		if (variants_open(exchange, root_fd, path, found) >= 0)
			return found->fd;
		if (resolve_status(errno) != 404)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

/* The directory exists, and is listed or not; or there is none at all. */
static void
answer_without_index(struct exchange *exchange, struct answer *answer, int root_fd,
    struct slice below)
{
	const struct config_settings *settings = exchange->route.settings;
	struct stat st;
	int fd = resolve_open(root_fd, below.data, settings->follow_symlinks, &st);

	if (fd < 0) {
		found_refuse(exchange, answer, errno);
		return;
	}
	if (!S_ISDIR(st.st_mode))
		answer_error(answer, exchange->arena, 404);
	else if (settings->autoindex && exchange->path_info.ends_with_slash &&
	    exchange->is_hasty)
		answer_decline(answer);
	else if (settings->autoindex && exchange->path_info.ends_with_slash)
		listing_answer(exchange, answer, fd);
	else
		answer_error(answer, exchange->arena, 403);
	(void)close(fd);
}

/* True: another location answers for the index file of that name. */
static bool
gives_index_away(struct exchange *exchange, struct slice name)
{
	struct uri_path info = exchange->path_info;
	struct slice path;

	if (!info.ends_with_slash)
		return false;
	path = resolve_path(exchange->scratch, exchange->path, name, slice_make("", 0));
	if (path.data == NULL || !reroute_is_due(exchange, path))
		return false;
	info.len = path.len;
	info.ends_with_slash = false;
	reroute_to(exchange, path, &info);
	return true;
}

enum static_result
directory_answer(struct exchange *exchange, struct answer *answer, int root_fd,
    struct slice below)
{
	struct found found = { .fd = -1 };
	struct slice name;

	if (lacks_slash(exchange)) {
		redirect(exchange, answer);
		return STATIC_DONE;
	}
	if (open_index(exchange, root_fd, below, &found, &name) < 0) {
		if (errno == ENOENT)
			answer_without_index(exchange, answer, root_fd, below);
		else
			found_refuse(exchange, answer, errno);
		return STATIC_DONE;
	}
	if (!S_ISREG(found.stat.st_mode)) {
		answer_error(answer, exchange->arena, 403); /* a directory of that name, a FIFO */
	} else if (gives_index_away(exchange, name)) {
		found_close(&found);
		return STATIC_REROUTE;
	} else {
		found_answer(exchange, answer, &found);
	}
	found_close(&found);
	return STATIC_DONE;
}
