/* SPDX-License-Identifier: BSD-2-Clause */
/* The handshake of a new connection, from its first byte on. Leaves TLS to workers/io and HTTP to
 * serve_h1.c. Workers, unprivileged. Rules: whoever says nothing, or too little, is gone after
 * handshake_timeout; on a listener with TLS nothing is served without it.
 * Shown by tests/integration/70-tls/test_handshake.py. */
#include "workers/conn/secure.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "workers/handler/route.h"
#include "workers/http2/session.h"
#include "workers/io/tls.h"
#include "workers/io/tls_keys.h"
#include "workers/io/tls_memory.h"
#include "workers/io/tls_site.h"

#define LINGER_MS 50                /* for the client to take an alert */
#define LINGER_BYTES 65536

static const struct config_host *
find_host(const struct config *config, unsigned listener_index, const char *name)
{
	return route_find_host(config, listener_index, slice_from_text(name)).host;
}

void
secure_init(const struct conn *conn)
{
	if (conn->own->tls == NULL)
		return;
	tls_memory_use_own();
	tls_keys_use_signer(conn->own->sign_fd, conn->config->limits.handshake_timeout_ms);
}

/* Who only looks whether somebody listens is not worth a line of the log. */
static bool
read_first_bytes(struct conn *conn, int64_t deadline_ms)
{
	size_t got = 0;

	if (conn->in_len > 0)
		return true;
	switch (stream_read(&conn->stream, conn->in, conn->in_cap, deadline_ms, &got)) {
	case IO_OK:
		conn->in_len = got;
		return true;
	case IO_TIMEOUT:
		log_info("%s: TLS handshake failed: nothing came within handshake_timeout",
		    conn->client);
		return false;
	default:
		return false;
	}
}

enum secure
secure_begin(struct conn *conn)
{
	int64_t now_ms;
	struct tls_wish wish;

	if (!conn->config->listeners[conn->listener_index].tls)
		return SECURE_GOES_ON;
	now_ms = clock_mono_ms();
	slot_set_phase(conn->slot, SLOT_READING, now_ms);
	wish = (struct tls_wish){
		.config = conn->config,
		.site = conn->own->tls,
		.listener_index = conn->listener_index,
		.find_host = find_host,
		.offers_h2 = conn->config->listeners[conn->listener_index].http2 &&
		    h2_session_is_built(),
		.in = conn->in,
		.client = conn->client,
		.deadline_mono_ms = now_ms + conn->config->limits.handshake_timeout_ms,
		.record_timeout_ms = conn->config->limits.header_timeout_ms,
	};
	if (!read_first_bytes(conn, wish.deadline_mono_ms))
		return SECURE_ENDS;
	wish.in_bytes = conn->in_len;
	switch (tls_start(&conn->stream, &wish)) {
	case TLS_STARTED:
		conn->in_len = 0;
		conn->is_https = true;
		tls_get_facts(&conn->stream, &conn->tls);
		return SECURE_GOES_ON;
	case TLS_IS_PLAIN_HTTP:
		conn->is_https = false;
		return SECURE_IS_PLAIN;
	case TLS_FAILED:
		stream_linger(&conn->stream, LINGER_MS, LINGER_BYTES);
		return SECURE_ENDS;
	case TLS_TIMEOUT:
	case TLS_STOPPED:
		break;
	}
	return SECURE_ENDS;
}

/* Hosts that share certificates share a context. */
bool
secure_fits_host(const struct conn *conn, struct slice name)
{
	const char *asked = conn->tls.server_name == NULL ? "" : conn->tls.server_name;
	const struct config *config = conn->config;
	const struct config_host *shown, *wanted;

	if (conn->stream.tls == NULL)
		return true;
	shown = find_host(config, conn->listener_index, asked);
	wanted = route_find_host(config, conn->listener_index, name).host;
	return tls_site_context(conn->own->tls, (size_t)(shown - config->hosts)) ==
	    tls_site_context(conn->own->tls, (size_t)(wanted - config->hosts));
}

void
secure_end(struct conn *conn)
{
	tls_end(&conn->stream);
}
