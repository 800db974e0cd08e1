/* SPDX-License-Identifier: BSD-2-Clause */
/* Content codings: one face for the libraries that compress. A process has one stream at a time,
 * and keeps the memory of the last one for the next. */
#ifndef MUSTER_HANDLER_CODEC_H
#define MUSTER_HANDLER_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define CODEC_SMALL_BYTES 65536      /* content up to here takes smaller windows and tables */
#define CODEC_BYTES_UNKNOWN UINT64_MAX

enum codec_result {
	CODEC_GOES_ON,              /* all input is taken, or the output is full */
	CODEC_FINISHED,
	CODEC_FAILED,               /* the library has refused; end() is all that may follow */
};

struct codec_io {               /* each less than 1 GiB; both move on */
	const char *in;
	size_t in_bytes;
	char *out;
	size_t out_bytes;
};

struct codec {
	/* Begins a stream. level: of the library, within what the configuration allows.
	 * input_bytes: all that will come, or CODEC_BYTES_UNKNOWN. False: not possible, nothing
	 * to end. Only the first one of a process, or of another level, asks the system for
	 * memory. */
	bool (*begin)(unsigned level, uint64_t input_bytes);
	/* is_last: nothing follows what io holds, and what it holds stays the same until the
	 * stream is finished. */
	enum codec_result (*run)(struct codec_io *io, bool is_last);
	void (*end)(void);
};

/* NULL: muster was built without its library. */
const struct codec *codec_find(enum config_coding coding);
bool codec_is_built(enum config_coding coding);

/* Each begin is NULL where the library is absent; for codec.c. */
extern const struct codec codec_brotli, codec_gzip, codec_zstd;

#endif
