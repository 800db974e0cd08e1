/* SPDX-License-Identifier: BSD-2-Clause */
/* Request rates. Leaves counting to server/base/clients.c. Workers, unprivileged. Rule: who is
 * not known by an address is not limited (Unix sockets, and what a trusted proxy sends for
 * nobody in particular): one limit for all of them would shut out everybody for one.
 * Shown by test_limits.c and tests/integration/20-static/test_limits.py. */
#include "workers/handler/limits.h"

#include "server/base/clients.h"
#include "workers/handler/real_ip.h"
#include "workers/handler/text.h"

#define NUMBER_BYTES 24

static struct slice
whole_seconds(struct arena *arena, unsigned ms)
{
	struct text text;

	text_init(&text, arena, NUMBER_BYTES);
	text_decimal(&text, ((uint64_t)ms + 999) / 1000);
	return text_get(&text);
}

bool
limits_allow(struct exchange *exchange, struct answer *answer)
{
	const struct config_settings *settings = exchange->route.settings;
	unsigned wait_ms;

	if (settings->request_rate.per_1000s == 0 ||
	    real_ip_is_trusted(exchange->config, &exchange->client))
		return true;
	exchange->counted_rate_count++;
	if (exchange->counted_rate_count <= exchange->paid_rate_count)
		return true;
	/* Inner scopes copy the pointer to the text of the one that wrote it; all workers of a
	 * generation have it at the same place. After a reload every client starts anew. */
	wait_ms = clients_take(exchange->clients, &exchange->client,
	    (uint64_t)(uintptr_t)settings->request_rate.text, settings->request_rate.per_1000s,
	    settings->request_burst, exchange->now_mono_ms);
	if (wait_ms == 0)
		return true;
	exchange->counted_rate_count--; /* whoever answers in our place is to ask again */
	answer_error(answer, exchange->arena, 429);
	answer_field(answer, SLICE_LITERAL("Retry-After"),
	    whole_seconds(exchange->arena, wait_ms));
	return false;
}
