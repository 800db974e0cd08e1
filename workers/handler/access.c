/* SPDX-License-Identifier: BSD-2-Clause */
/* Access control: allow, deny, require and satisfy. Leaves proving who somebody is to auth.c.
 * Workers, unprivileged. Rules: of several networks the closest decides, however the file is
 * ordered; an address that is denied gets no chance to try passwords, unless one of both is
 * enough; an error lets nobody in.
 * Shown by test_access.c and tests/integration/20-static/test_access.py. */
#include "workers/handler/access.h"

#include "config/network.h"
#include "workers/handler/auth.h"
#include "workers/handler/users.h"

enum address_verdict {
	ADDRESS_UNNAMED,            /* in no network */
	ADDRESS_ALLOWED,
	ADDRESS_DENIED,
};

/* The closest network of a list that holds the client; NULL: none. Of equals the inner scope's. */
static const struct config_access *
find_closest(const struct config_access *list, size_t count,
    const struct sockaddr_storage *client)
{
	const struct config_access *best = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned rank, best_rank;

		if (!network_holds(list[i].network, client))
			continue;
		rank = network_rank(list[i].network);
		best_rank = best == NULL ? 0 : network_rank(best->network);
		if (best == NULL || rank > best_rank ||
		    (rank == best_rank && list[i].depth > best->depth))
			best = &list[i];
	}
	return best;
}

static enum address_verdict
judge_address(const struct config_settings *settings, const struct sockaddr_storage *client)
{
	const struct config_access *allow, *deny;
	unsigned allow_rank, deny_rank;

	allow = find_closest(settings->allow, settings->allow_count, client);
	deny = find_closest(settings->deny, settings->deny_count, client);
	if (deny == NULL)
		return allow != NULL ? ADDRESS_ALLOWED : ADDRESS_UNNAMED;
	if (allow == NULL)
		return ADDRESS_DENIED;
	allow_rank = network_rank(allow->network);
	deny_rank = network_rank(deny->network);
	if (allow_rank != deny_rank)
		return allow_rank > deny_rank ? ADDRESS_ALLOWED : ADDRESS_DENIED;
	return allow->depth > deny->depth ? ADDRESS_ALLOWED : ADDRESS_DENIED;
}

static bool
holds_name(const struct config_texts *names, struct slice name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (slice_equal(slice_from_text(names->items[i]), name))
			return true;
	}
	return false;
}

/* 0: exchange->user may; else the status of the answer. */
static unsigned
judge_user(const struct exchange *exchange)
{
	const struct config_settings *settings = exchange->route.settings;
	const struct user_file *groups;

	if (settings->require_user.count == 0 && settings->require_group.count == 0)
		return 0;
	if (holds_name(&settings->require_user, exchange->user))
		return 0;
	if (settings->require_group.count == 0)
		return 403;
	groups = users_open(exchange->root_fds, &settings->auth_group_file, USER_FILE_GROUPS);
	if (groups == NULL)
		return 500;
	for (size_t i = 0; i < settings->require_group.count; i++) {
		if (user_file_has_member(groups,
		    slice_from_text(settings->require_group.items[i]), exchange->user))
			return 0;
	}
	return 403;
}

static bool
allow_user(struct exchange *exchange, struct answer *answer)
{
	unsigned status;

	/* Password files are read, and passwords are made to take long. */
	if (exchange->is_hasty) {
		answer_decline(answer);
		return false;
	}
	if (!auth_check(exchange, answer))
		return false;
	status = judge_user(exchange);
	if (status != 0)
		answer_error(answer, exchange->arena, status);
	return status == 0;
}

bool
access_allow(struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;
	enum address_verdict address = judge_address(settings, &exchange->client);
	bool needs_user = settings->auth_type != CONFIG_AUTH_OFF;

	/* What a page includes shares what it proves with the page, and with what else is
	 * included: it needs a place before the first is asked for. */
	if (settings->ssi && !auth_prepare(exchange)) {
		answer_error(answer, exchange->arena, 500);
		return false;
	}
	/* Only an address that is named spares the password: with nothing but "deny", all
	 * the rest of the world would get in without one. */
	if (needs_user && settings->satisfy == CONFIG_SATISFY_ANY)
		return address == ADDRESS_ALLOWED || allow_user(exchange, answer);
	if (address == ADDRESS_DENIED ||
	    (address == ADDRESS_UNNAMED && settings->allow_count > 0)) {
		answer_error(answer, exchange->arena, 403);
		return false;
	}
	return !needs_user || allow_user(exchange, answer);
}
