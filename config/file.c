/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a configuration file without trusting what kind of file it is. Runs in
 * the master (maybe as root) and in musterd -t. It must never wait and never
 * take more memory than its limit. Shown by tests/unit/config/test_load.c. */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -1: error in errno. */
static ssize_t
read_all(int fd, char *text, size_t limit_bytes)
{
	size_t used = 0;

	while (used < limit_bytes) {
		ssize_t got = read(fd, text + used, limit_bytes - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

char *
file_read(const char *path, size_t limit_bytes, size_t *bytes_out, const char **problem_out)
{
	/* O_NONBLOCK: opening a FIFO that nobody writes must not wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat status;
	ssize_t got = 0;

	*problem_out = NULL;
	if (fd < 0 || fstat(fd, &status) < 0)
		*problem_out = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		*problem_out = S_ISDIR(status.st_mode) ?
		    "it is a directory, expected a regular file" :
		    "it is no regular file, expected one";
	else if (status.st_size > (off_t)limit_bytes)
		*problem_out = "it is too large";
	else if ((text = malloc((size_t)status.st_size + 1)) == NULL)
		*problem_out = "not enough memory";
	else if ((got = read_all(fd, text, (size_t)status.st_size)) < 0)
		*problem_out = strerror(errno);
	if (fd >= 0)
		close(fd);
	if (*problem_out != NULL) {
		free(text);
		return NULL;
	}
	text[got] = '\0';
	*bytes_out = (size_t)got;
	return text;
}
