/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's connection state: made once, used for each connection in turn. Leaves the
 * protocol to serve_h1.c. Workers, unprivileged. Rule: after conn_init() nothing here
 * asks the system for memory. */
#include "workers/conn/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/logpass.h"
#include "server/base/signals.h"
#include "workers/http/date.h"
#include "workers/io/heartbeat.h"

#define ARENA_BYTES 131072          /* per request: paths, fields, range parts */
#define SCRATCH_BYTES (32 * 1024 * 1024) /* of address space: listings, includes, codecs */
#define LOG_FETCH_MS 2000
#define LOG_RETRY_MS 5000

static void
on_interrupt(void *context)
{
	conn_look_around(context);
}

static char *
carve(struct arena *all, size_t bytes)
{
	return arena_alloc(all, bytes);
}

static unsigned
listener_port(const struct config_listener *listener)
{
	const struct sockaddr_in *four = (const void *)&listener->address;
	const struct sockaddr_in6 *six = (const void *)&listener->address;

	switch (listener->address.ss_family) {
	case AF_INET:
		return ntohs(four->sin_port);
	case AF_INET6:
		return ntohs(six->sin6_port);
	default:
		return 0;
	}
}

/* Up to an eighth less: clients go round the workers, so all of them would reach the same
 * number, and be replaced, at the same moment. */
static uint64_t
spread(uint64_t most, uint64_t seed)
{
	return most - seed % (most / 8 + 1);
}

int
conn_init(struct conn *conn, const struct inheritance *own)
{
	const struct config *config = own->config;
	size_t log_bytes = config->log.buffer_bytes;
	struct arena fixed;
	char *log_buffer;

	memset(conn, 0, sizeof *conn);
	conn->own = own;
	conn->config = config;
	conn->slot = scoreboard_slot(own->scoreboard, own->slot_index);
	conn->header = scoreboard_header(own->scoreboard);
	conn->log_generation = own->log_generation;
	conn->pid = (int)getpid();
	conn->in_cap = config->limits.header_bytes + CONN_IN_SPARE_BYTES;
	if (arena_init(&fixed, conn->in_cap + CONN_OUT_BYTES + log_bytes + 64) < 0 ||
	    arena_init(&conn->arena, ARENA_BYTES) < 0 ||
	    arena_init(&conn->scratch, SCRATCH_BYTES) < 0)
		return -1;
	conn->in = carve(&fixed, conn->in_cap);
	conn->out = carve(&fixed, CONN_OUT_BYTES);
	log_buffer = log_bytes > 0 ? carve(&fixed, log_bytes) : NULL;
	access_log_init(&conn->access_log, config, own->access_log, log_buffer);
	if (getrandom(&conn->boundary_seed, sizeof conn->boundary_seed, GRND_NONBLOCK) < 0)
		conn->boundary_seed = (uint64_t)clock_wall_us();
	if (getrandom(&conn->id_seed, sizeof conn->id_seed, GRND_NONBLOCK) < 0)
		conn->id_seed = conn->boundary_seed ^ (uint64_t)conn->pid << 32;
	conn->port = listener_port(&config->listeners[own->listener_index]);
	conn->max_served_count = spread(config->pool.max_request_count, conn->boundary_seed);
	return 0;
}

void
conn_write_address(char out[CONN_CLIENT_BYTES], const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	const void *bytes = &six->sin6_addr;
	int family = AF_INET6;

	if (address->ss_family == AF_INET) {
		bytes = &four->sin_addr;
		family = AF_INET;
	} else if (address->ss_family != AF_INET6) {
		(void)snprintf(out, CONN_CLIENT_BYTES, "unix:");
		return;
	} else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		bytes = &six->sin6_addr.s6_addr[12]; /* who came over IPv4 is logged so */
		family = AF_INET;
	}
	if (inet_ntop(family, bytes, out, CONN_CLIENT_BYTES) == NULL)
		(void)snprintf(out, CONN_CLIENT_BYTES, "unknown");
}

void
conn_set_peer(struct conn *conn, const struct sockaddr_storage *address)
{
	conn->peer = *address;
	conn_write_address(conn->client, address);
	slot_set_client(conn->slot, conn->client);
}

void
conn_begin(struct conn *conn, int fd, const struct sockaddr_storage *address)
{
	stream_init(&conn->stream, fd);
	conn->stream.on_interrupt = on_interrupt;
	conn->stream.interrupt_context = conn;
	/* TCP connections have it from their listening socket. */
	if (!conn->own->is_tcp)
		stream_set_send_timeout(&conn->stream, conn->config->limits.send_timeout_ms);
	pace_init(&conn->pace, conn->own->is_tcp, conn->config->limits.send_timeout_ms);
	conn_set_peer(conn, address);
	conn->in_len = 0;
	conn->request_count = 0;
	conn->is_https = false;
}

static bool
should_leave_after(const struct conn *conn, uint64_t served_count)
{
	uint64_t most = conn->max_served_count;

	return signals_is_set(SIGNAL_DRAIN) || signals_is_set(SIGNAL_STOP) ||
	    (most > 0 && served_count >= most);
}

bool
conn_worker_should_leave(const struct conn *conn)
{
	return should_leave_after(conn, conn->served_count);
}

bool
conn_is_last_request(const struct conn *conn)
{
	return should_leave_after(conn, conn->served_count + 1);
}

void
conn_follow_logs(struct conn *conn)
{
	uint32_t wanted = atomic_load_explicit(&conn->header->log_generation,
	    memory_order_acquire);
	int64_t now_ms;
	struct log_sink error_log;

	if (wanted == conn->log_generation)
		return;
	now_ms = clock_mono_ms();
	if (now_ms < conn->log_retry_mono_ms)
		return;
	access_log_flush(&conn->access_log); /* what was served before belongs to the old file */
	error_log = log_get_sink();
	if (logpass_fetch(conn->own->log_request_fd, conn->own->log_answer_fd, wanted,
	    LOG_FETCH_MS, &conn->log_generation, &error_log, &conn->access_log.sink) < 0) {
		log_warn("reopened logs could not be had from the master: %s; the old ones are "
		    "used", strerror(errno));
		conn->log_retry_mono_ms = now_ms + LOG_RETRY_MS;
		return;
	}
	log_set_sink(error_log);
	conn->access_log.is_mid_line = false; /* the new file begins with a line */
}

void
conn_look_around(struct conn *conn)
{
	if (signals_take(SIGNAL_TICK))
		access_log_flush_old(&conn->access_log, clock_mono_ms());
	if (signals_take(SIGNAL_REOPEN))
		conn_follow_logs(conn);
	if (!conn->is_sending && conn->access_log.used == 0)
		heartbeat_rest();   /* nothing waits for it */
}

struct slice
conn_date(struct conn *conn, int64_t now_wall_s)
{
	if (conn->date_s != now_wall_s) {
		http_date_format(now_wall_s, conn->date_text);
		conn->date_s = now_wall_s;
	}
	return slice_make(conn->date_text, HTTP_DATE_BYTES);
}

int
conn_utc_offset_min(struct conn *conn, int64_t now_wall_s)
{
	time_t now = (time_t)now_wall_s;
	struct tm local;

	if (now_wall_s - conn->zone_checked_s >= 60 || now_wall_s < conn->zone_checked_s) {
		if (localtime_r(&now, &local) != NULL)
			conn->utc_offset_min = (int)(local.tm_gmtoff / 60);
		conn->zone_checked_s = now_wall_s;
	}
	return conn->utc_offset_min;
}
