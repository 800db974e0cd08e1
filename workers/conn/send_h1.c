/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends answers. Workers, unprivileged. Rules: exactly content_bytes of body or the
 * connection ends; a body in a file goes by sendfile(2), but a small one behind its head
 * in one send, because two calls cost more than the copy (see the benchmark).
 * Shown by tests/integration/20-static. */
#include "workers/conn/send_h1.h"

#include <errno.h>
#include <unistd.h>

#include "server/base/log.h"
#include "workers/http/response.h"

#define SMALL_FILE_BYTES 8192        /* at 16 KiB the copy costs what the call saves */

static void
write_head(struct conn *conn, const struct answer *answer, const struct send_options *options,
    struct response_head *head)
{
	unsigned i;

	response_begin(head, conn->out, CONN_OUT_BYTES - SMALL_FILE_BYTES, answer->status);
	response_field(head, SLICE_LITERAL("Date"), conn_date(conn, options->now_wall_s));
	response_field(head, SLICE_LITERAL("Server"), SLICE_LITERAL("muster"));
	for (i = 0; i < answer->field_count; i++)
		response_field(head, answer->fields[i].name, answer->fields[i].value);
	if (answer->has_content)
		response_field_number(head, SLICE_LITERAL("Content-Length"),
		    answer->content_bytes);
	if (!options->keeps_alive)
		response_field(head, SLICE_LITERAL("Connection"), SLICE_LITERAL("close"));
	else if (options->names_keep_alive)
		response_field(head, SLICE_LITERAL("Connection"), SLICE_LITERAL("keep-alive"));
	(void)response_end(head);
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

static enum io_result
send_segments(struct conn *conn, const struct answer *answer, unsigned timeout_ms)
{
	enum io_result result = IO_OK;
	unsigned i;

	for (i = 0; i < answer->segment_count && result == IO_OK; i++) {
		const struct answer_segment *segment = &answer->segments[i];
		uint64_t sent;

		if (segment->kind == ANSWER_MEMORY)
			result = stream_write(&conn->stream, segment->data.data,
			    segment->data.len, i + 1 < answer->segment_count, timeout_ms);
		else
			result = stream_send_file(&conn->stream, answer->file_fd,
			    segment->offset, segment->len, timeout_ms, &sent);
	}
	if (result == IO_FILE_SHORT)
		log_error("a file was truncated while it was sent, or cannot be read: the "
		    "connection is closed");
	return result;
}

static uint64_t
body_part(uint64_t sent_bytes, size_t head_bytes)
{
	return sent_bytes > head_bytes ? sent_bytes - head_bytes : 0;
}

enum io_result
send_h1(struct conn *conn, const struct answer *answer, const struct send_options *options,
    uint64_t *body_sent)
{
	unsigned timeout_ms = conn->config->limits.send_timeout_ms;
	bool has_body = answer->has_content && !options->is_head && answer->segment_count > 0;
	uint64_t before = conn->stream.sent_bytes;
	struct response_head head;
	enum io_result result;
	size_t head_bytes;

	*body_sent = 0;
	write_head(conn, answer, options, &head);
	if (head.is_bad) {
		log_error("a response head does not fit or holds a forbidden byte");
		return IO_FILE_SHORT;
	}
	head_bytes = head.len;
	if (has_body && answer->segment_count == 1) {
		const struct answer_segment *only = &answer->segments[0];

		if (only->kind == ANSWER_MEMORY && only->len <= CONN_OUT_BYTES - head.len) {
			memcpy(conn->out + head.len, only->data.data, only->data.len);
			head.len += only->data.len;
			has_body = false;
		} else if (only->kind == ANSWER_FILE && only->len <= SMALL_FILE_BYTES) {
			if (!append_small_file(conn, answer, &head))
				return IO_FILE_SHORT;
			has_body = false;
		}
	}
	result = stream_write(&conn->stream, conn->out, head.len, has_body, timeout_ms);
	if (result == IO_OK && has_body)
		result = send_segments(conn, answer, timeout_ms);
	*body_sent = body_part(conn->stream.sent_bytes - before, head_bytes);
	return result;
}
