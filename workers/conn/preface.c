/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY header of a connection. Leaves its syntax to workers/http/proxy_protocol.c.
 * Workers, unprivileged. Rule: where a header is expected, nothing is served without one:
 * else who comes past the load balancer could be anybody.
 * Shown by tests/integration/10-protocol/test_proxy_protocol.py. */
#include "workers/conn/preface.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "workers/http/proxy_protocol.h"

static void
take_header(struct conn *conn, const struct proxy_protocol *header)
{
	if (header->has_addresses)
		conn_set_peer(conn, &header->source);
	conn->is_https = header->is_https;
	conn->in_len -= header->header_bytes;
	memmove(conn->in, conn->in + header->header_bytes, conn->in_len);
}

bool
preface_read(struct conn *conn)
{
	int64_t deadline_ms = clock_mono_ms() + conn->config->limits.header_timeout_ms;
	struct proxy_protocol header;
	enum http_verdict verdict = HTTP_NEED_MORE;

	if (!conn->config->listeners[conn->own->listener_index].proxy_protocol)
		return true;
	slot_set_phase(conn->slot, SLOT_READING, clock_mono_ms());
	while (verdict == HTTP_NEED_MORE) {
		size_t got = 0;

		if (stream_read(&conn->stream, conn->in + conn->in_len,
		    conn->in_cap - conn->in_len, deadline_ms, &got) != IO_OK) {
			log_info("%s: no PROXY header came from %s", conn->own->listen_text,
			    conn->client);
			return false;
		}
		conn->in_len += got;
		verdict = proxy_protocol_parse(conn->in, conn->in_len, &header);
	}
	if (verdict == HTTP_BAD) {
		log_info("%s: %s sent no PROXY header: %s", conn->own->listen_text,
		    conn->client, header.error_reason);
		return false;
	}
	take_header(conn, &header);
	return true;
}
