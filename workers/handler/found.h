/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that was found, and the answer it makes: validators, conditions, ranges. */
#ifndef MUSTER_HANDLER_FOUND_H
#define MUSTER_HANDLER_FOUND_H

#include <sys/stat.h>

#include "workers/handler/answer.h"
#include "workers/http/accept.h"

struct found {                  /* filled by variants_open(); slices live in the arena */
	int fd;                     /* open for reading; -1: none, or given away */
	struct stat stat;           /* of fd */
	int root_fd;                /* below is a path below it */
	struct slice below;         /* of fd's file; NUL-terminated */
	struct slice name;          /* says its media type: a path, without language or coding */
	struct slice language;      /* it is known to be in; empty: not known */
	bool varies_by_language;    /* Accept-Language had a say */
	bool varies_by_coding;      /* Accept-Encoding had a say */
	enum accept_coding coding;  /* of fd's bytes */
};

/* What tells whether a file is still the same. */
struct answer_file_state found_state(const struct stat *st);
/* Answers with the regular file of found; takes its descriptor. */
void found_answer(const struct exchange *exchange, struct answer *answer, struct found *found);
/* Answers that a file cannot be opened, for an errno of resolve_open(); logs why, unless there
 * is no such file. */
void found_refuse(const struct exchange *exchange, struct answer *answer, int error);
/* Closes the descriptor, if there is one. */
void found_close(struct found *found);

#endif
