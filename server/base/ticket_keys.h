/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of TLS session tickets (RFC 5077, RFC 8446 4.6.1), in memory that all workers share
 * and only the master writes: one that new tickets are made with, and those before it, which are
 * still taken. They outlive reloads; several machines may share them through files. */
#ifndef MUSTER_BASE_TICKET_KEYS_H
#define MUSTER_BASE_TICKET_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKET_KEYS_MAX 4           /* the newest, and three before it */
#define TICKET_KEY_NAME_BYTES 16
#define TICKET_KEY_FILE_BYTES 80    /* name, MAC key, cipher key, as nginx has them */

struct ticket_key {
	uint8_t name[TICKET_KEY_NAME_BYTES]; /* stands in the ticket, in the clear */
	uint8_t mac[32];            /* HMAC-SHA-256 */
	uint8_t cipher[32];         /* AES-256-CBC */
};

struct ticket_keys;

/* The master's. NULL and errno. No keys are in it yet. */
struct ticket_keys *ticket_keys_open(void);
/* Accepts NULL, leaves NULL. */
void ticket_keys_close(struct ticket_keys **keys);
/* In a child, right after fork: it can read them from now on and never write. 0, or -1 and
 * errno. */
int ticket_keys_adopt(struct ticket_keys *keys);
/* The same for a child that has no use for them: they are out of its reach. 0, or -1 and errno. */
int ticket_keys_forget(const struct ticket_keys *keys);

/* Master: a new one comes first, the oldest goes when there are TICKET_KEYS_MAX. */
void ticket_keys_push(struct ticket_keys *keys, const struct ticket_key *key);
/* Master: these in place of all; the first is the newest. */
void ticket_keys_replace(struct ticket_keys *keys, const struct ticket_key *list, size_t count);
/* Random bytes (getrandom(2)). 0, or -1 and errno. */
int ticket_key_make(struct ticket_key *key_out);
/* From the TICKET_KEY_FILE_BYTES of a file: name, MAC key, cipher key. */
void ticket_key_parse(const uint8_t bytes[TICKET_KEY_FILE_BYTES], struct ticket_key *key_out);

/* Children and master: a copy of the newest. False: there is none. */
bool ticket_keys_newest(const struct ticket_keys *keys, struct ticket_key *key_out);
/* A copy of the one with that name. *is_newest_out: tickets of another one are to be made anew. */
bool ticket_keys_find(const struct ticket_keys *keys, const uint8_t name[TICKET_KEY_NAME_BYTES],
    struct ticket_key *key_out, bool *is_newest_out);

#endif
