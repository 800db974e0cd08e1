/* SPDX-License-Identifier: BSD-2-Clause */
/* A host and a target, a line each, against rules and locations of every kind. It always ends;
 * what is routed is a normalised path and a place below its root; a Location is a valid URI
 * reference, and leads to no host that is not in the rules or the request. */
#include <stdio.h>
#include <stdlib.h>

#include "server/base/log.h"
#include "workers/handler/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef HAVE_PCRE2

#define PATH_BYTES 4096

static const char rules_text[] =
    "types_file = \"\"\n"
    "listen \"127.0.0.1:1\" {}\n"
    "host \"*\" {\n"
    "root = \"/srv\" user_dir = \"/home/*/www\"\n"
    "redirect \"/r/old\" { to = \"/r/new\" }\n"
    "redirect \"/r/root/\" { to = \"/\" status = 302 }\n"
    "redirect \"~ ^/r/cap/(.*)$\" { to = \"$1\" }\n"
    "redirect \"~ ^/r/two/([^/]*)/(.*)$\" { to = \"/$1$2?a=$2&b=$1#$2\" }\n"
    "redirect \"~ ^/r/abs/(.*)$\" { to = \"https://out.example$1\" }\n"
    "redirect \"~ ^/r/abs2/(.)(.*)$\" { to = \"https://out.example$1$2?x\" }\n"
    "redirect \"~ ^/r/sub/(.*)$\" { to = \"https://$1.sub.example/$1?$1\" }\n"
    "redirect \"/r/all\" { to = \"https://out.example\" }\n"
    "redirect \"/r/rest\" { to = \"https://out.example$rest\" }\n"
    "redirect \"/r/uri\" { to = \"$scheme://$host$request_uri\" }\n"
    "redirect \"/r/local\" { to = \"$request_uri\" }\n"
    "redirect \"/r/login\" { to = \"/login?next=$request_uri&q=$query&p=$path&h=$host\" }\n"
    "redirect \"/r/query\" { to = \"/$query\" }\n"
    "redirect \"/r/query2\" { to = \"/x#$query\" }\n"
    "redirect \"/r/hq\" { to = \"https://out.example$query\" }\n"
    "redirect \"/r/gone\" { status = 410 }\n"
    "rewrite \"/w/old\" { to = \"/w/new/\" }\n"
    "rewrite \"~ ^/w/join/(.*)-(.*)$\" { to = \"/$1$2\" }\n"
    "rewrite \"~ ^/w/q/(.*)$\" { to = \"/r/query?$1&$query\" }\n"
    "rewrite \"/w/host\" { to = \"/hosts/$host$request_uri\" }\n"
    "rewrite \"~ ^(/w/double/.*)$\" { to = \"$1$1\" last = true }\n"
    "rewrite \"/w/last\" { to = \"/app/$rest\" last = true }\n"
    "location \"/app\" {\n"
    "	rewrite \"~ ^/app/turn/(.*)/([^/]*)$\" { to = \"/app/turn/$2/$1\" }\n"
    "	rewrite \"/app/grow\" { to = \"/app/grow/x\" }\n"
    "	redirect \"~ (.)(.)(.)(.)(.)(.)(.)(.)(.)$\" { to = \"/$9$8$7$6$5$4$3$2$1$0\" }\n"
    "	location \"~ ^/app/(a+)+[bc]\" {}\n"
    "	location \"= /app/x\" {}\n"
    "}\n"
    "location \"~ ^/img/(.*)-(.*)$\" { alias = \"/srv/img/$1$2\" }\n"
    "location \"~ ^/hidden/(.*)-(.*)$\" { alias = \"/srv/img/$1.$2\" dot_files = true }\n"
    "location \"^~ /alias/\" { alias = \"/srv/alias\" }\n"
    "location \"= /one\" { alias = \"/srv/file.txt\" }\n"
    "}\n";

static struct config *config;
static struct arena arena, scratch;

static void
begin(void)
{
	struct config_errors errors;

	if (config != NULL)
		return;
	log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 });
	config = config_load_text(rules_text, "rules", &errors);
	for (size_t i = 0; i < errors.count; i++)
		(void)fprintf(stderr, "%s\n", errors.lines[i]);
	if (config == NULL || arena_init(&arena, 1 << 17) < 0 || arena_init(&scratch, 1 << 25) < 0)
		abort();
}

/* As the parser of requests lets through. */
static bool
take_target(struct slice target, struct http_request *request)
{
	const char *mark = memchr(target.data, '?', target.len);

	request->path = target;
	request->query = slice_make("", 0);
	request->has_query = mark != NULL;
	if (mark != NULL) {
		request->path.len = (size_t)(mark - target.data);
		request->query = slice_make(mark + 1, target.len - request->path.len - 1);
	}
	for (size_t i = 0; i < request->path.len; i++) {
		if (!uri_is_path_byte((unsigned char)request->path.data[i]))
			return false;
	}
	for (size_t i = 0; i < request->query.len; i++) {
		if (!uri_is_query_byte((unsigned char)request->query.data[i]))
			return false;
	}
	return request->path.len > 0 && request->path.data[0] == '/';
}

/* Its segments are names. */
static void
check_segments(struct slice path)
{
	size_t start = 0;

	if (memchr(path.data, '\0', path.len) != NULL || path.data[path.len] != '\0')
		abort();
	for (size_t i = 0; i <= path.len; i++) {
		size_t len = i - start;

		if (i < path.len && path.data[i] != '/')
			continue;
		if ((len == 1 || len == 2) && memcmp(path.data + start, "..", len) == 0)
			abort();
		if (len == 0 && i > 0 && i < path.len)
			abort();
		start = i + 1;
	}
}

static void
check_route(const struct exchange *exchange)
{
	const struct route *route = &exchange->route;
	struct slice path = exchange->path, name = route->user_name;

	if (path.data[0] != '/' || path.len != exchange->path_info.len || path.len >= PATH_BYTES ||
	    exchange->path_info.ends_with_slash != (path.data[path.len - 1] == '/'))
		abort();
	check_segments(slice_make(path.data + 1, path.len - 1));
	if (route->below_root.len > 0 && route->below_root.data[0] == '/')
		abort();
	check_segments(route->below_root);
	if (route->settings != (route->location != NULL ? &route->location->settings :
	    &route->host->settings))
		abort();
	if (name.len > 0 && (!route->is_user_dir || name.data[0] == '.' ||
	    memchr(name.data, '/', name.len) != NULL))
		abort();
}

static bool
is_allowed_host(struct slice host, const struct http_request *request)
{
	struct slice own = request->host, suffix = SLICE_LITERAL(".sub.example");

	if (own.len > 0 && own.data[own.len - 1] == '.')
		own.len--;
	return slice_equal(host, SLICE_LITERAL("out.example")) || slice_equal_nocase(host, own) ||
	    (host.len >= suffix.len && slice_equal(slice_make(host.data + host.len - suffix.len,
	    suffix.len), suffix));
}

static void
check_location(struct slice location, const struct http_request *request)
{
	struct slice host, port, rest = location;
	size_t i;

	for (i = 0; i < location.len; i++) {
		char c = location.data[i];

		if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}", c) != NULL ||
		    (c == '%' && (location.len - i < 3 ||
		    strspn(location.data + i + 1, "0123456789ABCDEFabcdef") < 2)))
			abort();
	}
	if (location.len == 0)
		abort();
	if (location.data[0] == '/') {
		if (location.len > 1 && location.data[1] == '/')
			abort();
		return;
	}
	i = slice_starts_with(location, SLICE_LITERAL("https://")) ? 8 : 7;
	if (i == 7 && !slice_starts_with(location, SLICE_LITERAL("http://")))
		abort();
	rest = slice_make(location.data + i, location.len - i);
	for (i = 0; i < rest.len && strchr("/?#", rest.data[i]) == NULL;)
		i++;
	if (!uri_parse_authority(slice_make(rest.data, i), &host, &port) || port.len > 0 ||
	    !is_allowed_host(host, request))
		abort();
}

static void
route(struct http_request *request)
{
	struct exchange exchange = { .request = request, .config = config, .arena = &arena,
		.scratch = &scratch, .query = request->query, .has_query = request->has_query };
	struct slice *location;
	struct answer answer;
	char path[PATH_BYTES];

	if (uri_normalize_path(request->path, path, sizeof path, &exchange.path_info) != URI_OK)
		return;
	exchange.path = slice_make(path, exchange.path_info.len);
	answer_init(&answer);
	if (route_request(&exchange, &answer)) {
		check_route(&exchange);
	} else {
		location = answer_find_field(&answer, SLICE_LITERAL("Location"));
		if ((location != NULL) != (answer.status >= 300 && answer.status < 400))
			abort();
		if (location != NULL)
			check_location(*location, request);
	}
	if (exchange.route.host != config->hosts || exchange.route.settings == NULL)
		abort();
	answer_fini(&answer);
	arena_reset(&arena);
	arena_reset(&scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	const char *text = (const char *)data, *end = size > 0 ? memchr(text, '\n', size) : NULL;
	struct slice host, target;

	begin();
	if (end == NULL)
		return 0;
	host = slice_make(text, (size_t)(end - text));
	target = slice_make(end + 1, size - host.len - 1);
	if (target.len > 0 && target.data[target.len - 1] == '\n')
		target.len--;
	if (target.len > 0 && uri_parse_authority(host, &request.host, &request.port) &&
	    take_target(target, &request))
		route(&request);
	return 0;
}

#else                               /* half of the rules have patterns */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

#endif
