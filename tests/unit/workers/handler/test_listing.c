/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/listing.c: a list that names what is not served, that a cache keeps when it has
 * changed, or whose way up leads out of the location. */
#include "tests/unit/workers/handler/file_exchange.h"
#include "server/base/log.h"
#include "workers/handler/listing.h"
#include "workers/handler/listing_parts.h"
#include "workers/handler/resolve.h"

#define SCRATCH_BYTES (32u << 20)

static char texts[8 << 20];

/* Lists root/ and what is below for exchange.path. */
static void
list(const char *path, const char *query)
{
	struct stat st;
	int fd;

	set_path(path);
	exchange.query = slice_from_text(query);
	fd = resolve_open(root_fds[0], exchange.route.below_root.data, settings->follow_symlinks,
	    &st);
	ck_assert_int_ge(fd, 0);
	answer_restart(&answer);
	arena_reset(&scratch);
	listing_answer(&exchange, &answer, fd);
	ck_assert_int_eq(close(fd), 0);
}

static const char *
body(void)
{
	size_t len = 0;

	for (unsigned i = 0; i < answer.segment_count; i++) {
		ck_assert_uint_lt(len + answer.segments[i].len, sizeof texts);
		memcpy(texts + len, answer.segments[i].data.data, answer.segments[i].data.len);
		len += answer.segments[i].data.len;
	}
	ck_assert_uint_eq(len, answer.content_bytes);
	texts[len] = '\0';
	return texts;
}

static const char *
field(const char *name)
{
	static char values[4][256];
	static int next;
	char *value = values[next = (next + 1) % 4];
	const struct slice *found = answer_find_field(&answer, slice_from_text(name));

	snprintf(value, sizeof values[0], "%.*s", found == NULL ? 0 : (int)found->len,
	    found == NULL ? "" : found->data);
	return value;
}

static bool
names(const char *name)
{
	char link[256];

	snprintf(link, sizeof link, "href=\"%s\"", name);
	return strstr(body(), link) != NULL;
}

/* The tree that most of these tests list. */
static void
begin(void)
{
	arena_fini(&scratch);
	ck_assert_int_eq(arena_init(&scratch, SCRATCH_BYTES), 0);
	ck_assert_int_eq(mkdir("root/sub", 0755), 0);
	ck_assert_int_eq(mkdir("root/other", 0755), 0);
	scratch_write("root/sub/file", "12345");
	scratch_write("root/sub/.hidden", "");
	scratch_write("root/other/file", "");
	scratch_write("outside", "");
	ck_assert_int_eq(mkdir("root/sub/folder", 0755), 0);
	ck_assert_int_eq(mkfifo("root/sub/fifo", 0644), 0);
	ck_assert_int_eq(symlink("file", "root/sub/link"), 0);
	ck_assert_int_eq(symlink("folder", "root/sub/folder_link"), 0);
	ck_assert_int_eq(symlink("../../outside", "root/sub/escape"), 0);
	ck_assert_int_eq(symlink("nothing", "root/sub/broken"), 0);
	ck_assert_int_eq(symlink("loop", "root/sub/loop"), 0);
	ck_assert_int_eq(symlink("fifo", "root/sub/fifo_link"), 0);
}

START_TEST(what_is_served_is_listed)
{
	list("/sub/", "");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(field("Content-Type"), "text/html; charset=utf-8");
	ck_assert_str_eq(field("Content-Security-Policy"),
	    "default-src 'none'; style-src 'unsafe-inline'");
	ck_assert_text(answer.media_type, "text/html");
	ck_assert_uint_eq(answer.whole_bytes, answer.content_bytes);
	ck_assert(!answer.is_file);
	ck_assert(names("file") && names("folder/") && names("link") && names("folder_link/"));
	ck_assert(!names("..") && !names(".") && !names(".hidden") && !names("fifo") &&
	    !names("escape") && !names("broken") && !names("loop") && !names("fifo_link"));
	ck_assert_ptr_nonnull(strstr(body(), "<p>2 directories, 2 files</p>"));
	ck_assert_ptr_nonnull(strstr(body(), "title=\"5 bytes\""));
}
END_TEST

START_TEST(settings_show_more)
{
	settings->follow_symlinks = settings->dot_files = true;
	list("/sub/", "");
	ck_assert(names("escape") && names(".hidden"));
	ck_assert(!names("..") && !names(".") && !names("./") && !names("broken") &&
	    !names("loop") && !names("fifo_link"));
}
END_TEST

static const struct {
	const char *path, *location;
	enum config_match match;
	bool has_parent;
} tops[] = {
	{ "/", NULL, 0, false },
	{ "/sub/", NULL, 0, true },
	{ "/sub/", "/", CONFIG_MATCH_PREFIX, true },
	{ "/sub/", "/sub", CONFIG_MATCH_PREFIX, false },
	{ "/sub/", "/sub/", CONFIG_MATCH_PREFIX, false },
	{ "/sub/folder/", "/sub", CONFIG_MATCH_PREFIX, true },
	{ "/sub/folder/", "/sub/", CONFIG_MATCH_STRONG_PREFIX, true },
	{ "/sub/", "/sub/", CONFIG_MATCH_EXACT, false },
	{ "/sub/", "^/sub", CONFIG_MATCH_PATTERN, true },
};

START_TEST(way_up_ends_at_the_location)
{
	struct config_location location = { .matcher = { .match = tops[_i].match,
		.path = (char *)tops[_i].location } };

	exchange.route.location = tops[_i].location == NULL ? NULL : &location;
	list(tops[_i].path, "");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_int_eq(names("../"), tops[_i].has_parent);
}
END_TEST

START_TEST(json_is_json)
{
	list("/other/", "format=json");
	ck_assert_str_eq(field("Content-Type"), "application/json");
	ck_assert_str_eq(field("Content-Security-Policy"), "");
	ck_assert_text(answer.media_type, "application/json");
	ck_assert_ptr_nonnull(strstr(body(), "{ \"name\":\"file\", \"type\":\"file\", "));
}
END_TEST

START_TEST(query_sorts)
{
	list("/", "sort=name&order=desc");
	ck_assert(strstr(body(), "href=\"sub/\"") < strstr(texts, "href=\"other/\""));
	list("/", "sort=name");
	ck_assert(strstr(body(), "href=\"sub/\"") > strstr(texts, "href=\"other/\""));
}
END_TEST

static const char *
etag(const char *path, const char *query)
{
	list(path, query);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert(strncmp(field("ETag"), "W/\"", 3) == 0);
	return field("ETag");
}

START_TEST(tag_changes_with_the_page)
{
	char first[64];

	strcpy(first, etag("/sub/", ""));
	ck_assert_str_eq(etag("/sub/", "unknown=x"), first);
	ck_assert_str_ne(etag("/sub/", "order=desc"), first);
	ck_assert_str_ne(etag("/sub/", "sort=size"), first);
	ck_assert_str_ne(etag("/sub/", "format=json"), first);
	ck_assert_str_ne(etag("/other/", ""), first);
	set_time("root/sub/file", 1000, 0);
	ck_assert_str_ne(etag("/sub/", ""), first);
	strcpy(first, etag("/sub/", ""));
	scratch_write("root/sub/file", "123456");
	set_time("root/sub/file", 1000, 0);
	ck_assert_str_ne(etag("/sub/", ""), first);
	strcpy(first, etag("/sub/", ""));
	ck_assert_int_eq(rename("root/sub/file", "root/sub/eile"), 0);
	ck_assert_str_ne(etag("/sub/", ""), first);
	settings->etag = false;
	list("/sub/", "");
	ck_assert_str_eq(field("ETag"), "");
}
END_TEST

START_TEST(conditions_are_met)
{
	uint64_t page_bytes;
	char tag[64];

	strcpy(tag, etag("/sub/", ""));
	page_bytes = answer.whole_bytes;
	set_field(HTTP_FIELD_IF_NONE_MATCH, "If-None-Match", tag);
	list("/sub/", "");
	ck_assert_uint_eq(answer.status, 304);
	ck_assert(!answer.has_content);
	ck_assert_uint_eq(answer.segment_count, 0);
	ck_assert_uint_eq(answer.content_bytes, 0);
	ck_assert_str_eq(field("ETag"), tag);
	ck_assert_str_eq(field("Content-Type"), "");
	/* By these the 304 is told to vary as the 200 does. */
	ck_assert_uint_eq(answer.whole_bytes, page_bytes);
	ck_assert_text(answer.media_type, "text/html");
	list("/sub/", "order=desc");
	ck_assert_uint_eq(answer.status, 200);
	exchange.depth = 1; /* the condition is about the page that includes it */
	list("/sub/", "");
	ck_assert_uint_eq(answer.status, 200);
}
END_TEST

START_TEST(failed_condition_is_412)
{
	set_field(HTTP_FIELD_IF_MATCH, "If-Match", "\"other\"");
	list("/sub/", "");
	ck_assert_uint_eq(answer.status, 412);
}
END_TEST

/* The directory that this process is in, with so many files. */
static void
fill(const char *folder, int count)
{
	for (int i = 0; i < count; i++) {
		char name[64];
		int fd;

		snprintf(name, sizeof name, "%s/f%d", folder, i);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(close(fd), 0);
	}
}

/* "." and ".." are looked at, too. */
START_TEST(many_entries_are_cut)
{
	unsigned count = 0;

	ck_assert_int_eq(mkdir("root/full", 0755), 0);
	fill("root/full", LISTING_ENTRIES_MAX - 2);
	list("/full/", "");
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_ptr_null(strstr(body(), "more than"));
	ck_assert_ptr_nonnull(strstr(texts, "<p>0 directories, 19998 files</p>"));
	scratch_write("root/full/one-more", "");
	list("/full/", "");
	ck_assert_ptr_nonnull(strstr(body(), "more than can be listed"));
	list("/full/", "format=json");
	for (const char *at = body(); (at = strstr(at, "\"name\"")) != NULL; at++)
		count++;
	ck_assert_uint_eq(count, LISTING_ENTRIES_MAX - 2);
}
END_TEST

/* Nothing is sent of a list that does not fit. */
START_TEST(full_memory_is_500)
{
	struct stat st;
	int fd = resolve_open(root_fds[0], "sub/", false, &st);

	log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 });
	ck_assert_int_ge(fd, 0);
	set_path("/sub/");
	for (size_t left = 0; left < 1 << 20; left += 10000) {
		arena_reset(&scratch);
		ck_assert_ptr_nonnull(arena_alloc(&scratch, SCRATCH_BYTES - left));
		answer_restart(&answer);
		ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
		listing_answer(&exchange, &answer, fd);
		if (left < 800000)
			ck_assert_uint_eq(answer.status, 500);
		else if (answer.status == 200)
			ck_assert(names("file"));
	}
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("listing");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_test(tcase, what_is_served_is_listed);
	tcase_add_test(tcase, settings_show_more);
	tcase_add_loop_test(tcase, way_up_ends_at_the_location, 0, COUNT_OF(tops));
	tcase_add_test(tcase, json_is_json);
	tcase_add_test(tcase, query_sorts);
	tcase_add_test(tcase, tag_changes_with_the_page);
	tcase_add_test(tcase, conditions_are_met);
	tcase_add_test(tcase, failed_condition_is_412);
	tcase_add_test(tcase, many_entries_are_cut);
	tcase_add_test(tcase, full_memory_is_500);
	return exchange_run("listing", tcase);
}
