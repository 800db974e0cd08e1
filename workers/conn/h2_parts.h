/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of an HTTP/2 connection share: its streams, and the memory they have. Seen by
 * serve_h2.c and h2_*.c only. */
#ifndef MUSTER_CONN_H2_PARTS_H
#define MUSTER_CONN_H2_PARTS_H

#include "workers/conn/ready.h"
#include "workers/conn/turn.h"
#include "workers/http2/request.h"
#include "workers/http2/session.h"

#define H2_SCRATCH_COUNT 8          /* streams that need a large arena at the same time */
#define H2_OUT_BYTES 65536          /* what is gathered for one send */
#define H2_HEAD_COUNT 8             /* of answers out of the cache, made ready for sending */
#define H2_HEAD_FIELDS_MAX 24
#define H2_HEAD_TEXT_BYTES 768

enum h2_phase {
	H2_HEAD,                    /* its header list comes */
	H2_DUE,                     /* is to be acted on, or looked at before */
	H2_CONTENT,                 /* admitted; its content comes */
	H2_SENDING,                 /* has its answer, maybe not sent yet */
};

/* The fields of an answer's head as a list. */
struct h2_list {
	const struct h2_field *fields; /* own, or a struct h2_head's */
	size_t count;
	struct h2_field own[H2_FIELDS_MAX];
	struct arena *arena;
	bool is_bad;                /* it cannot be sent */
};

/* The list of a head that is in the cache. Its values lie there, in an answer that whoever sends
 * it holds. */
struct h2_head {
	uint64_t serial;            /* the head's; 0: none */
	unsigned user_count;        /* streams that have not ended */
	size_t count;
	struct h2_field fields[H2_HEAD_FIELDS_MAX];
	char text[H2_HEAD_TEXT_BYTES]; /* names */
};

struct h2_stream {
	/* Cleared when a stream begins, up to head. */
	int32_t id;                 /* 0: this one is free */
	struct h2 *h2;              /* whose it is; when has_begun */
	struct h2_stream *next;     /* free, or due */
	enum h2_phase phase;
	bool is_read;               /* head was: request is whole, or status says why not */
	bool has_begun;             /* its turn has */
	bool has_answer;            /* answer is initialised */
	bool is_admitted;
	bool is_ended;              /* the client has sent all of it */
	bool has_content;           /* of the request: DATA follows its head */
	bool is_complete;           /* all of the answer is in the output */
	unsigned status;            /* of a head that is none; 0: it is one */
	unsigned content_status;    /* the same of the content */
	struct arena arena;         /* the request's and the answer's */
	struct arena *scratch;      /* one of the few; NULL: none */
	/* The content, as far as it is sent. */
	unsigned segment_index;
	uint64_t segment_at;
	char *stage;                /* of a source: what it has made and did not fit */
	size_t stage_at, stage_bytes;
	bool is_stage_last;
	uint64_t rate_bytes_s;      /* 0: as fast as it goes */
	int64_t due_mono_us;        /* with a rate: when more may go */
	bool waits_for_rate;
	/* Progress: 64 KiB in each time limit. */
	int64_t since_mono_ms;      /* 0: not measured */
	uint64_t since_bytes;       /* of body_sent_bytes or content_bytes then */
	uint64_t content_bytes;     /* received */
	int64_t unwanted_since_mono_ms; /* it is answered, and the client still sends; 0: no */
	uint64_t unwanted_at_bytes; /* content_bytes then */
	bool is_given_up;           /* its reset is on the way, behind what the client takes */
	char client_text[CONN_CLIENT_BYTES];
	struct h2_head *head_made;  /* what ready.head is sent as; NULL: made for this stream */
	struct ready ready;         /* ready.head not NULL: it is the answer */
	struct h2_request head;
	struct turn turn;
	struct answer answer;
	struct http_request request; /* last: few requests touch its end */
};

enum h2_drain { H2_OPEN, H2_NOTICED, H2_GONE };

struct h2 {                         /* one a process */
	struct conn *conn;          /* of the connection at hand */
	struct h2_session *session;
	char *blocks;               /* of streams, each with the memory of its arena behind it */
	size_t block_bytes, arena_bytes;
	unsigned stream_count;      /* most */
	unsigned fresh_count;       /* blocks[0..fresh_count) were used on this connection */
	unsigned active_count;
	struct h2_stream *free;
	struct h2_stream *due_first, *due_last;
	struct arena scratches[H2_SCRATCH_COUNT];
	struct h2_stream *codec_stream; /* whose content is compressed as it goes; NULL: none */
	bool is_scratch_taken[H2_SCRATCH_COUNT];
	struct h2_head heads[H2_HEAD_COUNT]; /* by serial */
	char *out;                  /* H2_OUT_BYTES */
	size_t out_at, out_bytes;
	int64_t fed_wall_us, fed_mono_us; /* when the last input was read, and */
	int64_t now_mono_us;        /* when a round last looked: for all streams of the round */
	enum h2_drain drain;
	bool has_unwanted;          /* a stream is answered, and the client still sends */
	int64_t due_mono_us;        /* the connection's rate, where it is kept here */
	int64_t noticed_mono_ms;
	int64_t idle_since_mono_ms; /* no stream since then */
	int64_t head_since_mono_ms; /* a list that is not whole; 0: none */
	int64_t moved_mono_ms;      /* the connection's own progress, as of a stream's */
	uint64_t moved_bytes;
	int queued_bytes;           /* in the socket when the connection last was idle too long; */
	int64_t queued_mono_ms;     /* 0: it was not. And when that began */
};

/* h2_streams.c */
/* Maps all memory. 0, or -1 and errno. */
int h2_streams_init(struct h2 *h2);
/* NULL: there are as many as may be. */
struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id);
void h2_stream_free(struct h2 *h2, struct h2_stream *stream);
/* The next one after `stream`, or the first: NULL when there is none. */
struct h2_stream *h2_stream_next(struct h2 *h2, struct h2_stream *stream);
/* To be acted on, in this order. */
void h2_stream_queue(struct h2 *h2, struct h2_stream *stream);
/* It has gone before it was. */
void h2_stream_unqueue(struct h2 *h2, struct h2_stream *stream);
/* Forgets all; an idle worker keeps little memory. */
void h2_streams_reset(struct h2 *h2);
/* False: none is free. */
bool h2_scratch_take(struct h2 *h2, struct h2_stream *stream);
bool h2_scratch_is_free(const struct h2 *h2);
/* only_if_unused: keeps it when something lies in it. */
void h2_scratch_release(struct h2 *h2, struct h2_stream *stream, bool only_if_unused);

/* h2_list.c */
/* Of stream->ready.head, and until h2_list_release(). */
void h2_list_ready(struct h2 *h2, struct h2_list *list, struct h2_stream *stream);
void h2_list_release(struct h2_stream *stream);
/* Of stream->answer, with Date and Content-Length. is_head: it answers HEAD. */
void h2_list_answer(struct h2 *h2, struct h2_list *list, struct h2_stream *stream, bool is_head);

/* h2_answer.c */
/* Acts on streams that are due, as far as there is memory for it. */
void h2_answer_due(struct h2 *h2);
/* In place of any other answer, unless there is one already. */
void h2_answer_error(struct h2 *h2, struct h2_stream *stream, unsigned status);
/* Its books are closed: counted, logged. */
void h2_answer_close(struct h2 *h2, struct h2_stream *stream);

/* h2_content.c: as h2_owner.read */
long h2_content_read(void *owner, void *of, char *out, size_t cap, bool *is_end_out);

#endif
