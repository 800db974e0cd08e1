/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of used nonces. Leaves their text to workers/handler/auth_digest.c. Master (makes
 * it) and workers (use it); no rights needed.
 *
 * A row for each second of issue, taken again by a later second when the nonces of the
 * first are long too old; in it a word for each nonce:
 *
 *     epoch 8 | tag 20 | highest number 16 | which of the 20 numbers up to it came 20
 *
 * Rules: a word is changed by compare-and-exchange only, so that of two workers with the same
 * request one is told "used"; a word that was taken stays until its row's next epoch, so
 * that both look for a place in the same order. No loop is longer for what another process
 * writes. Shown by test_nonces.c. */
#include "server/base/nonces.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define ROW_COUNT 512u              /* seconds; more than NONCES_LIFE_S */
#define ROW_SLOTS 32u
#define TRIES 64                    /* beyond it somebody writes all the time */

#define WINDOW_BITS 20
#define WINDOW_MASK ((UINT64_C(1) << WINDOW_BITS) - 1)
#define COUNT_BITS 16
#define TAG_BITS 20
#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)
#define TAG_SHIFT (WINDOW_BITS + COUNT_BITS)
#define EPOCH_SHIFT (TAG_SHIFT + TAG_BITS)

_Static_assert(EPOCH_SHIFT + 8 == 64, "a word is full");
_Static_assert(NONCES_COUNT_MAX < 1 << COUNT_BITS, "a number fits");
_Static_assert(ROW_COUNT > NONCES_LIFE_S, "a row is not taken while its nonces live");

struct row {
	_Atomic uint64_t slots[ROW_SLOTS];
};

struct nonces {
	uint8_t key[NONCES_KEY_BYTES];
	struct row *rows;           /* shared; ROW_COUNT */
};

struct nonces *
nonces_new(void)
{
	struct nonces *nonces = calloc(1, sizeof *nonces);
	void *rows;

	if (nonces == NULL)
		return NULL;
	rows = mmap(NULL, ROW_COUNT * sizeof(struct row), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rows == MAP_FAILED ||
	    getrandom(nonces->key, sizeof nonces->key, 0) != (ssize_t)sizeof nonces->key) {
		int saved_errno = errno;

		if (rows != MAP_FAILED)
			(void)munmap(rows, ROW_COUNT * sizeof(struct row));
		free(nonces);
		errno = saved_errno;
		return NULL;
	}
	nonces->rows = rows;
	return nonces;
}

void
nonces_free(struct nonces **nonces)
{
	if (*nonces == NULL)
		return;
	(void)munmap((*nonces)->rows, ROW_COUNT * sizeof(struct row));
	explicit_bzero((*nonces)->key, sizeof (*nonces)->key);
	free(*nonces);
	*nonces = NULL;
}

const uint8_t *
nonces_key(const struct nonces *nonces)
{
	return nonces->key;
}

static uint64_t
make_word(uint64_t owner, uint64_t highest, uint64_t window)
{
	return owner << TAG_SHIFT | highest << WINDOW_BITS | (window & WINDOW_MASK);
}

/* The word after one more number. 0: the number came before, or is too far behind. */
static uint64_t
add_number(uint64_t word, uint32_t count)
{
	uint64_t window = word & WINDOW_MASK;
	uint32_t highest = (uint32_t)(word >> WINDOW_BITS) & NONCES_COUNT_MAX;
	uint32_t distance;

	if (count > highest) {
		distance = count - highest;
		window = distance < WINDOW_BITS ? window << distance | 1 : 1;
		return make_word(word >> TAG_SHIFT, count, window);
	}
	distance = highest - count;
	if (distance >= WINDOW_BITS || (window >> distance & 1) != 0)
		return 0;
	return make_word(word >> TAG_SHIFT, highest, window | UINT64_C(1) << distance);
}

/* Where the nonce is, or the first free place; ROW_SLOTS: neither. */
static unsigned
find_slot(struct row *row, uint64_t owner, uint64_t *word_out)
{
	unsigned i;

	for (i = 0; i < ROW_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(&row->slots[i], memory_order_acquire);
		bool is_free = (word & WINDOW_MASK) == 0 ||
		    word >> EPOCH_SHIFT != owner >> TAG_BITS;

		*word_out = word;
		if (is_free || word >> TAG_SHIFT == owner)
			break;
	}
	return i;
}

bool
nonces_use(struct nonces *nonces, int64_t issued_wall_s, uint32_t tag, uint32_t count)
{
	uint64_t second = (uint64_t)issued_wall_s;
	struct row *row = &nonces->rows[second % ROW_COUNT];
	uint64_t owner = (second / ROW_COUNT & 0xff) << TAG_BITS | (tag & TAG_MASK);
	int tries;

	if (count == 0 || count > NONCES_COUNT_MAX)
		return false;
	for (tries = 0; tries < TRIES; tries++) {
		uint64_t word, next;
		unsigned i = find_slot(row, owner, &word);

		if (i == ROW_SLOTS)
			return false;
		next = word >> TAG_SHIFT == owner && (word & WINDOW_MASK) != 0 ?
		    add_number(word, count) : make_word(owner, count, 1);
		if (next == 0)
			return false;
		if (atomic_compare_exchange_strong_explicit(&row->slots[i], &word, next,
		    memory_order_acq_rel, memory_order_acquire))
			return true;
	}
	return false;
}
