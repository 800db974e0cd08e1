/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares answers by what they say, and by the state of the file that they were made of. Workers
 * and keepers, unprivileged. Rule: in doubt it is another answer: making one anew costs time,
 * sending an old one costs trust.
 *
 * Date and Expires are made of the clock and tell nothing of the content; without that, whatever
 * has an Expires would be read, and compressed, anew each time. Shown by test_answer_cache.c. */
#include "workers/handler/answer_renewal.h"

#define SETTLED_NS INT64_C(2000000000) /* no file system counts in longer steps */
#define EXPIRES SLICE_LITERAL("\r\nExpires: ")

/* A write within the same step of the file system's clock as the last one leaves the state as it
 * is: only when that step was over before the content was read does every later one show. A
 * file that is not read before is sent as it is at that time. */
bool
renewal_sees_changes(const struct cached_answer *answer, int64_t now_wall_ns)
{
	int64_t limit_ns = now_wall_ns - SETTLED_NS;

	return answer->fd >= 0 ||
	    (answer->state.modified_ns <= limit_ns && answer->state.changed_ns <= limit_ns);
}

static bool
is_same_state(const struct answer_file_state *a, const struct answer_file_state *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->file_bytes == b->file_bytes && a->modified_ns == b->modified_ns &&
	    a->changed_ns == b->changed_ns;
}

/* Where the date of the first Expires stands behind the one of Date; head.len: nowhere. */
static size_t
find_expires(struct slice head, size_t date_offset)
{
	size_t from = date_offset + ANSWER_CACHE_DATE_BYTES, left = head.len - from;
	const char *name = memmem(head.data + from, left, EXPIRES.data, EXPIRES.len), *value;

	if (name == NULL)
		return head.len;
	value = name + EXPIRES.len;
	left = head.len - (size_t)(value - head.data);
	/* What was written into the configuration need not be a date. */
	if (left <= ANSWER_CACHE_DATE_BYTES ||
	    memchr(value, '\r', ANSWER_CACHE_DATE_BYTES + 1) != value + ANSWER_CACHE_DATE_BYTES)
		return head.len;
	return (size_t)(value - head.data);
}

static bool
are_same(struct slice a, struct slice b, size_t from, size_t to)
{
	return memcmp(a.data + from, b.data + from, to - from) == 0;
}

bool
renewal_fits(struct cached_answer *answer, struct slice head, size_t date_offset,
    const struct answer_file_state *state)
{
	struct slice old = slice_make(answer->head.text, answer->head.bytes);
	size_t expires, behind;

	if (!is_same_state(&answer->state, state) || old.len != head.len ||
	    answer->head.date_offset != date_offset)
		return false;
	expires = find_expires(head, date_offset);
	behind = expires == head.len ? head.len : expires + ANSWER_CACHE_DATE_BYTES;
	if (find_expires(old, date_offset) != expires || !are_same(old, head, 0, date_offset) ||
	    !are_same(old, head, date_offset + ANSWER_CACHE_DATE_BYTES, expires) ||
	    !are_same(old, head, behind, head.len))
		return false;
	if (are_same(old, head, expires, behind))
		return true;
	if (answer->hold_count > 0)
		return false;
	memcpy(answer->head.text + expires, head.data + expires, behind - expires);
	answer->not_modified.text = NULL; /* that has the old one */
	return true;
}
