/* SPDX-License-Identifier: BSD-2-Clause */
/* Included by each header of server/priv and server/master: the worker library is built
 * with -DMUSTER_WORKER and cannot even see what needs privilege. */
#ifdef MUSTER_WORKER
#error "a worker must not include headers of server/priv or server/master"
#endif
