/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request of an HTTP/2 stream to the head of its answer, and to its log record. Leaves its
 * list of fields to h2_list.c, the content to h2_content.c, the frames to workers/http2. Workers,
 * unprivileged. Rules: the handlers are asked in the order in which requests came, each one to its
 * answer; a stream has the same steps, limits and cache as a request of HTTP/1.1 has; who needs a
 * large arena and finds none waits, and all behind it. Shown by tests/integration/75-http2. */
#include "workers/conn/h2_parts.h"

#include "server/base/log.h"
#include "workers/conn/handle.h"
#include "workers/conn/secure.h"
#include "workers/handler/answer_cache.h"
#include "workers/handler/fields.h"
#include "workers/handler/hints.h"
#include "workers/handler/site.h"

#define STATUS SLICE_LITERAL(":status")
#define AHEAD_PIECES 16             /* of compressed content that are made at once */
#define AHEAD_PIECE_BYTES 16384

/* A process compresses one answer at a time (codec.h). Most are made whole here, so that the next
 * one may be, too; what is longer goes on while it is sent. */
static void
take_source(struct h2 *h2, struct h2_stream *stream)
{
	struct answer *answer = &stream->answer;
	struct answer_source *source = &answer->source;
	unsigned i;

	h2->codec_stream = stream;
	answer_reserve(answer, &stream->arena, AHEAD_PIECES);
	for (i = 0; i < AHEAD_PIECES && !answer->lacks_room; i++) {
		char *room = arena_alloc(stream->scratch, AHEAD_PIECE_BYTES);
		long n = room == NULL ? -1 :
		    source->read(source->context, room, AHEAD_PIECE_BYTES);

		if (n < 0) {
			answer->lacks_room = true;
		} else if (n > 0) {
			answer_memory(answer, slice_make(room, (size_t)n));
		} else {
			if (source->close != NULL)
				source->close(source->context);
			source->read = NULL;
			h2->codec_stream = NULL;
			return;
		}
	}
}

/* The slower of what remains of the connection's and what the location has. The connection's own
 * rate is kept by its socket. */
static void
set_rate(struct h2_stream *stream)
{
	if (stream->turn.is_routed)
		stream->rate_bytes_s =
		    stream->turn.exchange.route.settings->limit_rate_bytes_s;
}

static void
submit(struct h2 *h2, struct h2_stream *stream, const struct h2_list *list, bool has_content)
{
	stream->phase = H2_SENDING;
	stream->is_complete = !has_content;
	set_rate(stream);
	stream->turn.keeps_alive = h2->drain == H2_OPEN;
	if (stream->turn.is_routed && stream->turn.status == 200 && !list->is_bad)
		hints_send(&stream->turn.exchange);
	if (list->is_bad || !h2_session_answer(h2->session, stream->id, list->fields,
	    list->count, has_content)) {
		stream->is_complete = false;
		h2_session_reset(h2->session, stream->id, H2_INTERNAL_ERROR);
	} else {
		h2->has_unwanted |= !stream->is_ended && !has_content;
	}
}

static void
submit_ready(struct h2 *h2, struct h2_stream *stream)
{
	struct conn *conn = h2->conn;
	const struct cached_answer *kept = stream->ready.answer;
	int64_t now_s = stream->turn.exchange.now_wall_s;
	struct h2_list list;

	answer_cache_hold(stream->ready.answer);
	answer_head_set_date(stream->ready.head, conn_date(conn, now_s), now_s);
	h2_list_ready(h2, &list, stream);
	submit(h2, stream, &list, stream->ready.has_content &&
	    (kept->fd >= 0 ? kept->file_bytes : kept->content_bytes) > 0);
}

static void
give_codec_back(struct h2 *h2, const struct h2_stream *stream)
{
	if (h2->codec_stream == stream)
		h2->codec_stream = NULL;
}

static void
submit_answer(struct h2 *h2, struct h2_stream *stream)
{
	/* By name, as HTTP/1.1 does. */
	bool is_head = slice_equal(stream->request.method_name, SLICE_LITERAL("HEAD"));
	struct answer *answer = &stream->answer;
	struct h2_list list;

	h2_list_answer(h2, &list, stream, is_head);
	if (list.is_bad) {
		log_error("a response head does not fit or holds a forbidden byte");
		give_codec_back(h2, stream);
		answer_error(answer, &stream->arena, 500);
		fields_add_unrouted(answer);
		h2_list_answer(h2, &list, stream, is_head);
	}
	stream->turn.status = answer->status;
	submit(h2, stream, &list, answer->has_content && !is_head &&
	    (answer->source.read != NULL || answer->content_bytes > 0));
}

static void
finish(struct h2 *h2, struct h2_stream *stream)
{
	struct turn *turn = &stream->turn;
	bool is_routed = turn->is_routed && h2_scratch_take(h2, stream);

	turn->scratch = turn->exchange.scratch = stream->scratch;
	turn->exchange.codec_is_taken = h2->codec_stream != NULL;
	turn->exchange.is_personal |= turn->exchange.codec_is_taken; /* no answer for others */
	site_finish(&turn->exchange, &stream->answer, is_routed);
	if (stream->answer.source.read != NULL)
		take_source(h2, stream);
	if (turn->has_request && ready_keep(h2->conn, turn, &stream->ready, &stream->answer)) {
		answer_fini(&stream->answer);
		submit_ready(h2, stream);
	} else {
		stream->ready.head = NULL;
		submit_answer(h2, stream);
	}
	h2_scratch_release(h2, stream, true);
}

static void
send_hints(void *context, const struct slice *links, unsigned count)
{
	struct h2_field fields[1 + HINTS_MAX] = { { STATUS, SLICE_LITERAL("103") } };
	struct h2_stream *stream = context;
	unsigned i;

	for (i = 0; i < count; i++)
		fields[1 + i] = (struct h2_field){ SLICE_LITERAL("link"), links[i] };
	h2_session_inform(stream->h2->session, stream->id, fields, 1 + count);
}

static void
begin_turn(struct h2 *h2, struct h2_stream *stream)
{
	struct conn *conn = h2->conn;
	struct turn *turn = &stream->turn;
	bool has_request = stream->status == 0;

	turn_begin_stream(conn, turn, has_request, &stream->request, &stream->arena,
	    h2->fed_wall_us, h2->fed_mono_us);
	stream->has_begun = true;
	stream->h2 = h2;
	if (!has_request)
		return;
	conn->paid_rate_count = 0;
	handle_prepare(conn, turn);
	turn->exchange.hint = send_hints;
	turn->exchange.hint_context = stream;
	if (turn->exchange.client_text.data == conn->real_client) {
		memcpy(stream->client_text, conn->real_client, sizeof stream->client_text);
		turn->exchange.client_text = slice_from_text(stream->client_text);
	}
}

/* What is answered out of the cache never comes here: it leaves 2 KiB of memory alone. */
static void
begin_answer(struct h2_stream *stream)
{
	if (!stream->has_answer)
		answer_init(&stream->answer);
	stream->has_answer = true;
}

void
h2_answer_error(struct h2 *h2, struct h2_stream *stream, unsigned status)
{
	if (stream->phase == H2_SENDING)
		return;
	if (!stream->has_begun)
		begin_turn(h2, stream);
	begin_answer(stream);
	answer_error(&stream->answer, &stream->arena, status);
	finish(h2, stream);
}

/* True: the content is to come first. */
static bool
waits_for_content(struct h2 *h2, struct h2_stream *stream)
{
	const struct h2_field go_on = { STATUS, SLICE_LITERAL("100") };

	if (stream->is_ended)
		return false;
	stream->phase = H2_CONTENT;
	if (stream->request.expects_continue && stream->content_bytes == 0)
		h2_session_inform(h2->session, stream->id, &go_on, 1);
	h2_scratch_release(h2, stream, true);
	return true;
}

/* Up to the answer, or to the wait for its content. */
static void
act(struct h2 *h2, struct h2_stream *stream)
{
	struct turn *turn = &stream->turn;

	turn->scratch = turn->exchange.scratch = stream->scratch;
	if (!stream->is_admitted) {
		if (!handle_admit(turn, &stream->answer)) {
			finish(h2, stream);
			return;
		}
		stream->is_admitted = true;
		if (stream->request.content_length > h2->conn->config->limits.body_bytes) {
			h2_answer_error(h2, stream, 413);
			return;
		}
		if (waits_for_content(h2, stream))
			return;
	}
	site_answer(&turn->exchange, &stream->answer);
	finish(h2, stream);
}

/* Not as soon as its last byte is there: taking input for many streams, and then this for many,
 * each finds its code in the processor's cache, which has no room for both. False: there is no
 * request, and never will be. */
static bool
read_head(struct h2_stream *stream)
{
	if (stream->is_read)
		return true;
	stream->is_read = true;
	switch (h2_request_end(&stream->head, stream->has_content)) {
	case H2_REQUEST_MALFORMED:
		stream->phase = H2_HEAD;
		return false;
	case H2_REQUEST_BAD:
		stream->status = h2_request_status(&stream->head);
		break;
	case H2_REQUEST_OK:
		break;
	}
	return true;
}

/* False: it needs an arena that others have. */
static bool
answer_one(struct h2 *h2, struct h2_stream *stream)
{
	if (!read_head(stream)) {
		h2_session_refuse(h2->session, stream->id);
		return true;
	}
	if (stream->status != 0 || stream->content_status != 0) {
		h2_answer_error(h2, stream,
		    stream->status != 0 ? stream->status : stream->content_status);
		return true;
	}
	if (!stream->has_begun) {
		begin_turn(h2, stream);
		if (!secure_fits_host(h2->conn, stream->request.host)) {
			h2_answer_error(h2, stream, 421);
			return true;
		}
		if (ready_find(h2->conn, &stream->turn, &stream->ready)) {
			submit_ready(h2, stream);
			return true;
		}
	}
	if (!h2_scratch_take(h2, stream)) {
		stream->ready.answer = NULL; /* it may be gone by then */
		return false;
	}
	begin_answer(stream);
	act(h2, stream);
	return true;
}

void
h2_answer_due(struct h2 *h2)
{
	struct h2_stream *stream;

	while ((stream = h2->due_first) != NULL) {
		if (!answer_one(h2, stream))
			return;
		h2->due_first = stream->next;
	}
}

void
h2_answer_close(struct h2 *h2, struct h2_stream *stream)
{
	struct conn *conn = h2->conn;
	struct turn *turn = &stream->turn;
	bool has_ready;

	if (stream->phase == H2_HEAD || !read_head(stream))
		return;             /* there was no request */
	if (!stream->has_begun)
		begin_turn(h2, stream);
	has_ready = stream->phase == H2_SENDING && stream->ready.head != NULL;
	turn->content_bytes = stream->content_bytes;
	turn->is_aborted = !stream->is_complete;
	if (turn->status == 0)
		turn->status = 400;
	turn->end_mono_us = h2->now_mono_us;
	turn_count(conn, turn);
	turn_log(conn, turn, has_ready || !stream->has_answer ? NULL : &stream->answer);
	if (stream->has_answer)
		answer_fini(&stream->answer);
	give_codec_back(h2, stream);
	if (has_ready) {
		h2_list_release(stream);
		answer_cache_release(conn->cache, stream->ready.answer);
	}
}
