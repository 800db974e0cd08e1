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

/* The child. config_path: NULL for the configuration given. What was good, the master has to find
 * as it was. */
static int
check(const char *config_path, const struct config *config, const struct tls_means *tls,
    int report_fd)
{
	struct config_errors errors = { 0 };
	struct drop_target drop;
	uint64_t fingerprint;
	char errbuf[512];
	int *root_fds;
	size_t i;

	if (config_path != NULL)
		config = config_load(config_path, &errors);
	if (config == NULL) {
		for (i = 0; i < errors.count; i++)
			report_line(report_fd, errors.lines[i]);
		return 1;
	}
	fingerprint = watch_fingerprint(config);
	if (drop_resolve(config, &drop, errbuf, sizeof errbuf) < 0 ||
	    roots_open_priv(config, &root_fds, errbuf, sizeof errbuf) < 0 ||
	    credentials_check(config, tls, &drop, errbuf, sizeof errbuf) < 0) {
		report_line(report_fd, errbuf);
		return 1;
	}
	return fdio_write_all(report_fd, &fingerprint, sizeof fingerprint) < 0 ? 1 : 0;
}

static int
start(struct reload *reload, const char *config_path, const struct config *config,
    const struct tls_means *tls, int64_t now_mono_ms)
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
		_exit(check(config_path, config, tls, ends[1]));
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
	reload->is_renewal = config_path == NULL;
	reload->is_quiet = false;
	return 0;
}

int
reload_start(struct reload *reload, const char *config_path, const struct tls_means *tls,
    int64_t now_mono_ms)
{
	return start(reload, config_path, NULL, tls, now_mono_ms);
}

int
reload_start_renewal(struct reload *reload, const struct config *config,
    const struct tls_means *tls, bool is_quiet, int64_t now_mono_ms)
{
	if (start(reload, NULL, config, tls, now_mono_ms) < 0)
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

	for (i = 0; i < reload->report_bytes; i++) {
		if (reload->report[i] != '\n')
			continue;
		log_error("%s%.*s", lead, (int)(i - line), reload->report + line);
		line = i + 1;
	}
}

bool
reload_finish(struct reload *reload, int wait_status)
{
	bool is_good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
	const char *lead = reload->is_renewal ? "certificates: kept the old ones: " : "reload: ";
	uint64_t fingerprint = 0;

	if (reload->report_fd >= 0)
		reload_read(reload);
	if (is_good && reload->report_bytes == sizeof fingerprint)
		memcpy(&fingerprint, reload->report, sizeof fingerprint);
	else if (!reload->is_quiet)
		log_report(reload, lead);
	if (!is_good && !reload->is_quiet && reload->report_bytes == 0)
		log_error("%s%s %s", lead, reload->is_renewal ? "trying the new ones" :
		    "reading the configuration", WIFSIGNALED(wait_status) ?
		    "took too long or crashed" : "failed");
	fdio_close(&reload->report_fd);
	reload_init(reload);
	reload->fingerprint = fingerprint;
	return is_good;
}

void
reload_check_deadline(struct reload *reload, int64_t now_mono_ms)
{
	if (reload->pid > 0 && now_mono_ms >= reload->deadline_mono_ms)
		(void)kill(reload->pid, SIGKILL);
}
