/* SPDX-License-Identifier: BSD-2-Clause */
/* PROXY headers. The verdict must not depend on how the bytes come, no more may be asked for
 * than a header can have, and an address is of a family that has one. */
#include <stdlib.h>

#include "workers/http/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_whole(const struct proxy_protocol *header, size_t size)
{
	int family = header->source.ss_family;

	if (header->header_bytes == 0 || header->header_bytes > size ||
	    header->header_bytes > PROXY_PROTOCOL_MAX_BYTES)
		abort();
	if (family != header->destination.ss_family)
		abort();
	if (header->has_addresses ? family != AF_INET && family != AF_INET6 &&
	    family != AF_UNIX : family != AF_UNSPEC || header->is_https)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_protocol whole, part;
	enum http_verdict verdict = proxy_protocol_parse((const char *)data, size, &whole);
	enum http_verdict part_verdict = HTTP_NEED_MORE;
	size_t len;

	if (verdict == HTTP_COMPLETE)
		check_whole(&whole, size);
	if (verdict == HTTP_BAD && whole.error_reason == NULL)
		abort();
	if (verdict == HTTP_NEED_MORE && size >= PROXY_PROTOCOL_MAX_BYTES)
		abort();
	for (len = 0; len <= size && part_verdict == HTTP_NEED_MORE; len++) {
		char *copy = malloc(len + (len == 0));

		memcpy(copy, data, len);
		part_verdict = proxy_protocol_parse(copy, len, &part);
		free(copy);
	}
	if (part_verdict != verdict)
		abort();
	if (verdict == HTTP_COMPLETE && (len - 1 != whole.header_bytes ||
	    memcmp(&part, &whole, sizeof part) != 0))
		abort();
	return 0;
}
