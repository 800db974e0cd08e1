/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and closes them. Leaves files to server/priv/keyfiles.c, what certificates mean to
 * workers/io/tls_site.c and what keys mean to server/signer/keyring.c, both through tls_means.
 * Starter, checker and master, with the rights they have. Rule: this process never has the bytes of
 * a private key in its memory: who tries them is thrown away. Shown by test_credentials.c. */
#include "server/master/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/fdio.h"
#include "server/base/log.h"
#include "server/base/log.h"
#include "server/base/role.h"
#include "server/priv/keyfiles.h"

static void __attribute__((noreturn))
try_keys(const struct credentials *credentials, const struct config *config,
    const struct tls_means *means, int report_fd)
{
	char errbuf[512] = "";
	int status = 0;

	log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 }); /* it reports by the pipe */
	role_set(ROLE_CHECKER);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (means->keys_check(config, credentials->keys, credentials->key_count, errbuf,
	    sizeof errbuf) < 0) {
		(void)fdio_write_all(report_fd, errbuf, strlen(errbuf));
		status = 1;
	}
	_exit(status);
}

/* All that comes, as far as there is room. */
static void
read_report(int fd, char *out, size_t cap)
{
	size_t bytes = 0;
	ssize_t n;

	do {
		n = fdio_read(fd, out + bytes, cap - 1 - bytes);
		bytes += n > 0 ? (size_t)n : 0;
	} while (n > 0 && bytes < cap - 1);
	out[bytes] = '\0';
}

static int
check_keys(const struct credentials *credentials, const struct config *config,
    const struct tls_means *means, char *errbuf, size_t errbuf_bytes)
{
	int ends[2], status = 0;
	pid_t pid, ended;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)snprintf(errbuf, errbuf_bytes, "private keys: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid == 0)
		try_keys(credentials, config, means, ends[1]);
	fdio_close(&ends[1]);
	errbuf[0] = '\0';
	if (pid > 0)
		read_report(ends[0], errbuf, errbuf_bytes);
	fdio_close(&ends[0]);
	do {
		ended = pid > 0 ? waitpid(pid, &status, 0) : -1;
	} while (ended < 0 && pid > 0 && errno == EINTR);
	if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (errbuf[0] == '\0')
		(void)snprintf(errbuf, errbuf_bytes, "private keys could not be tried");
	return -1;
}

/* Takes the descriptors over. */
static int
collect_keys(struct credentials *credentials, const struct tls_means *means, int *fds,
    size_t count)
{
	size_t i;

	credentials->keys = calloc(count, sizeof *credentials->keys);
	if (credentials->keys == NULL)
		return -1;
	for (i = 0; i < count; i++)
		credentials->keys[i].fd = -1;
	credentials->key_count = count;
	for (i = 0; i < count; i++) {
		struct inherit_key *key = &credentials->keys[i];

		key->public_key = means->site_public_key(credentials->site, i,
		    &key->public_key_bytes);
		if (key->public_key == NULL)
			return -1;
		key->fd = fds[i];
		fds[i] = -1;
	}
	return 0;
}

int
credentials_connect(struct credentials *credentials)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	fdio_close(&credentials->sign_fd);
	fdio_close(&credentials->asked_fd);
	credentials->sign_fd = pair[0];
	credentials->asked_fd = pair[1];
	return 0;
}

/* By pair; -1: it is to be read. NULL: no memory. */
static int *
list_kept_fds(const struct credentials_kept *kept, size_t count)
{
	int *fds = malloc((count + 1) * sizeof *fds);
	size_t i;

	for (i = 0; fds != NULL && i < count; i++)
		fds[i] = kept != NULL && kept->keeps[i] ? kept->from->keys[i].fd : -1;
	return fds;
}

static int
open_keys(struct credentials *credentials, const struct config *config,
    const struct tls_means *means, const struct credentials_kept *kept, char *errbuf,
    size_t errbuf_bytes)
{
	int *kept_fds = list_kept_fds(kept, config->certificate_count);
	int *fds = NULL, result = -1;

	if (kept_fds == NULL || keyfiles_open_priv(config, kept_fds, &fds, errbuf,
	    errbuf_bytes) < 0) {
		if (kept_fds == NULL)
			(void)snprintf(errbuf, errbuf_bytes, "private keys: no memory");
		free(kept_fds);
		return -1;
	}
	free(kept_fds);
	if (collect_keys(credentials, means, fds, config->certificate_count) == 0 &&
	    credentials_connect(credentials) == 0)
		result = 0;
	else
		(void)snprintf(errbuf, errbuf_bytes, "private keys: %s", strerror(errno));
	keyfiles_close(&fds, config->certificate_count);
	return result;
}

int
credentials_open(struct credentials *credentials, const struct config *config,
    const struct tls_means *means, const struct drop_target *drop,
    const struct drop_target *previous_drop, const struct credentials_kept *kept,
    bool checks_keys, char *errbuf, size_t errbuf_bytes)
{
	memset(credentials, 0, sizeof *credentials);
	credentials->sign_fd = credentials->asked_fd = -1;
	if (config->certificate_count == 0)
		return 0;
	if (previous_drop != NULL)
		credentials->signer_drop = *previous_drop;
	else if (drop_resolve_signer(config, drop, &credentials->signer_drop, errbuf,
	    errbuf_bytes) < 0)
		return -1;
	if (means->tickets == NULL) {
		(void)snprintf(errbuf, errbuf_bytes, "no memory for the keys of TLS sessions");
		return -1;
	}
	credentials->site = means->site_renew(config, means->tickets,
	    kept != NULL ? kept->from->site : NULL, kept != NULL ? kept->keeps : NULL, errbuf,
	    errbuf_bytes);
	if (credentials->site != NULL &&
	    open_keys(credentials, config, means, kept, errbuf, errbuf_bytes) == 0 &&
	    keyfiles_read_tickets_priv(config, credentials->tickets, &credentials->ticket_count,
	    errbuf, errbuf_bytes) == 0 &&
	    (!checks_keys || check_keys(credentials, config, means, errbuf, errbuf_bytes) == 0))
		return 0;
	credentials_close(credentials, means);
	return -1;
}

void
credentials_log_oddities(const struct credentials *credentials, const struct tls_means *means)
{
	const char *oddity, *notice;

	if (credentials->site == NULL)
		return;
	for (size_t i = 0; (oddity = means->site_warning(credentials->site, i)) != NULL; i++)
		log_warn("%s", oddity);
	notice = means->site_notice(credentials->site);
	if (notice != NULL)
		log_notice("%s", notice);
}

void
credentials_close_site(struct credentials *credentials, const struct tls_means *means)
{
	if (credentials->site != NULL)
		means->site_free(&credentials->site);
}

void
credentials_close(struct credentials *credentials, const struct tls_means *means)
{
	size_t i;

	credentials_close_site(credentials, means);
	for (i = 0; i < credentials->key_count; i++) {
		fdio_close(&credentials->keys[i].fd);
		free((void *)(uintptr_t)credentials->keys[i].public_key);
	}
	free(credentials->keys);
	credentials->keys = NULL;
	if (credentials->key_count > 0) {
		fdio_close(&credentials->sign_fd);
		fdio_close(&credentials->asked_fd);
	}
	credentials->key_count = 0;
	explicit_bzero(credentials->tickets, sizeof credentials->tickets);
}

int
credentials_check(const struct config *config, const struct tls_means *means,
    const struct drop_target *drop, const struct credentials_kept *kept, char *errbuf,
    size_t errbuf_bytes)
{
	struct credentials credentials;

	if (credentials_open(&credentials, config, means, drop, NULL, kept, true, errbuf,
	    errbuf_bytes) < 0)
		return -1;
	credentials_log_oddities(&credentials, means);
	credentials_close(&credentials, means);
	return 0;
}

int
credentials_check_pair(const struct config *config, size_t index, const struct tls_means *means,
    const struct drop_target *drop, char *errbuf, size_t errbuf_bytes)
{
	struct config one = *config; /* with no host that would have it */

	one.certificates = &config->certificates[index];
	one.certificate_count = 1;
	one.host_count = 0;
	return credentials_check(&one, means, drop, NULL, errbuf, errbuf_bytes);
}
