/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Headers of the PROXY protocol (HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2).
 *
 * Whether one is wanted, and what becomes of a connection without, is left to the caller.
 * Runs in the workers, as the unprivileged user, on bytes that anybody may have sent.
 * Must stay true: the verdict depends on the bytes alone, not on how they come; no more is
 * asked for than the header at hand can need. TLVs are skipped, but their lengths must add
 * up, and a checksum among them must be right: it costs nothing where there is none, and a
 * sender that adds one wants it looked at. Shown by test_proxy_protocol.c and
 * fuzz_proxy_protocol.c.
 */
#include "workers/http/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define LINE_MAX_BYTES 107          /* version 1, with CRLF */
#define FIXED_BYTES 16              /* version 2: signature, command, family, length */
#define IPV4_BYTES 12
#define IPV6_BYTES 36
#define UNIX_BYTES 216
#define TLV_CRC32C 0x03
#define TLV_SSL 0x20
#define TLV_SSL_FIXED_BYTES 5       /* of its value, before further TLVs */
#define SSL_IS_CLIENT 0x01

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n"; /* 12 bytes without the NUL */

static enum http_verdict
refuse(struct proxy_protocol *header, const char *reason)
{
	header->error_reason = reason;
	return HTTP_BAD;
}

/* Takes the next word of a line that ends with its last one. False: no single space. */
static bool
take_word(struct slice *rest, struct slice *word_out)
{
	const char *space = rest->len > 0 ? memchr(rest->data, ' ', rest->len) : NULL;
	size_t len = space != NULL ? (size_t)(space - rest->data) : rest->len;

	*word_out = slice_make(rest->data, len);
	if (space != NULL)
		len++;
	rest->data += len;
	rest->len -= len;
	return word_out->len > 0;
}

static bool
read_port(struct slice word, in_port_t *port_out)
{
	unsigned port = 0;

	if (word.len == 0 || word.len > 5 || (word.data[0] == '0' && word.len > 1))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		port = port * 10 + (unsigned)(word.data[i] - '0');
	}
	*port_out = htons((uint16_t)port);
	return port <= 65535;
}

static bool
read_address(struct slice word, int family, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (void *)out;
	struct sockaddr_in6 *six = (void *)out;
	char text[INET6_ADDRSTRLEN];

	if (word.len >= sizeof text || memchr(word.data, '\0', word.len) != NULL)
		return false;
	memcpy(text, word.data, word.len);
	text[word.len] = '\0';
	out->ss_family = (sa_family_t)family;
	return inet_pton(family, text, family == AF_INET ? (void *)&four->sin_addr :
	    (void *)&six->sin6_addr) == 1;
}

static void
set_port(struct sockaddr_storage *address, in_port_t port)
{
	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
	    offsetof(struct sockaddr_in6, sin6_port), "it is set in both");

	((struct sockaddr_in *)address)->sin_port = port;
}

/* "TCP4 192.0.2.1 192.0.2.2 1234 80": exactly one space, no zeros in front. */
static bool
read_line(struct slice line, struct proxy_protocol *header)
{
	struct slice words[5];
	in_port_t source_port, destination_port;
	int family;

	for (size_t i = 0; i < 5; i++)
		if (!take_word(&line, &words[i]))
			return false;
	/* Nothing behind the last word, which also did not end with a space. */
	if (line.len > 0 || words[4].data + words[4].len != line.data)
		return false;
	if (slice_equal(words[0], SLICE_LITERAL("TCP4")))
		family = AF_INET;
	else if (slice_equal(words[0], SLICE_LITERAL("TCP6")))
		family = AF_INET6;
	else
		return false;
	if (!read_address(words[1], family, &header->source) ||
	    !read_address(words[2], family, &header->destination) ||
	    !read_port(words[3], &source_port) || !read_port(words[4], &destination_port))
		return false;
	set_port(&header->source, source_port);
	set_port(&header->destination, destination_port);
	header->has_addresses = true;
	return true;
}

static enum http_verdict
parse_line(const char *buf, size_t len, struct proxy_protocol *header)
{
	static const struct slice start = { "PROXY ", 6 }, unknown = { "UNKNOWN", 7 };
	size_t seen = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES, at;
	struct slice line;

	if (memcmp(buf, start.data, seen < start.len ? seen : start.len) != 0)
		return refuse(header, "it does not begin with a PROXY header");
	for (at = start.len; at < seen && buf[at] != '\r' && buf[at] != '\n'; at++)
		continue;
	/* Only CRLF ends the line. */
	if (at < seen && (buf[at] == '\n' || (at + 1 < seen && buf[at + 1] != '\n')))
		return refuse(header, "the PROXY line does not end with CRLF");
	if (at + 1 >= seen)
		return seen < LINE_MAX_BYTES ? HTTP_NEED_MORE :
		    refuse(header, "the PROXY line is too long");
	line = slice_make(buf + start.len, at - start.len);
	header->header_bytes = at + 2;
	if (slice_starts_with(line, unknown) &&
	    (line.len == unknown.len || line.data[unknown.len] == ' '))
		return HTTP_COMPLETE; /* what else it says is to be ignored */
	if (!read_line(line, header))
		return refuse(header, "the PROXY line is malformed");
	return HTTP_COMPLETE;
}

static unsigned
read_16(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;

	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* CRC-32C (RFC 9260 appendix A, reflected) a bit at a time: seldom needed, and never long.
 * The four bytes at `hole` count as 0. */
static uint32_t
checksum(const char *buf, size_t len, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= i >= hole && i < hole + 4 ? 0 : (unsigned char)buf[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc % 2 != 0 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

/* Takes the next TLV. False: the rest is none, *rest is not empty then. */
static bool
take_tlv(struct slice *rest, unsigned *type_out, struct slice *value_out)
{
	size_t len;

	if (rest->len < 3)
		return false;
	*type_out = (unsigned char)rest->data[0];
	len = read_16(rest->data + 1);
	if (len > rest->len - 3)
		return false;
	*value_out = slice_make(rest->data + 3, len);
	rest->data += 3 + len;
	rest->len -= 3 + len;
	return true;
}

static bool
read_ssl(struct slice value, struct proxy_protocol *header)
{
	struct slice rest, inner;
	unsigned type;

	if (value.len < TLV_SSL_FIXED_BYTES)
		return false;
	header->is_https = ((unsigned char)value.data[0] & SSL_IS_CLIENT) != 0;
	rest = slice_make(value.data + TLV_SSL_FIXED_BYTES, value.len - TLV_SSL_FIXED_BYTES);
	while (take_tlv(&rest, &type, &inner))
		continue;
	return rest.len == 0;
}

static bool
read_tlvs(const char *buf, size_t len, struct slice rest, struct proxy_protocol *header)
{
	struct slice value;
	unsigned type, checksum_count = 0;

	while (take_tlv(&rest, &type, &value)) {
		if (type == TLV_SSL && !read_ssl(value, header))
			return false;
		if (type != TLV_CRC32C)
			continue;
		/* One only: so the whole is gone through once more, not as often as it says. */
		if (++checksum_count > 1 || value.len != 4 ||
		    checksum(buf, len, (size_t)(value.data - buf)) !=
		    ((uint32_t)read_16(value.data) << 16 | read_16(value.data + 2)))
			return false;
	}
	return rest.len == 0;
}

/* From the block of addresses. False: it is too short. */
static bool
read_addresses(struct slice *rest, unsigned family, struct proxy_protocol *header)
{
	struct sockaddr_in *four[] = { (void *)&header->source, (void *)&header->destination };
	struct sockaddr_in6 *six[] = { (void *)&header->source, (void *)&header->destination };
	size_t bytes = family == 1 ? IPV4_BYTES : family == 2 ? IPV6_BYTES : UNIX_BYTES;
	const char *at = rest->data;

	if (rest->len < bytes)
		return false;
	rest->data += bytes;
	rest->len -= bytes;
	header->has_addresses = true;
	for (size_t i = 0; i < 2; i++) {
		if (family == 1) {
			four[i]->sin_family = AF_INET;
			memcpy(&four[i]->sin_addr, at + i * 4, 4);
			memcpy(&four[i]->sin_port, at + 8 + i * 2, 2);
		} else if (family == 2) {
			six[i]->sin6_family = AF_INET6;
			memcpy(&six[i]->sin6_addr, at + i * 16, 16);
			memcpy(&six[i]->sin6_port, at + 32 + i * 2, 2);
		} else {
			six[i]->sin6_family = AF_UNIX;
		}
	}
	return true;
}

static enum http_verdict
parse_binary(const char *buf, size_t len, struct proxy_protocol *header)
{
	unsigned command, family, transport, bytes;
	struct slice rest;

	if (len >= 13 && (unsigned char)buf[12] >> 4 != 2)
		return refuse(header, "the PROXY header is of an unknown version");
	if (len < FIXED_BYTES)
		return HTTP_NEED_MORE;
	command = (unsigned char)buf[12] & 0x0f;
	family = (unsigned char)buf[13] >> 4;
	transport = (unsigned char)buf[13] & 0x0f;
	bytes = read_16(buf + 14);
	if (command > 1)
		return refuse(header, "the PROXY header has an unknown command");
	if (command == 1 && (family > 3 || transport > 2))
		return refuse(header, "the PROXY header has an unknown family or transport");
	if (bytes > PROXY_PROTOCOL_MAX_BYTES - FIXED_BYTES)
		return refuse(header, "the PROXY header is too long");
	if (len < FIXED_BYTES + bytes)
		return HTTP_NEED_MORE;
	header->header_bytes = FIXED_BYTES + bytes;
	/* LOCAL, or nothing that could be told: what else it holds is to be ignored. */
	if (command == 0 || family == 0 || transport == 0)
		return HTTP_COMPLETE;
	rest = slice_make(buf + FIXED_BYTES, bytes);
	if (!read_addresses(&rest, family, header))
		return refuse(header, "the PROXY header is too short for its addresses");
	if (!read_tlvs(buf, header->header_bytes, rest, header))
		return refuse(header, "the PROXY header has malformed TLVs or a wrong checksum");
	return HTTP_COMPLETE;
}

enum http_verdict
proxy_protocol_parse(const char *buf, size_t len, struct proxy_protocol *header)
{
	size_t signature_bytes = sizeof signature - 1;

	memset(header, 0, sizeof *header);
	if (len == 0)
		return HTTP_NEED_MORE;
	if (buf[0] != signature[0])
		return parse_line(buf, len, header);
	if (memcmp(buf, signature, len < signature_bytes ? len : signature_bytes) != 0)
		return refuse(header, "it does not begin with a PROXY header");
	return parse_binary(buf, len, header);
}
