/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers with a list of a directory. Leaves reading, order and looks to listing_*.c.
 * Workers, unprivileged. Rules: what the page says of itself (its entity tag) changes
 * with all that it shows; a directory of any size costs bounded work and memory.
 * Shown by tests/integration/20-static/test_listing.py. */
#include "workers/handler/listing.h"

#include <errno.h>

#include "server/base/log.h"
#include "workers/handler/listing_parts.h"
#include "workers/handler/text.h"
#include "workers/http/conditional.h"

#define CONTENT_LIMIT_BYTES (24 * 1024 * 1024)
#define LAYOUT 1                    /* to be raised with any change of the page's looks */
#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* FNV-1a; who may change the directory may make two lists look alike to caches. */
static uint64_t
mix(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * FNV_PRIME;
	return hash;
}

static uint64_t
mix_number(uint64_t hash, uint64_t value)
{
	return mix(hash, &value, sizeof value);
}

static uint64_t
fingerprint(const struct listing *listing)
{
	uint64_t hash = mix_number(FNV_START, LAYOUT);

	hash = mix(hash, listing->path.data, listing->path.len);
	hash = mix_number(hash, listing->order.key * 4u + listing->order.is_descending * 2u +
	    listing->order.is_json);
	hash = mix_number(hash, listing->has_parent * 2u + listing->is_cut);
	for (unsigned i = 0; i < listing->count; i++) {
		const struct listing_entry *entry = &listing->entries[i];

		hash = mix_number(hash, entry->name.len);
		hash = mix(hash, entry->name.data, entry->name.len);
		hash = mix_number(hash, entry->is_directory);
		hash = mix_number(hash, entry->size_bytes);
		hash = mix_number(hash, (uint64_t)entry->modified_s);
	}
	return hash;
}

/* "W/" and the tag, since the same list may be compressed or not. */
static struct slice
make_etag(const struct exchange *exchange, const struct listing *listing)
{
	struct text text;

	text_init(&text, exchange->arena, 24);
	text_slice(&text, SLICE_LITERAL("W/\""));
	text_hex(&text, fingerprint(listing));
	text_slice(&text, SLICE_LITERAL("\""));
	return text_get(&text);
}

/* The top of what the location serves has no way up. */
static bool
has_parent(const struct exchange *exchange)
{
	const struct config_location *location = exchange->route.location;
	struct slice path = exchange->path, top;

	if (exchange->route.below_root.len == 0 || path.len <= 1)
		return false;
	if (location == NULL || location->matcher.match == CONFIG_MATCH_PATTERN)
		return true;
	top = slice_from_text(location->matcher.path);
	return path.len > top.len + (top.len > 0 && top.data[top.len - 1] != '/') ||
	    !slice_starts_with(path, top);
}

/* True: the client's conditions are met or answered by a status of their own. Within a page
 * that includes the list they are about that page. */
static bool
is_settled_by_conditions(const struct exchange *exchange, struct answer *answer,
    struct slice etag)
{
	struct representation representation = { 0 };

	if (etag.len > 0)
		representation.etag = slice_make(etag.data + 2, etag.len - 2);
	if (exchange->depth > 0)
		return false;
	switch (conditional_evaluate(exchange->request, &representation, exchange->now_wall_s)) {
	case CONDITIONAL_FAILED:
		answer_error(answer, exchange->arena, 412);
		return true;
	case CONDITIONAL_NOT_MODIFIED:
		answer_drop_content(answer);
		answer->status = 304;
		answer->has_content = false;
		return true;
	case CONDITIONAL_PROCEED:
		break;
	}
	return false;
}

static void
write_content(const struct exchange *exchange, struct answer *answer, const struct listing *listing)
{
	struct content content;

	content_init(&content, exchange->scratch, CONTENT_LIMIT_BYTES);
	if (listing->order.is_json)
		listing_write_json(listing, &content);
	else
		listing_write_html(listing, &content);
	content_deliver(&content, answer);
	answer->status = 200;
	answer->whole_bytes = answer->content_bytes;
}

static void
add_fields(struct answer *answer, const struct listing *listing, struct slice etag)
{
	bool is_json = listing->order.is_json;

	answer->media_type = is_json ? SLICE_LITERAL("application/json") :
	    SLICE_LITERAL("text/html");
	if (answer->has_content)
		answer_field(answer, SLICE_LITERAL("Content-Type"), is_json ?
		    answer->media_type : SLICE_LITERAL("text/html; charset=utf-8"));
	if (etag.len > 0)
		answer_field(answer, SLICE_LITERAL("ETag"), etag);
	if (!is_json)
		answer_field(answer, SLICE_LITERAL("Content-Security-Policy"),
		    SLICE_LITERAL("default-src 'none'; style-src 'unsafe-inline'"));
}

void
listing_answer(const struct exchange *exchange, struct answer *answer, int dir_fd)
{
	struct slice etag = slice_make(NULL, 0);
	struct listing listing;

	listing.path = exchange->path;
	listing.has_parent = has_parent(exchange);
	listing_parse_query(exchange->query, &listing.order);
	if (listing_read(exchange, dir_fd, &listing) < 0) {
		log_error("\"%s\" cannot be listed: %s", exchange->path.data, strerror(errno));
		answer_error(answer, exchange->arena, 500);
		return;
	}
	if (listing.is_cut)
		log_notice("\"%s\" holds more than the %d entries that are listed",
		    exchange->path.data, LISTING_ENTRIES_MAX);
	listing_sort(listing.entries, listing.count, &listing.order);
	if (exchange->route.settings->etag)
		etag = make_etag(exchange, &listing);
	/* Also for a 304: its Vary depends on how large the page is. */
	write_content(exchange, answer, &listing);
	if (is_settled_by_conditions(exchange, answer, etag) && answer->status != 304)
		return;
	add_fields(answer, &listing, etag);
	if (answer->lacks_room) {
		log_error("\"%s\" cannot be listed: the list does not fit into memory",
		    exchange->path.data);
		answer_error(answer, exchange->arena, 500);
	}
}
