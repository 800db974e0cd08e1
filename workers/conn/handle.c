/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request of a connection to what the handlers know. Leaves reading and sending to
 * serve_h1.c and workers/keeper. Workers and keepers, unprivileged. Rule: who asks is who the
 * connection, or a trusted proxy, says. Shown by tests/integration/10-protocol. */
#include "workers/conn/handle.h"

#include "workers/handler/real_ip.h"
#include "workers/handler/site.h"

#define PATH_BYTES 4096             /* PATH_MAX: no longer path can be opened */
#define PATH_EXTRA_BYTES 2          /* a normal path has no more than the slash and the NUL */

void
handle_prepare(struct conn *conn, struct turn *turn)
{
	struct exchange *exchange = &turn->exchange;
	const struct inheritance *own = conn->own;

	exchange->request = turn->request;
	exchange->query = turn->request->query;
	exchange->has_query = turn->request->has_query;
	exchange->config = conn->config;
	exchange->root_fds = own->root_fds;
	exchange->arena = turn->arena;
	exchange->scratch = turn->scratch;
	exchange->clients = own->clients;
	exchange->nonces = own->nonces;
	exchange->listener_index = conn->listener_index;
	exchange->is_hasty = own->role == INHERIT_KEEPER;
	exchange->paid_rate_count = conn->paid_rate_count;
	exchange->now_wall_s = turn->start_wall_us / 1000000;
	exchange->now_mono_ms = turn->start_mono_us / 1000;
	exchange->boundary_seed = conn->boundary_seed++;
	exchange->client = conn->peer;
	exchange->is_https = conn->is_https;
	exchange->tls_host = conn->tls.protocol != NULL ? conn->tls.host : NULL;
	exchange->client_text = slice_from_text(conn->client);
	if (conn->config->trusted_proxy_count == 0)
		return;
	real_ip_find(conn->config, turn->request, &conn->peer, &exchange->client,
	    &exchange->is_https);
	conn_write_address(conn->real_client, &exchange->client);
	exchange->client_text = slice_from_text(conn->real_client);
}

/* The path that the request names; 0, or the status of an answer without one. */
static unsigned
find_path(struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	size_t cap = request->path.len + PATH_EXTRA_BYTES;
	char *path;

	if (request->target_form == HTTP_TARGET_ASTERISK ||
	    request->target_form == HTTP_TARGET_AUTHORITY) {
		exchange->path = SLICE_LITERAL("/"); /* the server itself */
		exchange->path_info = (struct uri_path){ 1, false, true };
		return 0;
	}
	if (cap > PATH_BYTES)
		cap = PATH_BYTES;
	path = arena_alloc(exchange->arena, cap);
	if (path == NULL)
		return 500;
	switch (uri_normalize_path(request->path, path, cap,
	    &exchange->path_info)) {
	case URI_BAD:
		return 400;
	case URI_ENCODED_SLASH:
		return 404;
	case URI_TOO_LONG:          /* understood, but no file's (RFC 9112 3) */
		return 404;
	case URI_OK:
		break;
	}
	exchange->path = slice_make(path, exchange->path_info.len);
	return 0;
}

bool
handle_admit(struct turn *turn, struct answer *answer)
{
	const struct http_request *request = turn->request;
	unsigned status;

	if (request->has_unknown_expectation) {
		answer_error(answer, turn->arena, 417);
		return false;
	}
	status = find_path(&turn->exchange);
	if (status == 0 && request->is_https && !turn->exchange.is_https)
		status = 421;       /* not over a connection that is not secured (RFC 9110 7.4) */
	if (status != 0) {
		answer_error(answer, turn->arena, status);
		return false;
	}
	turn->is_routed = true;
	return site_admit(&turn->exchange, answer);
}

bool
handle_may_keep_alive(const struct conn *conn)
{
	const struct config_keepalive *keepalive = &conn->config->keepalive;

	return conn->request.is_persistent && keepalive->timeout_ms > 0 &&
	    (keepalive->max_request_count == 0 ||
	    conn->request_count < keepalive->max_request_count) &&
	    !conn_is_last_request(conn);
}
