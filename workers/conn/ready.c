/* SPDX-License-Identifier: BSD-2-Clause */
/* Which answers are kept, for which requests. Leaves keeping to handler/answer_cache.c, sending to
 * serve_h1.c and workers/keeper. Workers and keepers, unprivileged. Rule: an answer is kept only
 * if nothing decided it but the key; what depends on who asks (addresses, users, rates, languages,
 * origins) is noted on its way (exchange.is_personal) and made for each request.
 * Shown by tests/integration/20-static/test_cache.py. */
#include "workers/conn/ready.h"

#include "workers/conn/send_h1.h"
#include "workers/handler/found.h"
#include "workers/handler/resolve.h"

#define CRLF_BYTES 2

static bool
has_field(const struct http_request *request, enum http_field_id id)
{
	return request->first_field[id] != 0;
}

/* To hosts with other rules for clients the connection is misdirected. Answers of hosts that have
 * any are personal. */
static bool
has_client_rules(const struct conn *conn)
{
	return conn->tls.protocol != NULL && conn->tls.host->client.mode != CONFIG_CLIENT_OFF;
}

/* What is kept is for HTTP/1.1. Without codings the same is good for HTTP/1.0, but for who wants to
 * be told that the connection goes on. */
static bool
is_known_version(const struct http_request *request)
{
	return request->version_minor == 1 || (!request->is_persistent &&
	    !has_field(request, HTTP_FIELD_ACCEPT_ENCODING));
}

/* Its answer depends on no other field, but for those that access_allow() and others of its kind
 * look at, which make it a personal one. */
static bool
is_keepable(const struct conn *conn, const struct http_request *request)
{
	return conn->cache != NULL && !has_client_rules(conn) &&
	    (request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD) &&
	    request->target_form == HTTP_TARGET_ORIGIN && is_known_version(request) &&
	    request->body_kind == HTTP_BODY_NONE && !request->has_unknown_expectation &&
	    !has_field(request, HTTP_FIELD_RANGE) && !has_field(request, HTTP_FIELD_IF_RANGE) &&
	    !has_field(request, HTTP_FIELD_IF_MATCH) &&
	    !has_field(request, HTTP_FIELD_IF_UNMODIFIED_SINCE) &&
	    (!has_field(request, HTTP_FIELD_ACCEPT_ENCODING) ||
	    http_request_field_count(request, HTTP_FIELD_ACCEPT_ENCODING) == 1) &&
	    conn->config->limits.connection_rate_bytes_s == 0;
}

static void
make_key(const struct conn *conn, const struct turn *turn, struct answer_key *key)
{
	const struct http_request *request = turn->request;

	key->listener_index = conn->listener_index;
	key->is_https = turn->exchange.is_https;
	key->host = request->host;
	key->port = request->port;
	key->target = request->target;
	if (!http_request_field(request, HTTP_FIELD_ACCEPT_ENCODING, &key->accept_encoding))
		key->accept_encoding = slice_make(NULL, 0);
}

static bool
is_conditional(const struct http_request *request)
{
	return has_field(request, HTTP_FIELD_IF_NONE_MATCH) ||
	    has_field(request, HTTP_FIELD_IF_MODIFIED_SINCE);
}

/* Chooses between what an answer has: all of it, its head, or that it has not changed. */
static bool
choose(struct turn *turn, struct ready *ready)
{
	struct cached_answer *answer = ready->answer;

	ready->status = 200;
	ready->head = &answer->head;
	ready->has_content = turn->request->method == HTTP_METHOD_GET;
	if (is_conditional(turn->request) && conditional_evaluate(turn->request,
	    &answer->representation, turn->exchange.now_wall_s) == CONDITIONAL_NOT_MODIFIED) {
		ready->status = 304;
		ready->has_content = false;
		ready->head = answer->not_modified.text != NULL ? &answer->not_modified : NULL;
	}
	if (ready->head == NULL)
		return false;
	turn->exchange.route.settings = answer->settings;
	turn->ready_head = slice_make(ready->head->text, ready->head->bytes);
	turn->is_routed = true;
	turn->status = ready->status;
	return true;
}

/* An open file may have been written to since, and then its length does not fit the head. */
static bool
is_unchanged(const struct cached_answer *answer)
{
	struct answer_file_state state;
	struct stat st;

	if (answer->fd < 0)
		return true;
	if (fstat(answer->fd, &st) < 0)
		return false;
	state = found_state(&st);
	return memcmp(&state, &answer->state, sizeof state) == 0;
}

bool
ready_find(struct conn *conn, struct turn *turn, struct ready *ready)
{
	ready->answer = NULL;
	ready->head = NULL;
	ready->is_keepable = is_keepable(conn, turn->request);
	if (!ready->is_keepable)
		return false;
	make_key(conn, turn, &ready->key);
	ready->answer = answer_cache_find(conn->cache, &ready->key, turn->exchange.now_mono_ms);
	if (ready->answer != NULL && !is_unchanged(ready->answer))
		ready->answer = NULL;
	return ready->answer != NULL && choose(turn, ready);
}

/* The head as it is kept: without its empty line, and without Connection. */
static bool
write_head(struct conn *conn, const struct turn *turn, const struct answer *answer,
    struct slice *head, size_t *date_offset)
{
	const struct send_options options = { .keeps_alive = true,
		.now_wall_s = turn->exchange.now_wall_s };
	struct response_head written;
	const char *line_end;

	send_h1_write_head(conn, answer, &options, &written);
	if (written.is_bad)
		return false;
	*head = slice_make(written.out, written.len - CRLF_BYTES);
	line_end = memchr(head->data, '\n', head->len);
	*date_offset = (size_t)(line_end - head->data) + 1 + strlen("Date: ");
	return true;
}

/* All content of the answer; false: it cannot be read, or not at once. */
static bool
fill(struct cached_answer *kept, const struct answer *answer)
{
	const struct answer_segment *only = &answer->segments[0];
	size_t at = 0;

	if (answer->segment_count == 1 && only->kind == ANSWER_MEMORY) {
		memcpy(kept->content, only->data.data, only->data.len);
		return true;
	}
	while (at < kept->content_bytes) {
		ssize_t n = resolve_read(answer->file_fd, kept->content + at,
		    kept->content_bytes - at, (off_t)(only->offset + at));

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* In memory, or as an open file where that is allowed to block. */
static struct cached_answer *
keep_content(struct conn *conn, const struct turn *turn, const struct ready *ready,
    struct answer *answer, struct slice head, size_t date_offset)
{
	bool is_small = answer_cache_takes(conn->cache, answer->content_bytes);
	size_t content_bytes = is_small ? answer->content_bytes : 0;
	struct cached_answer *kept;

	if (!is_small && (turn->exchange.is_hasty || answer->segments[0].kind != ANSWER_FILE))
		return NULL;
	kept = answer_cache_reserve(conn->cache, &ready->key, head, date_offset,
	    &answer->representation, content_bytes);
	if (kept == NULL)
		return NULL;
	kept->settings = turn->exchange.route.settings;
	kept->state = answer->state;
	if (is_small && !fill(kept, answer)) {
		answer_cache_drop(conn->cache, kept);
		return NULL;
	}
	if (!is_small) {
		kept->fd = answer->file_fd;
		kept->file_bytes = answer->content_bytes;
		answer->file_fd = -1;
	}
	answer_cache_publish(conn->cache, kept, turn->start_wall_us * 1000,
	    turn->exchange.now_mono_ms);
	return kept;
}

static bool
may_be_kept(const struct turn *turn, const struct ready *ready, const struct answer *answer)
{
	return ready->is_keepable && turn->request->method == HTTP_METHOD_GET && turn->is_routed &&
	    !turn->exchange.is_personal && answer->is_file && !answer->must_close &&
	    answer->source.read == NULL && answer->segment_count <= 1;
}

bool
ready_keep(struct conn *conn, struct turn *turn, struct ready *ready, struct answer *answer)
{
	const struct exchange *exchange = &turn->exchange;
	struct slice head;
	size_t date_offset;

	if (!may_be_kept(turn, ready, answer) ||
	    (answer->status != 200 && answer->status != 304) ||
	    !write_head(conn, turn, answer, &head, &date_offset))
		return false;
	if (answer->status == 304) {
		if (ready->answer != NULL && memcmp(&ready->answer->state, &answer->state,
		    sizeof answer->state) == 0)
			answer_cache_set_not_modified(conn->cache, ready->answer, head,
			    date_offset);
		return false;
	}
	ready->answer = answer_cache_renew(conn->cache, &ready->key, head, date_offset,
	    &answer->state, exchange->now_mono_ms);
	if (ready->answer != NULL)
		ready->answer->settings = exchange->route.settings;
	else
		ready->answer = keep_content(conn, turn, ready, answer, head, date_offset);
	return ready->answer != NULL && choose(turn, ready);
}

unsigned
ready_pieces(struct conn *conn, const struct turn *turn, const struct ready *ready,
    bool keeps_alive, struct iovec pieces[READY_PIECES_MAX])
{
	static const char close_line[] = "Connection: close\r\n";
	struct answer_head *head = ready->head;
	size_t content_bytes = ready->has_content ? ready->answer->content_bytes : 0;

	answer_head_set_date(head, conn_date(conn, turn->exchange.now_wall_s),
	    turn->exchange.now_wall_s);
	/* The empty line and the content follow the head in memory. */
	pieces[0] = (struct iovec){ head->text, head->bytes + CRLF_BYTES + content_bytes };
	if (keeps_alive)
		return 1;
	pieces[0].iov_len = head->bytes;
	pieces[1] = (struct iovec){ (void *)(uintptr_t)close_line, sizeof close_line - 1 };
	pieces[2] = (struct iovec){ head->text + head->bytes, CRLF_BYTES + content_bytes };
	return 3;
}
