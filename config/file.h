/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole regular file in memory. Inside config/ only. */
#ifndef MUSTER_CONFIG_FILE_H
#define MUSTER_CONFIG_FILE_H

#include <stddef.h>

/* malloc'd and NUL-terminated; NULL: static text in *problem_out. Never waits: a
 * FIFO, a device or a directory is refused. */
char *file_read(const char *path, size_t limit_bytes, size_t *bytes_out,
    const char **problem_out);

#endif
