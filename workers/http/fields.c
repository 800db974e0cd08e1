/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header fields: reading a line, knowing the names that matter, finding them again.
 *
 * What the values mean is left to framing.c, conditional.c and the handlers. Runs in the
 * workers, as the unprivileged user, on bytes that clients sent.
 * Must stay true: a name ends at the first colon and holds nothing but token bytes, so no
 * two programs disagree on which field a line is; Host and Content-Length come at most
 * once. Shown by test_fields.c and fuzz_parse.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/parse_steps.h"

static uint64_t
load_word(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof word);
	return word;
}

/* name: token bytes only. text: lower-case letters and '-', as long as the name. With
 * 0x20 set an upper-case letter is its lower-case one, and no other token byte becomes a
 * letter or '-'. A word at a time, the last one overlapping the one before it. Always
 * inlined, because the length and the words of the text are then numbers in the code. */
static inline __attribute__((always_inline)) enum http_field_id
field_if(struct slice name, const char *text, enum http_field_id id)
{
	const uint64_t folds = UINT64_MAX / 255 * 0x20;
	size_t len = strlen(text), i = 0;

	for (; i + sizeof folds < len; i += sizeof folds)
		if ((load_word(name.data + i) | folds) != load_word(text + i))
			return HTTP_FIELD_OTHER;
	if (len >= sizeof folds)
		return (load_word(name.data + len - sizeof folds) | folds) ==
		    load_word(text + len - sizeof folds) ? id : HTTP_FIELD_OTHER;
	for (; i < len; i++)
		if ((name.data[i] | 0x20) != text[i])
			return HTTP_FIELD_OTHER;
	return id;
}

static enum http_field_id
field_of(struct slice name)
{
	char first = (char)(name.data[0] | 0x20);

	switch (name.len) {
	case 4:
		return field_if(name, "host", HTTP_FIELD_HOST);
	case 5:
		return field_if(name, "range", HTTP_FIELD_RANGE);
	case 6:
		return field_if(name, "expect", HTTP_FIELD_EXPECT);
	case 7:
		return field_if(name, "referer", HTTP_FIELD_REFERER);
	case 8:
		if ((name.data[3] | 0x20) == 'r')
			return field_if(name, "if-range", HTTP_FIELD_IF_RANGE);
		return field_if(name, "if-match", HTTP_FIELD_IF_MATCH);
	case 10:
		if (first == 'c')
			return field_if(name, "connection", HTTP_FIELD_CONNECTION);
		return field_if(name, "user-agent", HTTP_FIELD_USER_AGENT);
	case 13:
		return field_if(name, "if-none-match", HTTP_FIELD_IF_NONE_MATCH);
	case 14:
		return field_if(name, "content-length", HTTP_FIELD_CONTENT_LENGTH);
	case 15:
		return field_if(name, "accept-encoding", HTTP_FIELD_ACCEPT_ENCODING);
	case 17:
		if (first == 't')
			return field_if(name, "transfer-encoding", HTTP_FIELD_TRANSFER_ENCODING);
		return field_if(name, "if-modified-since", HTTP_FIELD_IF_MODIFIED_SINCE);
	case 19:
		return field_if(name, "if-unmodified-since", HTTP_FIELD_IF_UNMODIFIED_SINCE);
	default:
		return HTTP_FIELD_OTHER;
	}
}

static struct parse_fault
bad_name(struct slice line, size_t at)
{
	if (at == 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
		return PARSE_FAULT(400, "folded field line");
	if (at == 0)
		return PARSE_FAULT(400, "field line without a name");
	if (at == line.len)
		return PARSE_FAULT(400, "field line without a colon");
	if (line.data[at] == ' ' || line.data[at] == '\t')
		return PARSE_FAULT(400, "blank in a field name, or before its colon");
	return PARSE_FAULT(400, "illegal byte in a field name");
}

/* Of the name that the line starts with; most are letters and '-' alone. */
static size_t
name_bytes(struct slice line)
{
	size_t bytes = bytes_count_letters(line.data, line.len);

	return bytes < line.len && line.data[bytes] == ':' ? bytes :
	    bytes_skip(line.data, bytes, line.len, BYTE_TOKEN);
}

/* Inlined into both of its callers: each line of a head comes by here. */
static inline __attribute__((always_inline)) struct parse_fault
add(struct slice name, struct slice value, unsigned count_max, struct http_request *request)
{
	struct http_field *field = &request->fields[request->field_count];

	if (request->field_count >= count_max)
		return PARSE_FAULT(431, "too many header fields");
	field->name = name;
	field->value = value;
	field->id = field_of(name);
	request->field_count++;
	if (field->id == HTTP_FIELD_OTHER)
		return PARSE_OK;
	if (request->first_field[field->id] == 0)
		request->first_field[field->id] = (uint16_t)request->field_count;
	else if (field->id == HTTP_FIELD_HOST)
		return PARSE_FAULT(400, "more than one Host");
	else if (field->id == HTTP_FIELD_CONTENT_LENGTH)
		return PARSE_FAULT(400, "more than one Content-Length");
	return PARSE_OK;
}

struct parse_fault
http_fields_add(struct slice line, unsigned count_max, struct http_request *request)
{
	size_t colon = name_bytes(line);

	if (colon == 0 || colon == line.len || line.data[colon] != ':')
		return bad_name(line, colon);
	return add(slice_make(line.data, colon),
	    slice_trim(slice_make(line.data + colon + 1, line.len - colon - 1)), count_max,
	    request);
}

struct parse_fault
http_fields_add_parts(struct slice name, struct slice value, unsigned count_max,
    struct http_request *request)
{
	return add(name, value, count_max, request);
}

bool
http_request_field(const struct http_request *request, enum http_field_id id,
    struct slice *value_out)
{
	if (request->first_field[id] == 0)
		return false;
	*value_out = request->fields[request->first_field[id] - 1].value;
	return true;
}

bool
http_request_field_named(const struct http_request *request, struct slice name,
    struct slice *value_out)
{
	for (unsigned i = 0; i < request->field_count; i++)
		if (slice_equal_nocase(request->fields[i].name, name)) {
			*value_out = request->fields[i].value;
			return true;
		}
	return false;
}

unsigned
http_request_field_count(const struct http_request *request, enum http_field_id id)
{
	unsigned count = 0;

	if (id != HTTP_FIELD_OTHER && request->first_field[id] == 0)
		return 0;
	for (unsigned i = 0; i < request->field_count; i++)
		count += request->fields[i].id == id;
	return count;
}
