/* SPDX-License-Identifier: BSD-2-Clause */
/* How much a client may ask for that is no work: frames that cost us something and move nothing
 * on, such as PING, SETTINGS and resets. A bucket that time fills slowly and useful work fills
 * faster. Pure: the time is an argument. */
#ifndef MUSTER_HTTP2_BUDGET_H
#define MUSTER_HTTP2_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define H2_BUDGET_MAX 4000          /* what a client may spend at once */
#define H2_BUDGET_PER_S 200
#define H2_COST_FRAME 1             /* PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA */
#define H2_COST_RESET 20            /* a request for nothing, whoever resets it */
#define H2_GAIN_DATA 4              /* a DATA frame sent: its window is given back in one or two */
#define H2_GAIN_ANSWER 20           /* a whole answer sent */

struct h2_budget {                  /* caller's storage */
	int64_t left;
	int64_t filled_mono_ms;
};

void h2_budget_init(struct h2_budget *budget, int64_t now_mono_ms);
/* False: there is no more of it. */
bool h2_budget_spend(struct h2_budget *budget, unsigned cost, int64_t now_mono_ms);
void h2_budget_earn(struct h2_budget *budget, unsigned gain);

#endif
