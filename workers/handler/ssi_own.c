/* SPDX-License-Identifier: BSD-2-Clause */
/* The request's variables for server-side includes. Workers, unprivileged; pure but for the
 * zone of the system. Rule: DOCUMENT_ and LAST_MODIFIED are about the page that the client
 * asked for, in all that it includes, as in Apache httpd; no field that carries a
 * password has a variable. Shown by test_ssi.c. */
#include "workers/handler/ssi_format.h"
#include "workers/handler/ssi_page.h"
#include "workers/handler/text.h"

#define NONE slice_make(NULL, 0)    /* there is no such thing; "" would be an empty one */

static struct slice
format_time(const struct ssi_page *page, int64_t time_s, bool is_gmt)
{
	return ssi_format_time(page->work->scope.arena, page->timefmt, time_s, is_gmt);
}

static struct slice
date_local(const struct ssi_page *page)
{
	return format_time(page, page->exchange->now_wall_s, false);
}

static struct slice
date_gmt(const struct ssi_page *page)
{
	return format_time(page, page->exchange->now_wall_s, true);
}

static struct slice
last_modified(const struct ssi_page *page)
{
	return format_time(page, page->work->document_modified_s, false);
}

static struct slice
document_name(const struct ssi_page *page)
{
	return page->work->document_name;
}

/* With the index file's name behind a directory's slash. */
static struct slice
document_uri(const struct ssi_page *page)
{
	struct slice path = page->work->document_path, name = page->work->document_name;
	struct text text;

	if (path.len == 0 || path.data[path.len - 1] != '/')
		return path;
	text_init(&text, page->work->scope.arena, path.len + name.len);
	text_slice(&text, path);
	text_slice(&text, name);
	return text_get(&text);
}

/* Of the include itself, where it has one. */
static struct slice
query_string(const struct ssi_page *page)
{
	struct slice query = page->exchange->has_query ? page->exchange->query :
	    page->work->client->query;

	return query.len > 0 ? query : SLICE_LITERAL("");
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX once; control characters are left as they are, nothing good can come of them. */
static struct slice
query_string_unescaped(const struct ssi_page *page)
{
	struct slice query = query_string(page);
	char *out = arena_alloc(page->work->scope.arena, query.len);
	size_t len = 0;

	if (out == NULL)
		return NONE;
	for (size_t i = 0; i < query.len; i++) {
		int high = -1, low = -1;

		if (query.data[i] == '%' && query.len - i > 2) {
			high = hex_value(query.data[i + 1]);
			low = hex_value(query.data[i + 2]);
		}
		out[len++] = query.data[i];
		if (high < 0 || low < 0 || high * 16 + low < 0x20 || high * 16 + low == 0x7f)
			continue;
		out[len - 1] = (char)(high * 16 + low);
		i += 2;
	}
	return slice_make(out, len);
}

static struct slice
remote_addr(const struct ssi_page *page)
{
	return page->work->client->client_text;
}

static struct slice
remote_user(const struct ssi_page *page)
{
	return page->work->client->user.len > 0 ? page->work->client->user : NONE;
}

static struct slice
request_method(const struct ssi_page *page)
{
	return page->work->client->request->method_name;
}

static struct slice
request_scheme(const struct ssi_page *page)
{
	return page->work->client->is_https ? SLICE_LITERAL("https") : SLICE_LITERAL("http");
}

/* Path and query, as sent. */
static struct slice
request_uri(const struct ssi_page *page)
{
	const struct http_request *request = page->work->client->request;
	struct text text;

	if (!request->has_query)
		return request->path;
	text_init(&text, page->work->scope.arena, request->path.len + 1 + request->query.len);
	text_slice(&text, request->path);
	text_slice(&text, SLICE_LITERAL("?"));
	text_slice(&text, request->query);
	return text_get(&text);
}

static struct slice
server_name(const struct ssi_page *page)
{
	struct slice sent = page->work->client->request->host;

	return sent.len > 0 ? sent : slice_from_text(page->work->client->route.host->name);
}

static struct slice
server_protocol(const struct ssi_page *page)
{
	return page->work->client->request->version_minor == 0 ? SLICE_LITERAL("HTTP/1.0") :
	    SLICE_LITERAL("HTTP/1.1");
}

/* Sorted by name, as printenv shows them. field: of the request; own: else, how to make it. */
static const struct own_variable {
	const char *name;
	struct slice (*own)(const struct ssi_page *page);
	const char *field;
} own_variables[] = {
	{ "DATE_GMT", date_gmt, NULL },
	{ "DATE_LOCAL", date_local, NULL },
	{ "DOCUMENT_NAME", document_name, NULL },
	{ "DOCUMENT_URI", document_uri, NULL },
	{ "HTTP_ACCEPT", NULL, "Accept" },
	{ "HTTP_ACCEPT_LANGUAGE", NULL, "Accept-Language" },
	{ "HTTP_COOKIE", NULL, "Cookie" },
	{ "HTTP_HOST", NULL, "Host" },
	{ "HTTP_REFERER", NULL, "Referer" },
	{ "HTTP_USER_AGENT", NULL, "User-Agent" },
	{ "LAST_MODIFIED", last_modified, NULL },
	{ "QUERY_STRING", query_string, NULL },
	{ "QUERY_STRING_UNESCAPED", query_string_unescaped, NULL },
	{ "REMOTE_ADDR", remote_addr, NULL },
	{ "REMOTE_USER", remote_user, NULL },
	{ "REQUEST_METHOD", request_method, NULL },
	{ "REQUEST_SCHEME", request_scheme, NULL },
	{ "REQUEST_URI", request_uri, NULL },
	{ "SERVER_NAME", server_name, NULL },
	{ "SERVER_PROTOCOL", server_protocol, NULL },
};
#define OWN_COUNT (sizeof own_variables / sizeof own_variables[0])

const char *
ssi_own_name(unsigned index)
{
	return index < OWN_COUNT ? own_variables[index].name : NULL;
}

bool
ssi_find_own(const void *context, struct slice name, struct slice *value_out)
{
	const struct ssi_page *page = context;

	for (unsigned i = 0; i < OWN_COUNT; i++) {
		const struct own_variable *variable = &own_variables[i];

		if (!slice_equal(name, slice_from_text(variable->name)))
			continue;
		if (variable->own == NULL)
			return http_request_field_named(page->work->client->request,
			    slice_from_text(variable->field), value_out);
		*value_out = variable->own(page);
		return value_out->data != NULL;
	}
	return false;
}
