/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends answers. Workers, unprivileged. Rules: exactly content_bytes of body, or a last chunk, or
 * the connection ends; never two framings of a body; a body in a file goes by sendfile(2), but a
 * small one behind its head in one send, because two calls cost more than the copy (see the
 * benchmark). Shown by test_send_h1.c and tests/integration/20-static. */
#include "workers/conn/send_h1.h"

#include <errno.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/signals.h"
#include "workers/conn/stall.h"
#include "workers/http/response.h"

#define SMALL_FILE_BYTES 8192        /* at 16 KiB the copy costs what the call saves */
#define CHUNK_LINE_BYTES 6           /* CONN_OUT_BYTES has four digits, and CRLF */
#define CHUNK_END_BYTES 7            /* CRLF and the last chunk */
#define SOURCE_CAP_MIN_BYTES 4096    /* what a source may count on, answer.h */

_Static_assert(CONN_OUT_BYTES <= 0xffff, "the size of a chunk has four digits");
_Static_assert(SMALL_FILE_BYTES >= SOURCE_CAP_MIN_BYTES + CHUNK_LINE_BYTES + CHUNK_END_BYTES,
    "the largest head must leave room for a chunk");

bool
send_h1_ends_connection(const struct conn *conn, const struct answer *answer)
{
	return answer->source.read != NULL && conn->request.version_minor == 0;
}

static void
write_framing(const struct conn *conn, const struct answer *answer,
    const struct send_options *options, struct response_head *head)
{
	if (!answer->has_content || (answer->hides_length && options->is_head) ||
	    send_h1_ends_connection(conn, answer))
		return;
	if (answer->source.read != NULL)
		response_field(head, SLICE_LITERAL("Transfer-Encoding"),
		    SLICE_LITERAL("chunked"));
	else
		response_field_number(head, SLICE_LITERAL("Content-Length"),
		    answer->content_bytes);
}

void
send_h1_write_head(struct conn *conn, const struct answer *answer,
    const struct send_options *options, struct response_head *head)
{
	unsigned i;

	response_begin(head, conn->out, CONN_OUT_BYTES - SMALL_FILE_BYTES, answer->status);
	response_field(head, SLICE_LITERAL("Date"), conn_date(conn, options->now_wall_s));
	for (i = 0; i < answer->field_count; i++)
		response_field(head, answer->fields[i].name, answer->fields[i].value);
	write_framing(conn, answer, options, head);
	if (!options->keeps_alive || send_h1_ends_connection(conn, answer))
		response_field(head, SLICE_LITERAL("Connection"), SLICE_LITERAL("close"));
	else if (options->names_keep_alive)
		response_field(head, SLICE_LITERAL("Connection"), SLICE_LITERAL("keep-alive"));
	if (!response_end(head) || answer->lacks_room) {
		log_error("a response head does not fit or holds a forbidden byte");
		head->is_bad = true;
	}
}

struct slice
send_h1_head_lines(const struct conn *conn)
{
	const char *end = memmem(conn->out, CONN_OUT_BYTES, "\r\n\r\n", 4);

	return slice_make(conn->out, end == NULL ? 0 : (size_t)(end + 2 - conn->out));
}

/* One small file behind the head. False: read short, nothing is sent yet. */
static bool
append_small_file(struct conn *conn, const struct answer *answer, struct response_head *head)
{
	const struct answer_segment *segment = &answer->segments[0];
	ssize_t n;

	do {
		n = pread(answer->file_fd, conn->out + head->len, segment->len,
		    (off_t)segment->offset);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)segment->len) {
		log_error("a file cannot be read: %s",
		    n < 0 ? strerror(errno) : "it was truncated meanwhile");
		return false;
	}
	head->len += segment->len;
	return true;
}

enum follow {                       /* what comes behind bytes that are sent */
	FOLLOWS_MORE,
	FOLLOWS_NEXT_ANSWER,        /* or nobody knows */
	FOLLOWS_END,                /* of the connection */
};

/* All of it, at the pace of the connection. */
static enum io_result
send_bytes(struct conn *conn, const char *data, size_t bytes, enum follow follow)
{
	size_t most = pace_piece_bytes(&conn->pace);
	enum io_result result = IO_OK;

	while (bytes > 0 && result == IO_OK) {
		size_t piece = bytes < most ? bytes : most;

		result = pace_wait(&conn->pace, &conn->stream, piece);
		if (result == IO_OK && piece == bytes && follow == FOLLOWS_END)
			result = stream_write_last(&conn->stream, data, piece,
			    conn->pace.timeout_ms);
		else if (result == IO_OK)
			result = stream_write(&conn->stream, data, piece,
			    follow == FOLLOWS_MORE && piece == bytes && most == SIZE_MAX,
			    conn->pace.timeout_ms);
		data += piece;
		bytes -= piece;
	}
	return result;
}

static enum io_result
send_file(struct conn *conn, int file_fd, uint64_t offset, uint64_t bytes, bool may_stall)
{
	size_t most = pace_piece_bytes(&conn->pace);
	enum io_result result = IO_OK;

	while (bytes > 0 && result == IO_OK) {
		uint64_t piece = bytes < most ? bytes : most;

		conn->file = (struct stream_file){ .fd = file_fd, .offset = offset,
			.left_bytes = piece };
		result = pace_wait(&conn->pace, &conn->stream, (size_t)piece);
		if (result == IO_OK)
			result = may_stall && piece == bytes ? stall_send(conn) :
			    stream_send_file(&conn->stream, &conn->file,
			    conn->pace.timeout_ms);
		offset += piece;
		bytes -= piece;
	}
	return result;
}

static enum io_result
send_segments(struct conn *conn, const struct answer *answer, bool may_stall)
{
	enum io_result result = IO_OK;
	unsigned i;

	for (i = 0; i < answer->segment_count && result == IO_OK; i++) {
		const struct answer_segment *segment = &answer->segments[i];

		if (segment->kind == ANSWER_MEMORY)
			result = send_bytes(conn, segment->data.data, segment->data.len,
			    i + 1 < answer->segment_count ? FOLLOWS_MORE :
			    FOLLOWS_NEXT_ANSWER);
		else
			result = send_file(conn, answer->file_fd, segment->offset,
			    segment->len, may_stall && answer->segment_count == 1);
	}
	if (result == IO_FILE_SHORT)
		log_error("a file was truncated while it was sent, or cannot be read: the "
		    "connection is closed");
	return result;
}

/* How much of the bytes [start, start + len) of what was to be sent has gone. */
static uint64_t
part_sent(uint64_t sent_bytes, uint64_t start, uint64_t len)
{
	uint64_t beyond = sent_bytes > start ? sent_bytes - start : 0;

	return beyond < len ? beyond : len;
}

static enum io_result
send_whole(struct conn *conn, const struct answer *answer, bool has_body,
    const struct send_options *options, struct response_head *head, uint64_t *body_sent)
{
	const struct answer_segment *only = &answer->segments[0];
	uint64_t before = conn->stream.sent_bytes;
	size_t head_bytes = head->len;
	enum io_result result;

	if (has_body && answer->segment_count == 1) {
		if (only->kind == ANSWER_MEMORY && only->len <= CONN_OUT_BYTES - head->len) {
			memcpy(conn->out + head->len, only->data.data, only->len);
			head->len += only->len;
			has_body = false;
		} else if (only->kind == ANSWER_FILE && only->len <= SMALL_FILE_BYTES) {
			if (!append_small_file(conn, answer, head))
				return IO_FILE_SHORT;
			has_body = false;
		}
	}
	result = send_bytes(conn, conn->out, head->len, has_body ? FOLLOWS_MORE :
	    options->keeps_alive ? FOLLOWS_NEXT_ANSWER : FOLLOWS_END);
	if (result == IO_OK && has_body)
		result = send_segments(conn, answer, options->may_stall);
	*body_sent = part_sent(conn->stream.sent_bytes - before, head_bytes, UINT64_MAX);
	return result;
}

/* Part of a body, in conn->out behind what is to go before it. */
struct chunk {
	size_t start;               /* where its line is; without chunks, its data */
	size_t data_start, data_bytes;
	size_t end;                 /* of all that is to be sent */
	bool is_last;
};

/* Reads as much as there is room for. False: the source cannot go on. */
static bool
fill_chunk(struct conn *conn, const struct answer_source *source, struct chunk *chunk)
{
	size_t cap = CONN_OUT_BYTES - CHUNK_END_BYTES - chunk->data_start;

	chunk->data_bytes = 0;
	chunk->is_last = false;
	while (!chunk->is_last && cap - chunk->data_bytes >= SOURCE_CAP_MIN_BYTES) {
		long n = source->read(source->context,
		    conn->out + chunk->data_start + chunk->data_bytes, cap - chunk->data_bytes);

		if (n < 0)
			return false;
		chunk->data_bytes += (size_t)n;
		chunk->is_last = n == 0;
	}
	chunk->end = chunk->data_start + chunk->data_bytes;
	return true;
}

static void
append(struct conn *conn, struct chunk *chunk, struct slice text)
{
	memcpy(conn->out + chunk->end, text.data, text.len);
	chunk->end += text.len;
}

/* Puts the line before the data and what belongs behind it. */
static void
frame_chunk(struct conn *conn, struct chunk *chunk)
{
	char line[RESPONSE_CHUNK_LINE_BYTES], *at = conn->out + chunk->start;
	size_t line_bytes;

	chunk->end = chunk->start;
	if (chunk->data_bytes > 0) {
		line_bytes = response_chunk_line(chunk->data_bytes, line);
		/* Room was left for the longest. */
		memmove(at + line_bytes, conn->out + chunk->data_start, chunk->data_bytes);
		memcpy(at, line, line_bytes);
		chunk->data_start = chunk->start + line_bytes;
		chunk->end = chunk->data_start + chunk->data_bytes;
		append(conn, chunk, SLICE_LITERAL("\r\n"));
	}
	if (chunk->is_last)
		append(conn, chunk, SLICE_LITERAL(RESPONSE_LAST_CHUNK));
}

/* The head goes with the first chunk, the end with the last. */
static enum io_result
send_source(struct conn *conn, const struct answer *answer, const struct response_head *head,
    uint64_t *body_sent)
{
	bool is_chunked = !send_h1_ends_connection(conn, answer);
	struct chunk chunk = { .start = head->len };
	enum io_result result;

	do {
		uint64_t before = conn->stream.sent_bytes;

		if (signals_is_set(SIGNAL_STOP))
			return IO_STOPPED;
		chunk.data_start = chunk.start + (is_chunked ? CHUNK_LINE_BYTES : 0);
		if (!fill_chunk(conn, &answer->source, &chunk))
			return IO_FILE_SHORT;
		if (is_chunked)
			frame_chunk(conn, &chunk);
		result = send_bytes(conn, conn->out, chunk.end, chunk.is_last ?
		    FOLLOWS_NEXT_ANSWER : FOLLOWS_MORE);
		*body_sent += part_sent(conn->stream.sent_bytes - before, chunk.data_start,
		    chunk.data_bytes);
		chunk.start = 0;
	} while (result == IO_OK && !chunk.is_last);
	return result;
}

enum io_result
send_h1(struct conn *conn, const struct answer *answer, const struct send_options *options,
    uint64_t *body_sent)
{
	bool has_body = answer->has_content && !options->is_head;
	struct response_head head;

	*body_sent = 0;
	send_h1_write_head(conn, answer, options, &head);
	if (head.is_bad)
		return IO_FILE_SHORT;
	pace_set(&conn->pace, &conn->stream, options->rate_bytes_s);
	if (has_body && answer->source.read != NULL)
		return send_source(conn, answer, &head, body_sent);
	return send_whole(conn, answer, has_body && answer->segment_count > 0, options, &head,
	    body_sent);
}
