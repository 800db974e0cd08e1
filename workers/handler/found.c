/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent of a file. Leaves finding it to static.c and variants.c, conditions and
 * ranges to workers/http, server-side includes to ssi.c, sending to workers/conn. Workers,
 * unprivileged. Rule: everything that is said of a file comes from the one descriptor that is
 * sent. Shown by test_found.c and tests/integration/20-static. */
#include "workers/handler/found.h"

#include <errno.h>

#include "server/base/fdio.h"
#include "server/base/log.h"
#include "workers/handler/media_type.h"
#include "workers/handler/multipart.h"
#include "workers/handler/resolve.h"
#include "workers/handler/ssi.h"
#include "workers/handler/text.h"
#include "workers/handler/variants.h"
#include "workers/http/conditional.h"
#include "workers/http/date.h"
#include "workers/http/range.h"

#define NANOSECONDS 1000000000ULL

/* What the header fields say of the file. */
struct description {
	struct slice content_type;  /* empty: nothing */
	struct slice media_type;    /* the same without parameters */
	struct representation representation;
	struct slice modified_text;
};

void
found_close(struct found *found)
{
	fdio_close(&found->fd);
}

void
found_refuse(const struct exchange *exchange, struct answer *answer, int error)
{
	unsigned status = resolve_status(error);

	/* The administrator must learn why; what does not exist is no news, nor what a worker will
	 * look at again. */
	if (error == EAGAIN && exchange->is_hasty) {
		answer_decline(answer);
		return;
	}
	if (status == 403)
		log_notice("\"%s\" refused: %s", exchange->path.data,
		    error == EXDEV ? "a symbolic link leaves the root (follow_symlinks)" :
		    strerror(error));
	else if (status != 404)
		log_error("\"%s\" cannot be opened: %s", exchange->path.data, strerror(error));
	answer_error(answer, exchange->arena, status);
}

/* Strong: nanoseconds of the last change and the size. Variants of one address, which may have
 * both in common, differ by the name of their language or coding. */
static struct slice
make_etag(const struct exchange *exchange, const struct found *found)
{
	struct slice language = found->varies_by_language ? found->language : slice_make("", 0);
	struct slice coding = accept_coding_name(found->coding);
	const struct stat *st = &found->stat;
	struct text text;

	text_init(&text, exchange->arena, 48 + language.len + coding.len);
	text_slice(&text, SLICE_LITERAL("\""));
	text_hex(&text, (uint64_t)st->st_mtim.tv_sec * NANOSECONDS + (uint64_t)st->st_mtim.tv_nsec);
	text_slice(&text, SLICE_LITERAL("-"));
	text_hex(&text, (uint64_t)st->st_size);
	if (language.len > 0)
		text_slice(&text, SLICE_LITERAL("-"));
	text_slice(&text, language);
	if (coding.len > 0)
		text_slice(&text, SLICE_LITERAL("-"));
	text_slice(&text, coding);
	text_slice(&text, SLICE_LITERAL("\""));
	return text.is_bad ? slice_make(NULL, 0) : text_get(&text);
}

static void
describe(const struct exchange *exchange, const struct found *found,
    struct description *description)
{
	struct representation *representation = &description->representation;
	char *date = arena_alloc(exchange->arena, HTTP_DATE_BYTES + 1);
	int64_t modified_s = found->stat.st_mtim.tv_sec;

	representation->etag = exchange->route.settings->etag ? make_etag(exchange, found) :
	    slice_make(NULL, 0);
	/* No file can have changed after the answer was made (RFC 9110 8.8.2.1). */
	if (modified_s > exchange->now_wall_s)
		modified_s = exchange->now_wall_s;
	representation->modified_s = modified_s;
	representation->has_modified = date != NULL;
	description->modified_text = slice_make("", 0);
	if (date != NULL) {
		http_date_format(modified_s, date);
		description->modified_text = slice_make(date, HTTP_DATE_BYTES);
	}
}

static void
add_validators(struct answer *answer, const struct description *description)
{
	const struct representation *representation = &description->representation;

	if (representation->has_modified)
		answer_field(answer, SLICE_LITERAL("Last-Modified"), description->modified_text);
	if (representation->etag.len > 0)
		answer_field(answer, SLICE_LITERAL("ETag"), representation->etag);
}

/* What 304 says of the file: the date only where there is no tag (RFC 9110 15.4.5). */
static void
add_update_validator(struct answer *answer, const struct description *description)
{
	if (description->representation.etag.len > 0)
		answer_field(answer, SLICE_LITERAL("ETag"), description->representation.etag);
	else
		add_validators(answer, description);
}

/* What a cache has to know, whatever the status. */
static void
add_vary(const struct exchange *exchange, struct answer *answer, const struct found *found)
{
	if (found->varies_by_language)
		answer_vary(answer, exchange->arena, SLICE_LITERAL("Accept-Language"));
	if (found->varies_by_coding)
		answer_vary(answer, exchange->arena, SLICE_LITERAL("Accept-Encoding"));
}

static void
answer_unsatisfiable(const struct exchange *exchange, struct answer *answer,
    const struct found *found)
{
	struct text text;

	answer_error(answer, exchange->arena, 416);
	text_init(&text, exchange->arena, 40);
	text_slice(&text, SLICE_LITERAL("bytes */"));
	text_decimal(&text, (uint64_t)found->stat.st_size);
	answer_field(answer, SLICE_LITERAL("Content-Range"), text_get(&text));
}

static void
add_language(struct answer *answer, const struct found *found)
{
	if (found->language.len > 0)
		answer_field(answer, SLICE_LITERAL("Content-Language"), found->language);
}

/* What comes from a file has a strong tag, which compress.c leaves alone by this field. */
static void
add_coding(struct answer *answer, const struct found *found)
{
	if (found->coding != ACCEPT_IDENTITY)
		answer_field(answer, SLICE_LITERAL("Content-Encoding"),
		    accept_coding_name(found->coding));
}

static void
answer_whole(const struct exchange *exchange, struct answer *answer, const struct found *found,
    const struct description *description)
{
	answer->status = 200;
	if (description->content_type.len > 0)
		answer_field(answer, SLICE_LITERAL("Content-Type"), description->content_type);
	add_language(answer, found);
	add_validators(answer, description);
	add_coding(answer, found);
	/* Ranges are those of the identity, and of no use to who has begun with a coded file. */
	if (found->coding == ACCEPT_IDENTITY && exchange->route.settings->max_range_count > 0)
		answer_field(answer, SLICE_LITERAL("Accept-Ranges"), SLICE_LITERAL("bytes"));
	if (found->stat.st_size > 0)
		answer_file(answer, 0, (uint64_t)found->stat.st_size);
}

static void
answer_parts(const struct exchange *exchange, struct answer *answer, const struct found *found,
    const struct description *description, const struct range_set *set)
{
	uint64_t file_bytes = (uint64_t)found->stat.st_size;

	answer->status = 206;
	add_language(answer, found);
	add_validators(answer, description);
	if (set->count == 1)
		multipart_single(exchange, answer, description->content_type, file_bytes,
		    &set->ranges[0]);
	else
		multipart_many(exchange, answer, description->content_type, file_bytes, set);
}

/* Range is defined for GET only (RFC 9110 14.2). */
static enum range_verdict
find_ranges(const struct exchange *exchange, const struct found *found,
    const struct description *description, struct range_set **set)
{
	const struct http_request *request = exchange->request;
	struct slice value;

	if (request->method != HTTP_METHOD_GET || exchange->depth > 0 ||
	    !http_request_field(request, HTTP_FIELD_RANGE, &value) ||
	    http_request_field_count(request, HTTP_FIELD_RANGE) != 1 ||
	    !conditional_range_applies(request, &description->representation,
	    exchange->now_wall_s))
		return RANGE_IGNORE;
	*set = arena_alloc(exchange->arena, sizeof **set);
	if (*set == NULL)
		return RANGE_IGNORE;
	return range_parse(value, (uint64_t)found->stat.st_size,
	    exchange->route.settings->max_range_count, *set);
}

static void
answer_content(const struct exchange *exchange, struct answer *answer, const struct found *found,
    const struct description *description)
{
	struct range_set *set = NULL;

	switch (find_ranges(exchange, found, description, &set)) {
	case RANGE_UNSATISFIABLE:
		answer_unsatisfiable(exchange, answer, found);
		break;
	case RANGE_PARTIAL:
		answer_parts(exchange, answer, found, description, set);
		break;
	case RANGE_IGNORE:
		answer_whole(exchange, answer, found, description);
		break;
	}
}

/* The conditions are about what the client asked for, not about what that includes. */
static enum conditional_verdict
evaluate(const struct exchange *exchange, const struct description *description)
{
	return exchange->depth > 0 ? CONDITIONAL_PROCEED : conditional_evaluate(exchange->request,
	    &description->representation, exchange->now_wall_s);
}

struct answer_file_state
found_state(const struct stat *st)
{
	return (struct answer_file_state){
		.device = (uint64_t)st->st_dev, .inode = (uint64_t)st->st_ino,
		.file_bytes = (uint64_t)st->st_size,
		.modified_ns = (int64_t)((uint64_t)st->st_mtim.tv_sec * NANOSECONDS) +
		    st->st_mtim.tv_nsec,
		.changed_ns = (int64_t)((uint64_t)st->st_ctim.tv_sec * NANOSECONDS) +
		    st->st_ctim.tv_nsec,
	};
}

static void
answer_file_itself(const struct exchange *exchange, struct answer *answer, struct found *found,
    struct description *description)
{
	variants_use_coded(exchange, description->media_type, found);
	answer->file_fd = found->fd;
	found->fd = -1;
	describe(exchange, found, description);
	switch (evaluate(exchange, description)) {
	case CONDITIONAL_FAILED:
		answer_error(answer, exchange->arena, 412);
		break;
	case CONDITIONAL_NOT_MODIFIED:
		answer->status = 304;
		answer->has_content = false;
		add_update_validator(answer, description);
		add_coding(answer, found); /* compress.c takes it out */
		break;
	case CONDITIONAL_PROCEED:
		answer_content(exchange, answer, found, description);
		break;
	}
	if (answer->status < 400) {
		answer->media_type = description->media_type;
		answer->whole_bytes = (uint64_t)found->stat.st_size;
		answer->is_file = true;
		answer->state = found_state(&found->stat);
		answer->representation = description->representation;
	}
}

/* A page with includes is made anew each time: no validators, no ranges, no coded file. The
 * descriptor is ssi.c's to close. */
static void
answer_includes(const struct exchange *exchange, struct answer *answer, struct found *found,
    const struct description *description)
{
	answer->file_fd = found->fd;
	found->fd = -1;
	answer->status = 200;
	answer->media_type = description->media_type;
	answer_field(answer, SLICE_LITERAL("Content-Type"), description->content_type);
	add_language(answer, found);
	ssi_answer(exchange, answer, &found->stat, found->name);
}

void
found_answer(const struct exchange *exchange, struct answer *answer, struct found *found)
{
	struct description description;

	description.content_type = media_type_choose(exchange, found->name,
	    &description.media_type);
	if (exchange->route.settings->ssi &&
	    slice_equal_nocase(description.media_type, SLICE_LITERAL("text/html")) &&
	    exchange->is_hasty)
		answer_decline(answer);
	else if (exchange->route.settings->ssi &&
	    slice_equal_nocase(description.media_type, SLICE_LITERAL("text/html")))
		answer_includes(exchange, answer, found, &description);
	else
		answer_file_itself(exchange, answer, found, &description);
	add_vary(exchange, answer, found);
	if (answer->lacks_room)
		answer_error(answer, exchange->arena, 500);
}
