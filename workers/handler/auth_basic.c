/* SPDX-License-Identifier: BSD-2-Clause */
/* Basic: user and password as text. Leaves answers and counting to auth.c. Workers,
 * unprivileged. Rule: the password is decoded into memory of this frame alone, which is wiped
 * whatever happens; it is never in an arena. Shown by test_auth.c. */
#include "workers/handler/auth_basic.h"

#include "workers/handler/secret.h"
#include "workers/handler/users.h"
#include "workers/http/authorization.h"

static enum auth_verdict
check_login(const struct exchange *exchange, const struct http_basic_auth *login,
    struct auth_attempt *attempt)
{
	const struct config_file *path = &exchange->route.settings->auth_user_file;
	const struct user_file *file = users_open(exchange->root_fds, path, USER_FILE_PASSWORDS);

	if (file == NULL || !auth_keep_user(exchange, login->user, attempt))
		return AUTH_FAULT;
	if (!auth_may_try(exchange, attempt))
		return AUTH_WAIT;
	attempt->is_user_known = user_file_find(file, login->user) != NULL;
	return users_check_password(file, path->path, login->user, login->password,
	    exchange->now_mono_ms) ? AUTH_PROVED : AUTH_WRONG;
}

enum auth_verdict
auth_basic_check(const struct exchange *exchange, struct slice credentials,
    struct auth_attempt *attempt)
{
	char decoded[HTTP_BASIC_BYTES];
	struct http_basic_auth login;
	enum auth_verdict verdict = AUTH_NONE;

	if (http_parse_basic_auth(credentials, decoded, &login))
		verdict = check_login(exchange, &login, attempt);
	secret_wipe(decoded, sizeof decoded);
	return verdict;
}
