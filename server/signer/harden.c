/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaves what needs root to server/priv/seclude.c. The signer, after it gave up root. Rule: what is
 * not on the list of calls ends the process; sockets are on it only to talk over those that are
 * open. Shown by test_signer.c. */
#include "server/signer/harden.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A sanitizer's runtime needs calls of its own. */
#if defined(HAVE_SECCOMP) && !defined(__SANITIZE_ADDRESS__)
#define HAS_FILTER 1
#else
#define HAS_FILTER 0
#endif

#if HAS_FILTER
#include <seccomp.h>
#endif

int
harden_memory(char *errbuf, size_t errbuf_bytes)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none); /* neither can fail */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* What the master has mapped for others is in here, too: only what is touched is locked. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "cannot lock its memory, keys may get into "
		    "swap space: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Private, since the file is sealed against writing; it is its own pages that are locked. */
int
harden_file(int fd)
{
	struct stat st;
	void *memory;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size == 0)
		return 0;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return memory == MAP_FAILED ? -1 : mlock(memory, (size_t)st.st_size);
}

#if HAS_FILTER

/* Messages, waiting, memory, the log, the end. connect(2): the system's log may be started anew,
 * and whoever writes to it next connects the socket that all have (log.c). */
static const int allowed_calls[] = {
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(connect), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_create1), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* The same where a word has 32 bits. */
#ifdef __NR_clock_gettime64
	SCMP_SYS(clock_gettime64), SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(ppoll_time64),
	SCMP_SYS(futex_time64),
#endif
#ifdef __NR_sigreturn
	SCMP_SYS(sigreturn),
#endif
};

#ifdef __NR_mmap2
#define MMAP_CALL SCMP_SYS(mmap2)
#else
#define MMAP_CALL SCMP_SYS(mmap)
#endif

/* Memory, but none that code can run in; abort(3), but nobody else is signalled. */
static int
allow_with_conditions(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, MMAP_CALL, 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) < 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) < 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())) < 0 ? -EINVAL : 0;
}

int
harden_calls(char *errbuf, size_t errbuf_bytes)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = filter == NULL ? -ENOMEM : 0;
	size_t i;

	for (i = 0; result == 0 && i < sizeof allowed_calls / sizeof allowed_calls[0]; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	if (result == 0)
		result = allow_with_conditions(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result == 0)
		return 0;
	(void)snprintf(errbuf, errbuf_bytes, "cannot filter its system calls: %s",
	    strerror(result < 0 ? -result : result));
	return -1;
}

#else

int
harden_calls(char *errbuf, size_t errbuf_bytes)
{
	(void)errbuf;
	(void)errbuf_bytes;
	return 0;
}

#endif
