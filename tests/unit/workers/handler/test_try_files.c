/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/try_files.c and reroute.c: what is tried, in which order and where. A file of
 * another location that is handed out without its rules, a name with a dot, a path that is
 * decoded twice, or a descriptor that stays open breaks it. */
#include <unistd.h>

#include "tests/unit/workers/handler/file_exchange.h"
#include "workers/handler/reroute.h"
#include "workers/handler/try_files.h"

#define ROOT_FD root_fds[0]

static struct config_location locations[2];

static void
make_tree(void)
{
	static const char *const folders[] = { "a", "a/dir", "cache", "cache/a", "other",
		"files", ".hidden" };
	static const char *const files[] = { "index.html", "a/file", "a/file.html", "b.html",
		"cache/a/file", "cache/only", "other/file", "files/x", ".hidden/file", "a/.html",
		"p%41", "p%41.html", "only" };

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
}

static void
add_location(enum config_match match, const char *path)
{
	struct config_location *location = &locations[host.location_count++];

	memset(location, 0, sizeof *location);
	location->matcher.match = match;
	location->matcher.title = location->matcher.path = (char *)path;
	location->settings = host.settings;
	host.locations = locations;
}

static const struct {
	const char *tries, *path;
	enum try_files_outcome want;
	const char *result;         /* content, directory, status or new path */
} rows[] = {
	{ "$uri /index.html", "/a/file", TRY_FILES_FILE, "a/file" },
	{ "$uri /index.html", "/none", TRY_FILES_REROUTE, "/index.html" },
	{ "$uri /index.html", "/none/", TRY_FILES_REROUTE, "/index.html" },
	{ "$uri /index.html", "/a/file/none", TRY_FILES_REROUTE, "/index.html" },
	{ "$uri =404", "/none", TRY_FILES_STATUS, "404" },
	{ "$uri =410", "/none", TRY_FILES_STATUS, "410" },
	{ "=403", "/a/file", TRY_FILES_STATUS, "403" },
	{ "/index.html", "/a/file", TRY_FILES_REROUTE, "/index.html" },
	/* a directory is no file, and a file no directory */
	{ "$uri =404", "/a", TRY_FILES_STATUS, "404" },
	{ "$uri =404", "/a/", TRY_FILES_STATUS, "404" },
	{ "$uri =404", "/", TRY_FILES_STATUS, "404" },
	{ "$uri/ =404", "/a", TRY_FILES_DIRECTORY, "a" },
	{ "$uri/ =404", "/a/", TRY_FILES_DIRECTORY, "a/" },
	{ "$uri/ =404", "/", TRY_FILES_DIRECTORY, "" },
	{ "$uri/ =404", "/a/file", TRY_FILES_STATUS, "404" },
	{ "$uri $uri/ =404", "/a/dir", TRY_FILES_DIRECTORY, "a/dir" },
	/* names made of the path */
	{ "$uri.html $uri =404", "/a/file", TRY_FILES_FILE, "a/file.html" },
	{ "$uri.html =404", "/b", TRY_FILES_FILE, "b.html" },
	{ "$uri/file =404", "/a", TRY_FILES_FILE, "a/file" },
	{ "/cache$uri =404", "/a/file", TRY_FILES_FILE, "cache/a/file" },
	{ "/cache/$uri $uri =404", "/a/file", TRY_FILES_FILE, "cache/a/file" },
	{ "/cache/$uri $uri =404", "/a/file.html", TRY_FILES_FILE, "a/file.html" },
	/* a directory of another name is answered for by its own address */
	{ "/cache/$uri/ =404", "/a", TRY_FILES_REROUTE, "/cache/a/" },
	{ "/cache/only =404", "/a/file", TRY_FILES_FILE, "cache/only" },
	{ "/none /cache/ =404", "/a/file", TRY_FILES_REROUTE, "/cache/" },
	{ "$uri /cache/ =404", "/cache/", TRY_FILES_DIRECTORY, "cache/" },
	{ "$uri// =404", "/a", TRY_FILES_REROUTE, "/a/" },
	{ "$uri// =404", "/a/", TRY_FILES_DIRECTORY, "a/" },
	{ "$uri$uri =404", "/only", TRY_FILES_STATUS, "404" },
	{ "/cache/$uri/../../only =404", "/a", TRY_FILES_FILE, "only" },
	{ "/../../$uri =404", "/a/file", TRY_FILES_STATUS, "404" },
	{ "$uri /cache/$uri", "/x", TRY_FILES_REROUTE, "/cache/x" },
	{ "$uri /new", "/x/", TRY_FILES_REROUTE, "/new" },
	/* nothing is decoded again */
	{ "$uri =404", "/p%41", TRY_FILES_FILE, "p%41" },
	{ "$uri.html =404", "/p%41", TRY_FILES_FILE, "p%41.html" },
	{ "/none $uri", "/p%2e%2e", TRY_FILES_REROUTE, "/p%2e%2e" },
	/* names with a dot are not there */
	{ "/.hidden/$uri =404", "/file", TRY_FILES_STATUS, "404" },
	{ "$uri.html =404", "/a/", TRY_FILES_STATUS, "404" },
	{ "/none /.hidden/file", "/x", TRY_FILES_REROUTE, "/.hidden/file" }, /* refused there */
};

static void
check_outcome(enum try_files_outcome want, const char *result)
{
	int open_count = process_open_count();
	unsigned status = 0;
	char text[16];
	struct found found;
	enum try_files_outcome got = try_files_choose(&exchange, ROOT_FD, &found, &status);
	int error = errno;

	ck_assert_msg(got == want, "outcome %d, should be %d (%s)", (int)got, (int)want, result);
	ck_assert_int_eq(process_open_count(), open_count + (got == TRY_FILES_FILE));
	switch (got) {
	case TRY_FILES_FILE:
		ck_assert_str_eq(content_of(found.fd), result);
		break;
	case TRY_FILES_DIRECTORY:
		ck_assert_text(found.below, result);
		ck_assert_int_eq(found.below.data[found.below.len], '\0');
		break;
	case TRY_FILES_STATUS:
		snprintf(text, sizeof text, "%u", status);
		ck_assert_str_eq(text, result);
		break;
	case TRY_FILES_REROUTE:
		ck_assert_text(exchange.path, result);
		ck_assert_int_eq(exchange.path.data[exchange.path.len], '\0');
		ck_assert_uint_eq(exchange.path_info.len, exchange.path.len);
		ck_assert_int_eq(exchange.path_info.has_dot_name, strstr(result, "/.") != NULL);
		ck_assert_int_eq(exchange.path_info.ends_with_slash,
		    result[strlen(result) - 1] == '/');
		break;
	case TRY_FILES_REFUSED:
		ck_assert_str_eq(strerror(error), result);
		break;
	}
	found_close(&found);
}

START_TEST(first_that_is_there_is_taken)
{
	make_tree();
	set_path(rows[_i].path);
	set_texts(&settings->try_files, rows[_i].tries);
	check_outcome(rows[_i].want, rows[_i].result);
}
END_TEST

START_TEST(dot_files_may_be_let_in)
{
	make_tree();
	settings->dot_files = true;
	set_path("/file");
	set_texts(&settings->try_files, "/.hidden/$uri =404");
	check_outcome(TRY_FILES_FILE, ".hidden/file");
	set_path("/a/");
	set_texts(&settings->try_files, "$uri.html =404");
	check_outcome(TRY_FILES_FILE, "a/.html");
}
END_TEST

/* ROOT_FD stands for the directory that the location's path is replaced by. */
enum kind { PREFIX_ALIAS, EXACT_FILE, CAPTURES, USER };
static const struct {
	enum kind kind;
	const char *path;
	size_t prefix_bytes;        /* of path, before what is looked up */
	const char *below;          /* NULL: what follows these */
	const char *tries;
	enum try_files_outcome want;
	const char *result;
} places[] = {
	{ PREFIX_ALIAS, "/app/a/file", 5, NULL, "$uri =404", TRY_FILES_FILE, "a/file" },
	{ PREFIX_ALIAS, "/app/a/file", 5, NULL, "$uri.html =404", TRY_FILES_FILE, "a/file.html" },
	{ PREFIX_ALIAS, "/app/b", 5, NULL, "$uri.html =404", TRY_FILES_FILE, "b.html" },
	{ PREFIX_ALIAS, "/app/none", 5, NULL, "/app/index.html =404", TRY_FILES_FILE,
	    "index.html" },
	{ PREFIX_ALIAS, "/app/none", 5, NULL, "/app/cache/only =404", TRY_FILES_FILE,
	    "cache/only" },
	{ PREFIX_ALIAS, "/app/none", 5, NULL, "/index.html =404", TRY_FILES_STATUS, "404" },
	{ PREFIX_ALIAS, "/app/none", 5, NULL, "/application/../index.html =404", TRY_FILES_STATUS,
	    "404" },
	{ PREFIX_ALIAS, "/app/none", 5, NULL, "/appx/index.html =404", TRY_FILES_STATUS, "404" },
	{ PREFIX_ALIAS, "/app", 4, NULL, "$uri/ =404", TRY_FILES_DIRECTORY, "" },
	{ PREFIX_ALIAS, "/app", 4, NULL, "$uri.html =404", TRY_FILES_STATUS, "404" },
	{ PREFIX_ALIAS, "/app/none", 5, NULL, "$uri /app/index.html", TRY_FILES_REROUTE,
	    "/app/index.html" },
	{ EXACT_FILE, "/one", 0, "a/file", "$uri =404", TRY_FILES_FILE, "a/file" },
	{ EXACT_FILE, "/one", 0, "a/file", "$uri.html =404", TRY_FILES_FILE, "a/file.html" },
	{ EXACT_FILE, "/one", 0, "a/none", "$uri /b.html =404", TRY_FILES_STATUS, "404" },
	{ CAPTURES, "/x/7", 0, "a/file", "$uri =404", TRY_FILES_FILE, "a/file" },
	{ CAPTURES, "/x/7", 0, "a/file", "$uri.html =404", TRY_FILES_FILE, "a/file.html" },
	{ CAPTURES, "/x/7", 0, "a", "$uri/ =404", TRY_FILES_DIRECTORY, "a" },
	{ CAPTURES, "/x/7", 0, "none", "/b.html =404", TRY_FILES_STATUS, "404" },
	{ USER, "/~u/a/file", 4, NULL, "$uri =404", TRY_FILES_FILE, "a/file" },
	{ USER, "/~u/none", 4, NULL, "/~u/b.html =404", TRY_FILES_FILE, "b.html" },
	{ USER, "/~u/none", 4, NULL, "/~uu/b.html =404", TRY_FILES_STATUS, "404" },
	{ USER, "/~u/none", 4, NULL, "/b.html =404", TRY_FILES_STATUS, "404" },
	{ USER, "/~u/none", 4, NULL, "$uri /index.html", TRY_FILES_REROUTE, "/index.html" },
};

START_TEST(elements_are_looked_up_where_the_location_has_its_files)
{
	static struct template *const some_target = (struct template *)&arena;
	struct config_location *location = &locations[0];

	make_tree();
	set_path(places[_i].path);
	if (places[_i].kind != USER) {
		add_location(places[_i].kind == EXACT_FILE ? CONFIG_MATCH_EXACT :
		    CONFIG_MATCH_PREFIX, places[_i].kind == PREFIX_ALIAS ? "/app" : "/");
		location->is_alias = true;
		location->alias_path = places[_i].kind == PREFIX_ALIAS ? "/app" : NULL;
		location->alias_file = places[_i].kind == EXACT_FILE ? (char *)"file" : NULL;
		location->alias_target = places[_i].kind == CAPTURES ? some_target : NULL;
		exchange.route.location = location;
		exchange.route.settings = &location->settings;
	}
	exchange.route.below_root = places[_i].below != NULL ?
	    slice_from_text(places[_i].below) : slice_from_text(places[_i].path +
	    places[_i].prefix_bytes);
	set_texts((struct config_texts *)&exchange.route.settings->try_files, places[_i].tries);
	check_outcome(places[_i].want, places[_i].result);
}
END_TEST

/* "/cache/" is a location of its own, with rules of its own. */
static const struct {
	enum config_match match;
	const char *here, *tries;
	enum try_files_outcome want;
	const char *result;
} elsewhere[] = {
	{ CONFIG_MATCH_PREFIX, "/a/file", "/cache$uri =404", TRY_FILES_REROUTE, "/cache/a/file" },
	{ CONFIG_MATCH_PREFIX, "/a", "/cache$uri/ =404", TRY_FILES_REROUTE, "/cache/a/" },
	{ CONFIG_MATCH_PREFIX, "/a/file", "/cache/none$uri $uri =404", TRY_FILES_FILE, "a/file" },
	{ CONFIG_MATCH_PREFIX, "/a/file", "/other/file =404", TRY_FILES_FILE, "other/file" },
	{ CONFIG_MATCH_PREFIX, "/cache/only", "$uri =404", TRY_FILES_FILE, "cache/only" },
	{ CONFIG_MATCH_PREFIX, "/cache/none", "/cache/only =404", TRY_FILES_FILE, "cache/only" },
	{ CONFIG_MATCH_PREFIX, "/cache/none", "/other/file =404", TRY_FILES_REROUTE,
	    "/other/file" },
	{ CONFIG_MATCH_EXACT, "/cache/", "/other/file =404", TRY_FILES_REROUTE, "/other/file" },
};

START_TEST(another_location_answers_for_its_own_files)
{
	bool is_inside = strncmp(elsewhere[_i].here, "/cache/", 7) == 0;

	make_tree();
	set_texts(&settings->try_files, elsewhere[_i].tries);
	add_location(elsewhere[_i].match, "/cache/");
	set_path(elsewhere[_i].here);
	if (is_inside) {
		exchange.route.location = &locations[0];
		exchange.route.settings = &locations[0].settings;
	}
	check_outcome(elsewhere[_i].want, elsewhere[_i].result);
}
END_TEST

START_TEST(what_is_refused_is_not_passed_over)
{
	make_tree();
	scratch_write("outside", "secret");
	ck_assert_int_eq(symlink("../outside", "root/leaves"), 0);
	ck_assert_int_eq(symlink("../root", "root/leaves-too"), 0);
	set_texts(&settings->try_files, "$uri $uri/ /index.html");
	set_path(_i == 0 ? "/leaves" : "/leaves-too/");
	check_outcome(TRY_FILES_REFUSED, strerror(EXDEV));
}
END_TEST

START_TEST(file_is_looked_for_in_languages)
{
	make_tree();
	scratch_write("root/page.html.de", "page.html.de");
	set_texts(&settings->languages, "en de");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", "de");
	set_texts(&settings->try_files, "$uri =404");
	set_path("/page.html");
	check_outcome(TRY_FILES_FILE, "page.html.de");
}
END_TEST

START_TEST(overlong_path_is_none)
{
	static char path[4000];

	make_tree();
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	set_path(path);
	set_texts(&settings->try_files, "$uri$uri$uri =404");
	check_outcome(TRY_FILES_STATUS, "404");
	set_texts(&settings->try_files, "$uri /none$uri$uri");
	check_outcome(TRY_FILES_STATUS, "404");
}
END_TEST

START_TEST(lack_of_memory_is_no_fallback)
{
	make_tree();
	set_path("/a/file");
	ck_assert_ptr_nonnull(arena_alloc(&scratch, arena_left(&scratch)));
	set_texts(&settings->try_files, "$uri.html /index.html");
	check_outcome(TRY_FILES_STATUS, "404");
}
END_TEST

static const struct {
	const char *decoded, *want; /* NULL: none */
} normals[] = {
	{ "/", "/" }, { "//", "/" }, { "/a//b///", "/a/b/" }, { "/./a/./b/..", "/a/" },
	{ "/..", NULL }, { "/a/../..", NULL }, { "a", NULL }, { "", NULL },
	{ "/%41", "/%41" }, { "/%2e%2e/", "/%2e%2e/" }, { "/%", "/%" },
	{ "/a b\xff?#", "/a b\xff?#" },
	{ "//..a", "/..a" }, { "/\x01\n", "/\x01\n" },
};

START_TEST(made_path_is_normalised)
{
	struct uri_path info;
	struct slice path = reroute_normalize(&exchange, slice_from_text(normals[_i].decoded),
	    &info);

	if (normals[_i].want == NULL) {
		ck_assert_ptr_null(path.data);
		return;
	}
	ck_assert_text(path, normals[_i].want);
	ck_assert_uint_eq(info.len, path.len);
	ck_assert_int_eq(path.data[path.len], '\0');
	ck_assert_int_eq(info.has_dot_name, strstr(normals[_i].want, "/.") != NULL);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("try_files");

	tcase_add_loop_test(tcase, first_that_is_there_is_taken, 0, COUNT_OF(rows));
	tcase_add_test(tcase, dot_files_may_be_let_in);
	tcase_add_loop_test(tcase, elements_are_looked_up_where_the_location_has_its_files, 0,
	    COUNT_OF(places));
	tcase_add_loop_test(tcase, another_location_answers_for_its_own_files, 0,
	    COUNT_OF(elsewhere));
	tcase_add_loop_test(tcase, what_is_refused_is_not_passed_over, 0, 2);
	tcase_add_test(tcase, file_is_looked_for_in_languages);
	tcase_add_test(tcase, overlong_path_is_none);
	tcase_add_test(tcase, lack_of_memory_is_no_fallback);
	tcase_add_loop_test(tcase, made_path_is_normalised, 0, COUNT_OF(normals));
	return exchange_run("try_files", tcase);
}
