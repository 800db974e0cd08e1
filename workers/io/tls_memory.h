/* SPDX-License-Identifier: BSD-2-Clause */
/* Where OpenSSL's memory comes from (CRYPTO_set_mem_functions(3)). Until a process says otherwise,
 * from malloc(3). */
#ifndef MUSTER_IO_TLS_MEMORY_H
#define MUSTER_IO_TLS_MEMORY_H

#ifdef HAVE_OPENSSL

/* Before anything else of OpenSSL; later it does nothing. */
void tls_memory_init(void);
/* In a worker: from now on what OpenSSL asks for comes from an area of this process's own, and
 * what it frees goes where it came from. */
void tls_memory_use_own(void);
/* No connection is in the middle of anything: what has been freed goes back to the system. */
void tls_memory_trim(void);

#else

static inline void
tls_memory_use_own(void)
{
}

#endif

#endif
