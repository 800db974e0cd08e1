/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of an access log record: numbers, escaped client bytes.
 *
 * Leaves the choice and order of the parts to log_render.c, times to log_clock.c. Runs in a
 * worker, without privilege, once or more for every request: no printf, no locale. Rule:
 * nothing is written past the end, and no client byte comes out as a control byte, a bare
 * quote or a bare backslash.
 *
 * Text escapes as Apache does. JSON keeps valid UTF-8; a byte that is not part of it comes out
 * as \u00HH, that is as ISO 8859-1, which header fields were made of before RFC 9110: the line
 * stays valid and the byte can still be read from it. Controls (also U+007F to U+009F, which
 * terminals obey) come out as \u00HH too. Shown by tests/unit/workers/conn/test_log_render.c. */
#include "workers/conn/log_writer.h"

void
log_writer_bytes(struct log_writer *writer, const char *data, size_t bytes)
{
	size_t room = (size_t)(writer->end - writer->at);

	if (bytes > room) {
		writer->is_full = true;
		bytes = room;
	}
	memcpy(writer->at, data, bytes);
	writer->at += bytes;
}

/* Byte by byte: most texts of a format are shorter than two calls are long. */
void
log_writer_text(struct log_writer *writer, const char *text)
{
	char *at = writer->at;

	while (*text != '\0' && at < writer->end)
		*at++ = *text++;
	writer->at = at;
	writer->is_full |= *text != '\0';
}

void
log_writer_number(struct log_writer *writer, uint64_t number)
{
	char digits[20], *at = writer->at;
	size_t start = sizeof digits;

	do {
		digits[--start] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	/* One by one: a wider load would have to wait for the stores. */
	for (; start < sizeof digits && at < writer->end; start++)
		*at++ = digits[start];
	writer->at = at;
	writer->is_full |= start < sizeof digits;
}

void
log_writer_time_rfc3339(struct log_writer *writer, const struct log_clock *clock,
    unsigned wall_ms)
{
	char text[LOG_CLOCK_RFC3339_BYTES], *ms = text + LOG_CLOCK_MS_OFFSET;

	memcpy(text, clock->rfc3339, sizeof text);
	ms[0] = (char)('0' + wall_ms / 100 % 10);
	ms[1] = (char)('0' + wall_ms / 10 % 10);
	ms[2] = (char)('0' + wall_ms % 10);
	log_writer_bytes(writer, text, sizeof text);
}

void
log_writer_hex(struct log_writer *writer, uint64_t number)
{
	static const char digits[] = "0123456789abcdef";
	char text[16];
	size_t start = sizeof text;

	do {
		text[--start] = digits[number & 15];
		number >>= 4;
	} while (number > 0);
	log_writer_bytes(writer, text + start, sizeof text - start);
}

/* ---- values of the client ---- */

static const char hex_digits[] = "0123456789abcdef";

/* True for all that both kinds of format pass on as it is. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

#define WORD_BYTES sizeof (uint64_t)

/* is_plain() of eight bytes at once: the high bit of a byte is set in the sum when that byte is
 * not plain. Subtracting may also mark a byte behind a marked one, never none at all. */
static bool
are_plain(const char *data)
{
	uint64_t word, quote, backslash;

	memcpy(&word, data, sizeof word);
	quote = word ^ EACH_BYTE('"');
	backslash = word ^ EACH_BYTE('\\');
	return ((word | (word - EACH_BYTE(0x20)) | (word + EACH_BYTE(1)) |
	    (quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1))) & EACH_BYTE(0x80)) == 0;
}

static size_t
plain_run(const char *data, size_t bytes)
{
	size_t run = 0;

	while (run + 8 <= bytes && are_plain(data + run))
		run += 8;
	while (run < bytes && is_plain((unsigned char)data[run]))
		run++;
	return run;
}

/* Second byte of a short escape, or 0. */
static char
short_escape(unsigned char c)
{
	switch (c) {
	case '"': return '"';
	case '\\': return '\\';
	case '\n': return 'n';
	case '\r': return 'r';
	case '\t': return 't';
	default: return 0;
	}
}

/* One unit of output: what may be cut off but never cut through. taken: input bytes. */
struct unit {
	char text[6];
	size_t bytes, taken;
};

static void
escape_text(const char *data, size_t bytes, struct unit *unit_out)
{
	unsigned char c = (unsigned char)data[0];
	char letter = short_escape(c);

	(void)bytes;
	unit_out->taken = 1;
	unit_out->bytes = letter != 0 ? 2 : 4;
	unit_out->text[0] = '\\';
	unit_out->text[1] = letter != 0 ? letter : 'x';
	unit_out->text[2] = hex_digits[c >> 4];
	unit_out->text[3] = hex_digits[c & 15];
}

/* Bytes of the valid UTF-8 character at data (RFC 3629: no surrogates, no longer form than
 * needed, nothing above U+10FFFF), or 0. */
static size_t
utf8_bytes(const char *data, size_t bytes)
{
	const unsigned char *byte = (const unsigned char *)data;
	size_t need = byte[0] < 0xc2 ? 0 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 :
	    byte[0] < 0xf5 ? 4 : 0;

	if (need == 0 || need > bytes)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	if ((byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xed && byte[1] > 0x9f) ||
	    (byte[0] == 0xf0 && byte[1] < 0x90) || (byte[0] == 0xf4 && byte[1] > 0x8f))
		return 0;
	return need;
}

static void
escape_json(const char *data, size_t bytes, struct unit *unit_out)
{
	unsigned char c = (unsigned char)data[0];
	char letter = short_escape(c);
	size_t character = utf8_bytes(data, bytes);

	unit_out->taken = character > 0 ? character : 1;
	if (character == 2 && c == 0xc2 && (unsigned char)data[1] < 0xa0) {
		c = (unsigned char)data[1];     /* U+0080 to U+009F: controls */
	} else if (character > 0) {
		memcpy(unit_out->text, data, character);
		unit_out->bytes = character;
		return;
	}
	unit_out->bytes = letter != 0 ? 2 : 6;
	memcpy(unit_out->text, "\\u00", 4);
	if (letter != 0)
		unit_out->text[1] = letter;
	unit_out->text[4] = hex_digits[c >> 4];
	unit_out->text[5] = hex_digits[c & 15];
}

static void
put_escaped(struct log_writer *writer, struct slice value,
    void (*escape)(const char *data, size_t bytes, struct unit *unit_out))
{
	size_t room = (size_t)(writer->end - writer->at), used = 0;
	bool is_record_limit = room < writer->value_max_bytes;
	struct unit unit = { .bytes = 0 };

	if (!is_record_limit)
		room = writer->value_max_bytes;
	for (size_t at = 0; at < value.len; at += unit.taken, used += unit.bytes) {
		size_t run = plain_run(value.data + at, value.len - at);
		size_t kept = run < room - used ? run : room - used;

		memcpy(writer->at + used, value.data + at, kept);
		at += kept;
		used += kept;
		if (at == value.len)
			break;
		unit.bytes = 0;
		if (kept == run)
			escape(value.data + at, value.len - at, &unit);
		if (kept < run || unit.bytes > room - used) {
			writer->is_full |= is_record_limit;
			break;
		}
		/* The whole unit where there is room: a copy of fixed size is much cheaper. */
		if (room - used >= sizeof unit.text)
			memcpy(writer->at + used, unit.text, sizeof unit.text);
		else
			memcpy(writer->at + used, unit.text, unit.bytes);
	}
	writer->at += used;
}

/* Copies the value as long as it is plain; false: it is not, to its end. */
static bool
copy_plain(char *out, struct slice value)
{
	size_t at = 0;

	for (; at + WORD_BYTES < value.len; at += WORD_BYTES) {
		if (!are_plain(value.data + at))
			return false;
		memcpy(out + at, value.data + at, WORD_BYTES);
	}
	/* The last word may overlap the one before it. */
	if (value.len >= WORD_BYTES) {
		at = value.len - WORD_BYTES;
		memcpy(out + at, value.data + at, WORD_BYTES);
		return are_plain(value.data + at);
	}
	for (; at < value.len; at++) {
		if (!is_plain((unsigned char)value.data[at]))
			return false;
		out[at] = value.data[at];
	}
	return true;
}

/* Nearly all values: nothing to escape, and room for all. */
static bool
put_plain(struct log_writer *writer, struct slice value)
{
	if (value.len > (size_t)(writer->end - writer->at) ||
	    value.len > writer->value_max_bytes || !copy_plain(writer->at, value))
		return false;
	writer->at += value.len;
	return true;
}

void
log_writer_escaped(struct log_writer *writer, struct slice value)
{
	if (!put_plain(writer, value))
		put_escaped(writer, value, escape_text);
}

void
log_writer_escaped_json(struct log_writer *writer, struct slice value)
{
	if (!put_plain(writer, value))
		put_escaped(writer, value, escape_json);
}
