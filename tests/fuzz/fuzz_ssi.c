/* SPDX-License-Identifier: BSD-2-Clause */
/* A page with server-side includes, which can include itself and a file: its tokens are the page,
 * making it ends with an answer within its bounds, and what the client has sent stands in it as
 * text unless the page asks for something else. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/log.h"
#include "workers/handler/site.h"
#include "workers/handler/ssi.h"
#include "workers/handler/ssi_parse.h"

#define CLIENT "<\002>"             /* from the client, and to be escaped */
#define OUTPUT_MAX_BYTES (8 << 20)
#define SCRATCH_BYTES (16 << 20)    /* no more than this makes it slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int page_fd = -1;

static void
answer_page(const struct exchange *exchange, struct answer *answer)
{
	struct stat st;

	answer->status = 200;
	answer->file_fd = fcntl(page_fd, F_DUPFD_CLOEXEC, 0);
	if (answer->file_fd < 0 || fstat(answer->file_fd, &st) < 0)
		abort();
	ssi_answer(exchange, answer, &st, SLICE_LITERAL("page.html"));
}

/* In place of the real one. */
void
site_subrequest(const struct exchange *parent, struct slice target, struct answer *answer)
{
	struct exchange inner = *parent;

	inner.depth++;
	if (inner.depth > 8)
		abort();
	if (target.len == 0 || target.data[0] != '/')
		abort();
	if (slice_starts_with(target, SLICE_LITERAL("/self"))) {
		answer_page(&inner, answer);
	} else if (slice_starts_with(target, SLICE_LITERAL("/file"))) {
		answer->status = 200;
		answer_memory(answer, SLICE_LITERAL("file"));
	} else {
		answer_error(answer, inner.arena, 404);
	}
}

static void
check_tokens(struct slice page)
{
	struct ssi_scanner scanner;
	struct ssi_token token;
	size_t at = 0;

	ssi_scan_init(&scanner, page);
	for (ssi_scan_next(&scanner, &token); token.kind != SSI_TOKEN_END;
	    ssi_scan_next(&scanner, &token)) {
		if (token.text.data != page.data + at || token.text.len == 0 ||
		    token.text.len > page.len - at)
			abort();
		at += token.text.len;
	}
	if (at != page.len)
		abort();
}

/* A page that asks for the client's bytes as they are has this in it, or it has such bytes. */
static bool
asks_for_raw_bytes(struct slice page)
{
	for (size_t i = 0; i + 4 <= page.len; i++)
		if (strncasecmp(page.data + i, "none", 4) == 0)
			return true;
	return page.len > 0 && memchr(page.data, '\002', page.len) != NULL;
}

static void
check_answer(const struct answer *answer, struct slice page)
{
	uint64_t len = 0;

	if (answer->status != 200 && answer->status != 500)
		abort();
	if (answer->file_fd >= 0 || answer->lacks_room)
		abort();
	for (unsigned i = 0; i < answer->segment_count; i++) {
		struct slice data = answer->segments[i].data;

		len += data.len;
		if (data.len >= sizeof CLIENT - 1 && !asks_for_raw_bytes(page) &&
		    memmem(data.data, data.len, CLIENT, sizeof CLIENT - 1) != NULL)
			abort();
	}
	if (len != answer->content_bytes || len > OUTPUT_MAX_BYTES)
		abort();
}

static void
fill_exchange(struct exchange *exchange, struct http_request *request, struct arena *arena,
    struct arena *scratch)
{
	static const struct config_host host = { .name = (char *)"host" };

	memset(exchange, 0, sizeof *exchange);
	memset(request, 0, sizeof *request);
	request->method = HTTP_METHOD_GET;
	request->path = SLICE_LITERAL("/page.html");
	request->query = SLICE_LITERAL(CLIENT "<!--#echo encoding=\"none\" var=\"q\"-->");
	request->has_query = true;
	request->fields[0].name = SLICE_LITERAL("User-Agent");
	request->fields[0].value = request->query;
	request->field_count = 1;
	exchange->request = request;
	exchange->path = request->path;
	exchange->query = request->query;
	exchange->has_query = true;
	exchange->route.host = &host;
	exchange->arena = arena;
	exchange->scratch = scratch;
	exchange->now_wall_s = 1700000000;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct arena arena, scratch;
	static struct http_request request;
	struct slice page = slice_make((const char *)data, bytes);
	struct exchange exchange;
	struct answer answer;

	if (page_fd < 0) {
		log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 });
		page_fd = memfd_create("page", MFD_CLOEXEC);
		if (page_fd < 0 || arena_init(&arena, 131072) < 0 ||
		    arena_init(&scratch, SCRATCH_BYTES) < 0)
			abort();
	}
	check_tokens(page);
	if (ftruncate(page_fd, 0) < 0 || pwrite(page_fd, data, bytes, 0) != (ssize_t)bytes)
		abort();
	arena_reset(&arena);
	arena_reset(&scratch);
	fill_exchange(&exchange, &request, &arena, &scratch);
	answer_init(&answer);
	answer_page(&exchange, &answer);
	check_answer(&answer, page);
	answer_fini(&answer);
	return 0;
}
