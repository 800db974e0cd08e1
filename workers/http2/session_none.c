/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of session.c where nghttp2 is left out: there is no session. A configuration that asks
 * for HTTP/2 is refused (config/features.c), so nobody comes here but by mistake. */
#include "workers/http2/session.h"

#include <errno.h>

#ifndef HAVE_NGHTTP2

bool
h2_session_is_built(void)
{
	return false;
}

struct h2_session *
h2_session_new(const struct h2_owner *functions, void *owner)
{
	(void)functions;
	(void)owner;
	errno = ENOTSUP;
	return NULL;
}

bool
h2_session_begin(struct h2_session *own, const struct h2_settings *settings, int64_t now_ms)
{
	(void)own;
	(void)settings;
	(void)now_ms;
	return false;
}

void
h2_session_end(struct h2_session *own)
{
	(void)own;
}

bool
h2_session_feed(struct h2_session *own, const char *in, size_t bytes, int64_t now_ms)
{
	(void)own;
	(void)in;
	(void)bytes;
	(void)now_ms;
	return false;
}

size_t
h2_session_produce(struct h2_session *own, char *out, size_t cap, int64_t now_ms)
{
	(void)own;
	(void)out;
	(void)cap;
	(void)now_ms;
	return 0;
}

bool
h2_session_has_more(const struct h2_session *own)
{
	(void)own;
	return false;
}

bool
h2_session_is_over(const struct h2_session *own)
{
	(void)own;
	return true;
}

bool
h2_session_is_in_head(const struct h2_session *own)
{
	(void)own;
	return false;
}

bool
h2_session_is_shut(struct h2_session *own, int32_t stream_id)
{
	(void)own;
	(void)stream_id;
	return false;
}

bool
h2_session_answer(struct h2_session *own, int32_t stream_id, const struct h2_field *fields,
    size_t count, bool has_content)
{
	(void)own;
	(void)stream_id;
	(void)fields;
	(void)count;
	(void)has_content;
	return false;
}

void
h2_session_inform(struct h2_session *own, int32_t stream_id, const struct h2_field *fields,
    size_t count)
{
	(void)own;
	(void)stream_id;
	(void)fields;
	(void)count;
}

void
h2_session_resume(struct h2_session *own, int32_t stream_id)
{
	(void)own;
	(void)stream_id;
}

void
h2_session_reset(struct h2_session *own, int32_t stream_id, enum h2_error error)
{
	(void)own;
	(void)stream_id;
	(void)error;
}

void
h2_session_refuse(struct h2_session *own, int32_t stream_id)
{
	(void)own;
	(void)stream_id;
}

void
h2_session_give_notice(struct h2_session *own)
{
	(void)own;
}

bool
h2_session_is_noticed(const struct h2_session *own)
{
	(void)own;
	return true;
}

void
h2_session_go_away(struct h2_session *own)
{
	(void)own;
}

void
h2_session_terminate(struct h2_session *own, enum h2_error error)
{
	(void)own;
	(void)error;
}

#endif
