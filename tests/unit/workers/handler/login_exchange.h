/* SPDX-License-Identifier: BSD-2-Clause */
/* A request for a protected place, with its files in a scratch folder: what the tests of access
 * control and logins share. */
#ifndef MUSTER_TEST_LOGIN_EXCHANGE_H
#define MUSTER_TEST_LOGIN_EXCHANGE_H

#include "config/network.h"
#include "server/base/clients.h"
#include "server/base/log.h"
#include "server/base/nonces.h"
#include "tests/lib/addresses.h"
#include "tests/lib/scratch.h"
#include "workers/handler/access.h"
#include "workers/handler/auth.h"

#define COUNT_OF(rows) ((int)(sizeof (rows) / sizeof (rows)[0]))
#define NETWORKS_MAX 8

/* alice: wonderland, bob: pass:w, in both files, of the realm "restricted" */
#define BCRYPT "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu"
#define OTHER_BCRYPT "$2y$04$abcdefghijklmnopqrstuuys.BQlrfqSdFKVZotm8JiGSji20KGe6"
#define HA1 "db6244c5a17f5ff5276a996df84fb3401df4eac863e21449a066b15131b30a38"
#define ALICE "Basic YWxpY2U6d29uZGVybGFuZA=="
#define BOB "Basic Ym9iOnBhc3M6dw=="
#define ALICE_WRONG "Basic YWxpY2U6cGFzczp3" /* bob's */
#define EVE "Basic ZXZlOnd4b25kZXJsYW5k"     /* eve: wxonderland */

static struct arena arena, scratch;
static struct config config;
static struct config_host host;
static struct config_settings *const settings = &host.settings;
static struct http_request request;
static struct exchange exchange;
static struct answer answer;
static int root_fds[1];

static inline char *
text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static inline void
set_field(const char *name, const char *value)
{
	struct http_field *field = &request.fields[request.field_count++];

	field->name = slice_from_text(name);
	field->value = slice_from_text(value);
}

static inline void
set_target(const char *target)
{
	const char *mark = strchr(target, '?');
	const char *path = strncmp(target, "http://", 7) == 0 ? strchr(target + 7, '/') : target;

	request.target = slice_from_text(target);
	request.path = slice_make(path, mark != NULL ? (size_t)(mark - path) : strlen(path));
	request.has_query = mark != NULL;
	request.query = slice_from_text(mark != NULL ? mark + 1 : "");
}

/* Another request of the same client. credentials: NULL for none. */
static inline void
next_request(const char *credentials)
{
	answer_fini(&answer);
	answer_init(&answer);
	arena_reset(&arena);
	arena_reset(&scratch);
	request.field_count = 0;
	set_field("User-Agent", "test");
	if (credentials != NULL)
		set_field("authorization", credentials);
	exchange.user = slice_make(NULL, 0);
	exchange.auth = NULL;
	exchange.boundary_seed++;
}

/* 0: let in; else the status. */
static inline unsigned
ask_with(const char *credentials)
{
	next_request(credentials);
	if (access_allow(&exchange, &answer)) {
		ck_assert_uint_eq(answer.status, 0);
		return 0;
	}
	ck_assert_uint_ge(answer.status, 400);
	return answer.status;
}

static inline const char *
field_of_answer(const char *name)
{
	static char value[512];
	const struct slice *found = answer_find_field(&answer, slice_from_text(name));

	snprintf(value, sizeof value, "%.*s", found == NULL ? 0 : (int)found->len,
	    found == NULL ? "" : found->data);
	return value;
}

static inline const char *
read_log(void)
{
	static char log[65536];
	int fd = open("log", O_RDONLY);
	ssize_t n = read(fd, log, sizeof log - 1);

	ck_assert_int_ge(n, 0);
	close(fd);
	log[n] = '\0';
	return log;
}

static inline unsigned
logged_count(const char *text)
{
	unsigned count = 0;

	for (const char *at = read_log(); (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* "192.0.2.0/24 10.0.0.0/8@2": networks, each with the depth of its scope. */
static inline void
set_networks(struct config_access **list, size_t *count, const char *text)
{
	static struct config_access rows[2][NETWORKS_MAX];
	static struct network networks[2][NETWORKS_MAX];
	bool is_deny = list == &settings->deny;
	char copy[256], *word, *depth;

	snprintf(copy, sizeof copy, "%s", text);
	*list = rows[is_deny];
	*count = 0;
	for (word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		struct config_access *row = &rows[is_deny][*count];

		ck_assert_uint_lt(*count, NETWORKS_MAX);
		depth = strchr(word, '@');
		row->depth = depth != NULL ? (unsigned)atoi(depth + 1) : 0;
		if (depth != NULL)
			*depth = '\0';
		row->network = &networks[is_deny][*count];
		ck_assert_msg(network_parse(word, row->network) == NULL, "%s", word);
		++*count;
	}
}

static inline void
set_names(struct config_texts *texts, char **items, const char *first, const char *second)
{
	items[0] = text_of(first);
	items[1] = text_of(second);
	texts->items = items;
	texts->count = first == NULL ? 0 : second == NULL ? 1 : 2;
}

static inline void
set_auth(enum config_auth type)
{
	settings->auth_type = type;
	settings->auth_user_file.name = settings->auth_user_file.path =
	    text_of(type == CONFIG_AUTH_DIGEST ? "htdigest" : "htpasswd");
}

static inline void
exchange_begin(void)
{
	struct log_sink sink = { LOG_SINK_FD, -1 };

	ck_assert_int_eq(arena_init(&arena, 131072), 0);
	ck_assert_int_eq(arena_init(&scratch, 1 << 20), 0);
	root_fds[0] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sink.fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert(root_fds[0] >= 0 && sink.fd >= 0);
	log_set_sink(sink);
	scratch_write("htpasswd", "alice:" BCRYPT "\nbob:" OTHER_BCRYPT "\n");
	scratch_write("htdigest", "alice:restricted:" HA1 "\nMufasa:http-auth@example.org:"
	    "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232\n");
	scratch_write("htgroup", "staff: alice\nguests: bob carol\n");
	memset(&config, 0, sizeof config);
	memset(&host, 0, sizeof host);
	memset(&request, 0, sizeof request);
	memset(&exchange, 0, sizeof exchange);
	set_auth(CONFIG_AUTH_OFF);
	settings->auth_name = text_of("restricted");
	settings->auth_group_file.name = settings->auth_group_file.path = text_of("htgroup");
	request.method = HTTP_METHOD_GET;
	request.method_name = SLICE_LITERAL("GET");
	request.host = SLICE_LITERAL("test.example");
	set_target("/dir/index.html");
	exchange.request = &request;
	exchange.route.host = &host;
	exchange.route.settings = settings;
	exchange.config = &config;
	exchange.root_fds = root_fds;
	exchange.arena = &arena;
	exchange.scratch = &scratch;
	exchange.client = address_of("192.0.2.1");
	exchange.client_text = SLICE_LITERAL("192.0.2.1");
	exchange.now_wall_s = 1732176000;
	exchange.now_mono_ms = 1000000;
	exchange.clients = clients_new(1024);
	exchange.nonces = nonces_new();
	ck_assert(exchange.clients != NULL && exchange.nonces != NULL);
	answer_init(&answer);
}

static inline void
exchange_end(void)
{
	answer_fini(&answer);
	clients_free(&exchange.clients);
	nonces_free(&exchange.nonces);
	close(root_fds[0]);
	arena_fini(&arena);
	arena_fini(&scratch);
}

static inline TCase *
exchange_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	scratch_use(tcase);
	tcase_add_checked_fixture(tcase, exchange_begin, exchange_end);
	return tcase;
}

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

#endif
