/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of clients: its memory, whose entry is whose, and the counts of connections.
 * Leaves rates and failures to clients_notes.c, and what is done about them to workers/. Made
 * by the master, written by all workers; no rights needed. Rules: nobody waits for anybody, a
 * worker may die between any two instructions; indexes come from the hash and private sizes
 * only; in doubt nobody is limited. Shown by test_clients.c.
 *
 * Both parts are open tables of small sets. Which set, and which entry in it, says a hash with
 * a random key, or a client with many addresses could aim them at one set.
 *
 * A connection count is one word, (tag of 44 bits, count of 20), changed by compare-and-swap
 * only: whose count it is and how high it is can never disagree, so that each enter is met by
 * exactly one leave. A word is free when it is 0, so one with open connections is never
 * replaced. The word is all there is to see: relaxed order does. */
#include "server/base/clients_table.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "server/base/sip_hash.h"

#define COUNT_BITS 20
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

/* What tells one client from another. False: it is no client, see the header. */
static bool
read_address(const struct sockaddr_storage *address, uint64_t *family_out, uint64_t *bits_out)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	uint32_t bits;

	if (address->ss_family == AF_INET) {
		bits = four->sin_addr.s_addr;
	} else if (address->ss_family != AF_INET6) {
		return false;
	} else if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		*family_out = AF_INET6;
		memcpy(bits_out, &six->sin6_addr, sizeof *bits_out);
		return true;
	} else {
		memcpy(&bits, &six->sin6_addr.s6_addr[12], sizeof bits);
	}
	*family_out = AF_INET;
	*bits_out = bits;
	return true;
}

uint64_t
clients_hash(const struct clients *clients, const struct sockaddr_storage *address,
    enum clients_kind kind, uint64_t scope)
{
	uint64_t words[3], family, hash;

	if (clients == NULL || !read_address(address, &family, &words[0]))
		return 0;
	words[1] = family << 8 | kind;
	words[2] = scope;
	hash = sip_hash(clients->hash_key, words, 3);
	return hash != 0 ? hash : 1;
}

struct clients *
clients_new(unsigned client_count)
{
	struct clients *clients = calloc(1, sizeof *clients);
	size_t set_count, words_bytes;
	char *base;

	if (clients == NULL)
		return NULL;
	clients->client_count = client_count;
	for (clients->set_bits = 1; (CLIENTS_SET_NOTES << clients->set_bits) < client_count; )
		clients->set_bits++;
	set_count = (size_t)1 << clients->set_bits;
	words_bytes = set_count * CLIENTS_SET_WORDS * sizeof *clients->words;
	clients->bytes = sizeof *clients->head + words_bytes +
	    set_count * CLIENTS_SET_NOTES * sizeof *clients->notes;
	/* Does not wait, once the system has begun to run. */
	if (getrandom(clients->hash_key, sizeof clients->hash_key, 0) != sizeof clients->hash_key)
		goto fail;
	base = mmap(NULL, clients->bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		goto fail;
	clients->head = (struct clients_head *)(void *)base;
	base += sizeof *clients->head;
	clients->words = (_Atomic uint64_t *)(void *)base;
	base += words_bytes;
	clients->notes = (struct clients_note *)(void *)base;
	return clients;
fail:
	free(clients);
	return NULL;
}

void
clients_free(struct clients **clients)
{
	int saved_errno = errno;

	if (*clients == NULL)
		return;
	(void)munmap((*clients)->head, (*clients)->bytes);
	free(*clients);
	*clients = NULL;
	errno = saved_errno;
}

unsigned
clients_size(const struct clients *clients)
{
	return clients == NULL ? 0 : clients->client_count;
}

uint64_t
clients_overflow_count(const struct clients *clients)
{
	return clients == NULL ? 0 :
	    atomic_load_explicit(&clients->head->overflow_count, memory_order_relaxed);
}

void
clients_note_overflow(struct clients *clients)
{
	(void)atomic_fetch_add_explicit(&clients->head->overflow_count, 1, memory_order_relaxed);
}

uint64_t
clients_key(const struct clients *clients, const struct sockaddr_storage *address)
{
	return clients_hash(clients, address, CLIENTS_CONNECTIONS, 0);
}

static bool
swap_word(_Atomic uint64_t *word, uint64_t old, uint64_t new)
{
	return atomic_compare_exchange_strong_explicit(word, &old, new, memory_order_relaxed,
	    memory_order_relaxed);
}

/* Two workers may count the same client in two words of its set, when one becomes free in
 * this moment: the sum is right all the same. */
unsigned
clients_count_enter(struct clients *clients, uint64_t key)
{
	uint64_t tag = key << COUNT_BITS;
	int tries;

	if (clients == NULL || key == 0)
		return 0;
	for (tries = 0; tries < CLIENTS_TRIES_MAX; tries++) {
		_Atomic uint64_t *set = clients_words_of(clients, key);
		_Atomic uint64_t *place = NULL;
		uint64_t seen = 0, sum = 0;
		unsigned i;

		for (i = 0; i < CLIENTS_SET_WORDS; i++) {
			uint64_t word = atomic_load_explicit(&set[i], memory_order_relaxed);
			bool is_own = word != 0 && (word & ~COUNT_MASK) == tag;

			if (is_own)
				sum += word & COUNT_MASK;
			if ((is_own && seen == 0) || (word == 0 && place == NULL)) {
				place = &set[i];
				seen = word;
			}
		}
		if (place == NULL || sum >= COUNT_MASK)
			break;
		if (swap_word(place, seen, seen != 0 ? seen + 1 : tag | 1))
			return (unsigned)sum + 1;
	}
	clients_note_overflow(clients);
	return 0;
}

void
clients_count_leave(struct clients *clients, uint64_t key)
{
	uint64_t tag = key << COUNT_BITS;
	int tries;

	if (clients == NULL || key == 0)
		return;
	for (tries = 0; tries < CLIENTS_TRIES_MAX; tries++) {
		_Atomic uint64_t *set = clients_words_of(clients, key);
		uint64_t word = 0;
		unsigned i;

		for (i = 0; i < CLIENTS_SET_WORDS; i++) {
			word = atomic_load_explicit(&set[i], memory_order_relaxed);
			if ((word & ~COUNT_MASK) == tag && (word & COUNT_MASK) != 0)
				break;
		}
		if (i == CLIENTS_SET_WORDS ||
		    swap_word(&set[i], word, (word & COUNT_MASK) > 1 ? word - 1 : 0))
			return;
	}
}
