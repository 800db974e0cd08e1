/* SPDX-License-Identifier: BSD-2-Clause */
/* When there is a new key for TLS session tickets. Leaves the memory to server/base/ticket_keys.c,
 * files to server/priv/keyfiles.c. Master only. Rules: a key makes tickets for session_timeout and
 * is taken for three times as long after that; reloads end no session, unless keys come from files
 * since then, or do no more. Shown by test_tickets.c. */
#include <errno.h>
#include <string.h>

#include "server/base/ticket_keys.h"
#include "server/master/state.h"

#define RETRY_MS 1000

void
tickets_tend(struct master *master, int64_t now_ms)
{
	const struct generation *generation = master->generation;
	struct tickets *tickets = &master->tickets;
	struct ticket_key key;

	if (generation->credentials.key_count == 0 || tickets->are_from_files ||
	    now_ms < tickets->next_mono_ms)
		return;
	if (ticket_key_make(&key) < 0) {
		log_error("no new key for TLS session tickets: %s", strerror(errno));
		tickets->next_mono_ms = now_ms + RETRY_MS;
		return;
	}
	ticket_keys_push(generation->means->tickets, &key);
	explicit_bzero(&key, sizeof key);
	tickets->next_mono_ms = now_ms + (int64_t)generation->config->tls.session_timeout_s * 1000;
}

void
tickets_follow(struct master *master, int64_t now_ms)
{
	struct credentials *credentials = &master->generation->credentials;
	struct ticket_keys *keys = master->generation->means->tickets;
	struct tickets *tickets = &master->tickets;
	int64_t latest_ms = now_ms +
	    (int64_t)master->generation->config->tls.session_timeout_s * 1000;

	if (credentials->key_count == 0)
		return;
	if (credentials->ticket_count > 0) {
		ticket_keys_replace(keys, credentials->tickets, credentials->ticket_count);
		explicit_bzero(credentials->tickets, sizeof credentials->tickets);
		tickets->are_from_files = true;
		return;
	}
	if (tickets->are_from_files) {
		ticket_keys_replace(keys, NULL, 0);
		*tickets = (struct tickets){ false, 0 };
	}
	if (tickets->next_mono_ms > latest_ms)
		tickets->next_mono_ms = latest_ms;
	tickets_tend(master, now_ms);
}
