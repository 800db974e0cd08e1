/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of steps for a request. Leaves each step to its own file. Workers,
 * unprivileged. Rule: whatever path is looked up in the end, by rewrites, fallbacks, an index
 * or includes, it has passed the access control of its own location; only the languages and
 * codings of a file are its location's, unless their own names have other access control.
 * Shown by tests/integration/20-static.
 *
 *   host's rules
 *        |
 *   location and its rules -> limits -> preflight -> access -> method    site_admit()
 *        ^                                                      |
 *        +--- another path (try_files, index) --- file ---------+        site_answer()
 *                                                  |
 *                    error page -> fields -> compression                 site_finish()
 */
#include "workers/handler/site.h"

#include "server/base/log.h"
#include "workers/handler/access.h"
#include "workers/handler/compress.h"
#include "workers/handler/cors.h"
#include "workers/handler/error_page.h"
#include "workers/handler/fields.h"
#include "workers/handler/limits.h"
#include "workers/handler/rules.h"
#include "workers/handler/static.h"

#define ROUNDS_MAX 10               /* of fallbacks that lead to fallbacks */
#define PATH_BYTES 4096             /* PATH_MAX: no longer path can be opened */

/* "OPTIONS *" and CONNECT are about the server: no rule is for them. */
static bool
names_a_path(const struct exchange *exchange)
{
	return exchange->request->target_form == HTTP_TARGET_ORIGIN ||
	    exchange->request->target_form == HTTP_TARGET_ABSOLUTE;
}

/* The settings of each location on the way count, not only those of the last one. */
static void
note_dependence(struct exchange *exchange)
{
	const struct config_settings *settings = exchange->route.settings;

	exchange->is_personal |= settings->allow_count > 0 || settings->deny_count > 0 ||
	    settings->auth_type != CONFIG_AUTH_OFF || settings->request_rate.per_1000s > 0 ||
	    settings->limit_rate_bytes_s > 0 || settings->languages.count > 0 ||
	    settings->cors.count > 0;
}

bool
site_admit(struct exchange *exchange, struct answer *answer)
{
	if (!names_a_path(exchange))
		return route_server(exchange, answer) && !static_refuses_method(exchange, answer);
	if (!route_request(exchange, answer))
		return false;
	note_dependence(exchange);
	return limits_allow(exchange, answer) && !cors_answers_preflight(exchange, answer) &&
	    access_allow(exchange, answer) && !static_refuses_method(exchange, answer);
}

/* Once for each limit: *asked is the last one that was, which locations share by inheriting it.
 * What a page includes is a part of the request for the page. */
static bool
limits_allow_too(struct exchange *exchange, struct answer *answer, const char **asked)
{
	const struct config_settings *settings = exchange->route.settings;

	if (exchange->depth > 0 || settings->request_rate.per_1000s == 0 ||
	    settings->request_rate.text == *asked)
		return true;
	*asked = settings->request_rate.text;
	return limits_allow(exchange, answer);
}

void
site_answer(struct exchange *exchange, struct answer *answer)
{
	const char *asked = exchange->route.settings->request_rate.text;
	unsigned round;

	for (round = 0; static_handle(exchange, answer) == STATIC_REROUTE; round++) {
		answer_restart(answer);
		if (round >= ROUNDS_MAX) {
			log_error("%s: try_files leads to itself, last to \"%s\"",
			    exchange->route.host->name, exchange->path.data);
			answer_error(answer, exchange->arena, 500);
			return;
		}
		if (!route_again(exchange, answer))
			return;
		note_dependence(exchange);
		if (!limits_allow_too(exchange, answer, &asked) ||
		    !access_allow(exchange, answer))
			return;
	}
}

void
site_finish(struct exchange *exchange, struct answer *answer, bool is_routed)
{
	if (answer->is_declined)
		return;
	if (is_routed && answer->is_generated_error)
		error_page_replace(exchange, answer);
	if (is_routed)
		fields_add(exchange, answer);
	else
		fields_add_unrouted(answer);
	if (answer->lacks_room) {
		log_error("\"%.200s\": the answer has too many header fields",
		    is_routed ? exchange->path.data : "");
		answer_error(answer, exchange->arena, 500);
		fields_add_unrouted(answer);
	}
	if (is_routed)
		compress_answer(exchange, answer);
}

/* The request that an include stands for: the client's, for another path. What the client has
 * called its method stays, since that is what its proof of a digest login is about. */
static struct http_request *
derive_request(const struct exchange *parent, struct slice path, struct slice query,
    bool has_query)
{
	struct http_request *request = arena_alloc(parent->scratch, sizeof *request);

	if (request == NULL)
		return NULL;
	*request = *parent->request;
	request->method = HTTP_METHOD_GET;
	request->target_form = HTTP_TARGET_ORIGIN;
	request->path = path;
	request->query = query;
	request->has_query = has_query;
	return request;
}

void
site_subrequest(const struct exchange *parent, struct slice target, struct answer *answer)
{
	struct exchange inner = *parent;
	const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
	struct slice path = target, query = slice_make("", 0);
	char *normal = arena_alloc(parent->scratch, PATH_BYTES);

	if (mark != NULL) {
		path.len = (size_t)(mark - target.data);
		query = slice_make(mark + 1, target.len - path.len - 1);
	}
	inner.depth++;
	inner.query = query;
	inner.has_query = mark != NULL;
	inner.request = normal == NULL ? NULL :
	    derive_request(parent, path, query, mark != NULL);
	if (inner.request == NULL) {
		answer_error(answer, parent->arena, 500);
		return;
	}
	if (uri_normalize_path(path, normal, PATH_BYTES, &inner.path_info) != URI_OK) {
		answer_error(answer, parent->arena, 404);
		return;
	}
	inner.path = slice_make(normal, inner.path_info.len);
	if (route_request(&inner, answer) && access_allow(&inner, answer))
		site_answer(&inner, answer);
}
