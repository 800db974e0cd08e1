/* SPDX-License-Identifier: BSD-2-Clause */
/* Detaching from the terminal. Runs in the starter, which waits, and in its grandchild,
 * which becomes the master. Rule: the command never says 0 before the daemon did.
 * Shown by tests/integration/50-signals. */
#include "server/master/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "server/base/fdio.h"

#define READY_BYTE 'R'

static enum daemon_side
wait_for_daemon(int fd, pid_t middle)
{
	char report = 0;
	ssize_t n;

	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		continue;
	n = fdio_read(fd, &report, 1);
	fdio_close(&fd);
	if (n == 1 && report == READY_BYTE)
		return DAEMON_STARTED;
	(void)fprintf(stderr, "musterd: not started\n");
	return DAEMON_FAILED;
}

enum daemon_side
daemon_detach(int *ready_fd_out)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)fprintf(stderr, "musterd: pipe: %s\n", strerror(errno));
		return DAEMON_FAILED;
	}
	pid = fork();
	if (pid < 0) {
		(void)fprintf(stderr, "musterd: fork: %s\n", strerror(errno));
		return DAEMON_FAILED;
	}
	if (pid > 0) {
		fdio_close(&ends[1]);
		return wait_for_daemon(ends[0], pid);
	}
	fdio_close(&ends[0]);
	(void)setsid();
	pid = fork();               /* no session leader: no terminal can be acquired */
	if (pid != 0)
		_exit(pid < 0 ? 1 : 0);
	if (chdir("/") < 0)
		_exit(1);
	(void)umask(022);
	*ready_fd_out = ends[1];
	return DAEMON_MASTER;
}

void
daemon_ready(int *ready_fd, int null_fd, bool keeps_stdout, bool keeps_stderr)
{
	const char report = READY_BYTE;

	(void)dup2(null_fd, STDIN_FILENO);
	if (!keeps_stdout)
		(void)dup2(null_fd, STDOUT_FILENO);
	if (!keeps_stderr)
		(void)dup2(null_fd, STDERR_FILENO);
	(void)fdio_write_all(*ready_fd, &report, 1);
	fdio_close(ready_fd);
}
