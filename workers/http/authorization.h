/* SPDX-License-Identifier: BSD-2-Clause */
/* The Authorization field (RFC 9110 11): Basic (RFC 7617) and Digest (RFC 7616). Syntax only:
 * nothing here knows a password. Pure. */
#ifndef MUSTER_HTTP_AUTHORIZATION_H
#define MUSTER_HTTP_AUTHORIZATION_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

#define HTTP_AUTH_USER_MAX 255      /* bytes of a user's name */
#define HTTP_AUTH_PASSWORD_MAX 511  /* what crypt(3) takes */
#define HTTP_BASIC_BYTES (HTTP_AUTH_USER_MAX + HTTP_AUTH_PASSWORD_MAX + 2)

enum http_auth_scheme {
	HTTP_AUTH_OTHER,            /* also what has no scheme at all */
	HTTP_AUTH_BASIC,
	HTTP_AUTH_DIGEST,
};

/* Takes a field value apart: the scheme, and what follows it. */
enum http_auth_scheme http_auth_scheme(struct slice value, struct slice *credentials_out);

struct http_basic_auth {
	struct slice user;          /* no colon; maybe empty. Both NUL-terminated, no control */
	struct slice password;      /* bytes in either */
};
/* out: the caller's, HTTP_BASIC_BYTES, gets both; to be wiped when they were looked at, also
 * after a false. False: not Base64 of user:password, or longer than the limits above. */
bool http_parse_basic_auth(struct slice credentials, char out[HTTP_BASIC_BYTES],
    struct http_basic_auth *auth_out);

/* Quotes and backslashes are resolved. All but opaque are there and not empty, or the credentials
 * are refused: the server always asks for qop, so that each client sends cnonce and nc. */
struct http_digest_auth {
	struct slice user;          /* from username or username*; no colon, no control bytes */
	struct slice realm, nonce, uri, cnonce;
	struct slice opaque;        /* may be empty */
	struct slice algorithm, qop; /* tokens */
	struct slice nc_text;       /* 8 hexadecimal digits, as sent */
	uint32_t nc;
	uint8_t response[32];       /* of SHA-256, from 64 hexadecimal digits */
	bool has_user_hash;         /* userhash=true: user is a hash (RFC 7616 3.4.4) */
};
/* out: the caller's, credentials.len bytes; the slices point into it or into credentials. False:
 * bad syntax, a parameter twice, one missing or too long. */
bool http_parse_digest_auth(struct slice credentials, char *out,
    struct http_digest_auth *auth_out);

#endif
