/* SPDX-License-Identifier: BSD-2-Clause */
/* Static files: methods, and what a path leads to. Leaves the opening to resolve.c and
 * variants.c, directories to directory.c, what is said of a file to found.c, sending to
 * workers/conn. Workers, unprivileged. Rule: whatever is looked up, the path of the exchange
 * has been checked for names with a dot.
 * Shown by test_static.c and tests/integration/20-static.
 *
 *   try_files --> file ------> found_answer()
 *       |    \--> directory -> directory_answer() --> index, list, redirect
 *       +--> another path: STATIC_REROUTE   <-------- index of another location
 */
#include "workers/handler/static.h"

#include <errno.h>

#include "server/base/fdio.h"
#include "workers/handler/directory.h"
#include "workers/handler/resolve.h"
#include "workers/handler/try_files.h"
#include "workers/handler/user_dir.h"
#include "workers/handler/variants.h"

#define ALLOW SLICE_LITERAL("GET, HEAD, OPTIONS")

static enum static_result
fail(const struct exchange *exchange, struct answer *answer, unsigned status)
{
	answer_error(answer, exchange->arena, status);
	return STATIC_DONE;
}

bool
static_refuses_method(const struct exchange *exchange, struct answer *answer)
{
	switch (exchange->request->method) {
	case HTTP_METHOD_GET:
	case HTTP_METHOD_HEAD:
	case HTTP_METHOD_OPTIONS:
		return false;
	case HTTP_METHOD_OTHER:
		fail(exchange, answer, 501);
		return true;
	default:
		fail(exchange, answer, 405);
		answer_field(answer, SLICE_LITERAL("Allow"), ALLOW);
		return true;
	}
}

/* 200 with Content-Length: 0 and not 204, because RFC 7231 4.3.7 asked for that. */
static void
answer_options(struct answer *answer)
{
	answer->status = 200;
	answer_field(answer, SLICE_LITERAL("Allow"), ALLOW);
}

/* Whether the address is a directory's. What an alias with captures makes of it decides for
 * itself. */
static bool
names_directory(const struct exchange *exchange)
{
	const struct config_location *location = exchange->route.location;
	struct slice below = exchange->route.below_root;

	if (location != NULL && location->alias_file != NULL)
		return false;
	if (location != NULL && location->alias_target != NULL)
		return below.len == 0 || below.data[below.len - 1] == '/';
	return exchange->path_info.ends_with_slash;
}

/* found is open; it is taken. */
static enum static_result
answer_opened(struct exchange *exchange, struct answer *answer, struct found *found)
{
	enum static_result result = STATIC_DONE;

	if (S_ISREG(found->stat.st_mode)) {
		found_answer(exchange, answer, found);
	} else if (S_ISDIR(found->stat.st_mode)) {
		found_close(found);
		result = directory_answer(exchange, answer, found->root_fd, found->below);
	} else {
		fail(exchange, answer, 403); /* a FIFO or device */
	}
	found_close(found);
	return result;
}

static enum static_result
try_paths(struct exchange *exchange, struct answer *answer, int root_fd)
{
	struct found found;
	unsigned status;

	switch (try_files_choose(exchange, root_fd, &found, &status)) {
	case TRY_FILES_FILE:
		return answer_opened(exchange, answer, &found);
	case TRY_FILES_DIRECTORY:
		return directory_answer(exchange, answer, root_fd, found.below);
	case TRY_FILES_STATUS:
		return fail(exchange, answer, status);
	case TRY_FILES_REFUSED:
		found_refuse(exchange, answer, errno);
		return STATIC_DONE;
	case TRY_FILES_REROUTE:
		break;
	}
	return STATIC_REROUTE;
}

static enum static_result
answer_below(struct exchange *exchange, struct answer *answer, int root_fd)
{
	const struct route *route = &exchange->route;
	struct found found;

	if (route->settings->try_files.count > 0)
		return try_paths(exchange, answer, root_fd);
	if (names_directory(exchange))
		return directory_answer(exchange, answer, root_fd, route->below_root);
	if (variants_open(exchange, root_fd, route->below_root, &found) < 0) {
		found_refuse(exchange, answer, errno);
		return STATIC_DONE;
	}
	return answer_opened(exchange, answer, &found);
}

/* A user who lets nobody in looks like one who does not exist. */
static enum static_result
answer_user(struct exchange *exchange, struct answer *answer)
{
	bool is_top = exchange->route.below_root.len == 0;
	int root_fd = user_dir_open(exchange);
	enum static_result result;

	if (root_fd < 0)
		return fail(exchange, answer, resolve_status(errno));
	result = answer_below(exchange, answer, root_fd);
	fdio_close(&root_fd);
	if (result == STATIC_DONE && is_top && answer->status == 403)
		fail(exchange, answer, 404);
	return result;
}

enum static_result
static_handle(struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;

	if (static_refuses_method(exchange, answer))
		return STATIC_DONE;
	if (exchange->request->method == HTTP_METHOD_OPTIONS) {
		answer_options(answer);
		return STATIC_DONE;
	}
	if (exchange->path_info.has_dot_name && !settings->dot_files)
		return fail(exchange, answer, 403);
	if (exchange->route.is_user_dir)
		return answer_user(exchange, answer);
	if (settings->root_index == CONFIG_NO_ROOT)
		return fail(exchange, answer, 404);
	return answer_below(exchange, answer, exchange->root_fds[settings->root_index]);
}
