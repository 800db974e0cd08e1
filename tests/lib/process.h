/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test wants to know of a process: is it blocked, does it die, what has it open. */
#ifndef MUSTER_TESTS_PROCESS_H
#define MUSTER_TESTS_PROCESS_H

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The text of /proc/PID/name, or "" when it may not be read or is not there. */
static inline const char *
process_read(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, out, cap - 1) : 0;
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

/* 'S', 'R', 'Z' and so on as in proc(5); 'X' when it has gone. */
static inline char
process_state(pid_t pid)
{
	char text[512];
	const char *end = strrchr(process_read(pid, "stat", text, sizeof text), ')');

	return end != NULL && end[1] == ' ' ? end[2] : 'X';
}

/* Returns when pid sleeps in the system call of that number, or has ended. Where the number may
 * not be seen (ptrace_scope), that it sleeps must do. */
static inline void
process_wait_blocked_in(pid_t pid, long number)
{
	for (;;) {
		char text[128], state = process_state(pid);

		if (state == 'Z' || state == 'X')
			return;
		process_read(pid, "syscall", text, sizeof text);
		if (text[0] == '\0' ? state == 'S' :
		    text[0] != 'r' && strtol(text, NULL, 10) == number)
			return;
		sched_yield();
	}
}

/* Sends a signal to a process that is blocked in that system call, and returns when the signal
 * has been taken there. */
static inline void
process_interrupt(pid_t pid, long call, int number)
{
	char text[4096];
	const char *pending;

	process_wait_blocked_in(pid, call);
	kill(pid, number);
	do {
		pending = strstr(process_read(pid, "status", text, sizeof text), "ShdPnd:\t");
	} while (pending != NULL && strtoull(pending + strlen("ShdPnd:\t"), NULL, 16) != 0);
}

/* The wait status of a child that runs this and, if it comes back, exits with 0. Its
 * stderr goes nowhere: it is expected to complain. */
static inline int
process_run(void (*function)(void))
{
	int status, null_fd;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		null_fd = open("/dev/null", O_WRONLY);
		dup2(null_fd, STDERR_FILENO);
		function();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static inline bool
process_aborts(void (*function)(void))
{
	int status = process_run(function);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline bool
process_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Of the first 256, which is more than a test needs. */
static inline int
process_open_count(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 1024; fd++)
		count += process_is_open(fd);
	return count;
}

#endif
