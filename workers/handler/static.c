/* SPDX-License-Identifier: BSD-2-Clause */
/* Static files: finds the file, says what is sent of it. Leaves the opening to resolve.c,
 * conditions and ranges to workers/http, sending to workers/conn. Workers, unprivileged.
 * Rule: everything that is said of a file comes from the one descriptor that is sent.
 * Shown by tests/integration/20-static. */
#include "workers/handler/static.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/mime.h"
#include "server/base/log.h"
#include "workers/handler/multipart.h"
#include "workers/handler/resolve.h"
#include "workers/handler/text.h"
#include "workers/http/conditional.h"
#include "workers/http/date.h"
#include "workers/http/range.h"

#define ALLOW SLICE_LITERAL("GET, HEAD, OPTIONS")
#define LOCATION_MAX_BYTES 16384    /* must fit into a response head, send_h1.c */
#define NANOSECONDS 1000000000ULL

/* The file that answers, and what its headers say. */
struct found {
	struct stat stat;
	struct slice name;          /* last segment, for the media type */
	struct representation representation;
	struct slice modified_text;
	struct slice type;          /* empty: no Content-Type */
};

static void
fail(const struct exchange *exchange, struct answer *answer, unsigned status)
{
	answer_error(answer, exchange->arena, status);
}

static void
fail_with_errno(const struct exchange *exchange, struct answer *answer, int error)
{
	unsigned status = resolve_status(error);

	/* The administrator must learn why; what does not exist is no news. */
	if (status == 403)
		log_notice("\"%s\" refused: %s", exchange->path.data,
		    error == EXDEV ? "a symbolic link leaves the root (follow_symlinks)" :
		    strerror(error));
	else if (status != 404)
		log_error("\"%s\" cannot be opened: %s", exchange->path.data, strerror(error));
	fail(exchange, answer, status);
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

/* The directory's own URL lacks its slash: relative links in it would go wrong. */
static void
redirect_to_directory(const struct exchange *exchange, struct answer *answer)
{
	const struct http_request *request = exchange->request;
	size_t cap = exchange->path.len * 3 + request->query.len + 3;
	char *location = cap > LOCATION_MAX_BYTES ? NULL : arena_alloc(exchange->arena, cap);
	long len = location == NULL ? -1 : uri_encode_path(exchange->path, location, cap);

	if (len < 0) {
		fail(exchange, answer, 414);
		return;
	}
	location[len++] = '/';
	if (request->has_query) {
		location[len++] = '?';
		memcpy(location + len, request->query.data, request->query.len);
		len += (long)request->query.len;
	}
	answer_error(answer, exchange->arena, 301);
	answer_field(answer, SLICE_LITERAL("Location"), slice_make(location, (size_t)len));
}

static bool
takes_charset(struct slice type)
{
	return (slice_starts_with(type, SLICE_LITERAL("text/")) &&
	    !slice_equal(type, SLICE_LITERAL("text/xml"))) || /* it says so itself */
	    slice_equal(type, SLICE_LITERAL("application/javascript"));
}

static struct slice
choose_type(const struct exchange *exchange, struct slice name)
{
	const struct config_settings *settings = exchange->route.settings;
	const char *known = mime_lookup(exchange->config->mime, name.data, name.len);
	struct slice type = slice_from_text(known != NULL ? known : settings->default_type);
	struct text text;

	if (settings->charset[0] == '\0' || !takes_charset(type))
		return type;
	text_init(&text, exchange->arena, type.len + strlen(settings->charset) + 16);
	text_slice(&text, type);
	text_slice(&text, SLICE_LITERAL("; charset="));
	text_slice(&text, slice_from_text(settings->charset));
	return text.is_bad ? type : text_get(&text);
}

/* Strong: nanoseconds of the last change and the size. */
static struct slice
make_etag(const struct exchange *exchange, const struct stat *st)
{
	struct text text;

	text_init(&text, exchange->arena, 40);
	text_slice(&text, SLICE_LITERAL("\""));
	text_hex(&text, (uint64_t)st->st_mtim.tv_sec * NANOSECONDS + (uint64_t)st->st_mtim.tv_nsec);
	text_slice(&text, SLICE_LITERAL("-"));
	text_hex(&text, (uint64_t)st->st_size);
	text_slice(&text, SLICE_LITERAL("\""));
	return text.is_bad ? slice_make(NULL, 0) : text_get(&text);
}

static void
describe(const struct exchange *exchange, struct found *found)
{
	char *date = arena_alloc(exchange->arena, HTTP_DATE_BYTES + 1);
	int64_t modified_s = found->stat.st_mtim.tv_sec;

	found->type = choose_type(exchange, found->name);
	found->representation.etag = exchange->route.settings->etag ?
	    make_etag(exchange, &found->stat) : slice_make(NULL, 0);
	/* No file can have changed after the answer was made (RFC 9110 8.8.2.1). */
	if (modified_s > exchange->now_wall_s)
		modified_s = exchange->now_wall_s;
	found->representation.modified_s = modified_s;
	found->representation.has_modified = date != NULL;
	if (date != NULL) {
		http_date_format(modified_s, date);
		found->modified_text = slice_make(date, HTTP_DATE_BYTES);
	}
}

static void
add_validators(struct answer *answer, const struct found *found)
{
	if (found->representation.has_modified)
		answer_field(answer, SLICE_LITERAL("Last-Modified"), found->modified_text);
	if (found->representation.etag.len > 0)
		answer_field(answer, SLICE_LITERAL("ETag"), found->representation.etag);
}

/* What 304 says of the file: the date only where there is no tag (RFC 9110 15.4.5). */
static void
add_update_validator(struct answer *answer, const struct found *found)
{
	if (found->representation.etag.len > 0)
		answer_field(answer, SLICE_LITERAL("ETag"), found->representation.etag);
	else
		add_validators(answer, found);
}

static void
answer_unsatisfiable(const struct exchange *exchange, struct answer *answer,
    const struct found *found)
{
	struct text text;

	fail(exchange, answer, 416);
	text_init(&text, exchange->arena, 40);
	text_slice(&text, SLICE_LITERAL("bytes */"));
	text_decimal(&text, (uint64_t)found->stat.st_size);
	answer_field(answer, SLICE_LITERAL("Content-Range"), text_get(&text));
}

static void
answer_whole(const struct exchange *exchange, struct answer *answer, const struct found *found)
{
	answer->status = 200;
	if (found->type.len > 0)
		answer_field(answer, SLICE_LITERAL("Content-Type"), found->type);
	add_validators(answer, found);
	if (exchange->route.settings->max_range_count > 0)
		answer_field(answer, SLICE_LITERAL("Accept-Ranges"), SLICE_LITERAL("bytes"));
	if (found->stat.st_size > 0)
		answer_file(answer, 0, (uint64_t)found->stat.st_size);
}

static void
answer_parts(const struct exchange *exchange, struct answer *answer, const struct found *found,
    const struct range_set *set)
{
	answer->status = 206;
	add_validators(answer, found);
	if (set->count == 1)
		multipart_single(exchange, answer, found->type, (uint64_t)found->stat.st_size,
		    &set->ranges[0]);
	else
		multipart_many(exchange, answer, found->type, (uint64_t)found->stat.st_size, set);
}

/* Range is defined for GET only (RFC 9110 14.2). */
static enum range_verdict
find_ranges(const struct exchange *exchange, const struct found *found, struct range_set **set)
{
	const struct http_request *request = exchange->request;
	struct slice value;

	if (request->method != HTTP_METHOD_GET ||
	    !http_request_field(request, HTTP_FIELD_RANGE, &value) ||
	    http_request_field_count(request, HTTP_FIELD_RANGE) != 1 ||
	    !conditional_range_applies(request, &found->representation, exchange->now_wall_s))
		return RANGE_IGNORE;
	*set = arena_alloc(exchange->arena, sizeof **set);
	if (*set == NULL)
		return RANGE_IGNORE;
	return range_parse(value, (uint64_t)found->stat.st_size,
	    exchange->route.settings->max_range_count, *set);
}

static void
answer_found(const struct exchange *exchange, struct answer *answer, struct found *found)
{
	struct range_set *set = NULL;

	describe(exchange, found);
	switch (conditional_evaluate(exchange->request, &found->representation,
	    exchange->now_wall_s)) {
	case CONDITIONAL_FAILED:
		fail(exchange, answer, 412);
		return;
	case CONDITIONAL_NOT_MODIFIED:
		answer->status = 304;
		answer->has_content = false;
		add_update_validator(answer, found);
		return;
	case CONDITIONAL_PROCEED:
		break;
	}
	switch (find_ranges(exchange, found, &set)) {
	case RANGE_UNSATISFIABLE:
		answer_unsatisfiable(exchange, answer, found);
		break;
	case RANGE_PARTIAL:
		answer_parts(exchange, answer, found, set);
		break;
	case RANGE_IGNORE:
		answer_whole(exchange, answer, found);
		break;
	}
	if (answer->lacks_room)
		fail(exchange, answer, 500);
}

static struct slice
last_segment(struct slice path)
{
	size_t start = path.len;

	while (start > 0 && path.data[start - 1] != '/')
		start--;
	return slice_make(path.data + start, path.len - start);
}

/* Tries the index names; -1 and errno: ENOENT when there is none. */
static int
open_index(const struct exchange *exchange, int root_fd, struct found *found)
{
	const struct config_settings *settings = exchange->route.settings;
	struct slice below = exchange->route.below_root;
	size_t i;
	int fd;

	for (i = 0; i < settings->index_count; i++) {
		struct slice name = slice_from_text(settings->index[i]);
		struct text text;

		text_init(&text, exchange->arena, below.len + name.len + 2);
		text_slice(&text, below);
		if (below.len > 0 && below.data[below.len - 1] != '/')
			text_slice(&text, SLICE_LITERAL("/"));
		text_slice(&text, name);
		text_slice(&text, slice_make("", 1));
		if (text.is_bad) {
			errno = ENOMEM;
			return -1;
		}
		fd = resolve_open(root_fd, text.out, settings->follow_symlinks, &found->stat);
		if (fd < 0 && errno == ENOENT)
			continue;
		found->name = name;
		return fd;
	}
	errno = ENOENT;
	return -1;
}

/* A directory without an index exists, but may not be listed; or there is none at all. */
static unsigned
judge_missing_index(const struct exchange *exchange, int root_fd)
{
	struct stat st;
	int fd = resolve_open(root_fd, exchange->route.below_root.data,
	    exchange->route.settings->follow_symlinks, &st);

	if (fd < 0)
		return resolve_status(errno);
	(void)close(fd);
	return S_ISDIR(st.st_mode) ? 403 : 404;
}

static void
handle_file(const struct exchange *exchange, struct answer *answer, int root_fd)
{
	const struct route *route = &exchange->route;
	struct found found;
	bool is_directory_url = exchange->path_info.ends_with_slash &&
	    !(route->location != NULL && route->location->alias_file != NULL);

	memset(&found, 0, sizeof found);
	if (is_directory_url) {
		answer->file_fd = open_index(exchange, root_fd, &found);
		if (answer->file_fd < 0 && errno == ENOENT) {
			fail(exchange, answer, judge_missing_index(exchange, root_fd));
			return;
		}
	} else {
		answer->file_fd = resolve_open(root_fd, route->below_root.data,
		    route->settings->follow_symlinks, &found.stat);
		found.name = last_segment(route->below_root);
	}
	if (answer->file_fd < 0)
		fail_with_errno(exchange, answer, errno);
	else if (S_ISREG(found.stat.st_mode))
		answer_found(exchange, answer, &found);
	else if (S_ISDIR(found.stat.st_mode) && !is_directory_url)
		redirect_to_directory(exchange, answer);
	else
		fail(exchange, answer, 403); /* a FIFO or device, or a directory as index */
}

void
static_handle(const struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;

	if (static_refuses_method(exchange, answer))
		return;
	if (exchange->request->method == HTTP_METHOD_OPTIONS)
		answer_options(answer);
	else if (exchange->path_info.has_dot_name && !settings->dot_files)
		fail(exchange, answer, 403);
	else if (settings->root_index == CONFIG_NO_ROOT)
		fail(exchange, answer, 404);
	else
		handle_file(exchange, answer, exchange->root_fds[settings->root_index]);
}
