/* SPDX-License-Identifier: BSD-2-Clause */
/* gzip (RFC 1952) by zlib. Workers, unprivileged. Rule: all that zlib asks for comes from an arena
 * mapped at the first use, and a further stream of the same level asks for nothing.
 * Shown by test_codec.c. */
#include "workers/handler/codec.h"

#ifdef HAVE_ZLIB

#include <zlib.h>

#include "workers/mem/arena.h"

#define WINDOW_BITS (15 + 16)        /* 32 KiB, and +16: in a gzip wrapper (zlib.h) */
#define MEM_LEVEL 8
#define ARENA_BYTES (1024 * 1024)    /* zlib takes 268 KiB of it (zconf.h) */

/* A process compresses one answer at a time. */
static struct arena arena;
static z_stream stream;
static unsigned stream_level;        /* 0: there is no stream to use again */

static voidpf
take(voidpf opaque, uInt count, uInt bytes)
{
	return arena_alloc(opaque, (size_t)count * bytes);
}

static void
give_back(voidpf opaque, voidpf memory)
{
	(void)opaque;               /* all at once, when the arena is reset */
	(void)memory;
}

static bool
begin_anew(unsigned level)
{
	if (arena.base == NULL && arena_init(&arena, ARENA_BYTES) < 0)
		return false;
	arena_reset(&arena);
	stream = (z_stream){ .zalloc = take, .zfree = give_back, .opaque = &arena };
	if (deflateInit2(&stream, (int)level, Z_DEFLATED, WINDOW_BITS, MEM_LEVEL,
	    Z_DEFAULT_STRATEGY) != Z_OK) {
		stream_level = 0;
		return false;
	}
	stream_level = level;
	return true;
}

static bool
begin(unsigned level, uint64_t input_bytes)
{
	(void)input_bytes;          /* the window is small as it is */
	if (stream_level == level && deflateReset(&stream) == Z_OK)
		return true;
	return begin_anew(level);
}

static enum codec_result
run(struct codec_io *io, bool is_last)
{
	int result;

	stream.next_in = (z_const Bytef *)(uintptr_t)io->in; /* not written to, z_const or not */
	stream.avail_in = (uInt)io->in_bytes;
	stream.next_out = (Bytef *)io->out;
	stream.avail_out = (uInt)io->out_bytes;
	result = deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
	io->in += io->in_bytes - stream.avail_in;
	io->in_bytes = stream.avail_in;
	io->out += io->out_bytes - stream.avail_out;
	io->out_bytes = stream.avail_out;
	if (result == Z_STREAM_END)
		return CODEC_FINISHED;
	/* Z_BUF_ERROR: nothing could be done this time, which is no error. */
	return result == Z_OK || result == Z_BUF_ERROR ? CODEC_GOES_ON : CODEC_FAILED;
}

static void
end(void)
{
	/* The next stream resets it. */
}

const struct codec codec_gzip = { begin, run, end };

#else

const struct codec codec_gzip = { NULL, NULL, NULL };

#endif
