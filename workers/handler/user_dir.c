/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the directories of users. Which path is a user's, and what is below, is said by
 * route.c. Workers, unprivileged. Rules: no client can tell from an answer whether a user
 * exists who has no pages; no name leads out of the directory that holds the users' ones.
 * Shown by test_user_dir.c and tests/integration/20-static/test_user_directories.py. */
#include "workers/handler/user_dir.h"

#include <errno.h>
#include <string.h>

#include "server/base/log.h"
#include "workers/handler/resolve.h"

/* With a dot in front it could be "..", or what a tool keeps beside the users' directories. */
static bool
is_user_name(struct slice name)
{
	return name.len > 0 && name.data[0] != '.' && memchr(name.data, '/', name.len) == NULL &&
	    memchr(name.data, '\0', name.len) == NULL;
}

/* "alice/public_html/.": the last step needs the right to enter, as any file there would. */
static struct slice
make_path(const struct exchange *exchange)
{
	const struct slice slash = SLICE_LITERAL("/");
	struct slice path = resolve_path(exchange->scratch, exchange->route.user_name, slash,
	    slice_from_text(exchange->route.settings->user_dir_below));

	return path.data == NULL ? path :
	    resolve_path(exchange->scratch, path, slash, SLICE_LITERAL("."));
}

int
user_dir_open(const struct exchange *exchange)
{
	const struct config_settings *settings = exchange->route.settings;
	struct slice path;
	int fd;

	if (settings->user_dir_root_index == CONFIG_NO_ROOT ||
	    !is_user_name(exchange->route.user_name)) {
		errno = ENOENT;
		return -1;
	}
	path = make_path(exchange);
	if (path.data == NULL) {
		errno = ENOMEM;
		return -1;
	}
	fd = resolve_directory(exchange->root_fds[settings->user_dir_root_index], path.data,
	    settings->follow_symlinks);
	if (fd < 0 && resolve_status(errno) == 403) {
		log_notice("\"%s\" refused: the directory of the user: %s", exchange->path.data,
		    errno == EXDEV ? "a symbolic link leads away (follow_symlinks)" :
		    strerror(errno));
		errno = ENOENT;
	} else if (fd < 0 && resolve_status(errno) == 404) {
		errno = ENOENT;
	}
	return fd;
}
