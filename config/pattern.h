/* SPDX-License-Identifier: BSD-2-Clause */
/* Perl-compatible patterns (PCRE2) of locations, redirects and rewrites: compiled with the
 * configuration, so that a mistake is found there; matched by workers within fixed bounds of
 * time and memory. Bytes, not UTF-8. Without PCRE2, compiling says so. */
#ifndef MUSTER_CONFIG_PATTERN_H
#define MUSTER_CONFIG_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_CAPTURES_MAX 10     /* $0, the whole match, to $9 */

struct pattern;                     /* immutable */

enum pattern_outcome {
	PATTERN_NO_MATCH,
	PATTERN_MATCH,
	PATTERN_TOO_COSTLY,         /* a limit was hit: the request is an error, not a miss */
};

struct pattern_captures {           /* $n is subject[start[n] .. end[n]) */
	unsigned count;             /* those beyond, and unset ones, are empty */
	size_t start[PATTERN_CAPTURES_MAX], end[PATTERN_CAPTURES_MAX];
};

/* NULL: errbuf says what is wrong and at which byte, or that PCRE2 is not built in. */
struct pattern *pattern_compile(const char *text, bool ignores_case, char *errbuf,
    size_t errbuf_bytes);
void pattern_free(struct pattern **pattern);
/* How many captures the pattern has besides $0. */
unsigned pattern_capture_count(const struct pattern *pattern);
/* captures_out may be NULL. After the first match of a process it asks for no memory. */
enum pattern_outcome pattern_match(const struct pattern *pattern, const char *subject,
    size_t subject_bytes, struct pattern_captures *captures_out);

#endif
