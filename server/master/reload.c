/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries a configuration, or its certificates, in a child with the master's rights. Leaves the
 * switch to switch.c and renewals.c. Rule: the master waits for it only in its loop. Shown by
 * tests/integration/50-signals. */
#include "server/master/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/fdio.h"
#include "server/base/log.h"
#include "server/base/role.h"
#include "server/base/signals.h"
#include "server/master/credentials.h"
#include "server/master/watch.h"
#include "server/priv/drop.h"
#include "server/priv/roots.h"

struct trial {
	const char *config_path;    /* NULL: the following are tried */
	const struct config *config;
	const struct credentials *in_force;
	const uint64_t *pair_fingerprints;
	const struct tls_means *tls;
	int report_fd;
};

void
reload_init(struct reload *reload)
{
	memset(reload, 0, sizeof *reload);
	reload->report_fd = -1;
}

static void
report_line(int fd, const char *text)
{
	(void)fdio_write_all(fd, text, strlen(text));
	(void)fdio_write_all(fd, "\n", 1);
}

/* What was good, the master has to find as it was. keeps: count of them. */
static int
report_good(int fd, uint64_t fingerprint, const bool *keeps, size_t count)
{
	return fdio_write_all(fd, "", 1) < 0 ||
	    fdio_write_all(fd, &fingerprint, sizeof fingerprint) < 0 ||
	    fdio_write_all(fd, keeps, count * sizeof *keeps) < 0 ? 1 : 0;
}

/* Not all pairs can come into force: those that are new and good do it alone. reason: that of the
 * first. What is as it was when it was read was good. */
static int
check_pairs(const struct trial *trial, const struct drop_target *drop, uint64_t fingerprint,
    const char *reason)
{
	const struct config *config = trial->config;
	size_t count = config->certificate_count, bad_count = 0, good_count = 0, i;
	bool keeps[RELOAD_PAIRS_MAX] = { false };
	const struct credentials_kept kept = { trial->in_force, keeps };
	char errbuf[512];

	for (i = 0; count <= RELOAD_PAIRS_MAX && i < count; i++) {
		if (watch_fingerprint_pair(config, i) == trial->pair_fingerprints[i])
			continue;
		keeps[i] = credentials_check_pair(config, i, trial->tls, drop, errbuf,
		    sizeof errbuf) < 0;
		if (keeps[i])
			report_line(trial->report_fd, errbuf);
		bad_count += keeps[i];
		good_count += !keeps[i];
	}
	if (bad_count == 0)
		report_line(trial->report_fd, reason);
	if (bad_count == 0 || good_count == 0)
		return 1;
	if (credentials_check(config, trial->tls, drop, &kept, errbuf, sizeof errbuf) == 0)
		return report_good(trial->report_fd, fingerprint, keeps, count);
	report_line(trial->report_fd, errbuf);
	return 1;
}

/* The child. */
static int
check(const struct trial *trial)
{
	const struct config *config = trial->config;
	struct config_errors errors = { 0 };
	struct drop_target drop;
	uint64_t fingerprint;
	char errbuf[512];
	int *root_fds;
	size_t i;

	if (trial->config_path != NULL)
		config = config_load(trial->config_path, &errors);
	if (config == NULL) {
		for (i = 0; i < errors.count; i++)
			report_line(trial->report_fd, errors.lines[i]);
		return 1;
	}
	fingerprint = watch_fingerprint(config);
	if (drop_resolve(config, &drop, errbuf, sizeof errbuf) < 0 ||
	    roots_open_priv(config, &root_fds, errbuf, sizeof errbuf) < 0) {
		report_line(trial->report_fd, errbuf);
		return 1;
	}
	if (credentials_check(config, trial->tls, &drop, NULL, errbuf, sizeof errbuf) == 0)
		return report_good(trial->report_fd, fingerprint, NULL, 0);
	if (trial->in_force != NULL)
		return check_pairs(trial, &drop, fingerprint, errbuf);
	report_line(trial->report_fd, errbuf);
	return 1;
}

static int
start(struct reload *reload, struct trial trial, int64_t now_mono_ms)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		signals_reset();
		log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 }); /* it reports by the pipe */
		role_set(ROLE_CHECKER);
		trial.report_fd = ends[1];
		_exit(check(&trial));
	}
	fdio_close(&ends[1]);
	if (pid < 0 || fdio_set_nonblocking(ends[0]) < 0) {
		fdio_close(&ends[0]);
		return -1;
	}
	reload->pid = pid;
	reload->report_fd = ends[0];
	reload->report_bytes = 0;
	reload->deadline_mono_ms = now_mono_ms + RELOAD_PATIENCE_MS;
	reload->is_renewal = trial.in_force != NULL;
	reload->is_quiet = false;
	return 0;
}

int
reload_start(struct reload *reload, const char *config_path, const struct tls_means *tls,
    int64_t now_mono_ms)
{
	return start(reload, (struct trial){ .config_path = config_path, .tls = tls },
	    now_mono_ms);
}

int
reload_start_renewal(struct reload *reload, const struct config *config,
    const struct credentials *in_force, const uint64_t *pair_fingerprints,
    const struct tls_means *tls, bool is_quiet, int64_t now_mono_ms)
{
	if (start(reload, (struct trial){ .config = config, .in_force = in_force,
	    .pair_fingerprints = pair_fingerprints, .tls = tls }, now_mono_ms) < 0)
		return -1;
	reload->is_quiet = is_quiet;
	return 0;
}

void
reload_read(struct reload *reload)
{
	for (;;) {
		size_t room = sizeof reload->report - reload->report_bytes;
		char spill[1024];
		ssize_t n = room > 0 ?
		    fdio_read(reload->report_fd, reload->report + reload->report_bytes, room) :
		    fdio_read(reload->report_fd, spill, sizeof spill);

		if (n < 0)
			return;     /* nothing more for now */
		if (n == 0) {
			fdio_close(&reload->report_fd);
			return;
		}
		if (room > 0)
			reload->report_bytes += (size_t)n;
	}
}

static void
log_report(const struct reload *reload, const char *lead)
{
	size_t line = 0, i;

	for (i = 0; i < reload->report_bytes && reload->report[i] != '\0'; i++) {
		if (reload->report[i] != '\n')
			continue;
		log_error("%s%.*s", lead, (int)(i - line), reload->report + line);
		line = i + 1;
	}
}

/* What follows the lines: false: it is not there, or not whole. */
static bool
take_result(const struct reload *reload, uint64_t *fingerprint_out, bool keeps_out[])
{
	const char *end = memchr(reload->report, '\0', reload->report_bytes);
	size_t bytes = end == NULL ? 0 : reload->report_bytes - (size_t)(end - reload->report) - 1;

	if (bytes < sizeof *fingerprint_out || reload->report_bytes == sizeof reload->report)
		return false;
	bytes -= sizeof *fingerprint_out;
	memcpy(fingerprint_out, end + 1, sizeof *fingerprint_out);
	memcpy(keeps_out, end + 1 + sizeof *fingerprint_out,
	    bytes < RELOAD_PAIRS_MAX ? bytes : RELOAD_PAIRS_MAX);
	return true;
}

bool
reload_finish(struct reload *reload, int wait_status)
{
	const char *lead = reload->is_renewal ? "certificates: kept the old ones: " : "reload: ";
	bool is_good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
	bool keeps[RELOAD_PAIRS_MAX] = { false };
	uint64_t fingerprint = 0;

	if (reload->report_fd >= 0)
		reload_read(reload);
	is_good = is_good && take_result(reload, &fingerprint, keeps);
	if (!reload->is_quiet)
		log_report(reload, lead);
	if (!is_good && !reload->is_quiet && reload->report_bytes == 0)
		log_error("%s%s %s", lead, reload->is_renewal ? "trying the new ones" :
		    "reading the configuration", WIFSIGNALED(wait_status) ?
		    "took too long or crashed" : "failed");
	fdio_close(&reload->report_fd);
	reload_init(reload);
	reload->fingerprint = fingerprint;
	memcpy(reload->keeps, keeps, sizeof keeps);
	return is_good;
}

void
reload_check_deadline(struct reload *reload, int64_t now_mono_ms)
{
	if (reload->pid > 0 && now_mono_ms >= reload->deadline_mono_ms)
		(void)kill(reload->pid, SIGKILL);
}
