/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiles the access log's format into steps that a worker walks for each record.
 *
 * Leaves rendering and escaping to workers/conn/log_render.c. Runs in the master (or in the
 * child that tries a new configuration), possibly as root, on the administrator's text only.
 * Rule: what compiles renders to exactly one line, and its parts that no client decides fit
 * LOG_FORMAT_LEAST_MAX bytes. Shown by tests/unit/config/test_log_format.c. */
#include "config/log_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMMON "%h %l %u %t \"%r\" %>s %b"
#define COMBINED COMMON " \"%{Referer}i\" \"%{User-Agent}i\""

#define NUMBER_BYTES 20         /* 2^64 - 1 */
#define VALUE_BYTES 4           /* one escaped byte: \xHH */
#define ID_BYTES 33             /* two 64-bit numbers in hexadecimal */
#define PROTOCOL_BYTES (sizeof "TLSv1.3" - 1)
#define CIPHER_BYTES 32         /* OpenSSL's longest name has 31 */

static const struct directive {
	char letter;
	enum log_step_kind kind;
	unsigned least_bytes;   /* see LOG_FORMAT_LEAST_MAX */
} directives[] = {
	{ 'h', LOG_STEP_CLIENT, VALUE_BYTES },
	{ 'a', LOG_STEP_CLIENT, VALUE_BYTES },
	{ 'l', LOG_STEP_IDENT, 1 },
	{ 'u', LOG_STEP_USER, VALUE_BYTES },
	{ 't', LOG_STEP_TIME, sizeof "[10/Oct/2000:13:55:36 -0700]" - 1 },
	{ 'r', LOG_STEP_REQUEST_LINE, VALUE_BYTES },
	{ 's', LOG_STEP_STATUS, NUMBER_BYTES },
	{ 'B', LOG_STEP_BODY_BYTES, NUMBER_BYTES },
	{ 'b', LOG_STEP_BODY_BYTES_CLF, NUMBER_BYTES },
	{ 'O', LOG_STEP_SENT_BYTES, NUMBER_BYTES },
	{ 'I', LOG_STEP_RECEIVED_BYTES, NUMBER_BYTES },
	{ 'D', LOG_STEP_DURATION_US, NUMBER_BYTES },
	{ 'T', LOG_STEP_DURATION_S, NUMBER_BYTES },
	{ 'm', LOG_STEP_METHOD, VALUE_BYTES },
	{ 'U', LOG_STEP_TARGET, VALUE_BYTES },
	{ 'q', LOG_STEP_QUERY, VALUE_BYTES + 1 },
	{ 'H', LOG_STEP_PROTOCOL, VALUE_BYTES },
	{ 'v', LOG_STEP_HOST, VALUE_BYTES },
	{ 'V', LOG_STEP_HOST, VALUE_BYTES },
	{ 'P', LOG_STEP_PID, NUMBER_BYTES },
	{ 'X', LOG_STEP_CONNECTION_STATUS, 1 },
	{ 'k', LOG_STEP_KEEPALIVE_COUNT, NUMBER_BYTES },
	{ 'p', LOG_STEP_PORT, NUMBER_BYTES },
	{ 'L', LOG_STEP_ID, ID_BYTES },
};

/* With braces: a word that chooses, or the name of a field. */
static const struct braced {
	char letter;
	const char *word;           /* NULL: the name of a header field */
	enum log_step_kind kind;
	unsigned least_bytes;
} braced[] = {
	{ 'i', NULL, LOG_STEP_FIELD, VALUE_BYTES },
	{ 'o', NULL, LOG_STEP_ANSWER_FIELD, VALUE_BYTES },
	{ 'T', "s", LOG_STEP_DURATION_S, NUMBER_BYTES },
	{ 'T', "ms", LOG_STEP_DURATION_MS, NUMBER_BYTES },
	{ 'T', "us", LOG_STEP_DURATION_US, NUMBER_BYTES },
	{ 'a', "c", LOG_STEP_PEER, VALUE_BYTES },
	{ 'x', "SSL_PROTOCOL", LOG_STEP_TLS_PROTOCOL, PROTOCOL_BYTES },
	{ 'x', "SSL_CIPHER", LOG_STEP_TLS_CIPHER, CIPHER_BYTES },
	{ 'x', "SSL_CLIENT_S_DN", LOG_STEP_TLS_CLIENT_SUBJECT, VALUE_BYTES },
	{ 'x', "SSL_CLIENT_VERIFY", LOG_STEP_TLS_CLIENT_VERIFY, sizeof "SUCCESS" - 1 },
	{ 'x', "SSL_TLS_SNI", LOG_STEP_TLS_SNI, VALUE_BYTES },
};

struct compiler {
	const char *start, *at;     /* the format string and what is not read yet */
	struct log_format *format;  /* steps has room for one step a byte */
	size_t least_bytes;
	char *errbuf;
	size_t errbuf_bytes;
};

static bool
add_step(struct compiler *compiler, enum log_step_kind kind, const char *text, size_t text_bytes)
{
	struct log_step *step = &compiler->format->steps[compiler->format->step_count];

	step->kind = kind;
	if (text != NULL && (step->text = strndup(text, text_bytes)) == NULL) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes, "out of memory");
		return false;
	}
	compiler->format->step_count++;
	return true;
}

/* Text up to the next directive; "%%" stands for a percent sign and begins a text of its own. */
static bool
compile_text(struct compiler *compiler)
{
	size_t bytes = 1;       /* the percent sign that compile_next() left, or a first byte */

	while (compiler->at[bytes] != '\0' && compiler->at[bytes] != '%')
		bytes++;
	if (!add_step(compiler, LOG_STEP_TEXT, compiler->at, bytes))
		return false;
	compiler->least_bytes += bytes;
	compiler->at += bytes;
	return true;
}

/* A token of RFC 9110 5.6.2, since a header field of another name can't be received. */
static bool
is_field_name(const char *name, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", name[i]))
			return false;
	return bytes > 0;
}

/* The row for %{word}letter; NULL: there is none. */
static const struct braced *
find_braced(const char *word, size_t word_bytes, char letter)
{
	for (size_t i = 0; i < sizeof braced / sizeof braced[0]; i++) {
		const char *wanted = braced[i].word;

		if (braced[i].letter == letter && (wanted == NULL ||
		    (strlen(wanted) == word_bytes && memcmp(wanted, word, word_bytes) == 0)))
			return &braced[i];
	}
	return NULL;
}

/* Who reads a log must not be able to be somebody else by it; a cookie may be a session. */
static bool
is_credential(const char *name, size_t bytes)
{
	static const char *const names[] = {
		"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strlen(names[i]) == bytes && strncasecmp(names[i], name, bytes) == 0)
			return true;
	}
	return false;
}

/* at: behind "%{". */
static bool
compile_braces(struct compiler *compiler)
{
	const char *word = compiler->at, *end = strchr(word, '}');
	const struct braced *row;
	size_t bytes;

	if (end == NULL) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "\"%%{\" without \"}\" in the format, expected %%{Name}i");
		return false;
	}
	bytes = (size_t)(end - word);
	row = find_braced(word, bytes, end[1]);
	if (row == NULL) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "unknown directive %%{%.*s}%.1s, expected %%{Name}i for a field of the "
		    "request, %%{Name}o of the answer, %%{ms}T, %%{us}T, %%{s}T, %%{c}a, "
		    "%%{SSL_PROTOCOL}x, %%{SSL_CIPHER}x, %%{SSL_CLIENT_S_DN}x, "
		    "%%{SSL_CLIENT_VERIFY}x or %%{SSL_TLS_SNI}x",
		    (int)bytes, word, end + 1);
		return false;
	}
	if (row->word == NULL && !is_field_name(word, bytes)) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "\"%.*s\" in %%{...}%c, expected the name of a header field",
		    (int)bytes, word, row->letter);
		return false;
	}
	if (row->word == NULL && is_credential(word, bytes)) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "%%{%.*s}%c would write credentials, expected another field (%%u is the user)",
		    (int)bytes, word, row->letter);
		return false;
	}
	if (!add_step(compiler, row->kind, row->word == NULL ? word : NULL, bytes))
		return false;
	compiler->least_bytes += row->least_bytes;
	compiler->at = end + 2;
	return true;
}

/* at: behind "%", and neither "%" nor "{" follows. */
static bool
compile_letter(struct compiler *compiler)
{
	/* Apache tells the first from the last internal redirect; here they are one. */
	bool has_arrow = compiler->at[0] == '>' || compiler->at[0] == '<';
	char letter = compiler->at[has_arrow];

	for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++) {
		if (directives[i].letter != letter || (has_arrow && letter != 's'))
			continue;
		compiler->at += has_arrow + 1;
		compiler->least_bytes += directives[i].least_bytes;
		return add_step(compiler, directives[i].kind, NULL, 0);
	}
	if (compiler->at[0] == '\0')
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "\"%%\" at the end of the format, expected a directive or \"%%%%\"");
	else
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "unknown directive %%%.*s at byte %zu of the format, expected one of "
		    "%%h %%a %%l %%u %%t %%r %%s %%>s %%b %%B %%O %%I %%D %%T %%m %%U %%q %%H "
		    "%%v %%V %%P %%X %%k %%p %%L %%{Name}i %%{Name}o %%{ms}T %%{c}a "
		    "%%%%",
		    has_arrow ? 2 : 1, compiler->at,
		    (size_t)(compiler->at - compiler->start));
	return false;
}

static bool
compile_next(struct compiler *compiler)
{
	if (compiler->at[0] != '%')
		return compile_text(compiler);
	compiler->at++;
	if (compiler->at[0] == '%')
		return compile_text(compiler);
	if (compiler->at[0] == '{') {
		compiler->at++;
		return compile_braces(compiler);
	}
	return compile_letter(compiler);
}

/* A record is one line; and messages quote the format. */
static bool
is_one_line(struct compiler *compiler)
{
	for (const char *c = compiler->start; *c != '\0'; c++) {
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
			snprintf(compiler->errbuf, compiler->errbuf_bytes,
			    "control byte 0x%02x at byte %zu of the format, expected one line",
			    (unsigned char)*c, (size_t)(c - compiler->start) + 1);
			return false;
		}
	}
	return true;
}

static bool
compile_string(struct compiler *compiler)
{
	bool has_directive = false;

	if (!is_one_line(compiler))
		return false;
	while (compiler->at[0] != '\0') {
		if (!compile_next(compiler))
			return false;
		has_directive |= compiler->format->steps[compiler->format->step_count - 1].kind !=
		    LOG_STEP_TEXT;
	}
	/* Most likely a misspelt name; it would write the same line for every request. */
	if (!has_directive) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "\"%.40s\" is no log format, expected common, combined, json or a format "
		    "string such as \"%%h %%t %%r %%>s\"", compiler->start);
		return false;
	}
	if (compiler->least_bytes > LOG_FORMAT_LEAST_MAX) {
		snprintf(compiler->errbuf, compiler->errbuf_bytes,
		    "the format is too long: a record may take %zu bytes before any value of the "
		    "client, expected at most %d", compiler->least_bytes, LOG_FORMAT_LEAST_MAX);
		return false;
	}
	return true;
}

struct log_format *
log_format_compile(const char *name_or_format, char *errbuf, size_t errbuf_bytes)
{
	const char *text = name_or_format;
	struct compiler compiler = { .errbuf = errbuf, .errbuf_bytes = errbuf_bytes };

	if (strcmp(text, "common") == 0)
		text = COMMON;
	else if (strcmp(text, "combined") == 0)
		text = COMBINED;
	compiler.start = compiler.at = text;
	compiler.format = calloc(1, sizeof *compiler.format);
	if (compiler.format == NULL)
		goto no_memory;
	if (strcmp(text, "json") == 0) {
		compiler.format->is_json = true;
		return compiler.format;
	}
	compiler.format->steps = calloc(strlen(text) + 1, sizeof *compiler.format->steps);
	if (compiler.format->steps == NULL)
		goto no_memory;
	if (!compile_string(&compiler))
		goto failed;
	return compiler.format;

no_memory:
	snprintf(errbuf, errbuf_bytes, "out of memory");
failed:
	log_format_free(&compiler.format);
	return NULL;
}

void
log_format_free(struct log_format **format)
{
	if (*format == NULL)
		return;
	/* The room for steps is zeroed, so a step that failed half-way has no text. */
	for (size_t i = 0; i < (*format)->step_count; i++)
		free((*format)->steps[i].text);
	free((*format)->steps);
	free(*format);
	*format = NULL;
}
