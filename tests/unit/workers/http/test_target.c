/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request targets and Host: the four forms with their methods, which authority wins, and
 * all that must be refused. A target or Host that two programs could read differently and
 * that is let pass breaks it.
 */
#include <stdio.h>

#include "tests/unit/workers/http/feed.h"

static struct feed feed;

static const struct {
	const char *line;           /* method and target */
	enum http_target_form form;
	const char *path;
	const char *query;          /* NULL: none */
	const char *host;
	const char *port;
} good_targets[] = {
	{ "GET /", HTTP_TARGET_ORIGIN, "/", NULL, "h.example", "81" },
	{ "GET /?", HTTP_TARGET_ORIGIN, "/", "", "h.example", "81" },
	{ "GET /a?b?c/d", HTTP_TARGET_ORIGIN, "/a", "b?c/d", "h.example", "81" },
	{ "GET //a//", HTTP_TARGET_ORIGIN, "//a//", NULL, "h.example", "81" },
	{ "GET /%4%zz;x=1,2:3@4", HTTP_TARGET_ORIGIN, "/%4%zz;x=1,2:3@4", NULL, "h.example",
	    "81" },
	{ "GET /[]{}|^`~", HTTP_TARGET_ORIGIN, "/[]{}|^`~", NULL, "h.example", "81" },
	{ "GET /?[]{}|^`~\\", HTTP_TARGET_ORIGIN, "/", "[]{}|^`~\\", "h.example", "81" },
	{ "GET /http://x/", HTTP_TARGET_ORIGIN, "/http://x/", NULL, "h.example", "81" },
	{ "GET http://o.example/a?q", HTTP_TARGET_ABSOLUTE, "/a", "q", "o.example", "" },
	{ "GET http://o.example:82/", HTTP_TARGET_ABSOLUTE, "/", NULL, "o.example", "82" },
	{ "GET http://o.example:/", HTTP_TARGET_ABSOLUTE, "/", NULL, "o.example", "" },
	{ "GET HTTP://O.example", HTTP_TARGET_ABSOLUTE, "/", NULL, "O.example", "" },
	{ "GET hTtPs://o.example?q=/", HTTP_TARGET_ABSOLUTE, "/", "q=/", "o.example", "" },
	{ "GET http://[::1]:82/a", HTTP_TARGET_ABSOLUTE, "/a", NULL, "[::1]", "82" },
	{ "OPTIONS http://o.example", HTTP_TARGET_ABSOLUTE, "/", NULL, "o.example", "" },
	{ "OPTIONS *", HTTP_TARGET_ASTERISK, "", NULL, "h.example", "81" },
	{ "OPTIONS /a", HTTP_TARGET_ORIGIN, "/a", NULL, "h.example", "81" },
	{ "CONNECT o.example:443", HTTP_TARGET_AUTHORITY, "", NULL, "o.example", "443" },
	{ "CONNECT [2001:db8::1]:443", HTTP_TARGET_AUTHORITY, "", NULL, "[2001:db8::1]", "443" },
};

START_TEST(target_is_taken_apart)
{
	const struct http_request *request = &feed.request;
	char text[256];
	int len = snprintf(text, sizeof (text), "%s HTTP/1.1\r\nHost: h.example:81\r\n\r\n",
	    good_targets[_i].line);

	feed_good(&feed, slice_make(text, (size_t)len));
	ck_assert_int_eq(request->target_form, good_targets[_i].form);
	ck_assert_text(request->target, strchr(good_targets[_i].line, ' ') + 1);
	ck_assert_text(request->path, good_targets[_i].path);
	ck_assert(request->has_query == (good_targets[_i].query != NULL));
	ck_assert_text(request->query, request->has_query ? good_targets[_i].query : "");
	ck_assert_text(request->host, good_targets[_i].host);
	ck_assert_text(request->port, good_targets[_i].port);
	ck_assert(request->is_https == (strncasecmp(request->target.data, "https:", 6) == 0));
	/* The path of the absolute form, too, must be a part of the buffer. */
	ck_assert(request->path.len == 0 ||
	    (request->path.data > text && request->path.data < text + len));
}
END_TEST

static const char *const bad_targets[] = {
	"GET *",
	"HEAD *",
	"OPTIONS **",
	"OPTIONS *?x",
	"GET a",
	"GET ?a",
	"GET .",
	"GET o.example",
	"GET o.example:80",
	"GET /#fragment",
	"GET /?a#b",
	"GET /\"",
	"GET /<b>",
	"GET /\\",
	"GET /?<",
	"GET /caf\xc3\xa9",
	"GET /?\x80",
	"GET ftp://o.example/",
	"GET file:///etc/passwd",
	"GET http:/a",
	"GET http:a",
	"GET http//a",
	"GET httpx://a/",
	"GET http://",
	"GET http:///a",
	"GET http://?a",
	"GET http://:80/",
	"GET http://user@o.example/",
	"GET http://user:password@o.example/",
	"GET http://o.example:65536/",
	"GET http://o.example:x/",
	"GET http://o.example:80:80/",
	"GET http://o.example\\@evil.example/",
	"GET http://o.example#a",
	"GET http://[::1/",
	"GET http://[::1]x/",
	"GET http://o_%zz/",
	"CONNECT /",
	"CONNECT *",
	"CONNECT o.example",
	"CONNECT o.example:",
	"CONNECT :443",
	"CONNECT http://o.example:443/",
	"CONNECT user@o.example:443",
	"CONNECT o.example:443/",
	"CONNECT o.example:99999",
};

START_TEST(bad_target_is_400)
{
	char text[256];
	int len = snprintf(text, sizeof (text), "%s HTTP/1.1\r\nHost: h.example\r\n\r\n",
	    bad_targets[_i]);

	feed_bad(&feed, slice_make(text, (size_t)len), 400);
}
END_TEST

static const struct {
	const char *head;           /* without the empty line */
	const char *host;           /* NULL: 400 */
	const char *port;
} hosts[] = {
	{ "GET / HTTP/1.1\r\nHost: a.example", "a.example", "" },
	{ "GET / HTTP/1.1\r\nhOST:A.Example:8080\t", "A.Example", "8080" },
	{ "GET / HTTP/1.1\r\nHost: [::1]:8080", "[::1]", "8080" },
	{ "GET / HTTP/1.1\r\nHost: 127.0.0.1", "127.0.0.1", "" },
	{ "GET http://o.example/ HTTP/1.1\r\nHost:", "o.example", "" },
	{ "GET / HTTP/1.0\r\nHost:", "", "" },
	{ "GET / HTTP/1.1\r\nHost:", NULL, NULL },
	{ "GET / HTTP/1.2\r\nHost: \t", NULL, NULL },
	{ "OPTIONS * HTTP/1.1\r\nHost:", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a..b", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a,b", NULL, NULL },
	{ "GET / HTTP/1.0\r\nHost: a.example", "a.example", "" },
	{ "GET / HTTP/1.0\r\nX: y", "", "" },
	{ "GET http://o.example/ HTTP/1.0\r\nX: y", "o.example", "" },
	{ "GET / HTTP/1.1\r\nX: y", NULL, NULL },
	{ "GET / HTTP/1.2\r\nX: y", NULL, NULL },
	{ "OPTIONS * HTTP/1.1\r\nX: y", NULL, NULL },
	{ "GET http://o.example/ HTTP/1.1\r\nX: y", NULL, NULL },
	{ "CONNECT o.example:443 HTTP/1.1\r\nX: y", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nHOST: b", NULL, NULL },
	{ "GET / HTTP/1.0\r\nHost: a\r\nHost: a", NULL, NULL },
	{ "GET http://o.example/ HTTP/1.1\r\nHost: a\r\nHost: a", NULL, NULL },
	{ "GET http://o.example/ HTTP/1.1\r\nHost: a b", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a, b", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: user@a", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a/", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a?", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: http://a", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: :80", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a:80a", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a:-1", NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a\xc3\xa9", NULL, NULL },
	{ "GET / HTTP/1.0\r\nHost: a b", NULL, NULL },
};

START_TEST(host_is_found_or_refused)
{
	char text[256];
	int len = snprintf(text, sizeof (text), "%s\r\n\r\n", hosts[_i].head);
	struct slice head = slice_make(text, (size_t)len);

	if (hosts[_i].host == NULL) {
		feed_bad(&feed, head, 400);
		return;
	}
	feed_good(&feed, head);
	ck_assert_text(feed.request.host, hosts[_i].host);
	ck_assert_text(feed.request.port, hosts[_i].port);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("target");
	TCase *tcase = tcase_create("target");

	tcase_add_loop_test(tcase, target_is_taken_apart, 0, COUNT_OF(good_targets));
	tcase_add_loop_test(tcase, bad_target_is_400, 0, COUNT_OF(bad_targets));
	tcase_add_loop_test(tcase, host_is_found_or_refused, 0, COUNT_OF(hosts));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
