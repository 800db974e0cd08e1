/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers' heads as lists of fields, as HTTP/2 sends them: lower-case names, and nothing that its
 * frames say. Leaves HPACK to workers/http2. Workers, unprivileged. Rules: what a list points to
 * lasts until its stream is closed; the list of an answer that is asked for again and again is made
 * once. Shown by tests/integration/75-http2. */
#include "workers/conn/h2_parts.h"

#include "workers/http/headers.h"

#define NUMBER_BYTES 24

/* HTTP/2 says these by frames (RFC 9113 8.2.2). */
static bool
is_connection_specific(struct slice name)
{
	return (name.len == 10 && (slice_equal_nocase(name, SLICE_LITERAL("connection")) ||
	    slice_equal_nocase(name, SLICE_LITERAL("keep-alive")))) ||
	    (name.len == 17 && slice_equal_nocase(name, SLICE_LITERAL("transfer-encoding"))) ||
	    (name.len == 7 && slice_equal_nocase(name, SLICE_LITERAL("upgrade")));
}

static void
add(struct h2_list *list, struct slice name, struct slice value)
{
	char *lower;
	size_t i;

	if (is_connection_specific(name))
		return;
	lower = arena_alloc(list->arena, name.len);
	if (lower == NULL || list->count == H2_FIELDS_MAX) {
		list->is_bad = true;
		return;
	}
	for (i = 0; i < name.len; i++)
		lower[i] = (char)(name.data[i] >= 'A' && name.data[i] <= 'Z' ?
		    name.data[i] | 0x20 : name.data[i]);
	list->own[list->count++] = (struct h2_field){ slice_make(lower, name.len), value };
}

static void
add_checked(struct h2_list *list, struct slice name, struct slice value)
{
	if (!http_is_token(name) || !http_is_field_value(value))
		list->is_bad = true;
	else
		add(list, name, slice_trim(value));
}

static char *
write_number(struct arena *arena, uint64_t number, size_t *bytes_out)
{
	char *room = arena_alloc(arena, NUMBER_BYTES), *at;

	if (room == NULL)
		return NULL;
	at = room + NUMBER_BYTES;
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	*bytes_out = (size_t)(room + NUMBER_BYTES - at);
	return at;
}

static void
begin(struct h2_list *list, struct arena *arena, unsigned status)
{
	size_t bytes = 0;
	char *text = write_number(arena, status, &bytes);

	list->arena = arena;
	list->is_bad = text == NULL;
	list->own[0] = (struct h2_field){ SLICE_LITERAL(":status"), slice_make(text, bytes) };
	list->fields = list->own;
	list->count = 1;
}

/* A head as the cache has it: "HTTP/1.1 200 OK" and lines, each well-formed. */
static void
list_lines(struct h2_list *list, struct arena *arena, const struct answer_head *head,
    unsigned status)
{
	const char *at = head->text, *end = head->text + head->bytes;

	begin(list, arena, status);
	at = (const char *)memchr(at, '\n', head->bytes) + 1;
	while (at < end) {
		const char *stop = memchr(at, '\r', (size_t)(end - at));
		const char *colon = memchr(at, ':', (size_t)(end - at));

		add(list, slice_make(at, (size_t)(colon - at)),
		    slice_make(colon + 2, (size_t)(stop - colon) - 2));
		at = stop + 2;
	}
}

static bool
make_head(struct h2_head *made, const struct answer_head *head, unsigned status)
{
	struct arena room = { .base = made->text, .cap = sizeof made->text };
	struct h2_list list;

	made->serial = 0;
	list_lines(&list, &room, head, status);
	if (list.is_bad || list.count > H2_HEAD_FIELDS_MAX)
		return false;
	memcpy(made->fields, list.own, list.count * sizeof list.own[0]);
	made->count = list.count;
	made->serial = head->serial;
	return true;
}

/* NULL: it is too long, or in its place is another one that streams still need. */
static struct h2_head *
find_head(struct h2 *h2, const struct answer_head *head, unsigned status)
{
	struct h2_head *made = &h2->heads[head->serial % H2_HEAD_COUNT];

	if (made->serial == head->serial)
		return made;
	return made->user_count == 0 && make_head(made, head, status) ? made : NULL;
}

void
h2_list_ready(struct h2 *h2, struct h2_list *list, struct h2_stream *stream)
{
	const struct ready *ready = &stream->ready;

	stream->head_made = find_head(h2, ready->head, ready->status);
	if (stream->head_made == NULL) {
		list_lines(list, &stream->arena, ready->head, ready->status);
		return;
	}
	stream->head_made->user_count++;
	list->fields = stream->head_made->fields;
	list->count = stream->head_made->count;
	list->is_bad = false;
}

void
h2_list_release(struct h2_stream *stream)
{
	if (stream->head_made != NULL)
		stream->head_made->user_count--;
	stream->head_made = NULL;
}

void
h2_list_answer(struct h2 *h2, struct h2_list *list, struct h2_stream *stream, bool is_head)
{
	const struct answer *answer = &stream->answer;
	size_t bytes = 0;
	char *length;
	unsigned i;

	begin(list, &stream->arena, answer->status);
	add(list, SLICE_LITERAL("date"),
	    conn_date(h2->conn, stream->turn.start_wall_us / 1000000));
	for (i = 0; i < answer->field_count; i++)
		add_checked(list, answer->fields[i].name, answer->fields[i].value);
	list->is_bad |= answer->lacks_room;
	if (!answer->has_content || answer->source.read != NULL ||
	    (answer->hides_length && is_head))
		return;
	length = write_number(&stream->arena, answer->content_bytes, &bytes);
	if (length == NULL)
		list->is_bad = true;
	else
		add(list, SLICE_LITERAL("content-length"), slice_make(length, bytes));
}
