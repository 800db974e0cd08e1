/* SPDX-License-Identifier: BSD-2-Clause */
/* Describes a dead child. Runs in the master; the strings come from the child's slot and
 * are escaped by the log. Shown by test_crash.c and tests/integration/40-pool. */
#include "server/master/crash.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>

#include "server/base/signals.h"

const char *
crash_describe(const char *who, int pid, int wait_status, enum slot_phase phase,
    const struct slot_request *request, char *out, size_t cap)
{
	bool has_request = request->method[0] != '\0';
	const char *doing = phase != SLOT_HOLDING ? slot_phase_name(phase) :
	    has_request ? "answering" : "at work";
	char how[64], what[400];

	if (WIFSIGNALED(wait_status))
		(void)snprintf(how, sizeof how, "died of signal %d (%s)",
		    WTERMSIG(wait_status), signals_name(WTERMSIG(wait_status)));
	else
		(void)snprintf(how, sizeof how, "exited with status %d",
		    WEXITSTATUS(wait_status));
	if (has_request)
		(void)snprintf(what, sizeof what, "while %s \"%s %s\" %s %s",
		    doing, request->method, request->target,
		    phase == SLOT_SENDING ? "to" : "from", request->client);
	else if (request->client[0] != '\0' && phase != SLOT_IDLE)
		(void)snprintf(what, sizeof what, "while %s, connected to %s",
		    doing, request->client);
	else
		(void)snprintf(what, sizeof what, "while %s", doing);
	(void)snprintf(out, cap, "%s %d %s %s", who, pid, how, what);
	return out;
}
