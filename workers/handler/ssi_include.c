/* SPDX-License-Identifier: BSD-2-Clause */
/* What a page includes or asks about: include, fsize, flastmod. Leaves finding it, with the
 * rules and the access control of its own location, to site.c. Workers, unprivileged.
 * Rules: nothing is opened here by name; a path of file= stays below the page's directory;
 * one page costs SSI_INCLUDES_MAX requests and SSI_OUTPUT_MAX_BYTES at most, however its
 * includes lead to one another. Shown by test_ssi.c and test_ssi.py. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workers/handler/escape.h"
#include "workers/handler/site.h"
#include "workers/handler/ssi_format.h"
#include "workers/handler/ssi_page.h"

#define TARGET_MAX_BYTES 8192
#define PART_BYTES 65536            /* of what has no length */

/* Conditions, ranges and codings are about the page that the client gets, and there is no
 * content to be read twice. */
static bool
is_for_inner(const struct http_field *field)
{
	switch (field->id) {
	case HTTP_FIELD_RANGE:
	case HTTP_FIELD_IF_RANGE:
	case HTTP_FIELD_IF_MATCH:
	case HTTP_FIELD_IF_NONE_MATCH:
	case HTTP_FIELD_IF_MODIFIED_SINCE:
	case HTTP_FIELD_IF_UNMODIFIED_SINCE:
	case HTTP_FIELD_ACCEPT_ENCODING:
	case HTTP_FIELD_CONTENT_LENGTH:
	case HTTP_FIELD_TRANSFER_ENCODING:
	case HTTP_FIELD_EXPECT:
		return false;
	default:
		return true;
	}
}

/* Once for the outermost page; NULL: no memory. */
static const struct http_request *
inner_request(struct ssi_work *work)
{
	const struct http_request *sent = work->client->request;
	struct http_request *inner = work->inner_request;

	if (inner != NULL)
		return inner;
	inner = work->inner_request = arena_alloc(work->scope.arena, sizeof *inner);
	if (inner == NULL)
		return NULL;
	*inner = *sent;
	inner->body_kind = HTTP_BODY_NONE;
	inner->content_length = 0;
	inner->expects_continue = inner->has_unknown_expectation = false;
	inner->field_count = 0;
	memset(inner->first_field, 0, sizeof inner->first_field);
	for (unsigned i = 0; i < sent->field_count; i++) {
		enum http_field_id id = sent->fields[i].id;

		if (!is_for_inner(&sent->fields[i]))
			continue;
		inner->fields[inner->field_count++] = sent->fields[i];
		if (inner->first_field[id] == 0)
			inner->first_field[id] = (uint16_t)inner->field_count;
	}
	return inner;
}

/* "&amp;" and the like, which a link in HTML has to be written with. */
static struct slice
decode_entities(struct arena *arena, struct slice value)
{
	static const struct { const char *entity; char c; } entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
	};
	char *out = arena_alloc(arena, value.len);
	size_t len = 0, k;

	if (out == NULL)
		return slice_make(NULL, 0);
	while (value.len > 0) {
		size_t taken = 1;

		out[len] = value.data[0];
		for (k = 0; k < sizeof entities / sizeof entities[0]; k++) {
			if (!slice_starts_with(value, slice_from_text(entities[k].entity)))
				continue;
			out[len] = entities[k].c;
			taken = strlen(entities[k].entity);
		}
		len++;
		value.data += taken;
		value.len -= taken;
	}
	return slice_make(out, len);
}

static struct slice
directory_of(struct slice path)
{
	while (path.len > 0 && path.data[path.len - 1] != '/')
		path.len--;
	return path;
}

/* The path of file=: relative, and never upwards. */
static bool
stays_below(struct slice path)
{
	if (path.len == 0 || path.data[0] == '/' || memchr(path.data, '\0', path.len) != NULL)
		return false;
	for (size_t start = 0, i = 0; i <= path.len; i++) {
		if (i < path.len && path.data[i] != '/')
			continue;
		if (i - start == 2 && memcmp(path.data + start, "..", 2) == 0)
			return false;
		start = i + 1;
	}
	return true;
}

/* The target as one text: what relative ones are relative to is encoded, and so is the path of
 * file=, which is a name and no link. Its data is NULL: it does not fit. */
static struct slice
join_target(struct ssi_page *page, struct slice value, bool is_file)
{
	struct arena *arena = page->work->scope.arena;
	struct content target;

	content_init(&target, arena, TARGET_MAX_BYTES);
	if (is_file || value.data[0] != '/')
		escape_url(&target, directory_of(page->exchange->path));
	if (is_file)
		escape_url(&target, value);
	else
		content_add(&target, value);
	return content_whole(&target);
}

/* False: ssi_problem() was called. */
static bool
find_target(struct ssi_page *page, const struct ssi_attribute *attribute,
    struct slice *target_out)
{
	bool is_file = ssi_is(attribute->name, "file");
	struct slice value;

	if (!is_file && !ssi_is(attribute->name, "virtual")) {
		ssi_problem(page, "expected virtual or file, found", attribute->name);
		return false;
	}
	if (!ssi_value(page, attribute, &value))
		return false;
	value = decode_entities(page->work->scope.arena, value);
	if (value.len == 0 || (is_file && !stays_below(value))) {
		ssi_problem(page, is_file ? "file takes a path below the page's directory, found" :
		    "virtual takes a path, found", value);
		return false;
	}
	*target_out = join_target(page, value, is_file);
	if (target_out->data == NULL)
		ssi_problem(page, "the path is too long", slice_make(NULL, 0));
	return target_out->data != NULL;
}

/* Asks for the target as the page would be asked for. False: ssi_problem() was called; the
 * answer is the caller's to end either way. */
static bool
ask(struct ssi_page *page, struct slice target, bool is_looking_up, struct answer *inner)
{
	struct ssi_work *work = page->work;
	struct exchange parent = *page->exchange;
	bool was_looking_up = work->is_looking_up;
	char text[64];

	parent.ssi = work;
	/* All that an include takes comes from here, or 100 of them would take the arena that
	 * the answer itself needs. */
	parent.arena = parent.scratch;
	parent.request = inner_request(work);
	if (parent.depth >= SSI_DEPTH_MAX || work->include_count >= SSI_INCLUDES_MAX ||
	    parent.request == NULL) {
		ssi_problem(page, parent.request == NULL ? "no memory for" :
		    parent.depth >= SSI_DEPTH_MAX ? "pages are included more than 8 deep, at" :
		    "a page includes more than 256 others, at", target);
		return false;
	}
	work->include_count++;
	work->is_looking_up = is_looking_up;
	work->outer_bytes += page->content.len;
	site_subrequest(&parent, target, inner);
	work->outer_bytes -= page->content.len;
	work->is_looking_up = was_looking_up;
	work->scope.context = page; /* the other page has put itself there */
	if (inner->status == 200 && !inner->lacks_room)
		return true;
	(void)snprintf(text, sizeof text, "status %u for", inner->status);
	ssi_problem(page, text, target);
	return false;
}

/* Bytes [0, len) of something, read by what is given; false: it ended early or failed. */
static bool
read_file(int fd, uint64_t offset, char *out, uint64_t len)
{
	while (len > 0) {
		ssize_t got = pread(fd, out, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return true;
}

static const char *
append_segments(struct ssi_page *page, const struct answer *inner)
{
	for (unsigned i = 0; i < inner->segment_count; i++) {
		const struct answer_segment *segment = &inner->segments[i];
		char *copy;

		if (segment->kind == ANSWER_MEMORY) {
			content_refer(&page->content, segment->data);
			continue;
		}
		copy = arena_alloc(page->work->scope.arena, segment->len);
		if (copy == NULL)
			return "no memory for";
		if (!read_file(inner->file_fd, segment->offset, copy, segment->len))
			return "cannot be read, or has become shorter:";
		content_refer(&page->content, slice_make(copy, segment->len));
	}
	return NULL;
}

static const char *
append_source(struct ssi_page *page, const struct answer *inner, uint64_t room_bytes)
{
	char *part = arena_alloc(page->work->scope.arena, PART_BYTES);

	for (;;) {
		long got = part == NULL ? -1 : inner->source.read(inner->source.context, part,
		    PART_BYTES);

		if (got < 0)
			return "cannot be read to its end:";
		if (got == 0)
			return NULL;
		if ((uint64_t)got > room_bytes)
			return "the page becomes larger than 8 MiB with";
		room_bytes -= (uint64_t)got;
		content_add(&page->content, slice_make(part, (size_t)got));
	}
}

static void
include(struct ssi_page *page, struct slice target)
{
	uint64_t used = page->work->outer_bytes + page->content.len;
	const char *problem;
	struct answer inner;

	answer_init(&inner);
	if (ask(page, target, false, &inner)) {
		if (inner.content_bytes > SSI_OUTPUT_MAX_BYTES - used)
			problem = "the page becomes larger than 8 MiB with";
		else if (inner.source.read != NULL)
			problem = append_source(page, &inner, SSI_OUTPUT_MAX_BYTES - used);
		else
			problem = append_segments(page, &inner);
		if (problem != NULL)
			ssi_problem(page, problem, target);
	}
	answer_fini(&inner);
}

void
ssi_run_include(struct ssi_page *page, struct slice attributes)
{
	struct ssi_attribute attribute;
	struct slice target;
	unsigned count = 0;

	while (ssi_next_attribute(&attributes, &attribute) > 0) {
		count++;
		if (find_target(page, &attribute, &target))
			include(page, target);
	}
	if (count == 0)
		ssi_problem(page, "include takes virtual or file", slice_make(NULL, 0));
}

/* Looks at the file itself behind each attribute. */
static void
look_up(struct ssi_page *page, struct slice attributes,
    void (*show)(struct ssi_page *page, const struct stat *st))
{
	struct ssi_attribute attribute;
	struct slice target;
	unsigned count = 0;

	while (ssi_next_attribute(&attributes, &attribute) > 0) {
		struct answer inner;
		struct stat st;

		count++;
		if (!find_target(page, &attribute, &target))
			continue;
		answer_init(&inner);
		if (ask(page, target, true, &inner)) {
			if (inner.file_fd >= 0 && fstat(inner.file_fd, &st) == 0)
				show(page, &st);
			else
				ssi_problem(page, "is no file:", target);
		}
		answer_fini(&inner);
	}
	if (count == 0)
		ssi_problem(page, "virtual or file is missing", slice_make(NULL, 0));
}

static void
show_size(struct ssi_page *page, const struct stat *st)
{
	ssi_format_size(&page->content, (uint64_t)st->st_size, page->sizes_are_exact);
}

static void
show_time(struct ssi_page *page, const struct stat *st)
{
	content_add(&page->content, ssi_format_time(page->work->scope.arena, page->timefmt,
	    st->st_mtim.tv_sec, false));
}

void
ssi_run_fsize(struct ssi_page *page, struct slice attributes)
{
	look_up(page, attributes, show_size);
}

void
ssi_run_flastmod(struct ssi_page *page, struct slice attributes)
{
	look_up(page, attributes, show_time);
}
