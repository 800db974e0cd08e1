/* SPDX-License-Identifier: BSD-2-Clause */
/* Fallbacks, as nginx has them. Leaves opening to variants.c and resolve.c, the rounds to
 * site.c. Workers, unprivileged. Rules: what is there and may not be read is refused and not
 * passed over, or a page would come in place of a script; a name with a dot is passed over
 * unless dot_files says otherwise.
 * Shown by test_try_files.c and tests/integration/20-static/test_try_files.py. */
#include "workers/handler/try_files.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "workers/handler/reroute.h"
#include "workers/handler/resolve.h"
#include "workers/handler/variants.h"

#define VARIABLE SLICE_LITERAL("$uri")

struct candidate {
	struct slice path;          /* URL path; NUL-terminated */
	struct uri_path info;       /* of path */
	struct slice below;         /* the same below the root; NUL-terminated */
	bool is_own;                /* the exchange's own path, maybe with a slash behind it: looked
	                             * up as that has been */
	bool is_directory;
};

/* data is NULL: no room for it. */
static struct slice
expand(const struct exchange *exchange, struct slice text)
{
	struct slice rest = text;
	size_t cap = rest.len / VARIABLE.len * exchange->path.len + rest.len, len = 0;
	char *out = arena_alloc(exchange->scratch, cap + 1);

	while (out != NULL && rest.len > 0) {
		bool is_variable = slice_starts_with(rest, VARIABLE);
		struct slice piece = is_variable ? exchange->path : slice_make(rest.data, 1);
		size_t used = is_variable ? VARIABLE.len : 1;

		memcpy(out + len, piece.data, piece.len);
		len += piece.len;
		rest = slice_make(rest.data + used, rest.len - used);
	}
	return slice_make(out, len);
}

/* Where the location looks a path up; data is NULL: it has no place for it. */
static struct slice
map_path(const struct exchange *exchange, struct slice path)
{
	struct slice prefix;

	if (!reroute_find_prefix(exchange, &prefix)) {
		if (!slice_starts_with(path, exchange->path))
			return slice_make(NULL, 0);
		return resolve_path(exchange->scratch, exchange->route.below_root,
		    slice_make("", 0), slice_make(path.data + exchange->path.len,
		    path.len - exchange->path.len));
	}
	if (!slice_starts_with(path, prefix) ||
	    (path.len > prefix.len && path.data[prefix.len] != '/'))
		return slice_make(NULL, 0);
	path = slice_make(path.data + prefix.len, path.len - prefix.len);
	while (path.len > 0 && path.data[0] == '/')
		path.data++, path.len--;
	return path;
}

/* False: no file can be meant by it. */
static bool
make_candidate(const struct exchange *exchange, const char *text, struct candidate *candidate)
{
	const char *rest = text + (strncmp(text, "$uri", VARIABLE.len) == 0 ? VARIABLE.len : 0);
	struct slice path;

	candidate->is_directory = text[strlen(text) - 1] == '/';
	candidate->is_own = rest != text && strcmp(rest, candidate->is_directory ? "/" : "") == 0;
	candidate->path = exchange->path;
	candidate->info = exchange->path_info;
	candidate->below = exchange->route.below_root;
	if (candidate->is_own)
		return candidate->is_directory || !exchange->path_info.ends_with_slash;
	path = expand(exchange, slice_from_text(text));
	if (path.data == NULL)
		return false;
	candidate->path = reroute_normalize(exchange, path, &candidate->info);
	if (candidate->path.data == NULL ||
	    (candidate->info.has_dot_name && !exchange->route.settings->dot_files))
		return false;
	candidate->below = map_path(exchange, candidate->path);
	return candidate->below.data != NULL;
}

/* Whether the candidate is there. False with an errno of status 404: it is not. */
static bool
find(const struct exchange *exchange, int root_fd, const struct candidate *candidate,
    struct found *found)
{
	int fd;

	if (!candidate->is_directory) {
		if (variants_open(exchange, root_fd, candidate->below, found) < 0)
			return false;
		if (!S_ISDIR(found->stat.st_mode))
			return true;
		found_close(found);
		errno = ENOENT;
		return false;
	}
	fd = resolve_directory(root_fd, candidate->below.data,
	    exchange->route.settings->follow_symlinks);
	if (fd < 0)
		return false;
	(void)close(fd);
	found->below = candidate->below;
	return true;
}

/* Whether the candidate is answered under its own address. A directory always is: its index, its
 * list and its links are about that one. */
static bool
leads_elsewhere(const struct exchange *exchange, const struct candidate *candidate)
{
	if (candidate->is_own || slice_equal(candidate->path, exchange->path))
		return false;
	return candidate->is_directory || reroute_is_due(exchange, candidate->path);
}

static enum try_files_outcome
fall_back(struct exchange *exchange, const char *text, unsigned *status)
{
	const char *mark = strchr(text, '?');
	struct slice path;
	struct uri_path info;

	*status = 404;
	if (text[0] == '=') {
		*status = (unsigned)strtoul(text + 1, NULL, 10);
		return TRY_FILES_STATUS;
	}
	path = expand(exchange, slice_make(text, mark != NULL ? (size_t)(mark - text) :
	    strlen(text)));
	if (path.data != NULL)
		path = reroute_normalize(exchange, path, &info);
	if (path.data == NULL)
		return TRY_FILES_STATUS;
	reroute_to(exchange, path, &info);
	if (mark != NULL) {
		exchange->query = slice_from_text(mark + 1);
		exchange->has_query = true;
	}
	return TRY_FILES_REROUTE;
}

enum try_files_outcome
try_files_choose(struct exchange *exchange, int root_fd, struct found *found, unsigned *status)
{
	const struct config_texts *texts = &exchange->route.settings->try_files;
	struct candidate candidate;

	memset(found, 0, sizeof *found);
	found->fd = -1;
	for (size_t i = 0; i + 1 < texts->count; i++) {
		if (!make_candidate(exchange, texts->items[i], &candidate))
			continue;
		if (find(exchange, root_fd, &candidate, found)) {
			if (!leads_elsewhere(exchange, &candidate))
				return candidate.is_directory ? TRY_FILES_DIRECTORY :
				    TRY_FILES_FILE;
			found_close(found);
			reroute_to(exchange, candidate.path, &candidate.info);
			return TRY_FILES_REROUTE;
		}
		if (resolve_status(errno) != 404)
			return TRY_FILES_REFUSED;
	}
	return fall_back(exchange, texts->items[texts->count - 1], status);
}
