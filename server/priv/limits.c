/* SPDX-License-Identifier: BSD-2-Clause */
/* Raises the limits that all children inherit. Master, with the rights it has. Rule: a limit
 * only ever grows. Shown by test_limits.c. */
#include "server/priv/limits.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/base/fdio.h"

#define SPARE_COUNT 1024u           /* descriptors besides those that are counted here */

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

/* Of the child that takes most: a keeper has its connections; a signer a pair for each worker of
 * its configuration, those that still leave, too, and in the beginning a copy of each key. The
 * master has the copies of two configurations. 0: there are neither. */
static rlim_t
most_descriptors(const struct config *config)
{
	rlim_t parked = config->keepalive.max_parked_count, tls;

	if (config->keepalive.keeper_count == 0)
		parked = 0;
	tls = config->certificate_count == 0 ? 0 :
	    2 * ((rlim_t)config->pool.max_worker_count + config->certificate_count);
	return parked > tls ? parked : tls;
}

static void
raise_hard_limit(const struct config *config)
{
	rlim_t wanted = most_descriptors(config), cap;
	struct rlimit limit;

	if (wanted == 0)
		return;
	wanted += SPARE_COUNT;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max >= wanted || geteuid() != 0)
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

	raise_hard_limit(config);
	for (i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		if (getrlimit(resources[i], &limit) < 0 || limit.rlim_cur == limit.rlim_max)
			continue;
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(resources[i], &limit);
	}
}
