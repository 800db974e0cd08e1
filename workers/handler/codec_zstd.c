/* SPDX-License-Identifier: BSD-2-Clause */
/* zstd (RFC 8878) by libzstd, of which only the stable interface is used: what would let it work
 * in memory of ours is declared unfit for a shared library (zstd.h). Workers, unprivileged.
 * Rule: a context is made at the first use and never changes its size afterwards. So all
 * parameters that decide about memory are set here, and the library is not told how large the
 * content is, which it would fit its tables to. Shown by test_codec.c. */
#include "workers/handler/codec.h"

#ifdef HAVE_ZSTD

#include <zstd.h>

#define OWN_TABLES_LEVEL 3           /* beyond, the library's own are too large: 84 MiB for 19 */

/* Small content is worked on faster in small tables. Each class has a context of its own,
 * as one that is too large for long is made anew by the library. */
static const struct {
	int window_log, hash_log, chain_log;
} sizes[] = {
	{ 16, 15, 15 },             /* 0.7 MiB */
	{ 19, 18, 18 },             /* 3.3 MiB; up to OWN_TABLES_LEVEL 2 MiB */
};
enum { SMALL, LARGE };

/* A process compresses one answer at a time. */
static ZSTD_CCtx *contexts[2];
static ZSTD_CCtx *context;

static bool
set(ZSTD_cParameter parameter, int value)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value));
}

static bool
set_parameters(unsigned level, int class)
{
	if (!set(ZSTD_c_compressionLevel, (int)level) ||
	    !set(ZSTD_c_windowLog, sizes[class].window_log))
		return false;
	if (class == LARGE && level <= OWN_TABLES_LEVEL)
		return true;
	return set(ZSTD_c_hashLog, sizes[class].hash_log) &&
	    set(ZSTD_c_chainLog, sizes[class].chain_log);
}

static bool
begin(unsigned level, uint64_t input_bytes)
{
	int class = input_bytes <= CODEC_SMALL_BYTES ? SMALL : LARGE;
	ZSTD_inBuffer nothing = { "", 0, 0 };
	ZSTD_outBuffer nowhere = { &(char){ 0 }, 0, 0 };

	if (contexts[class] == NULL)
		contexts[class] = ZSTD_createCCtx();
	context = contexts[class];
	if (context == NULL)
		return false;
	if (ZSTD_isError(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)))
		return false;
	/* The first call sets up the tables. Were it the last as well, it would tell the size. */
	return set_parameters(level, class) &&
	    !ZSTD_isError(ZSTD_compressStream2(context, &nowhere, &nothing, ZSTD_e_continue));
}

static enum codec_result
run(struct codec_io *io, bool is_last)
{
	ZSTD_inBuffer in = { io->in, io->in_bytes, 0 };
	ZSTD_outBuffer out = { io->out, io->out_bytes, 0 };
	size_t left = ZSTD_compressStream2(context, &out, &in,
	    is_last ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left))
		return CODEC_FAILED;
	io->in += in.pos;
	io->in_bytes -= in.pos;
	io->out += out.pos;
	io->out_bytes -= out.pos;
	return is_last && left == 0 ? CODEC_FINISHED : CODEC_GOES_ON;
}

static void
end(void)
{
	context = NULL;             /* it is reset when it is used again */
}

const struct codec codec_zstd = { begin, run, end };

#else

const struct codec codec_zstd = { NULL, NULL, NULL };

#endif
