/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns a file with server-side includes into a page.
 *
 *   file -> ssi_parse.c: text, elements -> ssi_branch.c    if, elif, else, endif
 *                                       -> ssi_element.c   echo, set, config, printenv
 *                                       -> ssi_include.c   include, fsize, flastmod -> site.c
 *
 * Leaves the file's header fields to found.c. Workers, unprivileged. Rules: only bytes of
 * files below a root are read as elements, never a client's, whatever variable holds them;
 * any file costs bounded work, memory, includes and lines in the log; a mistake in a page
 * shows as errmsg in its place and in the log with path and line.
 * Shown by test_ssi.c, fuzz_ssi.c and tests/integration/20-static/test_ssi.py.
 */
#include "workers/handler/ssi.h"

#include <errno.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/log.h"
#include "workers/handler/ssi_format.h"
#include "workers/handler/ssi_page.h"
#include "workers/http/conditional.h"

#define ERRMSG SLICE_LITERAL("[an error occurred while processing this directive]") /* Apache's */
#define ECHOMSG SLICE_LITERAL("(none)")
#define QUOTED_BYTES 200            /* of what a message is about */

void
ssi_problem(struct ssi_page *page, const char *text, struct slice about)
{
	struct ssi_work *work = page->work;
	int about_len = (int)(about.len < QUOTED_BYTES ? about.len : QUOTED_BYTES);

	if (page->is_live)
		content_add(&page->content, page->errmsg);
	if (work->problem_count++ > SSI_PROBLEMS_MAX)
		return;
	if (work->problem_count > SSI_PROBLEMS_MAX)
		log_notice("\"%s\": further mistakes of this page are not logged",
		    work->document_path.data);
	else if (about_len > 0)
		log_notice("\"%s%.*s\" line %u: %s \"%.*s\"", page->exchange->path.data,
		    (int)page->name.len, page->name.data, page->line, text, about_len,
		    about.data);
	else
		log_notice("\"%s%.*s\" line %u: %s", page->exchange->path.data,
		    (int)page->name.len, page->name.data, page->line, text);
}

/* Up to the size that it had when it was opened. */
static bool
read_page(int fd, size_t size, char *out, size_t *len_out)
{
	*len_out = 0;
	while (*len_out < size) {
		ssize_t got = pread(fd, out + *len_out, size - *len_out, (off_t)*len_out);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		*len_out += (size_t)got;
	}
	return true;
}

static struct slice
last_segment(struct slice path)
{
	size_t start = path.len;

	while (start > 0 && path.data[start - 1] != '/')
		start--;
	return slice_make(path.data + start, path.len - start);
}

/* For the outermost page; NULL: no memory. */
static struct ssi_work *
begin_work(const struct exchange *exchange, const struct stat *st, struct slice name)
{
	struct ssi_work *work = arena_alloc(exchange->scratch, sizeof *work);

	if (work == NULL)
		return NULL;
	memset(work, 0, sizeof *work);
	if (!ssi_scope_init(&work->scope, exchange->scratch))
		return NULL;
	work->client = exchange;
	work->document_path = exchange->path;
	work->document_name = last_segment(name);
	work->document_modified_s = st->st_mtim.tv_sec;
	work->scope.find_own = ssi_find_own;
	return work;
}

static void
begin_page(struct ssi_page *page, const struct exchange *exchange, struct ssi_work *work,
    struct slice name)
{
	struct slice path = exchange->path;

	memset(page, 0, sizeof *page);
	page->name = path.len > 0 && path.data[path.len - 1] == '/' ? last_segment(name) :
	    slice_make("", 0);
	page->exchange = exchange;
	page->work = work;
	page->errmsg = ERRMSG;
	page->echomsg = ECHOMSG;
	page->timefmt = SSI_TIMEFMT;
	page->is_live = true;
	content_init(&page->content, exchange->scratch,
	    SSI_OUTPUT_MAX_BYTES - work->outer_bytes);
	work->scope.context = page;
}

static void
run_page(struct ssi_page *page, struct slice text)
{
	struct ssi_scanner scanner;
	struct ssi_token token;

	ssi_scan_init(&scanner, text);
	while (!page->is_over && !page->content.is_bad) {
		ssi_scan_next(&scanner, &token);
		page->line = token.line;
		switch (token.kind) {
		case SSI_TOKEN_END:
			page->is_over = true;
			break;
		case SSI_TOKEN_TEXT:
			if (page->is_live)
				content_refer(&page->content, token.text);
			break;
		case SSI_TOKEN_ELEMENT:
			if (!ssi_run_branch(page, &token) && page->is_live)
				ssi_run_element(page, &token);
			break;
		case SSI_TOKEN_UNFINISHED:
			ssi_problem(page, "an element is not closed by \"-->\"", token.name);
			break;
		}
	}
	if (page->branch_count > 0) {
		page->is_live = false;
		ssi_problem(page, "an if lacks its endif", slice_make(NULL, 0));
	}
}

static void
fail(const struct exchange *exchange, struct answer *answer, const char *problem)
{
	log_error("\"%s\" cannot be made of its file: %s", exchange->path.data, problem);
	answer_error(answer, exchange->arena, 500);
}

static void
make_page(const struct exchange *exchange, struct answer *answer, const struct stat *st,
    struct slice name, struct ssi_work *work)
{
	uint64_t room = SSI_OUTPUT_MAX_BYTES - work->outer_bytes;
	struct ssi_page *page = arena_alloc(exchange->scratch, sizeof *page);
	char *text = NULL;
	size_t len;

	if (st->st_size >= 0 && (uint64_t)st->st_size <= room)
		text = arena_alloc(exchange->scratch, (size_t)st->st_size);
	if (page == NULL || text == NULL) {
		fail(exchange, answer, "it would be larger than 8 MiB, or memory is full");
		return;
	}
	if (!read_page(answer->file_fd, (size_t)st->st_size, text, &len)) {
		fail(exchange, answer, strerror(errno));
		return;
	}
	fdio_close(&answer->file_fd);
	begin_page(page, exchange, work, name);
	run_page(page, slice_make(text, len));
	content_deliver(&page->content, answer);
	answer->whole_bytes = answer->content_bytes;
	if (answer->lacks_room)
		fail(exchange, answer, "it would be larger than 8 MiB, or memory is full");
}

/* The page has no validators, but a condition may be about whether there is a page at all. Those
 * of the client are about the outermost one. */
static bool
is_settled_by_conditions(const struct exchange *exchange, struct answer *answer)
{
	const struct representation representation = { 0 };

	if (exchange->depth > 0)
		return false;
	switch (conditional_evaluate(exchange->request, &representation, exchange->now_wall_s)) {
	case CONDITIONAL_FAILED:
		answer_error(answer, exchange->arena, 412);
		return true;
	case CONDITIONAL_NOT_MODIFIED:
		fdio_close(&answer->file_fd);
		answer_remove_field(answer, SLICE_LITERAL("Content-Type"));
		answer->status = 304;
		answer->has_content = false;
		return true;
	case CONDITIONAL_PROCEED:
		break;
	}
	return false;
}

void
ssi_answer(const struct exchange *exchange, struct answer *answer, const struct stat *st,
    struct slice name)
{
	struct ssi_work *work = exchange->ssi;

	if (is_settled_by_conditions(exchange, answer))
		return;
	if (work == NULL)
		work = begin_work(exchange, st, name);
	if (work == NULL)
		fail(exchange, answer, "memory is full");
	else if (!work->is_looking_up)
		make_page(exchange, answer, st, name, work);
}
