/* SPDX-License-Identifier: BSD-2-Clause */
/* A request head, fed to the parser in every way that it may come off a socket. */
#ifndef MUSTER_TEST_HTTP_FEED_H
#define MUSTER_TEST_HTTP_FEED_H

#include "tests/unit/workers/http/asserts.h"
#include "workers/http/parse.h"

static const struct http_limits roomy_limits = { 1024, 4096, 20 };

struct feed {
	struct http_parser parser;
	struct http_request request;
	struct http_limits limits;
	struct slice text;
	enum http_verdict want;
	unsigned want_status;
	size_t want_head_bytes;
};

static inline void
feed_judge(const struct feed *feed, enum http_verdict got, const char *way, size_t at)
{
	ck_assert_msg(got == feed->want, "%s %zu: verdict %d (%u %s), should be %d for\n%.*s",
	    way, at, (int)got, feed->parser.error_status,
	    got == HTTP_BAD ? feed->parser.error_reason : "", (int)feed->want,
	    (int)feed->text.len, feed->text.data);
	if (got == HTTP_BAD) {
		ck_assert_msg(http_parser_error_status(&feed->parser) == feed->want_status,
		    "%s %zu: status %u (%s), should be %u for\n%.*s", way, at,
		    feed->parser.error_status, feed->parser.error_reason, feed->want_status,
		    (int)feed->text.len, feed->text.data);
		ck_assert_ptr_nonnull(http_parser_error_reason(&feed->parser));
	}
	if (got == HTTP_COMPLETE)
		ck_assert_uint_eq(feed->request.head_bytes, feed->want_head_bytes);
}

/* The first `len` bytes in memory of exactly that size, so that reading on is noticed. */
static inline char *
feed_copy(const struct feed *feed, size_t len)
{
	char *copy = malloc(len + (len == 0));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, feed->text.data, len);
	return copy;
}

/* In two parts; the buffer has moved in between. */
static inline void
feed_split(struct feed *feed, size_t at)
{
	char *part = feed_copy(feed, at), *whole = feed_copy(feed, feed->text.len);
	enum http_verdict verdict;

	http_parser_init(&feed->parser, &feed->limits);
	verdict = http_parse_request(&feed->parser, part, at, &feed->request);
	if (verdict == HTTP_COMPLETE)
		ck_assert_uint_ge(at, feed->want_head_bytes);
	verdict = http_parse_request(&feed->parser, whole, feed->text.len, &feed->request);
	feed_judge(feed, verdict, "moved after", at);
	free(part);

	http_parser_init(&feed->parser, &feed->limits);
	http_parse_request(&feed->parser, whole, at, &feed->request);
	verdict = http_parse_request(&feed->parser, whole, feed->text.len, &feed->request);
	feed_judge(feed, verdict, "split at", at);
	free(whole);
}

/* No head is complete, and none is scanned twice, before its last byte is there. */
static inline void
feed_bytes(struct feed *feed)
{
	enum http_verdict verdict = HTTP_NEED_MORE;
	size_t len;

	http_parser_init(&feed->parser, &feed->limits);
	for (len = 0; len <= feed->text.len && verdict == HTTP_NEED_MORE; len++) {
		verdict = http_parse_request(&feed->parser, feed->text.data, len, &feed->request);
		if (verdict == HTTP_NEED_MORE)
			ck_assert_uint_ge(feed->parser.scanned + 1, len);
	}
	feed_judge(feed, verdict, "byte by byte", len - 1);
	if (verdict == HTTP_COMPLETE)
		ck_assert_uint_eq(len - 1, feed->want_head_bytes);
	verdict = http_parse_request(&feed->parser, feed->text.data, feed->text.len,
	    &feed->request);
	feed_judge(feed, verdict, "again, behind byte", len - 1);
}

/* Every way; in the end feed->request is what the whole text gave. */
static inline void
feed_every_way(struct feed *feed)
{
	enum http_verdict verdict;

	for (size_t at = 0; at <= feed->text.len; at++)
		feed_split(feed, at);
	feed_bytes(feed);
	http_parser_init(&feed->parser, &feed->limits);
	verdict = http_parse_request(&feed->parser, feed->text.data, feed->text.len,
	    &feed->request);
	feed_judge(feed, verdict, "whole", feed->text.len);
}

/* The text up to its empty line must be a good request; what follows is not looked at. */
static inline struct feed *
feed_good(struct feed *feed, struct slice text)
{
	const char *end = memmem(text.data, text.len, "\r\n\r\n", 4);

	ck_assert_ptr_nonnull(end);
	feed->limits = roomy_limits;
	feed->text = text;
	feed->want = HTTP_COMPLETE;
	feed->want_head_bytes = (size_t)(end - text.data) + 4;
	feed_every_way(feed);
	return feed;
}

static inline struct feed *
feed_bad(struct feed *feed, struct slice text, unsigned status)
{
	feed->limits = roomy_limits;
	feed->text = text;
	feed->want = HTTP_BAD;
	feed->want_status = status;
	feed_every_way(feed);
	return feed;
}

#endif
