/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials as clients send them, to names and values.
 *
 * Whether they are right is left to workers/handler/auth.c. Runs in the workers, as the
 * unprivileged user, on bytes that clients sent; pure.
 * Must stay true: a user's name that comes out has no control byte, so that it can stand in a
 * line of a file or a log, and no colon, which parts it from what follows there.
 * Shown by test_authorization.c and fuzz_authorization.c.
 */
#include "workers/http/authorization.h"

#include "workers/http/base64.h"
#include "workers/http/bytes.h"
#include "workers/http/headers.h"

enum http_auth_scheme
http_auth_scheme(struct slice value, struct slice *credentials_out)
{
	struct slice scheme = value;

	scheme.len = 0;
	while (scheme.len < value.len && byte_is(value.data[scheme.len], BYTE_TOKEN))
		scheme.len++;
	*credentials_out = slice_make(value.data + scheme.len, value.len - scheme.len);
	/* A space has to part it from what follows. */
	if (credentials_out->len == 0 || credentials_out->data[0] != ' ')
		return HTTP_AUTH_OTHER;
	*credentials_out = slice_trim(*credentials_out);
	if (slice_equal_nocase(scheme, SLICE_LITERAL("Basic")))
		return HTTP_AUTH_BASIC;
	if (slice_equal_nocase(scheme, SLICE_LITERAL("Digest")))
		return HTTP_AUTH_DIGEST;
	return HTTP_AUTH_OTHER;
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return true;
	}
	return false;
}

bool
http_parse_basic_auth(struct slice credentials, char out[HTTP_BASIC_BYTES],
    struct http_basic_auth *auth_out)
{
	long bytes = base64_decode(credentials, out, HTTP_BASIC_BYTES - 1);
	char *colon;

	if (bytes <= 0 || has_control(slice_make(out, (size_t)bytes)))
		return false;
	colon = memchr(out, ':', (size_t)bytes);
	if (colon == NULL)
		return false;
	*colon = '\0';
	out[bytes] = '\0';
	auth_out->user = slice_make(out, (size_t)(colon - out));
	auth_out->password = slice_make(colon + 1, (size_t)(out + bytes - (colon + 1)));
	return auth_out->user.len <= HTTP_AUTH_USER_MAX &&
	    auth_out->password.len <= HTTP_AUTH_PASSWORD_MAX;
}

enum param_id {
	PARAM_USERNAME, PARAM_USERNAME_EXT, PARAM_REALM, PARAM_NONCE, PARAM_URI, PARAM_RESPONSE,
	PARAM_ALGORITHM, PARAM_CNONCE, PARAM_OPAQUE, PARAM_QOP, PARAM_NC, PARAM_USERHASH,
	PARAM_COUNT,                /* also: one that means nothing here */
};

static const struct param {
	const char *name;
	size_t max_bytes;           /* of the value, quotes and escapes resolved */
	bool is_needed;
} params[PARAM_COUNT] = {
	[PARAM_USERNAME] = { "username", HTTP_AUTH_USER_MAX, false }, /* this one or the next */
	[PARAM_USERNAME_EXT] = { "username*", 3 * HTTP_AUTH_USER_MAX + 64, false },
	[PARAM_REALM] = { "realm", 1024, true },
	[PARAM_NONCE] = { "nonce", 256, true },
	[PARAM_URI] = { "uri", 65536, true },
	[PARAM_RESPONSE] = { "response", 64, true },
	[PARAM_ALGORITHM] = { "algorithm", 32, true },
	[PARAM_CNONCE] = { "cnonce", 1024, true },
	[PARAM_OPAQUE] = { "opaque", 1024, false },
	[PARAM_QOP] = { "qop", 32, true },
	[PARAM_NC] = { "nc", 8, true },
	[PARAM_USERHASH] = { "userhash", 8, false },
};

struct digest_reader {
	struct slice rest;          /* not read yet */
	char *out;                  /* room for what has escapes */
	struct slice values[PARAM_COUNT + 1];
	bool has[PARAM_COUNT + 1];
};

static void
skip(struct slice *s, size_t bytes)
{
	s->data += bytes;
	s->len -= bytes;
}

static void
skip_blanks(struct slice *s)
{
	while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t'))
		skip(s, 1);
}

/* Takes a token off; empty: there is none. */
static struct slice
take_token(struct slice *s)
{
	struct slice token = { s->data, 0 };

	while (token.len < s->len && byte_is(s->data[token.len], BYTE_TOKEN))
		token.len++;
	skip(s, token.len);
	return token;
}

/* Takes a quoted string off (RFC 9110 5.6.4). False: it has no end. */
static bool
take_quoted(struct digest_reader *reader, struct slice *value_out)
{
	struct slice *s = &reader->rest;
	char *start = reader->out;

	for (size_t i = 1; i < s->len; i++) {
		if (s->data[i] == '"') {
			*value_out = slice_make(start, (size_t)(reader->out - start));
			skip(s, i + 1);
			return true;
		}
		if (s->data[i] == '\\' && ++i == s->len)
			return false;
		*reader->out++ = s->data[i];
	}
	return false;
}

static enum param_id
find_param(struct slice name)
{
	unsigned id;

	for (id = 0; id < PARAM_COUNT; id++) {
		if (slice_equal_nocase(slice_from_text(params[id].name), name))
			break;
	}
	return (enum param_id)id;
}

/* name BWS "=" BWS value. False: it is not, or it is too long, or comes twice. */
static bool
take_param(struct digest_reader *reader)
{
	struct slice name = take_token(&reader->rest), value;
	enum param_id id = find_param(name);

	skip_blanks(&reader->rest);
	if (name.len == 0 || reader->rest.len == 0 || reader->rest.data[0] != '=')
		return false;
	skip(&reader->rest, 1);
	skip_blanks(&reader->rest);
	if (reader->rest.len > 0 && reader->rest.data[0] == '"') {
		if (!take_quoted(reader, &value))
			return false;
	} else {
		value = take_token(&reader->rest);
		if (value.len == 0)
			return false;
	}
	if (id != PARAM_COUNT && (reader->has[id] || value.len > params[id].max_bytes))
		return false;
	reader->has[id] = true;
	reader->values[id] = value;
	skip_blanks(&reader->rest);
	return reader->rest.len == 0 || reader->rest.data[0] == ',';
}

/* The whole list; an element may be empty (RFC 9110 5.6.1.2). */
static bool
take_params(struct digest_reader *reader)
{
	for (;;) {
		while (reader->rest.len > 0 && (reader->rest.data[0] == ',' ||
		    reader->rest.data[0] == ' ' || reader->rest.data[0] == '\t'))
			skip(&reader->rest, 1);
		if (reader->rest.len == 0)
			break;
		if (!take_param(reader))
			return false;
	}
	for (unsigned id = 0; id < PARAM_COUNT; id++) {
		if (params[id].is_needed && (!reader->has[id] || reader->values[id].len == 0))
			return false;
	}
	return reader->has[PARAM_USERNAME] != reader->has[PARAM_USERNAME_EXT];
}

/* UTF-8'language'text with %XX (RFC 8187 3.2); the language does not matter. */
static bool
decode_extended(struct slice value, char *out, struct slice *decoded_out)
{
	static const struct slice charset = { "UTF-8'", 6 };
	const char *quote;
	char *at = out;

	if (value.len < charset.len ||
	    !slice_equal_nocase(slice_make(value.data, charset.len), charset))
		return false;
	skip(&value, charset.len);
	quote = value.len > 0 ? memchr(value.data, '\'', value.len) : NULL;
	if (quote == NULL)
		return false;
	skip(&value, (size_t)(quote - value.data) + 1);
	while (value.len > 0) {
		bool is_escape = value.data[0] == '%';

		if (is_escape && (value.len < 3 || !byte_is(value.data[1], BYTE_HEX) ||
		    !byte_is(value.data[2], BYTE_HEX)))
			return false;
		*at++ = is_escape ? (char)(byte_hex_value(value.data[1]) << 4 |
		    byte_hex_value(value.data[2])) : value.data[0];
		skip(&value, is_escape ? 3 : 1);
	}
	*decoded_out = slice_make(out, (size_t)(at - out));
	return true;
}

static bool
read_user(struct digest_reader *reader, struct slice *user_out)
{
	*user_out = reader->values[PARAM_USERNAME];
	if (reader->has[PARAM_USERNAME_EXT] &&
	    !decode_extended(reader->values[PARAM_USERNAME_EXT], reader->out, user_out))
		return false;
	return user_out->len > 0 && user_out->len <= HTTP_AUTH_USER_MAX &&
	    !has_control(*user_out) && memchr(user_out->data, ':', user_out->len) == NULL;
}

/* Exactly 2 * bytes hexadecimal digits of either case. */
static bool
read_hex(struct slice text, uint8_t *out, size_t bytes)
{
	if (text.len != 2 * bytes)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!byte_is(text.data[i], BYTE_HEX))
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | byte_hex_value(text.data[i]));
	}
	return true;
}

bool
http_parse_digest_auth(struct slice credentials, char *out, struct http_digest_auth *auth_out)
{
	struct digest_reader reader = { .rest = credentials, .out = out };
	const struct slice *values = reader.values;
	uint8_t nc[4] = { 0 };

	memset(auth_out, 0, sizeof *auth_out);
	if (!take_params(&reader) || !read_user(&reader, &auth_out->user) ||
	    !read_hex(values[PARAM_RESPONSE], auth_out->response, sizeof auth_out->response) ||
	    !read_hex(values[PARAM_NC], nc, sizeof nc))
		return false;
	auth_out->nc = (uint32_t)nc[0] << 24 | (uint32_t)nc[1] << 16 | (uint32_t)nc[2] << 8 | nc[3];
	auth_out->nc_text = values[PARAM_NC];
	auth_out->realm = values[PARAM_REALM];
	auth_out->nonce = values[PARAM_NONCE];
	auth_out->uri = values[PARAM_URI];
	auth_out->cnonce = values[PARAM_CNONCE];
	auth_out->opaque = values[PARAM_OPAQUE];
	auth_out->algorithm = values[PARAM_ALGORITHM];
	auth_out->qop = values[PARAM_QOP];
	auth_out->has_user_hash = slice_equal_nocase(values[PARAM_USERHASH],
	    SLICE_LITERAL("true"));
	return true;
}
