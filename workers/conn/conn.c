/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's connection state: made once, used for each connection in turn. Leaves the
 * protocol to serve_h1.c. Workers, unprivileged. Rule: after conn_new() nothing here
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
#include "workers/conn/parcel.h"
#include "workers/handler/answer_cache.h"
#include "workers/http/date.h"
#include "workers/io/heartbeat.h"

#define ARENA_BYTES 131072          /* per request: paths, fields, range parts */
#define SCRATCH_BYTES (32 * 1024 * 1024) /* of address space: listings, includes, codecs */
#define PART_BYTES 4096u            /* parts start at a page, where it is so small */
#define OPEN_FILES_MAX 16           /* in a worker's cache: large ones */
#define LOG_FETCH_MS 2000
#define LOG_RETRY_MS 5000
#define LOG_GLANCE_MS 20

static void
on_interrupt(void *context)
{
	conn_look_around(context);
}

static void
use_listener(struct conn *conn, uint32_t socket_index, unsigned listener_index)
{
	const struct config_listener *listener = &conn->config->listeners[listener_index];

	conn->socket_index = socket_index;
	conn->listener_index = listener_index;
	conn->is_tcp = listener->address.ss_family != AF_UNIX;
	conn->port = conn->own->listener_ports[socket_index];
}

/* A listener that has no TLS any more takes who has waited for it as anybody else. */
static void
await_hello(struct conn *conn)
{
	conn->awaits_hello = !conn_has_listener(conn) ||
	    conn->config->listeners[conn->listener_index].tls;
	if (!conn->awaits_hello)
		conn->head_deadline_mono_ms = 0;
}

/* The socket that it came to is none of this configuration's. */
static void
use_no_listener(struct conn *conn, bool is_tcp)
{
	conn->socket_index = SCOREBOARD_SLOT_NONE;
	conn->listener_index = 0;
	conn->is_tcp = is_tcp;
	conn->port = 0;
}

bool
conn_has_listener(const struct conn *conn)
{
	return conn->socket_index != SCOREBOARD_SLOT_NONE;
}

/* Up to an eighth less: clients go round the workers, so all of them would reach the same
 * number, and be replaced, at the same moment. */
static uint64_t
spread(uint64_t most, uint64_t seed)
{
	return most - seed % (most / 8 + 1);
}

/* 0: this process has none. */
static size_t
cache_size(const struct inheritance *own)
{
	const struct config_cache *limits = &own->config->cache;
	size_t bytes = own->role == INHERIT_KEEPER ? limits->keeper_bytes : limits->worker_bytes;

	return bytes < ANSWER_CACHE_MIN_BYTES || limits->valid_ms == 0 ? 0 : bytes;
}

static size_t
round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

/* Each part grows from its start, and the cache, which starts with its own notes, lies right behind
 * the struct. What only some requests need is apart: without it all others are small enough for
 * the system to put them between libraries, where there are page tables already. */
static struct conn *
map_memory(const struct inheritance *own, size_t bytes, struct arena *rest_out)
{
	size_t in_cap = own->config->limits.header_bytes + CONN_IN_SPARE_BYTES;
	size_t in_room = round_up(in_cap + CONN_UNSENT_BYTES, PART_BYTES);
	struct arena all, arena, scratch;
	struct conn *conn;
	char *in, *out;

	bytes = round_up(bytes, CONN_LINE_BYTES);
	if (arena_init(&all,
	    ARENA_BYTES + in_room + CONN_OUT_BYTES + bytes + cache_size(own)) < 0 ||
	    arena_init(&scratch, SCRATCH_BYTES) < 0 || arena_carve(&all, ARENA_BYTES, &arena) < 0)
		return NULL;
	in = arena_alloc(&all, in_room);
	out = arena_alloc(&all, CONN_OUT_BYTES);
	conn = arena_alloc(&all, bytes);
	bug_if(in == NULL || out == NULL || conn == NULL, "memory was mapped for less");
	conn->scratch = scratch;
	conn->arena = arena;
	conn->in = in;
	conn->in_cap = in_cap;
	conn->in_room = in_cap + CONN_UNSENT_BYTES;
	conn->out = out;
	*rest_out = all;
	return conn;
}

static int
open_cache(struct conn *conn, struct arena *memory)
{
	const struct config_cache *limits = &conn->config->cache;
	size_t bytes = cache_size(conn->own);

	if (bytes == 0)
		return 0;
	conn->cache = answer_cache_new(memory, bytes, limits->max_body_bytes, OPEN_FILES_MAX,
	    limits->valid_ms);
	return conn->cache == NULL ? -1 : 0;
}

struct conn *
conn_new(const struct inheritance *own, size_t bytes)
{
	const struct config *config = own->config;
	struct arena rest;
	struct conn *conn = map_memory(own, bytes, &rest);

	if (conn == NULL)
		return NULL;
	conn->own = own;
	conn->config = config;
	conn->slot = scoreboard_slot(own->scoreboard, own->slot_index);
	conn->header = scoreboard_header(own->scoreboard);
	conn->log_generation = own->log_generation;
	conn->pid = (int)getpid();
	access_log_init(&conn->access_log, own);
	if (getrandom(&conn->boundary_seed, sizeof conn->boundary_seed, GRND_NONBLOCK) < 0)
		conn->boundary_seed = (uint64_t)clock_wall_us();
	if (getrandom(&conn->id_seed, sizeof conn->id_seed, GRND_NONBLOCK) < 0)
		conn->id_seed = conn->boundary_seed ^ (uint64_t)conn->pid << 32;
	conn->socket_index = SCOREBOARD_SLOT_NONE;
	crowd_init(&conn->crowd, config, own->clients, conn->slot);
	conn->max_served_count = spread(config->pool.max_request_count, conn->boundary_seed);
	return open_cache(conn, &rest) < 0 ? NULL : conn;
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

static void
begin(struct conn *conn, int fd)
{
	stream_init(&conn->stream, fd);
	conn->stream.on_interrupt = on_interrupt;
	conn->stream.interrupt_context = conn;
	pace_init(&conn->pace, conn->is_tcp, conn->config->limits.send_timeout_ms);
	conn->in_len = 0;
	conn->request_count = 0;
	conn->head_deadline_mono_ms = 0;
	conn->awaits_hello = false;
	conn->is_https = false;
	conn->tls.protocol = NULL;
	conn->paid_rate_count = 0;
	conn->was_cheap = false;
}

void
conn_begin(struct conn *conn, int fd, const struct sockaddr_storage *address)
{
	if (conn->socket_index != conn->own->socket_index)
		use_listener(conn, conn->own->socket_index, conn->own->listener_index);
	begin(conn, fd);
	/* TCP connections have it from their listening socket. */
	if (!conn->is_tcp)
		stream_set_send_timeout(&conn->stream, conn->config->limits.send_timeout_ms);
	conn_set_peer(conn, address);
}

bool
conn_resume(struct conn *conn, int fd, const struct parcel *parcel, size_t in_len,
    const char *client_text)
{
	uint32_t line = parcel->socket_index;
	uint32_t listener_index = line < SCOREBOARD_SOCKET_MAX ?
	    conn->own->listener_indexes[line] : INHERIT_NO_LISTENER;
	bool is_request = parcel->kind == PARCEL_REQUEST;
	size_t room = is_request ? conn->in_cap : conn->in_room;

	if (listener_index == INHERIT_NO_LISTENER)
		use_no_listener(conn, parcel->family != AF_UNIX);
	else if (conn->socket_index != line)
		use_listener(conn, line, listener_index);
	begin(conn, fd);
	conn->in_len = in_len < room ? in_len : room;
	conn->request_count = parcel->request_count;
	conn->head_deadline_mono_ms = parcel->head_deadline_mono_ms;
	if (parcel->awaits_hello != 0)
		await_hello(conn);
	conn->is_https = parcel->is_https != 0;
	conn->paid_rate_count = parcel->paid_rate_count;
	parcel_get_client(parcel, &conn->peer);
	if (client_text == NULL)
		conn_write_address(conn->client, &conn->peer);
	else
		memcpy(conn->client, client_text, strlen(client_text) + 1);
	return !is_request || (listener_index != INHERIT_NO_LISTENER && in_len <= conn->in_cap);
}

void
conn_pack(const struct conn *conn, struct parcel *parcel)
{
	*parcel = (struct parcel){
		.socket_index = conn->socket_index,
		.is_https = conn->is_https,
		.awaits_hello = conn->awaits_hello,
		.paid_rate_count = (uint8_t)conn->paid_rate_count,
		.request_count = conn->request_count,
		.client_key = conn->crowd.key,
		.head_deadline_mono_ms = conn->head_deadline_mono_ms,
	};
	parcel_set_client(parcel, &conn->peer);
}

void
conn_expect_head(struct conn *conn)
{
	const struct config_limits *limits = &conn->config->limits;
	const struct http_limits parse_limits = { limits->request_line_bytes,
		limits->header_bytes, limits->header_field_count };

	http_parser_init(&conn->parser, &parse_limits);
	conn->request.method_name = slice_make("", 0);
	conn->request.target = slice_make("", 0);
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

/* A process of the newest configuration may have connections that no keeper knows yet. */
static bool
keepers_know_socket(const struct conn *conn)
{
	return conn->socket_index >= SCOREBOARD_SOCKET_MAX ||
	    atomic_load_explicit(&conn->header->takes_parked, memory_order_relaxed) >=
	    atomic_load_explicit(&conn->header->line_since[conn->socket_index],
	    memory_order_relaxed);
}

bool
conn_has_keepers(const struct conn *conn)
{
	return conn->own->park_fd >= 0 && conn->stream.tls == NULL &&
	    !signals_is_set(SIGNAL_STOP) &&
	    atomic_load_explicit(&conn->header->takes_parked, memory_order_relaxed) != 0 &&
	    (conn->own->role == INHERIT_KEEPER || keepers_know_socket(conn)) &&
	    atomic_load_explicit(&conn->header->is_draining, memory_order_relaxed) == 0;
}

bool
conn_has_successors(const struct conn *conn)
{
	return conn_has_keepers(conn) && getppid() == conn->own->master_pid;
}

/* Where keepers go on with a connection, the end of this process is no reason to end it. */
bool
conn_is_last_request(const struct conn *conn)
{
	if (conn_has_keepers(conn))
		return false;
	return atomic_load_explicit(&conn->header->is_draining, memory_order_relaxed) != 0 ||
	    should_leave_after(conn, conn->served_count + 1);
}

void
conn_follow_logs(struct conn *conn)
{
	uint32_t wanted = atomic_load_explicit(&conn->header->log_generation,
	    memory_order_acquire);
	bool is_keeper = conn->own->role == INHERIT_KEEPER;
	int64_t now_ms;
	struct log_sink error_log;

	if (wanted == conn->log_generation)
		return;
	now_ms = clock_mono_ms();
	if (now_ms < conn->log_retry_mono_ms)
		return;
	error_log = log_get_sink();
	if (logpass_fetch(conn->own->log_request_fd, conn->own->log_answer_fd, wanted,
	    is_keeper ? 0 : LOG_FETCH_MS, &conn->log_generation, &error_log, NULL) < 0) {
		conn->log_retry_mono_ms = now_ms + (is_keeper ? LOG_GLANCE_MS : LOG_RETRY_MS);
		if (is_keeper)
			return;     /* it does not wait, but looks again */
		log_warn("reopened logs could not be had from the master: %s; the old ones are "
		    "used", strerror(errno));
		return;
	}
	log_set_sink(error_log);
}

void
conn_look_around(struct conn *conn)
{
	(void)signals_take(SIGNAL_TICK); /* it has interrupted the call, which was all */
	if (signals_take(SIGNAL_REOPEN))
		conn_follow_logs(conn);
	if (!conn->is_sending)
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
