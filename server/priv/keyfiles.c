/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens what holds secrets. Leaves private keys to the signer, ticket keys to
 * server/master/tickets.c. Master, starter and checker, as root or as the caller. Rule: the bytes
 * of a private key never are in the memory of this process: the system copies them from file to
 * file. Links are followed, since renewal programs make them. Shown by test_keyfiles.c. */
#include "server/priv/keyfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/log.h"
#include "server/base/role.h"

/* A FIFO does not block it. *mode_out: the file's. -1 and errno. */
static int
open_small(const char *path, mode_t *mode_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	else if (st.st_size > KEYFILES_BYTES_MAX)
		error = EFBIG;
	if (error == 0) {
		*mode_out = st.st_mode;
		return fd;
	}
	fdio_close(&fd);
	errno = error;
	return -1;
}

/* Into memory that is a file of nobody's, and stays as it is. -1 and errno. */
static int
copy_sealed(int from_fd)
{
	int fd = memfd_create("muster-key", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t bytes = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = sendfile(fd, from_fd, NULL, KEYFILES_BYTES_MAX - bytes);
		bytes += n > 0 ? (size_t)n : 0;
	} while (n > 0 && bytes < KEYFILES_BYTES_MAX);
	if (n < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) < 0) {
		int saved_errno = errno;

		fdio_close(&fd);
		errno = saved_errno;
	}
	return fd;
}

static const char *
describe(int error)
{
	return error == EINVAL ? "not a regular file" : error == EFBIG ? "larger than 64 KiB" :
	    strerror(error);
}

static int
open_key(const struct config_certificate *certificate, char *errbuf, size_t errbuf_bytes)
{
	mode_t mode;
	int from_fd = open_small(certificate->key_file, &mode), fd = -1;

	if (from_fd >= 0)
		fd = copy_sealed(from_fd);
	if (fd < 0)
		(void)snprintf(errbuf, errbuf_bytes, "%s:%u: cannot read certificate_key %s: %s",
		    certificate->file, certificate->line, certificate->key_file, describe(errno));
	else if ((mode & S_IROTH) != 0)
		log_warn("%s:%u: certificate_key %s can be read by everybody", certificate->file,
		    certificate->line, certificate->key_file);
	fdio_close(&from_fd);
	return fd;
}

static int
keep_key(int kept_fd, char *errbuf, size_t errbuf_bytes)
{
	int fd = fcntl(kept_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		(void)snprintf(errbuf, errbuf_bytes, "private keys: %s", strerror(errno));
	return fd;
}

int
keyfiles_open_priv(const struct config *config, const int kept_fds[], int **fds_out, char *errbuf,
    size_t errbuf_bytes)
{
	int *fds = malloc((config->certificate_count + 1) * sizeof *fds);
	size_t i;

	role_require_privileged(__func__);
	*fds_out = NULL;
	if (fds == NULL) {
		(void)snprintf(errbuf, errbuf_bytes, "private keys: %s", strerror(errno));
		return -1;
	}
	for (i = 0; i < config->certificate_count; i++) {
		if (kept_fds == NULL || kept_fds[i] < 0)
			fds[i] = open_key(&config->certificates[i], errbuf, errbuf_bytes);
		else
			fds[i] = keep_key(kept_fds[i], errbuf, errbuf_bytes);
		if (fds[i] < 0) {
			keyfiles_close(&fds, i);
			return -1;
		}
	}
	*fds_out = fds;
	return 0;
}

void
keyfiles_close(int **fds, size_t count)
{
	if (*fds == NULL)
		return;
	while (count > 0)
		fdio_close(&(*fds)[--count]);
	free(*fds);
	*fds = NULL;
}

static int
read_ticket_key(const char *path, struct ticket_key *key, char *errbuf, size_t errbuf_bytes)
{
	uint8_t bytes[TICKET_KEY_FILE_BYTES + 1];
	mode_t mode;
	int fd = open_small(path, &mode);
	ssize_t n = fd < 0 ? -1 : fdio_read(fd, bytes, sizeof bytes);

	if (n < 0)
		(void)snprintf(errbuf, errbuf_bytes, "cannot read session_ticket_keys %s: %s",
		    path, describe(errno));
	else if (n != TICKET_KEY_FILE_BYTES)
		(void)snprintf(errbuf, errbuf_bytes,
		    "session_ticket_keys %s has %s%zd bytes, expected %d", path,
		    n > TICKET_KEY_FILE_BYTES ? "at least " : "", n, TICKET_KEY_FILE_BYTES);
	else
		ticket_key_parse(bytes, key);
	if (fd >= 0 && (mode & S_IROTH) != 0)
		log_warn("session_ticket_keys %s can be read by everybody", path);
	explicit_bzero(bytes, sizeof bytes);
	fdio_close(&fd);
	return n == TICKET_KEY_FILE_BYTES ? 0 : -1;
}

int
keyfiles_read_tickets_priv(const struct config *config, struct ticket_key list[TICKET_KEYS_MAX],
    size_t *count_out, char *errbuf, size_t errbuf_bytes)
{
	const struct config_texts *files = &config->tls.ticket_key_files;
	size_t i;

	role_require_privileged(__func__);
	*count_out = 0;
	if (files->count > TICKET_KEYS_MAX) {
		(void)snprintf(errbuf, errbuf_bytes,
		    "session_ticket_keys names %zu files, expected at most %d", files->count,
		    TICKET_KEYS_MAX);
		return -1;
	}
	for (i = 0; i < files->count; i++)
		if (read_ticket_key(files->items[i], &list[i], errbuf, errbuf_bytes) < 0) {
			explicit_bzero(list, TICKET_KEYS_MAX * sizeof *list);
			return -1;
		}
	*count_out = files->count;
	return 0;
}
