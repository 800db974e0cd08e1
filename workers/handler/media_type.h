/* SPDX-License-Identifier: BSD-2-Clause */
/* Media types of files: by the extension, as the scope and then the system have it. Pure. */
#ifndef MUSTER_HANDLER_MEDIA_TYPE_H
#define MUSTER_HANDLER_MEDIA_TYPE_H

#include "workers/handler/answer.h"

/* The Content-Type of a file, with its charset; empty: none is sent. name: a path will do, its
 * last segment counts. *media_type_out: the same without parameters. Both live as long as
 * the configuration and the exchange. */
struct slice media_type_choose(const struct exchange *exchange, struct slice name,
    struct slice *media_type_out);
/* Whether the extension says it, so that default_type is not needed. */
bool media_type_is_known(const struct exchange *exchange, struct slice name);
/* pattern: "text/css" itself, "text/" and all of text, "" and everything. */
bool media_type_fits(const char *pattern, struct slice media_type);
/* One of several patterns. An unknown type, which is empty, fits none. */
bool media_type_is_among(const struct config_texts *patterns, struct slice media_type);

#endif
