/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames by hand, for tests of HTTP/2 sessions: what a client sends, and what came back. */
#ifndef MUSTER_TESTS_HTTP2_FRAMES_H
#define MUSTER_TESTS_HTTP2_FRAMES_H

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/http2/session.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
	CONTINUATION, PRIORITY_UPDATE = 16 };
#define END_STREAM 1
#define ACK 1
#define END_HEADERS 4

#define FRAMES_STREAMS_MAX 1000

struct told {                       /* of one stream, by what the owner was told */
	int32_t id;
	char fields[512];           /* "name=value" lines */
	bool is_whole, has_content, is_ended, is_closed;
	size_t content_bytes, sent_bytes;
	size_t left;                /* of the answer's content */
	unsigned read_count;
	bool holds_back;            /* read() has nothing for now */
};

static struct h2_session *session;
static struct told told[FRAMES_STREAMS_MAX];
static unsigned told_count, open_count, open_max;
static bool refuses, finds_malformed;
static char wire[1 << 20];          /* to be fed */
static size_t wire_bytes;
static char got[1 << 22];           /* all that came back */
static size_t got_bytes;
static int64_t now_ms;

static void *
begin_stream(void *owner, int32_t id)
{
	struct told *one = &told[told_count % FRAMES_STREAMS_MAX];

	ck_assert_ptr_eq(owner, told);
	if (refuses)
		return NULL;
	memset(one, 0, sizeof *one);
	one->id = id;
	told_count++;
	if (++open_count > open_max)
		open_max = open_count;
	return one;
}

static void
take_field(void *owner, void *stream, struct slice name, struct slice value)
{
	struct told *one = stream;
	size_t len = strlen(one->fields);

	(void)owner;
	ck_assert(!one->is_closed && !one->is_whole);
	if (len + name.len + value.len + 3 < sizeof one->fields)
		sprintf(one->fields + len, "%.*s=%.*s\n", (int)name.len, name.data, (int)value.len,
		    value.data);
}

static bool
take_head(void *owner, void *stream, bool has_content)
{
	struct told *one = stream;

	(void)owner;
	ck_assert(!one->is_closed && !one->is_whole);
	one->is_whole = true;
	one->has_content = has_content;
	return !finds_malformed;
}

static void
take_content(void *owner, void *stream, size_t bytes, bool is_end)
{
	struct told *one = stream;

	(void)owner;
	ck_assert(!one->is_closed && !one->is_ended);
	one->content_bytes += bytes;
	one->is_ended = is_end;
}

static long
read_content(void *owner, void *stream, char *out, size_t cap, bool *is_end)
{
	struct told *one = stream;
	size_t bytes = one->left < cap ? one->left : cap;

	(void)owner;
	ck_assert(!one->is_closed);
	one->read_count++;
	if (one->holds_back)
		return 0;
	memset(out, 'a' + one->id % 26, bytes);
	one->left -= bytes;
	*is_end = one->left == 0;
	return (long)bytes;
}

static void
count_sent(void *owner, void *stream, size_t bytes)
{
	(void)owner;
	((struct told *)stream)->sent_bytes += bytes;
}

static void
close_stream(void *owner, void *stream)
{
	struct told *one = stream;

	(void)owner;
	ck_assert(!one->is_closed);
	one->is_closed = true;
	open_count--;
}

static const struct h2_owner owner = { begin_stream, take_field, take_head, take_content,
	read_content, count_sent, close_stream };

/* To be fed -------------------------------------------------------------------------------- */

static void
put(const void *bytes, size_t count)
{
	ck_assert(wire_bytes + count <= sizeof wire);
	memcpy(wire + wire_bytes, bytes, count);
	wire_bytes += count;
}

static void
put_frame(unsigned type, unsigned flags, uint32_t id, const void *payload, size_t bytes)
{
	const unsigned char head[9] = { (unsigned char)(bytes >> 16), (unsigned char)(bytes >> 8),
		(unsigned char)bytes, (unsigned char)type, (unsigned char)flags,
		(unsigned char)(id >> 24), (unsigned char)(id >> 16), (unsigned char)(id >> 8),
		(unsigned char)id };

	put(head, sizeof head);
	put(payload, bytes);
}

static void
put_number(unsigned type, uint32_t id, uint32_t number)
{
	const unsigned char payload[4] = { (unsigned char)(number >> 24),
		(unsigned char)(number >> 16), (unsigned char)(number >> 8),
		(unsigned char)number };

	put_frame(type, 0, id, payload, 4);
}

/* GET http://h/ and no more, all from HPACK's static table but for the name. */
#define REQUEST_LIST "\x82\x84\x86\x41\x01h"

static void
put_request(uint32_t id, unsigned flags)
{
	put_frame(HEADERS, END_HEADERS | flags, id, REQUEST_LIST, sizeof REQUEST_LIST - 1);
}

static void
put_preface(void)
{
	put(H2_PREFACE.data, H2_PREFACE.len);
	put_frame(SETTINGS, 0, 0, "", 0);
}

/* Back and forth --------------------------------------------------------------------------- */

static bool
feed_all(void)
{
	bool goes_on = h2_session_feed(session, wire, wire_bytes, now_ms);

	wire_bytes = 0;
	return goes_on;
}

static void
produce_all(void)
{
	size_t n;

	do {
		static char out[65536];

		n = h2_session_produce(session, out, sizeof out, now_ms);
		ck_assert(got_bytes + n <= sizeof got);
		memcpy(got + got_bytes, out, n);
		got_bytes += n;
	} while (n > 0 || h2_session_has_more(session));
}

struct frame {
	unsigned type, flags;
	uint32_t id;
	size_t bytes;
	const unsigned char *payload;
};

/* The next one from *at on of all that came. */
static bool
next_frame(size_t *at, struct frame *frame)
{
	const unsigned char *head = (const unsigned char *)got + *at;

	if (*at == got_bytes)
		return false;
	ck_assert(got_bytes - *at >= 9);
	frame->bytes = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
	frame->type = head[3];
	frame->flags = head[4];
	frame->id = (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 |
	    head[8];
	frame->payload = head + 9;
	ck_assert(got_bytes - *at >= 9 + frame->bytes);
	*at += 9 + frame->bytes;
	return true;
}

static uint32_t
number_at(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* How many of that type for that stream; *last_out is the last of them. */
static unsigned
count_frames(unsigned type, uint32_t id, struct frame *last_out)
{
	unsigned count = 0;
	struct frame frame;
	size_t at = 0;

	memset(last_out, 0, sizeof *last_out);
	while (next_frame(&at, &frame)) {
		if (frame.type == type && frame.id == id) {
			count++;
			*last_out = frame;
		}
	}
	return count;
}

/* The error of the last GOAWAY; -1: none came. */
static int
error_told(void)
{
	struct frame frame;

	return count_frames(GOAWAY, 0, &frame) == 0 ? -1 : (int)number_at(frame.payload + 4);
}

/* Likewise of RST_STREAM for a stream. */
static __attribute__((unused)) int
reset_told(uint32_t id)
{
	struct frame frame;

	return count_frames(RST_STREAM, id, &frame) == 0 ? -1 : (int)number_at(frame.payload);
}

static void
begin_connection(void)
{
	const struct h2_settings settings = { 10, 4096 };

	told_count = open_count = open_max = 0;
	refuses = finds_malformed = false;
	wire_bytes = got_bytes = 0;
	now_ms = 1000;
	ck_assert(h2_session_begin(session, &settings, now_ms));
	put_preface();
}

/* False: built without nghttp2. */
static bool
has_sessions(void)
{
	session = h2_session_new(&owner, told);
	return session != NULL || errno != ENOTSUP;
}

static void
begin_session(void)
{
	ck_assert_ptr_nonnull(session);
	begin_connection();
}

static void
end_session(void)
{
	h2_session_end(session);
}

static void
answer(unsigned index, size_t bytes)
{
	static const struct h2_field fields[] = {
		{ { ":status", 7 }, { "200", 3 } }, { { "server", 6 }, { "muster", 6 } } };

	told[index].left = bytes;
	ck_assert(h2_session_answer(session, told[index].id, fields, 2, bytes > 0));
}

#endif
