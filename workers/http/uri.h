/* SPDX-License-Identifier: BSD-2-Clause */
/* Request paths and authorities (RFC 3986, RFC 9110 4.2). Bytes only. */
#ifndef MUSTER_HTTP_URI_H
#define MUSTER_HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

enum uri_verdict {
	URI_OK,
	URI_BAD,                    /* bad escape, %00, ".." above the root: 400 */
	URI_ENCODED_SLASH,          /* %2F: no file name can hold it: 404 */
	URI_TOO_LONG,               /* does not fit: no file has that name, 404 */
};

struct uri_path {
	size_t len;                 /* bytes in out, without the NUL */
	bool has_dot_name;          /* a segment starts with '.', but for a first ".well-known" */
	bool ends_with_slash;
};

/* Decodes %XX once, merges slashes, removes "." and ".." segments (after decoding, so
 * that %2e counts). out: NUL-terminated, starts with '/', cap bytes at most. `path`
 * is an http_request's path: no query, starts with '/'. */
enum uri_verdict uri_normalize_path(struct slice path, char *out, size_t cap,
    struct uri_path *info_out);

/* Encodes a decoded path for a Location field: unreserved, sub-delims, ":", "@" and "/"
 * stay, all else is %XX; two leading slashes never come out. A NUL is written
 * behind it. Returns the bytes before the NUL, or -1 when cap is too small. */
long uri_encode_path(struct slice path, char *out, size_t cap);

/* "host[:port]" as in Host and in targets: a name, IPv4 or "[IPv6]"; the port empty or
 * 1 to 5 digits up to 65535. No userinfo. A name is letters, digits, "-", "_" and dots,
 * stricter than RFC 3986's reg-name: what is left out ("a,b", "%61") two programs may read
 * differently. False: not valid. An empty authority is valid and gives empty slices. The
 * slices point into `authority`. */
bool uri_parse_authority(struct slice authority, struct slice *host_out, struct slice *port_out);

/* Which bytes may stand in a request target's path and query: printable ASCII that
 * browsers do send raw; never CTL, SP, '"', '<', '>', '#', 0x80 and above. */
bool uri_is_path_byte(unsigned char c);
bool uri_is_query_byte(unsigned char c);

#endif
