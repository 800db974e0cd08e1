/* SPDX-License-Identifier: BSD-2-Clause */
/* A request for files below ./root of a scratch folder, with a host that has it as its root:
 * what the tests of the static handler's parts share. */
#ifndef MUSTER_TEST_FILE_EXCHANGE_H
#define MUSTER_TEST_FILE_EXCHANGE_H

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "config/mime.h"
#include "tests/lib/process.h"
#include "tests/lib/scratch.h"
#include "workers/handler/found.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define TEXTS_MAX 16

static const char mime_text[] = "text/html html htm\ntext/css css\ntext/plain txt\n"
    "text/x-perl pl\napplication/javascript js\nimage/png png\napplication/json json\n"
    "text/xml xml\nimage/svg+xml svg\n";

static struct arena arena, scratch;
static struct config config;
static struct config_host host;
static struct config_settings *const settings = &host.settings;
static struct http_request request;
static struct exchange exchange;
static struct answer answer;
static int root_fds[2];

/* The words of text. */
static inline void
set_texts(struct config_texts *texts, const char *text)
{
	static char copies[8][256];
	static char *items[8][TEXTS_MAX];
	static int next;
	char *copy = copies[next], **list = items[next], *word;

	next = (next + 1) % 8;
	ck_assert_uint_lt(strlen(text), sizeof copies[0]);
	strcpy(copy, text);
	texts->items = list;
	texts->count = 0;
	for (word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		ck_assert_uint_lt(texts->count, TEXTS_MAX);
		list[texts->count++] = word;
	}
}

static inline void
set_field(enum http_field_id id, const char *name, const char *value)
{
	struct http_field *field = &request.fields[request.field_count++];

	field->name = slice_from_text(name);
	field->value = slice_from_text(value);
	field->id = id;
	if (id != HTTP_FIELD_OTHER && request.first_field[id] == 0)
		request.first_field[id] = (uint16_t)request.field_count;
}

/* path: normalised, starts with '/'; what is below the host's root. */
static inline void
set_path(const char *path)
{
	size_t len = strlen(path);

	exchange.path = slice_make(path, len);
	exchange.path_info = (struct uri_path){ len, strstr(path, "/.") != NULL,
		path[len - 1] == '/' };
	exchange.route.below_root = slice_make(path + 1, len - 1);
}

static inline void
exchange_begin(void)
{
	ck_assert_int_eq(arena_init(&arena, 131072), 0);
	ck_assert_int_eq(arena_init(&scratch, 1 << 20), 0);
	ck_assert_int_eq(mkdir("root", 0755), 0);
	memset(&config, 0, sizeof config);
	memset(&host, 0, sizeof host);
	memset(&request, 0, sizeof request);
	memset(&exchange, 0, sizeof exchange);
	root_fds[0] = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root_fds[0], 0);
	root_fds[1] = -1;
	config.mime = mime_parse(mime_text, sizeof mime_text - 1);
	ck_assert_ptr_nonnull(config.mime);
	config.hosts = &host;
	config.host_count = 1;
	settings->default_type = (char *)"application/octet-stream";
	settings->charset = (char *)"utf-8";
	settings->user_dir = settings->user_dir_below = (char *)"";
	settings->user_dir_root_index = CONFIG_NO_ROOT;
	settings->etag = true;
	settings->max_range_count = 16;
	request.method = HTTP_METHOD_GET;
	request.host = SLICE_LITERAL("test.example");
	exchange.request = &request;
	exchange.route.host = &host;
	exchange.route.settings = settings;
	exchange.config = &config;
	exchange.root_fds = root_fds;
	exchange.arena = &arena;
	exchange.scratch = &scratch;
	exchange.now_wall_s = 1732176000;
	answer_init(&answer);
}

static inline void
exchange_end(void)
{
	answer_fini(&answer);
	mime_free(&config.mime);
	close(root_fds[0]);
	if (root_fds[1] >= 0)
		close(root_fds[1]);
	arena_fini(&arena);
	arena_fini(&scratch);
}

/* Sets the time of a file's last change. */
static inline void
set_time(const char *name, time_t seconds, long nanoseconds)
{
	struct timespec times[2] = { { seconds, nanoseconds }, { seconds, nanoseconds } };

	ck_assert_int_eq(utimensat(AT_FDCWD, name, times, 0), 0);
}

/* What the descriptor's file holds, at most 255 bytes. */
static inline const char *
content_of(int fd)
{
	static char text[256];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

#define ck_assert_text(slice, text) \
	ck_assert_msg(slice_equal((slice), slice_from_text(text)), \
	    "%s is \"%.*s\", should be \"%s\"", #slice, (int)(slice).len, \
	    (slice).len > 0 ? (slice).data : "", (text))

/* Runs one case of tests, each in a folder and with an exchange of its own. */
static inline int
exchange_run(const char *name, TCase *tcase)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed_count;

	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline TCase *
exchange_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, exchange_begin, exchange_end);
	return tcase;
}

#endif
