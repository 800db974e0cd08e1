/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole answers, ready-made, each for a short time. One cache a process: what one process keeps,
 * no other one sends. Bounded: in bytes, and the answer that was not asked for longest goes first;
 * one that needs more room than a few of them leave takes the neighbours of the next one.
 *
 * The promise: what is sent out of it was true at most valid_ms ago. An answer that is older is
 * not found; it is made anew by the whole pipeline, and when that comes out the same for the same
 * state of the same file, its content need not be read again (answer_cache_renew()). Only a
 * change that leaves no trace in the file's state can be missed by that: one made through a
 * shared mapping (mmap(2)), until the system notes it, or with the clock set back to the very
 * nanosecond.
 *
 * All memory is mapped at once and touched as it is used; nothing is asked of the system later,
 * but to close files. Not for threads. now_mono_ms is clock_mono_ms(), now_wall_ns since 1970. */
#ifndef MUSTER_HANDLER_ANSWER_CACHE_H
#define MUSTER_HANDLER_ANSWER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "workers/http/conditional.h"
#include "workers/mem/arena.h"
#include "workers/mem/slice.h"

struct config_settings;

#define ANSWER_CACHE_MIN_BYTES 4096
#define ANSWER_CACHE_DATE_BYTES 29  /* of a Date field's value */

/* All of a request that decides the answer, as far as answers are kept at all. */
struct answer_key {
	unsigned listener_index;
	bool is_https;
	struct slice host, port;    /* as sent */
	struct slice target;        /* as sent */
	struct slice accept_encoding; /* as sent; data is NULL: no such field */
};

/* The state of a file that an answer was made of. */
struct answer_file_state {
	uint64_t device, inode, file_bytes;
	int64_t modified_ns, changed_ns; /* since 1970 */
};

/* A response head without its empty line, and without Connection; the Date in it is set for the
 * second that it is sent in. */
struct answer_head {
	char *text;
	size_t bytes;
	size_t date_offset;         /* of ANSWER_CACHE_DATE_BYTES */
	int64_t date_s;             /* that stands there */
	uint64_t serial;            /* another one for each text that is set, never 0; only dates
	                             * change in a text with the same one */
};

struct answer_links {               /* private to answer_cache.c */
	struct answer_links *newer, *older;
};

struct cached_answer {              /* lives as long as it is in the cache, or held */
	const struct config_settings *settings; /* of its location */
	struct answer_file_state state;
	struct representation representation; /* slices in the answer's own memory */
	struct answer_head head;    /* of the 200; "\r\n" and the content follow its text */
	char *content;              /* head.text + head.bytes + 2 */
	size_t content_bytes;       /* in memory */
	int fd;                     /* or a file that is too large for that: owned; -1 */
	uint64_t file_bytes;        /* of fd */
	struct answer_head not_modified; /* of the 304, "\r\n" follows; text NULL: not known */
	/* private to answer_cache.c; those that each search looks at last, beside each other */
	char *not_modified_room;    /* for the text of not_modified, and its empty line */
	size_t not_modified_cap;    /* without that */
	bool is_settled;            /* a change since the content was read shows in state */
	bool is_counted;            /* among the open files */
	bool is_gone;               /* cannot be found (any more); freed when not held */
	int64_t valid_until_mono_ms;
	uint64_t last_use;          /* greater: later */
	struct answer_links recency; /* NULLs while it is held, or gone */
	struct cached_answer *chain_next;
	uint64_t hash;
	unsigned hold_count;
	unsigned key_word_count;
	uint64_t key_words[];
};

struct answer_cache;

/* In a part of memory, which is zero and outlives it. bytes: all that it takes, at least 4096;
 * max_body_bytes: of one answer in memory (an answer takes at most an eighth of all bytes in any
 * case); open_file_count: most files open at the same time. NULL: errno. */
struct answer_cache *answer_cache_new(struct arena *memory, size_t bytes, size_t max_body_bytes,
    unsigned open_file_count, unsigned valid_ms);

/* One that is still valid, or NULL. Live until the next call that may make room: _reserve and
 * _publish. */
struct cached_answer *answer_cache_find(struct answer_cache *cache, const struct answer_key *key,
    int64_t now_mono_ms);

/* Whether content of that size may be kept in memory; one byte more may not fit with a head and
 * key of usual length. _reserve has the last word. */
bool answer_cache_takes(const struct answer_cache *cache, size_t content_bytes);

/* There is an old answer for the key, its head is this one but for the dates of Date and Expires,
 * it was made of this state of the file, and its content was read when the file had not been
 * touched for long enough that a change since then shows in the state: it is valid again. It
 * takes over Expires, and then forgets its 304; but not while it is held. Its settings are
 * the caller's to set anew. now_mono_ms: of before the file was looked at. */
struct cached_answer *answer_cache_renew(struct answer_cache *cache, const struct answer_key *key,
    struct slice head, size_t date_offset, const struct answer_file_state *state,
    int64_t now_mono_ms);

/* Room for an answer with so much content; an older one for the same key is dropped, others if
 * they are in the way. NULL: there is none. The caller fills content[0..content_bytes), settings,
 * state (with content in memory: as it was before that was read), fd and file_bytes, and then
 * either publishes or drops it. etag may be empty. head: as in struct answer_head, whose date_s
 * is the caller's to set, or 0. Nothing that is handed over may lie in another answer. */
struct cached_answer *answer_cache_reserve(struct answer_cache *cache,
    const struct answer_key *key, struct slice head, size_t date_offset,
    const struct representation *representation, size_t content_bytes);
/* Both times: of before the file was looked at. Where an answer has a file, others with files
 * are closed to stay within open_file_count; if all those are held, this one is not kept: it
 * lives until the next _reserve or _publish, or as long as it is held. */
void answer_cache_publish(struct answer_cache *cache, struct cached_answer *answer,
    int64_t now_wall_ns, int64_t now_mono_ms);
/* Any answer; closes its fd. It is freed with the last hold. */
void answer_cache_drop(struct answer_cache *cache, struct cached_answer *answer);

/* Notes the head of a 304 for an answer, made of the same state of the file; copied, with an
 * empty line behind its text. Nothing is noted when it is longer than that of the 200 by more
 * than the status line, or while one is being sent. */
void answer_cache_set_not_modified(struct answer_cache *cache, struct cached_answer *answer,
    struct slice head, size_t date_offset);

/* Keeps its memory and fd from being used anew while it is being sent. It may be found, renewed
 * and dropped in the meantime. */
void answer_cache_hold(struct cached_answer *answer);
void answer_cache_release(struct answer_cache *cache, struct cached_answer *answer);

/* Sets the Date; text is what belongs to now_wall_s, made once a second by the caller. Where a
 * part of a head was sent and the rest is to follow, that must be a copy: another request may
 * set its Date in between. */
static inline void
answer_head_set_date(struct answer_head *head, struct slice text, int64_t now_wall_s)
{
	if (head->date_s == now_wall_s)
		return;
	memcpy(head->text + head->date_offset, text.data, ANSWER_CACHE_DATE_BYTES);
	head->date_s = now_wall_s;
}

#endif
