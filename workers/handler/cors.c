/* SPDX-License-Identifier: BSD-2-Clause */
/* cors: which origins may read answers with a script. Workers, unprivileged; pure. Rules:
 * "*" never goes together with credentials; an answer that depends on Origin says so in
 * Vary, also to a client that sent none, or a cache would give it to the wrong one.
 * Shown by test_cors.c and tests/integration/20-static/test_cors.py. */
#include "workers/handler/cors.h"

#include "workers/handler/text.h"

#define ALLOW_ORIGIN SLICE_LITERAL("Access-Control-Allow-Origin")
#define LIST_BYTES 4096

static bool
is_for_everybody(const struct config_settings *settings)
{
	for (size_t i = 0; i < settings->cors.count; i++) {
		if (strcmp(settings->cors.items[i], "*") == 0)
			return true;
	}
	return false;
}

/* Origins are compared byte by byte (RFC 6454 5): browsers send scheme and host in lower
 * case. */
static bool
find_allowed_origin(const struct exchange *exchange, struct slice *origin_out)
{
	const struct config_settings *settings = exchange->route.settings;

	if (!http_request_field_named(exchange->request, SLICE_LITERAL("Origin"), origin_out))
		return false;
	for (size_t i = 0; i < settings->cors.count; i++) {
		if (slice_equal(slice_from_text(settings->cors.items[i]), *origin_out))
			return true;
	}
	return false;
}

/* False: the origin is not allowed, or there is none. */
static bool
add_origin(const struct exchange *exchange, struct answer *answer)
{
	struct slice origin;

	if (is_for_everybody(exchange->route.settings)) {
		answer_field(answer, ALLOW_ORIGIN, SLICE_LITERAL("*"));
		return true;
	}
	answer_vary(answer, exchange->arena, SLICE_LITERAL("Origin"));
	if (!find_allowed_origin(exchange, &origin))
		return false;
	answer_field(answer, ALLOW_ORIGIN, origin);
	if (exchange->route.settings->cors_credentials)
		answer_field(answer, SLICE_LITERAL("Access-Control-Allow-Credentials"),
		    SLICE_LITERAL("true"));
	return true;
}

static struct slice
join(const struct exchange *exchange, const struct config_texts *texts)
{
	struct text text;

	text_init(&text, exchange->arena, LIST_BYTES);
	for (size_t i = 0; i < texts->count; i++) {
		if (i > 0)
			text_slice(&text, SLICE_LITERAL(", "));
		text_slice(&text, slice_from_text(texts->items[i]));
	}
	return text_get(&text);
}

bool
cors_answers_preflight(const struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;
	struct slice origin, method, headers;
	struct text age;

	if (settings->cors.count == 0 || exchange->request->method != HTTP_METHOD_OPTIONS ||
	    !http_request_field_named(exchange->request, SLICE_LITERAL("Origin"), &origin) ||
	    !http_request_field_named(exchange->request,
	    SLICE_LITERAL("Access-Control-Request-Method"), &method))
		return false;
	if (!is_for_everybody(settings) && !find_allowed_origin(exchange, &origin))
		return false;
	answer->status = 204;
	answer->has_content = false;
	answer_field(answer, SLICE_LITERAL("Access-Control-Allow-Methods"),
	    SLICE_LITERAL("GET, HEAD, OPTIONS"));
	headers = join(exchange, &settings->cors_headers);
	if (headers.len > 0)
		answer_field(answer, SLICE_LITERAL("Access-Control-Allow-Headers"), headers);
	text_init(&age, exchange->arena, 24);
	text_decimal(&age, settings->cors_max_age_s);
	answer_field(answer, SLICE_LITERAL("Access-Control-Max-Age"), text_get(&age));
	return true;
}

void
cors_add_fields(const struct exchange *exchange, struct answer *answer)
{
	if (exchange->route.settings->cors.count > 0)
		(void)add_origin(exchange, answer);
}
