/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP dates (RFC 9110 5.6.7): one form written, three read. No clock, no locale. */
#ifndef MUSTER_HTTP_DATE_H
#define MUSTER_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/mem/slice.h"

#define HTTP_DATE_BYTES 29      /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* Writes HTTP_DATE_BYTES and a NUL. time_s: seconds since 1970, years 1 to 9999. */
void http_date_format(int64_t time_s, char out[HTTP_DATE_BYTES + 1]);
/* IMF-fixdate, RFC 850 and asctime forms, exact. now_s settles RFC 850's two-digit
 * years (more than 50 years ahead means the past). False: not a date; the caller then
 * ignores the field. */
bool http_date_parse(struct slice text, int64_t now_s, int64_t *time_s_out);

#endif
