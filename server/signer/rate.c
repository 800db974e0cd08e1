/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts for the log. Leaves logging to signer.c. Rule: nothing that happens is not told in the
 * end, but a flood is one line a minute. Shown by test_rate.c. */
#include "server/signer/rate.h"

#include <stdio.h>

static bool
is_empty(const struct rate *rate)
{
	return rate->signed_count == 0 && rate->refused_count == 0;
}

bool
rate_tell(struct rate *rate, int64_t now_ms, bool is_last, char *out, size_t cap, bool *is_odd_out)
{
	if (is_empty(rate))
		return false;
	if (rate->due_mono_ms == 0)
		rate->due_mono_ms = now_ms + RATE_QUIET_MS;
	if (!is_last && now_ms < rate->due_mono_ms)
		return false;
	(void)snprintf(out, cap, "signer: %llu signatures, %llu refused",
	    (unsigned long long)rate->signed_count, (unsigned long long)rate->refused_count);
	*is_odd_out = rate->refused_count > 0;
	*rate = (struct rate){ 0, 0, 0 };
	return true;
}

int
rate_wait_ms(const struct rate *rate, int64_t now_ms)
{
	if (is_empty(rate) || rate->due_mono_ms == 0)
		return -1;
	return now_ms >= rate->due_mono_ms ? 0 : (int)(rate->due_mono_ms - now_ms);
}
