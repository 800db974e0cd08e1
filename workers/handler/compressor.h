/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the content of an answer through a codec. */
#ifndef MUSTER_HANDLER_COMPRESSOR_H
#define MUSTER_HANDLER_COMPRESSOR_H

#include "workers/handler/answer.h"
#include "workers/handler/codec.h"

/* Replaces the content, and no field. False: the answer is as it was, since the content would not
 * become smaller, or there is no memory for it. Up to CODEC_SMALL_BYTES it is done at once, else
 * the answer gets a source. */
bool compressor_run(const struct exchange *exchange, struct answer *answer,
    const struct codec *codec, unsigned level);

#endif
