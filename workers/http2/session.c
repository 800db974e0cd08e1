/* SPDX-License-Identifier: BSD-2-Clause */
/* nghttp2 behind session.h. Leaves what a request is to request.c, and what it gets to
 * workers/conn. Workers, unprivileged, on bytes that clients sent. Rules: all that nghttp2 takes
 * comes out of one bounded heap; DATA goes from its source into the caller's output with no copy
 * in between; every frame that is no work is paid for (budget.h), and a header list that does not
 * end has a limit. Each byte goes past watch.c first.
 * nghttp2 itself refuses what RFC 9113 does, streams beyond the limit, and answers to PING and
 * SETTINGS that nobody takes; it knows priorities (RFC 9218) by the field and by PRIORITY_UPDATE.
 * Shown by test_session.c, test_floods.c and tests/integration/75-http2. */
#include "workers/http2/session_parts.h"

#include <errno.h>
#include <stdlib.h>

#ifdef HAVE_NGHTTP2

#define HEAP_BYTES ((size_t)2 * 1024 * 1024)
#define WINDOW_BYTES 262144         /* content is counted and let go of: nothing fills up */
#define CONNECTION_WINDOW_BYTES 1048576
#define ACKS_MAX 256                /* answers to PING and SETTINGS that wait to be sent */
#define LIST_SPARE_BYTES 65536      /* of a header list on the wire, beyond what may be in it */

void
h2_session_terminate(struct h2_session *own, enum h2_error error)
{
	own->is_terminated = true;
	own->is_in_head = false;    /* nothing of it is looked at any more */
	(void)nghttp2_session_terminate_session(own->session, error);
}

void
h2_session_charge(struct h2_session *own, unsigned cost)
{
	if (!own->is_terminated && !h2_budget_spend(&own->budget, cost, own->now_mono_ms))
		h2_session_terminate(own, H2_ENHANCE_YOUR_CALM);
}

/* Once a process ---------------------------------------------------------------------------- */

static int
set_callbacks(struct h2_session *own)
{
	if (nghttp2_session_callbacks_new(&own->callbacks) != 0)
		return -1;
	h2_session_set_input(own->callbacks);
	h2_session_set_output(own->callbacks);
	return 0;
}

/* nghttp2 counts not CONTINUATION frames, but how often it was given some part of a head of one:
 * eight times, and a list that comes byte by byte is too much for it. What a list may take of the
 * wire is limited here (h2_session_feed()). */
#ifdef HAVE_NGHTTP2_OPTION_SET_MAX_CONTINUATIONS
static void
let_continuations_come(nghttp2_option *options)
{
	nghttp2_option_set_max_continuations(options, SIZE_MAX);
}
#else
static void
let_continuations_come(nghttp2_option *options)
{
	(void)options;              /* it does not count yet */
}
#endif

static int
set_options(struct h2_session *own)
{
	if (nghttp2_option_new(&own->options) != 0)
		return -1;
	nghttp2_option_set_no_closed_streams(own->options, 1);
	nghttp2_option_set_max_outbound_ack(own->options, ACKS_MAX);
	let_continuations_come(own->options);
	nghttp2_option_set_builtin_recv_extension_type(own->options, NGHTTP2_PRIORITY_UPDATE);
	return 0;
}

bool
h2_session_is_built(void)
{
	return true;
}

struct h2_session *
h2_session_new(const struct h2_owner *functions, void *owner)
{
	struct h2_session *own = calloc(1, sizeof *own);

	if (own == NULL)
		return NULL;
	own->functions = functions;
	own->owner = owner;
	own->allocator = (nghttp2_mem){ &own->memory, h2_memory_malloc, h2_memory_free,
		h2_memory_calloc, h2_memory_realloc };
	if (h2_memory_init(&own->memory, HEAP_BYTES) == 0 && set_callbacks(own) == 0 &&
	    set_options(own) == 0)
		return own;
	nghttp2_session_callbacks_del(own->callbacks);
	arena_fini(&own->memory.area);
	free(own);
	errno = ENOMEM;
	return NULL;
}

/* Each connection --------------------------------------------------------------------------- */

static bool
send_settings(struct h2_session *own, const struct h2_settings *settings)
{
	const nghttp2_settings_entry entries[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings->stream_count },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings->header_bytes > UINT32_MAX ?
		    UINT32_MAX : (uint32_t)settings->header_bytes },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};

	return nghttp2_submit_settings(own->session, NGHTTP2_FLAG_NONE, entries,
	    sizeof entries / sizeof entries[0]) == 0 &&
	    nghttp2_session_set_local_window_size(own->session, NGHTTP2_FLAG_NONE, 0,
	    CONNECTION_WINDOW_BYTES) == 0;
}

bool
h2_session_begin(struct h2_session *own, const struct h2_settings *settings, int64_t now_ms)
{
	if (nghttp2_session_server_new3(&own->session, own->callbacks, own, own->options,
	    &own->allocator) != 0) {
		own->session = NULL;
		return false;
	}
	own->now_mono_ms = now_ms;
	own->header_bytes = settings->header_bytes;
	own->list_stream = NULL;
	own->is_in_head = own->has_more = own->is_terminated = own->is_noticed = false;
	own->rest = NULL;
	own->rest_bytes = 0;
	h2_budget_init(&own->budget, now_ms);
	h2_watch_init(&own->watch);
	own->untold_count = 0;
	if (send_settings(own, settings))
		return true;
	h2_session_end(own);
	return false;
}

void
h2_session_end(struct h2_session *own)
{
	nghttp2_session_del(own->session);
	own->session = NULL;
	h2_memory_trim(&own->memory);
}

/* What has gone wrong beyond what nghttp2 says to the client by itself. */
static enum h2_error
error_of(ssize_t code)
{
	switch (code) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		return H2_PROTOCOL_ERROR;
	case NGHTTP2_ERR_NOMEM:
	case NGHTTP2_ERR_CALLBACK_FAILURE:
		return H2_INTERNAL_ERROR;
	default:
		return H2_ENHANCE_YOUR_CALM;
	}
}

/* Frames of unknown types, and what still comes for streams that are no more. */
static void
pay_for_untold(struct h2_session *own)
{
	if (own->untold_count <= 0) /* below: one of which we have not seen enough */
		return;
	h2_session_charge(own, own->untold_count < UINT16_MAX ?
	    (unsigned)own->untold_count * H2_COST_FRAME : UINT16_MAX);
	own->untold_count = 0;
}

bool
h2_session_feed(struct h2_session *own, const char *in, size_t bytes, int64_t now_ms)
{
	struct h2_watch_verdict verdict;
	ssize_t used;

	own->now_mono_ms = now_ms;
	if (own->is_terminated)
		return false;
	if (own->is_in_head) {
		own->list_bytes += bytes;
		if (own->list_bytes > own->header_bytes + LIST_SPARE_BYTES) {
			h2_session_terminate(own, H2_ENHANCE_YOUR_CALM);
			return false;
		}
	}
	verdict = h2_watch_input(&own->watch, in, bytes);
	own->untold_count += (int64_t)verdict.frame_count;
	used = nghttp2_session_mem_recv(own->session, (const uint8_t *)in, verdict.good_bytes);
	if (used < 0) {
		h2_session_terminate(own, error_of(used));
		return false;
	}
	pay_for_untold(own);
	if (verdict.error != H2_NO_ERROR) /* unless there was another one before */
		h2_session_terminate(own, verdict.error);
	return !own->is_terminated && nghttp2_session_want_read(own->session) != 0;
}

static bool
take_rest(struct h2_session *own)
{
	size_t room = own->out_cap - own->out_len;
	size_t part = own->rest_bytes < room ? own->rest_bytes : room;

	if (part > 0)
		memcpy(own->out + own->out_len, own->rest, part);
	own->out_len += part;
	own->rest += part;
	own->rest_bytes -= part;
	own->has_more |= own->rest_bytes > 0;
	return own->rest_bytes == 0;
}

size_t
h2_session_produce(struct h2_session *own, char *out, size_t cap, int64_t now_ms)
{
	own->now_mono_ms = now_ms;
	own->has_more = false;
	own->out = out;
	own->out_cap = cap;
	own->out_len = 0;
	while (take_rest(own)) {
		ssize_t n = nghttp2_session_mem_send(own->session, &own->rest);

		if (n <= 0)
			break;
		own->rest_bytes = (size_t)n;
	}
	return own->out_len;
}

bool
h2_session_has_more(const struct h2_session *own)
{
	return own->has_more;
}

bool
h2_session_is_over(const struct h2_session *own)
{
	return own->rest_bytes == 0 && !nghttp2_session_want_read(own->session) &&
	    !nghttp2_session_want_write(own->session);
}

bool
h2_session_is_in_head(const struct h2_session *own)
{
	return own->is_in_head;
}

bool
h2_session_is_shut(struct h2_session *own, int32_t stream_id)
{
	return nghttp2_session_get_stream_remote_window_size(own->session, stream_id) <= 0;
}

#endif
