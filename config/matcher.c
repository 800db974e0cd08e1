/* SPDX-License-Identifier: BSD-2-Clause */
/* What a title such as "= /x", "^~ /x", "/x", "~ x" or "~* x" matches. The order in which
 * matchers are tried is the router's. Runs wherever a configuration is read. Two titles that
 * differ in blanks only come out the same. Shown by tests/unit/config/test_matcher.c. */
#include "config/matcher.h"

#include <stdio.h>
#include <string.h>

#include "config/keep.h"
#include "config/path.h"
#include "config/pattern.h"
#include "config/value.h"

/* Longer ones first where one begins like another. */
static const struct {
	const char *mark;
	enum config_match match;
	bool ignores_case;
} marks[] = {
	{ "^~", CONFIG_MATCH_STRONG_PREFIX, false },
	{ "~*", CONFIG_MATCH_PATTERN, true },
	{ "~", CONFIG_MATCH_PATTERN, false },
	{ "=", CONFIG_MATCH_EXACT, false },
	{ "", CONFIG_MATCH_PREFIX, false },
};

static void
free_pattern(void *thing)
{
	struct pattern *pattern = thing;

	pattern_free(&pattern);
}

static int
compile(const struct scope *scope, struct config_matcher *matcher, const char *text,
    bool ignores_case)
{
	char errbuf[256] = "", quoted[ERRORS_QUOTE_BYTES], shown[ERRORS_QUOTE_BYTES * 3];

	matcher->pattern = pattern_compile(text, ignores_case, errbuf, sizeof(errbuf));
	if (matcher->pattern != NULL)
		return keep_call(scope->config->keep, free_pattern, matcher->pattern);
	/* It may show bytes of the pattern; without quotes around it. */
	errors_quote(errbuf, shown, sizeof(shown));
	shown[strlen(shown) - 1] = '\0';
	errors_add(scope->errors, scope->section->position, "%s %s: %s",
	    schema_scope_name(scope->section->scope),
	    errors_quote(scope->section->title, quoted, sizeof(quoted)), shown + 1);
	return 0;
}

static int
fill(struct keep *keep, struct config_matcher *matcher, const char *mark, const char *path)
{
	char title[VALUE_BYTES_MAX + 4];

	snprintf(title, sizeof(title), "%s%s%s", mark, mark[0] == '\0' ? "" : " ", path);
	matcher->title = keep_text(keep, title);
	matcher->path = keep_text(keep, path);
	return matcher->title == NULL || matcher->path == NULL ? -1 : 0;
}

int
matcher_build(const struct scope *scope, struct config_matcher *matcher_out)
{
	const char *path = scope->section->title, *expected = NULL;
	size_t i = 0;

	memset(matcher_out, 0, sizeof(*matcher_out));
	while (strncmp(path, marks[i].mark, strlen(marks[i].mark)) != 0)
		i++;
	path += strlen(marks[i].mark);
	path += strspn(path, " \t");
	matcher_out->match = marks[i].match;
	if (!value_is_text(scope->section->title, false))
		expected = "at most 4095 bytes without control characters";
	else if (matcher_out->match != CONFIG_MATCH_PATTERN)
		expected = path_check_location(path);
	else if (path[0] == '\0')
		expected = "a pattern after the \"~\"";
	if (expected != NULL) {
		scope_complain_title(scope, expected);
		matcher_out->match = CONFIG_MATCH_PREFIX;
		return fill(scope->config->keep, matcher_out, "", "");
	}
	if (fill(scope->config->keep, matcher_out, marks[i].mark, path) < 0)
		return -1;
	return matcher_out->match != CONFIG_MATCH_PATTERN ? 0 :
	    compile(scope, matcher_out, path, marks[i].ignores_case);
}

size_t
matcher_prefix_bytes(const struct config_matcher *matcher)
{
	size_t bytes = strlen(matcher->path);

	return bytes > 0 && matcher->path[bytes - 1] == '/' ? bytes - 1 : bytes;
}

bool
matcher_is_prefix(const struct config_matcher *matcher)
{
	return matcher->match == CONFIG_MATCH_PREFIX ||
	    matcher->match == CONFIG_MATCH_STRONG_PREFIX;
}
