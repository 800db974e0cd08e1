/* SPDX-License-Identifier: BSD-2-Clause */
/* What all workers together know about clients: how many connections each has open, how fast it
 * asks, how often it gave a wrong password. One table in shared memory, of fixed size, for
 * limits only; when there are more clients than it holds, some are not limited, never the
 * other way round.
 *
 * A client is an IPv4 address or an IPv6 network of 64 bits (what one customer gets, who could
 * else be 2^64 clients). Clients of Unix sockets are none: nothing limits them.
 *
 * A fully hostile worker can write all of it, and so lift limits or let everybody be refused.
 * That is put up with: such a worker can refuse its own clients anyway, and there is nothing
 * in the table to learn, not even addresses, only keyed hashes of them. No pointer, index or
 * length is ever taken from it: those are private to each process.
 *
 * now_mono_ms is clock_mono_ms(). All calls accept NULL for the table: no limits then. */
#ifndef MUSTER_BASE_CLIENTS_H
#define MUSTER_BASE_CLIENTS_H

#include <stdint.h>
#include <sys/socket.h>

#define CLIENTS_FREE_FAILURES 5     /* wrong passwords in a minute before tries have to wait */
#define CLIENTS_FAILURE_WAIT_MAX_MS 60000

struct clients;                     /* private memory of the process, points to the table */

/* Master, before it forks. Takes about 24 bytes for each client. NULL: no memory, errno set. */
struct clients *clients_new(unsigned client_count);
/* Gives up this process's view; workers keep theirs. Accepts NULL, leaves NULL. */
void clients_free(struct clients **clients);
/* The client_count it was made with. */
unsigned clients_size(const struct clients *clients);
/* How often a note was lost, or a connection not counted, since there was no room. Hearsay:
 * good for a line in a log. */
uint64_t clients_overflow_count(const struct clients *clients);

/* Connections. The key stands for a client in this table. 0: not counted (Unix socket).
 *
 * A worker notes the key in its slot before clients_count_enter(), and takes it off behind
 * clients_count_leave(), so that the master can leave for a worker that died in between.
 * Dying in the few instructions around them counts one too few, which mends itself when the
 * client's last connection ends; it never counts one for ever. */
uint64_t clients_key(const struct clients *clients, const struct sockaddr_storage *address);
/* One more; how many it has now. 0: there was no room, it is not counted, and must not be left. */
unsigned clients_count_enter(struct clients *clients, uint64_t key);
/* One less, not below none. The key may be hearsay, or 0. */
void clients_count_leave(struct clients *clients, uint64_t key);

/* Requests. `scope` tells apart limits of the same client: any number. 0: take it, it is
 * counted. Else it comes too early: the milliseconds until one more is allowed, at least 1.
 * burst requests may come at once beyond the rate. rate_per_1000s is not 0. */
unsigned clients_take(struct clients *clients, const struct sockaddr_storage *address,
    uint64_t scope, uint64_t rate_per_1000s, unsigned burst, int64_t now_mono_ms);

/* Passwords. Ask before looking at one: 0: go on; else the milliseconds to wait. Once a client
 * has to wait, a 0 is for one try: the next one waits again until that one has ended well,
 * so that tries side by side are worth no more than one after the other. */
unsigned clients_failure_wait(struct clients *clients, const struct sockaddr_storage *address,
    int64_t now_mono_ms);
/* It was wrong. After CLIENTS_FREE_FAILURES of them the wait is 1 s, 2 s, ... 60 s. user: any
 * number that stands for the name it was tried for. */
void clients_note_failure(struct clients *clients, const struct sockaddr_storage *address,
    uint64_t user, int64_t now_mono_ms);
/* It was right: all is forgiven that was tried for this user only. What was tried for others
 * as well stays, and this try costs no wait. */
void clients_clear_failures(struct clients *clients, const struct sockaddr_storage *address,
    uint64_t user, int64_t now_mono_ms);

#endif
