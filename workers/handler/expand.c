/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts with variables become locations, paths and file names. When that is due is left to
 * rules.c, taking them apart to config/template.c. Workers; pure.
 *
 * The text is written piece by piece, and what becomes of a piece depends on the part of the
 * URI reference that it falls into:
 *
 *	scheme -> "//" -> authority -> '/' -> path -> '?' -> query -> '#' -> fragment
 *
 * Must stay true: what a client sent cannot end the part it stands in, but for $request_uri,
 * which is a path and query already. A decoded '?' stays in the path, a decoded '&' in its
 * argument, and no capture reaches the authority unless it was put there.
 * Shown by test_expand.c and fuzz_rules.c. */
#include "workers/handler/expand.h"

#include "workers/handler/text.h"
#include "workers/http/uri.h"

#define LOCATION_MAX_BYTES 16384    /* must fit into a response head, send_h1.c */

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
#define PLAIN_IN_PATH UNRESERVED "!$&'()*+,;=:@/"
#define PLAIN_IN_ARGUMENT UNRESERVED "/:@"
/* What is a URI already, but for bytes that have no place in one. */
#define PLAIN_IN_URI PLAIN_IN_PATH "?%"

enum section { SCHEME, AUTHORITY, PATH, QUERY, FRAGMENT };

enum form {
	FORM_LOCATION,              /* escaped */
	FORM_REWRITE,               /* the path is decoded, the query is not */
	FORM_ALIAS,                 /* decoded, without a query */
};

struct writer {
	const struct expand_values *values;
	struct text text;
	enum form form;
	enum section section;
	size_t authority_at, query_at; /* where they start in the text */
	bool appends_rest, appends_query;
	bool is_unfit;              /* a value cannot stand where it would */
};

static void
put(struct writer *writer, struct slice piece)
{
	text_slice(&writer->text, piece);
}

/* All but the bytes of plain are escaped; a '%' only where it is no escape already, if it is
 * one of them. */
static void
put_escaped(struct writer *writer, struct slice piece, const char *plain)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char hex_digits[] = "0123456789ABCDEFabcdef";

	for (size_t i = 0; i < piece.len; i++) {
		unsigned char c = (unsigned char)piece.data[i];
		char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
		bool is_plain = c != '\0' && strchr(plain, c) != NULL;

		if (c == '%' && is_plain)
			is_plain = piece.len - i > 2 &&
			    memchr(hex_digits, piece.data[i + 1], sizeof hex_digits - 1) != NULL &&
			    memchr(hex_digits, piece.data[i + 2], sizeof hex_digits - 1) != NULL;
		put(writer, is_plain ? slice_make(&piece.data[i], 1) : slice_make(escape, 3));
	}
}

/* A decoded value. */
static void
put_decoded(struct writer *writer, struct slice piece)
{
	if (writer->section >= QUERY)
		put_escaped(writer, piece, PLAIN_IN_ARGUMENT);
	else if (writer->form == FORM_LOCATION)
		put_escaped(writer, piece, PLAIN_IN_PATH);
	else
		put(writer, piece);
}

/* A value that is encoded as it came, or a piece of the text itself, which is written decoded
 * where a decoded path is made. */
static void
put_encoded(struct writer *writer, struct slice piece)
{
	if (writer->form == FORM_LOCATION && writer->section == AUTHORITY)
		put_escaped(writer, piece, PLAIN_IN_URI "[]");
	else if (writer->form == FORM_LOCATION || writer->section >= QUERY)
		put_escaped(writer, piece, PLAIN_IN_URI);
	else
		put(writer, piece);
}

/* A query as it was sent. */
static void
put_sent_query(struct writer *writer, struct slice query)
{
	if (writer->form != FORM_LOCATION)
		put(writer, query);
	else
		put_escaped(writer, query, writer->section == PATH ? PLAIN_IN_PATH "%" :
		    PLAIN_IN_URI);
}

/* What follows the match, with the slash between if there is one. */
static struct slice
behind_match(const struct expand_values *values)
{
	size_t start = values->captures.end[0];

	return slice_make(values->subject.data + start, values->subject.len - start);
}

static void
end_path(struct writer *writer)
{
	const struct text *text = &writer->text;
	struct slice rest = behind_match(writer->values);

	if (writer->section > PATH || !writer->appends_rest)
		return;
	if (rest.len > 0 && rest.data[0] == '/' && text->len > 0 &&
	    text->out[text->len - 1] == '/')
		rest.data++, rest.len--;
	put_decoded(writer, rest);
}

static void
start_query(struct writer *writer)
{
	end_path(writer);
	put(writer, SLICE_LITERAL("?"));
	writer->section = QUERY;
	writer->query_at = writer->text.len;
}

/* The end of path and query; an empty query goes with its '?'. */
static void
end_query(struct writer *writer)
{
	if (writer->section < QUERY && writer->appends_query && writer->values->has_query) {
		start_query(writer);
		put_sent_query(writer, writer->values->query);
	}
	end_path(writer);
	if (writer->section == QUERY && writer->text.len == writer->query_at &&
	    !writer->text.is_bad)
		writer->text.len--;
}

static void
put_mark(struct writer *writer, char c)
{
	const struct text *text = &writer->text;

	if (c == '?' && writer->section < QUERY && writer->form != FORM_ALIAS) {
		start_query(writer);
	} else if (c == '#' && writer->section < FRAGMENT && writer->form == FORM_LOCATION) {
		end_query(writer);
		put(writer, SLICE_LITERAL("#"));
		writer->section = FRAGMENT;
	} else if (c == '/' && writer->section == SCHEME) {
		put(writer, SLICE_LITERAL("/"));
		if (text->len > 1 && text->out[text->len - 2] == '/') {
			writer->section = AUTHORITY;
			writer->authority_at = text->len;
		}
	} else {
		if (c == '/' && writer->section == AUTHORITY)
			writer->section = PATH;
		put_encoded(writer, slice_make(&c, 1));
	}
}

static void
put_literal(struct writer *writer, const char *literal)
{
	while (*literal != '\0') {
		size_t len = strcspn(literal, "/?#");

		put_encoded(writer, slice_make(literal, len));
		literal += len;
		if (*literal != '\0')
			put_mark(writer, *literal++);
	}
}

/* Whether what follows a value can still be the name of a host. */
static bool
may_be_host(const struct template_part *next)
{
	return next != NULL && next->kind == TEMPLATE_TEXT && next->text[0] != '?' &&
	    next->text[0] != '#';
}

/* A piece of the path. In an authority: a slash at its start ends that; at the authority's end
 * the slash was forgotten, or "https://example.org$1" would lead wherever the client likes;
 * anywhere else it is a part of a name. */
static void
put_match(struct writer *writer, struct slice piece, const struct template_part *next)
{
	if (writer->section == AUTHORITY && piece.len > 0) {
		if (piece.data[0] == '/') {
			writer->section = PATH;
		} else if (!may_be_host(next) && writer->text.len > writer->authority_at) {
			put(writer, SLICE_LITERAL("/"));
			writer->section = PATH;
		} else {
			for (size_t i = 0; i < piece.len; i++)
				writer->is_unfit |= piece.data[i] == '\0' ||
				    strchr(UNRESERVED, piece.data[i]) == NULL;
		}
	}
	put_decoded(writer, piece);
}

static void
put_host(struct writer *writer)
{
	struct slice host = writer->values->host;

	if (host.len == 0 && writer->values->host_name[0] != '*')
		host = slice_from_text(writer->values->host_name);
	if (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	writer->is_unfit |= host.len == 0;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.data[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (writer->section == AUTHORITY)
			put(writer, slice_make(&c, 1));
		else
			put_decoded(writer, slice_make(&c, 1));
	}
}

static void
put_query(struct writer *writer, const struct template_part *next)
{
	struct slice query = writer->values->query;

	if (writer->values->has_query && writer->section == AUTHORITY)
		put_match(writer, query, next);
	else if (writer->values->has_query)
		put_sent_query(writer, query);
}

/* Decoded for a file's path, as an argument within a query. */
static void
put_request_uri(struct writer *writer)
{
	const struct expand_values *values = writer->values;
	struct text *text = &writer->text;
	struct uri_path info;

	if (writer->section >= QUERY) {
		put_decoded(writer, values->sent_path);
		if (values->has_sent_query) {
			put_decoded(writer, SLICE_LITERAL("?"));
			put_decoded(writer, values->sent_query);
		}
		return;
	}
	writer->section = PATH;
	if (writer->form == FORM_LOCATION) {
		put_encoded(writer, values->sent_path);
	} else if (text->is_bad || uri_normalize_path(values->sent_path, text->out + text->len,
	    text->cap - text->len, &info) != URI_OK) {
		writer->is_unfit = true;
	} else {
		text->len += info.len;
	}
	if (values->has_sent_query && writer->form != FORM_ALIAS) {
		start_query(writer);
		put_sent_query(writer, values->sent_query);
	}
}

static struct slice
capture(const struct expand_values *values, unsigned index)
{
	size_t start = values->captures.start[index];

	if (index >= values->captures.count)
		return slice_make("", 0);
	return slice_make(values->subject.data + start, values->captures.end[index] - start);
}

static void
put_part(struct writer *writer, const struct template_part *part,
    const struct template_part *next)
{
	const struct expand_values *values = writer->values;
	struct slice rest = behind_match(values);

	switch (part->kind) {
	case TEMPLATE_TEXT:
		put_literal(writer, part->text);
		break;
	case TEMPLATE_CAPTURE:
		put_match(writer, capture(values, part->capture), next);
		break;
	case TEMPLATE_HOST:
		put_host(writer);
		break;
	case TEMPLATE_SCHEME:
		put(writer, slice_from_text(values->is_https ? "https" : "http"));
		break;
	case TEMPLATE_PATH:
		put_match(writer, values->path, next);
		break;
	case TEMPLATE_QUERY:
		put_query(writer, next);
		break;
	case TEMPLATE_REQUEST_URI:
		put_request_uri(writer);
		break;
	case TEMPLATE_REST:
		while (rest.len > 0 && rest.data[0] == '/')
			rest.data++, rest.len--;
		put_match(writer, rest, next);
		break;
	}
}

/* Parts that hold what would be appended otherwise. */
static void
choose_appendices(struct writer *writer, const struct template *template)
{
	writer->appends_rest = writer->values->is_prefix && writer->form != FORM_ALIAS;
	writer->appends_query = !template->has_query && writer->form != FORM_ALIAS;
	for (size_t i = 0; i < template->part_count; i++)
		switch (template->parts[i].kind) {
		case TEMPLATE_REQUEST_URI:
			writer->appends_query = false;
			writer->appends_rest = false;
			break;
		case TEMPLATE_CAPTURE:
		case TEMPLATE_PATH:
		case TEMPLATE_REST:
			writer->appends_rest = false;
			break;
		case TEMPLATE_TEXT:
		case TEMPLATE_HOST:
		case TEMPLATE_SCHEME:
		case TEMPLATE_QUERY:
			break;
		}
}

static unsigned
write_all(struct writer *writer, const struct template *template, struct arena *arena)
{
	text_init(&writer->text, arena, LOCATION_MAX_BYTES);
	if (writer->text.is_bad)
		return 500;
	choose_appendices(writer, template);
	/* A path has its slash, whatever comes; a second one is taken off again. */
	writer->section = template->is_absolute ? SCHEME : PATH;
	if (writer->section == PATH)
		put(writer, SLICE_LITERAL("/"));
	for (size_t i = 0; i < template->part_count; i++)
		put_part(writer, &template->parts[i],
		    i + 1 < template->part_count ? &template->parts[i + 1] : NULL);
	if (writer->section < FRAGMENT)
		end_query(writer);
	return writer->is_unfit ? 400 : writer->text.is_bad ? 414 : 0;
}

/* "//host" would be a host. */
static struct slice
merge_slashes(struct slice path)
{
	while (path.len > 1 && path.data[0] == '/' && path.data[1] == '/')
		path.data++, path.len--;
	return path;
}

/* A capture may be empty, or end in a dot where a dot follows. */
static bool
has_bad_authority(const struct writer *writer, struct slice location)
{
	struct slice authority, host, port;
	size_t end = writer->authority_at;

	if (writer->authority_at == 0 || location.len < writer->authority_at)
		return false;
	while (end < location.len && strchr("/?#", location.data[end]) == NULL)
		end++;
	authority = slice_make(location.data + writer->authority_at, end - writer->authority_at);
	return !uri_parse_authority(authority, &host, &port) || host.len == 0;
}

unsigned
expand_location(const struct template *template, const struct expand_values *values,
    struct arena *arena, struct slice *location_out)
{
	struct writer writer = { .values = values, .form = FORM_LOCATION };
	unsigned status = write_all(&writer, template, arena);
	struct slice location = text_get(&writer.text);

	*location_out = template->is_absolute ? location : merge_slashes(location);
	if (status == 0 && template->is_absolute && has_bad_authority(&writer, location))
		return 400;
	return status;
}

unsigned
expand_rewrite(const struct template *template, const struct expand_values *values,
    struct arena *arena, struct expanded_path *path_out)
{
	struct writer writer = { .values = values, .form = FORM_REWRITE };
	unsigned status = write_all(&writer, template, arena);
	struct slice all = text_get(&writer.text);
	bool has_query = writer.query_at > 0 && all.len > writer.query_at;

	path_out->has_query = has_query;
	path_out->query = has_query ? slice_make(all.data + writer.query_at,
	    all.len - writer.query_at) : slice_make("", 0);
	path_out->path = merge_slashes(slice_make(all.data,
	    all.len - path_out->query.len - has_query));
	return status;
}

/* Captures are pieces of a normalised path, but put together they may be "..". */
static bool
has_dot_segment(struct slice path)
{
	size_t start = 0;

	for (size_t i = 0; i <= path.len; i++) {
		if (i < path.len && path.data[i] != '/')
			continue;
		if ((i - start == 1 || i - start == 2) &&
		    memcmp(path.data + start, "..", i - start) == 0)
			return true;
		start = i + 1;
	}
	return false;
}

unsigned
expand_alias(const struct template *template, const struct expand_values *values,
    struct arena *arena, struct slice *path_out)
{
	struct writer writer = { .values = values, .form = FORM_ALIAS };
	unsigned status = write_all(&writer, template, arena);

	*path_out = merge_slashes(text_get(&writer.text));
	if (status == 0 ? has_dot_segment(*path_out) : status != 500)
		return 404;
	return status;
}
