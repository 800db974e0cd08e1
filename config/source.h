/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a configuration: one file with its includes put in place and its
 * comments taken out, and for each line of that text the file and line it came
 * from. A line number of the joined text is called a position. Inside config/ only. */
#ifndef MUSTER_CONFIG_SOURCE_H
#define MUSTER_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#define SOURCE_BYTES_MAX (16 * 1024 * 1024)     /* all files together */
#define SOURCE_FILES_MAX 1024
#define SOURCE_DEPTH_MAX 8      /* of files that include files */

struct errors;

struct source {
	char *text;                 /* NUL-terminated, no other NUL */
	size_t text_bytes;
	unsigned line_count;        /* so far; the position of what is added next */
	char **files;
	size_t file_count;
	struct source_segment *segments;
	size_t segment_count;
	bool may_include;
	bool is_broken;             /* not fit to be parsed; errors have been added */
};

struct source_place {
	const char *file;           /* lives as long as the source */
	unsigned line;              /* 0: the file as a whole */
};

/* errors->source is this source. false: no memory or nothing to parse. */
bool source_read_file(struct source *source, const char *path, struct errors *errors);
bool source_read_text(struct source *source, const char *text, const char *name,
    struct errors *errors);
void source_fini(struct source *source);
struct source_place source_place(const struct source *source, unsigned position);

#endif
