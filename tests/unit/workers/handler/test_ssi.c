/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/ssi.c and its elements, with a site of files in memory: what a page shows, what a
 * client can put into it, and what pages that include one another can cost. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "server/base/log.h"
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/site.h"
#include "workers/handler/ssi.h"

#define SCRATCH_BYTES (32u << 20)
#define MODIFIED_S 1700000000       /* of each file: Tue, 14 Nov 2023 22:13:20 GMT */
#define NOW_S 1732176000            /* Thu, 21 Nov 2024 08:00:00 GMT */
#define ERROR "[an error occurred while processing this directive]"

static struct arena arena, scratch;
static struct config_host host = { .name = (char *)"configured.example" };
static struct http_request request;
static struct exchange exchange;
static struct answer answer;
static unsigned asked_count;        /* site_subrequest() */
static char asked[512];             /* the last target */

/* The site. Pages are what ends in .shtml. */
#define FILES_MAX 8
static struct file {
	const char *path;
	const char *text;
	size_t len;
} files[FILES_MAX];
static unsigned file_count;

static void
add_file(const char *path, const char *text, size_t len)
{
	ck_assert_uint_lt(file_count, FILES_MAX);
	files[file_count++] = (struct file){ path, text, len };
}

static void
add_text(const char *path, const char *text)
{
	add_file(path, text, strlen(text));
}

static int
open_file(const struct file *file)
{
	const struct timespec times[2] = { { MODIFIED_S, 0 }, { MODIFIED_S, 0 } };
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, file->text, file->len), (ssize_t)file->len);
	ck_assert_int_eq(futimens(fd, times), 0);
	return fd;
}

static void
answer_with(const struct exchange *inner, struct answer *out, const struct file *file,
    const char *name)
{
	struct stat st;

	out->status = 200;
	out->file_fd = open_file(file);
	ck_assert_int_eq(fstat(out->file_fd, &st), 0);
	if (strstr(file->path, ".shtml") != NULL)
		ssi_answer(inner, out, &st, slice_from_text(name));
	else if (file->len > 0)
		answer_file(out, 0, file->len);
}

static long
read_source(void *context, char *out, size_t cap)
{
	unsigned *left = context;

	if (*left == 0)
		return 0;
	ck_assert_uint_ge(cap, 4096);
	memset(out, 's', 1000);
	--*left;
	return 1000;
}

/* In place of the real one. */
void
site_subrequest(const struct exchange *parent, struct slice target, struct answer *out)
{
	static unsigned left;
	struct exchange inner = *parent;
	const char *mark = memchr(target.data, '?', target.len);
	struct slice path = target;

	asked_count++;
	snprintf(asked, sizeof asked, "%.*s", (int)target.len, target.data);
	if (mark != NULL) {
		path.len = (size_t)(mark - target.data);
		inner.query = slice_make(mark + 1, target.len - path.len - 1);
	} else {
		inner.query = slice_make(NULL, 0);
	}
	inner.has_query = mark != NULL;
	inner.depth++;
	inner.path = path;
	if (slice_equal(path, SLICE_LITERAL("/source"))) {
		left = 3;
		out->status = 200;
		out->source.read = read_source;
		out->source.context = &left;
		return;
	}
	for (unsigned i = 0; i < file_count; i++) {
		if (!slice_equal(path, slice_from_text(files[i].path)))
			continue;
		answer_with(&inner, out, &files[i], files[i].path);
		return;
	}
	answer_error(out, inner.arena, slice_equal(path, SLICE_LITERAL("/denied")) ? 403 : 404);
}

static void
add_field(const char *name, const char *value, enum http_field_id id)
{
	request.fields[request.field_count++] = (struct http_field){ slice_from_text(name),
		slice_from_text(value), id };
	if (request.first_field[id] == 0)
		request.first_field[id] = (uint16_t)request.field_count;
}

static void
begin(void)
{
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	log_set_sink((struct log_sink){ LOG_SINK_NONE, -1 });
	ck_assert_int_eq(arena_init(&arena, 131072), 0);
	ck_assert_int_eq(arena_init(&scratch, SCRATCH_BYTES), 0);
	request.method = HTTP_METHOD_GET;
	request.method_name = SLICE_LITERAL("GET");
	request.path = SLICE_LITERAL("/dir/%70age.shtml");
	request.query = SLICE_LITERAL("a=%3Cb%3E&c=%0d");
	request.has_query = true;
	request.host = SLICE_LITERAL("sent.example");
	request.version_minor = 1;
	add_field("Host", "sent.example:8080", HTTP_FIELD_HOST);
	add_field("User-Agent", "<script>\"'&</script>", HTTP_FIELD_USER_AGENT);
	add_field("Referer", "http://x/<!--#echo var=\"HTTP_COOKIE\"-->", HTTP_FIELD_REFERER);
	add_field("Cookie", "secret=1", HTTP_FIELD_OTHER);
	add_field("Authorization", "Basic password", HTTP_FIELD_OTHER);
	add_field("If-None-Match", "\"x\"", HTTP_FIELD_IF_NONE_MATCH);
	add_field("Accept-Encoding", "gzip", HTTP_FIELD_ACCEPT_ENCODING);
	exchange.request = &request;
	exchange.path = SLICE_LITERAL("/dir/page.shtml");
	exchange.query = request.query;
	exchange.has_query = true;
	exchange.route.host = &host;
	exchange.arena = &arena;
	exchange.scratch = &scratch;
	exchange.client_text = SLICE_LITERAL("192.0.2.7");
	exchange.now_wall_s = NOW_S;
	answer_init(&answer);
	add_text("/plain.txt", "plain & <b>text</b>");
	add_text("/dir/near.txt", "near");
	add_text("/empty.txt", "");
	add_text("/inner.shtml", "[<!--#echo var=\"title\"-->|<!--#echo var=\"DOCUMENT_URI\"-->|"
	    "<!--#echo var=\"QUERY_STRING\"--><!--#set var=\"inner\" value=\"set inside\"-->]");
	add_text("/self.shtml", "<!--#include virtual=\"/self.shtml\"-->");
}

static void
end(void)
{
	answer_fini(&answer);
	arena_fini(&arena);
	arena_fini(&scratch);
}

static const char *
body(void)
{
	static char text[16 << 20];
	size_t len = 0;

	for (unsigned i = 0; i < answer.segment_count; i++) {
		ck_assert_int_eq(answer.segments[i].kind, ANSWER_MEMORY);
		memcpy(text + len, answer.segments[i].data.data, answer.segments[i].data.len);
		len += answer.segments[i].data.len;
	}
	ck_assert_uint_eq(len, answer.content_bytes);
	text[len] = '\0';
	return text;
}

static const char *
page(const char *text, size_t len)
{
	const struct file file = { "/dir/page.shtml", text, len };

	answer_with(&exchange, &answer, &file, "dir/page.shtml");
	return body();
}

static const struct {
	const char *text, *page;
} pages[] = {
	{ "", "" },
	{ "<p>no elements</p>\n", "<p>no elements</p>\n" },
	{ "a<!--#set var=\"x\" value=\"1\"-->b", "ab" },

	/* echo */
	{ "<!--#set var=\"x\" value=\"<a&b>\"--><!--#echo var=\"x\"-->", "&lt;a&amp;b&gt;" },
	{ "<!--#set var=\"x\" value=\"<a&b>\"--><!--#echo encoding=\"none\" var=\"x\"-->",
	    "<a&b>" },
	{ "<!--#set var=\"x\" value=\"a b/c?\"--><!--#echo encoding=\"url\" var=\"x\"-->",
	    "a%20b/c%3F" },
	/* encoding holds for what follows it. */
	{ "<!--#set var=\"x\" value=\"&\"--><!--#echo var=\"x\" encoding=\"none\" var=\"x\" "
	    "encoding=\"entity\" var=\"x\"-->", "&amp;&&amp;" },
	{ "<!--#echo var=\"none\"-->", "(none)" },
	{ "<!--#echo var=\"none\" default=\"<d>\"-->", "&lt;d&gt;" },
	{ "<!--#echo default=\"d\" var=\"REQUEST_METHOD\"-->", "GET" },
	{ "<!--#config echomsg=\"<i>?</i>\"--><!--#echo var=\"none\"-->", "<i>?</i>" },
	{ "<!--#ECHO VAR=\"REQUEST_METHOD\"--><!--# echo var=REQUEST_METHOD -->", "GETGET" },
	{ "<!--#echo-->", ERROR },
	{ "<!--#echo var=\"REQUEST_METHOD\" x-->", ERROR },
	{ "<!--#echo encoding=\"rot13\" var=\"REQUEST_METHOD\"-->", ERROR "GET" },
	{ "<!--#echo name=\"x\"-->", ERROR ERROR },

	/* set */
	{ "<!--#set var=\"x\" value=\"1\"--><!--#set var=\"x\" value=\"${x}2\"-->"
	    "<!--#echo var=\"x\"-->",
	    "12" },
	{ "<!--#set var=\"x\" value='\\$x \"q\" \\'s\\''--><!--#echo encoding=none var=\"x\"-->",
	    "$x \"q\" 's'" },
	{ "<!--#set var=\"REQUEST_METHOD\" value=\"mine\"--><!--#echo var=\"REQUEST_METHOD\"-->",
	    "mine" },
	{ "<!--#set value=\"x\"-->", ERROR }, { "<!--#set var=\"x\"-->", ERROR },
	{ "<!--#set var=\"\" value=\"x\"-->", ERROR }, { "<!--#set x=\"y\"-->", ERROR },
	{ "<!--#set var=\"x\" value=\"${y\"-->", ERROR },

	/* What the client sends is text. */
	{ "<!--#echo var=\"HTTP_USER_AGENT\"-->", "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;" },
	{ "<!--#echo encoding=\"none\" var=\"HTTP_REFERER\"-->",
	    "http://x/<!--#echo var=\"HTTP_COOKIE\"-->" },
	{ "<!--#set var=\"x\" value=\"$HTTP_REFERER\"--><!--#echo encoding=\"none\" var=\"x\"-->",
	    "http://x/<!--#echo var=\"HTTP_COOKIE\"-->" },
	{ "<!--#config errmsg=\"$HTTP_USER_AGENT\"--><!--#x-->", "$HTTP_USER_AGENT" },
	{ "<!--#echo var=\"HTTP_AUTHORIZATION\"-->", "(none)" },
	{ "<!--#echo var=\"QUERY_STRING\"-->", "a=%3Cb%3E&amp;c=%0d" },
	{ "<!--#echo var=\"QUERY_STRING_UNESCAPED\"-->", "a=&lt;b&gt;&amp;c=%0d" },

	/* The request's variables. */
	{ "<!--#echo var=\"DATE_GMT\"-->", "Thursday, 21-Nov-2024 08:00:00 GMT" },
	{ "<!--#echo var=\"DATE_LOCAL\"-->", "Thursday, 21-Nov-2024 08:00:00 UTC" },
	{ "<!--#config timefmt=\"%d.%m.%y\"--><!--#echo var=\"DATE_LOCAL\"-->", "21.11.24" },
	{ "<!--#echo var=\"LAST_MODIFIED\"-->", "Tuesday, 14-Nov-2023 22:13:20 UTC" },
	{ "<!--#echo var=\"DOCUMENT_NAME\"--> <!--#echo var=\"DOCUMENT_URI\"-->",
	    "page.shtml /dir/page.shtml" },
	{ "<!--#echo var=\"REMOTE_ADDR\"--> <!--#echo var=\"REMOTE_USER\"-->", "192.0.2.7 (none)" },
	{ "<!--#echo var=\"REQUEST_URI\"-->", "/dir/%70age.shtml?a=%3Cb%3E&amp;c=%0d" },
	{ "<!--#echo var=\"SERVER_NAME\"--> <!--#echo var=\"SERVER_PROTOCOL\"--> "
	    "<!--#echo var=\"REQUEST_SCHEME\"-->", "sent.example HTTP/1.1 http" },
	{ "<!--#echo var=\"HTTP_HOST\"--> <!--#echo var=\"HTTP_COOKIE\"--> "
	    "<!--#echo var=\"HTTP_ACCEPT_LANGUAGE\"-->", "sent.example:8080 secret=1 (none)" },

	/* Branches. */
	{ "<!--#if expr=\"a\"-->1<!--#else-->2<!--#endif-->3", "13" },
	{ "<!--#if expr=\"\"-->1<!--#else-->2<!--#endif-->3", "23" },
	{ "<!--#if expr=\"''\"-->1<!--#else-->2<!--#endif-->3", "23" },
	{ "<!--#if expr=\"$x\"-->1<!--#elif expr=\"a = a\"-->2<!--#elif expr=\"a\"-->3<!--#else-->4"
	    "<!--#endif-->5", "25" },
	{ "<!--#if expr='a'-->1<!--#elif expr=\"((\"-->2<!--#else-->3<!--#endif-->", "1" },
	{ "<!--#if expr='$x'-->1<!--#elif expr=\"((\"-->2<!--#else-->3<!--#endif-->4", ERROR "4" },
	{ "<!--#if expr='$x'--><!--#if expr='(('-->1<!--#else-->2<!--#endif--><!--#x-->"
	    "<!--#else-->3<!--#endif-->", "3" },
	{ "<!--#if expr='a'--><!--#if expr='$x'-->1<!--#else-->2<!--#endif-->3<!--#else-->4"
	    "<!--#endif-->5", "235" },
	{ "<!--#if expr='$x'--><!--#set var='y' value='1'--><!--#endif--><!--#echo var='y'-->",
	    "(none)" },
	{ "<!--#if expr='$REQUEST_METHOD = /^(G)/'--><!--#echo var='1'--><!--#endif-->", "G" },
	{ "<!--#if expr='a'-->1", "1" },
	{ "<!--#endif-->1<!--#else-->2<!--#elif expr='a'-->3", ERROR "1" ERROR "2" ERROR "3" },
	{ "<!--#if expr='$x'-->1<!--#else-->2<!--#else-->3<!--#endif-->4", "24" },
	{ "<!--#if expr='$x'-->1<!--#else-->2<!--#elif expr='a'-->3<!--#endif-->4", "2" ERROR "4" },
	{ "<!--#if-->1<!--#endif-->", ERROR }, { "<!--#if expr='a' x='b'-->1<!--#endif-->", ERROR },
	{ "<!--#if x='a'-->1<!--#endif-->", ERROR },

	/* Includes. */
	{ "<!--#include virtual=\"/plain.txt\"-->", "plain & <b>text</b>" },
	{ "<!--#include virtual=\"/plain.txt\" file=\"near.txt\"-->", "plain & <b>text</b>near" },
	{ "<!--#include virtual=\"near.txt\"-->", "near" },
	{ "[<!--#include virtual=\"/empty.txt\"-->]", "[]" },
	{ "<!--#set var=\"n\" value=\"near\"--><!--#include file=\"$n.txt\"-->", "near" },
	{ "<!--#set var=\"title\" value=\"T\"--><!--#include virtual=\"/inner.shtml\"-->"
	    "<!--#echo var=\"inner\"-->", "[T|/dir/page.shtml|a=%3Cb%3E&amp;c=%0d]set inside" },
	{ "<!--#include virtual=\"/inner.shtml?x=1&amp;y=2\"--><!--#echo var=\"QUERY_STRING\"-->",
	    "[(none)|/dir/page.shtml|x=1&amp;y=2]a=%3Cb%3E&amp;c=%0d" },
	{ "<!--#include virtual=\"/source\"-->", NULL },
	{ "<!--#include virtual=\"/missing\"-->x", ERROR "x" },
	{ "<!--#include virtual=\"/denied\"-->x", ERROR "x" },
	{ "<!--#include virtual=\"\"--><!--#include file=\"\"-->", ERROR ERROR },
	{ "<!--#include file=\"/dir/near.txt\"-->", ERROR },
	{ "<!--#include file=\"../plain.txt\"-->", ERROR },
	{ "<!--#include file=\"x/../../plain.txt\"-->", ERROR },
	{ "<!--#include file=\"x/..\"-->", ERROR },
	{ "<!--#include file=\"..x\"-->", ERROR },
	{ "<!--#include-->", ERROR }, { "<!--#include url=\"/plain.txt\"-->", ERROR },

	/* Files looked at, and not made. */
	{ "<!--#fsize virtual=\"/plain.txt\"--> <!--#fsize virtual=\"/self.shtml\"-->", "19 37" },
	{ "<!--#config sizefmt=\"bytes\"--><!--#fsize file=\"near.txt\"-->", "4" },
	{ "<!--#flastmod virtual=\"/plain.txt\"-->", "Tuesday, 14-Nov-2023 22:13:20 UTC" },
	{ "<!--#config timefmt=\"%Y\"--><!--#flastmod virtual=\"/self.shtml\"-->", "2023" },
	{ "<!--#fsize virtual=\"/missing\"-->|<!--#flastmod file=\"/x\"-->|<!--#fsize-->",
	    ERROR "|" ERROR "|" ERROR },
	{ "<!--#fsize virtual=\"/source\"-->", ERROR },

	/* Mistakes. */
	{ "<!--#config errmsg=\"<b>\\\"\"--><!--#exec cmd=\"id\"-->", "<b>\"" },
	{ "<!--#exec cgi=\"/x\"-->", ERROR }, { "<!--#nothing-->", ERROR }, { "<!--#-->", ERROR },
	{ "<!--#config sizefmt=\"x\"-->", ERROR }, { "<!--#config x=\"y\"-->", ERROR },
	{ "<!--#printenv x=\"y\"-->", ERROR },
	{ "a<!--#echo var=\"x", "a" ERROR },
	{ "a<!--#echo var=x", "a" ERROR },
};

START_TEST(pages_are_made)
{
	const char *got = page(pages[_i].text, strlen(pages[_i].text));

	ck_assert_uint_eq(answer.status, 200);
	if (pages[_i].page == NULL)
		ck_assert_uint_eq(strspn(got, "s"), 3000);
	else
		ck_assert_msg(strcmp(got, pages[_i].page) == 0, "%s\ngives %s\nshould be %s",
		    pages[_i].text, got, pages[_i].page);
	ck_assert_uint_eq(answer.whole_bytes, answer.content_bytes);
	ck_assert_int_eq(answer.file_fd, -1);
}
END_TEST

/* How targets are asked for: decoded parts encoded, the rest as the page has it. */
static const struct {
	const char *element, *target;
} targets[] = {
	{ "<!--#include virtual=\"/a b?c d\"-->", "/a b?c d" },
	{ "<!--#include virtual=\"a%20b\"-->", "/d%20r/a%20b" },
	{ "<!--#include file=\"a%20b?c\"-->", "/d%20r/a%2520b%3Fc" },
	{ "<!--#include virtual=\"../x\"-->", "/d%20r/../x" },
	{ "<!--#include virtual=\"/x?a&amp;b&lt;&gt;&quot;&amp;amp;\"-->", "/x?a&b<>\"&amp;" },
};

START_TEST(targets_are_absolute)
{
	exchange.path = SLICE_LITERAL("/d r/page.shtml");
	page(targets[_i].element, strlen(targets[_i].element));
	ck_assert_str_eq(asked, targets[_i].target);
}
END_TEST

static const struct {
	enum http_field_id id;
	const char *value;
	unsigned status;
} conditions[] = {
	{ HTTP_FIELD_IF_NONE_MATCH, "\"x\"", 200 }, { HTTP_FIELD_IF_NONE_MATCH, "*", 304 },
	{ HTTP_FIELD_IF_MATCH, "\"x\"", 412 }, { HTTP_FIELD_IF_MATCH, "*", 200 },
	{ HTTP_FIELD_IF_MODIFIED_SINCE, "Thu, 21 Nov 2024 07:00:00 GMT", 200 },
	{ HTTP_FIELD_IF_UNMODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:00 GMT", 200 },
};

/* There is a page, but nothing to tell its states apart by. */
START_TEST(conditions_are_about_the_page)
{
	const char *text = "<!--#include virtual=\"/plain.txt\"-->";

	request.field_count = 0;
	memset(request.first_field, 0, sizeof request.first_field);
	add_field("X", conditions[_i].value, conditions[_i].id);
	page(text, strlen(text));
	ck_assert_uint_eq(answer.status, conditions[_i].status);
	ck_assert(answer.has_content == (answer.status != 304));
	ck_assert_int_eq(answer.file_fd, -1);
	if (answer.status == 200)
		ck_assert_uint_gt(answer.content_bytes, 0);
}
END_TEST

START_TEST(index_has_its_name)
{
	const char *text = "<!--#echo var=\"DOCUMENT_NAME\"--> <!--#echo var=\"DOCUMENT_URI\"-->";

	exchange.path = SLICE_LITERAL("/dir/");
	ck_assert_str_eq(page(text, strlen(text)), "page.shtml /dir/page.shtml");
}
END_TEST

START_TEST(environment_is_shown_as_text)
{
	const char *text = "<!--#set var=\"<x>\" value=\"&\"--><!--#printenv-->";
	const char *got = page(text, strlen(text));

	ck_assert_ptr_nonnull(strstr(got, "HTTP_USER_AGENT=&lt;script&gt;"));
	ck_assert_ptr_nonnull(strstr(got, "\n&lt;x&gt;=&amp;\n"));
	ck_assert_ptr_null(strstr(got, "password"));
	ck_assert_ptr_null(strstr(got, "REMOTE_USER"));
}
END_TEST

START_TEST(page_that_includes_itself_ends)
{
	const char *text = "<!--#include virtual=\"/self.shtml\"-->";

	ck_assert_str_eq(page(text, strlen(text)), ERROR);
	ck_assert_uint_eq(asked_count, 8);
}
END_TEST

/* Two includes a page, eight deep, would be 511. */
START_TEST(includes_are_counted_together)
{
	static const char two[] = "<!--#include virtual=\"/two.shtml\"-->"
	    "<!--#include virtual=\"/two.shtml\"-->";

	add_file("/two.shtml", two, sizeof two - 1);
	page(two, sizeof two - 1);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_uint_eq(asked_count, 256);
}
END_TEST

static char large[9 << 20];

/* Output is bounded in all, and a page that is too large by itself is an error. */
START_TEST(output_is_bounded)
{
	const char *text = "<!--#include virtual=\"/large.txt\"-->b"
	    "<!--#include virtual=\"/large.txt\"-->c"
	    "<!--#include virtual=\"/large.shtml\"-->d<!--#include virtual=\"/plain.txt\"-->";
	const char *got;

	memset(large, 'x', sizeof large);
	add_file("/large.txt", large, 5 << 20);
	add_file("/large.shtml", large, 5 << 20);
	got = page(text, strlen(text));
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_uint_eq(strspn(got, "x"), 5 << 20);
	ck_assert_str_eq(got + (5 << 20), "b" ERROR "c" ERROR "dplain & <b>text</b>");
}
END_TEST

START_TEST(too_large_a_file_is_500)
{
	memset(large, 'x', sizeof large);
	page(large, 8 << 20);
	ck_assert_uint_eq(answer.status, 200);
	answer_restart(&answer);
	arena_reset(&scratch);
	page(large, (8 << 20) + 1);
	ck_assert_uint_eq(answer.status, 500);
}
END_TEST

/* Each of these grows with the page only, and in the end it does not fit. */
static const char *const greedy[] = {
	"<!--#printenv-->", "<!--#x-->", "<!--#echo var=\"none\"-->", "<!--#if expr=\"a\"-->",
	"<!--#set var=\"x\" value=\"x$x$x\"-->", "<!--#echo var=\"DATE_GMT\"-->",
	"<!--#if expr=\"$HTTP_USER_AGENT a b c = $HTTP_USER_AGENT\"--><!--#endif-->",
	"<!--#include virtual=\"/inner.shtml\"-->", "<!--#fsize virtual=\"/inner.shtml\"-->",
	"<!--#if expr=\"$x\"--><!--#endif-->", "<!--#elif expr=\"a\"-->",
};

START_TEST(any_page_ends)
{
	size_t unit = strlen(greedy[_i]), len = (1 << 20) / unit * unit;

	for (size_t i = 0; i < len; i++)
		large[i] = greedy[_i][i % unit];
	page(large, len);
	ck_assert(answer.status == 200 || answer.status == 500);
	ck_assert_uint_le(answer.content_bytes, 8 << 20);
}
END_TEST

START_TEST(nested_too_deep_ends_the_page)
{
	static char text[40 * 20 + 1];

	for (int i = 0; i < 40; i++)
		strcat(text, "<!--#if expr=\"a\"-->");
	strcat(text, "x");
	ck_assert_str_eq(page(text, strlen(text)), ERROR);
}
END_TEST

/* A full arena at any point gives an error page, and no half of one. */
START_TEST(full_memory_is_500)
{
	const char *text = "<!--#set var=\"x\" value=\"$REQUEST_URI\"-->"
	    "<!--#if expr=\"$x = /a/\"-->"
	    "<!--#include virtual=\"/inner.shtml\"--><!--#endif-->"
	    "<!--#fsize file=\"near.txt\"--><!--#echo var=\"DATE_GMT\"-->";
	bool was_whole = false;

	for (size_t left = 0; left < 80000; left += 250) {
		arena_reset(&arena);
		arena_reset(&scratch);
		answer_restart(&answer);
		ck_assert_ptr_nonnull(arena_alloc(&scratch, SCRATCH_BYTES - left));
		page(text, strlen(text));
		ck_assert(answer.status == 200 || answer.status == 500);
		was_whole = answer.status == 200 && strstr(body(), ERROR) == NULL;
	}
	ck_assert(was_whole);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("ssi");

	tcase_set_timeout(tcase, 20);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, pages_are_made, 0, COUNT_OF(pages));
	tcase_add_loop_test(tcase, targets_are_absolute, 0, COUNT_OF(targets));
	tcase_add_loop_test(tcase, conditions_are_about_the_page, 0, COUNT_OF(conditions));
	tcase_add_test(tcase, index_has_its_name);
	tcase_add_test(tcase, environment_is_shown_as_text);
	tcase_add_test(tcase, page_that_includes_itself_ends);
	tcase_add_test(tcase, includes_are_counted_together);
	tcase_add_test(tcase, output_is_bounded);
	tcase_add_test(tcase, too_large_a_file_is_500);
	tcase_add_loop_test(tcase, any_page_ends, 0, COUNT_OF(greedy));
	tcase_add_test(tcase, nested_too_deep_ends_the_page);
	tcase_add_test(tcase, full_memory_is_500);
	return run_one_case("ssi", tcase);
}
