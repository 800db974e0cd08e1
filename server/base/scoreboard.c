/* SPDX-License-Identifier: BSD-2-Clause */
/* The scoreboard's memory: mapping, slots, seqlock. Leaves what the numbers mean to
 * server/master/census.c, the rings to server/base/logring.c. Master and children; no rights
 * needed. Rules: a slot is pages of its own and a child keeps only those; nothing a child can
 * write is ever used as an index, a length or a pid. All slots there can be are mapped at once,
 * in a file with holes, so that the board can grow under running children: what is never
 * touched is only address space. Shown by test_scoreboard.c. */
#include "server/base/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/unforked.h"

#define MAGIC 0x6d757374u           /* "must" */
#define VERSION 2u
#define LEAST_SLOTS 256u            /* with less room than that there is no server */

/* Who has which slot. The master writes it before each fork, and no child ever reads it. */
struct ledger {
	uint32_t slot_high;         /* that were ever claimed; the master's own note of it */
	uint32_t free_count;
	uint32_t free_slots[];      /* stack: the slot used last is the warmest */
};

/* Not written to after scoreboard_new(), so that a child's is the master's. */
struct scoreboard {
	size_t page_bytes, stride_bytes; /* a slot's page and its ring */
	char *base;                 /* header as workers see it, sockets, slots */
	struct scoreboard_header *header; /* master, logger: to write; others: base */
	size_t sockets_offset, slots_offset, total_bytes;
	int fd;                     /* of sockets and slots, master only */
	uint32_t slot_cap;          /* that are mapped */
	struct ledger *ledger;      /* master only */
	struct scoreboard *kept;    /* of a worker or keeper: a board of its slot alone, which
	                             * every index names */
	size_t kept_bytes;          /* mapped at kept->base, and a page behind it that
	                             * stays out of bounds */
};

static size_t
round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

/* Address space for everything, with room for slot_cap slots. */
static int
reserve(struct scoreboard *board, uint32_t slot_cap)
{
	board->slot_cap = slot_cap;
	board->total_bytes = board->slots_offset + (size_t)slot_cap * board->stride_bytes;
	board->base = mmap(NULL, board->total_bytes, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return board->base == MAP_FAILED ? -1 : 0;
}

/* Sockets and slots, behind the header's place. Sealed, so that they can never be cut off from
 * under those who have them mapped. */
static int
map_slots(struct scoreboard *board)
{
	size_t bytes = board->total_bytes - board->sockets_offset;
	void *got;

	board->fd = memfd_create("muster-slots", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (board->fd < 0 || ftruncate(board->fd, (off_t)bytes) < 0 ||
	    fcntl(board->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -1;
	got = mmap(board->base + board->sockets_offset, bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE | MAP_FIXED, board->fd, 0);
	if (got == MAP_FAILED)
		return -1;
	/* A core dump would fill every hole. */
	(void)madvise(got, bytes, MADV_DONTDUMP);
	return 0;
}

static void
unmap(struct scoreboard *board)
{
	if (board->base != MAP_FAILED)
		(void)munmap(board->base, board->total_bytes);
	board->base = MAP_FAILED;
	if (board->fd >= 0)
		(void)close(board->fd);
	board->fd = -1;
}

/* The place for what a child keeps, beside all else that is mapped by now: a child needs no page
 * tables there that it has not for its libraries. */
static struct scoreboard *
reserve_kept(const struct scoreboard *board, size_t bytes)
{
	struct scoreboard *kept = malloc(sizeof *kept);

	if (kept == NULL)
		return NULL;
	*kept = *board;
	kept->base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	    -1, 0);
	kept->header = (struct scoreboard_header *)(void *)kept->base;
	kept->stride_bytes = 0;
	if (kept->base != MAP_FAILED)
		return kept;
	free(kept);
	return NULL;
}

/* Where the administrator has limited address space or the size of files, there are fewer
 * slots. */
static int
map_as_many_as_can_be(struct scoreboard *board)
{
	uint32_t slot_cap = SCOREBOARD_SLOT_MAX;

	while (reserve(board, slot_cap) < 0 || map_slots(board) < 0) {
		int saved_errno = errno;

		unmap(board);
		errno = saved_errno;
		slot_cap /= 2;
		if (slot_cap < LEAST_SLOTS)
			return -1;
	}
	return 0;
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

static size_t
ledger_bytes(const struct scoreboard *board)
{
	return sizeof *board->ledger + board->slot_cap * sizeof board->ledger->free_slots[0];
}

struct scoreboard *
scoreboard_new(void)
{
	struct scoreboard *board = calloc(1, sizeof *board);

	if (board == NULL)
		return NULL;
	board->base = MAP_FAILED;
	board->fd = -1;
	board->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	bug_if(sizeof(struct scoreboard_slot) > board->page_bytes, "a slot outgrew its page");
	bug_if(sizeof(struct scoreboard_header) > board->page_bytes, "the header outgrew its page");
	board->stride_bytes = board->page_bytes + round_up(LOGRING_BYTES, board->page_bytes);
	board->sockets_offset = board->page_bytes;
	board->slots_offset = board->sockets_offset +
	    round_up(SCOREBOARD_SOCKET_MAX * sizeof(struct scoreboard_socket), board->page_bytes);
	board->kept_bytes = board->slots_offset + board->stride_bytes + board->page_bytes;
	board->kept = reserve_kept(board, board->kept_bytes);
	if (board->kept == NULL || map_as_many_as_can_be(board) < 0 || map_header(board) < 0)
		goto fail;
	board->kept->slot_cap = board->slot_cap;
	board->ledger = unforked_new(ledger_bytes(board));
	if (board->ledger == NULL)
		goto fail;
	scoreboard_header(board)->magic = MAGIC;
	scoreboard_header(board)->version = VERSION;
	return board;
fail:
	scoreboard_free(&board);
	return NULL;
}

void
scoreboard_free(struct scoreboard **scoreboard)
{
	struct scoreboard *board = *scoreboard;
	int saved_errno = errno;

	if (board == NULL)
		return;
	if (board->header != NULL && (char *)board->header != board->base)
		(void)munmap(board->header, board->page_bytes);
	unmap(board);
	if (board->kept != NULL)
		(void)munmap(board->kept->base, board->kept_bytes);
	free(board->kept);
	unforked_free(board->ledger, ledger_bytes(board));
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

static char *
slot_address(const struct scoreboard *board, uint32_t slot_index)
{
	bug_if(slot_index >= board->slot_cap, "no such slot");
	return board->base + board->slots_offset + (size_t)slot_index * board->stride_bytes;
}

struct scoreboard_slot *
scoreboard_slot(struct scoreboard *board, uint32_t slot_index)
{
	return (struct scoreboard_slot *)(void *)slot_address(board, slot_index);
}

void
scoreboard_ring(struct scoreboard *board, uint32_t slot_index, struct logring *ring)
{
	ring->shared = &scoreboard_slot(board, slot_index)->ring;
	ring->data = slot_address(board, slot_index) + board->page_bytes;
}

uint32_t
scoreboard_slot_count(struct scoreboard *board)
{
	uint32_t count = atomic_load_explicit(&board->header->slot_high, memory_order_relaxed);

	return count < board->slot_cap ? count : board->slot_cap;
}

uint32_t
scoreboard_claim(struct scoreboard *board, uint32_t generation, uint32_t socket_index)
{
	struct ledger *ledger = board->ledger;
	struct scoreboard_slot *slot;
	uint32_t slot_index;

	if (ledger->free_count > 0) {
		slot_index = ledger->free_slots[--ledger->free_count];
	} else if (ledger->slot_high < board->slot_cap) {
		slot_index = ledger->slot_high++;
		atomic_store_explicit(&board->header->slot_high, ledger->slot_high,
		    memory_order_relaxed);
	} else {
		errno = ENOSPC;
		return SCOREBOARD_SLOT_NONE;
	}
	slot = scoreboard_slot(board, slot_index);
	memset(slot, 0, offsetof(struct scoreboard_slot, ring));
	slot->generation = generation;
	slot->socket_index = socket_index;
	atomic_store_explicit(&slot->phase, SLOT_STARTING, memory_order_relaxed);
	return slot_index;
}

void
scoreboard_release(struct scoreboard *board, uint32_t slot_index)
{
	struct ledger *ledger = board->ledger;

	atomic_store_explicit(&scoreboard_slot(board, slot_index)->phase, SLOT_FREE,
	    memory_order_relaxed);
	bug_if(ledger->free_count >= ledger->slot_high, "a slot released twice");
	ledger->free_slots[ledger->free_count++] = slot_index;
}

static int
move(void *from, void *to, size_t bytes)
{
	return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED ?
	    -1 : 0;
}

struct scoreboard *
scoreboard_keep_only(struct scoreboard *board, uint32_t slot_index)
{
	struct scoreboard *kept = board->kept;
	size_t sockets_offset = board->sockets_offset, slots_offset = board->slots_offset;

	if (move(board->base, kept->base, board->page_bytes) < 0 ||
	    move(board->base + sockets_offset, kept->base + sockets_offset,
	    slots_offset - sockets_offset) < 0 ||
	    move(slot_address(board, slot_index), kept->base + slots_offset,
	    board->stride_bytes) < 0 ||
	    munmap(board->base, board->total_bytes) < 0 ||
	    munmap(board->header, board->page_bytes) < 0)
		return NULL;
	return kept;
}

int
scoreboard_keep_for_logger(struct scoreboard *board)
{
	return munmap(board->base + board->sockets_offset,
	    board->slots_offset - board->sockets_offset);
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
		[SLOT_HOLDING] = "holding",
		[SLOT_LEAVING] = "leaving",
	};

	return phase < SLOT_PHASE_COUNT ? names[phase] : "unknown";
}
