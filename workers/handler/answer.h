/* SPDX-License-Identifier: BSD-2-Clause */
/* A request as a handler sees it, and the answer that it fills in. No sockets here: a
 * handler says what to send, workers/conn sends it, whatever the version of HTTP. */
#ifndef MUSTER_HANDLER_ANSWER_H
#define MUSTER_HANDLER_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "config/config.h"
#include "workers/handler/answer_cache.h"
#include "workers/handler/route.h"
#include "workers/http/parse.h"
#include "workers/http/uri.h"
#include "workers/mem/arena.h"

#define ANSWER_FIELDS_MAX 64

struct auth_state;
struct clients;
struct ssi_work;
struct nonces;

struct exchange {               /* what the handler may know */
	const struct http_request *request; /* as the client sent it */
	struct slice path;          /* decoded and normalised; NUL-terminated, starts with '/';
	                             * after rewrites */
	struct uri_path path_info;  /* of path */
	struct slice query;         /* as sent, or as a rewrite made it; without '?' */
	bool has_query;
	struct route route;
	const struct config *config;
	const int *root_fds;        /* as config.roots */
	struct arena *arena;        /* ends with the request; 128 KiB */
	struct arena *scratch;      /* ends with the request; large, for what only some requests
	                             * need: listings, includes, compressors */
	struct clients *clients;    /* limits shared by all workers; NULL: none (unit tests) */
	struct nonces *nonces;      /* for digest logins, shared by all workers; NULL: none */
	struct sockaddr_storage client; /* who asks, behind trusted proxies; AF_UNIX: unknown */
	struct slice client_text;   /* the same for logs; "unix:" */
	bool is_https;              /* the client's own connection, as a trusted proxy says */
	const struct config_host *tls_host; /* by whose rules the client was asked for a
	                             * certificate; NULL: the connection is not TLS */
	unsigned listener_index;    /* into config.listeners */
	bool is_hasty;              /* nothing may be done that waits or takes long: it is
	                             * declined */
	bool codec_is_taken;        /* another answer is being compressed while it is sent: this one
	                             * goes as it is */
	unsigned paid_rate_count;   /* so many limits of rate have been counted before, by who
	                             * declined the same request: they are not once more */
	int64_t now_wall_s;
	int64_t now_mono_ms;
	uint64_t boundary_seed;     /* another one for each request */
	/* Tells the client what the answer links to before there is one; NULL: it takes no such
	 * thing. For hints_send(); the texts are the configuration's. */
	void (*hint)(void *context, const struct slice *links, unsigned count);
	void *hint_context;
	/* Filled in on the way. */
	unsigned counted_rate_count; /* limits of rate that this request was counted for */
	bool is_personal;           /* who asks, or what the client would rather have, had a say
	                             * beyond Accept-Encoding: the answer is for this request */
	bool is_hinted;             /* hints were sent, or there were none */
	struct slice user;          /* who has proved to be it; empty: nobody */
	struct auth_state *auth;    /* how (auth.h), shared with includes; NULL: not asked yet */
	unsigned depth;             /* of server-side includes; 0: the client's own request */
	struct ssi_work *ssi;       /* what a page and its includes share; NULL: no page yet */
};

enum answer_segment_kind { ANSWER_MEMORY, ANSWER_FILE };
struct answer_segment {
	enum answer_segment_kind kind;
	struct slice data;          /* MEMORY; lives in an arena of the exchange or is static */
	uint64_t offset, len;       /* FILE: of answer.file_fd */
};

/* Content whose length is not known before it is made: asked for piece by piece while it is
 * sent. The context lives in an arena of the exchange. */
struct answer_source {
	/* Bytes written to out, at least 1; 0: the end; -1: it cannot go on, logged by itself.
	 * cap is at least 4096. */
	long (*read)(void *context, char *out, size_t cap);
	/* Gives back what is no memory of the exchange; NULL: nothing. */
	void (*close)(void *context);
	void *context;
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
	struct answer_source source; /* read not NULL: in place of segments, and no length */
	bool hides_length;          /* HEAD of what would have another length: none is sent */
	int file_fd;                /* closed by answer_fini(); -1: none */
	bool must_close;            /* the connection cannot go on */
	bool lacks_room;            /* a field or segment did not fit: answer 500 instead */
	/* What it is about, for expires and compression; also with 304 and for HEAD. */
	struct slice media_type;    /* without parameters; empty: unknown */
	uint64_t whole_bytes;       /* of the representation, all ranges */
	bool is_file;               /* the representation is a file, not a page made here */
	bool is_generated_error;    /* answer_error(): an error_page may stand in */
	struct answer_file_state state; /* is_file: of that file */
	struct representation representation; /* is_file: its validators, as they were sent */
	bool is_declined;           /* a hasty exchange: this is no answer, whoever may wait is
	                             * to make it */
};

void answer_init(struct answer *answer);
void answer_fini(struct answer *answer);
/* Forgets all, closing file and source: for an error found half-way. */
void answer_restart(struct answer *answer);
void answer_field(struct answer *answer, struct slice name, struct slice value);
/* The first of that name, or NULL; any case. The value may be changed through it. */
struct slice *answer_find_field(struct answer *answer, struct slice name);
/* All of that name. */
void answer_remove_field(struct answer *answer, struct slice name);
/* Adds one element to Vary (or whatever list field), unless it is there. */
void answer_vary(struct answer *answer, struct arena *arena, struct slice name);
void answer_memory(struct answer *answer, struct slice data);
void answer_file(struct answer *answer, uint64_t offset, uint64_t len);
/* Drops the segments, for other content to take their place. */
void answer_drop_content(struct answer *answer);
/* Room for count segments from the arena. */
void answer_reserve(struct answer *answer, struct arena *arena, unsigned count);

/* In place of any answer: a hasty exchange cannot have one. */
void answer_decline(struct answer *answer);

/* A small HTML page that says the status, with no byte of the request in it. */
void answer_error(struct answer *answer, struct arena *arena, unsigned status);
/* The same with a sentence of the caller's, as HTML. */
void answer_error_because(struct answer *answer, struct arena *arena, unsigned status,
    const char *explanation);

#endif
