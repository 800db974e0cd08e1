/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal handling of the master and its children. Leaves what to do about a flag to the
 * loops of each. Rule: a handler calls nothing but close(2), shutdown(2) and setsockopt(2), all
 * async-signal-safe, and keeps errno. The flags are globals because handlers take no
 * argument. Shown by tests/integration/50-signals. */
#include "server/base/signals.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/base/own_page.h"

static OWN_PAGE volatile sig_atomic_t flags[SIGNAL_FLAG_COUNT];
static volatile sig_atomic_t guarded_listen_fd = -1;
static volatile sig_atomic_t guarded_conn_fd = -1;
static OWN_PAGE volatile sig_atomic_t conn_is_idle;

/* number     flag            master                       worker, keeper, logger */
static const struct signal_row {
	int number;
	enum signal_flag flag;
	bool in_master, in_child;   /* handled; otherwise ignored */
} table[] = {
	{ SIGTERM, SIGNAL_STOP, true, true },   /* stop now               | the same */
	{ SIGINT, SIGNAL_STOP, true, false },   /* stop now               | the terminal's; the
	                                         *                          master will tell */
	{ SIGQUIT, SIGNAL_DRAIN, true, true },  /* stop when done         | retire */
	{ SIGHUP, SIGNAL_RELOAD, true, false }, /* new configuration      | - */
	{ SIGUSR1, SIGNAL_REOPEN, true, true }, /* open the logs anew     | fetch them */
	{ SIGUSR2, SIGNAL_SHED, false, true },  /* kept for upgrade       | drop idle client */
	{ SIGCHLD, SIGNAL_CHILD, true, false }, /* somebody died          | - */
	{ SIGALRM, SIGNAL_TICK, false, true },  /* -                      | look at deadlines */
	{ SIGPIPE, SIGNAL_FLAG_COUNT, false, false }, /* EPIPE says it */
	{ SIGXFSZ, SIGNAL_FLAG_COUNT, false, false }, /* EFBIG says it */
};
#define ROW_COUNT (sizeof table / sizeof table[0])

static void
set_flag(int number)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (table[i].number == number)
			flags[table[i].flag] = 1;
}

static void
on_child_signal(int number)
{
	int saved_errno = errno;
	bool is_end = number == SIGTERM || number == SIGQUIT;
	const struct timeval no_wait = { 0, 1 }; /* 0 would be for ever */

	set_flag(number);
	if (is_end && guarded_listen_fd >= 0) {
		close(guarded_listen_fd);
		guarded_listen_fd = -1;
	}
	if (guarded_conn_fd >= 0) {
		if (number == SIGTERM)
			shutdown(guarded_conn_fd, SHUT_RDWR);
		else if ((number == SIGQUIT || number == SIGUSR2) && conn_is_idle)
			setsockopt(guarded_conn_fd, SOL_SOCKET, SO_RCVTIMEO, &no_wait,
			    sizeof no_wait);
	}
	errno = saved_errno;
}

static void
install(int number, void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	sigfillset(&action.sa_mask); /* handlers do not nest */
	(void)sigaction(number, &action, NULL); /* no SA_RESTART: blocked calls must return */
}

static void
clear_flags(void)
{
	size_t i;

	for (i = 0; i < SIGNAL_FLAG_COUNT; i++)
		flags[i] = 0;
}

void
signals_install_master(sigset_t *wait_mask_out)
{
	sigset_t blocked;
	size_t i;

	clear_flags();
	sigemptyset(&blocked);
	for (i = 0; i < ROW_COUNT; i++) {
		install(table[i].number, table[i].in_master ? set_flag : SIG_IGN);
		if (table[i].in_master)
			sigaddset(&blocked, table[i].number);
	}
	sigaddset(&blocked, SIGALRM);  /* a worker is forked with these blocked, too */
	sigaddset(&blocked, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &blocked, wait_mask_out);
	for (i = 0; i < ROW_COUNT; i++)
		sigdelset(wait_mask_out, table[i].number);
}

static void
install_child(void)
{
	size_t i;

	clear_flags();
	for (i = 0; i < ROW_COUNT; i++)
		install(table[i].number, table[i].in_child ? on_child_signal : SIG_IGN);
	install(SIGCHLD, SIG_DFL);
}

void
signals_install_worker(void)
{
	sigset_t none;

	install_child();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void
signals_install_waiter(sigset_t *wait_mask_out)
{
	sigset_t blocked;
	size_t i;

	install_child();
	sigemptyset(&blocked);
	for (i = 0; i < ROW_COUNT; i++)
		if (table[i].in_child)
			sigaddset(&blocked, table[i].number);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	sigemptyset(wait_mask_out);
}

void
signals_guard_listener(int listen_fd)
{
	guarded_listen_fd = listen_fd;
}

void
signals_guard_connection(int conn_fd)
{
	guarded_conn_fd = conn_fd;
}

void
signals_guard_idle(bool is_idle)
{
	conn_is_idle = is_idle;
}

bool
signals_listener_is_closed(void)
{
	return guarded_listen_fd < 0;
}

bool
signals_is_set(enum signal_flag flag)
{
	return flags[flag] != 0;
}

bool
signals_take(enum signal_flag flag)
{
	bool was_set = flags[flag] != 0;

	flags[flag] = 0;
	return was_set;
}

void
signals_reset(void)
{
	sigset_t none;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		install(table[i].number, SIG_DFL);
	clear_flags();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

const char *
signals_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" },
		{ SIGILL, "SIGILL" }, { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
		{ SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGKILL, "SIGKILL" },
		{ SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" }, { SIGUSR2, "SIGUSR2" },
		{ SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
		{ SIGSYS, "SIGSYS" }, { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].number == number)
			return names[i].name;
	return "signal";
}
