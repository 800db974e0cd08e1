/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/keeper/pending.c: what is sent later is what was to be sent, wherever the first send
 * ended and whatever became of the memory that it lay in; an answer out of the cache is held
 * that long, and all together stay within their bound. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/scoreboard.h"
#include "workers/keeper/pending.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define REQUEST "GET /a?b HTTP/1.1\r\nHost: test.example\r\n\r\n"
#define REQUEST_BYTES (sizeof REQUEST - 1)
#define HEAD "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX: y\r\n"
#define CLOSE "Connection: close\r\n"
#define CRLF "\r\n"
#define CONTENT_BYTES 100
#define LARGE_BYTES (300 * 1024)
#define BLOCK_BYTES (1024 * 1024)
#define ALL_BLOCKS 63               /* what fits for certain into all memory for it: each takes a
                                     * little more than its bytes */
#define CACHE_BYTES (8 * 1024 * 1024)

static const struct config_settings settings;
static char content[LARGE_BYTES], whole[BLOCK_BYTES + 1000], got[sizeof whole], in[4096];
static struct scoreboard *board;
static struct inheritance own;
static struct config config;
static struct conn conn;
static struct turn turn;
static struct answer_cache *cache;
static int ends[2];                 /* ours, the client's */

static void
begin(void)
{
	struct arena memory;
	int i;

	for (i = 0; i < LARGE_BYTES; i++)
		content[i] = (char)('a' + i % 23);
	config.limits.request_line_bytes = config.limits.header_bytes = 1024;
	config.limits.header_field_count = 10;
	board = scoreboard_new();
	own = (struct inheritance){ .config = &config, .scoreboard = board,
		.access_log = { LOG_SINK_NONE, -1 } };
	conn.config = &config;
	conn.own = &own;
	conn.slot = scoreboard_slot(board, scoreboard_claim(board, 1, 0));
	conn.header = scoreboard_header(board);
	access_log_init(&conn.access_log, &own);
	ck_assert_int_eq(arena_init(&conn.arena, 65536), 0);
	conn.in = in;
	conn.in_cap = sizeof in;
	conn.in_len = REQUEST_BYTES;
	memcpy(in, REQUEST, REQUEST_BYTES);
	conn_expect_head(&conn);
	ck_assert_int_eq(http_parse_request(&conn.parser, in, conn.in_len, &conn.request),
	    HTTP_COMPLETE);
	turn_begin(&conn, &turn, true);
	turn.status = 200;
	ck_assert_int_eq(arena_init(&memory, CACHE_BYTES), 0);
	cache = answer_cache_new(&memory, CACHE_BYTES, LARGE_BYTES, 1, 1000);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void
end(void)
{
	close(ends[0]);
	close(ends[1]);
	scoreboard_free(&board);
}

static struct cached_answer *
keep(size_t content_bytes)
{
	const struct answer_key key = { .host = SLICE_LITERAL("h"), .target = SLICE_LITERAL("/") };
	const struct representation representation = { .etag = SLICE_LITERAL("\"e\"") };
	struct cached_answer *kept = answer_cache_reserve(cache, &key, SLICE_LITERAL(HEAD),
	    sizeof "HTTP/1.1 200 OK\r\nDate: " - 1, &representation, content_bytes);

	ck_assert_ptr_nonnull(kept);
	memcpy(kept->content, content, content_bytes);
	answer_cache_publish(cache, kept, 0, 0);
	return kept;
}

/* How an answer lies in memory: as ready.c makes the pieces, or in one of its own. */
enum layout { KEPT, KEPT_CLOSE, KEPT_HEAD, KEPT_HEAD_CLOSE, MADE, MADE_HEAD };

static const struct {
	enum layout layout;
	bool has_content, closes;
} layouts[] = {
	{ KEPT, true, false }, { KEPT_CLOSE, true, true }, { KEPT_HEAD, false, false },
	{ KEPT_HEAD_CLOSE, false, true }, { MADE, true, false }, { MADE_HEAD, false, false },
};

struct laid_out {
	struct iovec pieces[3];
	unsigned count;
	struct cached_answer *kept;
	size_t head_bytes, bytes;   /* all of them in whole */
};

static void
put(struct laid_out *out, const void *data, size_t bytes)
{
	memcpy(whole + out->bytes, data, bytes);
	out->bytes += bytes;
}

static void
lay_out(int row, size_t content_bytes, struct laid_out *out)
{
	static char made[BLOCK_BYTES + 1000];
	bool has_content = layouts[row].has_content, closes = layouts[row].closes;

	memset(out, 0, sizeof *out);
	put(out, HEAD, sizeof HEAD - 1);
	if (closes)
		put(out, CLOSE, sizeof CLOSE - 1);
	put(out, CRLF, 2);
	out->head_bytes = out->bytes;
	put(out, content, has_content ? content_bytes : 0);
	if (layouts[row].layout >= MADE) {
		memcpy(made, whole, out->bytes);
		out->pieces[out->count++] = (struct iovec){ made, out->bytes };
		return;
	}
	out->kept = keep(content_bytes);
	out->pieces[0] = (struct iovec){ out->kept->head.text, out->bytes };
	out->count = 1;
	if (closes) {
		out->pieces[0].iov_len = out->kept->head.bytes;
		out->pieces[1] = (struct iovec){ (void *)(uintptr_t)CLOSE, sizeof CLOSE - 1 };
		out->pieces[2] = (struct iovec){ out->kept->head.text + out->kept->head.bytes,
			2 + (has_content ? content_bytes : 0) };
		out->count = 3;
	}
}

static struct pending *
make(const struct laid_out *out, size_t sent)
{
	return pending_new(&conn, &turn, out->pieces, out->count, sent, out->kept,
	    out->head_bytes, false);
}

/* What others do meanwhile: the next answer in the buffer, another Date in the kept head, and
 * as many answers as push the kept one out. */
static void
disturb(const struct laid_out *out)
{
	int i;

	memset(in, '#', sizeof in);
	if (out->kept == NULL) {
		memset(out->pieces[0].iov_base, '#', out->pieces[0].iov_len);
		return;
	}
	memset(out->kept->head.text + out->kept->head.date_offset, '#', ANSWER_CACHE_DATE_BYTES);
	for (i = 0; i < 3; i++)
		(void)keep(LARGE_BYTES);
}

static size_t
take(size_t most)
{
	ssize_t n = recv(ends[1], got, most, MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

START_TEST(test_every_place_to_go_on_from)
{
	struct pending *pending;
	struct laid_out out;
	size_t sent = 0, moved;

	do {
		lay_out(_i, CONTENT_BYTES, &out);
		pending = make(&out, sent);
		ck_assert_ptr_nonnull(pending);
		disturb(&out);
		ck_assert_int_eq(pending_send(pending, ends[0], &moved), IO_OK);
		ck_assert_uint_eq(moved, out.bytes - sent);
		ck_assert_uint_eq(take(sizeof got), moved);
		ck_assert_int_eq(memcmp(got, whole + sent, moved), 0);
		pending_free(&pending, cache);
		ck_assert_ptr_null(pending);
		memcpy(in, REQUEST, REQUEST_BYTES);
	} while (++sent < out.bytes);
	pending_free(&pending, cache);
}
END_TEST

/* The client takes a little at a time; the answer is more than the sockets hold. */
START_TEST(test_in_many_steps)
{
	size_t moved, all_moved = 0, all_got = 0, taken;
	enum io_result result = IO_TIMEOUT;
	struct pending *pending;
	struct laid_out out;
	int steps = 0;

	lay_out(_i, LARGE_BYTES, &out);
	pending = make(&out, 7);
	ck_assert_ptr_nonnull(pending);
	disturb(&out);
	while (result == IO_TIMEOUT) {
		result = pending_send(pending, ends[0], &moved);
		ck_assert_int_ne(result, IO_ERROR);
		all_moved += moved;
		while ((taken = take(5000)) > 0) {
			ck_assert_int_eq(memcmp(got, whole + 7 + all_got, taken), 0);
			all_got += taken;
		}
		steps++;
	}
	ck_assert_int_eq(result, IO_OK);
	ck_assert_uint_eq(all_moved, out.bytes - 7);
	ck_assert_uint_eq(all_got, all_moved);
	ck_assert_msg(steps > 1 || !layouts[_i].has_content, "it was no slow client");
	pending_free(&pending, cache);
}
END_TEST

START_TEST(test_a_client_that_takes_nothing_or_has_gone)
{
	struct pending *pending;
	struct laid_out out;
	size_t moved;

	lay_out(KEPT, LARGE_BYTES, &out);
	pending = make(&out, 0);
	while (pending_send(pending, ends[0], &moved) == IO_TIMEOUT && moved > 0)
		continue;
	ck_assert_int_eq(pending_send(pending, ends[0], &moved), IO_TIMEOUT);
	ck_assert_uint_eq(moved, 0);
	shutdown(ends[1], SHUT_RD);
	ck_assert_int_eq(pending_send(pending, ends[0], &moved), IO_ERROR);
	ck_assert_uint_eq(moved, 0);
	pending_free(&pending, cache);
}
END_TEST

/* As often as somebody sends it, and not once more. */
START_TEST(test_a_kept_answer_is_held)
{
	struct pending *first, *second;
	struct laid_out out;

	lay_out(KEPT, CONTENT_BYTES, &out);
	ck_assert_uint_eq(out.kept->hold_count, 0);
	first = make(&out, 10);
	second = make(&out, 20);
	ck_assert_uint_eq(out.kept->hold_count, 2);
	pending_free(&first, cache);
	ck_assert_uint_eq(out.kept->hold_count, 1);
	pending_free(&second, cache);
	ck_assert_uint_eq(out.kept->hold_count, 0);
}
END_TEST

START_TEST(test_all_together_are_bounded)
{
	static struct pending *all[ALL_BLOCKS + 2];
	int round, i;

	memset(whole, 'w', sizeof whole);
	for (round = 0; round < 3; round++) { /* what is freed can be had again */
		struct laid_out out = { .count = 1, .pieces[0] = { whole, BLOCK_BYTES } };

		for (i = 0; i < ALL_BLOCKS; i++) {
			all[i] = make(&out, 0);
			ck_assert_ptr_nonnull(all[i]);
		}
		while (i < COUNT_OF(all) && (all[i] = make(&out, 0)) != NULL)
			i++;
		ck_assert_msg(i < COUNT_OF(all), "there is no bound");
		lay_out(KEPT, CONTENT_BYTES, &out);
		ck_assert_uint_eq(out.kept->hold_count, 0);
		pending_free(&all[0], cache);
		all[0] = make(&out, 0);
		ck_assert_ptr_nonnull(all[0]);
		for (i = 0; i < COUNT_OF(all); i++)
			pending_free(&all[i], cache);
	}
}
END_TEST

/* has_kept: the log takes its fields from there. */
START_TEST(test_is_counted_once_and_the_request_is_back)
{
	struct pending *pending;
	struct laid_out out;
	size_t moved;

	lay_out(_i, CONTENT_BYTES, &out);
	conn.request_count = 5;
	conn.stream.sent_bytes = 1000;
	turn.is_routed = true;
	turn.exchange.route.settings = &settings;
	turn.keeps_alive = true;
	pending = make(&out, 30);
	ck_assert(pending_keeps_alive(pending));
	ck_assert(!pending_lingers(pending));
	disturb(&out);
	ck_assert_int_eq(pending_send(pending, ends[0], &moved), IO_OK);
	conn.in_len = 0;
	pending_log(pending, &conn, false);
	ck_assert_uint_eq(conn.request_count, 5);
	ck_assert_uint_eq(conn.in_len, REQUEST_BYTES);
	ck_assert_int_eq(memcmp(conn.in, REQUEST, REQUEST_BYTES), 0);
	ck_assert(slice_equal(conn.request.target, SLICE_LITERAL("/a?b")));
	ck_assert_uint_eq(atomic_load(&conn.slot->request_count), 1);
	ck_assert_uint_eq(atomic_load(&conn.slot->sent_bytes), out.bytes);
	pending_free(&pending, cache);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pending");
	TCase *tcase = tcase_create("pending");
	SRunner *runner;
	int failed_count;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, test_every_place_to_go_on_from, 0, COUNT_OF(layouts));
	tcase_add_loop_test(tcase, test_in_many_steps, 0, COUNT_OF(layouts));
	tcase_add_test(tcase, test_a_client_that_takes_nothing_or_has_gone);
	tcase_add_test(tcase, test_a_kept_answer_is_held);
	tcase_add_test(tcase, test_all_together_are_bounded);
	tcase_add_loop_test(tcase, test_is_counted_once_and_the_request_is_back, 0,
	    COUNT_OF(layouts));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
