/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of proxies, taken apart from their end.
 *
 * Whom of them to believe is left to workers/handler/real_ip.c. Runs in the workers, as the
 * unprivileged user, on bytes that clients sent, with bytes of proxies behind them.
 * Must stay true: what a proxy has appended is read the same whatever stands in front of it,
 * be it half of a quoted string. Therefore elements are cut off at the end: a quoted string
 * is one from its last byte back to the nearest quotation mark that is not escaped, which is
 * its first byte if the element is well-formed, and the first comma outside of one is the
 * element's border. Each call takes a byte off the list at least. Shown by test_forwarded.c
 * and fuzz_forwarded.c.
 */
#include "workers/http/forwarded.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>

#include "workers/http/bytes.h"

#define NODE_MAX_BYTES 64           /* "[address]:port" with room; longer ones are names */

/* Offset of the quotation mark that begins the string ending before data[end], which is one
 * itself; 0: there is none (the first byte can't begin one: "for=" stands before it). */
static size_t
find_opening(struct slice s, size_t end)
{
	size_t at = end;

	while (at > 0) {
		size_t escapes = 0;

		if (s.data[--at] != '"')
			continue;
		while (escapes < at && s.data[at - 1 - escapes] == '\\')
			escapes++;
		if (escapes % 2 == 0)
			return at;
		at -= escapes;
	}
	return 0;
}

/* Cuts the last element off a list; elements may be empty. */
static struct slice
take_last(struct slice *rest, bool has_strings)
{
	size_t at = rest->len;
	struct slice element;

	while (at > 0 && rest->data[at - 1] != ',') {
		at--;
		if (has_strings && rest->data[at] == '"')
			at = find_opening(*rest, at);
	}
	element = slice_make(rest->data + at, rest->len - at);
	rest->len = at > 0 ? at - 1 : 0;
	return slice_trim(element);
}

/* The last element that is not empty, of all fields of the name. */
static bool
take_element(struct forwarded_walk *walk, struct slice *element_out)
{
	for (;;) {
		while (walk->rest.len > 0) {
			*element_out = take_last(&walk->rest, walk->form == FORWARDED_RFC7239);
			if (element_out->len > 0)
				return true;
		}
		do {
			if (walk->field_count == 0)
				return false;
			walk->field_count--;
		} while (!slice_equal_nocase(walk->request->fields[walk->field_count].name,
		    walk->name));
		walk->rest = walk->request->fields[walk->field_count].value;
	}
}

/* ":1234", ":_name" or nothing. */
static bool
read_port(const char *text, in_port_t *port_out)
{
	unsigned port = 0;

	*port_out = 0;
	if (text[0] == '\0')
		return true;
	if (text[0] != ':' || text[1] == '\0')
		return false;
	if (text[1] == '_')
		return true;
	for (text++; *text != '\0'; text++) {
		if (!byte_is(*text, BYTE_DIGIT))
			return false;
		port = port * 10 + (unsigned)(*text - '0');
		if (port > 65535)
			return false;
	}
	*port_out = htons((uint16_t)port);
	return true;
}

static enum forwarded_kind
read_four(const char *host, in_port_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (void *)out;

	if (inet_pton(AF_INET, host, &four->sin_addr) != 1)
		return FORWARDED_BAD;
	four->sin_family = AF_INET;
	four->sin_port = port;
	return FORWARDED_ADDRESS;
}

static enum forwarded_kind
read_six(const char *host, in_port_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (void *)out;

	if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
		return FORWARDED_BAD;
	six->sin6_family = AF_INET6;
	six->sin6_port = port;
	return FORWARDED_ADDRESS;
}

/* The node of RFC 7239 6, and beyond it an IPv6 address without brackets, which is how
 * X-Forwarded-For has it. */
static enum forwarded_kind
read_node(struct slice node, struct sockaddr_storage *out)
{
	char text[NODE_MAX_BYTES + 1];
	in_port_t port;
	char *end;

	if (node.len > 0 && node.data[0] == '_')
		return FORWARDED_HIDDEN;
	if (node.len == 0 || node.len > NODE_MAX_BYTES ||
	    memchr(node.data, '\0', node.len) != NULL)
		return FORWARDED_BAD;
	memcpy(text, node.data, node.len);
	text[node.len] = '\0';
	if (strncasecmp(text, "unknown", 7) == 0)
		return read_port(text + 7, &port) ? FORWARDED_HIDDEN : FORWARDED_BAD;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL || !read_port(end + 1, &port))
			return FORWARDED_BAD;
		*end = '\0';
		return read_six(text + 1, port, out);
	}
	if (read_six(text, 0, out) == FORWARDED_ADDRESS)
		return FORWARDED_ADDRESS;
	end = text + strcspn(text, ":");
	if (!read_port(end, &port))
		return FORWARDED_BAD;
	*end = '\0';
	return read_four(text, port, out);
}

struct value {                      /* of a pair; longer than any node: cut */
	char text[NODE_MAX_BYTES + 1];
	size_t len;
};

static void
add_byte(struct value *value, char c)
{
	if (value->len < sizeof value->text)
		value->text[value->len++] = c;
}

/* At a quoted string. False: it never ends. */
static bool
take_quoted(struct slice *rest, struct value *value)
{
	for (size_t at = 1; at < rest->len; at++) {
		if (rest->data[at] == '"') {
			rest->data += at + 1;
			rest->len -= at + 1;
			return true;
		}
		if (rest->data[at] == '\\' && ++at == rest->len)
			break;
		add_byte(value, rest->data[at]);
	}
	return false;
}

/* A token, or an address with port or in brackets that should have been quoted. */
static bool
take_token(struct slice *rest, struct value *value)
{
	size_t at;

	for (at = 0; at < rest->len && (byte_is(rest->data[at], BYTE_TOKEN) ||
	    memchr(":[]", rest->data[at], 3) != NULL); at++)
		add_byte(value, rest->data[at]);
	rest->data += at;
	rest->len -= at;
	return at > 0;
}

/* "name=value" up to the next semicolon. False: malformed. */
static bool
take_pair(struct slice *rest, struct slice *name_out, struct value *value_out)
{
	size_t at = 0;

	value_out->len = 0;
	while (at < rest->len && byte_is(rest->data[at], BYTE_TOKEN))
		at++;
	*name_out = slice_make(rest->data, at);
	if (at == 0 || at == rest->len || rest->data[at] != '=')
		return false;
	rest->data += at + 1;
	rest->len -= at + 1;
	if (rest->len > 0 && rest->data[0] == '"' ? !take_quoted(rest, value_out) :
	    !take_token(rest, value_out))
		return false;
	*rest = slice_trim(*rest);
	return rest->len == 0 || rest->data[0] == ';';
}

/* An element of RFC 7239 4; blanks around the semicolons are let be, since many write them. */
static void
read_pairs(struct slice rest, struct forwarded_hop *hop)
{
	bool has_for = false;

	while (rest.len > 0) {
		struct slice name;
		struct value value;

		if (rest.data[0] == ';' || rest.data[0] == ' ' || rest.data[0] == '\t') {
			rest.data++;
			rest.len--;
			continue;
		}
		if (!take_pair(&rest, &name, &value))
			goto bad;
		if (slice_equal_nocase(name, SLICE_LITERAL("for"))) {
			if (has_for)
				goto bad;
			has_for = true;
			hop->kind = read_node(slice_make(value.text, value.len), &hop->address);
		} else if (slice_equal_nocase(name, SLICE_LITERAL("proto"))) {
			if (hop->has_proto)
				goto bad;
			hop->has_proto = true;
			hop->is_https = slice_equal_nocase(slice_make(value.text, value.len),
			    SLICE_LITERAL("https"));
		}
	}
	return;
bad:
	memset(hop, 0, sizeof *hop);
	hop->kind = FORWARDED_BAD;
}

void
forwarded_begin(struct forwarded_walk *walk, const struct http_request *request,
    enum forwarded_form form)
{
	walk->request = request;
	walk->form = form;
	walk->name = form == FORWARDED_LIST ? SLICE_LITERAL("X-Forwarded-For") :
	    SLICE_LITERAL("Forwarded");
	walk->field_count = request->field_count;
	walk->rest = slice_make("", 0);
}

bool
forwarded_next(struct forwarded_walk *walk, struct forwarded_hop *hop)
{
	struct slice element;

	memset(hop, 0, sizeof *hop);
	hop->kind = FORWARDED_BAD;
	if (!take_element(walk, &element))
		return false;
	if (walk->form == FORWARDED_LIST)
		hop->kind = read_node(element, &hop->address);
	else
		read_pairs(element, hop);
	return true;
}

bool
forwarded_is_https(const struct http_request *request, unsigned hop_count, bool *is_https_out)
{
	struct forwarded_walk walk;
	struct slice element;
	unsigned seen;

	forwarded_begin(&walk, request, FORWARDED_LIST);
	walk.name = SLICE_LITERAL("X-Forwarded-Proto");
	for (seen = 0; seen < hop_count && take_element(&walk, &element); seen++)
		*is_https_out = slice_equal_nocase(element, SLICE_LITERAL("https"));
	return seen > 0;
}
