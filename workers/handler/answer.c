/* SPDX-License-Identifier: BSD-2-Clause */
/* Building answers, and the built-in error pages. Workers, unprivileged; pure but for
 * closing the file. Rule: nothing that a client sent stands in an error page.
 * Shown by test_answer.c. */
#include "workers/handler/answer.h"

#include <stdio.h>

#include "server/base/fdio.h"
#include "workers/http/response.h"

void
answer_init(struct answer *answer)
{
	answer->file_fd = -1;
	answer_restart(answer);
}

void
answer_restart(struct answer *answer)
{
	fdio_close(&answer->file_fd);
	answer->status = 0;
	answer->field_count = 0;
	answer->has_content = true;
	answer->content_bytes = 0;
	answer->segments = answer->inline_segments;
	answer->segment_count = 0;
	answer->segment_cap = sizeof answer->inline_segments / sizeof answer->inline_segments[0];
	answer->must_close = false;
	answer->lacks_room = false;
}

void
answer_fini(struct answer *answer)
{
	fdio_close(&answer->file_fd);
}

void
answer_field(struct answer *answer, struct slice name, struct slice value)
{
	if (answer->field_count >= ANSWER_FIELDS_MAX) {
		answer->lacks_room = true;
		return;
	}
	answer->fields[answer->field_count].name = name;
	answer->fields[answer->field_count].value = value;
	answer->field_count++;
}

static struct answer_segment *
next_segment(struct answer *answer)
{
	if (answer->segment_count >= answer->segment_cap) {
		answer->lacks_room = true;
		return NULL;
	}
	return &answer->segments[answer->segment_count++];
}

void
answer_memory(struct answer *answer, struct slice data)
{
	struct answer_segment *segment = next_segment(answer);

	if (segment == NULL)
		return;
	segment->kind = ANSWER_MEMORY;
	segment->data = data;
	segment->len = data.len;
	answer->content_bytes += data.len;
}

void
answer_file(struct answer *answer, uint64_t offset, uint64_t len)
{
	struct answer_segment *segment = next_segment(answer);

	if (segment == NULL)
		return;
	segment->kind = ANSWER_FILE;
	segment->offset = offset;
	segment->len = len;
	answer->content_bytes += len;
}

void
answer_reserve(struct answer *answer, struct arena *arena, unsigned count)
{
	struct answer_segment *segments = arena_alloc(arena, count * sizeof *segments);

	if (segments == NULL) {
		answer->lacks_room = true;
		return;
	}
	answer->segments = segments;
	answer->segment_cap = count;
	answer->segment_count = 0;
}

static const char *
explain(unsigned status)
{
	switch (status) {
	case 301:
		return "The page is at another address.";
	case 400:
		return "The server did not understand the request.";
	case 403:
		return "This page may not be read.";
	case 404:
		return "There is no such page here.";
	case 405:
		return "This page does not take that method.";
	case 408:
		return "The request took too long to arrive.";
	case 412:
		return "The page is not as the request expected it to be.";
	case 413:
		return "The request's content is too large.";
	case 414:
		return "The address is too long.";
	case 416:
		return "The page has no such part.";
	case 417:
		return "The server cannot do what the request expects.";
	case 421:
		return "This address is not served over a connection like this one.";
	case 431:
		return "The request's header is too large.";
	case 501:
		return "The server does not know that method or coding.";
	case 503:
		return "The server is too busy just now. Try again in a moment.";
	case 505:
		return "The server does not speak that version of HTTP.";
	default:
		return "Something went wrong on the server.";
	}
}

void
answer_error(struct answer *answer, struct arena *arena, unsigned status)
{
	static const char page[] =
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<title>%u %s</title>"
	    "<style>:root{color-scheme:light dark}"
	    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}"
	    "</style></head>\n<body><h1>%u %s</h1><p>%s</p></body></html>\n";
	const char *reason = http_status_reason(status);
	size_t cap = sizeof page + 256;
	char *text = arena_alloc(arena, cap);
	int len;

	answer_restart(answer);
	answer->status = status;
	if (text == NULL) {
		answer_memory(answer, SLICE_LITERAL("error\n"));
		answer_field(answer, SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/plain"));
		return;
	}
	len = snprintf(text, cap, page, status, reason, status, reason, explain(status));
	answer_field(answer, SLICE_LITERAL("Content-Type"),
	    SLICE_LITERAL("text/html; charset=utf-8"));
	answer_memory(answer, slice_make(text, (size_t)len));
	if (status == 503)
		answer_field(answer, SLICE_LITERAL("Retry-After"), SLICE_LITERAL("1"));
}
