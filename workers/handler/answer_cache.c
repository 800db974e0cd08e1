/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of ready-made answers: by key, by recency, and in one area of memory. Leaves what
 * may be kept, and for whom, to its callers, packing keys to answer_key.c, whether an old
 * answer is still the right one to answer_renewal.c, and the area to workers/mem/heap.c.
 * Workers and keepers, unprivileged. Rules: the whole key decides, never its hash; the memory
 * and the file of an answer that is held stay as they are; a file is closed once, with its answer.
 *
 * Room is made by dropping the answer whose last use is longest ago, and so on. Since those lie
 * anywhere, a hole for a large answer could take most of the small ones with it; therefore after
 * SINGLE_COUNT of them the hole that the next one leaves is widened by its neighbours, the
 * older one first: no more goes than is needed. Held answers are walls to that, and are in no
 * list of recency: those who hold many make nobody else's search longer.
 * Shown by test_answer_cache.c. */
#include "workers/handler/answer_cache.h"

#include <errno.h>
#include <sys/random.h>

#include "server/base/fdio.h"
#include "server/base/log.h"
#include "workers/handler/answer_key.h"
#include "workers/handler/answer_renewal.h"
#include "workers/mem/heap.h"

#define HASH_BITS 64
#define LINE_BYTES 64               /* of the processor's cache */
#define CHAIN_BYTES 1024            /* of memory for each chain: few answers are smaller */
#define SHARE 8                     /* an answer takes at most the 8th part of all */
#define HEADS_BYTES 1024            /* of key and heads, usually */
#define SINGLE_COUNT 8
#define ATTEMPTS_MAX 16             /* beyond that, held answers are everywhere */
#define EMPTY_LINE SLICE_LITERAL("\r\n")
#define NOT_MODIFIED_EXTRA (sizeof "304 Not Modified" - sizeof "200 OK")

struct answer_cache {
	unsigned chain_shift;       /* the hash's upper bits say which chain */
	uint64_t use_count;
	uint64_t head_count;        /* set so far */
	struct answer_links in_memory, of_files; /* heads of rings; newer: the oldest one */
	unsigned open_count, open_max, valid_ms;
	size_t max_body_bytes, max_cost;
	struct heap *heap;
	struct cached_answer *passing; /* published, but cannot be kept; NULL: none */
	struct packed_key_secret secret;
	struct cached_answer *chains[];
};

static void
ring_init(struct answer_links *ring)
{
	ring->newer = ring->older = ring;
}

struct answer_cache *
answer_cache_new(struct arena *memory, size_t bytes, size_t max_body_bytes,
    unsigned open_file_count, unsigned valid_ms)
{
	struct answer_cache *cache;
	size_t own_bytes, chain_count = 1;

	if (bytes < ANSWER_CACHE_MIN_BYTES) {
		errno = EINVAL;
		return NULL;
	}
	cache = arena_alloc(memory, bytes);
	if (cache == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (getrandom(&cache->secret, sizeof cache->secret, 0) != sizeof cache->secret)
		return NULL;
	cache->chain_shift = HASH_BITS;
	while (chain_count <= bytes / CHAIN_BYTES / 2) {
		chain_count *= 2;
		cache->chain_shift--;
	}
	own_bytes = sizeof *cache + chain_count * sizeof cache->chains[0];
	own_bytes = (own_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	cache->heap = heap_init((char *)cache + own_bytes, bytes - own_bytes);
	bug_if(cache->heap == NULL, "an answer cache has no room for itself");
	ring_init(&cache->in_memory);
	ring_init(&cache->of_files);
	cache->open_max = open_file_count;
	cache->valid_ms = valid_ms;
	cache->max_body_bytes = max_body_bytes;
	cache->max_cost = bytes / SHARE;
	return cache;
}

static struct cached_answer **
chain_of(struct answer_cache *cache, uint64_t hash)
{
	return &cache->chains[hash >> cache->chain_shift];
}

static bool
has_key(const struct cached_answer *answer, const struct packed_key *key)
{
	return answer->hash == key->hash && answer->key_word_count == key->word_count &&
	    memcmp(answer->key_words, key->words, key->word_count * sizeof key->words[0]) == 0;
}

/* Whatever its age; packed_out: for a new one. NULL: there is none. */
static struct cached_answer *
look_up(struct answer_cache *cache, const struct answer_key *key, struct packed_key *packed_out)
{
	struct cached_answer *answer;

	if (!packed_key_make(&cache->secret, key, packed_out)) {
		packed_out->word_count = 0;
		return NULL;
	}
	answer = *chain_of(cache, packed_out->hash);
	while (answer != NULL && !has_key(answer, packed_out))
		answer = answer->chain_next;
	return answer;
}

static void
unlink_from_ring(struct cached_answer *answer)
{
	struct answer_links *links = &answer->recency;

	if (links->newer == NULL)
		return;
	links->newer->older = links->older;
	links->older->newer = links->newer;
	links->newer = links->older = NULL;
}

/* It is in use now: as the newest, unless it is held. */
static void
note_use(struct answer_cache *cache, struct cached_answer *answer)
{
	struct answer_links *ring = answer->fd >= 0 ? &cache->of_files : &cache->in_memory;
	struct answer_links *links = &answer->recency;

	answer->last_use = ++cache->use_count;
	if (answer->hold_count > 0 || ring->older == links)
		return;
	unlink_from_ring(answer);
	links->older = ring->older;
	links->newer = ring;
	ring->older->newer = links;
	ring->older = links;
}

static struct cached_answer *
oldest_of(const struct answer_links *ring)
{
	char *links = (char *)ring->newer;

	return ring->newer == ring ? NULL :
	    (struct cached_answer *)(links - offsetof(struct cached_answer, recency));
}

/* Of two that may be dropped; NULL: neither. */
static struct cached_answer *
older_one(struct cached_answer *a, struct cached_answer *b)
{
	if (a == NULL || a->recency.newer == NULL)
		return b == NULL || b->recency.newer == NULL ? NULL : b;
	if (b == NULL || b->recency.newer == NULL)
		return a;
	return a->last_use < b->last_use ? a : b;
}

static void
free_answer(struct answer_cache *cache, struct cached_answer *answer, struct heap_hole *hole_out)
{
	fdio_close(&answer->fd);
	if (answer->is_counted)
		cache->open_count--;
	heap_free(cache->heap, answer, hole_out);
}

/* From now on it is not found. */
static void
forget(struct answer_cache *cache, struct cached_answer *answer)
{
	struct cached_answer **at = chain_of(cache, answer->hash);

	if (answer->is_gone)
		return;
	while (*at != answer)
		at = &(*at)->chain_next;
	*at = answer->chain_next;
	unlink_from_ring(answer);
	answer->is_gone = true;
}

/* Not held. */
static void
evict(struct answer_cache *cache, struct cached_answer *answer, struct heap_hole *hole_out)
{
	forget(cache, answer);
	free_answer(cache, answer, hole_out);
}

/* Whoever published it had until now to hold it. */
static void
discard_passing(struct answer_cache *cache)
{
	struct cached_answer *answer = cache->passing;
	struct heap_hole hole;

	cache->passing = NULL;
	if (answer != NULL && answer->hold_count == 0)
		free_answer(cache, answer, &hole);
}

void
answer_cache_drop(struct answer_cache *cache, struct cached_answer *answer)
{
	struct heap_hole hole;

	forget(cache, answer);
	if (answer == cache->passing)
		cache->passing = NULL;
	if (answer->hold_count == 0)
		free_answer(cache, answer, &hole);
}

struct cached_answer *
answer_cache_find(struct answer_cache *cache, const struct answer_key *key, int64_t now_mono_ms)
{
	struct cached_answer *answer;
	struct packed_key packed;

	answer = look_up(cache, key, &packed);
	if (answer == NULL || now_mono_ms >= answer->valid_until_mono_ms)
		return NULL;
	note_use(cache, answer);
	return answer;
}

bool
answer_cache_takes(const struct answer_cache *cache, size_t content_bytes)
{
	size_t more_bytes = sizeof(struct cached_answer) + HEADS_BYTES;

	return content_bytes <= cache->max_body_bytes && content_bytes <= cache->max_cost &&
	    heap_cost(content_bytes + more_bytes) <= cache->max_cost;
}

struct cached_answer *
answer_cache_renew(struct answer_cache *cache, const struct answer_key *key, struct slice head,
    size_t date_offset, const struct answer_file_state *state, int64_t now_mono_ms)
{
	struct cached_answer *answer;
	struct packed_key packed;

	answer = look_up(cache, key, &packed);
	if (answer == NULL || !answer->is_settled ||
	    !renewal_fits(answer, head, date_offset, state))
		return NULL;
	answer->valid_until_mono_ms = now_mono_ms + cache->valid_ms;
	note_use(cache, answer);
	return answer;
}

static void
widen(struct answer_cache *cache, struct heap_hole *hole, size_t cost)
{
	struct cached_answer *next;

	while (hole->bytes < cost && (next = older_one(hole->before, hole->after)) != NULL)
		evict(cache, next, hole);
}

static void *
make_room(struct answer_cache *cache, size_t bytes)
{
	struct cached_answer *oldest;
	struct heap_hole hole;
	unsigned attempt;
	void *piece;

	for (attempt = 0; (piece = heap_alloc(cache->heap, bytes)) == NULL; attempt++) {
		oldest = older_one(oldest_of(&cache->in_memory), oldest_of(&cache->of_files));
		if (oldest == NULL || attempt == ATTEMPTS_MAX)
			return NULL;
		evict(cache, oldest, &hole);
		if (attempt >= SINGLE_COUNT)
			widen(cache, &hole, heap_cost(bytes));
	}
	return piece;
}

/* Copies to *at and moves that on. */
static char *
put(char **at, struct slice s)
{
	char *start = *at;

	if (s.len > 0)
		memcpy(start, s.data, s.len);
	*at += s.len;
	return start;
}

static void
set_head(struct answer_cache *cache, struct answer_head *head, char **at, struct slice text,
    size_t date_offset)
{
	head->text = put(at, text);
	head->bytes = text.len;
	head->date_offset = date_offset;
	head->date_s = 0;
	head->serial = ++cache->head_count;
	put(at, EMPTY_LINE);
}

/* Behind the answer itself: key, etag, room for the head of a 304, head, content. */
static void
fill(struct answer_cache *cache, struct cached_answer *answer, const struct packed_key *key,
    struct slice head, size_t date_offset, const struct representation *representation)
{
	char *at = (char *)(answer->key_words + key->word_count);

	*answer = (struct cached_answer){ .fd = -1, .is_gone = true, .hash = key->hash,
		.key_word_count = key->word_count, .representation = *representation };
	memcpy(answer->key_words, key->words, key->word_count * sizeof key->words[0]);
	answer->representation.etag.data = put(&at, representation->etag);
	answer->not_modified_room = at;
	answer->not_modified_cap = head.len + NOT_MODIFIED_EXTRA;
	at += answer->not_modified_cap + EMPTY_LINE.len;
	set_head(cache, &answer->head, &at, head, date_offset);
	answer->content = at;
}

/* All bytes of an answer; 0: more than it may have. */
static size_t
room_for(const struct answer_cache *cache, const struct packed_key *key, size_t head_bytes,
    size_t etag_bytes, size_t content_bytes)
{
	size_t max = cache->max_cost, bytes;

	if (head_bytes > max || etag_bytes > max || content_bytes > max)
		return 0;           /* or the sum could overflow */
	bytes = sizeof(struct cached_answer) + key->word_count * sizeof key->words[0] +
	    etag_bytes + NOT_MODIFIED_EXTRA + 2 * (head_bytes + EMPTY_LINE.len) + content_bytes;
	return heap_cost(bytes) > max ? 0 : bytes;
}

struct cached_answer *
answer_cache_reserve(struct answer_cache *cache, const struct answer_key *key, struct slice head,
    size_t date_offset, const struct representation *representation, size_t content_bytes)
{
	struct cached_answer *answer;
	struct packed_key packed;
	size_t bytes;

	bug_if(date_offset + ANSWER_CACHE_DATE_BYTES > head.len, "a head without its Date");
	discard_passing(cache);
	answer = look_up(cache, key, &packed);
	if (answer != NULL)
		answer_cache_drop(cache, answer);
	if (packed.word_count == 0 || content_bytes > cache->max_body_bytes)
		return NULL;
	bytes = room_for(cache, &packed, head.len, representation->etag.len, content_bytes);
	if (bytes == 0)
		return NULL;
	answer = make_room(cache, bytes);
	if (answer == NULL)
		return NULL;
	fill(cache, answer, &packed, head, date_offset, representation);
	answer->content_bytes = content_bytes;
	return answer;
}

/* Counts the file of an answer. */
static bool
take_file(struct answer_cache *cache, struct cached_answer *answer)
{
	struct cached_answer *oldest;
	struct heap_hole hole;

	while (cache->open_count >= cache->open_max) {
		oldest = oldest_of(&cache->of_files);
		if (oldest == NULL)
			return false;
		evict(cache, oldest, &hole);
	}
	cache->open_count++;
	answer->is_counted = true;
	return true;
}

void
answer_cache_publish(struct answer_cache *cache, struct cached_answer *answer,
    int64_t now_wall_ns, int64_t now_mono_ms)
{
	struct cached_answer **chain = chain_of(cache, answer->hash);

	bug_if(!answer->is_gone, "an answer published twice");
	discard_passing(cache);
	answer->valid_until_mono_ms = now_mono_ms + cache->valid_ms;
	if (answer->fd >= 0 && !take_file(cache, answer)) {
		cache->passing = answer;
		return;
	}
	answer->is_settled = renewal_sees_changes(answer, now_wall_ns);
	answer->is_gone = false;
	answer->chain_next = *chain;
	*chain = answer;
	note_use(cache, answer);
}

void
answer_cache_set_not_modified(struct answer_cache *cache, struct cached_answer *answer,
    struct slice head, size_t date_offset)
{
	char *at = answer->not_modified_room;

	bug_if(date_offset + ANSWER_CACHE_DATE_BYTES > head.len, "a head without its Date");
	if (head.len > answer->not_modified_cap)
		return;
	if (answer->not_modified.text != NULL && answer->hold_count > 0)
		return;
	set_head(cache, &answer->not_modified, &at, head, date_offset);
}

void
answer_cache_hold(struct cached_answer *answer)
{
	unlink_from_ring(answer);
	answer->hold_count++;
}

void
answer_cache_release(struct answer_cache *cache, struct cached_answer *answer)
{
	struct heap_hole hole;

	bug_if(answer->hold_count == 0, "an answer released that nobody holds");
	if (--answer->hold_count > 0)
		return;
	if (!answer->is_gone)
		note_use(cache, answer);
	else if (answer != cache->passing)
		free_answer(cache, answer, &hole);
}
