/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range.
 *
 * Called when the answer would otherwise be 2xx, with the validators of what would be
 * sent; making those, and the answer, is the handler's. Runs in the workers, as the
 * unprivileged user.
 * Must stay true: a field that cannot be understood never makes anything happen: it
 * gets a reader the whole answer, and stops one who wants to change something.
 * Shown by test_conditional.c and fuzz_conditional.c.
 */
#include "workers/http/conditional.h"
#include "workers/http/date.h"
#include "workers/http/headers.h"

enum match {
	MATCH_NONE,
	MATCH_FOUND,
	MATCH_UNREADABLE,           /* not a list of entity tags, nor "*" alone */
};

/* All field lines of that id make one list (RFC 9110 5.3). Weak comparison takes a weak
 * tag for the strong one that looks alike, strong comparison never takes a weak one. */
static enum match
match_etags(const struct http_request *request, enum http_field_id id,
    const struct representation *representation, bool is_weak_enough)
{
	bool is_found = false;
	int taken = 0;

	for (unsigned i = request->first_field[id]; i > 0 && i <= request->field_count; i++) {
		struct slice rest = request->fields[i - 1].value;
		struct http_etag etag;

		if (request->fields[i - 1].id != id)
			continue;
		if (slice_equal(rest, SLICE_LITERAL("*")))
			return http_request_field_count(request, id) == 1 ? MATCH_FOUND :
			    MATCH_UNREADABLE;
		while ((taken = http_etag_next(&rest, &etag)) > 0) {
			if (slice_equal(etag.opaque, representation->etag) &&
			    (is_weak_enough || !etag.is_weak))
				is_found = true;
		}
		if (taken < 0)
			return MATCH_UNREADABLE;
	}
	return is_found ? MATCH_FOUND : MATCH_NONE;
}

/* A date in a field that must come once, to be compared with the representation's. */
static bool
read_date(const struct http_request *request, enum http_field_id id,
    const struct representation *representation, int64_t now_s, int64_t *date_s_out)
{
	struct slice value;

	return representation->has_modified && http_request_field_count(request, id) == 1 &&
	    http_request_field(request, id, &value) && http_date_parse(value, now_s, date_s_out);
}

static bool
has_field(const struct http_request *request, enum http_field_id id)
{
	return request->first_field[id] != 0;
}

/* Steps 1 and 2 of RFC 9110 13.2.2: may anything be done at all? */
static bool
precondition_holds(const struct http_request *request,
    const struct representation *representation, int64_t now_s)
{
	int64_t date_s;

	if (has_field(request, HTTP_FIELD_IF_MATCH))
		return match_etags(request, HTTP_FIELD_IF_MATCH, representation, false) ==
		    MATCH_FOUND;
	if (read_date(request, HTTP_FIELD_IF_UNMODIFIED_SINCE, representation, now_s, &date_s))
		return representation->modified_s <= date_s;
	return true;
}

enum conditional_verdict
conditional_evaluate(const struct http_request *request,
    const struct representation *representation, int64_t now_s)
{
	bool is_read = request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;
	enum match match;
	int64_t date_s;

	/* These select no representation (RFC 9110 13.2.1). */
	if (request->method == HTTP_METHOD_CONNECT || request->method == HTTP_METHOD_OPTIONS ||
	    request->method == HTTP_METHOD_TRACE)
		return CONDITIONAL_PROCEED;
	if (!precondition_holds(request, representation, now_s))
		return CONDITIONAL_FAILED;
	if (has_field(request, HTTP_FIELD_IF_NONE_MATCH)) {             /* step 3 */
		match = match_etags(request, HTTP_FIELD_IF_NONE_MATCH, representation, true);
		if (match == MATCH_NONE)
			return CONDITIONAL_PROCEED;
		if (!is_read)
			return CONDITIONAL_FAILED;
		return match == MATCH_FOUND ? CONDITIONAL_NOT_MODIFIED : CONDITIONAL_PROCEED;
	}
	/* Step 4. A date ahead of us was not made of a Last-Modified of ours. */
	if (is_read &&
	    read_date(request, HTTP_FIELD_IF_MODIFIED_SINCE, representation, now_s, &date_s) &&
	    date_s <= now_s && representation->modified_s <= date_s)
		return CONDITIONAL_NOT_MODIFIED;
	return CONDITIONAL_PROCEED;
}

bool
conditional_range_applies(const struct http_request *request,
    const struct representation *representation, int64_t now_s)
{
	struct slice value;
	int64_t date_s;

	if (!http_request_field(request, HTTP_FIELD_IF_RANGE, &value))
		return true;
	/* Of our own tags none is weak, so equal bytes are a strong match. */
	if (representation->etag.len > 0 && slice_equal(value, representation->etag))
		return http_request_field_count(request, HTTP_FIELD_IF_RANGE) == 1;
	/* Within the second it was made, a file may change again and keep the date. */
	return read_date(request, HTTP_FIELD_IF_RANGE, representation, now_s, &date_s) &&
	    date_s == representation->modified_s && date_s < now_s;
}
