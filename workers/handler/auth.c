/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins: from the Authorization field to a user or an answer. Leaves the schemes to
 * auth_basic.c and auth_digest.c, files to users.c, what a user may to access.c. Workers,
 * unprivileged. Rules: whatever is not AUTH_PROVED keeps the request out; a wrong password
 * is counted against the client before the answer goes out; what is logged of a login is the
 * client, the user's name, escaped and cut, and never a password.
 * Shown by test_auth.c and tests/integration/20-static/test_basic_auth.py. */
#include "workers/handler/auth.h"

#include <stdio.h>

#include "server/base/clients.h"
#include "server/base/log.h"
#include "workers/handler/auth_basic.h"
#include "workers/handler/auth_digest.h"
#include "workers/handler/text.h"
#include "workers/http/authorization.h"

#define AUTHORIZATION SLICE_LITERAL("Authorization")
#define SHOWN_USER_BYTES 64
#define CHALLENGE_BYTES 64

bool
auth_prepare(struct exchange *exchange)
{
	if (exchange->auth != NULL)
		return true;
	exchange->auth = arena_alloc(exchange->arena, sizeof *exchange->auth);
	if (exchange->auth == NULL)
		return false;
	memset(exchange->auth, 0, sizeof *exchange->auth);
	return true;
}

static bool
is_same_file(const struct config_file *a, const struct config_file *b)
{
	return a->root_index == b->root_index && strcmp(a->name, b->name) == 0;
}

/* The same question was answered for this request before. */
static bool
is_proved_already(const struct auth_state *state, const struct config_settings *settings)
{
	const struct config_settings *proved = state->settings;

	return proved != NULL && proved->auth_type == settings->auth_type &&
	    strcmp(proved->auth_name, settings->auth_name) == 0 &&
	    is_same_file(&proved->auth_user_file, &settings->auth_user_file);
}

bool
auth_may_try(const struct exchange *exchange, struct auth_attempt *attempt)
{
	/* Who has proved one thing in this request does not guess at another. */
	if (exchange->auth->settings != NULL)
		return true;
	attempt->wait_ms = clients_failure_wait(exchange->clients, &exchange->client,
	    exchange->now_mono_ms);
	return attempt->wait_ms == 0;
}

bool
auth_keep_user(const struct exchange *exchange, struct slice user,
    struct auth_attempt *attempt)
{
	char *copy = arena_alloc(exchange->arena, user.len + 1);

	if (copy == NULL)
		return false;
	memcpy(copy, user.data, user.len);
	copy[user.len] = '\0';
	attempt->user = slice_make(copy, user.len);
	return true;
}

/* The one Authorization field. 1: there it is; 0: none; -1: several. */
static int
find_credentials(const struct http_request *request, struct slice *value_out)
{
	int count = 0;

	for (unsigned i = 0; i < request->field_count; i++) {
		if (!slice_equal_nocase(request->fields[i].name, AUTHORIZATION))
			continue;
		*value_out = request->fields[i].value;
		count++;
	}
	return count > 1 ? -1 : count;
}

static enum auth_verdict
try_credentials(struct exchange *exchange, struct auth_attempt *attempt)
{
	enum config_auth wanted = exchange->route.settings->auth_type;
	struct slice value, credentials;
	enum http_auth_scheme scheme;
	int count = find_credentials(exchange->request, &value);

	if (count <= 0)
		return count < 0 ? AUTH_MALFORMED : AUTH_NONE;
	scheme = http_auth_scheme(value, &credentials);
	if (scheme == HTTP_AUTH_BASIC && wanted == CONFIG_AUTH_BASIC)
		return auth_basic_check(exchange, credentials, attempt);
	if (scheme == HTTP_AUTH_DIGEST && wanted == CONFIG_AUTH_DIGEST)
		return auth_digest_check(exchange, credentials, attempt);
	return AUTH_NONE;
}

/* Printable ASCII without quotes; all else as \xHH. */
static const char *
show_user(struct slice user, char out[4 * SHOWN_USER_BYTES + 4])
{
	char *at = out;

	for (size_t i = 0; i < user.len && i < SHOWN_USER_BYTES; i++) {
		unsigned char c = (unsigned char)user.data[i];

		if (c > ' ' && c < 0x7f && c != '"' && c != '\\')
			*at++ = (char)c;
		else
			at += sprintf(at, "\\x%02x", c);
	}
	strcpy(at, user.len > SHOWN_USER_BYTES ? "..." : "");
	return out;
}

/* FNV-1a: names need not be far apart, only mostly different. */
static uint64_t
user_number(struct slice user)
{
	uint64_t number = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < user.len; i++)
		number = (number ^ (unsigned char)user.data[i]) * UINT64_C(0x100000001b3);
	return number;
}

/* Counts it, and says so in one line, which also tells that the client has to wait now. */
static void
note_failure(const struct exchange *exchange, const struct auth_attempt *attempt)
{
	char user[4 * SHOWN_USER_BYTES + 4], wait[64] = "";
	unsigned wait_ms;

	/* The credentials have proved somebody elsewhere; that they are not good here, too,
	 * is no guess. */
	if (exchange->auth->settings != NULL)
		return;
	clients_note_failure(exchange->clients, &exchange->client, user_number(attempt->user),
	    exchange->now_mono_ms);
	wait_ms = clients_failure_wait(exchange->clients, &exchange->client,
	    exchange->now_mono_ms);
	if (wait_ms > 0)
		(void)snprintf(wait, sizeof wait, "; slowed down: no other try for %u s",
		    (wait_ms + 999) / 1000);
	log_warn("login failed: client %.*s, user \"%s\", realm \"%s\": %s%s",
	    (int)exchange->client_text.len, exchange->client_text.data,
	    show_user(attempt->user, user), exchange->route.settings->auth_name,
	    attempt->is_user_known ? "wrong password" : "no such user", wait);
}

/* 401 and what to send instead (RFC 9110 11.6.1). */
static void
ask(const struct exchange *exchange, struct answer *answer, bool is_stale)
{
	const struct config_settings *settings = exchange->route.settings;
	struct text text;

	answer_error(answer, exchange->arena, 401);
	text_init(&text, exchange->arena, CHALLENGE_BYTES + AUTH_DIGEST_CHALLENGE_BYTES +
	    strlen(settings->auth_name));
	if (settings->auth_type == CONFIG_AUTH_BASIC) {
		text_slice(&text, SLICE_LITERAL("Basic realm=\""));
		text_slice(&text, slice_from_text(settings->auth_name));
		text_slice(&text, SLICE_LITERAL("\", charset=\"UTF-8\""));
	} else if (!auth_digest_ask(exchange, is_stale, &text)) {
		text.is_bad = true;
	}
	if (text.is_bad)
		answer_error(answer, exchange->arena, 500);
	else
		answer_field(answer, SLICE_LITERAL("WWW-Authenticate"), text_get(&text));
}

static void
tell_to_wait(const struct exchange *exchange, struct answer *answer, unsigned wait_ms)
{
	struct text text;

	answer_error(answer, exchange->arena, 429);
	text_init(&text, exchange->arena, 24);
	text_decimal(&text, ((uint64_t)wait_ms + 999) / 1000);
	answer_field(answer, SLICE_LITERAL("Retry-After"), text_get(&text));
}

static void
refuse(const struct exchange *exchange, struct answer *answer, enum auth_verdict verdict,
    unsigned wait_ms)
{
	switch (verdict) {
	case AUTH_NONE:
	case AUTH_WRONG:
	case AUTH_STALE:
		ask(exchange, answer, verdict == AUTH_STALE);
		break;
	case AUTH_WAIT:
		tell_to_wait(exchange, answer, wait_ms);
		break;
	case AUTH_MALFORMED:
		answer_error(answer, exchange->arena, 400);
		break;
	case AUTH_PROVED:
	case AUTH_FAULT:
		answer_error(answer, exchange->arena, 500);
		break;
	}
}

bool
auth_check(struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;
	struct auth_attempt attempt = { .user = { "", 0 } };
	enum auth_verdict verdict = AUTH_FAULT;

	if (auth_prepare(exchange)) {
		if (is_proved_already(exchange->auth, settings)) {
			exchange->user = exchange->auth->user;
			return true;
		}
		verdict = try_credentials(exchange, &attempt);
	}
	/* Not for AUTH_STALE: a request that was listened to once would forgive all guesses. */
	if (verdict == AUTH_PROVED) {
		clients_clear_failures(exchange->clients, &exchange->client,
		    user_number(attempt.user), exchange->now_mono_ms);
		exchange->auth->settings = settings;
		exchange->auth->user = exchange->user = attempt.user;
		return true;
	}
	if (verdict == AUTH_WRONG)
		note_failure(exchange, &attempt);
	refuse(exchange, answer, verdict, attempt.wait_ms);
	return false;
}
