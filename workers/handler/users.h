/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may log in with what: the files that auth_user_file and auth_group_file name. Opened for
 * each question and read when they have changed, so that a new user counts at once. */
#ifndef MUSTER_HANDLER_USERS_H
#define MUSTER_HANDLER_USERS_H

#include <stdint.h>

#include "config/config.h"
#include "workers/handler/user_file.h"

#define USERS_FILE_BYTES (1024 * 1024) /* a larger file is an error */
#define USERS_ENTRIES_MAX 65536

/* root_fds as config.roots. NULL: the file cannot be used, logged when that begins. Valid until
 * a few other files were opened: for this request. */
const struct user_file *users_open(const int *root_fds, const struct config_file *file,
    enum user_file_kind kind);

/* A file of USER_FILE_PASSWORDS. password: NUL-terminated. An unknown user takes as long as the
 * first of the file. */
bool users_check_password(const struct user_file *file, const char *path, struct slice user,
    struct slice password, int64_t now_mono_ms);

/* A file of USER_FILE_DIGESTS. False: nobody of that name and realm, and the hash is one that
 * fits no password. Lower case, no NUL. */
bool users_find_digest(const struct user_file *file, struct slice user, struct slice realm,
    char hex_out[64]);

#endif
