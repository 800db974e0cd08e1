/* SPDX-License-Identifier: BSD-2-Clause */
/* Times and sizes as config timefmt and sizefmt of server-side includes ask for. */
#ifndef MUSTER_HANDLER_SSI_FORMAT_H
#define MUSTER_HANDLER_SSI_FORMAT_H

#include "workers/handler/content.h"

#define SSI_TIMEFMT SLICE_LITERAL("%A, %d-%b-%Y %H:%M:%S %Z") /* Apache's */

/* As strftime(3) has it, in the zone of the system or in GMT; "%s" counts seconds in both.
 * Empty: the format is too long, or gives more than SSI_TIME_MAX_BYTES. */
#define SSI_TIME_MAX_BYTES 1024
struct slice ssi_format_time(struct arena *arena, struct slice format, int64_t time_s,
    bool is_gmt);
/* "1,234,567" when all bytes are wanted, else "1.2M". */
void ssi_format_size(struct content *out, uint64_t bytes, bool is_exact);

#endif
