/* SPDX-License-Identifier: BSD-2-Clause */
/* The interval timer of a worker (setitimer(2), SIGALRM). Shown by the send time limit in
 * tests/integration/10-protocol. */
#include "workers/io/heartbeat.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

#include "server/base/own_page.h"

static OWN_PAGE bool is_running;

static void
set_interval(long seconds)
{
	const struct itimerval interval = { { seconds, 0 }, { seconds, 0 } };

	(void)setitimer(ITIMER_REAL, &interval, NULL);
	is_running = seconds > 0;
}

void
heartbeat_need(void)
{
	if (!is_running)
		set_interval(1);
}

void
heartbeat_rest(void)
{
	if (is_running)
		set_interval(0);
}
