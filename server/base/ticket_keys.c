/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of ticket keys. Leaves when there is a new one to server/master/tickets.c, tickets to
 * workers/io. Master and workers, no rights. Rule: no child can ever write it: it gives the
 * master's mapping up, and what is mapped after the seal cannot be made writable. Readers are
 * kept from half-written keys by a sequence number; a master that died in between leaves it odd,
 * and then there are no keys. Shown by test_ticket_keys.c. */
#include "server/base/ticket_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "server/base/log.h"

#define READ_TRIES 1000

struct page {
	_Atomic uint32_t sequence;  /* odd while the master writes */
	uint32_t count;
	struct ticket_key keys[TICKET_KEYS_MAX]; /* newest first */
};

struct ticket_keys {
	struct page *writable;      /* NULL: not the master */
	const struct page *page;
};

static int
map(struct ticket_keys *keys, int fd)
{
	void *got;

	if (ftruncate(fd, sizeof(struct page)) < 0)
		return -1;
	got = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (got == MAP_FAILED)
		return -1;
	keys->writable = got;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
	    F_SEAL_SEAL) < 0)
		return -1;
	got = mmap(NULL, sizeof(struct page), PROT_READ, MAP_SHARED, fd, 0);
	if (got == MAP_FAILED)
		return -1;
	keys->page = got;
	(void)madvise(keys->writable, sizeof(struct page), MADV_DONTDUMP);
	(void)madvise(got, sizeof(struct page), MADV_DONTDUMP);
	return 0;
}

struct ticket_keys *
ticket_keys_open(void)
{
	struct ticket_keys *keys = calloc(1, sizeof *keys);
	int fd = memfd_create("muster-tickets", MFD_CLOEXEC | MFD_ALLOW_SEALING), saved_errno;

	if (keys != NULL && (fd < 0 || map(keys, fd) < 0)) {
		saved_errno = errno;
		ticket_keys_close(&keys);
		errno = saved_errno;
	}
	if (fd >= 0)
		(void)close(fd);
	return keys;
}

void
ticket_keys_close(struct ticket_keys **keys)
{
	struct ticket_keys *old = *keys;

	if (old == NULL)
		return;
	if (old->writable != NULL) {
		explicit_bzero(old->writable, sizeof *old->writable);
		(void)munmap(old->writable, sizeof *old->writable);
	}
	if (old->page != NULL)
		(void)munmap((void *)(uintptr_t)old->page, sizeof *old->page);
	free(old);
	*keys = NULL;
}

int
ticket_keys_adopt(struct ticket_keys *keys)
{
	struct page *writable = keys->writable;

	keys->writable = NULL;
	return writable == NULL ? 0 : munmap(writable, sizeof *writable);
}

/* Nothing is written, since that would copy a page of the master's heap. */
int
ticket_keys_forget(const struct ticket_keys *keys)
{
	if (munmap(keys->writable, sizeof *keys->writable) < 0)
		return -1;
	return munmap((void *)(uintptr_t)keys->page, sizeof *keys->page);
}

/* Seqlock, as in scoreboard.c. Locked as far as the system lets us, here since a daemon's fork
 * undoes it. */
static void
begin_change(struct page *page)
{
	uint32_t sequence = atomic_load_explicit(&page->sequence, memory_order_relaxed);

	(void)mlock(page, sizeof *page);
	atomic_store_explicit(&page->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void
end_change(struct page *page)
{
	uint32_t sequence = atomic_load_explicit(&page->sequence, memory_order_relaxed);

	atomic_store_explicit(&page->sequence, sequence + 1, memory_order_release);
}

void
ticket_keys_push(struct ticket_keys *keys, const struct ticket_key *key)
{
	struct page *page = keys->writable;

	bug_if(page == NULL, "ticket keys are the master's to change");
	begin_change(page);
	memmove(page->keys + 1, page->keys, sizeof page->keys - sizeof page->keys[0]);
	page->keys[0] = *key;
	if (page->count < TICKET_KEYS_MAX)
		page->count++;
	end_change(page);
}

void
ticket_keys_replace(struct ticket_keys *keys, const struct ticket_key *list, size_t count)
{
	struct page *page = keys->writable;

	bug_if(page == NULL, "ticket keys are the master's to change");
	if (count > TICKET_KEYS_MAX)
		count = TICKET_KEYS_MAX;
	begin_change(page);
	explicit_bzero(page->keys, sizeof page->keys);
	if (count > 0)
		memcpy(page->keys, list, count * sizeof *list);
	page->count = (uint32_t)count;
	end_change(page);
}

int
ticket_key_make(struct ticket_key *key)
{
	ssize_t n;

	do {
		n = getrandom(key, sizeof *key, 0); /* so few come whole */
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof *key)
		return 0;
	if (n >= 0)
		errno = EIO;
	return -1;
}

void
ticket_key_parse(const uint8_t bytes[TICKET_KEY_FILE_BYTES], struct ticket_key *key)
{
	memcpy(key->name, bytes, sizeof key->name);
	memcpy(key->mac, bytes + sizeof key->name, sizeof key->mac);
	memcpy(key->cipher, bytes + sizeof key->name + sizeof key->mac, sizeof key->cipher);
}

/* The one at a place of the list, or that of a name when there is one. Its place is returned, or
 * TICKET_KEYS_MAX. What is copied is used only when nothing was written meanwhile. */
static size_t
copy_key(const struct page *page, const uint8_t *name, struct ticket_key *out)
{
	int tries;

	for (tries = 0; tries < READ_TRIES; tries++) {
		uint32_t before = atomic_load_explicit(&page->sequence, memory_order_acquire);
		size_t count = page->count, i;

		for (i = 0; i < count && i < TICKET_KEYS_MAX; i++) {
			*out = page->keys[i];
			if (name == NULL || memcmp(out->name, name, sizeof out->name) == 0)
				break;
		}
		atomic_thread_fence(memory_order_acquire);
		if (before % 2 == 0 &&
		    atomic_load_explicit(&page->sequence, memory_order_relaxed) == before)
			return i < count ? i : TICKET_KEYS_MAX;
	}
	return TICKET_KEYS_MAX;
}

bool
ticket_keys_newest(const struct ticket_keys *keys, struct ticket_key *key_out)
{
	return copy_key(keys->page, NULL, key_out) < TICKET_KEYS_MAX;
}

bool
ticket_keys_find(const struct ticket_keys *keys, const uint8_t name[TICKET_KEY_NAME_BYTES],
    struct ticket_key *key_out, bool *is_newest_out)
{
	size_t at = copy_key(keys->page, name, key_out);

	*is_newest_out = at == 0;
	return at < TICKET_KEYS_MAX;
}
