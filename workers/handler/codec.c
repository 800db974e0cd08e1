/* SPDX-License-Identifier: BSD-2-Clause */
/* Which codings there are. Leaves each to the file of its library. Workers, unprivileged; pure.
 * Shown by test_codec.c. */
#include "workers/handler/codec.h"

const struct codec *
codec_find(enum config_coding coding)
{
	const struct codec *codec = NULL;

	switch (coding) {
	case CONFIG_CODING_GZIP:
		codec = &codec_gzip;
		break;
	case CONFIG_CODING_BR:
		codec = &codec_brotli;
		break;
	case CONFIG_CODING_ZSTD:
		codec = &codec_zstd;
		break;
	}
	return codec != NULL && codec->begin != NULL ? codec : NULL;
}

bool
codec_is_built(enum config_coding coding)
{
	return codec_find(coding) != NULL;
}
