/* SPDX-License-Identifier: BSD-2-Clause */
/* The time of an access log record as text, made once a second and not for every record.
 * Pure: the time is an argument, the storage the caller's. */
#ifndef MUSTER_CONN_LOG_CLOCK_H
#define MUSTER_CONN_LOG_CLOCK_H

#include <stdint.h>

#define LOG_CLOCK_CLF_BYTES 28
#define LOG_CLOCK_RFC3339_BYTES 29
#define LOG_CLOCK_MS_OFFSET 20  /* of the three digits of milliseconds in rfc3339 */

struct log_clock {              /* zeroed: no second yet */
	int64_t wall_s;         /* that the texts are of */
	int utc_offset_min;
	char clf[LOG_CLOCK_CLF_BYTES];          /* [10/Oct/2000:13:55:36 -0700], no NUL */
	char rfc3339[LOG_CLOCK_RFC3339_BYTES];  /* 2000-10-10T13:55:36.000-07:00, no NUL */
};

/* wall_s is brought into the years 1970 to 9999; utc_offset_min: east of UTC, less than a day. */
void log_clock_set(struct log_clock *clock, int64_t wall_s, int utc_offset_min);

#endif
