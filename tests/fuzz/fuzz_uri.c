/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths and authorities. A normalised path must not get out of the root, and encoding it
 * must lead back to it; an authority is its parts and nothing else. */
#include <stdlib.h>

#include "workers/http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(struct slice path)
{
	char out[256], encoded[3 * sizeof (out)], again[sizeof (out)];
	struct uri_path info, again_info;
	long encoded_bytes;

	if (uri_normalize_path(path, out, sizeof (out), &info) != URI_OK)
		return;
	if (out[0] != '/' || info.len != strlen(out) || info.len >= sizeof (out) ||
	    info.ends_with_slash != (out[info.len - 1] == '/'))
		abort();
	for (const char *slash = out; slash != NULL; slash = strchr(slash + 1, '/')) {
		size_t len = strcspn(slash + 1, "/");

		if ((len == 0 && slash[1] == '/') || (len == 1 && slash[1] == '.') ||
		    (len == 2 && slash[1] == '.' && slash[2] == '.'))
			abort();
	}
	encoded_bytes = uri_encode_path(slice_make(out, info.len), encoded, sizeof (encoded));
	if (encoded_bytes < (long)info.len || strlen(encoded) != (size_t)encoded_bytes)
		abort();
	if (uri_normalize_path(slice_from_text(encoded), again, sizeof (again), &again_info) !=
	    URI_OK || strcmp(again, out) != 0 || again_info.has_dot_name != info.has_dot_name)
		abort();
}

static void
check_authority(struct slice authority)
{
	struct slice host, port, again_host, again_port;
	size_t colon_bytes;

	if (!uri_parse_authority(authority, &host, &port))
		return;
	colon_bytes = authority.len - host.len - port.len;
	if (colon_bytes > 1 || (colon_bytes == 0 && port.len > 0) ||
	    (host.len > 0 && host.data != authority.data) || (port.len > 0 && host.len == 0))
		abort();
	if (memchr(host.data, '@', host.len) != NULL || memchr(host.data, '\0', host.len) != NULL)
		abort();
	if (!uri_parse_authority(host, &again_host, &again_port) || again_port.len > 0 ||
	    !slice_equal(host, again_host))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_path(slice_make((const char *)data, size));
	check_authority(slice_make((const char *)data, size));
	return 0;
}
