/* SPDX-License-Identifier: BSD-2-Clause */
/* Keepers and the logger: how many, since when, for how long; and the sockets between them and
 * the workers. Leaves fork and reap to crew.c, workers to tend.c, signers to signers.c. Master
 * only. Rules: the master holds both ends of both sockets and never reads from them, since what
 * lies there may be a descriptor that a hostile child has prepared; there is never more than one
 * logger. What a child has shut down of them mend.c has replaced.
 *
 * Who ends when:
 *   reload  new workers and keepers ready -> old workers and keepers; the logger at the switch
 *   QUIT    workers and keepers -> when the keepers have gone, workers of the hand-over socket
 *           -> signers -> the logger
 *   TERM    workers and keepers -> signers -> the logger
 * A logger that ends before it was told so as the last of all has another one come after it.
 * Shown by tests/integration/40-pool and 50-signals. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "server/base/fdio.h"
#include "server/master/state.h"

#define QUEUE_BYTES (4 * 1024 * 1024) /* some thousand connections with what they have sent */
#define MESSAGE_BYTES 1024u         /* what a connection takes of it, roughly */
#define LOGGER_PATIENCE_MS 5000     /* to write what is left; to come, behind all others */

static int
open_pair(int *send_fd, int *receive_fd)
{
	const int bytes = QUEUE_BYTES;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	*send_fd = pair[0];
	*receive_fd = pair[1];
	/* As much as one may have: without root the system's limit holds. */
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
		(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	return 0;
}

int
aides_open(struct master *master)
{
	struct aides *aides = &master->aides;

	if (open_pair(&aides->park_fd, &aides->parked_fd) < 0 ||
	    open_pair(&aides->handover_fd, &aides->handed_fd) < 0)
		return -1;
	aides->log_wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return aides->log_wake_fd < 0 ? -1 : 0;
}

int
aides_open_again(struct master *master, bool parks, bool hands_over)
{
	struct aides *aides = &master->aides;
	int park_fd = -1, parked_fd = -1, handover_fd, handed_fd;

	if (parks && open_pair(&park_fd, &parked_fd) < 0)
		return -1;
	if (hands_over && open_pair(&handover_fd, &handed_fd) < 0) {
		fdio_close(&park_fd);
		fdio_close(&parked_fd);
		return -1;
	}
	if (parks) {
		fdio_close(&aides->park_fd);
		fdio_close(&aides->parked_fd);
		aides->park_fd = park_fd;
		aides->parked_fd = parked_fd;
	}
	if (hands_over) {
		fdio_close(&aides->handover_fd);
		fdio_close(&aides->handed_fd);
		aides->handover_fd = handover_fd;
		aides->handed_fd = handed_fd;
	}
	return 0;
}

void
aides_close(struct master *master)
{
	struct aides *aides = &master->aides;

	fdio_close(&aides->park_fd);
	fdio_close(&aides->parked_fd);
	fdio_close(&aides->handover_fd);
	fdio_close(&aides->handed_fd);
	fdio_close(&aides->log_wake_fd);
}

static bool
has_access_log(const struct master *master)
{
	return master->generation->access_log.kind != LOG_SINK_NONE;
}

void
aides_fill(const struct master *master, struct inheritance *own)
{
	const struct aides *aides = &master->aides;
	bool has_keepers = master->generation->config->keepalive.keeper_count > 0;

	own->park_fd = own->parked_fd = own->handover_fd = own->log_wake_fd = -1;
	if (has_keepers && (own->role == INHERIT_WORKER || own->role == INHERIT_KEEPER))
		own->park_fd = aides->park_fd;
	if (own->role == INHERIT_KEEPER) {
		own->parked_fd = aides->parked_fd;
		own->handover_fd = aides->handover_fd;
	}
	if (has_access_log(master) && own->role != INHERIT_SIGNER)
		own->log_wake_fd = aides->log_wake_fd;
}

void
aides_announce(struct master *master)
{
	struct scoreboard_header *header = scoreboard_header(master->scoreboard);
	const struct generation *generation = master->generation;
	bool is_ending = master->phase >= MASTER_DRAINING;

	atomic_store(&header->takes_parked, is_ending ||
	    generation->config->keepalive.keeper_count == 0 ? 0 : generation->number);
	atomic_store(&header->is_draining, is_ending);
}

static void
spawn_keepers(struct master *master, unsigned count, int64_t now_ms)
{
	while (count > 0 && crew_spawn_aide(master, INHERIT_KEEPER, now_ms))
		count--;
}

void
aides_start_keepers(struct master *master, int64_t now_ms)
{
	spawn_keepers(master, master->generation->config->keepalive.keeper_count, now_ms);
}

void
aides_tend_keepers(struct master *master, const struct census *census, int64_t now_ms)
{
	unsigned wanted_count = master->generation->config->keepalive.keeper_count;

	if (census->keeper_count < wanted_count)
		spawn_keepers(master, wanted_count - census->keeper_count, now_ms);
}

static bool
has_old_children(const struct master *master)
{
	size_t i;

	for (i = 0; i < master->table.count; i++)
		if (master->table.children[i].role != INHERIT_LOGGER &&
		    master->table.children[i].generation < master->generation->number)
			return true;
	return false;
}

/* The next one has another log. Where there is none any more, it writes what old workers
 * still have to say. */
static bool
logger_is_outdated(const struct master *master, const struct child *logger)
{
	return logger->generation < master->generation->number &&
	    (has_access_log(master) || !has_old_children(master));
}

void
aides_tend_logger(struct master *master, int64_t now_ms)
{
	struct aides *aides = &master->aides;
	struct child *logger = child_table_find(&master->table, aides->logger_pid);
	bool is_ending = master->phase >= MASTER_DRAINING;
	bool is_last = master->table.count == 1;

	if (logger == NULL) {
		if (has_access_log(master) && !master->has_failed && !aides->logger_is_done)
			(void)crew_spawn_aide(master, INHERIT_LOGGER, now_ms);
		return;
	}
	if (!logger->is_retiring &&
	    (is_ending ? is_last : logger_is_outdated(master, logger))) {
		crew_ask_to_go(logger, now_ms + LOGGER_PATIENCE_MS);
		aides->logger_is_told_last = is_ending;
	}
}

/* A logger that went before, for whatever reason, may have left records in the rings. */
bool
aides_are_done(struct master *master, int64_t now_ms)
{
	struct aides *aides = &master->aides;

	if (!has_access_log(master) || master->has_failed || aides->logger_is_done)
		return true;
	if (aides->logger_deadline_mono_ms == 0)
		aides->logger_deadline_mono_ms = now_ms + LOGGER_PATIENCE_MS;
	if (now_ms < aides->logger_deadline_mono_ms)
		return false;
	log_error("access log: no logger can be started; the last records may not be in it");
	return true;
}

/* Keepers hand on what they have got to the end, and somebody has to take it. */
bool
aides_keep_back(const struct master *master, const struct child *child)
{
	bool has_successors = master->phase < MASTER_DRAINING &&
	    master->generation->config->keepalive.keeper_count > 0;

	return child->role == INHERIT_WORKER && !has_successors &&
	    child->socket_index == SCOREBOARD_HANDOVER_LINE &&
	    master->table.role_counts[INHERIT_KEEPER] > 0;
}

void
aides_let_go(struct master *master, int64_t now_ms)
{
	size_t i;

	if (!master->aides.has_kept_back || master->table.role_counts[INHERIT_KEEPER] > 0 ||
	    aides_queue_length(master) > 0)
		return;
	master->aides.has_kept_back = false;
	for (i = 0; i < master->table.count; i++)
		if (master->table.children[i].is_kept_back)
			crew_retire(master, &master->table.children[i], now_ms);
}

bool
aides_are_ready(const struct master *master, const struct census *census)
{
	if (master->generation->credentials.key_count > 0 && !census->signer_is_ready)
		return false;
	/* A reload does not wait for the logger: the rings hold what it finds when it comes. */
	return census->keeper_ready_count == master->generation->config->keepalive.keeper_count &&
	    (census->logger_is_ready || !has_access_log(master) ||
	    master->phase != MASTER_STARTING);
}

unsigned
aides_queue_length(const struct master *master)
{
	int bytes;

	if (ioctl(master->aides.handed_fd, FIONREAD, &bytes) < 0 || bytes <= 0)
		return 0;
	return (unsigned)bytes < MESSAGE_BYTES ? 1 : (unsigned)bytes / MESSAGE_BYTES;
}

void
aides_note_end(struct master *master, const struct child *child)
{
	if (child->role != INHERIT_LOGGER)
		return;
	master->aides.logger_pid = 0;
	master->aides.logger_is_done = master->aides.logger_is_told_last;
}
