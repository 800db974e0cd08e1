/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects messages while a configuration is read, and keeps them in the order
 * of the text whatever stage found them. Inside config/ only; what callers see
 * is struct config_errors. */
#ifndef MUSTER_CONFIG_ERRORS_H
#define MUSTER_CONFIG_ERRORS_H

#include <stddef.h>

#include "config/config.h"

struct source;

struct errors {
	struct config_errors *shown;      /* the caller's */
	const struct source *source;      /* turns a position into file and line */
	unsigned positions[CONFIG_ERRORS_MAX];  /* of shown->lines, ascending */
};

void errors_init(struct errors *errors, const struct source *source,
    struct config_errors *shown);
/* position: a line of the source's text, see source.h; 0: the file as a whole. A
 * message that is there already is not added again. */
void errors_add(struct errors *errors, unsigned position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void errors_add_no_memory(struct errors *errors);
/* text in quotes, printable and not too long, to be shown in a message. */
#define ERRORS_QUOTE_BYTES 128
const char *errors_quote(const char *text, char *quoted, size_t quoted_bytes);

#endif
