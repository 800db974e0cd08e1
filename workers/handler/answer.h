/* SPDX-License-Identifier: BSD-2-Clause */
/* A request as a handler sees it, and the answer that it fills in. No sockets here: a
 * handler says what to send, workers/conn sends it, whatever the version of HTTP. */
#ifndef MUSTER_HANDLER_ANSWER_H
#define MUSTER_HANDLER_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "workers/handler/route.h"
#include "workers/http/parse.h"
#include "workers/http/uri.h"
#include "workers/mem/arena.h"

#define ANSWER_FIELDS_MAX 24

struct exchange {               /* what the handler may know */
	const struct http_request *request;
	struct slice path;          /* decoded and normalised; NUL-terminated, starts with '/' */
	struct uri_path path_info;
	struct route route;
	const struct config *config;
	const int *root_fds;        /* as config.roots */
	struct arena *arena;        /* ends with the request */
	int64_t now_wall_s;
	uint64_t boundary_seed;     /* another one for each request */
};

enum answer_segment_kind { ANSWER_MEMORY, ANSWER_FILE };
struct answer_segment {
	enum answer_segment_kind kind;
	struct slice data;          /* MEMORY; lives in the arena or is static */
	uint64_t offset, len;       /* FILE: of answer.file_fd */
};

struct answer {
	unsigned status;
	struct { struct slice name, value; } fields[ANSWER_FIELDS_MAX];
	unsigned field_count;
	bool has_content;           /* false: 204, 304: no Content-Length, no body */
	uint64_t content_bytes;     /* all segments together */
	struct answer_segment *segments;
	unsigned segment_count, segment_cap;
	struct answer_segment inline_segments[2];
	int file_fd;                /* closed by answer_fini(); -1: none */
	bool must_close;            /* the connection cannot go on */
	bool lacks_room;            /* a field or segment did not fit: answer 500 instead */
};

void answer_init(struct answer *answer);
void answer_fini(struct answer *answer);
/* Forgets all but the descriptor's closing: for an error found half-way. */
void answer_restart(struct answer *answer);
void answer_field(struct answer *answer, struct slice name, struct slice value);
void answer_memory(struct answer *answer, struct slice data);
void answer_file(struct answer *answer, uint64_t offset, uint64_t len);
/* Room for count segments from the arena. */
void answer_reserve(struct answer *answer, struct arena *arena, unsigned count);

/* A small HTML page that says the status, with no byte of the request in it. */
void answer_error(struct answer *answer, struct arena *arena, unsigned status);

#endif
