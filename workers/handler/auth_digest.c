/* SPDX-License-Identifier: BSD-2-Clause */
/* Digest: a hash of user, password and request. Leaves answers and counting to auth.c, which
 * requests a nonce was used for to server/base/nonces.c. Workers, unprivileged.
 *
 * A nonce is the time of its issue, a number and a MAC of both; no worker keeps it, each one
 * can check it. Rules: the hash is compared before the nonce is looked at, so that only who
 * knows the password learns that a nonce is stale (RFC 7616 3.3), and only right ones fill
 * the table. Shown by test_auth.c. */
#include "workers/handler/auth_digest.h"

#include "server/base/log.h"
#include "server/base/nonces.h"
#include "workers/handler/secret.h"
#include "workers/handler/users.h"
#include "workers/http/authorization.h"

#define MAC_BYTES 16
#define NONCE_BYTES (16 + MAC_BYTES) /* time 8, number 8, MAC */
#define NONCE_TEXT_BYTES (2 * NONCE_BYTES)
#define PATH_BYTES 4096

_Static_assert(NONCES_KEY_BYTES == SECRET_KEY_BYTES, "a nonce's key is one for secret_mac()");

static void
put_number(uint8_t *out, uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		out[i] = (uint8_t)number;
}

static uint64_t
get_number(const uint8_t *data)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | data[i];
	return number;
}

/* Time and number are in nonce; their MAC goes behind them. */
static bool
seal_nonce(const struct exchange *exchange, uint8_t nonce[NONCE_BYTES])
{
	const struct slice parts[] = {
		SLICE_LITERAL("nonce"), { (const char *)nonce, 16 },
	};
	uint8_t mac[SECRET_HASH_BYTES];

	if (!secret_mac(nonces_key(exchange->nonces), parts, 2, mac))
		return false;
	memcpy(nonce + 16, mac, MAC_BYTES);
	return true;
}

bool
auth_digest_ask(const struct exchange *exchange, bool is_stale, struct text *text)
{
	uint8_t nonce[NONCE_BYTES];
	char nonce_text[NONCE_TEXT_BYTES];

	if (exchange->nonces == NULL)
		return false;
	put_number(nonce, (uint64_t)exchange->now_wall_s);
	put_number(nonce + 8, exchange->boundary_seed);
	if (!seal_nonce(exchange, nonce))
		return false;
	secret_hex(nonce, sizeof nonce, nonce_text);
	text_slice(text, SLICE_LITERAL("Digest realm=\""));
	text_slice(text, slice_from_text(exchange->route.settings->auth_name));
	text_slice(text, SLICE_LITERAL("\", qop=\"auth\", algorithm=SHA-256, nonce=\""));
	text_slice(text, slice_make(nonce_text, sizeof nonce_text));
	text_slice(text, SLICE_LITERAL("\", charset=UTF-8"));
	if (is_stale)
		text_slice(text, SLICE_LITERAL(", stale=true"));
	return true;
}

/* One of ours: *issued_s_out and *tag_out are filled. Else the master was started anew, or it
 * was made up. */
static bool
open_nonce(const struct exchange *exchange, struct slice text, int64_t *issued_s_out,
    uint32_t *tag_out)
{
	uint8_t nonce[NONCE_BYTES], wanted[NONCE_BYTES];
	char wanted_text[NONCE_TEXT_BYTES];

	if (text.len != NONCE_TEXT_BYTES)
		return false;
	for (size_t i = 0; i < NONCE_BYTES; i++) {
		char pair[3] = { text.data[2 * i], text.data[2 * i + 1], '\0' };
		unsigned value = 0;

		for (const char *c = pair; *c != '\0'; c++) {
			if (!(*c >= '0' && *c <= '9') && !(*c >= 'a' && *c <= 'f'))
				return false;
			value = value << 4 | (unsigned)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
		}
		nonce[i] = (uint8_t)value;
	}
	memcpy(wanted, nonce, 16);
	if (!seal_nonce(exchange, wanted))
		return false;
	secret_hex(wanted, sizeof wanted, wanted_text);
	*issued_s_out = (int64_t)get_number(nonce);
	*tag_out = (uint32_t)get_number(nonce + 16);
	return secret_is_equal(wanted, nonce, sizeof nonce);
}

/* Of now, and not used for this number before. */
static bool
is_nonce_fresh(const struct exchange *exchange, const struct http_digest_auth *auth)
{
	int64_t issued_s;
	uint32_t tag;

	if (!open_nonce(exchange, auth->nonce, &issued_s, &tag) ||
	    issued_s > exchange->now_wall_s || exchange->now_wall_s - issued_s > NONCES_LIFE_S)
		return false;
	if (exchange->auth->is_nonce_used)
		return true;
	if (!nonces_use(exchange->nonces, issued_s, tag, auth->nc))
		return false;
	exchange->auth->is_nonce_used = true;
	return true;
}

/* "http://host:port/path" to "/path". False: another host, or no URI. */
static bool
strip_authority(const struct http_request *request, struct slice *uri)
{
	struct slice authority, host, port;
	size_t start;

	if (uri->len >= 7 && strncasecmp(uri->data, "http://", 7) == 0)
		start = 7;
	else if (uri->len >= 8 && strncasecmp(uri->data, "https://", 8) == 0)
		start = 8;
	else
		return uri->len > 0 && uri->data[0] == '/';
	authority = slice_make(uri->data + start, 0);
	while (start + authority.len < uri->len &&
	    authority.data[authority.len] != '/' && authority.data[authority.len] != '?')
		authority.len++;
	*uri = slice_make(authority.data + authority.len, uri->len - start - authority.len);
	return uri_parse_authority(authority, &host, &port) &&
	    slice_equal_nocase(host, request->host) && slice_equal(port, request->port);
}

/* A proxy may have written the target anew: what the URI names counts (RFC 7616 3.4.6). */
static bool
is_same_target(const struct exchange *exchange, struct slice uri)
{
	const struct http_request *request = exchange->request;
	struct slice query = { "", 0 };
	struct uri_path asked, meant;
	const char *mark;
	char *paths;

	if (slice_equal(uri, request->target))
		return true;
	if (!strip_authority(request, &uri))
		return false;
	mark = uri.len > 0 ? memchr(uri.data, '?', uri.len) : NULL;
	if (mark != NULL) {
		query = slice_make(mark + 1, (size_t)(uri.data + uri.len - (mark + 1)));
		uri.len = (size_t)(mark - uri.data);
	}
	if (uri.len == 0)
		uri = SLICE_LITERAL("/");
	paths = arena_alloc(exchange->scratch, 2 * PATH_BYTES);
	return paths != NULL && (mark != NULL) == request->has_query &&
	    slice_equal(query, request->query) &&
	    uri_normalize_path(request->path, paths, PATH_BYTES, &asked) == URI_OK &&
	    uri_normalize_path(uri, paths + PATH_BYTES, PATH_BYTES, &meant) == URI_OK &&
	    asked.len == meant.len && memcmp(paths, paths + PATH_BYTES, asked.len) == 0;
}

/* RFC 7616 3.4.1: HASH(HA1:nonce:nc:cnonce:qop:HASH(method:uri)). */
static bool
compute_response(const struct exchange *exchange, const struct http_digest_auth *auth,
    const char *ha1_hex, uint8_t out[SECRET_HASH_BYTES])
{
	const struct slice colon = { ":", 1 };
	const struct slice request_parts[] = {
		exchange->request->method_name, colon, auth->uri,
	};
	uint8_t ha2[SECRET_HASH_BYTES];
	char ha2_hex[SECRET_HEX_BYTES];
	const struct slice parts[] = {
		{ ha1_hex, SECRET_HEX_BYTES }, colon, auth->nonce, colon, auth->nc_text, colon,
		auth->cnonce, colon, auth->qop, colon, { ha2_hex, sizeof ha2_hex },
	};

	if (!secret_hash(request_parts, sizeof request_parts / sizeof request_parts[0], ha2))
		return false;
	secret_hex(ha2, sizeof ha2, ha2_hex);
	return secret_hash(parts, sizeof parts / sizeof parts[0], out);
}

static enum auth_verdict
check_login(const struct exchange *exchange, const struct http_digest_auth *auth,
    struct auth_attempt *attempt)
{
	const struct user_file *file = users_open(exchange->root_fds,
	    &exchange->route.settings->auth_user_file, USER_FILE_DIGESTS);
	uint8_t response[SECRET_HASH_BYTES];
	char ha1_hex[SECRET_HEX_BYTES];
	bool is_right;

	if (file == NULL || exchange->nonces == NULL ||
	    !auth_keep_user(exchange, auth->user, attempt))
		return AUTH_FAULT;
	if (!auth_may_try(exchange, attempt))
		return AUTH_WAIT;
	attempt->is_user_known = users_find_digest(file, auth->user, auth->realm, ha1_hex);
	if (!compute_response(exchange, auth, ha1_hex, response)) {
		secret_wipe(ha1_hex, sizeof ha1_hex);
		return AUTH_FAULT;
	}
	is_right = secret_is_equal(response, auth->response, sizeof response) &&
	    attempt->is_user_known;
	secret_wipe(ha1_hex, sizeof ha1_hex);
	secret_wipe(response, sizeof response); /* the right one, which the client may lack */
	if (!is_right)
		return AUTH_WRONG;
	return is_nonce_fresh(exchange, auth) ? AUTH_PROVED : AUTH_STALE;
}

enum auth_verdict
auth_digest_check(const struct exchange *exchange, struct slice credentials,
    struct auth_attempt *attempt)
{
	const char *realm = exchange->route.settings->auth_name;
	char *unquoted = arena_alloc(exchange->arena, credentials.len + 1);
	struct http_digest_auth auth;

	if (unquoted == NULL)
		return AUTH_FAULT;
	/* Without an algorithm it is MD5; what is for another realm is no guess at ours. */
	if (!http_parse_digest_auth(credentials, unquoted, &auth) || auth.has_user_hash ||
	    !slice_equal_nocase(auth.algorithm, SLICE_LITERAL("SHA-256")) ||
	    !slice_equal(auth.qop, SLICE_LITERAL("auth")) ||
	    !slice_equal(auth.realm, slice_from_text(realm)))
		return AUTH_NONE;
	if (!is_same_target(exchange, auth.uri))
		return AUTH_MALFORMED;
	return check_login(exchange, &auth, attempt);
}
