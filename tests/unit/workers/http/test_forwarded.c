/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of proxies, read from their end. What stands in front, put there by a client, must not
 * change how the end is read: with that, anybody could be anybody.
 */
#include <stdio.h>

#include "tests/lib/addresses.h"
#include "tests/unit/workers/http/asserts.h"
#include "workers/http/forwarded.h"

#define FIELDS_MAX 4
#define HOPS_MAX 6

static struct http_request request;

/* "name: value" each. */
static void
set_fields(const char *const lines[], unsigned count)
{
	memset(&request, 0, sizeof request);
	for (unsigned i = 0; i < count && lines[i] != NULL; i++) {
		const char *colon = strchr(lines[i], ':');

		request.fields[i].name = slice_make(lines[i], (size_t)(colon - lines[i]));
		request.fields[i].value = slice_trim(slice_from_text(colon + 1));
		request.field_count++;
	}
}

/* "192.0.2.1", "192.0.2.1 80", "hidden", "bad"; behind it " https" or " http". */
static const char *
hop_text(const struct forwarded_hop *hop, char out[128])
{
	static const char *const kinds[] = {
		[FORWARDED_HIDDEN] = "hidden", [FORWARDED_BAD] = "bad",
	};
	char address[INET6_ADDRSTRLEN];
	unsigned port = ntohs(((const struct sockaddr_in *)(const void *)&hop->address)->sin_port);
	int len = snprintf(out, 128, "%s", hop->kind != FORWARDED_ADDRESS ? kinds[hop->kind] :
	    address_text(&hop->address, address));

	if (hop->kind == FORWARDED_ADDRESS && port != 0)
		len += snprintf(out + len, 128 - (size_t)len, " %u", port);
	if (hop->has_proto)
		snprintf(out + len, 128 - (size_t)len, hop->is_https ? " https" : " http");
	return out;
}

static const struct {
	enum forwarded_form form;
	const char *fields[FIELDS_MAX];
	const char *hops[HOPS_MAX];     /* from the end */
} rows[] = {
	{ FORWARDED_LIST, { NULL }, { NULL } },
	{ FORWARDED_LIST, { "X-Forwarded-For:" }, { NULL } },
	{ FORWARDED_LIST, { "X-Forwarded-For: ,  ,\t," }, { NULL } },
	{ FORWARDED_LIST, { "Forwarded: for=192.0.2.1", "X-Forwarded: 192.0.2.1" }, { NULL } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1" }, { "192.0.2.1" } },
	{ FORWARDED_LIST, { "x-forwarded-for: 192.0.2.1" }, { "192.0.2.1" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1, 2001:db8::1,192.0.2.3 ,\t192.0.2.4" },
	    { "192.0.2.4", "192.0.2.3", "2001:db8::1", "192.0.2.1" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: ,192.0.2.1,,192.0.2.2,," },
	    { "192.0.2.2", "192.0.2.1" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1, 192.0.2.2", "Via: x",
	    "X-FORWARDED-FOR: 192.0.2.3", "X-Forwarded-For:" },
	    { "192.0.2.3", "192.0.2.2", "192.0.2.1" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1:1234, [2001:db8::1]:65535, [::1]" },
	    { "::1", "2001:db8::1 65535", "192.0.2.1 1234" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: ::ffff:192.0.2.1" }, { "::ffff:192.0.2.1" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: unknown, _secret, Unknown:80, unknown:_x" },
	    { "hidden", "hidden", "hidden", "hidden" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: unknown80, 192.0.2.256, a.example, -" },
	    { "bad", "bad", "bad", "bad" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1:65536, 192.0.2.1:, [::1, ::1]" },
	    { "bad", "bad", "bad", "bad" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1:x, [::1]x, [::1]:-1, [192.0.2.1]" },
	    { "bad", "bad", "bad", "bad" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: 192.0.2.1 192.0.2.2, fe80::1%eth0, 0x7f.1, 1" },
	    { "bad", "bad", "bad", "bad" } },
	{ FORWARDED_LIST, { "X-Forwarded-For: \"192.0.2.1, 192.0.2.2\", 192.0.2.3" },
	    { "192.0.2.3", "bad", "bad" } },     /* there are no strings in it */

	{ FORWARDED_RFC7239, { "X-Forwarded-For: 192.0.2.1" }, { NULL } },
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.1" }, { "192.0.2.1" } },
	{ FORWARDED_RFC7239, { "Forwarded: For=\"192.0.2.1:1234\"" }, { "192.0.2.1 1234" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"[2001:db8::1]:1234\"" },
	    { "2001:db8::1 1234" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"[2001:DB8::1]\";proto=HTTPS;by=203.0.113.43" },
	    { "2001:db8::1 https" } },
	{ FORWARDED_RFC7239, { "Forwarded: proto=http;host=a.example ; FOR=192.0.2.1 ;" },
	    { "192.0.2.1 http" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.1, for=192.0.2.2;proto=\"https\"",
	    "Forwarded: for=192.0.2.3" },
	    { "192.0.2.3", "192.0.2.2 https", "192.0.2.1" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=unknown, for=_x, for=\"_x:_y\"",
	    "Forwarded: for=\"unknown:80\"" },
	    { "hidden", "hidden", "hidden", "hidden" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=unknown;proto=https" }, { "hidden https" } },
	{ FORWARDED_RFC7239, { "Forwarded: proto=https" }, { "bad https" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"192\\.0\\.2\\.1\"" }, { "192.0.2.1" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"192.0.2.1:_port\"" }, { "192.0.2.1" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.1:80, for=[2001:db8::1]:80" },
	    { "2001:db8::1 80", "192.0.2.1 80" } },      /* not quoted, but clear */
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.1;x=\"a, b; c\\\"d\\\\\", for=192.0.2.2" },
	    { "192.0.2.2", "192.0.2.1" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"\", for=, for, =x, for =192.0.2.1" },
	    { "bad", "bad", "bad", "bad", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.1;for=192.0.2.2, for=192.0.2.1 x" },
	    { "bad", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.1;proto=http;proto=https" }, { "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: for= 192.0.2.1, for=\"192.0.2.1\"x, 192.0.2.1" },
	    { "bad", "bad", "bad" } },
	/* A client's half of a string cannot swallow what the proxy has added. */
	{ FORWARDED_RFC7239, { "Forwarded: for=\"192.0.2.1, for=192.0.2.2" },
	    { "192.0.2.2", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=192.0.2.9;x=\", for=\"[2001:db8::1]\"" },
	    { "2001:db8::1", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: x=\"\\, for=\"[2001:db8::1]\";y=\"\\\"\"" },
	    { "2001:db8::1", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"192.0.2.1", "Forwarded: for=\"192.0.2.2\"" },
	    { "192.0.2.2", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: \", \", for=192.0.2.2" }, { "192.0.2.2", "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: \"" }, { "bad" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"_" "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\", for=192.0.2.2" },
	    { "192.0.2.2", "hidden" } },
	{ FORWARDED_RFC7239, { "Forwarded: for=\"[0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789]\"" }, { "bad" } },
};

START_TEST(hops_come_from_the_end)
{
	struct forwarded_walk walk;
	struct forwarded_hop hop;
	char text[128];
	int i;

	set_fields(rows[_i].fields, FIELDS_MAX);
	forwarded_begin(&walk, &request, rows[_i].form);
	for (i = 0; i < HOPS_MAX && rows[_i].hops[i] != NULL; i++) {
		ck_assert_msg(forwarded_next(&walk, &hop), "row %d lacks %s", _i,
		    rows[_i].hops[i]);
		ck_assert_msg(strcmp(hop_text(&hop, text), rows[_i].hops[i]) == 0,
		    "row %d, hop %d: %s, should be %s", _i, i, text, rows[_i].hops[i]);
	}
	ck_assert_msg(!forwarded_next(&walk, &hop), "row %d has one more: %s", _i,
	    hop_text(&hop, text));
	ck_assert(!forwarded_next(&walk, &hop));
}
END_TEST

static const struct {
	const char *fields[FIELDS_MAX];
	unsigned hop_count;
	int want;                       /* -1: nothing is said */
} protos[] = {
	{ { NULL }, 1, -1 },
	{ { "X-Forwarded-Proto:" }, 1, -1 },
	{ { "X-Forwarded-Proto: https" }, 1, 1 },
	{ { "X-Forwarded-Proto: HTTPS" }, 1, 1 },
	{ { "X-Forwarded-Proto: http" }, 1, 0 },
	{ { "X-Forwarded-Proto: httpsx" }, 1, 0 },
	{ { "X-Forwarded-Proto: https" }, 3, 1 },
	{ { "X-Forwarded-Proto: https, http" }, 1, 0 },
	{ { "X-Forwarded-Proto: https, http" }, 2, 1 },
	{ { "X-Forwarded-Proto: https, http" }, 3, 1 },
	{ { "X-Forwarded-Proto: https", "X-Forwarded-Proto: http" }, 1, 0 },
	{ { "X-Forwarded-Proto: https", "X-Forwarded-Proto: http" }, 2, 1 },
};

START_TEST(scheme_is_that_of_the_hop)
{
	bool is_https = _i % 2 == 0;
	bool before = is_https;
	bool said;

	set_fields(protos[_i].fields, FIELDS_MAX);
	said = forwarded_is_https(&request, protos[_i].hop_count, &is_https);
	ck_assert_int_eq(said, protos[_i].want != -1);
	ck_assert_int_eq(is_https, said ? protos[_i].want != 0 : before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("forwarded");
	TCase *tcase = tcase_create("forwarded");

	tcase_add_loop_test(tcase, hops_come_from_the_end, 0, COUNT_OF(rows));
	tcase_add_loop_test(tcase, scheme_is_that_of_the_hop, 0, COUNT_OF(protos));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
