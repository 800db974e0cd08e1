/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/variants.c: which of the files that stand for one address is opened. The wrong
 * language, a coded file that is older than the plain one or that nobody asked for, a
 * descriptor that stays open, or an answer that hides on what it depends breaks it. */
#include <unistd.h>

#include "tests/unit/workers/handler/file_exchange.h"
#include "workers/handler/variants.h"

#define ROOT_FD root_fds[0]

/* Each file holds its own name. */
static void
make_files(const char *names)
{
	struct config_texts list;

	set_texts(&list, names);
	for (size_t i = 0; i < list.count; i++) {
		char path[128];

		snprintf(path, sizeof path, "root/%s", list.items[i]);
		if (path[strlen(path) - 1] == '/')
			ck_assert_int_eq(mkdir(path, 0755), 0);
		else
			scratch_write(path, list.items[i]);
	}
}

static const struct {
	const char *files, *accept, *below;
	const char *opened;         /* NULL: nothing */
	const char *language;
	const char *name;           /* that says the type */
	bool varies;
} languages[] = {
	/* what the client likes best, then the order of the configuration: en de pt-br */
	{ "a.html.en a.html.de", "de", "a.html", "a.html.de", "de", "a.html", true },
	{ "a.html.en a.html.de", "en;q=0.8, de", "a.html", "a.html.de", "de", "a.html", true },
	{ "a.html.en a.html.de", "de, en", "a.html", "a.html.en", "en", "a.html", true },
	{ "a.html.en a.html.de", "de-AT, de;q=0.9, en;q=0.8", "a.html", "a.html.de", "de",
	    "a.html", true },
	{ "a.html.en a.html.de", "*", "a.html", "a.html.en", "en", "a.html", true },
	{ "a.html.en a.html.de", "*, en;q=0.5", "a.html", "a.html.de", "de", "a.html", true },
	{ "a.html.pt-br a.html.en", "pt", "a.html", "a.html.pt-br", "pt-br", "a.html", true },
	{ "a.html.pt-br a.html.en", "PT-BR", "a.html", "a.html.pt-br", "pt-br", "a.html", true },
	/* what it likes is not there: the next */
	{ "a.html.en a.html.de", "pt, de;q=0.1", "a.html", "a.html.de", "de", "a.html", true },
	/* the plain file before what was not asked for */
	{ "a.html a.html.en", "de", "a.html", "a.html", "", "a.html", true },
	{ "a.html a.html.en", "", "a.html", "a.html", "", "a.html", true },
	{ "a.html a.html.en", "en", "a.html", "a.html.en", "en", "a.html", true },
	{ "a.html a.html.en", "en;q=0", "a.html", "a.html", "", "a.html", true },
	/* rather another language than none, rather one that was not excluded */
	{ "a.html.de a.html.en", "fr", "a.html", "a.html.en", "en", "a.html", true },
	{ "a.html.de a.html.en", "", "a.html", "a.html.en", "en", "a.html", true },
	{ "a.html.de a.html.en", "en;q=0", "a.html", "a.html.de", "de", "a.html", true },
	{ "a.html.en", "en;q=0", "a.html", "a.html.en", "en", "a.html", true },
	/* nothing to choose from: another client would have got the same */
	{ "a.html", "de", "a.html", "a.html", "", "a.html", false },
	{ "a.html a.html.fr", "fr", "a.html", "a.html", "", "a.html", false },
	{ "", "de", "a.html", NULL, "", "a.html", false },
	/* a variant by its own name */
	{ "a.html a.html.de a.html.en", "en", "a.html.de", "a.html.de", "de", "a.html", false },
	{ "a.html.de a.html.de.en", "en", "a.html.de", "a.html.de", "de", "a.html", false },
	{ "a.html.DE", "en", "a.html.DE", "a.html.DE", "de", "a.html", false },
	{ "README.de", "en", "README.de", "README.de", "de", "README", false },
	{ "README README.de", "de", "README", "README.de", "de", "README", true },
	{ "d/ d/a.html.de", "de", "d/a.html", "d/a.html.de", "de", "d/a.html", true },
	{ "d/ d/.de", "de", "d/.de", "d/.de", "", "d/.de", false },
	{ ".de", "de", ".de", ".de", "", ".de", false },
	{ "a.html.xde", "de", "a.html.xde", "a.html.xde", "", "a.html.xde", false },
	{ "a-de", "de", "a-de", "a-de", "", "a-de", false },
	/* ".pl" is a type as well as a language */
	{ "a.pl", "de", "a.pl", "a.pl", "", "a.pl", false },
	{ "a.html.pl", "de", "a.html.pl", "a.html.pl", "pl", "a.html", false },
	{ "a.pl a.pl.en", "en", "a.pl", "a.pl.en", "en", "a.pl", true },
	/* directories are neither variants nor have any */
	{ "docs/ docs.de/", "de", "docs", "docs/", "", "docs", false },
	{ "docs/ docs.de", "de", "docs", "docs.de", "de", "docs", true },
	{ "docs/ docs.de", "en", "docs", "docs/", "", "docs", false },
	{ "a.html a.html.de/", "de", "a.html", "a.html", "", "a.html", false },
	{ "docs/ docs/.de", "de", "docs/", "docs/", "", "docs/", false },
};

START_TEST(best_language_is_opened)
{
	int open_count = process_open_count(), fd;
	struct found found;

	make_files(languages[_i].files);
	set_texts(&settings->languages, "en de pt-br pl");
	if (languages[_i].accept[0] != '\0')
		set_field(HTTP_FIELD_OTHER, "Accept-Language", languages[_i].accept);
	fd = variants_open(&exchange, ROOT_FD, slice_from_text(languages[_i].below), &found);
	ck_assert_int_eq(fd, found.fd);
	if (languages[_i].opened == NULL) {
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(errno, ENOENT);
		ck_assert_int_eq(process_open_count(), open_count);
		return;
	}
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(process_open_count(), open_count + 1);
	if (S_ISDIR(found.stat.st_mode))
		ck_assert_int_eq(languages[_i].opened[strlen(languages[_i].opened) - 1], '/');
	else
		ck_assert_str_eq(content_of(fd), languages[_i].opened);
	ck_assert_text(found.language, languages[_i].language);
	ck_assert_text(found.name, languages[_i].name);
	ck_assert_int_eq(found.varies_by_language, languages[_i].varies);
	ck_assert_int_eq(found.below.data[found.below.len], '\0');
	found_close(&found);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

START_TEST(without_languages_a_name_is_a_name)
{
	struct found found;

	make_files("a.html a.html.de");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", "de");
	ck_assert_int_ge(variants_open(&exchange, ROOT_FD, SLICE_LITERAL("a.html"), &found), 0);
	ck_assert_str_eq(content_of(found.fd), "a.html");
	ck_assert(!found.varies_by_language);
	found_close(&found);
	ck_assert_int_ge(variants_open(&exchange, ROOT_FD, SLICE_LITERAL("a.html.de"), &found), 0);
	ck_assert_text(found.name, "a.html.de");
	ck_assert_text(found.language, "");
	found_close(&found);
}
END_TEST

/* A variant that is there and cannot be had is no reason to send another language. */
START_TEST(refused_variant_is_an_error)
{
	struct found found;

	make_files("a.html");
	ck_assert_int_eq(symlink("../outside", "root/a.html.de"), 0);
	scratch_write("outside", "secret");
	set_texts(&settings->languages, "en de");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", "de");
	ck_assert_int_eq(variants_open(&exchange, ROOT_FD, SLICE_LITERAL("a.html"), &found), -1);
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_int_eq(found.fd, -1);
}
END_TEST

/* Neither for the order nor, the second time, for a name. */
START_TEST(lack_of_memory_is_an_error)
{
	struct found found;

	make_files("a.html");
	set_texts(&settings->languages, "en de");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", "de");
	ck_assert_ptr_nonnull(arena_alloc(&scratch, arena_left(&scratch) - (size_t)_i * 48));
	ck_assert_int_eq(variants_open(&exchange, ROOT_FD, SLICE_LITERAL("a.html"), &found), -1);
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

/* One location for the variant's own name, around it one for the plain file's. */
static const struct {
	const char *title, *around; /* "": none */
	bool is_closed, is_around_closed;
	bool is_had;
} guards[] = {
	{ "/a.html.de", "", true, false, false },
	{ "/a.html.de", "", false, false, true },   /* other settings do not matter */
	{ "/a.html", "", true, false, true },       /* its own name is open to all */
	{ "/a.html.de", "/a.html", true, true, true },
	{ "/a.html.de", "/a.html", false, true, true },
	{ "/a.html.en", "", true, false, true },
};

static void
add_location(const char *title, bool is_closed)
{
	static struct config_location locations[2];
	static struct config_access everybody = { .text = (char *)"all", .depth = 2 };
	struct config_location *location = &locations[host.location_count++];

	memset(location, 0, sizeof *location);
	location->matcher.match = CONFIG_MATCH_EXACT;
	location->matcher.title = location->matcher.path = (char *)title;
	location->settings = host.settings;
	location->settings.deny = &everybody;
	location->settings.deny_count = is_closed;
	host.locations = locations;
}

START_TEST(what_its_own_name_guards_is_no_variant)
{
	int open_count = process_open_count();
	struct found found;

	make_files("a.html a.html.de");
	set_texts(&settings->languages, "en de");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", "de");
	add_location(guards[_i].title, guards[_i].is_closed);
	if (guards[_i].around[0] != '\0')
		add_location(guards[_i].around, guards[_i].is_around_closed);
	set_path("/a.html");
	ck_assert_int_ge(variants_open(&exchange, ROOT_FD, SLICE_LITERAL("a.html"), &found), 0);
	ck_assert_str_eq(content_of(found.fd), guards[_i].is_had ? "a.html.de" : "a.html");
	ck_assert_int_eq(found.varies_by_language, guards[_i].is_had);
	found_close(&found);
	ck_assert_int_eq(process_open_count(), open_count);
}
END_TEST

enum range { NO_RANGE, HAS_RANGE };
static const struct {
	const char *files;          /* all have the same time */
	const char *accept;         /* NULL: not sent */
	enum range range;
	const char *below, *type;
	const char *sent;
	enum accept_coding coding;
	bool varies;
} codings[] = {
	/* order of the configuration: zstd br gzip */
	{ "a.css a.css.gz", "gzip", NO_RANGE, "a.css", "text/css", "a.css.gz", ACCEPT_GZIP, true },
	{ "a.css a.css.br", "gzip, br", NO_RANGE, "a.css", "text/css", "a.css.br", ACCEPT_BR,
	    true },
	{ "a.css a.css.zst", "zstd", NO_RANGE, "a.css", "text/css", "a.css.zst", ACCEPT_ZSTD,
	    true },
	{ "a.css a.css.gz a.css.br a.css.zst", "gzip, br, zstd", NO_RANGE, "a.css", "text/css",
	    "a.css.zst", ACCEPT_ZSTD, true },
	{ "a.css a.css.gz a.css.br", "gzip, br, zstd", NO_RANGE, "a.css", "text/css", "a.css.br",
	    ACCEPT_BR, true },
	{ "a.css a.css.gz", "gzip;q=0.1, br, zstd", NO_RANGE, "a.css", "text/css", "a.css.gz",
	    ACCEPT_GZIP, true },
	{ "a.css a.css.gz a.css.br", "gzip, br;q=0.9", NO_RANGE, "a.css", "text/css", "a.css.gz",
	    ACCEPT_GZIP, true },
	{ "d/ d/a.css d/a.css.gz", "*", NO_RANGE, "d/a.css", "text/css", "d/a.css.gz",
	    ACCEPT_GZIP, true },
	/* the plain one */
	{ "a.css a.css.gz", NULL, NO_RANGE, "a.css", "text/css", "a.css", ACCEPT_IDENTITY, true },
	{ "a.css a.css.gz", "br", NO_RANGE, "a.css", "text/css", "a.css", ACCEPT_IDENTITY, true },
	{ "a.css a.css.gz", "gzip;q=0", NO_RANGE, "a.css", "text/css", "a.css", ACCEPT_IDENTITY,
	    true },
	{ "a.css a.css.gz", "identity, gzip;q=0.5", NO_RANGE, "a.css", "text/css", "a.css",
	    ACCEPT_IDENTITY, true },
	{ "a.css", "gzip, br, zstd", NO_RANGE, "a.css", "text/css", "a.css", ACCEPT_IDENTITY,
	    true },
	{ "a.css a.css.gz", "gzip", HAS_RANGE, "a.css", "text/css", "a.css", ACCEPT_IDENTITY,
	    true },
	{ "a.css a.css.gz/", "gzip", NO_RANGE, "a.css", "text/css", "a.css", ACCEPT_IDENTITY,
	    true },
	{ "a.css a.css.GZ a.gz a.css.gzip", "gzip", NO_RANGE, "a.css", "text/css", "a.css",
	    ACCEPT_IDENTITY, true },
	/* types that are not worth it */
	{ "a.png a.png.gz", "gzip", NO_RANGE, "a.png", "image/png", "a.png", ACCEPT_IDENTITY,
	    false },
	{ "a a.gz", "gzip", NO_RANGE, "a", "", "a", ACCEPT_IDENTITY, false },
	{ "a.css.gz", "gzip", NO_RANGE, "a.css.gz", "application/gzip", "a.css.gz",
	    ACCEPT_IDENTITY, false },
};

static void
allow_coded(void)
{
	static const enum config_coding order[] = { CONFIG_CODING_ZSTD, CONFIG_CODING_BR,
		CONFIG_CODING_GZIP };

	settings->precompressed = true;
	set_texts(&settings->compress_types, "text/ application/javascript");
	memcpy(settings->codings, order, sizeof order);
	settings->coding_count = 3;
}

static void
open_plain(const char *below, struct found *found)
{
	ck_assert_int_ge(variants_open(&exchange, ROOT_FD, slice_from_text(below), found), 0);
}

START_TEST(best_coding_is_taken)
{
	int open_count;
	struct found found;

	make_files(codings[_i].files);
	allow_coded();
	if (codings[_i].accept != NULL)
		set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", codings[_i].accept);
	if (codings[_i].range == HAS_RANGE)
		set_field(HTTP_FIELD_RANGE, "Range", "bytes=0-1");
	open_plain(codings[_i].below, &found);
	open_count = process_open_count();
	variants_use_coded(&exchange, slice_from_text(codings[_i].type), &found);
	ck_assert_str_eq(content_of(found.fd), codings[_i].sent);
	ck_assert_uint_eq((size_t)found.stat.st_size, strlen(codings[_i].sent));
	ck_assert_int_eq(found.coding, codings[_i].coding);
	ck_assert_int_eq(found.varies_by_coding, codings[_i].varies);
	ck_assert_int_eq(process_open_count(), open_count);
	found_close(&found);
}
END_TEST

START_TEST(what_its_own_name_guards_is_no_coded_file)
{
	struct found found;

	make_files("a.css a.css.gz");
	allow_coded();
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	add_location("/a.css.gz", _i == 1);
	set_path("/a.css");
	open_plain("a.css", &found);
	variants_use_coded(&exchange, SLICE_LITERAL("text/css"), &found);
	ck_assert_str_eq(content_of(found.fd), _i == 1 ? "a.css" : "a.css.gz");
	found_close(&found);
}
END_TEST

static const struct {
	long plain_s, plain_ns, coded_s, coded_ns;
	const char *coded;
	bool is_taken;
} ages[] = {
	{ 1700000000, 0, 1700000000, 0, "x", true },
	{ 1700000000, 0, 1700000001, 0, "x", true },
	{ 1700000000, 0, 1699999999, 999999999, "x", false },
	{ 1700000000, 500000000, 1700000000, 0, "x", true },    /* time without its fraction */
	{ 1700000000, 0, 1700000001, 0, "", false },            /* has just been begun */
};

START_TEST(older_file_is_not_taken)
{
	struct found found;

	make_files("a.css");
	scratch_write("root/a.css.gz", ages[_i].coded);
	set_time("root/a.css", ages[_i].plain_s, ages[_i].plain_ns);
	set_time("root/a.css.gz", ages[_i].coded_s, ages[_i].coded_ns);
	allow_coded();
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	open_plain("a.css", &found);
	variants_use_coded(&exchange, SLICE_LITERAL("text/css"), &found);
	ck_assert_int_eq(found.coding == ACCEPT_GZIP, ages[_i].is_taken);
	found_close(&found);
}
END_TEST

START_TEST(coded_link_may_not_leave_the_root)
{
	struct found found;

	make_files("a.css");
	scratch_write("outside", "secret");
	ck_assert_int_eq(symlink("../outside", "root/a.css.gz"), 0);
	allow_coded();
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	open_plain("a.css", &found);
	variants_use_coded(&exchange, SLICE_LITERAL("text/css"), &found);
	ck_assert_str_eq(content_of(found.fd), "a.css");
	found_close(&found);
}
END_TEST

/* Off, in an include, with no coding configured: neither file nor dependence. */
START_TEST(nothing_coded_where_it_is_off)
{
	struct found found;

	make_files("a.css a.css.gz");
	allow_coded();
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	switch (_i) {
	case 0:
		settings->precompressed = false;
		break;
	case 1:
		exchange.depth = 1;
		break;
	default:
		settings->coding_count = 0;
	}
	open_plain("a.css", &found);
	variants_use_coded(&exchange, SLICE_LITERAL("text/css"), &found);
	ck_assert_int_eq(found.coding, ACCEPT_IDENTITY);
	ck_assert(!found.varies_by_coding);
	ck_assert_str_eq(content_of(found.fd), "a.css");
	found_close(&found);
}
END_TEST

START_TEST(coded_file_is_of_the_chosen_language)
{
	struct found found;

	make_files("a.html a.html.de a.html.gz a.html.de.gz");
	allow_coded();
	set_texts(&settings->languages, "en de");
	set_field(HTTP_FIELD_OTHER, "Accept-Language", "de");
	set_field(HTTP_FIELD_ACCEPT_ENCODING, "Accept-Encoding", "gzip");
	open_plain("a.html", &found);
	variants_use_coded(&exchange, SLICE_LITERAL("text/html"), &found);
	ck_assert_str_eq(content_of(found.fd), "a.html.de.gz");
	ck_assert_text(found.language, "de");
	ck_assert(found.varies_by_language && found.varies_by_coding);
	found_close(&found);
}
END_TEST

int
main(void)
{
	TCase *tcase = exchange_case("variants");

	tcase_add_loop_test(tcase, best_language_is_opened, 0, COUNT_OF(languages));
	tcase_add_test(tcase, without_languages_a_name_is_a_name);
	tcase_add_test(tcase, refused_variant_is_an_error);
	tcase_add_loop_test(tcase, lack_of_memory_is_an_error, 0, 2);
	tcase_add_loop_test(tcase, what_its_own_name_guards_is_no_variant, 0,
	    COUNT_OF(guards));
	tcase_add_loop_test(tcase, what_its_own_name_guards_is_no_coded_file, 0, 2);
	tcase_add_loop_test(tcase, best_coding_is_taken, 0, COUNT_OF(codings));
	tcase_add_loop_test(tcase, older_file_is_not_taken, 0, COUNT_OF(ages));
	tcase_add_test(tcase, coded_link_may_not_leave_the_root);
	tcase_add_loop_test(tcase, nothing_coded_where_it_is_off, 0, 3);
	tcase_add_test(tcase, coded_file_is_of_the_chosen_language);
	return exchange_run("variants", tcase);
}
