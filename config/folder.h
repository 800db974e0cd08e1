/* SPDX-License-Identifier: BSD-2-Clause */
/* Directives that name a directory, or a file in one: each directory is opened once, by the
 * master, and known by its index in config.roots. Inside config/ only. */
#ifndef MUSTER_CONFIG_FOLDER_H
#define MUSTER_CONFIG_FOLDER_H

#include "config/scope.h"

/* The index of a directory in config.roots, added when it is new; path is cleaned. One that
 * is not below the chroot costs a message. -1: no memory. */
int folder_add(const struct scope *scope, struct tree_value *value, const char *path,
    unsigned *index_out);
/* The values of root, of auth_user_file and the like, and of user_dir. A wrong one costs a
 * message. -1: no memory. */
int folder_apply_root(const struct scope *scope, struct tree_value *value,
    struct config_settings *settings);
int folder_apply_file(const struct scope *scope, struct tree_value *value,
    struct config_file *file);
int folder_apply_user_dir(const struct scope *scope, struct tree_value *value,
    struct config_settings *settings);

#endif
