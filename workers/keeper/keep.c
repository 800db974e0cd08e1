/* SPDX-License-Identifier: BSD-2-Clause */
/* What a keeper holds: how connections come in, are found and go. Leaves what is done with them to
 * serve.c, finish.c and give.c. Keepers, unprivileged. Rule: whatever cannot be done costs one
 * connection. Shown by tests/integration/40-pool/test_keepers.py. */
#include "workers/keeper/keep.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/clients.h"
#include "server/base/fdpass.h"
#include "workers/conn/parcel.h"

#define ADOPT_MAX 64                /* at once; then the others get their turn */
#define QUIET_MS 60000

int
keep_watch(struct keeper *keeper, int operation, int fd, uint32_t events)
{
	const struct hold *hold = holds_get(&keeper->holds, fd);
	struct epoll_event event = { .events = events, .data.u64 =
	    (uint64_t)(hold == NULL ? 0 : hold->serial) << 32 | (uint32_t)fd };

	return epoll_ctl(keeper->epoll_fd, operation, fd, &event);
}

void
keep_listen_for_room(struct keeper *keeper, int fd, bool *listens, bool wanted)
{
	if (*listens == wanted)
		return;
	if (keep_watch(keeper, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, EPOLLOUT) == 0)
		*listens = wanted;
}

static void
note_count(struct keeper *keeper)
{
	atomic_store_explicit(&keeper->conn.slot->held_count, keeper->holds.count,
	    memory_order_relaxed);
}

static void
note_key(struct keeper *keeper, int fd, uint64_t key)
{
	if (keeper->own->parked_keys != NULL && (size_t)fd < keeper->own->parked_key_count)
		atomic_store_explicit(&keeper->own->parked_keys[fd], key, memory_order_relaxed);
}

static void
forget(struct keeper *keeper, int fd, bool is_given)
{
	struct hold *hold = holds_get(&keeper->holds, fd);

	partial_free(&hold->partial);
	pending_free(&hold->pending, keeper->conn.cache);
	note_key(keeper, fd, 0);
	holds_move(&keeper->holds, fd, HOLD_NONE, 0);
	/* Closing does it only while no other process, be it a hostile one, has it open. */
	(void)keep_watch(keeper, EPOLL_CTL_DEL, fd, 0);
	if (is_given)
		(void)close(fd);    /* who has it now has it open, or the queue */
	else
		fdpass_close(fd);
	if (hold->file_fd >= 0) {
		fdpass_close(hold->file_fd);
		hold->file_fd = -1;
		keeper->file_count--;
	}
	note_count(keeper);
}

void
keep_forget(struct keeper *keeper, int fd)
{
	forget(keeper, fd, true);
}

void
keep_drop(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);

	clients_count_leave(keeper->own->clients, hold->parcel.client_key);
	forget(keeper, fd, false);
}

bool
keep_load(struct keeper *keeper, int fd)
{
	struct hold *hold = holds_get(&keeper->holds, fd);
	struct conn *conn = &keeper->conn;

	if (!conn_resume(conn, fd, &hold->parcel, 0, hold->client))
		return false;
	conn->crowd.key = hold->parcel.client_key;
	if (hold->partial != NULL) {
		memcpy(conn->in, hold->partial->data, hold->partial->bytes);
		conn->in_len = hold->partial->bytes;
	}
	return true;
}

void
keep_store(struct keeper *keeper, int fd)
{
	conn_pack(&keeper->conn, &holds_get(&keeper->holds, fd)->parcel);
}

bool
keep_rest(struct keeper *keeper, int fd)
{
	const struct conn *conn = &keeper->conn;

	if (partial_keep(&holds_get(&keeper->holds, fd)->partial, conn->in, conn->in_len))
		return true;
	keep_log_once(keeper, "no memory for requests that have to wait: connections are closed");
	keep_drop(keeper, fd);
	return false;
}

void
keep_log_once(struct keeper *keeper, const char *text)
{
	if (keeper->now_ms < keeper->quiet_until_ms)
		return;
	keeper->quiet_until_ms = keeper->now_ms + QUIET_MS;
	log_warn("keeper: %s", text);
}

bool
keep_make_room(struct keeper *keeper, unsigned place_count)
{
	while (keeper->holds.count + keeper->file_count + place_count > keeper->max_count) {
		int fd = holds_oldest(&keeper->holds, HOLD_IDLE);

		keep_log_once(keeper, fd >= 0 ? "at its limit (keepalive.max_parked, or open "
		    "files): idle connections are closed" : "at its limit "
		    "(keepalive.max_parked, or open files), and none is idle");
		if (fd < 0)
			return false;
		keep_drop(keeper, fd);
	}
	return true;
}

void
keep_welcome(struct keeper *keeper, const struct parcel *parcel, struct parcel_fds fds)
{
	struct hold *hold = holds_get(&keeper->holds, fds.conn);

	hold->partial = NULL;
	hold->pending = NULL;
	hold->parcel = *parcel;
	hold->file_fd = fds.file;
	keeper->file_count += fds.file >= 0;
	memcpy(hold->client, keeper->conn.client, sizeof hold->client);
	keeper->conn.crowd.key = parcel->client_key;
	note_key(keeper, fds.conn, parcel->client_key);
}

/* What this configuration does not have may be a later one's, whose keepers are there already: they
 * have what came too early for this one to be told to leave. */
static bool
leave_to_later(struct keeper *keeper, struct parcel *parcel, struct parcel_fds fds)
{
	struct conn *conn = &keeper->conn;
	uint32_t newest = atomic_load_explicit(&conn->header->takes_parked, memory_order_acquire);

	if (newest <= keeper->own->generation || parcel->in_bytes > conn->in_room ||
	    parcel_send(keeper->own->park_fd, parcel, conn->in, parcel->in_bytes, fds) < 0)
		return false;
	(void)close(fds.conn);
	return true;
}

static void
adopt(struct keeper *keeper, struct parcel *parcel, struct parcel_fds fds)
{
	struct conn *conn = &keeper->conn;
	int fd = fds.conn;
	bool is_served = conn_resume(conn, fd, parcel, parcel->in_bytes, NULL);

	if (!is_served && leave_to_later(keeper, parcel, fds))
		return;
	if (holds_get(&keeper->holds, fd) == NULL || !keep_make_room(keeper, 1) ||
	    keep_watch(keeper, EPOLL_CTL_ADD, fd, KEEP_INPUT) < 0) {
		clients_count_leave(keeper->own->clients, parcel->client_key);
		fdpass_close(fd);
		return;
	}
	keep_welcome(keeper, parcel, fds);
	if (!is_served)
		keep_refuse(keeper, fd, 503);
	else if (conn->awaits_hello)
		keep_greet(keeper, fd);
	else if (conn->in_len > 0 || conn->request_count == 0)
		keep_rest_reading(keeper, fd);
	else
		keep_rest_idle(keeper, fd);
}

static void
take_in(struct keeper *keeper, struct parcel *parcel, struct parcel_fds fds)
{
	struct hold *hold = holds_get(&keeper->holds, fds.conn);

	if (hold != NULL)
		hold->serial++;     /* events of who had the number before are not its own */
	if (parcel->kind == PARCEL_REQUEST)
		adopt(keeper, parcel, fds);
	else
		keep_adopt_stalled(keeper, parcel, fds);
	note_count(keeper);
}

int
keep_fit_limit(struct keeper *keeper)
{
	const uint64_t spare = INHERIT_SPARE_FDS;
	struct rlimit limit;
	uint64_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	most = limit.rlim_cur > 2 * spare ? limit.rlim_cur - spare : spare;
	if (keeper->max_count > most)
		keeper->max_count = (unsigned)most;
	return 0;
}

/* Its descriptor did not come along: it counts no more. The limit may have been lowered since
 * the start (prlimit(2)); without room for what comes, nothing would be held any more. */
static void
lose(struct keeper *keeper, const struct parcel *parcel)
{
	int fd;

	clients_count_leave(keeper->own->clients, parcel->client_key);
	keep_log_once(keeper, "a connection was lost: too many open files");
	(void)keep_fit_limit(keeper);
	while (keeper->holds.count + keeper->file_count > keeper->max_count &&
	    (fd = holds_oldest(&keeper->holds, HOLD_IDLE)) >= 0)
		keep_drop(keeper, fd);
}

bool
keep_adopt_some(struct keeper *keeper)
{
	struct parcel_fds fds;
	struct parcel parcel;
	int n, left = ADOPT_MAX;

	while (left-- > 0) {
		n = parcel_receive(keeper->own->parked_fd, &parcel, keeper->conn.in,
		    keeper->conn.in_room, &fds, MSG_DONTWAIT);
		if (n > 0)
			take_in(keeper, &parcel, fds);
		else if (n == 0)
			lose(keeper, &parcel);
		else if (errno == EAGAIN || errno == EINTR)
			return false;
		else
			break;
	}
	if (left < 0)
		return true;
	keep_log_once(keeper, "nothing can be parked: somebody has shut the socket down");
	(void)keep_watch(keeper, EPOLL_CTL_DEL, keeper->own->parked_fd, 0);
	return false;
}
