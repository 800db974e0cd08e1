/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks. Neither is a system call where the vDSO has them (clock_gettime(2)). */
#ifndef MUSTER_BASE_CLOCK_H
#define MUSTER_BASE_CLOCK_H

#include <stdint.h>

/* Since some point in the past, never set back: for durations and deadlines. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* Since 1970, as the administrator set it: for logs and HTTP dates. */
int64_t clock_wall_us(void);
int64_t clock_wall_s(void);

#endif
