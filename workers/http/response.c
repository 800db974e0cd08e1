/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A response head, written line by line into the caller's buffer; the lines of chunks.
 *
 * Which fields an answer has, and sending them, is left to the caller. Runs in the
 * workers, as the unprivileged user; values may hold bytes that a client chose.
 * Must stay true: no byte that came in through a value can end a line, and nothing is
 * written behind the buffer. Shown by test_response.c.
 */
#include "workers/http/headers.h"
#include "workers/http/response.h"

#define NUMBER_DIGITS 20        /* UINT64_MAX */

const char *
http_status_reason(unsigned status)
{
	switch (status) {
	case 100: return "Continue";
	case 101: return "Switching Protocols";
	case 102: return "Processing";
	case 103: return "Early Hints";
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 203: return "Non-Authoritative Information";
	case 204: return "No Content";
	case 205: return "Reset Content";
	case 206: return "Partial Content";
	case 207: return "Multi-Status";
	case 208: return "Already Reported";
	case 226: return "IM Used";
	case 300: return "Multiple Choices";
	case 301: return "Moved Permanently";
	case 302: return "Found";
	case 303: return "See Other";
	case 304: return "Not Modified";
	case 305: return "Use Proxy";
	case 307: return "Temporary Redirect";
	case 308: return "Permanent Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 402: return "Payment Required";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 407: return "Proxy Authentication Required";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 410: return "Gone";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 415: return "Unsupported Media Type";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 422: return "Unprocessable Content";
	case 423: return "Locked";
	case 424: return "Failed Dependency";
	case 425: return "Too Early";
	case 426: return "Upgrade Required";
	case 428: return "Precondition Required";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 451: return "Unavailable For Legal Reasons";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	case 506: return "Variant Also Negotiates";
	case 507: return "Insufficient Storage";
	case 508: return "Loop Detected";
	case 511: return "Network Authentication Required";
	default: return "Unknown";
	}
}

static void
put(struct response_head *head, struct slice s)
{
	if (head->is_bad || s.len > head->cap - head->len) {
		head->is_bad = true;
		return;
	}
	if (s.len > 0)
		memcpy(head->out + head->len, s.data, s.len);
	head->len += s.len;
}

/* Decimal digits of number at the end of out[0..NUMBER_DIGITS). */
static struct slice
number_text(uint64_t number, char out[NUMBER_DIGITS])
{
	size_t at = NUMBER_DIGITS;

	do {
		out[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return slice_make(out + at, NUMBER_DIGITS - at);
}

void
response_begin(struct response_head *head, char *out, size_t cap, unsigned status)
{
	char digits[NUMBER_DIGITS];

	*head = (struct response_head){ .out = out, .cap = cap };
	if (status < 100 || status > 999)
		head->is_bad = true;
	put(head, SLICE_LITERAL("HTTP/1.1 "));
	put(head, number_text(status, digits));
	put(head, SLICE_LITERAL(" "));
	put(head, slice_from_text(http_status_reason(status)));
	put(head, SLICE_LITERAL("\r\n"));
}

void
response_field(struct response_head *head, struct slice name, struct slice value)
{
	if (!http_is_token(name) || !http_is_field_value(value))
		head->is_bad = true;
	put(head, name);
	put(head, SLICE_LITERAL(": "));
	put(head, value);
	put(head, SLICE_LITERAL("\r\n"));
}

void
response_field_number(struct response_head *head, struct slice name, uint64_t value)
{
	char digits[NUMBER_DIGITS];

	response_field(head, name, number_text(value, digits));
}

bool
response_end(struct response_head *head)
{
	put(head, SLICE_LITERAL("\r\n"));
	return !head->is_bad;
}

size_t
response_chunk_line(size_t bytes, char out[RESPONSE_CHUNK_LINE_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t rest, len = 0;

	for (rest = bytes; rest > 0; rest >>= 4)
		len++;
	for (rest = len; rest > 0; bytes >>= 4)
		out[--rest] = digits[bytes & 15];
	out[len++] = '\r';
	out[len++] = '\n';
	return len;
}
