/* SPDX-License-Identifier: BSD-2-Clause */
/* The accept loop: idle in accept4(2) itself, or in recvmsg(2) for those that serve what keepers
 * hand over; serve, go back; leave when told to or when enough was served. Leaves the
 * connection to workers/conn. Unprivileged. Rules: the phase in the slot is IDLE only around that
 * call; a stop that comes between a test and the call closes the socket under it.
 * Shown by tests/integration/40-pool. */
#include "workers/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/clients.h"
#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/signals.h"
#include "workers/conn/conn.h"
#include "workers/conn/crowd.h"
#include "workers/conn/parcel.h"
#include "workers/conn/preface.h"
#include "workers/conn/secure.h"
#include "workers/conn/serve_h1.h"
#include "workers/conn/serve_h2.h"

#define REFUSED_PAUSE_MS 100
#define QUIET_MS 60000              /* between two lines about the same shortage */

/* The hint goes first: when the master sets it right in between, it ends up too low, which
 * costs a wake too many and not one too few. */
static void
enter_idle(struct conn *conn, struct scoreboard_socket *line)
{
	(void)atomic_fetch_add_explicit(&line->idle_count_hint, 1, memory_order_acq_rel);
	slot_set_phase(conn->slot, SLOT_IDLE, clock_mono_ms());
}

/* The last idle worker of the socket tells the master at once, who then sees the phase
 * that is set here before. */
static void
leave_idle(struct conn *conn, struct scoreboard_socket *line, enum slot_phase phase)
{
	const struct inheritance *own = conn->own;

	atomic_store_explicit(&conn->slot->phase, (uint32_t)phase, memory_order_relaxed);
	if (atomic_fetch_sub_explicit(&line->idle_count_hint, 1, memory_order_acq_rel) <= 1 &&
	    phase == SLOT_READING && atomic_load_explicit(
	    &conn->header->wants_wake[own->socket_index], memory_order_relaxed))
		inherit_wake_master(own);
}

/* An interrupted accept: the heartbeat, reopened logs, or the end. */
static void
look_around(struct conn *conn)
{
	conn_look_around(conn);
	(void)signals_take(SIGNAL_SHED); /* came too late: no connection is held */
}

/* The system has no descriptor or memory: this worker stays idle and tries again. */
static bool
waits_out_shortage(int error)
{
	static int64_t quiet_until_ms;

	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return false;
	if (clock_mono_ms() >= quiet_until_ms) {
		log_error("accept: %s; trying again until the system has some", strerror(error));
		quiet_until_ms = clock_mono_ms() + QUIET_MS;
	}
	(void)poll(NULL, 0, REFUSED_PAUSE_MS);
	return !signals_listener_is_closed();
}

/* Who shares the socket has made it so that calls do not wait, for all: this takes it back. */
static bool
block_again(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK) != 0 &&
	    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

/* accept4(2) failed. False: this worker cannot go on. */
static bool
survive_accept_error(struct conn *conn, int error)
{
	switch (error) {
	case EINTR:
		look_around(conn);
		return true;
	case EBADF:                 /* the stop handler closed it */
	case EPIPE:                 /* the master has died, and with it the hand-over */
		return false;
	case EAGAIN:
		if (block_again(conn->own->listen_fd))
			return true;
		/* FALLTHROUGH */
	case EINVAL:                /* somebody has shut it down, or worse */
	case ENOTSOCK:
	case EOPNOTSUPP:
		log_error("accept: %s: the listening socket does not work", strerror(error));
		(void)poll(NULL, 0, REFUSED_PAUSE_MS); /* its successor may fare no better */
		_exit(1);
	default:                    /* accept(2): errors of the new connection itself */
		return true;
	}
}

static void
serve_new(struct conn *conn)
{
	bool is_tls = conn->stream.tls != NULL;

	if (is_tls ? conn->tls.is_h2 :
	    conn->config->listeners[conn->listener_index].h2c && serve_h2_is_wanted(conn))
		serve_h2(conn);
	else
		serve_h1(conn);
}

/* A new one on a listener with TLS shakes hands first. */
static void
talk_in_private(struct conn *conn)
{
	switch (secure_begin(conn)) {
	case SECURE_GOES_ON:
		serve_new(conn);
		break;
	case SECURE_IS_PLAIN:
		serve_h1_refuse_plain(conn);
		break;
	case SECURE_ENDS:
		break;
	}
	secure_end(conn);
}

/* First who it is, then whether one more may come, then what it wants. */
static void
welcome(struct conn *conn)
{
	if (!preface_read(conn) || (conn->config->listeners[conn->listener_index].tls &&
	    !crowd_allows_handshake(&conn->crowd, &conn->peer, conn->client)))
		return;
	if (crowd_enter(&conn->crowd, &conn->peer))
		talk_in_private(conn);
	else
		crowd_refuse(&conn->crowd, conn->stream.fd, conn->client,
		    conn->config->listeners[conn->listener_index].tls);
}

/* is_served: as conn_resume() says; else a keeper of the configuration before has read its
 * request. */
static void
take_over(struct conn *conn, const struct parcel *parcel, int file_fd, bool is_served)
{
	if (parcel->kind != PARCEL_REQUEST)
		serve_h1_stalled(conn, file_fd, parcel->kind == PARCEL_REFUSED);
	else if (signals_is_set(SIGNAL_STOP))
		return;             /* the same */
	else if (conn->awaits_hello && is_served)
		talk_in_private(conn);
	else if (conn->awaits_hello)
		return;             /* nothing can be said to it */
	else if (is_served)
		serve_h1(conn);
	else
		serve_h1_refuse(conn, 503);
}

/* The end of a connection, as far as this worker goes. */
static void
part(struct conn *conn, int fd)
{
	crowd_leave(&conn->crowd);
	signals_guard_connection(-1);
	(void)close(fd);
	(void)signals_take(SIGNAL_SHED);
	slot_set_client(conn->slot, "");
}

/* What was waited for has come: the phase changes before anything else is done. */
static void
count_connection(struct conn *conn, struct scoreboard_socket *line)
{
	atomic_store_explicit(&conn->slot->connection_count, ++conn->taken_count,
	    memory_order_relaxed);
	leave_idle(conn, line, SLOT_READING);
}

/* A new client. -1 and errno: there is none. */
static int
accept_one(struct conn *conn, struct scoreboard_socket *line)
{
	struct sockaddr_storage address;
	socklen_t bytes = sizeof address;
	int fd;

	address.ss_family = AF_UNSPEC;
	fd = accept4(conn->own->listen_fd, (struct sockaddr *)&address, &bytes, SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	count_connection(conn, line);
	conn_begin(conn, fd, &address);
	signals_guard_connection(fd);
	if (!signals_is_set(SIGNAL_STOP)) /* it may have come before the guard was up */
		welcome(conn);
	part(conn, fd);
	return 0;
}

/* A client whose request a keeper has read and does not answer itself, or that takes more of an
 * answer now. */
static int
receive_one(struct conn *conn, struct scoreboard_socket *line)
{
	struct parcel parcel;
	struct parcel_fds fds;
	bool is_served;
	int count = parcel_receive(conn->own->listen_fd, &parcel, conn->in, conn->in_room, &fds, 0);

	if (count < 0)
		return -1;
	count_connection(conn, line);
	if (count == 0) {
		log_error("hand-over: a connection was lost: too many open files, or a keeper "
		    "does not know what it does");
		clients_count_leave(conn->own->clients, parcel.client_key);
		return 0;
	}
	is_served = conn_resume(conn, fds.conn, &parcel, parcel.in_bytes, NULL);
	crowd_take_over(&conn->crowd, parcel.client_key);
	slot_set_client(conn->slot, conn->client);
	signals_guard_connection(fds.conn);
	take_over(conn, &parcel, fds.file, is_served);
	part(conn, fds.conn);
	fdio_close(&fds.file);
	return 0;
}

static void
accept_loop(struct conn *conn, struct scoreboard_socket *line)
{
	const struct inheritance *own = conn->own;

	enter_idle(conn, line);
	inherit_wake_master(own);   /* the first time it is ready, and only then */
	while (!conn_worker_should_leave(conn)) {
		int result, error;

		do {
			result = own->takes_handover ? receive_one(conn, line) :
			    accept_one(conn, line);
			error = result < 0 ? errno : 0;
		} while (waits_out_shortage(error));
		if (result == 0)
			enter_idle(conn, line);
		else if (!survive_accept_error(conn, error))
			break;
	}
	leave_idle(conn, line, SLOT_LEAVING);
}

void
worker_main(const struct inheritance *own)
{
	struct conn *conn = conn_new(own, sizeof *conn);
	struct scoreboard_socket *line = scoreboard_socket(own->scoreboard, own->socket_index);
	const struct sched_param none = { 0 };

	if (conn == NULL) {
		log_error("worker: no memory: %s", strerror(errno));
		_exit(1);
	}
	secure_init(conn);
	log_set_stderr_copy(false);
	signals_guard_listener(own->listen_fd);
	signals_install_worker();
	/* Fewer switches under load: a woken worker does not push another off its CPU. */
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	inherit_leave_terminal(own);
	accept_loop(conn, line);
	slot_set_phase(conn->slot, SLOT_LEAVING, clock_mono_ms());
	_exit(0);
}
