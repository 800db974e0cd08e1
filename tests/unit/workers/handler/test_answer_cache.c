/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/answer_cache.c: what is found is what was kept for that key and is still valid;
 * who goes when there is no room, what a hold keeps, when an answer is valid again, and that
 * files are closed, once. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/process.h"
#include "workers/handler/answer_cache.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define SECOND INT64_C(1000000000)
#define NOW_NS (1700000000 * SECOND)
#define NOW_MS 5000000
#define VALID_MS 1000
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define OTHER_DATE "Mon, 07 Nov 1994 00:00:00 GMT"
#define HEAD(date) "HTTP/1.1 200 OK\r\nDate: " date "\r\nServer: muster\r\nETag: \"a-b\"\r\n"
#define NOT_MODIFIED "HTTP/1.1 304 Not Modified\r\nDate: " DATE "\r\nServer: muster\r\n"
#define DATE_OFFSET (sizeof "HTTP/1.1 200 OK\r\nDate: " - 1)
#define TARGETS_MAX 400
#define ANY 100                     /* bytes of content, where that does not matter */

static const struct slice head = { HEAD(DATE), sizeof HEAD(DATE) - 1 };
static const struct representation with_etag = { { "\"a-b\"", 5 }, 784111777, true };
static const struct answer_file_state old_state = { 1, 2, ANY, NOW_NS - 3 * SECOND,
	NOW_NS - 3 * SECOND };

static struct answer_cache *cache;
static size_t cache_bytes;
static uint64_t seed = 1;

/* Knuth's MMIX generator: the same numbers in each run. */
static size_t
random_below(size_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % limit;
}

static struct answer_cache *
open_cache(size_t bytes, size_t max_body_bytes, unsigned open_file_count)
{
	struct arena memory;

	ck_assert_int_eq(arena_init(&memory, bytes), 0);
	return answer_cache_new(&memory, bytes, max_body_bytes, open_file_count, VALID_MS);
}

static void
begin(size_t bytes, unsigned open_file_count)
{
	cache = open_cache(bytes, bytes, open_file_count);
	ck_assert_ptr_nonnull(cache);
	cache_bytes = bytes;
}

static struct answer_key
key_of(const char *target)
{
	return (struct answer_key){ 3, true, SLICE_LITERAL("www.example.org"),
		SLICE_LITERAL("8080"), slice_from_text(target), SLICE_LITERAL("gzip") };
}

static const char *
numbered(unsigned number)
{
	static char target[32];

	snprintf(target, sizeof target, "/page-%05u.html", number);
	return target;
}

static struct cached_answer *
reserve(const char *target, size_t content_bytes)
{
	struct answer_key key = key_of(target);
	struct cached_answer *answer = answer_cache_reserve(cache, &key, head, DATE_OFFSET,
	    &with_etag, content_bytes);

	if (answer == NULL)
		return NULL;
	ck_assert((char *)answer > (char *)cache);
	ck_assert(answer->content >= (char *)(answer + 1));
	ck_assert(answer->content + content_bytes <= (char *)cache + cache_bytes);
	answer->state = old_state;
	return answer;
}

static struct cached_answer *
keep(const char *target, size_t content_bytes, char byte)
{
	struct cached_answer *answer = reserve(target, content_bytes);

	if (answer == NULL)
		return NULL;
	memset(answer->content, byte, content_bytes);
	answer_cache_publish(cache, answer, NOW_NS, NOW_MS);
	return answer;
}

static struct cached_answer *
find(const char *target)
{
	struct answer_key key = key_of(target);

	return answer_cache_find(cache, &key, NOW_MS);
}

static void
assert_is(const struct cached_answer *answer, size_t content_bytes, char byte)
{
	size_t i = 0;

	ck_assert_ptr_nonnull(answer);
	ck_assert_uint_eq(answer->content_bytes, content_bytes);
	ck_assert(slice_equal(slice_make(answer->head.text, answer->head.bytes), head));
	ck_assert_ptr_eq(answer->content, answer->head.text + answer->head.bytes + 2);
	ck_assert_int_eq(memcmp(answer->content - 2, "\r\n", 2), 0);
	ck_assert(slice_equal(answer->representation.etag, with_etag.etag));
	ck_assert_ptr_ne(answer->representation.etag.data, with_etag.etag.data);
	while (i < content_bytes && answer->content[i] == byte)
		i++;
	ck_assert_uint_eq(i, content_bytes);
}

START_TEST(answer_is_found_while_it_is_valid)
{
	struct answer_key key = key_of("/a");
	struct cached_answer *answer;

	begin(65536, 0);
	ck_assert_ptr_null(find("/a"));
	answer = keep("/a", ANY, 'x');
	assert_is(answer, ANY, 'x');
	ck_assert_ptr_eq(find("/a"), answer);
	ck_assert_ptr_null(find("/b"));
	ck_assert_ptr_eq(answer_cache_find(cache, &key, NOW_MS + VALID_MS - 1), answer);
	ck_assert_ptr_null(answer_cache_find(cache, &key, NOW_MS + VALID_MS));
}
END_TEST

/* Each part alone; which byte belongs to which part is for test_answer_key.c. */
START_TEST(whole_key_decides)
{
	struct answer_key keys[8];
	struct cached_answer *answers[COUNT_OF(keys)];

	begin(65536, 0);
	for (int i = 0; i < COUNT_OF(keys); i++)
		keys[i] = key_of("/a");
	keys[1].listener_index = 4;
	keys[2].is_https = false;
	keys[3].host = SLICE_LITERAL("www.example.net");
	keys[4].port = slice_make(NULL, 0);
	keys[5].target = SLICE_LITERAL("/a?");
	keys[6].accept_encoding = SLICE_LITERAL("");
	keys[7].accept_encoding = slice_make(NULL, 0);
	for (int i = 0; i < COUNT_OF(keys); i++) {
		for (int k = i; k < COUNT_OF(keys); k++)
			ck_assert_ptr_null(answer_cache_find(cache, &keys[k], NOW_MS));
		answers[i] = answer_cache_reserve(cache, &keys[i], head, DATE_OFFSET, &with_etag,
		    1);
		ck_assert_ptr_nonnull(answers[i]);
		answer_cache_publish(cache, answers[i], NOW_NS, NOW_MS);
	}
	for (int i = 0; i < COUNT_OF(keys); i++)
		ck_assert_ptr_eq(answer_cache_find(cache, &keys[i], NOW_MS), answers[i]);
}
END_TEST

START_TEST(new_answer_takes_the_place_of_the_old_one)
{
	struct cached_answer *answer;

	begin(65536, 0);
	keep("/a", ANY, 'x');
	answer = reserve("/a", ANY);
	ck_assert_ptr_null(find("/a")); /* neither the old one nor a half-made one */
	answer_cache_drop(cache, answer);
	ck_assert_ptr_null(find("/a"));
	keep("/a", 200, 'y');
	assert_is(find("/a"), 200, 'y');
	answer_cache_drop(cache, find("/a"));
	ck_assert_ptr_null(find("/a"));
}
END_TEST

static const struct size_row {
	size_t bytes, body_max, content_bytes;
	bool is_taken;
} sizes[] = {
	{ 65536, 65536, 0, true }, { 65536, 65536, 6144, true }, { 65536, 65536, 8192, false },
	{ 65536, 65536, 65536, false }, { 65536, 1000, 1000, true },
	{ 65536, 1000, 1001, false }, { 4096, 4096, 512, false },
	{ 33554432, 65536, 65536, true }, { 33554432, 65536, 65537, false },
	{ 33554432, SIZE_MAX, SIZE_MAX, false }, { 33554432, SIZE_MAX, SIZE_MAX / 2, false },
	{ 33554432, SIZE_MAX, SIZE_MAX - 4096, false }, { 33554432, SIZE_MAX, 4194304, false },
	{ 33554432, SIZE_MAX, 4190000, true },
};

START_TEST(size_is_bounded)
{
	const struct size_row *row = &sizes[_i];

	begin(row->bytes, 0);
	cache = open_cache(row->bytes, row->body_max, 0);
	ck_assert_int_eq(answer_cache_takes(cache, row->content_bytes), row->is_taken);
	ck_assert_int_eq(reserve("/a", row->content_bytes) != NULL, row->is_taken);
}
END_TEST

START_TEST(what_is_too_large_is_refused)
{
	static char text[65536] = HEAD(DATE);
	static char long_target[2000] = "/";
	struct answer_key key = key_of("/a");
	struct representation huge = { { text, sizeof text }, 0, false };
	struct arena memory;

	begin(65536, 0);
	ck_assert_ptr_null(answer_cache_reserve(cache, &key, slice_make(text, sizeof text),
	    DATE_OFFSET, &with_etag, 0));
	ck_assert_ptr_null(answer_cache_reserve(cache, &key, head, DATE_OFFSET, &huge, 0));
	memset(long_target + 1, 'x', sizeof long_target - 2);
	ck_assert_ptr_null(find(long_target));
	ck_assert_ptr_null(reserve(long_target, 1));
	key = key_of(long_target);
	ck_assert_ptr_null(answer_cache_renew(cache, &key, head, DATE_OFFSET, &old_state, NOW_MS));
	errno = 0;
	ck_assert_int_eq(arena_init(&memory, 65536), 0);
	ck_assert_ptr_null(answer_cache_new(&memory, ANSWER_CACHE_MIN_BYTES - 1, 0, 0, VALID_MS));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(answer_cache_new(&memory, 65537, 0, 0, VALID_MS));
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

static size_t
touched_page_count(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = cache_bytes / page, touched = 0;
	unsigned char *pages = malloc(count);

	ck_assert_ptr_nonnull(pages);
	ck_assert_int_eq(mincore(cache, cache_bytes, pages), 0);
	for (size_t i = 0; i < count; i++)
		touched += pages[i] & 1;
	free(pages);
	return touched;
}

/* Breaks when each of ten thousand workers pays for a cache that it does not use. */
START_TEST(memory_is_touched_as_it_is_used)
{
	begin(65536, 0);
	ck_assert_uint_le(touched_page_count(), 1);
	for (int i = 0; i < 100; i++)
		keep("/a", 2000, 'x');
	ck_assert_uint_le(touched_page_count(), 2);
	begin(33554432, 0);
	ck_assert_uint_le(touched_page_count(), 3);
}
END_TEST

/* As many answers of that size as there is room for; the higher the number, the later is the
 * last use. */
static unsigned
fill_up(size_t content_bytes)
{
	static struct cached_answer *held[20000];
	unsigned count = 0;

	while ((held[count] = keep(numbered(count), content_bytes, 'x')) != NULL)
		answer_cache_hold(held[count++]);
	for (unsigned i = 0; i < count; i++)
		answer_cache_release(cache, held[i]);
	return count;
}

/* Looking goes from the oldest to the newest and leaves their order as it is. */
START_TEST(who_was_not_found_longest_goes_first)
{
	unsigned count;

	begin(65536, 0);
	count = fill_up(1000);
	ck_assert_uint_ge(count, 30);
	ck_assert_ptr_nonnull(find(numbered(0)));
	for (unsigned new_count = 1; new_count < count; new_count++) {
		keep(numbered(count + new_count), 1000, 'x');
		for (unsigned i = 1; i < count; i++)
			ck_assert_int_eq(find(numbered(i)) != NULL, i > new_count);
		ck_assert_ptr_nonnull(find(numbered(0)));
		for (unsigned i = 1; i <= new_count; i++)
			ck_assert_ptr_nonnull(find(numbered(count + i)));
	}
}
END_TEST

/* Breaks when room for one large answer costs nearly all small ones. */
START_TEST(large_answer_takes_little_more_than_its_own_size)
{
	unsigned count, left = 0;

	begin(4194304, 0);
	count = fill_up(300);
	for (unsigned i = 0; i < 3 * count; i++) /* age tells nothing about the place */
		find(numbered((unsigned)random_below(count)));
	ck_assert_ptr_nonnull(keep("/large", 500000, 'y'));
	for (unsigned i = 0; i < count; i++)
		left += find(numbered(i)) != NULL;
	ck_assert_uint_ge(left, count * 5 / 6);
	assert_is(find("/large"), 500000, 'y');
}
END_TEST

START_TEST(held_answer_stays_as_it_is)
{
	struct cached_answer *held, *dropped;

	begin(65536, 0);
	held = keep("/held", 500, 'h');
	dropped = keep("/dropped", 500, 'd');
	answer_cache_hold(held);
	answer_cache_hold(held);
	answer_cache_hold(dropped);
	keep("/dropped", 100, 'n');
	for (unsigned i = 0; i < 2000; i++)
		keep(numbered(i), random_below(4000), 'x');
	ck_assert_ptr_eq(find("/held"), held);
	ck_assert_ptr_null(find("/dropped"));
	assert_is(held, 500, 'h');
	assert_is(dropped, 500, 'd');
	answer_cache_release(cache, dropped);
	answer_cache_release(cache, held);
	for (unsigned i = 0; i < 2000; i++)
		keep(numbered(i), random_below(4000), 'x');
	assert_is(held, 500, 'h');
	answer_cache_release(cache, held);
	ck_assert_ptr_eq(find("/held"), held);
	for (unsigned i = 0; i < 2000; i++)
		keep(numbered(i), random_below(4000), 'x');
	ck_assert_ptr_null(find("/held"));
}
END_TEST

START_TEST(all_held_is_no_room)
{
	struct cached_answer *held[TARGETS_MAX];
	unsigned count = 0;

	begin(65536, 0);
	while ((held[count] = keep(numbered(count), ANY, 'x')) != NULL)
		answer_cache_hold(held[count++]);
	ck_assert_uint_ge(count, 50);
	ck_assert_ptr_null(reserve("/a", 0));
	for (unsigned i = 0; i < count; i++)
		assert_is(held[i], ANY, 'x');
	answer_cache_release(cache, held[count / 2]);
	ck_assert_ptr_nonnull(reserve("/a", ANY));
	ck_assert_ptr_null(find(numbered(count / 2)));
}
END_TEST

static int
some_file(void)
{
	int fd = dup(STDERR_FILENO);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct cached_answer *
keep_file(const char *target)
{
	struct cached_answer *answer = reserve(target, 0);

	ck_assert_ptr_nonnull(answer);
	ck_assert_int_eq(answer->fd, -1);
	answer->fd = some_file();
	answer_cache_publish(cache, answer, NOW_NS, NOW_MS);
	return answer;
}

START_TEST(files_are_bounded)
{
	int open_count = process_open_count();

	begin(65536, 3);
	for (unsigned i = 0; i < 10; i++) {
		keep_file(numbered(i));
		ck_assert_int_eq(process_open_count(), open_count + (i < 3 ? (int)i + 1 : 3));
	}
	ck_assert_ptr_null(find(numbered(6)));
	ck_assert_ptr_nonnull(find(numbered(7)));
	keep_file(numbered(10));
	ck_assert_ptr_nonnull(find(numbered(7)));
	ck_assert_ptr_null(find(numbered(8)));
	answer_cache_drop(cache, find(numbered(7)));
	ck_assert_int_eq(process_open_count(), open_count + 2);
	/* Those in memory have no part in it, but room is made of all. */
	for (unsigned i = 0; i < 200; i++)
		keep("/a", ANY, 'x');
	ck_assert_int_eq(process_open_count(), open_count + 2);
	for (unsigned i = 0; i < 200; i++)
		keep(numbered(100 + i), 1000, 'x');
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

/* Breaks when a descriptor is closed that belongs to somebody else by then. */
START_TEST(files_are_closed_once)
{
	struct cached_answer *answer;
	int fd, open_count;

	begin(65536, 1);
	answer = keep_file("/a");
	fd = answer->fd;
	answer_cache_hold(answer);
	answer_cache_drop(cache, answer);
	ck_assert(process_is_open(fd));
	answer_cache_release(cache, answer);
	ck_assert(!process_is_open(fd));
	ck_assert_int_eq(some_file(), fd);
	open_count = process_open_count();
	answer = reserve("/b", 0);
	answer->fd = some_file();
	answer_cache_drop(cache, answer);
	for (unsigned i = 0; i < 500; i++)
		keep(numbered(i), 1000, 'x');
	ck_assert_int_eq(process_open_count(), open_count);
	ck_assert(process_is_open(fd));
}
END_TEST

START_TEST(file_too_many_lives_until_the_next_one)
{
	struct cached_answer *held, *passing;
	int open_count = process_open_count();

	begin(65536, 1);
	held = keep_file("/held");
	answer_cache_hold(held);
	for (int i = 0; i < 3; i++) {
		passing = keep_file("/passing");
		ck_assert_ptr_null(find("/passing"));
		ck_assert(process_is_open(passing->fd));
		ck_assert_int_eq(process_open_count(), open_count + 2);
	}
	answer_cache_hold(passing);
	keep("/a", ANY, 'x');
	ck_assert(process_is_open(passing->fd));
	answer_cache_release(cache, passing);
	ck_assert_int_eq(process_open_count(), open_count + 1);
	passing = keep_file("/passing");
	answer_cache_hold(passing);
	answer_cache_release(cache, passing);
	ck_assert(process_is_open(passing->fd));
	answer_cache_drop(cache, passing);
	ck_assert_int_eq(process_open_count(), open_count + 1);
	/* Two at a time. */
	passing = reserve("/a", 0);
	passing->fd = some_file();
	keep_file("/b");
	answer_cache_publish(cache, passing, NOW_NS, NOW_MS);
	ck_assert_int_eq(process_open_count(), open_count + 2);
	answer_cache_release(cache, held);
	keep_file("/a");
	ck_assert_ptr_nonnull(find("/a"));
	ck_assert_int_eq(process_open_count(), open_count + 1);
}
END_TEST

static const struct renew_row {
	const char *what;
	struct slice head;
	struct answer_file_state old_state, new_state;
	bool has_file, is_renewed;
} renewals[] = {
	{ "nothing changed", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, false, true },
	{ "another Date", { HEAD(OTHER_DATE), sizeof HEAD(OTHER_DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, false, true },
	{ "a longer head", { HEAD(DATE) "X", sizeof HEAD(DATE) },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, false, false },
	{ "a shorter head", { HEAD(DATE), sizeof HEAD(DATE) - 3 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, false, false },
	{ "another head", { HEAD(DATE "\0Server: Muster\r\nETag: \"a-b\"\r\n"),
	    sizeof HEAD(DATE) - 1 }, { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, false, false },
	{ "another status", { "HTTP/1.1 200 Ok\r\nDate: " DATE "\r\nServer: muster\r\n"
	    "ETag: \"a-b\"\r\n", sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, false, false },
	{ "another device", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 9, 2, 3, 4, 5 }, false, false },
	{ "another file", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 9, 3, 4, 5 }, false, false },
	{ "another length", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 9, 4, 5 }, false, false },
	{ "written to", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 9, 5 }, false, false },
	{ "written to, and the time set back", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 9 }, false, false },
	{ "2 s old when it was read", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, NOW_NS - 2 * SECOND, NOW_NS - 2 * SECOND },
	    { 1, 2, 3, NOW_NS - 2 * SECOND, NOW_NS - 2 * SECOND }, false, true },
	{ "younger when it was read", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, NOW_NS - 2 * SECOND + 1, 5 },
	    { 1, 2, 3, NOW_NS - 2 * SECOND + 1, 5 }, false, false },
	{ "changed just before it was read", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, NOW_NS - 2 * SECOND + 1 },
	    { 1, 2, 3, 4, NOW_NS - 2 * SECOND + 1 }, false, false },
	{ "from the future", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, NOW_NS + 9 * SECOND, 5 }, { 1, 2, 3, NOW_NS + 9 * SECOND, 5 },
	    false, false },
	{ "a young file that is sent as it is", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, NOW_NS, NOW_NS }, { 1, 2, 3, NOW_NS, NOW_NS }, true, true },
	{ "a file that is not", { HEAD(DATE), sizeof HEAD(DATE) - 1 },
	    { 1, 2, 3, 4, 5 }, { 1, 9, 3, 4, 5 }, true, false },
};

START_TEST(only_what_is_the_same_is_valid_again)
{
	const struct renew_row *row = &renewals[_i];
	struct answer_key key = key_of("/a");
	struct cached_answer *answer, *renewed;
	int64_t later_ms = NOW_MS + 100 * VALID_MS;

	begin(65536, 1);
	ck_assert_ptr_null(answer_cache_renew(cache, &key, row->head, DATE_OFFSET,
	    &row->new_state, NOW_MS));
	answer = reserve("/a", row->has_file ? 0 : ANY);
	answer->state = row->old_state;
	answer->fd = row->has_file ? some_file() : -1;
	answer_cache_publish(cache, answer, NOW_NS, NOW_MS);
	ck_assert_ptr_null(answer_cache_find(cache, &key, later_ms));
	renewed = answer_cache_renew(cache, &key, row->head, DATE_OFFSET, &row->new_state,
	    later_ms);
	ck_assert_ptr_eq(renewed, row->is_renewed ? answer : NULL);
	ck_assert_ptr_eq(answer_cache_find(cache, &key, later_ms + VALID_MS - 1), renewed);
	ck_assert_ptr_null(answer_cache_find(cache, &key, later_ms + VALID_MS));
	ck_assert_ptr_eq(find("/a"), answer); /* NOW_MS: as for an answer not valid again */
}
END_TEST

#define EXPIRING(date, more) "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nExpires: " date "\r\n" more

static const struct expires_row {
	const char *what, *old_head, *new_head;
	bool is_renewed;
} expiries[] = {
	{ "the same", EXPIRING(DATE, "X: y\r\n"), EXPIRING(DATE, "X: y\r\n"), true },
	{ "later", EXPIRING(DATE, "X: y\r\n"), EXPIRING(OTHER_DATE, "X: y\r\n"), true },
	{ "later, at the end", EXPIRING(DATE, ""), EXPIRING(OTHER_DATE, ""), true },
	{ "later, and more", EXPIRING(DATE, "X: y\r\n"), EXPIRING(OTHER_DATE, "X: z\r\n"),
	    false },
	{ "longer", EXPIRING(DATE, "X: y\r\n"), EXPIRING(DATE "x", "X: \r\n"), false },
	{ "not a date", EXPIRING("0", "Content-Language: en\r\n"),
	    EXPIRING("0", "Content-Language: de\r\n"), false },
	{ "not a date, the same", EXPIRING("0", "X: y\r\n"), EXPIRING("0", "X: y\r\n"), true },
	{ "not a date any more", EXPIRING(DATE, ""),
	    EXPIRING("0", "X: 12345678901234567890123\r\n"), false },
	{ "cut off", "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nExpires: ",
	    "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nExpires: ", true },
};

/* Breaks when whatever has an Expires is read anew each second, or keeps its first one. */
START_TEST(expires_is_taken_over)
{
	const struct expires_row *row = &expiries[_i];
	struct slice old_head = slice_from_text(row->old_head);
	struct slice new_head = slice_from_text(row->new_head);
	struct answer_key key = key_of("/a");
	struct cached_answer *answer, *renewed;

	begin(65536, 0);
	answer = answer_cache_reserve(cache, &key, old_head, DATE_OFFSET, &with_etag, 1);
	answer->state = old_state;
	answer_cache_publish(cache, answer, NOW_NS, NOW_MS);
	answer_cache_set_not_modified(cache, answer, old_head, DATE_OFFSET);
	answer_cache_hold(answer);
	renewed = answer_cache_renew(cache, &key, new_head, DATE_OFFSET, &old_state, NOW_MS);
	ck_assert_ptr_eq(renewed, slice_equal(old_head, new_head) ? answer : NULL);
	ck_assert_int_eq(memcmp(answer->head.text, old_head.data, old_head.len), 0);
	answer_cache_release(cache, answer);
	renewed = answer_cache_renew(cache, &key, new_head, DATE_OFFSET, &old_state, NOW_MS);
	ck_assert_ptr_eq(renewed, row->is_renewed ? answer : NULL);
	ck_assert_int_eq(memcmp(answer->head.text,
	    row->is_renewed ? new_head.data : old_head.data, old_head.len), 0);
	ck_assert_int_eq(answer->not_modified.text != NULL,
	    !row->is_renewed || slice_equal(old_head, new_head));
}
END_TEST

/* Breaks when answers of which nothing is wanted but a look once a second are the first to go. */
START_TEST(renewal_is_a_use)
{
	struct answer_key key = key_of("/page-00000.html");

	begin(65536, 0);
	fill_up(1000);
	ck_assert_ptr_nonnull(answer_cache_renew(cache, &key, head, DATE_OFFSET, &old_state,
	    NOW_MS));
	keep("/page-other.html", 1000, 'x');
	ck_assert_ptr_null(find(numbered(1)));
	ck_assert_ptr_nonnull(find(numbered(0)));
}
END_TEST

START_TEST(date_is_set_once_for_a_second)
{
	struct cached_answer *answer;
	const char *date;

	begin(65536, 0);
	answer = keep("/a", ANY, 'x');
	date = answer->head.text + DATE_OFFSET;
	ck_assert_int_eq(memcmp(date, DATE, ANSWER_CACHE_DATE_BYTES), 0);
	answer_head_set_date(&answer->head, SLICE_LITERAL(OTHER_DATE), 7);
	ck_assert_int_eq(memcmp(answer->head.text, HEAD(OTHER_DATE), head.len), 0);
	answer_head_set_date(&answer->head, SLICE_LITERAL(DATE), 7);
	ck_assert_int_eq(memcmp(answer->head.text, HEAD(OTHER_DATE), head.len), 0);
	answer_head_set_date(&answer->head, SLICE_LITERAL(DATE), 8);
	assert_is(answer, ANY, 'x');
}
END_TEST

START_TEST(head_of_304_is_noted)
{
	struct slice not_modified = SLICE_LITERAL(NOT_MODIFIED), most = head;
	size_t offset = DATE_OFFSET + 10;
	struct cached_answer *answer;
	char text[512];

	begin(65536, 0);
	answer = keep("/a", ANY, 'x');
	ck_assert_ptr_null(answer->not_modified.text);
	/* Room is for the fields of the 200 and the longer status. */
	memset(text, 'x', sizeof text);
	answer_cache_set_not_modified(cache, answer, slice_make(text, head.len + 11), offset);
	ck_assert_ptr_null(answer->not_modified.text);
	most = slice_make(text, head.len + 10);
	answer_cache_set_not_modified(cache, answer, most, offset);
	ck_assert_int_eq(memcmp(answer->not_modified.text, text, most.len), 0);
	ck_assert_int_eq(memcmp(answer->not_modified.text + most.len, "\r\n", 2), 0);
	assert_is(answer, ANY, 'x');
	answer_cache_hold(answer);
	answer_cache_set_not_modified(cache, answer, not_modified, offset);
	ck_assert_uint_eq(answer->not_modified.bytes, most.len);
	answer_cache_release(cache, answer);
	answer_cache_set_not_modified(cache, answer, not_modified, offset);
	ck_assert(slice_equal(slice_make(answer->not_modified.text,
	    answer->not_modified.bytes), not_modified));
	answer_head_set_date(&answer->not_modified, SLICE_LITERAL(OTHER_DATE), 7);
	ck_assert_int_eq(memcmp(answer->not_modified.text + offset, OTHER_DATE,
	    ANSWER_CACHE_DATE_BYTES), 0);
	assert_is(answer, ANY, 'x');
	ck_assert_ptr_null(keep("/a", ANY, 'x')->not_modified.text);
}
END_TEST

static const struct { size_t bytes, content_max; } caches[] = {
	{ 4096, 100 }, { 16384, 1000 }, { 65536, 100 }, { 65536, 7000 }, { 1000003, 60000 },
	{ 4194304, 500000 },
};

struct model {                      /* of a target: what was last kept, if anything */
	struct cached_answer *held;
	size_t content_bytes, held_bytes;
	char byte, held_byte;
	bool is_kept, has_file;
};

static struct model models[TARGETS_MAX];

static void
check_target(struct model *model, const char *target)
{
	struct cached_answer *answer = find(target);

	if (answer == NULL)
		return;
	ck_assert(model->is_kept);
	assert_is(answer, model->content_bytes, model->byte);
	ck_assert_int_eq(answer->fd >= 0, model->has_file);
	if (model->held == NULL && random_below(4) == 0) {
		answer_cache_hold(answer);
		model->held = answer;
		model->held_bytes = model->content_bytes;
		model->held_byte = model->byte;
	}
	if (random_below(16) == 0) {
		answer_cache_drop(cache, answer);
		model->is_kept = false;
	}
}

static void
let_go(struct model *model)
{
	if (model->held == NULL)
		return;
	assert_is(model->held, model->held_bytes, model->held_byte);
	answer_cache_release(cache, model->held);
	model->held = NULL;
}

static void
keep_target(struct model *model, const char *target, size_t content_max)
{
	size_t content_bytes = random_below(((size_t)1 << random_below(20)) % content_max + 1);
	struct cached_answer *answer;

	model->is_kept = false;
	model->has_file = random_below(5) == 0;
	model->content_bytes = model->has_file ? 0 : content_bytes;
	model->byte = (char)random_below(256);
	answer = reserve(target, model->content_bytes);
	ck_assert_ptr_null(find(target));
	if (answer == NULL)
		return;
	memset(answer->content, model->byte, model->content_bytes);
	answer->fd = model->has_file ? some_file() : -1;
	if (random_below(8) == 0) {
		answer_cache_drop(cache, answer);
		return;
	}
	answer_cache_publish(cache, answer, NOW_NS, NOW_MS);
	model->is_kept = find(target) == answer;
	ck_assert(model->is_kept || model->has_file);
	assert_is(answer, model->content_bytes, model->byte);
}

/* Whatever comes, and in whichever order: an answer is what was kept last, or is not there. */
START_TEST(random_use_agrees_with_a_model)
{
	int open_count = process_open_count();
	unsigned found = 0;

	seed = (uint64_t)_i + 1;
	begin(caches[_i].bytes, 7);
	for (int round = 0; round < 20000; round++) {
		unsigned number = (unsigned)random_below(random_below(TARGETS_MAX) + 1);
		struct model *model = &models[number];

		if (random_below(3) == 0)
			keep_target(model, numbered(number), caches[_i].content_max);
		else if (random_below(2) == 0)
			let_go(model);
		else
			check_target(model, numbered(number));
	}
	for (unsigned i = 0; i < TARGETS_MAX; i++) {
		let_go(&models[i]);
		if (find(numbered(i)) != NULL) {
			found++;
			answer_cache_drop(cache, find(numbered(i)));
		}
	}
	ck_assert(found > 0 || caches[_i].bytes == 4096);
	(void)reserve("/last", 0);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, answer_is_found_while_it_is_valid);
	tcase_add_test(tcase, whole_key_decides);
	tcase_add_test(tcase, new_answer_takes_the_place_of_the_old_one);
	tcase_add_loop_test(tcase, size_is_bounded, 0, COUNT_OF(sizes));
	tcase_add_test(tcase, what_is_too_large_is_refused);
	tcase_add_test(tcase, memory_is_touched_as_it_is_used);
	tcase_add_test(tcase, who_was_not_found_longest_goes_first);
	tcase_add_test(tcase, large_answer_takes_little_more_than_its_own_size);
	tcase_add_test(tcase, held_answer_stays_as_it_is);
	tcase_add_test(tcase, all_held_is_no_room);
	tcase_add_test(tcase, files_are_bounded);
	tcase_add_test(tcase, files_are_closed_once);
	tcase_add_test(tcase, file_too_many_lives_until_the_next_one);
	tcase_add_loop_test(tcase, only_what_is_the_same_is_valid_again, 0,
	    COUNT_OF(renewals));
	tcase_add_loop_test(tcase, expires_is_taken_over, 0, COUNT_OF(expiries));
	tcase_add_test(tcase, renewal_is_a_use);
	tcase_add_test(tcase, date_is_set_once_for_a_second);
	tcase_add_test(tcase, head_of_304_is_noted);
	tcase_add_loop_test(tcase, random_use_agrees_with_a_model, 0, COUNT_OF(caches));
}

int
main(void)
{
	Suite *suite = suite_create("answer_cache");
	TCase *tcase = tcase_create("answer_cache");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
