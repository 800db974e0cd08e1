/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of byte classes that all parsers of this folder look bytes up in.
 *
 * What a class means for a message is the business of the files that ask. Runs in the
 * workers, as the unprivileged user; constant data only.
 * Must stay true: a byte that is a CTL belongs to no other class, and no byte from 0x80
 * on belongs to any. Shown by test_headers.c and test_uri.c, which go through all 256.
 */
#include "workers/http/bytes.h"

#define TARGET (BYTE_PATH | BYTE_QUERY)
#define ALNUM (BYTE_TOKEN | TARGET | BYTE_REG_NAME)

/* The path takes, beyond RFC 3986's pchar and '/', what clients send raw all the same:
 * [ ] ^ ` { | }. A backslash only in the query: some programs take it for a slash. */
const unsigned char http_byte_classes[256] = {
	[0x00 ... 0x08] = BYTE_CONTROL,
	[0x0a ... 0x1f] = BYTE_CONTROL,
	[0x7f] = BYTE_CONTROL,
	['0' ... '9'] = ALNUM | BYTE_DIGIT | BYTE_HEX,
	['A' ... 'F'] = ALNUM | BYTE_HEX,
	['G' ... 'Z'] = ALNUM,
	['a' ... 'f'] = ALNUM | BYTE_HEX,
	['g' ... 'z'] = ALNUM,
	['!'] = ALNUM,
	['$'] = ALNUM,
	['&'] = ALNUM,
	['\''] = ALNUM,
	['*'] = ALNUM,
	['+'] = ALNUM,
	['-'] = ALNUM,
	['.'] = ALNUM,
	['_'] = ALNUM,
	['~'] = ALNUM,
	['#'] = BYTE_TOKEN,
	['%'] = BYTE_TOKEN | TARGET,
	['^'] = BYTE_TOKEN | TARGET,
	['`'] = BYTE_TOKEN | TARGET,
	['|'] = BYTE_TOKEN | TARGET,
	['('] = TARGET | BYTE_REG_NAME,
	[')'] = TARGET | BYTE_REG_NAME,
	[','] = TARGET | BYTE_REG_NAME,
	[';'] = TARGET | BYTE_REG_NAME,
	['='] = TARGET | BYTE_REG_NAME,
	['/'] = TARGET,
	[':'] = TARGET,
	['@'] = TARGET,
	['['] = TARGET,
	[']'] = TARGET,
	['{'] = TARGET,
	['}'] = TARGET,
	['?'] = BYTE_QUERY,
	['\\'] = BYTE_QUERY,
};
