/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that all workers share, and that one in the hands of an attacker has shut down
 * (shutdown(2)): those that listen do so again, those between children are replaced, and with them
 * all children, as a reload replaces them, since who has the old ones has nothing. Leaves opening
 * to aides.c, credentials.c and logpass.c, the switch to switch.c. Master only. Rules: no look
 * waits or reads; children are replaced more and more seldom where it is done again and again. With
 * the sockets that keepers give connections by, those that are parked are lost: nobody else can
 * take them. Shown by tests/integration/70-tls (test_shared_sockets). */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "server/master/state.h"

#define QUIET_MS 600000             /* then it is a new attack */

enum {                              /* between children */
	PARKED,
	HANDED,
	ASKED,
	LOG_ANSWER,
	LOGGER_ANSWER,
	SHARED_COUNT,
};

/* Where something arrives: that it cannot any more shows there, whichever end was shut down. The
 * master's ends for logs are shut down for reading from the start. */
static void
fill_shared(const struct master *master, struct pollfd fds[SHARED_COUNT])
{
	const struct credentials *credentials = &master->generation->credentials;

	fds[PARKED] = (struct pollfd){ master->aides.parked_fd, POLLRDHUP, 0 };
	fds[HANDED] = (struct pollfd){ master->aides.handed_fd, POLLRDHUP, 0 };
	fds[ASKED] = (struct pollfd){ credentials->key_count > 0 ? credentials->asked_fd : -1,
	    POLLRDHUP, 0 };
	fds[LOG_ANSWER] = (struct pollfd){ master->logpass.answer_fd, 0, 0 };
	fds[LOGGER_ANSWER] = (struct pollfd){ master->logpass.logger_send_fd, 0, 0 };
}

/* What a Unix socket has lost by shutdown(2) does not come back. */
static void
listen_again(struct master *master, const struct listener *listener)
{
	const struct generation *generation = master->generation;

	if (!listener->is_tcp || listen_is_on(listener->fd))
		return;
	if (listen_again_priv(listener->fd, listener->wanted,
	    generation->listener_ports[listener->socket_index], generation->config) < 0) {
		log_error("%s was shut down, and cannot listen again: %s", listener->text,
		    strerror(errno));
		return;
	}
	log_error("%s was shut down, and listens again", listener->text);
	backoff_succeeded(&master->spawn_backoffs[INHERIT_WORKER]);
}

/* 0, or -1 and errno: what could be replaced is. */
static int
replace(struct master *master, const struct pollfd fds[SHARED_COUNT])
{
	if ((fds[PARKED].revents != 0 || fds[HANDED].revents != 0) &&
	    aides_open_again(master, fds[PARKED].revents != 0, fds[HANDED].revents != 0) < 0)
		return -1;
	if (fds[ASKED].revents != 0 &&
	    credentials_connect(&master->generation->credentials) < 0)
		return -1;
	if (fds[LOG_ANSWER].revents != 0 || fds[LOGGER_ANSWER].revents != 0 ||
	    master->logpass.answer_fd < 0) {
		logpass_close(&master->logpass);
		if (logpass_open(&master->logpass) < 0)
			return -1;
	}
	return generation_renumber(master->generation);
}

static void
replace_all(struct master *master, const struct pollfd fds[SHARED_COUNT], int64_t now_ms)
{
	/* Who has come last has to be ready first. */
	if (master->retires_old || backoff_is_waiting(&master->mend_backoff, now_ms))
		return;
	if (now_ms >= master->mend_backoff.until_mono_ms + QUIET_MS)
		backoff_succeeded(&master->mend_backoff);
	(void)backoff_failed(&master->mend_backoff, now_ms);
	log_error("a socket between processes was shut down by one of them: all are replaced");
	/* What has been replaced by then does not show again. */
	master->mend_is_due = true;
	if (replace(master, fds) < 0) {
		log_error("they cannot be replaced: %s", strerror(errno));
		return;
	}
	master->mend_is_due = false;
	switch_again(master, now_ms);
}

void
mend_tend(struct master *master, int64_t now_ms)
{
	const struct generation *generation = master->generation;
	struct pollfd fds[SHARED_COUNT];
	size_t i;

	if (master->phase != MASTER_RUNNING)
		return;
	/* poll(2) says nothing of one that was connected since. */
	for (i = 0; i < generation->config->listener_count; i++)
		listen_again(master, &generation->listeners[i]);
	fill_shared(master, fds);
	if (poll(fds, SHARED_COUNT, 0) > 0 || master->mend_is_due)
		replace_all(master, fds, now_ms);
}
