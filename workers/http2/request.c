/* SPDX-License-Identifier: BSD-2-Clause */
/* From a header list to a request. The request line and the fields are written as HTTP/1.1 has
 * them, and read by the same code, so that both versions agree on what a request means. Runs in
 * the workers, as the unprivileged user, on bytes that clients sent. Rules: nothing gets through
 * that would be something else when a gateway writes it as HTTP/1.1; a name, method or target that
 * HTTP/1.1 refuses is refused here, with the same status.
 * Shown by test_request.c (http2) and fuzz_h2_request.c. */
#include "workers/http2/request.h"

#include "workers/http/bytes.h"
#include "workers/http/headers.h"
#include "workers/http/parse_steps.h"

#define LINE_END_BYTES 2            /* CRLF, as HTTP/1.1 has it */
#define COLON_BYTES 2               /* ": " */
#define VERSION SLICE_LITERAL(" HTTP/2.0")
#define PARSED_VERSION SLICE_LITERAL(" HTTP/1.1") /* of the same length */

struct h2_crumb {
	struct slice value;
	struct h2_crumb *next;
};

void
h2_request_begin(struct h2_request *head, const struct http_limits *limits, struct arena *arena,
    struct http_request *request)
{
	memset(head, 0, sizeof *head);
	head->limits = *limits;
	if (head->limits.field_count > HTTP_FIELD_MAX)
		head->limits.field_count = HTTP_FIELD_MAX;
	head->arena = arena;
	head->request = request;
	http_request_clear(request);
	request->method_name = request->target = slice_make("", 0);
	request->version_minor = 1;
	request->is_http2 = true;
}

/* The first fault is the one that counts. */
static void
refuse(struct h2_request *head, unsigned status, const char *reason)
{
	if (head->status == 0) {
		head->status = status;
		head->reason = reason;
	}
}

static bool
malformed(struct h2_request *head)
{
	head->is_malformed = true;
	return false;
}

/* Room that ends with the request, or NULL and 431. */
static char *
reserve(struct h2_request *head, size_t bytes)
{
	char *room = arena_alloc(head->arena, bytes);

	if (room == NULL)
		refuse(head, 431, "no room for the header");
	return room;
}

static char *
append(char *at, struct slice s)
{
	if (s.len > 0)
		memcpy(at, s.data, s.len);
	return at + s.len;
}

static bool
copy(struct h2_request *head, struct slice s, struct slice *copy_out)
{
	char *room = reserve(head, s.len + 1);

	if (room == NULL)
		return false;
	(void)append(room, s);
	*copy_out = slice_make(room, s.len);
	return true;
}

/* What would be cut off, or end the line, where the value is written as text (8.2.1). */
static bool
is_value(struct slice value)
{
	if (value.len == 0)
		return true;
	if (value.data[0] == ' ' || value.data[0] == '\t' ||
	    value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t')
		return false;
	return bytes_find_control(value.data, 0, value.len) == value.len;
}

/* Token bytes, none of them an upper-case letter. */
static bool
is_name(struct slice name)
{
	size_t i;

	if (name.len == 0 || bytes_skip(name.data, 0, name.len, BYTE_TOKEN) != name.len)
		return false;
	for (i = 0; i < name.len; i++) {
		if (name.data[i] >= 'A' && name.data[i] <= 'Z')
			return false;
	}
	return true;
}

/* About this connection, which frames say all about (8.2.2). */
static bool
is_connection_specific(struct slice name, struct slice value)
{
	switch (name.len) {
	case 2:
		return slice_equal(name, SLICE_LITERAL("te")) &&
		    !slice_equal_nocase(value, SLICE_LITERAL("trailers"));
	case 7:
		return slice_equal(name, SLICE_LITERAL("upgrade"));
	case 10:
		return slice_equal(name, SLICE_LITERAL("connection")) ||
		    slice_equal(name, SLICE_LITERAL("keep-alive"));
	case 16:
		return slice_equal(name, SLICE_LITERAL("proxy-connection"));
	case 17:
		return slice_equal(name, SLICE_LITERAL("transfer-encoding"));
	default:
		return false;
	}
}

/* Counts what the line would have over HTTP/1.1. False: it is too much, and is not kept. */
static bool
takes(struct h2_request *head, size_t bytes)
{
	head->bytes = bytes > SIZE_MAX - head->bytes ? SIZE_MAX : head->bytes + bytes;
	if (head->bytes > head->limits.header_bytes)
		refuse(head, 431, "header too large");
	return head->status == 0;
}

/* Inlined: the length is a number in the code then, and no function is called to compare. */
static inline bool
is(struct slice name, const char *text, size_t len)
{
	return name.len == len && memcmp(name.data, text, len) == 0;
}

static bool
add_pseudo(struct h2_request *head, struct slice name, struct slice value)
{
	struct slice *place;
	bool *is_there;

	if (is(name, ":method", sizeof ":method" - 1)) {
		place = &head->method;
		is_there = &head->has_method;
	} else if (is(name, ":path", sizeof ":path" - 1)) {
		place = &head->path;
		is_there = &head->has_path;
	} else if (is(name, ":scheme", sizeof ":scheme" - 1)) {
		place = &head->scheme;
		is_there = &head->has_scheme;
	} else if (is(name, ":authority", sizeof ":authority" - 1)) {
		place = &head->authority;
		is_there = &head->has_authority;
	} else {
		return malformed(head);
	}
	if (*is_there || head->has_fields)
		return malformed(head);
	*is_there = true;
	if (value.len > head->limits.header_bytes) {
		refuse(head, place == &head->path ? 414 : 431, "header too large");
		return true;
	}
	(void)copy(head, value, place);
	return true;
}

/* "name: value" into the request. */
static void
add_line(struct h2_request *head, struct slice name, struct slice value)
{
	char *line = reserve(head, name.len + COLON_BYTES + value.len);
	struct parse_fault fault;
	char *at = line;

	if (line == NULL)
		return;
	at = append(at, name);
	at = append(at, SLICE_LITERAL(": "));
	(void)append(at, value);
	fault = http_fields_add_parts(slice_make(line, name.len), slice_make(at, value.len),
	    head->limits.field_count, head->request);
	if (fault.status != 0)
		refuse(head, fault.status, fault.reason);
}

/* A Cookie may come in pieces (8.2.3), which HTTP/1.1 does not know. */
static void
add_crumb(struct h2_request *head, struct slice value)
{
	struct h2_crumb *crumb;

	if (!takes(head, value.len + LINE_END_BYTES + (head->first_crumb == NULL ?
	    sizeof "cookie: " - 1 : 0)))
		return;
	crumb = (void *)reserve(head, sizeof *crumb);
	if (crumb == NULL || !copy(head, value, &crumb->value))
		return;
	crumb->next = NULL;
	head->cookie_bytes += value.len + (head->first_crumb == NULL ? 0 : 2);
	if (head->first_crumb == NULL)
		head->first_crumb = crumb;
	else
		head->last_crumb->next = crumb;
	head->last_crumb = crumb;
}

bool
h2_request_field(struct h2_request *head, struct slice name, struct slice value)
{
	if (head->is_malformed)
		return false;
	if (!is_value(value))
		return malformed(head);
	if (name.len > 0 && name.data[0] == ':')
		return add_pseudo(head, name, value);
	if (!is_name(name) || is_connection_specific(name, value))
		return malformed(head);
	head->has_fields = true;
	if (slice_equal(name, SLICE_LITERAL("cookie"))) {
		add_crumb(head, value);
		return true;
	}
	if (takes(head, name.len + COLON_BYTES + value.len + LINE_END_BYTES))
		add_line(head, name, value);
	return true;
}

/* The pseudo-header fields that the method asks for (8.3.1, 8.5). */
static bool
has_what_it_needs(const struct h2_request *head)
{
	if (!head->has_method)
		return false;
	if (slice_equal(head->method, SLICE_LITERAL("CONNECT")))
		return head->has_authority && !head->has_scheme && !head->has_path;
	return head->has_scheme && head->has_path && head->path.len > 0;
}

/* A target that HTTP/1.1 would have in another form has no place in :path. */
static bool
is_path(const struct h2_request *head)
{
	if (head->path.data[0] == '/')
		return true;
	return slice_equal(head->path, SLICE_LITERAL("*")) &&
	    slice_equal(head->method, SLICE_LITERAL("OPTIONS"));
}

/* What HTTP/1.1 says to a line that is too long. */
static bool
line_fits(struct h2_request *head, struct slice target)
{
	size_t bytes = head->method.len + 1 + target.len + VERSION.len;

	if (head->method.len > HTTP_METHOD_BYTES_MAX) {
		refuse(head, http_is_token(head->method) ? 501 : 400, "method is not known");
		return false;
	}
	if (bytes > head->limits.request_line_bytes) {
		refuse(head, 414, "request line too long");
		return false;
	}
	(void)takes(head, bytes + LINE_END_BYTES);
	return true;
}

/* Method and target, by way of the line that HTTP/1.1 would have. */
static void
read_line(struct h2_request *head, struct slice target)
{
	size_t bytes = head->method.len + 1 + target.len + VERSION.len;
	struct http_request *request = head->request;
	struct parse_fault fault;
	char *line, *at;

	if (!line_fits(head, target)) {
		request->method_name = head->method.len > HTTP_METHOD_BYTES_MAX ||
		    !http_is_token(head->method) ? slice_make("", 0) : head->method;
		return;
	}
	line = reserve(head, bytes);
	if (line == NULL)
		return;
	at = append(line, head->method);
	at = append(at, SLICE_LITERAL(" "));
	at = append(at, target);
	(void)append(at, PARSED_VERSION);
	fault = http_request_line_parse(slice_make(line, bytes), request);
	if (fault.status != 0)
		refuse(head, fault.status, fault.reason);
	(void)append(at, VERSION);
	request->version_minor = 1;
}

/* Two names for the host would be one to us and another to a gateway's other end. */
static bool
agrees_with_host(const struct h2_request *head)
{
	struct slice host;

	return !head->has_authority ||
	    !http_request_field(head->request, HTTP_FIELD_HOST, &host) ||
	    slice_equal_nocase(host, head->authority);
}

static void
join_crumbs(struct h2_request *head)
{
	struct h2_crumb *crumb = head->first_crumb;
	char *room, *at;

	if (crumb == NULL)
		return;
	if (crumb->next == NULL) {
		add_line(head, SLICE_LITERAL("cookie"), crumb->value);
		return;
	}
	at = room = reserve(head, head->cookie_bytes + 1);
	if (room == NULL)
		return;
	for (; crumb != NULL; crumb = crumb->next) {
		at = append(at, crumb->value);
		if (crumb->next != NULL)
			at = append(at, SLICE_LITERAL("; "));
	}
	add_line(head, SLICE_LITERAL("cookie"), slice_make(room, head->cookie_bytes));
}

/* The same steps as after the last line of an HTTP/1.1 head. */
static void
decide(struct h2_request *head, bool has_content)
{
	struct http_request *request = head->request;
	struct parse_fault fault;

	fault = http_target_resolve_host(request);
	if (fault.status == 0)
		fault = http_framing_decide(request);
	if (fault.status != 0) {
		refuse(head, fault.status, fault.reason);
		return;
	}
	if (!has_content && request->content_length > 0) {
		head->is_malformed = true;
		return;
	}
	/* Without a length the end of the content is where its frames say. */
	if (has_content && request->body_kind == HTTP_BODY_NONE) {
		request->body_kind = HTTP_BODY_CHUNKED;
		if (!request->has_unknown_expectation)
			request->expects_continue =
			    http_request_field_count(request, HTTP_FIELD_EXPECT) > 0;
	}
	if (!has_content) {
		request->body_kind = HTTP_BODY_NONE;
		request->expects_continue = false;
	}
	request->is_https = slice_equal_nocase(head->scheme, SLICE_LITERAL("https"));
	request->head_bytes = head->bytes + LINE_END_BYTES;
}

enum h2_request_verdict
h2_request_end(struct h2_request *head, bool has_content)
{
	struct http_request *request = head->request;
	bool is_connect = slice_equal(head->method, SLICE_LITERAL("CONNECT")), is_whole;

	if (head->is_malformed)
		return H2_REQUEST_MALFORMED;
	is_whole = has_what_it_needs(head) && (is_connect || is_path(head));
	if (head->status == 0 && (!is_whole || !agrees_with_host(head)))
		return H2_REQUEST_MALFORMED;
	if (is_whole)               /* for the log, if for nothing else */
		read_line(head, is_connect ? head->authority : head->path);
	/* Who reads the fields finds the host where HTTP/1.1 has it. */
	if (head->status == 0 && head->has_authority &&
	    request->first_field[HTTP_FIELD_HOST] == 0) {
		if (takes(head, sizeof "host" - 1 + COLON_BYTES + head->authority.len +
		    LINE_END_BYTES))
			add_line(head, SLICE_LITERAL("host"), head->authority);
	}
	if (head->status == 0)
		join_crumbs(head);
	if (head->status == 0)
		decide(head, has_content);
	if (head->is_malformed)
		return H2_REQUEST_MALFORMED;
	return head->status == 0 ? H2_REQUEST_OK : H2_REQUEST_BAD;
}

unsigned
h2_request_status(const struct h2_request *head)
{
	return head->status;
}

const char *
h2_request_reason(const struct h2_request *head)
{
	return head->reason;
}
