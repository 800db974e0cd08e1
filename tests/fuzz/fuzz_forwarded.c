/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of proxies, a line a field. The walk must end, and what a proxy appends must be read as
 * it was written, whatever a client has put in front of it. */
#include <netinet/in.h>
#include <stdlib.h>

#include "workers/http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fill_request(struct http_request *request, struct slice name, struct slice text)
{
	request->field_count = 0;
	while (request->field_count < HTTP_FIELD_MAX) {
		const char *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
		size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
		struct http_field *field = &request->fields[request->field_count++];

		field->name = name;
		field->value = slice_trim(slice_make(text.data, len));
		if (end == NULL)
			return;
		text = slice_make(end + 1, text.len - len - 1);
	}
}

static void
check_hop(const struct forwarded_hop *hop)
{
	int family = hop->address.ss_family;

	if (hop->kind > FORWARDED_BAD || (hop->is_https && !hop->has_proto))
		abort();
	if (hop->kind == FORWARDED_ADDRESS && family != AF_INET && family != AF_INET6)
		abort();
}

static void
check_walk(const struct http_request *request, enum forwarded_form form, size_t size)
{
	struct forwarded_walk walk;
	struct forwarded_hop hop;
	size_t count = 0;
	bool is_https;

	forwarded_begin(&walk, request, form);
	while (forwarded_next(&walk, &hop)) {
		check_hop(&hop);
		if (++count > size)
			abort();
	}
	(void)forwarded_is_https(request, 3, &is_https);
}

static void
check_appended(struct http_request *request, enum forwarded_form form, struct slice name,
    struct slice before, struct slice appended)
{
	char *text = malloc(before.len + appended.len);
	struct forwarded_walk walk;
	struct forwarded_hop hop;
	const struct sockaddr_in6 *six = (const void *)&hop.address;

	if (before.len > 0)
		memcpy(text, before.data, before.len);
	memcpy(text + before.len, appended.data, appended.len);
	request->fields[0].name = name;
	request->fields[0].value = slice_make(text, before.len + appended.len);
	request->field_count = 1;
	forwarded_begin(&walk, request, form);
	if (!forwarded_next(&walk, &hop) || hop.kind != FORWARDED_ADDRESS ||
	    six->sin6_family != AF_INET6 || six->sin6_addr.s6_addr[15] != 7 ||
	    ntohs(six->sin6_port) != 9)
		abort();
	if (form == FORWARDED_RFC7239 && (!hop.has_proto || !hop.is_https))
		abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	struct slice text = slice_make((const char *)data, size);
	const struct slice list = SLICE_LITERAL("X-Forwarded-For");
	const struct slice rfc7239 = SLICE_LITERAL("Forwarded");

	fill_request(&request, list, text);
	check_walk(&request, FORWARDED_LIST, size);
	fill_request(&request, rfc7239, text);
	check_walk(&request, FORWARDED_RFC7239, size);
	fill_request(&request, SLICE_LITERAL("X-Forwarded-Proto"), text);
	check_walk(&request, FORWARDED_LIST, size);
	check_appended(&request, FORWARDED_LIST, list, text, SLICE_LITERAL(",[2001:db8::7]:9"));
	check_appended(&request, FORWARDED_RFC7239, rfc7239, text,
	    SLICE_LITERAL(", for=\"[2001:db8::7]:9\";proto=https"));
	check_appended(&request, FORWARDED_RFC7239, rfc7239, text,
	    SLICE_LITERAL(",x=\"\\\"\\\\, \\\\\";for=\"[2001:db8::7]:9\"; Proto=\"https\""));
	return 0;
}
