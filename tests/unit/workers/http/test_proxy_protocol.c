/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PROXY headers of both versions, cut up in every way. An address taken from what is no such
 * header lets anybody be anybody; one taken too late or too early leaves a part of it in front
 * of the request.
 */
#include "tests/lib/addresses.h"
#include "tests/unit/workers/http/asserts.h"
#include "workers/http/proxy_protocol.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define REQUEST "GET / HTTP/1.1\r\n\r\n"
#define LONG_V6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define ADDRESSES_4 "\xc0\x00\x02\x01\xc0\x00\x02\x02\x04\xd2\x00\x50"
#define ADDRESSES_6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xff\xff\x01\xbb"
#define ZEROS_18 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_54 ZEROS_18 ZEROS_18 ZEROS_18

/* Every beginning, in memory of exactly its size: more is needed until the header is whole. */
static struct proxy_protocol
parse(struct slice text, enum http_verdict want, size_t want_bytes)
{
	struct proxy_protocol header;
	enum http_verdict verdict = HTTP_NEED_MORE;

	for (size_t len = 0; len <= text.len; len++) {
		enum http_verdict before = verdict;
		char *copy = malloc(len + (len == 0));

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text.data, len);
		verdict = proxy_protocol_parse(copy, len, &header);
		free(copy);
		if (want == HTTP_COMPLETE)
			ck_assert_msg((verdict == HTTP_COMPLETE) == (len >= want_bytes) &&
			    verdict != HTTP_BAD, "%d after %zu bytes of \"%.*s\": %s",
			    (int)verdict, len, (int)text.len, text.data,
			    verdict == HTTP_BAD ? header.error_reason : "");
		ck_assert_msg(before == HTTP_NEED_MORE || verdict == before,
		    "%d, and %d with a byte more, after %zu of \"%.*s\"", (int)before,
		    (int)verdict, len, (int)text.len, text.data);
	}
	ck_assert_msg(verdict == want, "%d, should be %d for \"%.*s\"", (int)verdict, (int)want,
	    (int)text.len, text.data);
	return header;
}

static void
assert_address(const struct sockaddr_storage *address, const char *text, unsigned port)
{
	char out[INET6_ADDRSTRLEN];

	ck_assert_str_eq(address_text(address, out), text);
	if (address->ss_family == AF_INET || address->ss_family == AF_INET6)
		ck_assert_uint_eq(ntohs(((const struct sockaddr_in *)(const void *)address)
		    ->sin_port), port);
}

static const struct {
	struct slice text;
	size_t header_bytes;
	const char *source, *destination; /* NULL: none */
	unsigned source_port, destination_port;
	bool is_https;
} good[] = {
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n" REQUEST), 40,
	    "192.0.2.1", "192.0.2.2", 1234, 80, false },
	{ TEXT("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), 56,
	    "255.255.255.255", "255.255.255.255", 65535, 65535, false },
	{ TEXT("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n\r\n"), 32,
	    "0.0.0.0", "0.0.0.0", 0, 0, false },
	{ TEXT("PROXY TCP6 2001:db8::1 2001:DB8::2 1 443\r\n"), 42,
	    "2001:db8::1", "2001:db8::2", 1, 443, false },
	{ TEXT("PROXY TCP6 " LONG_V6 " " LONG_V6 " 65535 65535\r\n"), 104,
	    LONG_V6, LONG_V6, 65535, 65535, false },
	{ TEXT("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 443\r\n"), 39,
	    "::ffff:192.0.2.1", "::1", 1, 443, false },
	{ TEXT("PROXY UNKNOWN\r\n" REQUEST), 15, NULL, NULL, 0, 0, false },
	{ TEXT("PROXY UNKNOWN \r\n"), 16, NULL, NULL, 0, 0, false },
	{ TEXT("PROXY UNKNOWN " LONG_V6 " " LONG_V6 " 65535 65535\r\n"), 107,
	    NULL, NULL, 0, 0, false },
	{ TEXT("PROXY UNKNOWN what\0ever 1.2.3.4 \xff\r\n"), 35, NULL, NULL, 0, 0, false },

	{ TEXT(SIGNATURE "\x21\x11\0\x0c" ADDRESSES_4 REQUEST), 28,
	    "192.0.2.1", "192.0.2.2", 1234, 80, false },
	{ TEXT(SIGNATURE "\x21\x12\0\x0c" ADDRESSES_4), 28, /* came by QUIC */
	    "192.0.2.1", "192.0.2.2", 1234, 80, false },
	{ TEXT(SIGNATURE "\x21\x21\0\x24" ADDRESSES_6 REQUEST), 52,
	    "2001:db8::1", "2001:db8::2", 65535, 443, false },
	{ TEXT(SIGNATURE "\x21\x31\0\xd8" ZEROS_54 ZEROS_54 ZEROS_54 ZEROS_54 REQUEST), 232,
	    "unix:", "unix:", 0, 0, false },
	{ TEXT(SIGNATURE "\x20\0\0\0" REQUEST), 16, NULL, NULL, 0, 0, false },
	{ TEXT(SIGNATURE "\x20\x11\0\x0c" ADDRESSES_4), 28, NULL, NULL, 0, 0, false },
	{ TEXT(SIGNATURE "\x20\xff\0\x02zz"), 18, NULL, NULL, 0, 0, false },
	{ TEXT(SIGNATURE "\x21\0\0\0"), 16, NULL, NULL, 0, 0, false },
	{ TEXT(SIGNATURE "\x21\0\0\x05what?"), 21, NULL, NULL, 0, 0, false },
	{ TEXT(SIGNATURE "\x21\x10\0\x0c" ADDRESSES_4), 28, NULL, NULL, 0, 0, false },
	{ TEXT(SIGNATURE "\x21\x01\0\0"), 16, NULL, NULL, 0, 0, false },
	/* TLVs: ALPN, NOOP, TLS with its version inside, TLS without a client's, checksum */
	{ TEXT(SIGNATURE "\x21\x11\0\x16" ADDRESSES_4 "\x01\0\x02h2\x04\0\x02\0\0"), 38,
	    "192.0.2.1", "192.0.2.2", 1234, 80, false },
	{ TEXT(SIGNATURE "\x21\x11\0\x1e" ADDRESSES_4 "\x20\0\x0f\x01\0\0\0\0\x21\0\x07TLSv1.3"),
	    46, "192.0.2.1", "192.0.2.2", 1234, 80, true },
	{ TEXT(SIGNATURE "\x21\x11\0\x14" ADDRESSES_4 "\x20\0\x05\xfe\0\0\0\0"),
	    36, "192.0.2.1", "192.0.2.2", 1234, 80, false },
	{ TEXT(SIGNATURE "\x21\x11\0\x13" ADDRESSES_4 "\x03\0\x04\x87\x5d\x0b\xa7"), 35,
	    "192.0.2.1", "192.0.2.2", 1234, 80, false },
};

START_TEST(good_header_is_read)
{
	struct proxy_protocol header = parse(good[_i].text, HTTP_COMPLETE,
	    good[_i].header_bytes);

	ck_assert_uint_eq(header.header_bytes, good[_i].header_bytes);
	ck_assert_int_eq(header.has_addresses, good[_i].source != NULL);
	ck_assert_int_eq(header.is_https, good[_i].is_https);
	if (good[_i].source == NULL)
		return;
	assert_address(&header.source, good[_i].source, good[_i].source_port);
	assert_address(&header.destination, good[_i].destination, good[_i].destination_port);
}
END_TEST

static const struct slice bad[] = {
	TEXT(REQUEST), TEXT("POST / HTTP/1.1\r\n"), TEXT("PROXZ "), TEXT("proxy TCP4"),
	TEXT(" PROXY TCP4"), TEXT("\n"), TEXT("\r\nGET"), TEXT("\x16\x03\x01"), TEXT("\0"),
	TEXT("PROXY\r\n"), TEXT("PROXY \r\n"), TEXT("PROXY\tTCP4"), TEXT("PROXY UNKNOWNX\r\n"),
	TEXT("PROXY unknown\r\n"), TEXT("PROXY UNKNOWN\n"), TEXT("PROXY UNKNOWN a\rb\r\n"),
	TEXT("PROXY UNKNOWN\r\r\n"),
	TEXT("PROXY UNKNOWN " LONG_V6 " " LONG_V6 " 65535 655355\r\n"), /* 108 bytes */
	TEXT("PROXY TCP4\r\n"), TEXT("PROXY TCP4 \r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 \r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80 \r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80 x\r\n"),
	TEXT("PROXY TCP4  192.0.2.1 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY  TCP4 192.0.2.1 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 192.0.2.1\t192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r" REQUEST),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 01234 80\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 080\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 00\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 80\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 99999\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 +80\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 -1\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 0x50\r\n"),
	TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\0\r\n"),
	TEXT("PROXY TCP4 192.0.2.01 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 192.0.2 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 192.0.2.1\0 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 192.0.2.256 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 localhost 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP4 2001:db8::1 2001:db8::2 1234 80\r\n"),
	TEXT("PROXY TCP6 192.0.2.1 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY TCP6 [2001:db8::1] 2001:db8::2 1234 80\r\n"),
	TEXT("PROXY TCP6 2001:db8::1%lo 2001:db8::2 1234 80\r\n"),
	TEXT("PROXY TCP5 192.0.2.1 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY UDP4 192.0.2.1 192.0.2.2 1234 80\r\n"),
	TEXT("PROXY tcp4 192.0.2.1 192.0.2.2 1234 80\r\n"),

	TEXT("\r\n\r\n\0\r\nQUIT\r"), TEXT("\r\n\r\n\0\r\nQUIX"), TEXT("\r\n\r\n "),
	TEXT(SIGNATURE "\x11\x11\0\x0c" ADDRESSES_4), TEXT(SIGNATURE "\x31\x11\0\x0c" ADDRESSES_4),
	TEXT(SIGNATURE "\x01\x11\0\x0c" ADDRESSES_4), TEXT(SIGNATURE "\x22\x11\0\x0c" ADDRESSES_4),
	TEXT(SIGNATURE "\x2f\0\0\0"), TEXT(SIGNATURE "\x21\x41\0\x0c" ADDRESSES_4),
	TEXT(SIGNATURE "\x21\x13\0\x0c" ADDRESSES_4), TEXT(SIGNATURE "\x21\xf1\0\x0c" ADDRESSES_4),
	TEXT(SIGNATURE "\x21\x11\0\x0b" ADDRESSES_4), TEXT(SIGNATURE "\x21\x11\0\0"),
	TEXT(SIGNATURE "\x21\x21\0\x0c" ADDRESSES_4), TEXT(SIGNATURE "\x21\x21\0\x23" ADDRESSES_6),
	TEXT(SIGNATURE "\x21\x31\0\x24" ADDRESSES_6),
	TEXT(SIGNATURE "\x21\x11\x0a\x09"), TEXT(SIGNATURE "\x20\0\xff\xff"),
	/* TLVs: cut short; longer than what is left; inside of another; checksums */
	TEXT(SIGNATURE "\x21\x11\0\x0d" ADDRESSES_4 "\x04"),
	TEXT(SIGNATURE "\x21\x11\0\x0e" ADDRESSES_4 "\x04\0"),
	TEXT(SIGNATURE "\x21\x11\0\x0f" ADDRESSES_4 "\x04\0\x01"),
	TEXT(SIGNATURE "\x21\x11\0\x10" ADDRESSES_4 "\x04\0\0x"),
	TEXT(SIGNATURE "\x21\x11\0\x10" ADDRESSES_4 "\x04\xff\xffx"),
	TEXT(SIGNATURE "\x21\x11\0\x13" ADDRESSES_4 "\x20\0\x04\x01\0\0\0"),
	TEXT(SIGNATURE "\x21\x11\0\x17" ADDRESSES_4 "\x20\0\x08\x01\0\0\0\0\x21\0\x01"),
	TEXT(SIGNATURE "\x21\x11\0\x13" ADDRESSES_4 "\x03\0\x04\x87\x5d\x0b\xa8"),
	TEXT(SIGNATURE "\x21\x11\0\x13" ADDRESSES_4 "\x03\0\x04\0\0\0\0"),
	TEXT(SIGNATURE "\x21\x11\0\x12" ADDRESSES_4 "\x03\0\x03\x87\x5d\x0b"),
	TEXT(SIGNATURE "\x21\x11\0\x0f" ADDRESSES_4 "\x03\0\0"),
	TEXT(SIGNATURE "\x21\x11\0\x1a" ADDRESSES_4 "\x03\0\x04\x87\x5d\x0b\xa7\x03\0\x04\x87\x5d"
	    "\x0b\xa7"),
};

START_TEST(anything_else_is_bad)
{
	struct proxy_protocol header = parse(bad[_i], HTTP_BAD, 0);

	ck_assert_ptr_nonnull(header.error_reason);
}
END_TEST

/* It is refused at the byte that is wrong: who speaks HTTP here learns of it at once. */
START_TEST(other_protocols_are_seen_at_once)
{
	struct proxy_protocol header;

	ck_assert_int_eq(proxy_protocol_parse("G", 1, &header), HTTP_BAD);
	ck_assert_int_eq(proxy_protocol_parse("PO", 2, &header), HTTP_BAD);
	ck_assert_int_eq(proxy_protocol_parse("\r\nG", 3, &header), HTTP_BAD);
	ck_assert_int_eq(proxy_protocol_parse("\x16", 1, &header), HTTP_BAD);
}
END_TEST

START_TEST(longest_header_is_exact)
{
	static char text[PROXY_PROTOCOL_MAX_BYTES + 1] = SIGNATURE "\x21\x11";
	size_t rest = PROXY_PROTOCOL_MAX_BYTES - 16, tlv = rest - 12 - 3;
	struct proxy_protocol header;

	memcpy(text + 16, ADDRESSES_4, 12);
	text[14] = (char)(rest >> 8);
	text[15] = (char)rest;
	text[28] = 0x04;
	text[29] = (char)(tlv >> 8);
	text[30] = (char)tlv;
	header = parse(slice_make(text, sizeof text), HTTP_COMPLETE, PROXY_PROTOCOL_MAX_BYTES);
	ck_assert_uint_eq(header.header_bytes, PROXY_PROTOCOL_MAX_BYTES);
	text[15]++;
	ck_assert_int_eq(proxy_protocol_parse(text, sizeof text, &header), HTTP_BAD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proxy_protocol");
	TCase *tcase = tcase_create("proxy_protocol");

	tcase_add_loop_test(tcase, good_header_is_read, 0, COUNT_OF(good));
	tcase_add_loop_test(tcase, anything_else_is_bad, 0, COUNT_OF(bad));
	tcase_add_test(tcase, other_protocols_are_seen_at_once);
	tcase_add_test(tcase, longest_header_is_exact);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
