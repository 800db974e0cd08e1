/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects and rewrites, and when they are asked. Finding hosts and locations is left to
 * route.c, putting values into texts to expand.c. Workers, unprivileged.
 *
 *   host's rules, once -> location -> https_redirect -> its rules --- same path: served
 *                            ^                             |
 *           route_again() ---+-----------------------------+ another path: at most ROUNDS_MAX
 *                                                            times
 *
 * Must stay true: however the path was changed, it is as well normalised as one that a client
 * sent, and the location is the one that belongs to it; what goes round for ever is an error.
 * Shown by test_rules.c and fuzz_rules.c. */
#include "workers/handler/rules.h"

#include "server/base/log.h"
#include "workers/handler/expand.h"
#include "workers/handler/match.h"
#include "workers/handler/reroute.h"

#define ROUNDS_MAX 10

/* Passes over lists of rules. */
struct pass {
	struct exchange *exchange;
	struct answer *answer;
	const struct route_trace *trace;
	struct slice first_path;    /* as the request came */
	struct slice start_path;    /* $path: before this pass */
	const struct config_rule *last_rewrite; /* NULL: none yet */
};

static bool
refuse(const struct exchange *exchange, struct answer *answer, unsigned status)
{
	answer_error(answer, exchange->arena, status);
	return false;
}

static void
collect_values(const struct exchange *exchange, struct expand_values *values)
{
	const struct http_request *request = exchange->request;

	values->host = request->host;
	values->host_name = exchange->route.host->name;
	values->is_https = exchange->is_https;
	values->query = exchange->query;
	values->has_query = exchange->has_query;
	values->sent_path = request->path;
	values->sent_query = request->query;
	values->has_sent_query = request->has_query;
	values->subject = exchange->path;
}

static bool
take_off(struct slice *text, struct slice start)
{
	if (!slice_starts_with(*text, start))
		return false;
	text->data += start.len;
	text->len -= start.len;
	return true;
}

/* A Location that is the address of the request itself: the client would ask for ever. */
static bool
leads_to_itself(const struct exchange *exchange, struct slice location)
{
	const struct http_request *request = exchange->request;
	struct slice host = request->host, port = request->port, rest = location;

	if (rest.len > 0 && rest.data[0] != '/') {
		if (!take_off(&rest, exchange->is_https ? SLICE_LITERAL("https://") :
		    SLICE_LITERAL("http://")) || host.len == 0 || rest.len < host.len ||
		    !slice_equal_nocase(slice_make(rest.data, host.len), host))
			return false;
		rest = slice_make(rest.data + host.len, rest.len - host.len);
		if (port.len > 0 && (!take_off(&rest, SLICE_LITERAL(":")) ||
		    !take_off(&rest, port)))
			return false;
	}
	return take_off(&rest, request->path) && (request->has_query ?
	    take_off(&rest, SLICE_LITERAL("?")) && take_off(&rest, request->query) : true) &&
	    (rest.len == 0 || rest.data[0] == '#');
}

static void
tell_redirect(const struct pass *pass, const struct config_rule *rule, struct slice location)
{
	if (pass->trace != NULL)
		pass->trace->tell(pass->trace->context, &(struct route_event){
		    .step = ROUTE_STEP_REDIRECT, .path = pass->exchange->path, .rule = rule,
		    .location_value = location });
}

/* Always false: the request is answered. */
static bool
redirect(struct pass *pass, const struct config_rule *rule, const struct expand_values *values)
{
	struct exchange *exchange = pass->exchange;
	struct slice location = slice_make("", 0);
	unsigned status = rule->target == NULL ? 0 :
	    expand_location(rule->target, values, exchange->scratch, &location);

	if (status != 0)
		return refuse(exchange, pass->answer, status);
	tell_redirect(pass, rule, location);
	if (rule->target != NULL && leads_to_itself(exchange, location)) {
		log_error("%s:%u: redirect \"%s\" leads \"%s\" to itself", rule->file, rule->line,
		    rule->matcher.title, exchange->path.data);
		return refuse(exchange, pass->answer, 500);
	}
	answer_error(pass->answer, exchange->arena, rule->status);
	if (rule->target != NULL)
		answer_field(pass->answer, SLICE_LITERAL("Location"), location);
	return false;
}

static void
tell_rewrite(const struct pass *pass, const struct config_rule *rule, struct slice old_path)
{
	const struct exchange *exchange = pass->exchange;

	if (pass->trace != NULL)
		pass->trace->tell(pass->trace->context, &(struct route_event){
		    .step = ROUTE_STEP_REWRITE, .path = old_path, .rule = rule,
		    .new_path = exchange->path, .new_query = exchange->query,
		    .has_new_query = exchange->has_query });
}

/* False: the request is answered. */
static bool
rewrite(struct pass *pass, const struct config_rule *rule, const struct expand_values *values)
{
	struct exchange *exchange = pass->exchange;
	struct slice old_path = exchange->path, path;
	struct expanded_path target;
	struct uri_path info;
	unsigned status = expand_rewrite(rule->target, values, exchange->scratch, &target);

	if (status != 0)
		return refuse(exchange, pass->answer, status);
	path = reroute_normalize(exchange, target.path, &info);
	if (path.data == NULL)
		return refuse(exchange, pass->answer, 400);
	reroute_to(exchange, path, &info);
	exchange->query = target.query;
	exchange->has_query = target.has_query;
	pass->last_rewrite = rule;
	tell_rewrite(pass, rule, old_path);
	return true;
}

/* A rule that fits, with the captures. False: the request is answered. */
static bool
apply(struct pass *pass, const struct config_rule *rule, struct expand_values *values)
{
	collect_values(pass->exchange, values);
	values->path = pass->start_path;
	values->is_prefix = rule->matcher.match == CONFIG_MATCH_PREFIX ||
	    rule->matcher.match == CONFIG_MATCH_STRONG_PREFIX;
	return rule->is_rewrite ? rewrite(pass, rule, values) : redirect(pass, rule, values);
}

/* False: the request is answered. */
static bool
run(struct pass *pass, const struct config_rule *rules, size_t count)
{
	struct exchange *exchange = pass->exchange;
	struct expand_values values;

	pass->start_path = exchange->path;
	for (size_t i = 0; i < count; i++) {
		const struct config_rule *rule = &rules[i];

		switch (match_path(&rule->matcher, exchange->path, &values.captures)) {
		case PATTERN_NO_MATCH:
			continue;
		case PATTERN_TOO_COSTLY:
			log_error("%s:%u: %s \"%s\": the pattern takes too long for \"%s\"",
			    rule->file, rule->line, rule->is_rewrite ? "rewrite" : "redirect",
			    rule->matcher.title, exchange->path.data);
			return refuse(exchange, pass->answer, 500);
		case PATTERN_MATCH:
			break;
		}
		if (!apply(pass, rule, &values))
			return false;
		if (rule->is_rewrite && rule->is_last)
			break;
	}
	return true;
}

/* The location of the path, after all rewrites. False: the request is answered. */
static bool
find_location(struct pass *pass)
{
	struct exchange *exchange = pass->exchange;
	struct route *route = &exchange->route;
	struct expand_values values = { .is_prefix = false };

	for (unsigned round = 0;; round++) {
		struct slice path = exchange->path;

		if (!route_find_location(route, path, pass->trace))
			return refuse(exchange, pass->answer, 500);
		if (route->settings->https_redirect && !exchange->is_https)
			return apply(pass, &route->host->https_rule, &values);
		if (route->location == NULL || route->location->rule_count == 0)
			return true;
		if (!run(pass, route->location->rules, route->location->rule_count))
			return false;
		if (slice_equal(exchange->path, path))
			return true;
		if (round == ROUNDS_MAX) {
			log_error("%s: rewrite loop: \"%s\" was rewritten more than %d times, "
			    "last to \"%s\" at %s:%u", route->host->name, pass->first_path.data,
			    ROUNDS_MAX, exchange->path.data, pass->last_rewrite->file,
			    pass->last_rewrite->line);
			return refuse(exchange, pass->answer, 500);
		}
	}
}

/* What an alias with captures stands for. False: the request is answered. */
static bool
find_alias(struct exchange *exchange, struct answer *answer)
{
	struct route *route = &exchange->route;
	const struct config_location *location = route->location;
	struct expand_values values = { .path = exchange->path };
	struct slice target, path;
	struct uri_path info;
	unsigned status;

	if (match_path(&location->matcher, exchange->path, &values.captures) != PATTERN_MATCH)
		return refuse(exchange, answer, 500); /* it has matched a moment ago */
	collect_values(exchange, &values);
	status = expand_alias(location->alias_target, &values, exchange->scratch, &target);
	if (status != 0)
		return refuse(exchange, answer, status);
	path = reroute_normalize(exchange, target, &info);
	if (path.data == NULL)
		return refuse(exchange, answer, 404);
	/* Put together of pieces, it may have a dot where the URL has none. */
	if (info.has_dot_name && !route->settings->dot_files)
		return refuse(exchange, answer, 403);
	route->below_root = slice_make(path.data + 1, path.len - 1);
	return true;
}

/* The name is one of the listener's, or any will do. False: the request is answered. */
static bool
enter_host(struct exchange *exchange, struct answer *answer)
{
	struct route_host found = route_find_host(exchange->config, exchange->listener_index,
	    exchange->request->host);
	enum config_unknown_host mode = exchange->config->unknown_host;

	exchange->route = (struct route){ .host = found.host, .settings = &found.host->settings,
	    .below_root = slice_make("", 0), .user_name = slice_make("", 0) };
	if (found.why < ROUTE_NAME_UNKNOWN || mode == CONFIG_UNKNOWN_DEFAULT)
		return true;
	return refuse(exchange, answer, mode == CONFIG_UNKNOWN_421 &&
	    found.why == ROUTE_NAME_UNKNOWN ? 421 : 400);
}

/* What is left to do in a host. False: the request is answered. */
static bool
enter_location(struct pass *pass)
{
	const struct route *route = &pass->exchange->route;

	if (!find_location(pass))
		return false;
	return route->location == NULL || route->location->alias_target == NULL ||
	    route->is_user_dir || find_alias(pass->exchange, pass->answer);
}

bool
route_request_traced(struct exchange *exchange, struct answer *answer,
    const struct route_trace *trace)
{
	struct pass pass = { .exchange = exchange, .answer = answer, .trace = trace,
	    .first_path = exchange->path };
	const struct config_host *host;

	if (!enter_host(exchange, answer))
		return false;
	host = exchange->route.host;
	if (host->rule_count > 0 && !run(&pass, host->rules, host->rule_count))
		return false;
	return enter_location(&pass);
}

/* What the handshake asked of the client is what this host asks (RFC 9110 15.5.20), and nothing
 * that only those shall have who can show a certificate goes where nobody asked for one. */
static bool
is_for_client(struct exchange *exchange, struct answer *answer)
{
	const struct config_host *host = exchange->route.host, *asked = exchange->tls_host;

	if (host->client.mode == CONFIG_CLIENT_OFF && asked == NULL)
		return true;
	if (asked != NULL && asked != host &&
	    !config_client_rules_equal(&asked->client, &host->client))
		return refuse(exchange, answer, 421);
	if (asked == NULL && host->client.mode == CONFIG_CLIENT_REQUIRED)
		return refuse(exchange, answer, 403);
	/* Answers that are kept are found without coming here (conn/ready.c). */
	exchange->is_personal |= host->client.mode != CONFIG_CLIENT_OFF;
	return true;
}

bool
route_request(struct exchange *exchange, struct answer *answer)
{
	return route_request_traced(exchange, answer, NULL) && is_for_client(exchange, answer);
}

bool
route_again(struct exchange *exchange, struct answer *answer)
{
	struct pass pass = { .exchange = exchange, .answer = answer,
	    .first_path = exchange->path };

	return enter_location(&pass);
}

bool
route_server(struct exchange *exchange, struct answer *answer)
{
	return enter_host(exchange, answer);
}
