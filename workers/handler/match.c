/* SPDX-License-Identifier: BSD-2-Clause */
/* Titles against paths. In which order they are asked is route.c's and rules.c's. Workers; pure.
 * Must stay true: what does not fit is found out at its first differing byte, since a site may
 * have hundreds of titles and each request asks them all. Shown by test_match.c. */
#include "workers/handler/match.h"

bool
match_prefix(const char *prefix, struct slice path, size_t *bytes_out)
{
	size_t i = 0;

	while (i < path.len && prefix[i] != '\0' && prefix[i] == path.data[i])
		i++;
	if (prefix[i] == '/' && prefix[i + 1] == '\0' && i == path.len) {
		*bytes_out = i;         /* "/files" for "/files/" */
		return true;
	}
	if (prefix[i] != '\0')
		return false;
	if (i > 0 && prefix[i - 1] == '/')
		i--;
	*bytes_out = i;
	return i == path.len || path.data[i] == '/';
}

bool
match_exact(const char *wanted, struct slice path)
{
	size_t i = 0;

	while (i < path.len && wanted[i] != '\0' && wanted[i] == path.data[i])
		i++;
	return wanted[i] == '\0' && i == path.len;
}

enum pattern_outcome
match_path(const struct config_matcher *matcher, struct slice path,
    struct pattern_captures *captures)
{
	size_t bytes = path.len;
	bool fits;

	if (matcher->match == CONFIG_MATCH_PATTERN)
		return pattern_match(matcher->pattern, path.data, path.len, captures);
	fits = matcher->match == CONFIG_MATCH_EXACT ? match_exact(matcher->path, path) :
	    match_prefix(matcher->path, path, &bytes);
	if (fits && captures != NULL)
		*captures = (struct pattern_captures){ .count = 1, .end = { bytes } };
	return fits ? PATTERN_MATCH : PATTERN_NO_MATCH;
}
