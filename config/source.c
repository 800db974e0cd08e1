/* SPDX-License-Identifier: BSD-2-Clause */
/* Joins a configuration file and what it includes into one text for the parser,
 * and remembers where each line came from. Includes are put in place here and not
 * by libconfuse, whose include stack survives a failed parse and would leak at each
 * bad reload. What the words mean is left to load.c. Runs in the master (maybe
 * as root) and in musterd -t. Bounded: bytes, files and depth; braces balance
 * within each file. Shown by tests/unit/config/test_source.c. */
#include "config/source.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/errors.h"
#include "config/file.h"
#include "config/scan.h"

#define BRACES_MAX 16           /* sections in sections; eight is all that is valid */

struct source_segment {
	unsigned position;          /* its first line in the joined text */
	unsigned file_line;         /* the same line in its file */
	size_t file;                /* into source.files */
};

struct reader {
	struct source *source;
	struct errors *errors;
	struct scan scan;           /* of this file */
	size_t file;
	size_t copied;              /* bytes of the file that are dealt with */
	unsigned depth;
	unsigned brace_count;
	unsigned brace_lines[BRACES_MAX];  /* positions of open braces */
};

static void read_file(struct source *source, const char *path, unsigned depth,
    unsigned from_position, struct errors *errors);

static void
fail(struct reader *reader, unsigned position, const char *problem)
{
	reader->source->is_broken = true;
	errors_add(reader->errors, position, "%s", problem);
}

static void
append(struct reader *reader, const char *text, size_t bytes)
{
	struct source *source = reader->source;
	char *grown;

	if (source->text_bytes + bytes > SOURCE_BYTES_MAX) {
		if (!source->is_broken)
			fail(reader, source->line_count, "the configuration is too large");
		source->is_broken = true;
		return;
	}
	/* Grows by whole pages. */
	if (source->text == NULL ||
	    (source->text_bytes + bytes) / 4096 != source->text_bytes / 4096) {
		grown = realloc(source->text, ((source->text_bytes + bytes) / 4096 + 1) * 4096 + 1);
		if (grown == NULL) {
			source->is_broken = true;
			errors_add_no_memory(reader->errors);
			return;
		}
		source->text = grown;
	}
	memcpy(source->text + source->text_bytes, text, bytes);
	source->text_bytes += bytes;
	source->text[source->text_bytes] = '\0';
	for (size_t i = 0; i < bytes; i++)
		source->line_count += text[i] == '\n';
}

/* What is appended from here on came from this line. */
static void
start_segment(struct reader *reader, unsigned file_line)
{
	struct source *source = reader->source;
	struct source_segment *grown;

	if (source->text_bytes > 0)
		append(reader, "\n", 1);
	grown = realloc(source->segments, (source->segment_count + 1) * sizeof(*grown));
	if (grown == NULL) {
		source->is_broken = true;
		errors_add_no_memory(reader->errors);
		return;
	}
	source->segments = grown;
	grown[source->segment_count].position = source->line_count;
	grown[source->segment_count].file_line = file_line;
	grown[source->segment_count++].file = reader->file;
}

/* The next token that is no comment; what precedes it is copied, comments as the
 * line feeds they hold. */
static struct scan_token
next(struct reader *reader)
{
	for (;;) {
		struct scan_token token = scan_next(&reader->scan);
		const char *text = reader->scan.text;

		append(reader, text + reader->copied, token.start - reader->copied);
		reader->copied = token.start;
		if (token.kind != SCAN_COMMENT && token.kind != SCAN_BAD)
			return token;
		if (token.kind == SCAN_BAD)
			fail(reader, reader->source->line_count, reader->scan.problem);
		append(reader, " ", 1);
		for (size_t i = token.start; i < token.end; i++) {
			if (text[i] == '\n')
				append(reader, "\n", 1);
		}
		reader->copied = token.end;
	}
}

static void
check_braces(struct reader *reader, const struct scan_token *token)
{
	unsigned position = reader->source->line_count;

	if (scan_is_mark(&reader->scan, token, '{')) {
		if (reader->brace_count == BRACES_MAX)
			fail(reader, position, "too many \"{\" within each other, expected \"}\"");
		if (reader->brace_count < BRACES_MAX)
			reader->brace_lines[reader->brace_count] = position;
		reader->brace_count++;
	} else if (scan_is_mark(&reader->scan, token, '}')) {
		if (reader->brace_count == 0)
			fail(reader, position, "a \"}\" without its \"{\", expected a directive");
		else
			reader->brace_count--;
	}
}

/* The text between the quotes of a token; NULL: it needs what only the parser can do. */
static char *
plain_string(struct reader *reader, const struct scan_token *token)
{
	const char *start = reader->scan.text + token->start;
	size_t bytes = token->end - token->start;

	if (token->kind != SCAN_STRING || start[0] == '$' || memchr(start, '\\', bytes) != NULL ||
	    memmem(start, bytes, "${", 2) != NULL)
		return NULL;
	return strndup(start + 1, bytes - 2);
}

/* Below the including file's folder, unless absolute. */
static char *
resolve(const char *including, const char *path)
{
	const char *slash = strrchr(including, '/');
	char *joined = NULL;

	if (path[0] == '/' || slash == NULL)
		return strdup(path);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - including), including, path) < 0)
		return NULL;
	return joined;
}

/* A folder that does not exist holds no files; one that can't be read is an error. */
static int
is_glob_failure(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

static void
include_files(struct reader *reader, const char *path, unsigned position)
{
	char quoted[ERRORS_QUOTE_BYTES];
	glob_t found;
	int outcome;

	if (strpbrk(path, "*?[") == NULL) {
		read_file(reader->source, path, reader->depth + 1, position, reader->errors);
		return;
	}
	outcome = glob(path, 0, is_glob_failure, &found);
	if (outcome == 0) {
		for (size_t i = 0; i < found.gl_pathc && !reader->source->is_broken; i++)
			read_file(reader->source, found.gl_pathv[i], reader->depth + 1, position,
			    reader->errors);
	} else if (outcome != GLOB_NOMATCH) {
		reader->source->is_broken = true;
		errors_add(reader->errors, position, "include: cannot look for %s",
		    errors_quote(path, quoted, sizeof(quoted)));
	}
	globfree(&found);
}

/* Behind the word include, with "(" ahead. NULL: it is not complete; scanning goes on at
 * the first token that does not fit. */
static char *
include_path(struct reader *reader)
{
	struct scan before;
	struct scan_token token;
	char *path;

	scan_next(&reader->scan);       /* "(" */
	before = reader->scan;
	token = scan_next(&reader->scan);
	path = plain_string(reader, &token);
	if (path != NULL) {
		before = reader->scan;
		token = scan_next(&reader->scan);
	}
	if (path == NULL || path[0] == '\0' || !scan_is_mark(&reader->scan, &token, ')')) {
		reader->scan = before;
		free(path);
		return NULL;
	}
	return path;
}

static void
include(struct reader *reader)
{
	unsigned position = reader->source->line_count;
	char *path = include_path(reader), *resolved = NULL;

	reader->copied = reader->scan.at;
	if (path == NULL)
		fail(reader, position, "include is not complete, expected include(\"path\") "
		    "without escapes and variables");
	else if (!reader->source->may_include)
		fail(reader, position, "include is not possible in a text that is no file");
	else if (reader->depth == SOURCE_DEPTH_MAX)
		fail(reader, position, "include is nested too deeply, expected at most 8 levels");
	else if ((resolved = resolve(reader->source->files[reader->file], path)) == NULL)
		errors_add_no_memory(reader->errors);
	else
		include_files(reader, resolved, position);
	free(resolved);
	free(path);
	start_segment(reader, reader->scan.line);
}

static bool
is_include(const struct reader *reader, const struct scan_token *token)
{
	struct scan ahead = reader->scan;
	struct scan_token after;

	if (token->kind != SCAN_WORD || token->end - token->start != 7 ||
	    memcmp(reader->scan.text + token->start, "include", 7) != 0)
		return false;
	after = scan_next(&ahead);
	return scan_is_mark(&ahead, &after, '(');
}

/* text must not outlive the call; its file is the last of source->files. */
static void
read_text(struct reader *reader, const char *text, size_t text_bytes)
{
	reader->scan = (struct scan){ .text = text, .text_bytes = text_bytes, .line = 1 };
	if (text_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)  /* a byte order mark */
		reader->scan.at = reader->copied = 3;
	start_segment(reader, 1);
	for (;;) {
		struct scan_token token = next(reader);

		if (token.kind == SCAN_END)
			break;
		if (is_include(reader, &token)) {
			include(reader);
			continue;
		}
		check_braces(reader, &token);
		append(reader, text + token.start, token.end - token.start);
		reader->copied = token.end;
	}
	for (unsigned i = 0; i < reader->brace_count && i < BRACES_MAX; i++)
		fail(reader, reader->brace_lines[i],
		    "a \"{\" is not closed, expected \"}\" in this file");
}

/* -1: no memory; errors_add_no_memory() was called. */
static int
add_file(struct source *source, const char *path, struct errors *errors)
{
	char **grown = realloc(source->files, (source->file_count + 1) * sizeof(*grown));
	char *copy = strdup(path);

	if (grown != NULL)
		source->files = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		source->is_broken = true;
		errors_add_no_memory(errors);
		return -1;
	}
	grown[source->file_count++] = copy;
	return 0;
}

static void
read_file(struct source *source, const char *path, unsigned depth, unsigned from_position,
    struct errors *errors)
{
	struct reader reader = { .source = source, .errors = errors, .depth = depth };
	char quoted[ERRORS_QUOTE_BYTES];
	const char *problem = NULL;
	size_t text_bytes = 0;
	char *text = file_read(path, SOURCE_BYTES_MAX, &text_bytes, &problem);

	if (text != NULL && source->file_count == SOURCE_FILES_MAX)
		problem = "too many files are included";
	if (problem == NULL && add_file(source, path, errors) == 0) {
		reader.file = source->file_count - 1;
		read_text(&reader, text, text_bytes);
	} else if (problem != NULL) {
		source->is_broken = true;
		if (from_position == 0)
			errors_add(errors, 0, "cannot be read: %s", problem);
		else
			errors_add(errors, from_position, "include: %s cannot be read: %s",
			    errors_quote(path, quoted, sizeof(quoted)), problem);
	}
	free(text);
}

static void
init(struct source *source, bool may_include)
{
	memset(source, 0, sizeof(*source));
	source->line_count = 1;
	source->may_include = may_include;
}

bool
source_read_file(struct source *source, const char *path, struct errors *errors)
{
	init(source, true);
	/* Named first, so that a message about a missing file has a name. */
	if (add_file(source, path, errors) == 0)
		read_file(source, path, 0, 0, errors);
	return !source->is_broken;
}

bool
source_read_text(struct source *source, const char *text, const char *name,
    struct errors *errors)
{
	struct reader reader = { .source = source, .errors = errors };

	init(source, false);
	if (add_file(source, name, errors) == 0)
		read_text(&reader, text, strlen(text));
	return !source->is_broken;
}

void
source_fini(struct source *source)
{
	for (size_t i = 0; i < source->file_count; i++)
		free(source->files[i]);
	free(source->files);
	free(source->segments);
	free(source->text);
	memset(source, 0, sizeof(*source));
}

struct source_place
source_place(const struct source *source, unsigned position)
{
	struct source_place place = { source->file_count > 0 ? source->files[0] : "", 0 };
	size_t low = 0, high = source->segment_count;

	if (position == 0 || high == 0)
		return place;
	while (high - low > 1) {        /* the last segment that starts at or before it */
		size_t middle = low + (high - low) / 2;

		if (source->segments[middle].position <= position)
			low = middle;
		else
			high = middle;
	}
	place.file = source->files[source->segments[low].file];
	place.line = source->segments[low].file_line + position - source->segments[low].position;
	return place;
}
