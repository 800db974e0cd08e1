/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of an access log record: numbers, times, escaped client bytes.
 *
 * Leaves the choice and order of the parts to log_render.c. Runs in a worker, without privilege,
 * once or more for every request: no printf, no locale, no localtime(). Rule: nothing is
 * written past the end, and no client byte comes out as a control byte, a bare quote or a
 * bare backslash.
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

void
log_writer_text(struct log_writer *writer, const char *text)
{
	log_writer_bytes(writer, text, strlen(text));
}

void
log_writer_number(struct log_writer *writer, uint64_t number)
{
	char digits[20];
	size_t start = sizeof digits;

	do {
		digits[--start] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	log_writer_bytes(writer, digits + start, sizeof digits - start);
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

/* The last `count` decimal digits. */
static char *
write_digits(char *out, unsigned count, unsigned number)
{
	for (unsigned i = count; i > 0; i--) {
		out[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	return out + count;
}

/* ---- time ---- */

struct civil {
	unsigned year, month, day, hour, minute, second;
	char offset_sign;
	unsigned offset_hour, offset_minute;
};

#define DAY_S 86400
#define WALL_MAX_S 253402214399 /* 9999-12-30 23:59:59, so that a year has four digits anywhere */

/* Days to date by the usual arithmetic on 400-year eras that begin on 1 March: the leap day
 * is then the last of its year. No localtime(): it takes a lock and reads the environment. */
static struct civil
civil_from_time(struct log_time time)
{
	int64_t utc_s = time.wall_s < DAY_S ? DAY_S :
	    time.wall_s > WALL_MAX_S ? WALL_MAX_S : time.wall_s;
	int offset_min = time.utc_offset_min % 1440;
	uint64_t local_s = (uint64_t)(utc_s + offset_min * 60);
	uint64_t day = local_s / DAY_S + 719468;        /* since 0000-03-01 */
	unsigned second = (unsigned)(local_s % DAY_S);
	unsigned day_of_era = (unsigned)(day % 146097);
	unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	    day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 -
	    year_of_era / 100);
	unsigned march_month = (5 * day_of_year + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
	unsigned absolute_min = (unsigned)(offset_min < 0 ? -offset_min : offset_min);

	return (struct civil){
		.year = (unsigned)(day / 146097) * 400 + year_of_era + (month <= 2),
		.month = month,
		.day = day_of_year - (153 * march_month + 2) / 5 + 1,
		.hour = second / 3600, .minute = second / 60 % 60, .second = second % 60,
		.offset_sign = offset_min < 0 ? '-' : '+',
		.offset_hour = absolute_min / 60, .offset_minute = absolute_min % 60,
	};
}

/* "13:55:36" */
static char *
write_clock(char *out, const struct civil *civil)
{
	out = write_digits(out, 2, civil->hour);
	*out++ = ':';
	out = write_digits(out, 2, civil->minute);
	*out++ = ':';
	return write_digits(out, 2, civil->second);
}

void
log_writer_time_clf(struct log_writer *writer, struct log_time time)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil civil = civil_from_time(time);
	char text[28], *at = text;

	*at++ = '[';
	at = write_digits(at, 2, civil.day);
	*at++ = '/';
	memcpy(at, months + 3 * (civil.month - 1), 3);
	at += 3;
	*at++ = '/';
	at = write_digits(at, 4, civil.year);
	*at++ = ':';
	at = write_clock(at, &civil);
	*at++ = ' ';
	*at++ = civil.offset_sign;
	at = write_digits(at, 2, civil.offset_hour);
	at = write_digits(at, 2, civil.offset_minute);
	*at++ = ']';
	log_writer_bytes(writer, text, (size_t)(at - text));
}

void
log_writer_time_rfc3339(struct log_writer *writer, struct log_time time)
{
	struct civil civil = civil_from_time(time);
	char text[29], *at = text;

	at = write_digits(at, 4, civil.year);
	*at++ = '-';
	at = write_digits(at, 2, civil.month);
	*at++ = '-';
	at = write_digits(at, 2, civil.day);
	*at++ = 'T';
	at = write_clock(at, &civil);
	*at++ = '.';
	at = write_digits(at, 3, time.wall_ms);
	*at++ = civil.offset_sign;
	at = write_digits(at, 2, civil.offset_hour);
	*at++ = ':';
	at = write_digits(at, 2, civil.offset_minute);
	log_writer_bytes(writer, text, (size_t)(at - text));
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

void
log_writer_escaped(struct log_writer *writer, struct slice value)
{
	put_escaped(writer, value, escape_text);
}

void
log_writer_escaped_json(struct log_writer *writer, struct slice value)
{
	put_escaped(writer, value, escape_json);
}
