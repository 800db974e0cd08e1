/* SPDX-License-Identifier: BSD-2-Clause */
/* The scoreboard's memory: mapping, slots, seqlock. Leaves what the numbers mean to
 * server/master/census.c. Master and workers; no rights needed. Rules: a slot is a page
 * and a worker keeps only its own; nothing a worker can write is ever used as an index,
 * a length or a pid. Address space for all slots is reserved at once and filled a
 * segment at a time, so that the board can grow under running workers.
 * Shown by test_scoreboard.c. */
#include "server/base/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/base/log.h"

#define MAGIC 0x6d757374u           /* "must" */
#define VERSION 1u
#define SEGMENT_SLOTS 256u

struct scoreboard {
	size_t page_bytes;
	char *base;                 /* header as workers see it, sockets, slots */
	struct scoreboard_header *header; /* master: to write; worker: base */
	size_t sockets_offset, slots_offset, total_bytes;
	uint32_t mapped_slot_count;
	uint32_t *free_slots;       /* stack: the slot used last is the warmest */
	uint32_t free_count;
};

static size_t
round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

static int
map_shared(char *at, size_t bytes)
{
	void *got = mmap(at, bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return got == MAP_FAILED ? -1 : 0;
}

/* The header in a sealed file: what is mapped after the seal can never be made writable
 * again, so that a hostile worker cannot write what all the others read. */
static int
map_header(struct scoreboard *board)
{
	int fd = memfd_create("muster-header", MFD_CLOEXEC | MFD_ALLOW_SEALING), result = -1;
	void *writable, *readable;

	if (fd < 0 || ftruncate(fd, (off_t)board->page_bytes) < 0)
		goto out;
	writable = mmap(NULL, board->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (writable == MAP_FAILED)
		goto out;
	board->header = writable;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE) < 0)
		goto out;
	readable = mmap(board->base, board->page_bytes, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	result = readable == MAP_FAILED ? -1 : 0;
out:
	if (fd >= 0)
		(void)close(fd);
	return result;
}

struct scoreboard *
scoreboard_new(void)
{
	struct scoreboard *board = calloc(1, sizeof *board);

	if (board == NULL)
		return NULL;
	board->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	bug_if(sizeof(struct scoreboard_slot) > board->page_bytes, "a slot outgrew its page");
	bug_if(sizeof(struct scoreboard_header) > board->page_bytes, "the header outgrew its page");
	board->sockets_offset = board->page_bytes;
	board->slots_offset = board->sockets_offset +
	    round_up(SCOREBOARD_SOCKET_MAX * sizeof(struct scoreboard_socket), board->page_bytes);
	board->total_bytes = board->slots_offset + (size_t)SCOREBOARD_SLOT_MAX * board->page_bytes;
	board->base = mmap(NULL, board->total_bytes, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (board->base == MAP_FAILED) {
		free(board);
		return NULL;
	}
	if (map_header(board) < 0 || map_shared(board->base + board->sockets_offset,
	    board->slots_offset - board->sockets_offset) < 0) {
		scoreboard_free(&board);
		return NULL;
	}
	scoreboard_header(board)->magic = MAGIC;
	scoreboard_header(board)->version = VERSION;
	return board;
}

void
scoreboard_free(struct scoreboard **scoreboard)
{
	struct scoreboard *board = *scoreboard;
	int saved_errno = errno;

	if (board == NULL)
		return;
	(void)munmap(board->base, board->total_bytes);
	if (board->header != NULL && (char *)board->header != board->base)
		(void)munmap(board->header, board->page_bytes);
	free(board->free_slots);
	free(board);
	*scoreboard = NULL;
	errno = saved_errno;
}

struct scoreboard_header *
scoreboard_header(struct scoreboard *board)
{
	return board->header;
}

struct scoreboard_socket *
scoreboard_socket(struct scoreboard *board, uint32_t socket_index)
{
	bug_if(socket_index >= SCOREBOARD_SOCKET_MAX, "no such socket line");
	return (struct scoreboard_socket *)(void *)(board->base + board->sockets_offset) +
	    socket_index;
}

struct scoreboard_slot *
scoreboard_slot(struct scoreboard *board, uint32_t slot_index)
{
	bug_if(slot_index >= board->mapped_slot_count, "no such slot");
	return (struct scoreboard_slot *)(void *)(board->base + board->slots_offset +
	    (size_t)slot_index * board->page_bytes);
}

/* A failed MAP_FIXED may have taken away what was there: nobody else may move in. */
static void
reserve_again(struct scoreboard *board, uint32_t first)
{
	int saved_errno = errno;

	(void)mmap(board->base + board->slots_offset + (size_t)first * board->page_bytes,
	    (size_t)SEGMENT_SLOTS * board->page_bytes, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	errno = saved_errno;
}

static int
add_segment(struct scoreboard *board)
{
	uint32_t first = board->mapped_slot_count, i;
	uint32_t *grown;

	if (first + SEGMENT_SLOTS > SCOREBOARD_SLOT_MAX) {
		errno = ENOSPC;
		return -1;
	}
	grown = realloc(board->free_slots, (first + SEGMENT_SLOTS) * sizeof *grown);
	if (grown == NULL)
		return -1;
	board->free_slots = grown;
	if (map_shared(board->base + board->slots_offset + (size_t)first * board->page_bytes,
	    (size_t)SEGMENT_SLOTS * board->page_bytes) < 0) {
		reserve_again(board, first);
		return -1;
	}
	board->mapped_slot_count += SEGMENT_SLOTS;
	for (i = 0; i < SEGMENT_SLOTS; i++) /* lowest on top */
		board->free_slots[board->free_count++] = first + SEGMENT_SLOTS - 1 - i;
	return 0;
}

uint32_t
scoreboard_claim(struct scoreboard *board, uint32_t generation, uint32_t socket_index)
{
	struct scoreboard_slot *slot;
	uint32_t slot_index;

	if (board->free_count == 0 && add_segment(board) < 0)
		return SCOREBOARD_SLOT_NONE;
	slot_index = board->free_slots[--board->free_count];
	slot = scoreboard_slot(board, slot_index);
	memset(slot, 0, sizeof *slot);
	slot->generation = generation;
	slot->socket_index = socket_index;
	atomic_store_explicit(&slot->phase, SLOT_STARTING, memory_order_relaxed);
	return slot_index;
}

void
scoreboard_release(struct scoreboard *board, uint32_t slot_index)
{
	atomic_store_explicit(&scoreboard_slot(board, slot_index)->phase, SLOT_FREE,
	    memory_order_relaxed);
	bug_if(board->free_count >= board->mapped_slot_count, "a slot released twice");
	board->free_slots[board->free_count++] = slot_index;
}

int
scoreboard_keep_only(struct scoreboard *board, uint32_t slot_index)
{
	char *own = (char *)scoreboard_slot(board, slot_index);
	char *slots = board->base + board->slots_offset;
	char *end = board->base + board->total_bytes;

	if (own > slots && munmap(slots, (size_t)(own - slots)) < 0)
		return -1;
	if (own + board->page_bytes < end &&
	    munmap(own + board->page_bytes, (size_t)(end - own) - board->page_bytes) < 0)
		return -1;
	if (munmap(board->header, board->page_bytes) < 0)
		return -1;
	board->header = (struct scoreboard_header *)(void *)board->base;
	return 0;
}

void
slot_set_phase(struct scoreboard_slot *slot, enum slot_phase phase, int64_t now_mono_ms)
{
	atomic_store_explicit(&slot->phase_since_mono_ms, now_mono_ms, memory_order_relaxed);
	atomic_store_explicit(&slot->phase, (uint32_t)phase, memory_order_relaxed);
}

/* Seqlock, writer's side: the release fence keeps the text behind the odd number, the
 * release store keeps it before the even one. */
static void
begin_change(struct scoreboard_slot *slot)
{
	uint32_t sequence = atomic_load_explicit(&slot->request_sequence, memory_order_relaxed);

	atomic_store_explicit(&slot->request_sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void
end_change(struct scoreboard_slot *slot)
{
	uint32_t sequence = atomic_load_explicit(&slot->request_sequence, memory_order_relaxed);

	atomic_store_explicit(&slot->request_sequence, sequence + 1, memory_order_release);
}

static void
copy_cut(char *out, size_t cap, const char *text, size_t bytes)
{
	if (bytes >= cap)
		bytes = cap - 1;
	if (bytes > 0)
		memcpy(out, text, bytes);
	out[bytes] = '\0';
}

void
slot_set_client(struct scoreboard_slot *slot, const char *client)
{
	begin_change(slot);
	copy_cut(slot->request.client, sizeof slot->request.client, client, strlen(client));
	slot->request.method[0] = '\0';
	slot->request.target[0] = '\0';
	end_change(slot);
}

void
slot_set_request(struct scoreboard_slot *slot, const char *method, size_t method_bytes,
    const char *target, size_t target_bytes)
{
	begin_change(slot);
	copy_cut(slot->request.method, sizeof slot->request.method, method, method_bytes);
	copy_cut(slot->request.target, sizeof slot->request.target, target, target_bytes);
	end_change(slot);
}

void
slot_clear_request(struct scoreboard_slot *slot)
{
	slot_set_request(slot, "", 0, "", 0);
}

/* A worker may be killed between any two instructions, and then they count in the order they
 * were written in: the fences hold back the compiler, no other is needed for that. */
void
slot_set_client_key(struct scoreboard_slot *slot, uint64_t key)
{
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&slot->client_key, key, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

uint64_t
slot_get_client_key(const struct scoreboard_slot *slot)
{
	return atomic_load_explicit(&slot->client_key, memory_order_relaxed);
}

enum slot_phase
slot_get_phase(const struct scoreboard_slot *slot)
{
	uint32_t phase = atomic_load_explicit(&slot->phase, memory_order_relaxed);

	return phase < SLOT_PHASE_COUNT ? (enum slot_phase)phase : SLOT_LEAVING;
}

void
slot_copy_request(const struct scoreboard_slot *slot, struct slot_request *out)
{
	int tries;

	/* A writer that died half-way leaves the number odd for ever: take what is there. */
	for (tries = 0; tries < 100; tries++) {
		uint32_t before = atomic_load_explicit(&slot->request_sequence,
		    memory_order_acquire);
		uint32_t after;

		memcpy(out, &slot->request, sizeof *out);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&slot->request_sequence, memory_order_relaxed);
		if (before == after && before % 2 == 0)
			break;
	}
	out->method[sizeof out->method - 1] = '\0';
	out->target[sizeof out->target - 1] = '\0';
	out->client[sizeof out->client - 1] = '\0';
}

const char *
slot_phase_name(enum slot_phase phase)
{
	static const char *const names[SLOT_PHASE_COUNT] = {
		[SLOT_FREE] = "free",
		[SLOT_STARTING] = "starting",
		[SLOT_IDLE] = "idle",
		[SLOT_READING] = "reading",
		[SLOT_SENDING] = "sending",
		[SLOT_KEEPALIVE] = "keep-alive",
		[SLOT_CLOSING] = "closing",
		[SLOT_LEAVING] = "leaving",
	};

	return phase < SLOT_PHASE_COUNT ? names[phase] : "unknown";
}
