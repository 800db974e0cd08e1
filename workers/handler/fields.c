/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields from the configuration, for a finished answer. Workers, unprivileged; pure. Rule:
 * a 304 gets what the 200 would have got (RFC 9110 15.4.5), since caches update what they
 * store from it. Shown by test_fields_added.c and tests/integration/20-static. */
#include "workers/handler/fields.h"

#include "workers/handler/auth.h"
#include "workers/handler/cors.h"
#include "workers/handler/media_type.h"
#include "workers/handler/text.h"
#include "workers/http/date.h"
#include "workers/http/headers.h"

#define CACHE_CONTROL SLICE_LITERAL("Cache-Control")
#define AGE_BYTES 48

/* Those whose age can be said: what an error page says is nobody's to keep. */
static bool
is_cacheable_status(unsigned status)
{
	switch (status) {
	case 200: case 203: case 206: case 301: case 304: case 308:
		return true;
	default:
		return false;
	}
}

/* Exact types before families before all; of equals the innermost scope's, which come
 * first. */
static const struct config_expiry *
find_expiry(const struct config_settings *settings, struct slice media_type)
{
	const struct config_expiry *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < settings->expiry_count; i++) {
		const struct config_expiry *one = &settings->expires[i];
		size_t len = strlen(one->type);

		if (media_type_fits(one->type, media_type) && (best == NULL || len > best_len)) {
			best = one;
			best_len = len;
		}
	}
	return best;
}

static void
add_expires(const struct exchange *exchange, struct answer *answer, int64_t age_s)
{
	char *date = arena_alloc(exchange->arena, HTTP_DATE_BYTES + 1);

	if (date == NULL) {
		answer->lacks_room = true;
		return;
	}
	http_date_format(exchange->now_wall_s + age_s, date);
	answer_field(answer, SLICE_LITERAL("Expires"), slice_make(date, HTTP_DATE_BYTES));
}

/* Also when it was only a page's include that asked who it is. */
static bool
is_for_one_user(const struct exchange *exchange)
{
	return exchange->auth != NULL && exchange->auth->settings != NULL;
}

/* cache_control and the age of the type make one field; a handler that has set it knows
 * better. */
static void
add_cache_control(const struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;
	struct slice said = slice_from_text(settings->cache_control);
	const struct config_expiry *expiry;
	bool has_age;
	struct text text;

	if (!is_cacheable_status(answer->status) ||
	    answer_find_field(answer, CACHE_CONTROL) != NULL)
		return;
	expiry = find_expiry(settings, answer->media_type);
	has_age = expiry != NULL && expiry->age_s >= 0;
	if (said.len == 0 && is_for_one_user(exchange))
		said = SLICE_LITERAL("private");
	if (said.len == 0 && !has_age)
		return;
	text_init(&text, exchange->arena, said.len + AGE_BYTES);
	text_slice(&text, said);
	if (has_age) {
		text_slice(&text, said.len > 0 ? SLICE_LITERAL(", ") : SLICE_LITERAL(""));
		text_slice(&text, expiry->age_s > 0 ? SLICE_LITERAL("max-age=") :
		    SLICE_LITERAL("no-cache"));
		if (expiry->age_s > 0)
			text_decimal(&text, (uint64_t)expiry->age_s);
		add_expires(exchange, answer, expiry->age_s);
	}
	answer_field(answer, CACHE_CONTROL, text_get(&text));
}

/* Only over a secure connection (RFC 6797 7.2). */
static void
add_hsts(const struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;
	struct text text;

	if (settings->hsts_s == 0 || !exchange->is_https)
		return;
	text_init(&text, exchange->arena, 80);
	text_slice(&text, SLICE_LITERAL("max-age="));
	text_decimal(&text, settings->hsts_s);
	if (settings->hsts_subdomains)
		text_slice(&text, SLICE_LITERAL("; includeSubDomains"));
	if (settings->hsts_preload)
		text_slice(&text, SLICE_LITERAL("; preload"));
	answer_field(answer, SLICE_LITERAL("Strict-Transport-Security"), text_get(&text));
}

/* What the answer was chosen by stays in Vary, or a cache would give it to the wrong client:
 * the configuration can only name more. */
static void
add_to_vary(const struct exchange *exchange, struct answer *answer, struct slice names)
{
	struct slice name;

	while (http_list_next(&names, &name))
		answer_vary(answer, exchange->arena, name);
}

static void
apply_header(const struct exchange *exchange, struct answer *answer,
    const struct config_header *header)
{
	struct slice name = slice_from_text(header->name);
	bool is_set = header->action == CONFIG_HEADER_SET ||
	    header->action == CONFIG_HEADER_DEFAULT;

	if (is_set && slice_equal_nocase(name, SLICE_LITERAL("Vary"))) {
		add_to_vary(exchange, answer, slice_from_text(header->value));
		return;
	}
	switch (header->action) {
	case CONFIG_HEADER_DEFAULT:
		if (answer_find_field(answer, name) != NULL)
			return;
		break;
	case CONFIG_HEADER_REMOVE:
		answer_remove_field(answer, name);
		return;
	case CONFIG_HEADER_SET:
		answer_remove_field(answer, name);
		break;
	case CONFIG_HEADER_ADD:
		break;
	}
	answer_field(answer, name, slice_from_text(header->value));
}

void
fields_add(const struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;

	answer_field(answer, SLICE_LITERAL("Server"), SLICE_LITERAL("muster"));
	if (settings->nosniff && answer->has_content)
		answer_field(answer, SLICE_LITERAL("X-Content-Type-Options"),
		    SLICE_LITERAL("nosniff"));
	add_cache_control(exchange, answer);
	add_hsts(exchange, answer);
	cors_add_fields(exchange, answer);
	for (size_t i = 0; i < settings->header_count; i++) {
		if (config_statuses_hold(&settings->headers[i].statuses, answer->status))
			apply_header(exchange, answer, &settings->headers[i]);
	}
}

void
fields_add_unrouted(struct answer *answer)
{
	answer_field(answer, SLICE_LITERAL("Server"), SLICE_LITERAL("muster"));
	if (answer->has_content)
		answer_field(answer, SLICE_LITERAL("X-Content-Type-Options"),
		    SLICE_LITERAL("nosniff"));
}
