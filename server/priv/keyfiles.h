/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that hold secrets of TLS: private keys, and keys of session tickets. */
#ifndef MUSTER_PRIV_KEYFILES_H
#define MUSTER_PRIV_KEYFILES_H

#include "server/priv/guard.h"

#include <stddef.h>

#include "config/config.h"
#include "server/base/ticket_keys.h"

#define KEYFILES_BYTES_MAX 65536

/* For each of config.certificates a descriptor with what its key file holds now, to be read with
 * pread(2): a copy that no program can change any more, whatever becomes of the file. *fds_out is
 * malloc'd. kept_fds: NULL, or by certificate what was opened before and stays as it is, -1: it is
 * to be read. A file that everybody can read is warned of. 0, or -1 and errbuf, and nothing is
 * open. */
int keyfiles_open_priv(const struct config *config, const int kept_fds[], int **fds_out,
    char *errbuf, size_t errbuf_bytes);
/* Accepts NULL, leaves NULL. */
void keyfiles_close(int **fds, size_t count);

/* The keys of config.tls.ticket_key_files, the newest first; none: *count_out is 0. 0, or -1 and
 * errbuf, and the list is wiped. */
int keyfiles_read_tickets_priv(const struct config *config,
    struct ticket_key list_out[TICKET_KEYS_MAX], size_t *count_out, char *errbuf,
    size_t errbuf_bytes);

#endif
