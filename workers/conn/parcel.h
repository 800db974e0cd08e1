/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection on its way from one process to another: its descriptor, what is known of it, and
 * the bytes that were read and not yet used. Over a SOCK_SEQPACKET pair (unix(7), SCM_RIGHTS), so
 * that it is there whole or not at all, and outlives who has sent it. */
#ifndef MUSTER_CONN_PARCEL_H
#define MUSTER_CONN_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum parcel_kind {
	PARCEL_REQUEST,             /* between requests, or in the middle of one */
	PARCEL_STALLED,             /* in the middle of a file that the client takes slowly: see
	                             * stall.h. The file's descriptor comes along */
	PARCEL_REFUSED,             /* the same, and no keeper has room for it */
};

struct parcel {                 /* fixed width: it is sent as it is */
	uint32_t magic;             /* set and checked here */
	uint32_t socket_index;      /* scoreboard line of the socket that it came to */
	uint32_t in_bytes;          /* read ahead; they follow */
	uint32_t scope_id;          /* of an IPv6 client */
	uint16_t family;            /* AF_INET, AF_INET6; AF_UNIX: the client has no address */
	uint16_t port_be;
	uint8_t address[16];
	uint8_t is_https;           /* as a PROXY header said */
	uint8_t paid_rate_count;    /* limits that the request in the bytes was counted for */
	uint8_t kind;               /* enum parcel_kind */
	uint8_t awaits_hello;       /* PARCEL_REQUEST: TLS is still to begin, and the bytes, if
	                             * there are any, are the first of it */
	uint64_t request_count;     /* of this connection */
	uint64_t client_key;        /* as it is counted (clients.h); 0: it is not */
	/* Of a request that has begun; 0: none has. PARCEL_STALLED: of taking some of the file.
	 * awaits_hello: of the handshake. */
	int64_t head_deadline_mono_ms;
};

void parcel_set_client(struct parcel *parcel, const struct sockaddr_storage *address);
void parcel_get_client(const struct parcel *parcel, struct sockaddr_storage *address_out);

/* What goes along with it: the connection, and for all kinds but PARCEL_REQUEST the file. */
struct parcel_fds { int conn, file; };

/* Never waits. The descriptors stay open here, too. 0, or -1 and errno: EAGAIN: the queue is
 * full. */
int parcel_send(int socket_fd, struct parcel *parcel, const char *in, size_t in_bytes,
    struct parcel_fds fds);
/* The next one. flags: MSG_DONTWAIT or 0. 1, and *fds_out are the caller's (file is -1 if none
 * came); 0: there was one, but it is not what it should be, and is closed: its client_key is to be
 * counted off; -1 and errno. What another process has written is checked here but for
 * socket_index and in. in_bytes of a PARCEL_REQUEST above in_cap: whoever has sent it had room for
 * more, and only in_cap bytes came. */
int parcel_receive(int socket_fd, struct parcel *parcel_out, char *in, size_t in_cap,
    struct parcel_fds *fds_out, int flags);

#endif
