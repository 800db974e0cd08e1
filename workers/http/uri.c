/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request paths to file paths and back, and authorities (RFC 3986, RFC 9110 4.2).
 *
 * Which form a target has is target.c's business, what lies behind a path the handlers'.
 * Runs in the workers, as the unprivileged user, on bytes that clients sent.
 * Must stay true: a normalised path starts with '/', holds no NUL, no empty segment and
 * none that is "." or "..", and encoding then normalising it gives it back.
 * Shown by test_uri.c and fuzz_uri.c.
 */
#include <arpa/inet.h>

#include "workers/http/bytes.h"
#include "workers/http/uri.h"

bool
uri_is_path_byte(unsigned char c)
{
	return byte_is((char)c, BYTE_PATH);
}

bool
uri_is_query_byte(unsigned char c)
{
	return byte_is((char)c, BYTE_QUERY);
}

/* The path as far as it is built: out[0..len), whose last segment starts at `segment`. */
struct path_builder {
	char *out;
	size_t len;
	size_t segment;             /* out[segment - 1] is a '/' */
};

/* The last segment is whole: "." goes, ".." goes with the one before it; both leave the
 * slash that was before them. False: ".." above the root. */
static bool
end_segment(struct path_builder *path)
{
	const char *segment = path->out + path->segment;
	size_t len = path->len - path->segment;

	if (len == 0 || len > 2 || segment[0] != '.' || (len == 2 && segment[1] != '.'))
		return true;
	path->len = path->segment;
	if (len == 2) {
		if (path->len == 1)
			return false;
		do
			path->len--;
		while (path->out[path->len - 1] != '/');
		path->segment = path->len;
	}
	return true;
}

/* Decodes the escape that starts at text.data[at]. */
static enum uri_verdict
decode_escape(struct slice text, size_t at, char *byte_out)
{
	if (text.len - at < 3 || !byte_is(text.data[at + 1], BYTE_HEX) ||
	    !byte_is(text.data[at + 2], BYTE_HEX))
		return URI_BAD;
	*byte_out = (char)(byte_hex_value(text.data[at + 1]) << 4 |
	    byte_hex_value(text.data[at + 2]));
	return *byte_out == '\0' ? URI_BAD : *byte_out == '/' ? URI_ENCODED_SLASH : URI_OK;
}

static bool
holds_dot_name(const struct path_builder *path)
{
	struct slice rest = slice_make(path->out, path->len);
	struct slice well_known = SLICE_LITERAL("/.well-known");

	if (slice_starts_with(rest, well_known) &&
	    (rest.len == well_known.len || rest.data[well_known.len] == '/'))
		rest = slice_make(rest.data + well_known.len, rest.len - well_known.len);
	return rest.len > 0 && memmem(rest.data, rest.len, "/.", 2) != NULL;
}

enum uri_verdict
uri_normalize_path(struct slice text, char *out, size_t cap, struct uri_path *info_out)
{
	struct path_builder path = { out, 1, 1 };

	if (text.len == 0 || text.data[0] != '/')
		return URI_BAD;
	if (cap < 2)
		return URI_TOO_LONG;
	out[0] = '/';
	for (size_t i = 1; i < text.len; i++) {
		char c = text.data[i];

		if (c == '/') {
			if (!end_segment(&path))
				return URI_BAD;
			if (path.len == path.segment)
				continue;       /* "//", or "." and ".." just removed */
		} else if (c == '%') {
			enum uri_verdict verdict = decode_escape(text, i, &c);

			if (verdict != URI_OK)
				return verdict;
			i += 2;
		} else if (c == '\0') {
			return URI_BAD;
		}
		if (path.len + 1 >= cap)
			return URI_TOO_LONG;
		out[path.len++] = c;
		if (c == '/')               /* never from an escape: that was refused */
			path.segment = path.len;
	}
	if (!end_segment(&path))
		return URI_BAD;
	out[path.len] = '\0';
	info_out->len = path.len;
	info_out->ends_with_slash = out[path.len - 1] == '/';
	info_out->has_dot_name = holds_dot_name(&path);
	return URI_OK;
}

/* What a Location may hold without escape. '[' and its like may come in raw, but
 * RFC 3986 has no place for them in a path, so they go out encoded. */
static bool
stays_plain(char c)
{
	return byte_is(c, BYTE_REG_NAME) || c == '/' || c == ':' || c == '@';
}

long
uri_encode_path(struct slice path, char *out, size_t cap)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = 0;

	/* "//host" would be taken for another site. */
	while (slice_starts_with(path, SLICE_LITERAL("//")))
		path.data++, path.len--;
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];
		size_t need = stays_plain((char)c) ? 1 : 3;

		if (cap - len <= need)      /* one byte is kept for the NUL */
			return -1;
		if (need == 1) {
			out[len++] = (char)c;
			continue;
		}
		out[len++] = '%';
		out[len++] = digits[c >> 4];
		out[len++] = digits[c & 15];
	}
	if (cap == 0)
		return -1;
	out[len] = '\0';
	return (long)len;
}

static bool
is_port(struct slice s)
{
	unsigned port = 0;

	if (s.len > 5)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!byte_is(s.data[i], BYTE_DIGIT))
			return false;
		port = port * 10 + (unsigned)(s.data[i] - '0');
	}
	return port <= 65535;
}

/* Bytes of "[IPv6]" at the start of s; 0: it is none. Neither zones (RFC 6874 is for the
 * user's own machine) nor IPvFuture, which nothing uses. */
static size_t
ip_literal_bytes(struct slice s)
{
	const char *end = memchr(s.data, ']', s.len);
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end - s.data) - 1;
	if (len >= sizeof (text) || memchr(s.data + 1, '\0', len) != NULL)
		return 0;
	memcpy(text, s.data + 1, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 ? len + 2 : 0;
}

/* Bytes of the name or IPv4 address at the start of s; 0: it is none. A last dot may stand
 * behind it, but no label is empty. */
static size_t
name_bytes(struct slice s)
{
	size_t i = 0;

	while (i < s.len && byte_is(s.data[i], BYTE_HOST)) {
		if (s.data[i] == '.' && (i == 0 || s.data[i - 1] == '.'))
			return 0;
		i++;
	}
	return i;
}

bool
uri_parse_authority(struct slice authority, struct slice *host_out, struct slice *port_out)
{
	struct slice host = slice_make(authority.data, 0), port = host;

	if (authority.len > 0) {
		host.len = authority.data[0] == '[' ? ip_literal_bytes(authority) :
		    name_bytes(authority);
		if (host.len == 0)
			return false;
		port = slice_make(authority.data + host.len, authority.len - host.len);
	}
	if (port.len > 0) {
		if (port.data[0] != ':')
			return false;
		port.data++, port.len--;
		if (!is_port(port))
			return false;
	}
	*host_out = host;
	*port_out = port;
	return true;
}
