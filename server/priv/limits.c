/* SPDX-License-Identifier: BSD-2-Clause */
/* Raises the limits that all children inherit. Master, with the rights it has. Rule: a limit
 * only ever grows. Shown by test_limits.c. */
#include "server/priv/limits.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/base/fdio.h"

#define SPARE_COUNT 1024u           /* descriptors of a keeper besides connections */

/* What the system allows any process; 0: it does not say. */
static rlim_t
descriptor_cap(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/fs/nr_open", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	(void)fdio_read(fd, text, sizeof text - 1);
	fdio_close(&fd);
	return (rlim_t)strtoull(text, NULL, 10);
}

static void
raise_for_keepers(const struct config *config)
{
	rlim_t wanted = config->keepalive.max_parked_count + SPARE_COUNT, cap;
	struct rlimit limit;

	if (config->keepalive.keeper_count == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_max >= wanted || geteuid() != 0)
		return;
	cap = descriptor_cap();
	if (wanted > cap)
		wanted = cap;
	if (wanted <= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max = wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void
limits_raise(const struct config *config)
{
	static const int resources[] = { RLIMIT_NOFILE, RLIMIT_NPROC };
	struct rlimit limit;
	size_t i;

	raise_for_keepers(config);
	for (i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		if (getrlimit(resources[i], &limit) < 0 || limit.rlim_cur == limit.rlim_max)
			continue;
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(resources[i], &limit);
	}
}
