/* SPDX-License-Identifier: BSD-2-Clause */
/* From seconds since 1970 to the two forms of time in access logs.
 *
 * Leaves the clock and the time zone to the caller, milliseconds to log_writer.c. Runs in the
 * processes that answer requests, without privilege: no printf, no locale, no localtime().
 * Rule: the texts always belong to wall_s and utc_offset_min, so a record's time never depends
 * on the record before it. Shown by tests/unit/workers/conn/test_log_render.c. */
#include "workers/conn/log_clock.h"

#include <stdbool.h>
#include <string.h>

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
civil_from_time(int64_t wall_s, int utc_offset_min)
{
	int64_t utc_s = wall_s < DAY_S ? DAY_S : wall_s > WALL_MAX_S ? WALL_MAX_S : wall_s;
	int offset_min = utc_offset_min % 1440;
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

static void
write_clf(char *out, const struct civil *civil)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	*out++ = '[';
	out = write_digits(out, 2, civil->day);
	*out++ = '/';
	memcpy(out, months + 3 * (civil->month - 1), 3);
	out += 3;
	*out++ = '/';
	out = write_digits(out, 4, civil->year);
	*out++ = ':';
	out = write_clock(out, civil);
	*out++ = ' ';
	*out++ = civil->offset_sign;
	out = write_digits(out, 2, civil->offset_hour);
	out = write_digits(out, 2, civil->offset_minute);
	*out = ']';
}

static void
write_rfc3339(char *out, const struct civil *civil)
{
	out = write_digits(out, 4, civil->year);
	*out++ = '-';
	out = write_digits(out, 2, civil->month);
	*out++ = '-';
	out = write_digits(out, 2, civil->day);
	*out++ = 'T';
	out = write_clock(out, civil);
	*out++ = '.';
	out = write_digits(out, 3, 0);
	*out++ = civil->offset_sign;
	out = write_digits(out, 2, civil->offset_hour);
	*out++ = ':';
	write_digits(out, 2, civil->offset_minute);
}

void
log_clock_set(struct log_clock *clock, int64_t wall_s, int utc_offset_min)
{
	bool is_set = clock->clf[0] != '\0';
	struct civil civil;

	if (is_set && clock->wall_s == wall_s && clock->utc_offset_min == utc_offset_min)
		return;
	civil = civil_from_time(wall_s, utc_offset_min);
	clock->wall_s = wall_s;
	clock->utc_offset_min = utc_offset_min;
	write_clf(clock->clf, &civil);
	write_rfc3339(clock->rfc3339, &civil);
}
