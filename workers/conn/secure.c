/* SPDX-License-Identifier: BSD-2-Clause */
/* The handshake of a new connection, from its first byte on. Leaves TLS to workers/io and HTTP to
 * serve_h1.c. Workers, unprivileged. Rules: whoever says nothing, or too little, is gone after
 * handshake_timeout, and until there is a whole hello it waits with a keeper; on a listener with
 * TLS nothing is served without it.
 * Shown by tests/integration/70-tls/test_handshake.py. */
#include "workers/conn/secure.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "workers/conn/wait_h1.h"
#include "workers/handler/route.h"
#include "workers/http2/session.h"
#include "workers/io/tls.h"
#include "workers/io/tls_first.h"
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

/* It goes on in a keeper until its hello is there. False: it stays. */
static bool
park(struct conn *conn, int64_t deadline_ms)
{
	conn->awaits_hello = true;
	conn->head_deadline_mono_ms = deadline_ms;
	return wait_h1_park(conn);
}

/* False: nothing came, or a keeper waits for the rest. Who only looks whether somebody listens is
 * not worth a line of the log. */
static bool
read_first_bytes(struct conn *conn, int64_t deadline_ms)
{
	bool may_park = conn_has_keepers(conn);
	enum io_result result;

	while (conn->in_len == 0 ||
	    (may_park && !tls_first_is_enough(conn->in, conn->in_len))) {
		size_t got = 0;

		result = stream_read(&conn->stream, conn->in + conn->in_len,
		    conn->in_cap - conn->in_len, may_park ? 0 : deadline_ms, &got);
		conn->in_len += got;
		if (result == IO_OK)
			continue;
		if (result != IO_TIMEOUT)
			return conn->in_len > 0;
		if (may_park && park(conn, deadline_ms))
			return false;
		if (!may_park) {
			secure_log_silence(conn);
			return false;
		}
		may_park = false;   /* no room in the queue */
	}
	return true;
}

void
secure_log_silence(const struct conn *conn)
{
	log_info("%s: TLS handshake failed: %s within handshake_timeout", conn->client,
	    conn->in_len == 0 ? "nothing came" : "not done");
}

/* From when it was accepted, whoever has waited since then: but what another process says of that
 * is not believed beyond what could be. */
static int64_t
handshake_deadline(const struct conn *conn, int64_t now_ms)
{
	int64_t most_ms = now_ms + conn->config->limits.handshake_timeout_ms;

	return conn->awaits_hello && conn->head_deadline_mono_ms < most_ms ?
	    conn->head_deadline_mono_ms : most_ms;
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
		.deadline_mono_ms = handshake_deadline(conn, now_ms),
		.record_timeout_ms = conn->config->limits.header_timeout_ms,
	};
	if (!read_first_bytes(conn, wish.deadline_mono_ms))
		return SECURE_ENDS;
	/* It may have lain in a queue too long for anything to come of it. */
	if (conn->awaits_hello && wish.deadline_mono_ms <= clock_mono_ms()) {
		secure_log_silence(conn);
		return SECURE_ENDS;
	}
	conn->awaits_hello = false;
	conn->head_deadline_mono_ms = 0;
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
