/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens document roots. Master only, as root or as the caller. Rule: with chroot no
 * descriptor of a directory outside of it may exist in a worker, or the worker could
 * leave through it. Shown by tests/integration/60-privilege. */
#include "server/priv/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/role.h"

static int
open_below(int chroot_fd, const char *path, size_t chroot_bytes)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT };
	const char *rest = path + chroot_bytes;

	while (*rest == '/')
		rest++;
	return (int)syscall(SYS_openat2, chroot_fd, *rest == '\0' ? "." : rest, &how, sizeof how);
}

void
roots_close(int **fds, size_t count)
{
	if (*fds == NULL)
		return;
	while (count > 0)
		fdio_close(&(*fds)[--count]);
	free(*fds);
	*fds = NULL;
}

int
roots_open_priv(const struct config *config, int **fds_out, char *errbuf, size_t errbuf_bytes)
{
	bool has_chroot = config->chroot[0] != '\0';
	int chroot_fd = -1, *fds, result = -1;
	size_t i;

	role_require_privileged(__func__);
	*fds_out = NULL;
	fds = malloc((config->root_count + 1) * sizeof *fds);
	if (fds == NULL) {
		(void)snprintf(errbuf, errbuf_bytes, "document roots: %s", strerror(errno));
		return -1;
	}
	for (i = 0; i <= config->root_count; i++)
		fds[i] = -1;
	if (has_chroot) {
		chroot_fd = open(config->chroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (chroot_fd < 0) {
			(void)snprintf(errbuf, errbuf_bytes, "cannot open chroot %s: %s",
			    config->chroot, strerror(errno));
			goto out;
		}
	}
	for (i = 0; i < config->root_count; i++) {
		const struct config_root *root = &config->roots[i];

		fds[i] = has_chroot ?
		    open_below(chroot_fd, root->path, strlen(config->chroot)) :
		    open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fds[i] < 0) {
			(void)snprintf(errbuf, errbuf_bytes,
			    "%s:%u: cannot open directory %s: %s", root->file, root->line,
			    root->path, strerror(errno));
			goto out;
		}
	}
	*fds_out = fds;
	fds = NULL;
	result = 0;
out:
	roots_close(&fds, config->root_count);
	fdio_close(&chroot_fd);
	return result;
}
