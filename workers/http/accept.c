/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accept-Encoding and Accept-Language: quality values, and what is best by them.
 *
 * What can be had, and Vary, are left to the handlers. Runs in the workers, as the
 * unprivileged user, on bytes that clients sent.
 * Must stay true: a coding is chosen only if the client has named it, or "*", with a
 * quality above 0; no order of elements or field lines changes which codings those are.
 * Shown by test_accept.c and fuzz_accept.c.
 */
#include "workers/http/accept.h"

#include "workers/http/bytes.h"
#include "workers/http/headers.h"

#define QUALITY_MAX 1000
#define UNNAMED (-1)
#define SUBTAG_MAX_BYTES 8

struct slice
accept_coding_name(enum accept_coding coding)
{
	switch (coding) {
	case ACCEPT_GZIP:
		return SLICE_LITERAL("gzip");
	case ACCEPT_BR:
		return SLICE_LITERAL("br");
	case ACCEPT_ZSTD:
		return SLICE_LITERAL("zstd");
	case ACCEPT_IDENTITY:
		break;
	}
	return SLICE_LITERAL("");
}

/* "0", "0.5", "1.000": a qvalue of RFC 9110 12.4.2, in thousandths; -1: it is none. */
static int
read_quality(struct slice s)
{
	int quality, weight = 100;

	if (s.len == 0 || s.len > 5 || (s.data[0] != '0' && s.data[0] != '1'))
		return -1;
	quality = s.data[0] == '1' ? QUALITY_MAX : 0;
	if (s.len > 1 && s.data[1] != '.')
		return -1;
	for (size_t i = 2; i < s.len; i++, weight /= 10) {
		if (!byte_is(s.data[i], BYTE_DIGIT))
			return -1;
		quality += (s.data[i] - '0') * weight;
	}
	return quality > QUALITY_MAX ? -1 : quality;
}

/* "name", "name;q=0.5", "name ; q=0.5". False: anything else. */
static bool
read_element(struct slice element, struct slice *name_out, int *quality_out)
{
	const char *semicolon = memchr(element.data, ';', element.len);
	struct slice weight;

	*name_out = element;
	*quality_out = QUALITY_MAX;
	if (semicolon == NULL)
		return true;
	*name_out = slice_trim(slice_make(element.data, (size_t)(semicolon - element.data)));
	semicolon++;
	weight = slice_trim(slice_make(semicolon,
	    (size_t)(element.data + element.len - semicolon)));
	if (weight.len < 2 || !slice_equal_nocase(slice_make(weight.data, 2), SLICE_LITERAL("q=")))
		return false;
	*quality_out = read_quality(slice_make(weight.data + 2, weight.len - 2));
	return *quality_out >= 0;
}

struct codings {                /* in thousandths, or UNNAMED */
	int quality[ACCEPT_CODING_COUNT];
	int quality_of_others;      /* "*" */
};

static int *
find_coding(struct codings *codings, struct slice name)
{
	if (slice_equal(name, SLICE_LITERAL("*")))
		return &codings->quality_of_others;
	if (slice_equal_nocase(name, SLICE_LITERAL("identity")))
		return &codings->quality[ACCEPT_IDENTITY];
	if (slice_equal_nocase(name, SLICE_LITERAL("x-gzip")))      /* RFC 9110 8.4.1.3 */
		return &codings->quality[ACCEPT_GZIP];
	for (int i = ACCEPT_GZIP; i < ACCEPT_CODING_COUNT; i++)
		if (slice_equal_nocase(name, accept_coding_name((enum accept_coding)i)))
			return &codings->quality[i];
	return NULL;
}

/* Of a coding that is named twice the lower quality counts: sent without need, a coding does
 * more harm than one that is left out. */
static void
read_codings(const struct http_request *request, struct codings *codings)
{
	unsigned first = request->first_field[HTTP_FIELD_ACCEPT_ENCODING];

	for (int i = 0; i < ACCEPT_CODING_COUNT; i++)
		codings->quality[i] = UNNAMED;
	codings->quality_of_others = UNNAMED;
	for (unsigned i = first; i > 0 && i <= request->field_count; i++) {
		struct slice rest = request->fields[i - 1].value, element, name;
		int quality, *noted;

		if (request->fields[i - 1].id != HTTP_FIELD_ACCEPT_ENCODING)
			continue;
		while (http_list_next(&rest, &element)) {
			if (!read_element(element, &name, &quality))
				continue;
			noted = find_coding(codings, name);
			if (noted != NULL && (*noted == UNNAMED || quality < *noted))
				*noted = quality;
		}
	}
}

/* 0: not acceptable, or for the identity: only for want of another. */
static int
quality_of(const struct codings *codings, enum accept_coding coding)
{
	int quality = codings->quality[coding];

	if (quality == UNNAMED)
		quality = codings->quality_of_others;
	return quality == UNNAMED ? 0 : quality;
}

enum accept_coding
accept_coding(const struct http_request *request, const enum accept_coding *offered,
    size_t offered_count)
{
	enum accept_coding best = ACCEPT_IDENTITY;
	struct codings codings;
	int best_quality;

	if (request->first_field[HTTP_FIELD_ACCEPT_ENCODING] == 0)
		return ACCEPT_IDENTITY;
	read_codings(request, &codings);
	best_quality = quality_of(&codings, ACCEPT_IDENTITY);
	for (size_t i = 0; i < offered_count; i++) {
		int quality = quality_of(&codings, offered[i]);

		if (quality > best_quality || (quality == best_quality && quality > 0 &&
		    best == ACCEPT_IDENTITY)) {
			best = offered[i];
			best_quality = quality;
		}
	}
	return best;
}

/* A language-range of RFC 4647 2.1 that is not "*". */
static bool
is_language_range(struct slice s)
{
	size_t subtag_bytes = 0;
	bool is_first = true;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '-') {
			if (subtag_bytes == 0)
				return false;
			subtag_bytes = 0;
			is_first = false;
			continue;
		}
		if (byte_is(s.data[i], BYTE_DIGIT) ? is_first :
		    (unsigned)((s.data[i] | 0x20) - 'a') > 'z' - 'a')
			return false;
		if (++subtag_bytes > SUBTAG_MAX_BYTES)
			return false;
	}
	return subtag_bytes > 0;
}

/* Whether whole is prefix itself, or goes on with another subtag. */
static bool
lies_in(struct slice whole, struct slice prefix)
{
	return whole.len >= prefix.len &&
	    slice_equal_nocase(slice_make(whole.data, prefix.len), prefix) &&
	    (whole.len == prefix.len || whole.data[prefix.len] == '-');
}

struct language_quality {       /* in thousandths, or UNNAMED */
	int closest;                /* of the longest range that the tag lies in */
	size_t closest_bytes;
	int special;                /* the best of the ranges that lie in the tag */
	int others;                 /* "*" */
};

static void
note_range(struct language_quality *noted, struct slice tag, struct slice range, int quality)
{
	if (slice_equal(range, SLICE_LITERAL("*"))) {
		noted->others = quality;
	} else if (!is_language_range(range)) {
		return;
	} else if (lies_in(tag, range)) {
		if (range.len > noted->closest_bytes) {
			noted->closest = quality;
			noted->closest_bytes = range.len;
		}
	} else if (lies_in(range, tag) && quality > noted->special) {
		noted->special = quality;
	}
}

int
accept_language(const struct http_request *request, struct slice tag)
{
	struct language_quality noted = { UNNAMED, 0, UNNAMED, UNNAMED };
	int quality;

	for (unsigned i = 0; i < request->field_count; i++) {
		struct slice rest = request->fields[i].value, element, range;

		if (!slice_equal_nocase(request->fields[i].name,
		    SLICE_LITERAL("accept-language")))
			continue;
		while (http_list_next(&rest, &element))
			if (read_element(element, &range, &quality))
				note_range(&noted, tag, range, quality);
	}
	/* Who excludes Austrian German has said nothing about German. */
	quality = noted.closest != UNNAMED ? noted.closest :
	    noted.special > 0 ? noted.special : noted.others;
	return quality == UNNAMED ? 0 : quality == 0 ? ACCEPT_REFUSED : quality;
}
