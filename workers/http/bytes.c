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
#define MARK (BYTE_TOKEN | TARGET | BYTE_REG_NAME)
#define ALNUM (MARK | BYTE_HOST)

/* A host's name is what DNS and host files hold, and the underscore: no '%', no sub-delims
 * of RFC 3986's reg-name, which nobody uses and two programs may read as two names.
 * The path takes, beyond RFC 3986's pchar and '/', what clients send raw all the same:
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
	['!'] = MARK,
	['$'] = MARK,
	['&'] = MARK,
	['\''] = MARK,
	['*'] = MARK,
	['+'] = MARK,
	['-'] = ALNUM,
	['.'] = ALNUM,
	['_'] = ALNUM,
	['~'] = MARK,
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
