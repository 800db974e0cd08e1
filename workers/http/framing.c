/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fields say about the message as such: where its body ends (RFC 9112 6),
 * whether the connection goes on (9.3), what the client expects (RFC 9110 10.1.1).
 *
 * Reading the body is left to chunked.c and the connection. Runs in the workers, as the
 * unprivileged user, on bytes that clients sent.
 * Must stay true: a body whose end another program could see elsewhere is refused, for
 * that is how requests are smuggled. Shown by test_framing.c and fuzz_parse.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/headers.h"
#include "workers/http/parse_steps.h"

/* One DIGIT or more, no sign, no list. A number that other programs would cut to 63 or 64
 * bits is no length; one that is merely more than we want is the reader's to refuse. */
static struct parse_fault
read_content_length(struct slice value, struct http_request *request)
{
	int64_t number = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (!byte_is(value.data[i], BYTE_DIGIT))
			return PARSE_FAULT(400, "bad Content-Length");
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, value.data[i] - '0', &number))
			return PARSE_FAULT(400, "Content-Length out of range");
	}
	if (value.len == 0)
		return PARSE_FAULT(400, "empty Content-Length");
	request->body_kind = HTTP_BODY_LENGTH;
	request->content_length = (uint64_t)number;
	return PARSE_OK;
}

struct codings {                /* those listed so far, over all lines */
	unsigned count;
	unsigned chunked_count;
	bool is_chunked_last;       /* and without parameters: it has none (RFC 9112 7.1) */
};

/* A transfer-coding by its grammar (RFC 9110 10.1.4): a token, then maybe parameters,
 * which are not looked into. */
static bool
add_coding(struct slice element, struct codings *codings)
{
	struct slice name = slice_make(element.data, 0), parameters;

	while (name.len < element.len && byte_is(element.data[name.len], BYTE_TOKEN))
		name.len++;
	parameters = slice_trim(slice_make(element.data + name.len, element.len - name.len));
	if (name.len == 0 || (parameters.len > 0 && parameters.data[0] != ';'))
		return false;
	codings->count++;
	codings->is_chunked_last = false;
	if (slice_equal_nocase(name, SLICE_LITERAL("chunked"))) {
		codings->chunked_count++;
		codings->is_chunked_last = parameters.len == 0;
	}
	return true;
}

/* A line of the list. Stricter than lists in general: no empty elements, and no commas
 * in quoted strings, as only the parameters of unknown codings could have those. */
static bool
add_codings(struct slice value, struct codings *codings)
{
	for (;;) {
		size_t end = 0;

		while (end < value.len && value.data[end] != ',')
			end++;
		if (!add_coding(slice_trim(slice_make(value.data, end)), codings))
			return false;
		if (end == value.len)
			return true;
		value = slice_make(value.data + end + 1, value.len - end - 1);
	}
}

static struct parse_fault
read_transfer_encoding(struct http_request *request)
{
	struct codings codings = { 0, 0, false };
	unsigned i = request->first_field[HTTP_FIELD_TRANSFER_ENCODING];

	if (request->version_minor == 0)
		return PARSE_FAULT(400, "Transfer-Encoding in HTTP/1.0");
	if (request->first_field[HTTP_FIELD_CONTENT_LENGTH] != 0)
		return PARSE_FAULT(400, "Transfer-Encoding and Content-Length");
	for (; i <= request->field_count; i++)
		if (request->fields[i - 1].id == HTTP_FIELD_TRANSFER_ENCODING &&
		    !add_codings(request->fields[i - 1].value, &codings))
			return PARSE_FAULT(400, "bad Transfer-Encoding");
	if (!codings.is_chunked_last || codings.chunked_count > 1)
		return PARSE_FAULT(400, "Transfer-Encoding must end with one chunked");
	if (codings.count > 1)
		return PARSE_FAULT(501, "unknown transfer coding");
	request->body_kind = HTTP_BODY_CHUNKED;
	return PARSE_OK;
}

static void
read_connection(struct http_request *request)
{
	bool is_close = false, is_keep_alive = false;
	unsigned i = request->first_field[HTTP_FIELD_CONNECTION];

	for (; i > 0 && i <= request->field_count; i++) {
		const struct http_field *field = &request->fields[i - 1];
		struct slice rest, option;

		if (field->id != HTTP_FIELD_CONNECTION)
			continue;
		rest = field->value;
		while (http_list_next(&rest, &option)) {
			if (slice_equal_nocase(option, SLICE_LITERAL("close")))
				is_close = true;
			else if (slice_equal_nocase(option, SLICE_LITERAL("keep-alive")))
				is_keep_alive = true;
		}
	}
	request->is_persistent = !is_close && (is_keep_alive || request->version_minor > 0);
}

/* Who has no content to send is not to be told to go on (RFC 9110 10.1.1). */
static void
read_expect(struct http_request *request)
{
	bool has_content = request->body_kind == HTTP_BODY_CHUNKED || request->content_length > 0;
	unsigned i = request->first_field[HTTP_FIELD_EXPECT];

	for (; i > 0 && i <= request->field_count; i++) {
		struct slice rest = request->fields[i - 1].value, expectation;

		if (request->fields[i - 1].id != HTTP_FIELD_EXPECT)
			continue;
		while (http_list_next(&rest, &expectation)) {
			if (!slice_equal_nocase(expectation, SLICE_LITERAL("100-continue")))
				request->has_unknown_expectation = true;
			else if (request->version_minor > 0)
				request->expects_continue = has_content;
		}
	}
}

struct parse_fault
http_framing_decide(struct http_request *request)
{
	struct parse_fault fault = PARSE_OK;
	struct slice value;

	if (request->first_field[HTTP_FIELD_TRANSFER_ENCODING] != 0)
		fault = read_transfer_encoding(request);
	else if (http_request_field(request, HTTP_FIELD_CONTENT_LENGTH, &value))
		fault = read_content_length(value, request);
	read_connection(request);
	read_expect(request);
	return fault;
}
