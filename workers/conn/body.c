/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads request content away. Workers, unprivileged. Rules: never more than body_size, no
 * slower than 64 KiB in each body_timeout, and the head in conn->in stays untouched, since
 * the request points into it. Shown by tests/integration/10-protocol. */
#include "workers/conn/body.h"

#include "server/base/clock.h"
#include "workers/http/chunked.h"

#define CHUNK_LINE_BYTES 4096
#define CHUNK_PADDING_BYTES 65536
#define CHUNK_TRAILER_BYTES 16384

struct content {
	bool is_chunked;
	struct chunked chunked;
	uint64_t left_bytes;        /* not chunked */
	uint64_t window_bytes;      /* since the deadline was set */
	int64_t deadline_ms;
};

/* Takes content bytes from the front of in. COMPLETE: *used_out of them, no more. */
static enum http_verdict
take(struct content *content, const char *in, size_t bytes, size_t *used_out)
{
	enum http_verdict verdict = HTTP_NEED_MORE;
	struct slice data;
	size_t used;

	*used_out = 0;
	if (!content->is_chunked) {
		*used_out = bytes < content->left_bytes ? bytes : (size_t)content->left_bytes;
		content->left_bytes -= *used_out;
		return content->left_bytes == 0 ? HTTP_COMPLETE : HTTP_NEED_MORE;
	}
	while (verdict == HTTP_NEED_MORE && *used_out < bytes) {
		verdict = chunked_decode(&content->chunked, in + *used_out, bytes - *used_out,
		    &used, &data);
		*used_out += used;
		if (used == 0)
			break;
	}
	return verdict;
}

static void
begin(struct conn *conn, struct content *content)
{
	const struct chunked_limits limits = { conn->config->limits.body_bytes,
		CHUNK_LINE_BYTES, CHUNK_PADDING_BYTES, CHUNK_TRAILER_BYTES };

	content->is_chunked = conn->request.body_kind == HTTP_BODY_CHUNKED;
	content->left_bytes = conn->request.content_length;
	content->window_bytes = 0;
	content->deadline_ms = 0;
	chunked_init(&content->chunked, &limits);
}

/* More bytes into conn->in from `at` on. */
static unsigned
receive(struct conn *conn, struct content *content, size_t at, size_t *got_out)
{
	int64_t now_ms = clock_mono_ms();

	if (content->deadline_ms == 0 || content->window_bytes >= STREAM_PROGRESS_BYTES) {
		content->deadline_ms = now_ms + conn->config->limits.body_timeout_ms;
		content->window_bytes = 0;
	}
	switch (stream_read(&conn->stream, conn->in + at, conn->in_cap - at,
	    content->deadline_ms, got_out)) {
	case IO_OK:
		content->window_bytes += *got_out;
		return 0;
	case IO_TIMEOUT:
		return 408;
	case IO_EOF:
		return 400;         /* incomplete; half-closed clients still read the answer */
	default:
		return BODY_CONNECTION_IS_GONE;
	}
}

unsigned
body_discard(struct conn *conn, size_t *used_out)
{
	size_t head_bytes = conn->request.head_bytes, at = head_bytes, used;
	struct content content;

	*used_out = head_bytes;
	conn->content_bytes = 0;
	if (conn->request.body_kind == HTTP_BODY_NONE)
		return 0;
	if (conn->request.body_kind == HTTP_BODY_LENGTH &&
	    conn->request.content_length > conn->config->limits.body_bytes)
		return 413;
	begin(conn, &content);
	if (conn->request.expects_continue && conn->in_len == head_bytes &&
	    stream_write(&conn->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25, false,
	    conn->config->limits.send_timeout_ms) != IO_OK)
		return BODY_CONNECTION_IS_GONE;
	for (;;) {
		enum http_verdict verdict = take(&content, conn->in + at, conn->in_len - at,
		    &used);
		unsigned status;
		size_t got;

		at += used;
		conn->content_bytes += used;
		if (verdict == HTTP_COMPLETE)
			break;
		if (verdict == HTTP_BAD)
			return chunked_error_status(&content.chunked);
		/* All that was there is used; the next bytes may take its place. */
		at = conn->in_len = head_bytes;
		status = receive(conn, &content, at, &got);
		if (status != 0)
			return status;
		conn->in_len += got;
	}
	*used_out = at;
	return 0;
}
