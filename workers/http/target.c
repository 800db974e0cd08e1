/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request target in its four forms, and the host it is meant for (RFC 9112 3.2, 3.3).
 *
 * Escapes and dot segments are left to uri.c, which host that is to the router. Runs in
 * the workers, as the unprivileged user, on bytes that clients sent.
 * Must stay true: there is one effective host, whatever a proxy before us may have taken
 * for it, or the request is refused. Shown by test_target.c and fuzz_parse.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/parse_steps.h"
#include "workers/http/uri.h"

/* "/path?query" */
static struct parse_fault
read_path(struct slice text, struct http_request *request)
{
	size_t i = bytes_skip(text.data, 0, text.len, BYTE_PATH);

	request->path = slice_make(text.data, i);
	if (i < text.len && text.data[i] == '?') {
		request->has_query = true;
		request->query = slice_make(text.data + i + 1, text.len - i - 1);
		i = bytes_skip(text.data, i + 1, text.len, BYTE_QUERY);
	}
	return i == text.len ? PARSE_OK : PARSE_FAULT(400, "illegal byte in the target");
}

static bool
take_scheme(struct slice *rest, struct slice scheme)
{
	if (rest->len < scheme.len ||
	    !slice_equal_nocase(slice_make(rest->data, scheme.len), scheme))
		return false;
	rest->data += scheme.len;
	rest->len -= scheme.len;
	return true;
}

/* "http://host:port/path?query"; the scheme is taken off already. Without an "@": userinfo
 * in a URI from outside is an error (RFC 9110 4.2.4). */
static struct parse_fault
read_absolute(struct slice text, struct http_request *request)
{
	struct parse_fault fault;
	size_t len = 0;

	while (len < text.len && text.data[len] != '/' && text.data[len] != '?')
		len++;
	if (!uri_parse_authority(slice_make(text.data, len), &request->host, &request->port) ||
	    request->host.len == 0)
		return PARSE_FAULT(400, "bad authority in the target");
	request->target_form = HTTP_TARGET_ABSOLUTE;
	fault = read_path(slice_make(text.data + len, text.len - len), request);
	/* Without a path it is "/"; one stands right before the authority. */
	if (request->path.len == 0)
		request->path = slice_make(text.data - 1, 1);
	return fault;
}

/* CONNECT has "host:port" and nothing else has. */
static struct parse_fault
read_authority(struct http_request *request)
{
	request->target_form = HTTP_TARGET_AUTHORITY;
	if (!uri_parse_authority(request->target, &request->host, &request->port) ||
	    request->host.len == 0 || request->port.len == 0)
		return PARSE_FAULT(400, "CONNECT without host and port");
	return PARSE_OK;
}

struct parse_fault
http_target_parse(struct http_request *request)
{
	struct slice rest = request->target;

	if (request->method == HTTP_METHOD_CONNECT)
		return read_authority(request);
	if (rest.data[0] == '/')
		return read_path(rest, request);
	if (rest.data[0] == '*' && rest.len == 1 && request->method == HTTP_METHOD_OPTIONS) {
		request->target_form = HTTP_TARGET_ASTERISK;
		return PARSE_OK;
	}
	request->is_https = take_scheme(&rest, SLICE_LITERAL("https://"));
	if (request->is_https || take_scheme(&rest, SLICE_LITERAL("http://")))
		return read_absolute(rest, request);
	return PARSE_FAULT(400, "bad request target");
}

struct parse_fault
http_target_resolve_host(struct http_request *request)
{
	struct slice value, host, port;

	/* A second Host never got this far: fields.c. */
	if (!http_request_field(request, HTTP_FIELD_HOST, &value)) {
		if (request->version_minor > 0)
			return PARSE_FAULT(400, "no Host");
		return PARSE_OK;
	}
	if (!uri_parse_authority(value, &host, &port))
		return PARSE_FAULT(400, "bad Host");
	if (request->target_form == HTTP_TARGET_ORIGIN ||
	    request->target_form == HTTP_TARGET_ASTERISK) {
		/* An http URI has a host (RFC 9110 4.2.1); HTTP/1.0 had none to send. */
		if (host.len == 0 && request->version_minor > 0)
			return PARSE_FAULT(400, "empty Host");
		request->host = host;
		request->port = port;
	}
	return PARSE_OK;
}
