/* SPDX-License-Identifier: BSD-2-Clause */
/* What all workers together know about the nonces of digest authentication (RFC 7616): the key
 * they are made with, and which requests each one was used for, so that a request that
 * somebody listened to cannot be sent a second time, to whatever worker.
 *
 * Nothing is kept for a nonce before a right password came with it: strangers cannot fill
 * the table. Where it has no room, or has lost count, it says "used", which costs an honest
 * client a second request and nothing else.
 *
 * A fully hostile worker can write the table, and so let requests be repeated or make all
 * clients ask twice. The key is private to each process, the same in all. */
#ifndef MUSTER_BASE_NONCES_H
#define MUSTER_BASE_NONCES_H

#include <stdbool.h>
#include <stdint.h>

#define NONCES_LIFE_S 300           /* older ones are to be refused by who asks */
#define NONCES_KEY_BYTES 32
#define NONCES_COUNT_MAX 65535      /* requests with one nonce */

struct nonces;                      /* private memory of the process, points to the table */

/* Master, before it forks; takes 128 KiB, touched where it is used. NULL and errno. */
struct nonces *nonces_new(void);
/* Gives up this process's view; others keep theirs. Accepts NULL, leaves NULL. */
void nonces_free(struct nonces **nonces);
/* NONCES_KEY_BYTES of random. */
const uint8_t *nonces_key(const struct nonces *nonces);
/* Notes that a nonce was used for its request number `count`. issued_wall_s is not older than
 * NONCES_LIFE_S; tag: some bits of the nonce that no client can choose. False: it was used
 * for that number, or that is no longer known. */
bool nonces_use(struct nonces *nonces, int64_t issued_wall_s, uint32_t tag, uint32_t count);

#endif
