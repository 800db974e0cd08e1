/* SPDX-License-Identifier: BSD-2-Clause */
/* error_page: opens the file that stands in for a status. Leaves fields to fields.c.
 * Workers, unprivileged. Rules: the file is opened below the root of the scope that named
 * it and sent as it is, without routing, so that an error page can never lead to another
 * error; all fields that the error needs (Allow, WWW-Authenticate, Content-Range ...) stay.
 * Shown by tests/integration/20-static/test_error_pages.py. */
#include "workers/handler/error_page.h"

#include <errno.h>
#include <unistd.h>

#include "server/base/log.h"
#include "workers/handler/media_type.h"
#include "workers/handler/resolve.h"

static const struct config_error_page *
find_page(const struct config_settings *settings, unsigned status)
{
	for (size_t i = 0; i < settings->error_page_count; i++) {
		if (config_statuses_hold(&settings->error_pages[i].statuses, status))
			return &settings->error_pages[i];
	}
	return NULL;
}

static int
open_page(const struct exchange *exchange, const struct config_error_page *page,
    struct stat *st)
{
	const char *below = page->file;
	int fd;

	while (*below == '/')
		below++;
	fd = resolve_open(exchange->root_fds[page->root_index], below,
	    exchange->route.settings->follow_symlinks, st);
	if (fd >= 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd < 0 && errno == EAGAIN && exchange->is_hasty)
		return -1;          /* a worker looks again */
	log_error("error_page \"%s\": %s cannot be sent: %s", page->title, page->file,
	    fd < 0 ? strerror(errno) : "not a regular file");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

void
error_page_replace(const struct exchange *exchange, struct answer *answer)
{
	const struct config_error_page *page = find_page(exchange->route.settings,
	    answer->status);
	struct slice type;
	struct stat st;
	int fd;

	if (page == NULL || exchange->depth > 0)
		return;
	fd = open_page(exchange, page, &st);
	if (fd < 0)
		return;
	answer_drop_content(answer);
	answer->file_fd = fd;
	answer->is_generated_error = false;
	if (page->status != 0)
		answer->status = page->status;
	answer_remove_field(answer, SLICE_LITERAL("Content-Type"));
	type = media_type_choose(exchange, slice_from_text(page->file), &answer->media_type);
	if (type.len > 0)
		answer_field(answer, SLICE_LITERAL("Content-Type"), type);
	answer->whole_bytes = (uint64_t)st.st_size;
	if (st.st_size > 0)
		answer_file(answer, 0, (uint64_t)st.st_size);
}
