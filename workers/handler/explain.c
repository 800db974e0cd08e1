/* SPDX-License-Identifier: BSD-2-Clause */
/* Explains a URL step by step: listener, host, rules, location. Leaves to route.c and rules.c what
 * is decided, to explain_route.c what comes of it. Runs in musterd -t, with the rights of whoever
 * calls it; opens no file and no socket.
 * Must stay true: it follows the same code as a request does and decides nothing by itself.
 * Shown by test_explain.c. */
#include "workers/handler/explain.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>

#include "config/units.h"
#include "workers/handler/explain_parts.h"
#include "workers/handler/rules.h"

#define COLUMNS 79
#define INDENT 11                   /* of the text, behind the label */
#define ARENA_BYTES (128 * 1024)
#define SCRATCH_BYTES (32 * 1024 * 1024)

struct url {
	bool has_host, is_https;
	struct slice host, port, path, query;
	bool has_query;
};

/* Words, and a new line before one that would go too far; nothing can reach the terminal's
 * control. */
static void
print_words(FILE *out, const char *text, size_t *column)
{
	while (*text != '\0') {
		size_t blank_bytes = strspn(text, " "), word_bytes;

		text += blank_bytes;
		word_bytes = strcspn(text, " ");
		if (*column > INDENT && *column + blank_bytes + word_bytes > COLUMNS) {
			(void)fprintf(out, "\n%*s", INDENT, "");
			*column = INDENT;
			blank_bytes = 0;
		}
		(void)fprintf(out, "%*s", (int)blank_bytes, "");
		*column += blank_bytes + word_bytes;
		for (; word_bytes > 0; word_bytes--, text++) {
			if ((unsigned char)*text < ' ' || *text == 0x7f)
				(void)fprintf(out, "\\x%02x", (unsigned char)*text);
			else
				(void)fputc(*text, out);
		}
	}
}

void
explain_say(const struct explanation *told, const char *label, const char *file, unsigned line,
    const char *format, ...)
{
	size_t column = INDENT;
	char *text = NULL, *place = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (file != NULL && asprintf(&place, " (%s:%u)", file, line) < 0)
		place = NULL;
	(void)fprintf(told->out, "%-*s", INDENT, label);
	print_words(told->out, text != NULL ? text : "", &column);
	print_words(told->out, place != NULL ? place : "", &column);
	(void)fputc('\n', told->out);
	free(place);
	free(text);
}

static struct slice
cut(struct slice *text, size_t bytes)
{
	struct slice taken = slice_make(text->data, bytes);

	text->data += bytes;
	text->len -= bytes;
	return taken;
}

static size_t
find_mark(struct slice text, const char *marks)
{
	size_t i = 0;

	while (i < text.len && strchr(marks, text.data[i]) == NULL)
		i++;
	return i;
}

static bool
parse_url(const char *text, struct url *url)
{
	struct slice rest = slice_from_text(text);

	memset(url, 0, sizeof *url);
	url->is_https = strncasecmp(text, "https://", 8) == 0;
	url->has_host = url->is_https || strncasecmp(text, "http://", 7) == 0;
	if (url->has_host) {
		(void)cut(&rest, url->is_https ? 8 : 7);
		if (!uri_parse_authority(cut(&rest, find_mark(rest, "/?#")), &url->host,
		    &url->port) || url->host.len == 0)
			return false;
	}
	rest.len = find_mark(rest, "#");
	url->path = cut(&rest, find_mark(rest, "?"));
	url->has_query = rest.len > 0;
	if (url->has_query)
		(void)cut(&rest, 1);
	url->query = rest;
	if (url->has_host && url->path.len == 0)
		url->path = SLICE_LITERAL("/");
	return url->path.len > 0;
}

static uint64_t
wanted_port(const struct url *url)
{
	uint64_t port = url->is_https ? 443 : 80;
	char text[8];

	if (url->port.len > 0) {
		(void)snprintf(text, sizeof text, "%.*s", (int)url->port.len, url->port.data);
		(void)units_parse_count(text, &port);
	}
	return port;
}

/* How well a listener fits: 0 another port, 1 the port, 2 all addresses, 3 the address. */
static unsigned
listener_fit(const struct config_listener *listener, const struct url *url)
{
	const struct sockaddr_in *ipv4 = (const void *)&listener->address;
	const struct sockaddr_in6 *ipv6 = (const void *)&listener->address;
	bool is_ipv6 = listener->address.ss_family == AF_INET6;
	struct slice host = url->host;
	char text[INET6_ADDRSTRLEN + 1] = "";
	struct in6_addr address;

	if ((!is_ipv6 && listener->address.ss_family != AF_INET) ||
	    ntohs(is_ipv6 ? ipv6->sin6_port : ipv4->sin_port) != wanted_port(url))
		return 0;
	if (host.len > 2 && host.data[0] == '[')
		host = slice_make(host.data + 1, host.len - 2);
	if (host.len > 0 && host.len < sizeof text)
		memcpy(text, host.data, host.len);
	if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, &address) == 1 &&
	    memcmp(&address, is_ipv6 ? (const void *)&ipv6->sin6_addr :
	    (const void *)&ipv4->sin_addr, is_ipv6 ? 16 : 4) == 0)
		return 3;
	return listener->is_dual_stack || (is_ipv6 ? IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr) :
	    ipv4->sin_addr.s_addr == INADDR_ANY) ? 2 : 1;
}

/* In place of one with the URL's port: the first that speaks its scheme, or the first. */
static unsigned
spare_listener(const struct config *config, const struct url *url)
{
	for (unsigned i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].tls == url->is_https)
			return i;
	}
	return 0;
}

static unsigned
choose_listener(struct explanation *told, const struct url *url)
{
	const struct config *config = told->config;
	unsigned best = spare_listener(config, url), best_fit = 0;

	for (unsigned i = 0; i < config->listener_count; i++) {
		unsigned fit = listener_fit(&config->listeners[i], url);

		if (fit > best_fit) {
			best = i;
			best_fit = fit;
		}
	}
	if (best_fit > 0 || !url->has_host)
		explain_say(told, "listen", config->listeners[best].file,
		    config->listeners[best].line, "%s", config->listeners[best].text);
	else
		explain_say(told, "listen", config->listeners[best].file,
		    config->listeners[best].line, "none has port %u; this is what %s would do",
		    (unsigned)wanted_port(url), config->listeners[best].text);
	return best;
}

/* Same port, another site: an administrator may not think of that. */
static void
tell_other_listeners(const struct explanation *told, const struct url *url, unsigned chosen)
{
	const struct config_host *host = told->exchange->route.host;

	for (unsigned i = 0; i < told->config->listener_count; i++) {
		const struct config_listener *other = &told->config->listeners[i];
		struct route_host found = route_find_host(told->config, i, url->host);

		if (i != chosen && url->has_host && listener_fit(other, url) > 0 &&
		    found.host != host)
			explain_say(told, "", found.host->file, found.host->line,
			    "on %s it is host \"%s\"", other->text, found.host->name);
	}
}

static void
tell_host(const struct explanation *told, struct route_host found, bool has_name)
{
	const struct config_host *host = found.host;
	const struct slice asked = told->exchange->request->host;

	if (found.why == ROUTE_NAME_WILDCARD)
		explain_say(told, "host", host->file, host->line,
		    "\"%s\", by \"%s\", the longest that fits", host->name, found.name);
	else if (found.why == ROUTE_NAME_UNKNOWN)
		explain_say(told, "host", host->file, host->line,
		    "\"%s\", the default: none is called \"%.*s\"", host->name, (int)asked.len,
		    asked.data);
	else if (found.why == ROUTE_NAME_NONE || !has_name)
		explain_say(told, "host", host->file, host->line,
		    "\"%s\", the default: the URL names none", host->name);
	else if (found.name != host->name)
		explain_say(told, "host", host->file, host->line, "\"%s\", by its alias \"%s\"",
		    host->name, found.name);
	else
		explain_say(told, "host", host->file, host->line, "\"%s\", by its name",
		    host->name);
}

static void
tell_rule(struct explanation *told, const struct route_event *event)
{
	const struct config_rule *rule = event->rule;

	if (event->step == ROUTE_STEP_REDIRECT) {
		explain_say(told, "redirect", rule->file, rule->line, "\"%s\" answers %u%s%.*s",
		    rule->matcher.title, rule->status, event->location_value.len > 0 ? ", " : "",
		    (int)event->location_value.len, event->location_value.data);
		told->is_redirected = true;
		return;
	}
	explain_say(told, "rewrite", rule->file, rule->line, "\"%s\" makes it %s%s%.*s%s",
	    rule->matcher.title, event->new_path.data, event->has_new_query ? "?" : "",
	    (int)event->new_query.len, event->new_query.data, rule->is_last ? ", the last" : "");
	told->level_count = 0;
}

/* Answered before any file was looked for; a redirect has said so itself. */
static void
tell_answer(const struct explanation *told, struct route_host found, unsigned status)
{
	if (found.why >= ROUTE_NAME_UNKNOWN &&
	    told->config->unknown_host != CONFIG_UNKNOWN_DEFAULT)
		explain_say(told, "answer", NULL, 0, "%u, as unknown_host says", status);
	else if (!told->is_redirected)
		explain_say(told, "answer", NULL, 0, status < 500 ?
		    "%u: the path it makes is none" : "%u: see the error above", status);
}

static void
tell(void *context, const struct route_event *event)
{
	struct explanation *told = context;

	if (event->step == ROUTE_STEP_LOCATIONS)
		explain_locations(told, event);
	else
		tell_rule(told, event);
}

static void
explain_request(struct explanation *told, const struct url *url, struct http_request *request)
{
	struct exchange *exchange = told->exchange;
	struct route_trace trace = { tell, told };
	struct route_host found;
	struct answer answer;

	exchange->listener_index = choose_listener(told, url);
	found = route_find_host(told->config, exchange->listener_index, url->host);
	/* Whoever asks for a path means some name. */
	if (!url->has_host && found.host->name[0] != '*') {
		request->host = slice_from_text(found.host->name);
		found = route_find_host(told->config, exchange->listener_index, request->host);
	}
	exchange->route.host = found.host;
	tell_host(told, found, url->has_host);
	tell_other_listeners(told, url, exchange->listener_index);
	answer_init(&answer);
	if (!route_request_traced(exchange, &answer, &trace))
		tell_answer(told, found, answer.status);
	else
		explain_route(told);
	answer_fini(&answer);
}

int
explain_url(const struct config *config, const char *text, FILE *out)
{
	struct arena arena = { 0 }, scratch = { 0 };
	struct exchange exchange = { .config = config, .arena = &arena, .scratch = &scratch };
	struct explanation told = { .out = out, .config = config, .exchange = &exchange };
	struct http_request *request;
	struct url url;
	char path[4096];

	if (!parse_url(text, &url) ||
	    uri_normalize_path(url.path, path, sizeof path, &exchange.path_info) != URI_OK) {
		(void)fprintf(stderr, "musterd: -u is \"%s\", expected \"http://host/path\", or "
		    "\"/path\" for the default host\n", text);
		return 1;
	}
	if (arena_init(&arena, ARENA_BYTES) < 0)
		return 1;
	if (arena_init(&scratch, SCRATCH_BYTES) < 0) {
		arena_fini(&arena);
		return 1;
	}
	request = arena_alloc(&arena, sizeof *request); /* too large for a stack */
	*request = (struct http_request){ .method = HTTP_METHOD_GET,
		.method_name = SLICE_LITERAL("GET"), .version_minor = 1, .host = url.host,
		.port = url.port, .path = url.path, .query = url.query,
		.has_query = url.has_query };
	exchange.request = request;
	exchange.path = slice_make(path, exchange.path_info.len);
	exchange.query = url.query;
	exchange.has_query = url.has_query;
	exchange.is_https = url.is_https;
	explain_request(&told, &url, request);
	arena_fini(&scratch);
	arena_fini(&arena);
	return 0;
}
