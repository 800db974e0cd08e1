/* SPDX-License-Identifier: BSD-2-Clause */
/* The logger: one process that writes the access log for all the others. */
#ifndef MUSTER_LOGGER_LOGGER_H
#define MUSTER_LOGGER_LOGGER_H

struct inheritance;

/* Its whole life, after the spawner has given up rights and memory that it does not need. There
 * is one reader of the rings: an old logger has ended before the next one is started. */
void logger_main(const struct inheritance *own) __attribute__((noreturn));

#endif
