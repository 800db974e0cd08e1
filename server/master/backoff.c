/* SPDX-License-Identifier: BSD-2-Clause */
/* The doubling wait after failures. Runs in the master. Shown by test_backoff.c. */
#include "server/master/backoff.h"

#define FIRST_DELAY_MS 100u
#define DELAY_MAX_MS 30000u

unsigned
backoff_failed(struct backoff *backoff, int64_t now_mono_ms)
{
	if (backoff_is_waiting(backoff, now_mono_ms))
		return 0;
	if (backoff->delay_ms == 0)
		backoff->delay_ms = FIRST_DELAY_MS;
	else if (backoff->delay_ms < DELAY_MAX_MS / 2)
		backoff->delay_ms *= 2;
	else
		backoff->delay_ms = DELAY_MAX_MS;
	backoff->until_mono_ms = now_mono_ms + backoff->delay_ms;
	return backoff->delay_ms;
}

void
backoff_succeeded(struct backoff *backoff)
{
	backoff->delay_ms = 0;
	backoff->until_mono_ms = 0;
}

bool
backoff_is_waiting(const struct backoff *backoff, int64_t now_mono_ms)
{
	return backoff->delay_ms > 0 && now_mono_ms < backoff->until_mono_ms;
}
