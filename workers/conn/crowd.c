/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the connections of a client and turns away those that are too many, or begin TLS too
 * often. Leaves the counts to server/base/clients.c. Workers, unprivileged. Rules: a connection is
 * noted in the slot before it is counted and until after it is not any more, for the master to take
 * off when this worker dies; who is turned away holds a worker for LINGER_MS at most.
 * Shown by test_crowd.c, tests/integration/20-static/test_limits.py and 70-tls/test_handshake.py.
 */
#include "workers/conn/crowd.h"

#include <errno.h>
#include <poll.h>

#include "config/config.h"
#include "server/base/clients.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/scoreboard.h"
#include "workers/handler/real_ip.h"
#include "workers/http/date.h"
#include "workers/http/response.h"

#define RETRY_AFTER_S 1
#define LINGER_MS 50
#define LINGER_BYTES 65536
#define QUIET_MS 60000              /* between two lines of a worker about it */

void
crowd_init(struct crowd *crowd, const struct config *config, struct clients *clients,
    struct scoreboard_slot *slot)
{
	crowd->config = config;
	crowd->clients = clients;
	crowd->slot = slot;
	crowd->key = 0;
}

bool
crowd_enter(struct crowd *crowd, const struct sockaddr_storage *client)
{
	unsigned limit_count = crowd->config->limits.connections_per_client, count;
	uint64_t key;

	if (limit_count == 0 || real_ip_is_trusted(crowd->config, client))
		return true;
	key = clients_key(crowd->clients, client);
	slot_set_client_key(crowd->slot, key);
	count = clients_count_enter(crowd->clients, key);
	if (count == 0) {           /* a Unix socket, or no room to count it */
		slot_set_client_key(crowd->slot, 0);
		return true;
	}
	crowd->key = key;
	if (count <= limit_count)
		return true;
	crowd_leave(crowd);
	return false;
}

void
crowd_leave(struct crowd *crowd)
{
	if (crowd->key == 0)
		return;
	clients_count_leave(crowd->clients, crowd->key);
	slot_set_client_key(crowd->slot, 0);
	crowd->key = 0;
}

void
crowd_give_away(struct crowd *crowd)
{
	if (crowd->key == 0)
		return;
	slot_set_client_key(crowd->slot, 0);
	crowd->key = 0;
}

void
crowd_take_over(struct crowd *crowd, uint64_t key)
{
	crowd->key = key;
	if (key != 0)
		slot_set_client_key(crowd->slot, key);
}

/* A client that is refused may well go on trying. True: it was not said for a while. */
static bool
is_worth_saying(int64_t *quiet_until_ms)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms < *quiet_until_ms)
		return false;
	*quiet_until_ms = now_ms + QUIET_MS;
	return true;
}

static void
log_refusal(const struct crowd *crowd, const char *client_text, bool is_tls)
{
	static int64_t quiet_until_ms;

	if (is_worth_saying(&quiet_until_ms))
		log_notice("%s has %u connections, which is the limit "
		    "(connections_per_client): others are %s", client_text,
		    crowd->config->limits.connections_per_client,
		    is_tls ? "closed" : "answered 429");
}

bool
crowd_allows_handshake(const struct crowd *crowd, const struct sockaddr_storage *client,
    const char *client_text)
{
	const struct config_limits *limits = &crowd->config->limits;
	const struct config_rate *rate = &limits->handshake_rate;
	static int64_t quiet_until_ms;

	if (rate->per_1000s == 0 || real_ip_is_trusted(crowd->config, client) ||
	    clients_take(crowd->clients, client, (uint64_t)(uintptr_t)rate->text,
	    rate->per_1000s, limits->handshake_burst, clock_mono_ms()) == 0)
		return true;
	if (is_worth_saying(&quiet_until_ms))
		log_notice("%s begins more TLS connections than %s (handshake_rate): others are "
		    "closed", client_text, rate->text);
	return false;
}

/* Takes what has come; *bytes_out is not above 0 when that is nothing. False: nothing will
 * come any more. */
static bool
take_input(int fd, char *out, size_t cap, ssize_t *bytes_out)
{
	do {
		*bytes_out = recv(fd, out, cap, MSG_DONTWAIT);
	} while (*bytes_out < 0 && errno == EINTR);
	return *bytes_out > 0 || (*bytes_out < 0 && errno == EAGAIN);
}

/* Until the client has closed: closing over unread bytes would make the system reset the
 * connection, and the client lose the answer (RFC 9112 9.6). */
static void
linger(int fd)
{
	int64_t deadline_ms = clock_mono_ms() + LINGER_MS, left_ms;
	struct pollfd waiting = { fd, POLLIN, 0 };
	size_t total = 0;
	char spill[4096];
	ssize_t n;

	if (shutdown(fd, SHUT_WR) < 0)
		return;
	while (total < LINGER_BYTES && take_input(fd, spill, sizeof spill, &n)) {
		left_ms = deadline_ms - clock_mono_ms();
		if (n > 0)
			total += (size_t)n;
		if (left_ms <= 0)
			return;
		if (n <= 0 && poll(&waiting, 1, (int)left_ms) <= 0)
			return;     /* also for a signal: the worker is wanted */
	}
}

void
crowd_refuse(const struct crowd *crowd, int fd, const char *client_text, bool is_tls)
{
	char spill[1024], out[512], date[HTTP_DATE_BYTES + 1];
	struct response_head head;
	ssize_t n;

	log_refusal(crowd, client_text, is_tls);
	if (is_tls)
		return;
	if (!take_input(fd, spill, sizeof spill, &n))
		return;             /* it has gone */
	http_date_format(clock_wall_s(), date);
	response_begin(&head, out, sizeof out, 429);
	response_field(&head, SLICE_LITERAL("Date"), slice_make(date, HTTP_DATE_BYTES));
	response_field(&head, SLICE_LITERAL("Server"), SLICE_LITERAL("muster"));
	/* No content: it may be a HEAD, and what was sent is not read for it. */
	response_field_number(&head, SLICE_LITERAL("Content-Length"), 0);
	response_field_number(&head, SLICE_LITERAL("Retry-After"), RETRY_AFTER_S);
	response_field(&head, SLICE_LITERAL("Connection"), SLICE_LITERAL("close"));
	bug_if(!response_end(&head), "the answer to a crowd does not fit");
	/* Nothing else was ever sent on it: there is room. */
	if (send(fd, out, head.len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)head.len)
		linger(fd);
}
