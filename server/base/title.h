/* SPDX-License-Identifier: BSD-2-Clause */
/* What ps(1) shows of a process. */
#ifndef MUSTER_BASE_TITLE_H
#define MUSTER_BASE_TITLE_H

/* Once, first thing in main(): makes room for a longer title by moving the environment. */
void title_init(int argc, char **argv);
/* "musterd: TEXT", cut to the room there is. The command name stays "musterd". */
void title_set(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
