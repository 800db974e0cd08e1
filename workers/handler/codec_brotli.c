/* SPDX-License-Identifier: BSD-2-Clause */
/* br (RFC 7932) by libbrotlienc. Workers, unprivileged. Rule: all that the library asks for comes
 * from an arena mapped at the first use; what it gives back it gets again, since a long stream
 * asks anew for each block. Shown by test_codec.c. */
#include "workers/handler/codec.h"

#ifdef HAVE_BROTLI

#include <brotli/encode.h>
#include <stdalign.h>

#include "workers/mem/arena.h"

#define SMALL_WINDOW_BITS 16
#define WINDOW_BITS 18
#define COSTLY_LEVEL 7               /* from here on some tables are of 8 to 32 MiB */
#define ARENA_BYTES (24 * 1024 * 1024) /* address space; levels below 7 use up to 9 MiB of it */
#define COSTLY_ARENA_BYTES (128 * 1024 * 1024)
#define KEEP_BYTES (4 * 1024 * 1024) /* for the next stream; enough for all small ones */

/* Blocks of a size are of one class, four classes to each doubling. */
#define CLASS_COUNT 96

struct block {                  /* what stands before the memory that is handed out */
	alignas(max_align_t) struct block *next;
	unsigned class;
};

/* A process compresses one answer at a time. */
static struct arena arena;
static struct block *free_blocks[CLASS_COUNT];
static BrotliEncoderState *state;

/* The smallest class that holds bytes, and what its blocks hold. */
static unsigned
find_class(size_t bytes, size_t *block_bytes_out)
{
	unsigned class;

	for (class = 0; class < CLASS_COUNT; class++) {
		*block_bytes_out = (size_t)(4 + class % 4) << (4 + class / 4);
		if (*block_bytes_out >= bytes)
			break;
	}
	return class;
}

static void *
take(void *opaque, size_t bytes)
{
	size_t block_bytes;
	unsigned class = find_class(bytes, &block_bytes);
	struct block *block;

	(void)opaque;
	if (class >= CLASS_COUNT)
		return NULL;
	block = free_blocks[class];
	if (block != NULL) {
		free_blocks[class] = block->next;
	} else {
		block = arena_alloc(&arena, sizeof *block + block_bytes);
		if (block == NULL)
			return NULL;
		block->class = class;
	}
	return block + 1;
}

static void
give_back(void *opaque, void *memory)
{
	struct block *block;

	(void)opaque;
	if (memory == NULL)
		return;
	block = (struct block *)memory - 1;
	block->next = free_blocks[block->class];
	free_blocks[block->class] = block;
}

static void
forget_blocks(void)
{
	unsigned class;

	for (class = 0; class < CLASS_COUNT; class++)
		free_blocks[class] = NULL;
	arena_trim(&arena, KEEP_BYTES);
	arena_reset(&arena);
}

static bool
map_arena(unsigned level)
{
	size_t bytes = level >= COSTLY_LEVEL ? COSTLY_ARENA_BYTES : ARENA_BYTES;

	if (arena.cap >= bytes)
		return true;
	arena_fini(&arena);
	return arena_init(&arena, bytes) == 0;
}

static bool
set_parameters(unsigned level, uint64_t input_bytes)
{
	bool is_small = input_bytes <= CODEC_SMALL_BYTES;
	uint32_t hint = input_bytes > UINT32_MAX ? 0 : (uint32_t)input_bytes;

	return BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, level) == BROTLI_TRUE &&
	    BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN,
	    is_small ? SMALL_WINDOW_BITS : WINDOW_BITS) == BROTLI_TRUE &&
	    BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, hint) == BROTLI_TRUE;
}

static void
end(void)
{
	BrotliEncoderDestroyInstance(state);
	state = NULL;
	forget_blocks();
}

static bool
begin(unsigned level, uint64_t input_bytes)
{
	if (!map_arena(level))
		return false;
	state = BrotliEncoderCreateInstance(take, give_back, NULL);
	if (state == NULL) {
		forget_blocks();
		return false;
	}
	if (!set_parameters(level, input_bytes)) {
		end();
		return false;
	}
	return true;
}

static enum codec_result
run(struct codec_io *io, bool is_last)
{
	const uint8_t *in = (const uint8_t *)io->in;
	uint8_t *out = (uint8_t *)io->out;

	if (BrotliEncoderCompressStream(state,
	    is_last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS,
	    &io->in_bytes, &in, &io->out_bytes, &out, NULL) != BROTLI_TRUE)
		return CODEC_FAILED;
	io->in = (const char *)in;
	io->out = (char *)out;
	return BrotliEncoderIsFinished(state) == BROTLI_TRUE ? CODEC_FINISHED : CODEC_GOES_ON;
}

const struct codec codec_brotli = { begin, run, end };

#else

const struct codec codec_brotli = { NULL, NULL, NULL };

#endif
