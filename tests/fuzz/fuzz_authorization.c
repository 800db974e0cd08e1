/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of Authorization. A name that comes out can stand in a line of a file, and nothing is
 * written beyond the room that was asked for. */
#include <stdlib.h>

#include "workers/http/authorization.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_user(struct slice user)
{
	if (user.len > HTTP_AUTH_USER_MAX)
		abort();
	for (size_t i = 0; i < user.len; i++) {
		if ((unsigned char)user.data[i] < 0x20 || user.data[i] == 0x7f ||
		    user.data[i] == ':')
			abort();
	}
}

static void
check_basic(struct slice credentials)
{
	char *exact = malloc(HTTP_BASIC_BYTES);
	struct http_basic_auth auth;

	if (http_parse_basic_auth(credentials, exact, &auth)) {
		check_user(auth.user);
		if (strlen(auth.user.data) != auth.user.len ||
		    strlen(auth.password.data) != auth.password.len ||
		    auth.password.len > HTTP_AUTH_PASSWORD_MAX)
			abort();
	}
	free(exact);
}

/* Touches the bytes, so that a slice of other memory is noticed. */
static unsigned
sum(struct slice s)
{
	unsigned total = 0;

	for (size_t i = 0; i < s.len; i++)
		total += (unsigned char)s.data[i];
	return total;
}

static void
check_digest(struct slice credentials)
{
	char *exact = malloc(credentials.len > 0 ? credentials.len : 1);
	struct http_digest_auth auth;
	volatile unsigned total;

	if (http_parse_digest_auth(credentials, exact, &auth)) {
		check_user(auth.user);
		if (auth.user.len == 0 || auth.realm.len == 0 || auth.nonce.len == 0 ||
		    auth.uri.len == 0 || auth.cnonce.len == 0 || auth.qop.len == 0 ||
		    auth.algorithm.len == 0 || auth.nc_text.len != 8)
			abort();
		total = sum(auth.user) + sum(auth.realm) + sum(auth.nonce) + sum(auth.uri) +
		    sum(auth.cnonce) + sum(auth.qop) + sum(auth.algorithm) + sum(auth.nc_text) +
		    sum(auth.opaque);
		(void)total;
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_make((const char *)data, size), credentials;
	enum http_auth_scheme scheme = http_auth_scheme(value, &credentials);

	if (credentials.data < value.data ||
	    credentials.data + credentials.len > value.data + value.len)
		abort();
	if (scheme == HTTP_AUTH_DIGEST)
		check_digest(credentials);
	else if (scheme == HTTP_AUTH_BASIC)
		check_basic(credentials);
	return 0;
}
