/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP dates (RFC 9110 5.6.7) to seconds since 1970 and back.
 *
 * What time it is the caller says. Runs in the workers, as the unprivileged user; what is
 * parsed came from a client.
 * Must stay true: what http_date_format() writes http_date_parse() reads back as the same
 * time, from year 1 to year 9999. Shown by test_date.c and fuzz_date.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/date.h"

#define DAY_S 86400
#define YEAR_1_S (-62135596800)     /* 0001-01-01 00:00:00 */
#define YEAR_9999_S 253402300799    /* 9999-12-31 23:59:59 */

static const char day_names[7][10] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"
};
static const char month_names[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

struct moment {
	int year;
	int month;                  /* 1..12 */
	int day;                    /* 1..31 */
	int hour, minute, second;   /* second: 60 in a leap second */
};

/* Days since 1970-01-01. The year is taken to start in March, so that the leap day comes
 * last and 153 days are five months; 400 years are 146097 days. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t march_year = (int64_t)year - (month <= 2), era, year_of_era, day_of_year;

	era = (march_year >= 0 ? march_year : march_year - 399) / 400;
	year_of_era = march_year - era * 400;
	day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	    day_of_year - 719468;
}

static int64_t
seconds_of(const struct moment *at)
{
	return days_of(at->year, at->month, at->day) * DAY_S +
	    at->hour * 3600 + at->minute * 60 + at->second;
}

static int64_t
clamp_time(int64_t time_s)
{
	return time_s < YEAR_1_S ? YEAR_1_S : time_s > YEAR_9999_S ? YEAR_9999_S : time_s;
}

/* The way back of days_of(); *weekday_out: 0 is Sunday. time_s: years 1 to 9999. */
static struct moment
moment_of(int64_t time_s, int *weekday_out)
{
	int64_t since_0000_s = time_s + 719468LL * DAY_S;
	int days = (int)(since_0000_s / DAY_S), rest_s = (int)(since_0000_s % DAY_S);
	int era = days / 146097, day_of_era = days % 146097, year_of_era, day_of_year, march_month;
	struct moment at;

	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	    day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	march_month = (5 * day_of_year + 2) / 153;
	at.day = day_of_year - (153 * march_month + 2) / 5 + 1;
	at.month = march_month < 10 ? march_month + 3 : march_month - 9;
	at.year = era * 400 + year_of_era + (at.month <= 2);
	at.hour = rest_s / 3600;
	at.minute = rest_s / 60 % 60;
	at.second = rest_s % 60;
	*weekday_out = (days + 3) % 7;      /* 0000-03-01 was a Wednesday */
	return at;
}

static char *
put_digits(char *out, int number, int digit_count)
{
	for (int i = digit_count - 1; i >= 0; i--, number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + digit_count;
}

static char *
put_name(char *out, const char *name)
{
	memcpy(out, name, 3);
	return out + 3;
}

void
http_date_format(int64_t time_s, char out[HTTP_DATE_BYTES + 1])
{
	int weekday;
	struct moment at = moment_of(clamp_time(time_s), &weekday);

	out = put_name(out, day_names[weekday]);
	*out++ = ',';
	*out++ = ' ';
	out = put_digits(out, at.day, 2);
	*out++ = ' ';
	out = put_name(out, month_names[at.month - 1]);
	*out++ = ' ';
	out = put_digits(out, at.year, 4);
	*out++ = ' ';
	out = put_digits(out, at.hour, 2);
	*out++ = ':';
	out = put_digits(out, at.minute, 2);
	*out++ = ':';
	out = put_digits(out, at.second, 2);
	memcpy(out, " GMT", 5);
}

static bool
take_text(struct slice *rest, struct slice text)
{
	if (!slice_starts_with(*rest, text))
		return false;
	rest->data += text.len;
	rest->len -= text.len;
	return true;
}

static bool
take_number(struct slice *rest, size_t digit_count, int *number_out)
{
	if (rest->len < digit_count)
		return false;
	*number_out = 0;
	for (size_t i = 0; i < digit_count; i++) {
		if (!byte_is(rest->data[i], BYTE_DIGIT))
			return false;
		*number_out = *number_out * 10 + rest->data[i] - '0';
	}
	rest->data += digit_count;
	rest->len -= digit_count;
	return true;
}

/* Names are case-sensitive (RFC 9110 5.6.7). The weekday must be one, but it need not fit
 * the date: it says nothing new, and people who write a date by hand get it wrong. */
static bool
take_weekday(struct slice *rest, bool is_long)
{
	for (unsigned i = 0; i < 7; i++) {
		struct slice name = slice_make(day_names[i], is_long ? strlen(day_names[i]) : 3);

		if (take_text(rest, name))
			return true;
	}
	return false;
}

static bool
take_month(struct slice *rest, int *month_out)
{
	for (int i = 0; i < 12; i++)
		if (take_text(rest, slice_make(month_names[i], 3))) {
			*month_out = i + 1;
			return true;
		}
	return false;
}

static bool
take_clock(struct slice *rest, struct moment *at)
{
	return take_number(rest, 2, &at->hour) && take_text(rest, SLICE_LITERAL(":")) &&
	    take_number(rest, 2, &at->minute) && take_text(rest, SLICE_LITERAL(":")) &&
	    take_number(rest, 2, &at->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool
read_imf(struct slice rest, struct moment *at)
{
	return take_weekday(&rest, false) && take_text(&rest, SLICE_LITERAL(", ")) &&
	    take_number(&rest, 2, &at->day) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_month(&rest, &at->month) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_number(&rest, 4, &at->year) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_clock(&rest, at) && slice_equal(rest, SLICE_LITERAL(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; the year stays two digits here */
static bool
read_rfc850(struct slice rest, struct moment *at)
{
	return take_weekday(&rest, true) && take_text(&rest, SLICE_LITERAL(", ")) &&
	    take_number(&rest, 2, &at->day) && take_text(&rest, SLICE_LITERAL("-")) &&
	    take_month(&rest, &at->month) && take_text(&rest, SLICE_LITERAL("-")) &&
	    take_number(&rest, 2, &at->year) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_clock(&rest, at) && slice_equal(rest, SLICE_LITERAL(" GMT"));
}

/* "Sun Nov  6 08:49:37 1994" */
static bool
read_asctime(struct slice rest, struct moment *at)
{
	return take_weekday(&rest, false) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_month(&rest, &at->month) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    (take_text(&rest, SLICE_LITERAL(" ")) ? take_number(&rest, 1, &at->day) :
	    take_number(&rest, 2, &at->day)) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_clock(&rest, at) && take_text(&rest, SLICE_LITERAL(" ")) &&
	    take_number(&rest, 4, &at->year) && rest.len == 0;
}

/* The latest year with these two digits that is not more than 50 years ahead of now. */
static int
full_year(const struct moment *at, int64_t now_s)
{
	int weekday, top;
	struct moment then = *at;

	now_s = clamp_time(now_s);
	top = moment_of(now_s, &weekday).year + 50;
	then.year = top - (top - at->year + 100) % 100 - 50;
	return then.year + 50 - (seconds_of(&then) > now_s ? 100 : 0);
}

static bool
is_sound(const struct moment *at)
{
	static const int month_days[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap_year = at->year % 4 == 0 && (at->year % 100 != 0 || at->year % 400 == 0);

	if (at->month == 2 && at->day == 29 && !is_leap_year)
		return false;
	return at->year >= 1 && at->day >= 1 && at->day <= month_days[at->month - 1] &&
	    at->hour <= 23 && at->minute <= 59 && at->second <= 60;
}

bool
http_date_parse(struct slice text, int64_t now_s, int64_t *time_s_out)
{
	struct moment at;
	int64_t time_s;

	if (read_rfc850(text, &at))
		at.year = full_year(&at, now_s);
	else if (!read_imf(text, &at) && !read_asctime(text, &at))
		return false;
	if (!is_sound(&at))
		return false;
	time_s = seconds_of(&at);           /* a leap second counts as the next minute's first */
	if (time_s > YEAR_9999_S)
		return false;
	*time_s_out = time_s;
	return true;
}
