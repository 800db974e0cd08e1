/* SPDX-License-Identifier: BSD-2-Clause */
/* How the table of clients lies in memory: for clients.c and clients_notes.c only. */
#ifndef MUSTER_BASE_CLIENTS_TABLE_H
#define MUSTER_BASE_CLIENTS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/base/clients.h"

#define CLIENTS_SET_WORDS 8u        /* connection counts of a set: one cache line */
#define CLIENTS_SET_NOTES 8u        /* notes of a set: two */
#define CLIENTS_TRIES_MAX 1000      /* of a compare-and-swap: only a hostile worker reaches it */

enum clients_kind { CLIENTS_CONNECTIONS = 1, CLIENTS_RATE, CLIENTS_FAILURES };

struct clients_note {               /* see clients_notes.c */
	_Atomic uint64_t tag;       /* 0: never used */
	_Atomic uint64_t state;     /* 0: nothing noted */
};

struct clients_head {               /* of the shared memory */
	_Alignas(64) _Atomic uint64_t overflow_count;
};

struct clients {
	unsigned client_count;      /* as asked for */
	unsigned set_bits;          /* 2^set_bits sets of words, and as many of notes */
	size_t bytes;
	uint64_t hash_key[2];       /* random */
	struct clients_head *head;
	_Atomic uint64_t *words;    /* see clients.c */
	struct clients_note *notes;
};

/* Stands for a client, a kind and a scope. 0: it is no client, or there is no table. */
uint64_t clients_hash(const struct clients *clients, const struct sockaddr_storage *address,
    enum clients_kind kind, uint64_t scope);
void clients_note_overflow(struct clients *clients);

/* The set of a hash. It is chosen by the upper bits: a connection's tag is the lower ones. */
static inline _Atomic uint64_t *
clients_words_of(const struct clients *clients, uint64_t hash)
{
	return clients->words + (hash >> (64 - clients->set_bits)) * CLIENTS_SET_WORDS;
}

static inline struct clients_note *
clients_notes_of(const struct clients *clients, uint64_t hash)
{
	return clients->notes + (hash >> (64 - clients->set_bits)) * CLIENTS_SET_NOTES;
}

#endif
