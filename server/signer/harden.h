/* SPDX-License-Identifier: BSD-2-Clause */
/* What the signer gives up besides root, so that nobody reads its memory and whoever should get it
 * into his hands can do no more than sign. */
#ifndef MUSTER_SIGNER_HARDEN_H
#define MUSTER_SIGNER_HARDEN_H

#include <stddef.h>

/* Before there are keys: no core dump, no tracer, no swap space. -1 and errbuf, a warning: memory
 * may be swapped; see keyring_lock_heap(). */
int harden_memory(char *errbuf, size_t errbuf_bytes);
/* When all is open: system calls but those that it needs end the process. Without libseccomp in
 * the build nothing is done. 0, or -1 and errbuf. */
int harden_calls(char *errbuf, size_t errbuf_bytes);

/* The memory of a file that has none but that (memfd_create(2)): no swap space for it either, as
 * long as this process lives. -1 and errno. */
int harden_file(int fd);

#endif
