/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes after the preface of an HTTP/2 connection. Each stream is told of in order, is closed at
 * most once, and nothing is told of it then; the output is whole frames; memory is given back.
 * The bytes come in two pieces; the first byte says where the cut is. */
#include <errno.h>
#include <stdlib.h>

#include "workers/http2/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAMS_MAX 8

struct stream {
	int32_t id;                 /* 0: free */
	size_t left;
	bool is_whole, is_ended, has_answer;
};

static struct h2_session *session;
static struct stream streams[STREAMS_MAX];

static void *
begin(void *context, int32_t id)
{
	(void)context;
	for (int i = 0; i < STREAMS_MAX; i++) {
		if (streams[i].id == id)
			abort();
		if (streams[i].id == 0) {
			streams[i] = (struct stream){ .id = id, .left = (size_t)id * 5000 };
			return &streams[i];
		}
	}
	return NULL;
}

static void
field(void *context, void *of, struct slice name, struct slice value)
{
	struct stream *stream = of;

	(void)context;
	if (stream->id == 0 || stream->is_whole || name.len + value.len > 1 << 20)
		abort();
}

static bool
head(void *context, void *of, bool has_content)
{
	struct stream *stream = of;

	(void)context;
	if (stream->id == 0 || stream->is_whole)
		abort();
	stream->is_whole = true;
	stream->is_ended = !has_content;
	return true;
}

static void
content(void *context, void *of, size_t bytes, bool is_end)
{
	struct stream *stream = of;

	(void)context;
	(void)bytes;
	if (stream->id == 0 || !stream->is_whole || stream->is_ended)
		abort();
	stream->is_ended = is_end;
}

static long
read_content(void *context, void *of, char *out, size_t cap, bool *is_end)
{
	struct stream *stream = of;
	size_t bytes = stream->left < cap ? stream->left : cap;

	(void)context;
	if (stream->id == 0 || !stream->has_answer)
		abort();
	memset(out, 'x', bytes);
	stream->left -= bytes;
	*is_end = stream->left == 0;
	return (long)bytes;
}

static void
sent(void *context, void *of, size_t bytes)
{
	(void)context;
	(void)of;
	(void)bytes;
}

static void
closed(void *context, void *of)
{
	struct stream *stream = of;

	(void)context;
	if (stream->id == 0)
		abort();
	stream->id = 0;
}

static void
answer_all(void)
{
	static const struct h2_field fields[] = { { { ":status", 7 }, { "200", 3 } } };

	for (int i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = &streams[i];

		if (stream->id == 0 || !stream->is_whole || stream->has_answer)
			continue;
		stream->has_answer = h2_session_answer(session, stream->id, fields, 1, true);
	}
}

static void
produce(void)
{
	static char out[H2_OUT_MIN_BYTES];

	do {
		size_t n = h2_session_produce(session, out, sizeof out, 0);

		if (n > sizeof out)
			abort();
	} while (h2_session_has_more(session));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct h2_owner owner = { begin, field, head, content, read_content, sent,
		closed };
	static const struct h2_settings settings = { STREAMS_MAX, 4096 };
	const struct slice preface = H2_PREFACE;
	size_t cut;

	if (session == NULL && (session = h2_session_new(&owner, NULL)) == NULL) {
		if (errno != ENOTSUP)
			abort();
		return 0;
	}
	if (size == 0)
		return 0;
	cut = *data++ % size;
	size--;
	memset(streams, 0, sizeof streams);
	if (!h2_session_begin(session, &settings, 0))
		abort();
	if (h2_session_feed(session, preface.data, preface.len, 0) &&
	    h2_session_feed(session, (const char *)data, cut, 0)) {
		answer_all();
		produce();
		(void)h2_session_feed(session, (const char *)data + cut, size - cut, 0);
		answer_all();
	}
	produce();
	h2_session_end(session);
	return 0;
}
