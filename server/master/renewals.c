/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates that were renewed come into force without a reload: a throw-away child tries the
 * files, and the configuration in force is opened once more with them, as a reload opens another
 * one. Leaves to watch.c when to try, to reload.c the child, to switch.c the switch. Master only.
 * Rules: the configuration's files are not read; what comes into force is what the child has found
 * good, since the files are the same before it looks and after they are read; a pair that is no
 * good is kept as it was, holds up no other one, and is one line in the log. Shown by
 * tests/integration/70-tls (test_renewal). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/master/state.h"

static void
refuse(struct master *master, const char *reason, int64_t now_ms)
{
	if (reason != NULL && !watch_was_refused(&master->watch))
		log_error("certificates: kept the old ones: %s", reason);
	watch_refuse(&master->watch, now_ms);
}

void
renewals_tend(struct master *master, int64_t now_ms)
{
	const struct config *config = master->generation->config;
	struct watch *watch = &master->watch;

	if (master->phase != MASTER_RUNNING || master->retires_old || master->reload.pid != 0 ||
	    config->certificate_count == 0 || config->tls.watch_interval_s == 0 ||
	    !watch_is_due(watch, now_ms))
		return;
	if (!watch_look(watch, watch_fingerprint(config),
	    (int64_t)config->tls.watch_interval_s * 1000, now_ms))
		return;
	log_info("certificates: files have changed, trying them");
	if (reload_start_renewal(&master->reload, config, &master->generation->credentials,
	    master->generation->pair_fingerprints, master->options->tls,
	    watch_was_refused(watch), now_ms) < 0)
		refuse(master, strerror(errno), now_ms);
}

void
renewals_finish(struct master *master, int wait_status, int64_t now_ms)
{
	struct config *config = master->generation->config;
	struct generation *next;
	char errbuf[512];
	bool is_good = reload_finish(&master->reload, wait_status);

	if (master->phase != MASTER_RUNNING)
		return;
	if (!is_good) {
		refuse(master, NULL, now_ms); /* the child's reason is in the log */
		return;
	}
	next = switch_open(master, config_share(config), config->certificate_count <=
	    RELOAD_PAIRS_MAX ? master->reload.keeps : NULL, errbuf, sizeof errbuf);
	if (next == NULL) {
		refuse(master, errbuf, now_ms);
		return;
	}
	if (next->fingerprint != master->watch.seen ||
	    watch_fingerprint(config) != master->watch.seen) {
		generation_close(&next); /* they are on the move again: tried when they rest */
		return;
	}
	next->is_renewal = true;
	switch_to(master, next, now_ms);
}
