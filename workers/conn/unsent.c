/* SPDX-License-Identifier: BSD-2-Clause */
/* The rest of an answer as bytes. Leaves what is done with it to stall.c. Workers and keepers,
 * unprivileged; pure. Rule: nothing is used before it was checked, since any worker may have
 * written it: what it says of lengths is true, and no number of it can overflow another one.
 * Shown by test_unsent.c and tests/fuzz/fuzz_unsent.c. */
#include "workers/conn/unsent.h"

static char *
put(char *at, struct slice text)
{
	if (text.len > 0)
		memmove(at, text.data, text.len);
	return at + text.len;
}

size_t
unsent_pack(struct unsent *unsent, const struct unsent_texts *texts, char *out, size_t cap)
{
	size_t head_bytes = texts->answer_head.len, user_bytes = texts->user.len;
	char *at;

	if (cap < sizeof *unsent || head_bytes > cap - sizeof *unsent ||
	    user_bytes > cap - sizeof *unsent - head_bytes)
		return 0;
	unsent->answer_head_bytes = (uint32_t)head_bytes;
	unsent->user_bytes = (uint32_t)user_bytes;
	at = put(out, texts->answer_head);
	at = put(at, texts->user);
	memcpy(at, unsent, sizeof *unsent);
	return head_bytes + user_bytes + sizeof *unsent;
}

/* Log records go by lines: the head is what one of ours looks like. */
static bool
are_lines(struct slice text)
{
	return text.len == 0 || (text.len >= 2 && memchr(text.data, '\0', text.len) == NULL &&
	    memcmp(text.data + text.len - 2, "\r\n", 2) == 0);
}

static bool
has_sound_numbers(const struct unsent *unsent)
{
	return unsent->left_bytes > 0 && unsent->left_bytes <= INT64_MAX &&
	    unsent->offset <= INT64_MAX - unsent->left_bytes &&
	    unsent->sent_bytes <= INT64_MAX && unsent->body_sent_bytes <= unsent->sent_bytes &&
	    unsent->content_bytes <= INT64_MAX && unsent->progress_bytes <= INT64_MAX &&
	    unsent->progress_since_mono_ms > 0 && unsent->parked_mono_ms >= 0 &&
	    unsent->start_wall_us >= 0 && unsent->start_mono_us >= 0 &&
	    unsent->status >= 200 && unsent->status <= 599 && unsent->keeps_alive <= 1 &&
	    unsent->must_close <= 1 && unsent->is_logged <= 1;
}

bool
unsent_unpack(const char *in, size_t bytes, struct unsent *unsent, struct unsent_texts *texts)
{
	uint64_t texts_at, all;

	if (bytes < sizeof *unsent)
		return false;
	memcpy(unsent, in + bytes - sizeof *unsent, sizeof *unsent);
	texts_at = (uint64_t)unsent->head_bytes + unsent->ahead_bytes;
	all = texts_at + unsent->answer_head_bytes + unsent->user_bytes;
	if (all != bytes - sizeof *unsent || unsent->head_bytes == 0 ||
	    !has_sound_numbers(unsent))
		return false;
	texts->answer_head = slice_make(in + texts_at, unsent->answer_head_bytes);
	texts->user = slice_make(in + texts_at + unsent->answer_head_bytes, unsent->user_bytes);
	return are_lines(texts->answer_head);
}
