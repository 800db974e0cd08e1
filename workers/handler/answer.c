/* SPDX-License-Identifier: BSD-2-Clause */
/* Building answers, and the built-in error pages. Workers, unprivileged; pure but for
 * closing file and source. Rules: nothing that a client sent stands in an error page; a file or
 * source that is put into an answer is closed with it, whichever way it ends.
 * Shown by test_answer.c. */
#include "workers/handler/answer.h"

#include <stdio.h>

#include "server/base/fdio.h"
#include "workers/handler/text.h"
#include "workers/http/headers.h"
#include "workers/http/response.h"

#define VARY SLICE_LITERAL("Vary")

static void
close_content(struct answer *answer)
{
	fdio_close(&answer->file_fd);
	if (answer->source.read != NULL && answer->source.close != NULL)
		answer->source.close(answer->source.context);
	answer->source = (struct answer_source){ NULL, NULL, NULL };
}

void
answer_init(struct answer *answer)
{
	answer->file_fd = -1;
	answer->source.read = NULL;
	answer_restart(answer);
}

void
answer_restart(struct answer *answer)
{
	close_content(answer);
	answer->status = 0;
	answer->field_count = 0;
	answer->has_content = true;
	answer->content_bytes = 0;
	answer->segments = answer->inline_segments;
	answer->segment_count = 0;
	answer->segment_cap = sizeof answer->inline_segments / sizeof answer->inline_segments[0];
	answer->hides_length = false;
	answer->must_close = false;
	answer->lacks_room = false;
	answer->media_type = slice_make(NULL, 0);
	answer->whole_bytes = 0;
	answer->is_file = false;
	answer->is_generated_error = false;
	answer->representation = (struct representation){ { NULL, 0 }, 0, false };
	answer->is_declined = false;
}

void
answer_decline(struct answer *answer)
{
	answer_restart(answer);
	answer->is_declined = true;
}

void
answer_fini(struct answer *answer)
{
	close_content(answer);
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

struct slice *
answer_find_field(struct answer *answer, struct slice name)
{
	unsigned i;

	for (i = 0; i < answer->field_count; i++) {
		if (slice_equal_nocase(answer->fields[i].name, name))
			return &answer->fields[i].value;
	}
	return NULL;
}

void
answer_remove_field(struct answer *answer, struct slice name)
{
	unsigned i, kept_count = 0;

	for (i = 0; i < answer->field_count; i++) {
		if (!slice_equal_nocase(answer->fields[i].name, name))
			answer->fields[kept_count++] = answer->fields[i];
	}
	answer->field_count = kept_count;
}

/* "*" is every element there is. */
static bool
list_holds(struct slice list, struct slice name)
{
	struct slice element;

	while (http_list_next(&list, &element)) {
		if (slice_equal_nocase(element, name) ||
		    slice_equal(element, SLICE_LITERAL("*")))
			return true;
	}
	return false;
}

void
answer_vary(struct answer *answer, struct arena *arena, struct slice name)
{
	struct slice *first = answer_find_field(answer, VARY);
	struct text text;
	unsigned i;

	for (i = 0; i < answer->field_count; i++) {
		if (slice_equal_nocase(answer->fields[i].name, VARY) &&
		    list_holds(answer->fields[i].value, name))
			return;
	}
	if (first == NULL) {
		answer_field(answer, VARY, name);
		return;
	}
	text_init(&text, arena, first->len + name.len + 2);
	text_slice(&text, *first);
	text_slice(&text, first->len > 0 ? SLICE_LITERAL(", ") : SLICE_LITERAL(""));
	text_slice(&text, name);
	answer->lacks_room |= text.is_bad;
	*first = text_get(&text);
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
answer_drop_content(struct answer *answer)
{
	close_content(answer);
	answer->segment_count = 0;
	answer->content_bytes = 0;
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

/* For the one who reads the page, who need not know what a status is. */
static const struct {
	unsigned status;
	const char *text;
} explanations[] = {
	{ 300, "There are several pages to choose from." },
	{ 301, "The page has moved to another address." },
	{ 302, "The page is at another address for now." },
	{ 303, "The answer is at another address." },
	{ 307, "The page is at another address for now." },
	{ 308, "The page has moved to another address." },
	{ 400, "The server did not understand the request." },
	{ 401, "This page asks for a name and a password." },
	{ 402, "This page has to be paid for." },
	{ 403, "This page may not be read." },
	{ 404, "There is no such page here." },
	{ 405, "This page does not take that method." },
	{ 406, "The page does not exist in a form that the request accepts." },
	{ 408, "The request took too long to arrive." },
	{ 409, "The request does not fit the state of the page." },
	{ 410, "The page was here once and will not come back." },
	{ 411, "The request does not say how long its content is." },
	{ 412, "The page is not as the request expected it to be." },
	{ 413, "The request's content is too large." },
	{ 414, "The address is too long." },
	{ 415, "The server does not take content of that type." },
	{ 416, "The page has no such part." },
	{ 417, "The server cannot do what the request expects." },
	{ 421, "This server is not the one for that address." },
	{ 422, "The server can do nothing with the request's content." },
	{ 428, "The request must say which state of the page it is for." },
	{ 429, "Too many requests came in a short time. Try again in a moment." },
	{ 431, "The request's header is too large." },
	{ 451, "This page may not be shown, for legal reasons." },
	{ 501, "The server does not know that method or coding." },
	{ 502, "The server behind this one sent no proper answer." },
	{ 503, "The server is too busy just now. Try again in a moment." },
	{ 504, "The server behind this one did not answer in time." },
	{ 505, "The server does not speak that version of HTTP." },
	{ 507, "The server has no room for that." },
	{ 508, "The address leads back to itself." },
};

static const char *
explain(unsigned status)
{
	size_t i;

	for (i = 0; i < sizeof explanations / sizeof explanations[0]; i++) {
		if (explanations[i].status == status)
			return explanations[i].text;
	}
	return status < 500 ? "The server does not answer this request." :
	    "Something went wrong on the server.";
}

void
answer_error(struct answer *answer, struct arena *arena, unsigned status)
{
	answer_error_because(answer, arena, status, explain(status));
}

void
answer_error_because(struct answer *answer, struct arena *arena, unsigned status,
    const char *explanation)
{
	static const char page[] =
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<title>%u %s</title>"
	    "<style>:root{color-scheme:light dark}"
	    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}"
	    "</style></head>\n<body><h1>%u %s</h1><p>%s</p></body></html>\n";
	const char *reason = http_status_reason(status);
	size_t cap = sizeof page + 128 + strlen(explanation);
	char *text = arena_alloc(arena, cap);
	int len;

	answer_restart(answer);
	answer->status = status;
	answer->is_generated_error = true;
	if (text == NULL) {
		answer_memory(answer, SLICE_LITERAL("error\n"));
		answer_field(answer, SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/plain"));
		return;
	}
	len = snprintf(text, cap, page, status, reason, status, reason, explanation);
	answer_field(answer, SLICE_LITERAL("Content-Type"),
	    SLICE_LITERAL("text/html; charset=utf-8"));
	answer_memory(answer, slice_make(text, (size_t)len));
	answer->media_type = SLICE_LITERAL("text/html");
	answer->whole_bytes = answer->content_bytes;
	if (status == 503)
		answer_field(answer, SLICE_LITERAL("Retry-After"), SLICE_LITERAL("1"));
}
