/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns over PCRE2, and the bounds of time and memory within which they are matched.
 *
 * Which pattern is asked when is the router's. Compiled by whoever reads the configuration,
 * matched in workers as the unprivileged user, on paths that clients sent. Without just-in-time
 * compilation, which needs memory that is writable and executable.
 * Must stay true: a match takes some milliseconds at most, whatever the path (tens of them with
 * a path of 4 KiB and a pattern made for it), and asks the system for no memory: what
 * backtracking needs was asked for when the first pattern was compiled, which is before any
 * worker is there.
 * Shown by tests/unit/config/test_pattern.c. */
#include "config/pattern.h"

#include <stdio.h>

#ifdef HAVE_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Steps of the matcher: about 30 ns each, and 1 ns for each byte that it skips in one, which may
 * be all there are. It counts them anew for each place where a match may begin, so they are
 * shared out among these; where a share is too small, one place may have from FIRST_STEPS up
 * what others leave. */
#define STEPS_MAX 100000u
#define BYTES_MAX (1u << 25)        /* all steps together */
#define FIRST_STEPS 10u
#define MORE_STEPS 4u               /* times as many at the next attempt */
/* For places to come back to. A power of 2, and so a multiple of the smallest frame: what
 * warm_up() gets is all that the limit allows. */
#define HEAP_KIB 2048u
#define FRAMES_MAX (HEAP_KIB * 1024 / 128)

/* A dot is any byte and "$" the very end, so that nobody gets past a pattern by a line feed in
 * the path. Paths are bytes of whatever encoding, so "(*UTF)" has no meaning. */
#define OPTIONS (PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP)

struct pattern {
	pcre2_code *code;
	unsigned capture_count;
	bool is_anchored;           /* a match begins where the subject does */
	bool begins_with[256];      /* bytes that a match may begin with */
};

/* One of each in a process, which matches one path at a time. Made with the first pattern and
 * kept for good; workers have theirs from the master. */
static pcre2_match_data *match_data;
static pcre2_match_context *match_context;

/* Lets the heap of match_data grow to its limit, where it stays (since PCRE2 10.41; older
 * ones ask for memory in matches that go back and forth a lot). */
static int
warm_up(void)
{
	static const char text[] = "^(?:a|b)*$";
	unsigned char *subject = malloc(FRAMES_MAX);
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, sizeof(text) - 1, OPTIONS, &error,
	    &offset, NULL);
	int result;

	if (code != NULL && subject != NULL) {
		memset(subject, 'a', FRAMES_MAX);
		(void)pcre2_match(code, subject, FRAMES_MAX, 0, 0, match_data, match_context);
	}
	result = code != NULL && subject != NULL ? 0 : -1;
	pcre2_code_free(code);
	free(subject);
	return result;
}

static int
prepare_matching(void)
{
	if (match_context != NULL)
		return 0;
	match_data = pcre2_match_data_create(PATTERN_CAPTURES_MAX, NULL);
	match_context = match_data == NULL ? NULL : pcre2_match_context_create(NULL);
	if (match_context != NULL) {
		(void)pcre2_set_heap_limit(match_context, HEAP_KIB);
		(void)pcre2_set_depth_limit(match_context, FRAMES_MAX);
		(void)pcre2_set_match_limit(match_context, STEPS_MAX);
		if (warm_up() == 0)
			return 0;
	}
	pcre2_match_context_free(match_context);
	pcre2_match_data_free(match_data);
	match_context = NULL;
	match_data = NULL;
	return -1;
}

static void
describe(struct pattern *pattern)
{
	uint32_t capture_count = 0, options = 0, type = 0, byte = 0;
	const uint8_t *bitmap = NULL;

	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &capture_count);
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &options);
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_FIRSTCODETYPE, &type);
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_FIRSTCODEUNIT, &byte);
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_FIRSTBITMAP, &bitmap);
	pattern->capture_count = capture_count;
	pattern->is_anchored = (options & PCRE2_ANCHORED) != 0;
	for (unsigned i = 0; i < 256; i++) {
		/* The one byte may stand for both of its cases. */
		pattern->begins_with[i] = type == 1 ? (i | 0x20) == (byte | 0x20) :
		    bitmap == NULL || (bitmap[i / 8] >> i % 8 & 1) != 0;
	}
}

struct pattern *
pattern_compile(const char *text, bool ignores_case, char *errbuf, size_t errbuf_bytes)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	unsigned char reason[128];
	PCRE2_SIZE offset = 0;
	int error = 0;

	if (pattern == NULL || prepare_matching() < 0) {
		snprintf(errbuf, errbuf_bytes, "not enough memory for the pattern");
		free(pattern);
		return NULL;
	}
	pattern->code = pcre2_compile((PCRE2_SPTR)text, strlen(text),
	    OPTIONS | (ignores_case ? PCRE2_CASELESS : 0), &error, &offset, NULL);
	if (pattern->code == NULL) {
		(void)pcre2_get_error_message(error, reason, sizeof(reason));
		snprintf(errbuf, errbuf_bytes, "%s (after %zu bytes of the pattern)",
		    (const char *)reason, (size_t)offset);
		free(pattern);
		return NULL;
	}
	describe(pattern);
	return pattern;
}

void
pattern_free(struct pattern **pattern)
{
	if (*pattern == NULL)
		return;
	pcre2_code_free((*pattern)->code);
	free(*pattern);
	*pattern = NULL;
}

unsigned
pattern_capture_count(const struct pattern *pattern)
{
	return pattern->capture_count;
}

static uint32_t
limit_steps(size_t subject_bytes)
{
	return subject_bytes > BYTES_MAX / STEPS_MAX ? (uint32_t)(BYTES_MAX / subject_bytes) :
	    STEPS_MAX;
}

/* Places where a match may begin, and the end of the subject. */
static size_t
count_places(const struct pattern *pattern, const char *subject, size_t subject_bytes)
{
	size_t count = 1;

	for (size_t i = 0; i < subject_bytes && !pattern->is_anchored; i++)
		count += pattern->begins_with[(unsigned char)subject[i]];
	return count;
}

/* As pcre2_match() returns it. */
static int
match(const struct pattern *pattern, const char *subject, size_t subject_bytes, size_t start,
    uint32_t options, uint32_t step_max)
{
	(void)pcre2_set_match_limit(match_context, step_max);
	return pcre2_match(pattern->code, (PCRE2_SPTR)subject, subject_bytes, start, options,
	    match_data, match_context);
}

/* From one place after the other: most fail at once and leave their share to the few that need
 * more. What an attempt may have taken is counted, since nobody tells what it took. */
static int
match_from_each(const struct pattern *pattern, const char *subject, size_t subject_bytes)
{
	uint32_t left = 2 * limit_steps(subject_bytes);

	for (size_t start = 0; start <= subject_bytes; start++) {
		uint32_t step_max = FIRST_STEPS;
		int count = PCRE2_ERROR_MATCHLIMIT;

		if (start < subject_bytes && !pattern->begins_with[(unsigned char)subject[start]])
			continue;
		for (; count == PCRE2_ERROR_MATCHLIMIT && left > 0; step_max *= MORE_STEPS) {
			if (step_max > left)
				step_max = left;
			count = match(pattern, subject, subject_bytes, start, PCRE2_ANCHORED,
			    step_max);
			left -= step_max;
		}
		if (count != PCRE2_ERROR_NOMATCH)
			return count;
	}
	return PCRE2_ERROR_NOMATCH;
}

static void
take_captures(unsigned count, struct pattern_captures *captures)
{
	const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(match_data);

	captures->count = count;
	for (unsigned i = 0; i < PATTERN_CAPTURES_MAX; i++) {
		bool is_set = i < count && offsets[2 * i] != PCRE2_UNSET &&
		    offsets[2 * i] <= offsets[2 * i + 1];   /* "\K" can turn them round */

		captures->start[i] = is_set ? offsets[2 * i] : 0;
		captures->end[i] = is_set ? offsets[2 * i + 1] : 0;
	}
}

enum pattern_outcome
pattern_match(const struct pattern *pattern, const char *subject, size_t subject_bytes,
    struct pattern_captures *captures)
{
	size_t share = limit_steps(subject_bytes) / count_places(pattern, subject, subject_bytes);
	int count = match(pattern, subject, subject_bytes, 0, 0,
	    share > FIRST_STEPS ? (uint32_t)share : FIRST_STEPS);

	if (count == PCRE2_ERROR_MATCHLIMIT && !pattern->is_anchored)
		count = match_from_each(pattern, subject, subject_bytes);
	if (count == PCRE2_ERROR_NOMATCH)
		return PATTERN_NO_MATCH;
	if (count < 0)              /* a limit, or a recursion without end */
		return PATTERN_TOO_COSTLY;
	/* 0: there are more captures than anybody can ask for. */
	if (captures != NULL)
		take_captures(count == 0 ? PATTERN_CAPTURES_MAX : (unsigned)count, captures);
	return PATTERN_MATCH;
}

#else

struct pattern *
pattern_compile(const char *text, bool ignores_case, char *errbuf, size_t errbuf_bytes)
{
	(void)text;
	(void)ignores_case;
	snprintf(errbuf, errbuf_bytes, "this muster is built without PCRE2, which patterns need");
	return NULL;
}

void
pattern_free(struct pattern **pattern)
{
	*pattern = NULL;
}

unsigned
pattern_capture_count(const struct pattern *pattern)
{
	(void)pattern;
	return 0;
}

enum pattern_outcome
pattern_match(const struct pattern *pattern, const char *subject, size_t subject_bytes,
    struct pattern_captures *captures)
{
	(void)pattern;
	(void)subject;
	(void)subject_bytes;
	(void)captures;
	return PATTERN_NO_MATCH;
}

#endif
