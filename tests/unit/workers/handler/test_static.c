/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/static.c and directory.c: what a path leads to. A directory as a way around
 * a location, a redirect to an address that nothing answers for, or a user who can be told
 * from nobody breaks it. */
#include <unistd.h>

#include "tests/unit/workers/handler/file_exchange.h"
#include "workers/handler/static.h"

static struct config_location locations[2];

static void
make_tree(void)
{
	static const char *const folders[] = { "dir", "bare", "odd", "odd/index.html", "late",
		"de", "home", "home/alice", "home/alice/public_html",
		"home/alice/public_html/sub", "home/empty", "home/empty/public_html" };
	static const char *const files[] = { "index.html", "file.txt", "dir/index.html",
		"late/index.htm", "de/index.html.de", ".hidden",
		"home/alice/public_html/index.html" };

	for (int i = 0; i < COUNT_OF(folders) + COUNT_OF(files); i++) {
		char path[128];
		const char *name = i < COUNT_OF(folders) ? folders[i] :
		    files[i - COUNT_OF(folders)];

		snprintf(path, sizeof path, "root/%s", name);
		if (i < COUNT_OF(folders))
			ck_assert_int_eq(mkdir(path, 0755), 0);
		else
			scratch_write(path, name);
	}
	ck_assert_int_eq(mkfifo("root/fifo", 0666), 0);
	set_texts(&settings->index, "index.html index.htm");
}

static struct config_location *
add_location(enum config_match match, const char *path)
{
	struct config_location *location = &locations[host.location_count++];

	memset(location, 0, sizeof *location);
	location->matcher.match = match;
	location->matcher.title = location->matcher.path = (char *)path;
	location->settings = host.settings;
	host.locations = locations;
	return location;
}

static void
enter(struct config_location *location)
{
	exchange.route.location = location;
	exchange.route.settings = &location->settings;
}

static const char *
location_field(void)
{
	static char value[512];

	value[0] = '\0';
	for (unsigned i = 0; i < answer.field_count; i++)
		if (slice_equal(answer.fields[i].name, SLICE_LITERAL("Location")))
			snprintf(value, sizeof value, "%.*s", (int)answer.fields[i].value.len,
			    answer.fields[i].value.data);
	return value;
}

/* Sends it; text: what the file holds, where the redirect leads, or the path of the next
 * round, whose status is 0. */
static void
check(unsigned status, const char *text)
{
	int open_count = process_open_count();
	enum static_result result = static_handle(&exchange, &answer);

	ck_assert_int_eq(process_open_count(), open_count + (answer.file_fd >= 0));
	ck_assert_int_eq(result, status == 0 ? STATIC_REROUTE : STATIC_DONE);
	if (status == 0) {
		ck_assert_text(exchange.path, text);
		ck_assert_int_eq(answer.file_fd, -1);
		return;
	}
	ck_assert_msg(answer.status == status, "status %u, should be %u", answer.status, status);
	ck_assert_str_eq(location_field(), status == 301 ? text : "");
	if (status == 200 && text != NULL)
		ck_assert_str_eq(content_of(answer.file_fd), text);
}

static const struct {
	const char *path;
	unsigned status;
	const char *text;
} rows[] = {
	{ "/", 200, "index.html" },
	{ "/file.txt", 200, "file.txt" },
	{ "/file.txt/", 404, NULL },
	{ "/dir/", 200, "dir/index.html" },
	{ "/dir", 301, "/dir/" },
	{ "/late/", 200, "late/index.htm" },
	{ "/bare/", 403, NULL },
	{ "/bare", 301, "/bare/" },
	{ "/odd/", 403, NULL },
	{ "/none", 404, NULL },
	{ "/none/", 404, NULL },
	{ "/fifo", 403, NULL },
	{ "/fifo/", 404, NULL },
	{ "/.hidden", 403, NULL },
	{ "/.none/", 403, NULL },
	{ "/de/", 200, "de/index.html.de" },
};

START_TEST(path_leads_to)
{
	make_tree();
	set_texts(&settings->languages, "en de");
	set_path(rows[_i].path);
	check(rows[_i].status, rows[_i].text);
}
END_TEST

START_TEST(redirect_keeps_the_query)
{
	make_tree();
	set_path("/dir");
	exchange.has_query = true;
	exchange.query = slice_from_text(_i == 0 ? "" : "a=%20b");
	check(301, _i == 0 ? "/dir/?" : "/dir/?a=%20b");
}
END_TEST

START_TEST(redirect_that_fits_no_head_is_refused)
{
	static char query[16384];

	make_tree();
	memset(query, 'q', sizeof query);
	set_path("/dir");
	exchange.has_query = true;
	exchange.query = slice_make(query, sizeof query);
	check(414, NULL);
}
END_TEST

START_TEST(directory_is_listed_where_it_may_be)
{
	make_tree();
	settings->autoindex = true;
	set_path("/bare/");
	check(200, NULL);
	answer_restart(&answer);
	set_path("/dir/");
	check(200, "dir/index.html");
	answer_restart(&answer);
	set_path("/none/");
	check(404, NULL);
}
END_TEST

/* "/dir/" gives what "/dir/index.html" gives. */
static const struct {
	enum config_match match;
	const char *title, *path;
	bool is_inside;
	unsigned status;
	const char *text;
} indexes[] = {
	{ CONFIG_MATCH_EXACT, "/dir/index.html", "/dir/", false, 0, "/dir/index.html" },
	{ CONFIG_MATCH_PREFIX, "/dir/index", "/dir/", false, 200, "dir/index.html" },
	{ CONFIG_MATCH_PREFIX, "/other/", "/dir/", false, 200, "dir/index.html" },
	{ CONFIG_MATCH_PREFIX, "/dir/", "/dir/", true, 200, "dir/index.html" },
	{ CONFIG_MATCH_EXACT, "/dir/", "/dir/", true, 0, "/dir/index.html" },
};

START_TEST(index_belongs_to_its_own_location)
{
	make_tree();
	add_location(indexes[_i].match, indexes[_i].title);
	set_path(indexes[_i].path);
	if (indexes[_i].is_inside)
		enter(&locations[0]);
	check(indexes[_i].status, indexes[_i].text);
}
END_TEST

/* location "= /x" { alias = ".../dir/" } : no address with a slash leads there. */
static const struct {
	const char *below;
	bool autoindex;
	unsigned status;
	const char *text;
} aliases[] = {
	{ "dir", false, 200, "dir/index.html" },
	{ "bare", false, 403, NULL },
	{ "bare", true, 403, NULL },
};

START_TEST(exact_alias_of_a_directory_gives_its_index)
{
	struct config_location *location;
	char root[32];

	make_tree();
	location = add_location(CONFIG_MATCH_EXACT, "/x");
	location->is_alias = true;
	location->alias_path = location->matcher.path;
	location->settings.autoindex = aliases[_i].autoindex;
	snprintf(root, sizeof root, "root/%s", aliases[_i].below);
	root_fds[1] = open(root, O_PATH | O_DIRECTORY);
	location->settings.root_index = 1;
	set_path("/x");
	exchange.route.below_root = SLICE_LITERAL("");
	enter(location);
	check(aliases[_i].status, aliases[_i].text);
}
END_TEST

/* location "/x" { alias = ".../root/" location "= /x/dir" {} } : the outer one has the slash. */
START_TEST(exact_location_within_an_alias_redirects)
{
	struct config_location *location;

	make_tree();
	location = add_location(CONFIG_MATCH_EXACT, "/x/dir");
	location->is_alias = true;
	location->alias_path = "/x";
	set_path("/x/dir");
	exchange.route.below_root = SLICE_LITERAL("dir");
	enter(location);
	check(301, "/x/dir/");
}
END_TEST

/* location "~ ^/u/(.*)$" { alias = ".../$1" } : what the alias makes of the path counts. */
static const struct {
	const char *path, *below;
	unsigned status;
	const char *text;
} captures[] = {
	{ "/u/7/", "file.txt", 200, "file.txt" },
	{ "/u/7/", "dir", 200, "dir/index.html" },
	{ "/u/7/", "dir/", 200, "dir/index.html" },
	{ "/u/7", "dir/", 301, "/u/7/" },
	{ "/u/7", "dir", 301, "/u/7/" },
	{ "/u/7", "file.txt", 200, "file.txt" },
	{ "/u/7/", "file.txt/", 404, NULL },
};

START_TEST(alias_with_captures_says_what_is_meant)
{
	struct config_location *location;

	make_tree();
	location = add_location(CONFIG_MATCH_PREFIX, "/u/");
	location->is_alias = true;
	location->alias_target = (struct template *)&arena;
	set_path(captures[_i].path);
	exchange.route.below_root = slice_from_text(captures[_i].below);
	enter(location);
	check(captures[_i].status, captures[_i].text);
}
END_TEST

static const struct {
	const char *path, *name;
	unsigned status;
	const char *text;
} users[] = {
	{ "/~alice/", "alice", 200, "home/alice/public_html/index.html" },
	{ "/~alice", "alice", 301, "/~alice/" },
	{ "/~alice/index.html", "alice", 200, "home/alice/public_html/index.html" },
	{ "/~alice/none", "alice", 404, NULL },
	{ "/~alice/sub/", "alice", 403, NULL },
	{ "/~alice/sub", "alice", 301, "/~alice/sub/" },
	{ "/~alice/.x", "alice", 403, NULL },
	{ "/~empty/", "empty", 404, NULL },     /* nothing to be seen, as of nobody */
	{ "/~nobody/", "nobody", 404, NULL },
	{ "/~nobody", "nobody", 404, NULL },
	{ "/~../", "..", 404, NULL },
};

START_TEST(user_has_a_directory)
{
	make_tree();
	root_fds[1] = open("root/home", O_PATH | O_DIRECTORY);
	settings->user_dir_root_index = 1;
	settings->user_dir_below = (char *)"public_html";
	settings->root_index = CONFIG_NO_ROOT;
	set_path(users[_i].path);
	exchange.route.is_user_dir = true;
	exchange.route.user_name = slice_from_text(users[_i].name);
	exchange.route.below_root = slice_from_text(users[_i].path + 2 + strlen(users[_i].name));
	if (exchange.route.below_root.len > 0)
		exchange.route.below_root.data++, exchange.route.below_root.len--;
	check(users[_i].status, users[_i].text);
}
END_TEST

static const struct {
	const char *tries, *path;
	unsigned status;
	const char *text;
} fallbacks[] = {
	{ "$uri /index.html", "/file.txt", 200, "file.txt" },
	{ "$uri /index.html", "/none", 0, "/index.html" },
	{ "$uri /index.html", "/", 0, "/index.html" },
	{ "$uri $uri/ =404", "/", 200, "index.html" },
	{ "$uri $uri/ =404", "/dir", 301, "/dir/" },
	{ "$uri $uri/ =404", "/bare/", 403, NULL },
	{ "$uri =404", "/fifo", 403, NULL },
	{ "$uri =410", "/none", 410, NULL },
	{ "$uri /index.html", "/.none", 403, NULL },
};

START_TEST(missing_file_has_a_fallback)
{
	make_tree();
	set_texts(&settings->try_files, fallbacks[_i].tries);
	set_path(fallbacks[_i].path);
	check(fallbacks[_i].status, fallbacks[_i].text);
}
END_TEST

START_TEST(nothing_is_served_without_a_root)
{
	make_tree();
	settings->root_index = CONFIG_NO_ROOT;
	set_path("/file.txt");
	check(404, NULL);
}
END_TEST

static const struct {
	enum http_method method;
	unsigned status;
	bool is_refused, allows;
} methods[] = {
	{ HTTP_METHOD_GET, 200, false, false },
	{ HTTP_METHOD_HEAD, 200, false, false },
	{ HTTP_METHOD_OPTIONS, 200, false, true },
	{ HTTP_METHOD_POST, 405, true, true },
	{ HTTP_METHOD_TRACE, 405, true, true },
	{ HTTP_METHOD_OTHER, 501, true, false },
};

START_TEST(method_is_taken_or_refused)
{
	struct slice *allow = NULL;

	make_tree();
	set_path("/file.txt");
	request.method = methods[_i].method;
	ck_assert_int_eq(static_refuses_method(&exchange, &answer), methods[_i].is_refused);
	answer_restart(&answer);
	check(methods[_i].status, methods[_i].status == 200 && !methods[_i].allows ? "file.txt" :
	    NULL);
	for (unsigned i = 0; i < answer.field_count; i++)
		if (slice_equal(answer.fields[i].name, SLICE_LITERAL("Allow")))
			allow = &answer.fields[i].value;
	ck_assert_int_eq(allow != NULL, methods[_i].allows);
	if (allow != NULL)
		ck_assert_text(*allow, "GET, HEAD, OPTIONS");
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("static");

	tcase_add_loop_test(tcase, path_leads_to, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, redirect_keeps_the_query, 0, 2);
	tcase_add_test(tcase, redirect_that_fits_no_head_is_refused);
	tcase_add_test(tcase, directory_is_listed_where_it_may_be);
	tcase_add_loop_test(tcase, index_belongs_to_its_own_location, 0, COUNT_OF(indexes));
	tcase_add_loop_test(tcase, exact_alias_of_a_directory_gives_its_index, 0,
	    COUNT_OF(aliases));
	tcase_add_test(tcase, exact_location_within_an_alias_redirects);
	tcase_add_loop_test(tcase, alias_with_captures_says_what_is_meant, 0, COUNT_OF(captures));
	tcase_add_loop_test(tcase, user_has_a_directory, 0, COUNT_OF(users));
	tcase_add_loop_test(tcase, missing_file_has_a_fallback, 0, COUNT_OF(fallbacks));
	tcase_add_test(tcase, nothing_is_served_without_a_root);
	tcase_add_loop_test(tcase, method_is_taken_or_refused, 0, COUNT_OF(methods));
	return exchange_run("static", tcase);
}
