/* SPDX-License-Identifier: BSD-2-Clause */
/* A listing as a page: one table, no scripts, nothing loaded from elsewhere, for wide and
 * narrow screens, light and dark. Workers, unprivileged; pure. Rules: names stand in it
 * only through escape.c; all links are relative, so that they work behind any proxy.
 * Shown by test_listing_html.c and test_listing.py. */
#include "workers/handler/escape.h"
#include "workers/handler/listing_parts.h"
#include "workers/http/date.h"

#define KIB 1024

/* The symbols are clipped boxes: the content security policy lets no image in. */
static const char style[] =
    ":root{color-scheme:light dark;--back:#fff;--text:#1c2127;--dim:#5b6570;--line:#dfe3e8;"
    "--link:#0b57c2;--seen:#6b3fa0;--row:#f3f6fa;--dir:#d09a1c;--file:#9aa5b1}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#15181c;--text:#e6e9ec;--dim:#9aa4af;"
    "--line:#2b3138;--link:#82b5ff;--seen:#c3a3f0;--row:#1e2329;--dir:#e0b350;"
    "--file:#6c7782}}\n"
    "body{margin:0;background:var(--back);color:var(--text);"
    "font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\n"
    "main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n"
    "h1{margin:0 .5rem 1rem;font-size:1.375rem;line-height:1.3;overflow-wrap:anywhere}\n"
    "p{margin:1rem .5rem;color:var(--dim);font-size:.875rem}\n"
    "table{width:100%;border-collapse:collapse;table-layout:fixed}\n"
    "th,td{padding:.625rem .5rem;text-align:left;font-weight:normal;"
    "border-bottom:1px solid var(--line)}\n"
    "thead th,.name{padding:0}\n"
    "tbody tr:hover{background:var(--row)}\n"
    "a{color:var(--link);text-decoration:none}\n"
    "a:hover{text-decoration:underline}\n"
    "a:focus-visible{outline:2px solid var(--link);outline-offset:-2px}\n"
    "thead a,.name a{display:block;padding:.625rem .5rem;min-height:1.5rem}\n"
    "thead a{color:var(--dim);font-size:.875rem}\n"
    "[aria-sort] a{color:var(--text);font-weight:600}\n"
    "[aria-sort=ascending] a::after{content:\"\\a0\\25b4\"}\n"
    "[aria-sort=descending] a::after{content:\"\\a0\\25be\"}\n"
    "tbody .name a{position:relative;padding-left:2.25rem;overflow-wrap:anywhere}\n"
    "tbody a:visited{color:var(--seen)}\n"
    "tbody a::before{content:\"\";position:absolute;left:.625rem;top:.9rem;width:.75rem;"
    "height:.9375rem;background:var(--file);"
    "clip-path:polygon(0 0,60% 0,100% 32%,100% 100%,0 100%)}\n"
    ".dir a::before{left:.5rem;top:.9375rem;width:1.0625rem;height:.8125rem;"
    "background:var(--dir);"
    "clip-path:polygon(0 0,40% 0,52% 18%,100% 18%,100% 100%,0 100%)}\n"
    ".up a::before{left:.5rem;top:.9375rem;width:1.0625rem;height:.8125rem;"
    "background:var(--dim);"
    "clip-path:polygon(50% 0,100% 55%,66% 55%,66% 100%,34% 100%,34% 55%,0 55%)}\n"
    ".size{width:5.5rem;text-align:right}\n"
    ".date{width:10.5rem;text-align:right}\n"
    ".size,.date{color:var(--dim);font-size:.875rem;font-variant-numeric:tabular-nums;"
    "white-space:nowrap}\n"
    /* A finger needs 48 pixels, and the width goes to the names. */
    "@media(max-width:40rem){main{padding:1rem .25rem 2rem}h1,p{margin-left:.375rem}"
    "td,thead a,.name a{padding:.75rem .375rem}tbody a::before{margin-top:.125rem}"
    ".size,.date{font-size:.8125rem}.size{width:4.5rem}.date{width:5.75rem}"
    ".date span{display:none}}\n";

struct column {
	enum listing_key key;
	const char *class, *query, *head;
	bool is_descending_first;   /* the largest and the newest are what is looked for */
};
static const struct column columns[] = {
	{ LISTING_BY_NAME, "name", "name", "Name", false },
	{ LISTING_BY_SIZE, "size", "size", "Size", true },
	{ LISTING_BY_DATE, "date", "date", "Modified<span> (UTC)</span>", true },
};

static void
add_text(struct content *out, const char *text)
{
	content_add(out, slice_from_text(text));
}

static void
write_column(const struct listing *listing, const struct column *column, struct content *out)
{
	const struct listing_order *order = &listing->order;
	bool is_current = order->key == column->key;
	bool will_descend = is_current ? !order->is_descending : column->is_descending_first;

	add_text(out, "<th scope=\"col\" class=\"");
	add_text(out, column->class);
	if (is_current)
		add_text(out, order->is_descending ? "\" aria-sort=\"descending" :
		    "\" aria-sort=\"ascending");
	add_text(out, "\"><a rel=\"nofollow\" href=\"?sort=");
	add_text(out, column->query);
	add_text(out, will_descend ? "&amp;order=desc\">" : "&amp;order=asc\">");
	add_text(out, column->head);
	add_text(out, "</a></th>\n");
}

/* Three digits at most: "0 B", "999 B", "1.0 KiB", "10 KiB", "1.5 GiB". */
static void
write_size(uint64_t bytes, struct content *out)
{
	static const char *const units[] = { " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	uint64_t tenths;
	unsigned unit = 0;

	if (bytes < 1000) {
		content_decimal(out, bytes);
		add_text(out, " B");
		return;
	}
	/* Rounded before the unit is chosen, or there would be 1000 of it. */
	while (bytes >= 1000ULL * KIB - KIB / 2) {
		bytes = bytes / KIB + (bytes % KIB >= KIB / 2);
		unit++;
	}
	tenths = (bytes * 10 + KIB / 2) / KIB;
	if (tenths < 100) {
		content_decimal(out, tenths / 10);
		add_text(out, ".");
		content_decimal(out, tenths % 10);
	} else {
		content_decimal(out, (bytes + KIB / 2) / KIB);
	}
	add_text(out, units[unit]);
}

/* From "Sun, 06 Nov 1994 08:49:37 GMT", which is always in bounds. */
static void
write_date(int64_t time_s, struct content *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char date[HTTP_DATE_BYTES + 1], iso[] = "0000-00-00";
	struct slice clock = slice_make(date + 17, 8);
	unsigned month = 0;

	http_date_format(time_s, date);
	while (month < 11 && memcmp(months + 3 * month, date + 8, 3) != 0)
		month++;
	memcpy(iso, date + 12, 4);
	iso[5] = (char)('0' + (month + 1) / 10);
	iso[6] = (char)('0' + (month + 1) % 10);
	memcpy(iso + 8, date + 5, 2);
	add_text(out, "<time datetime=\"");
	add_text(out, iso);
	add_text(out, "T");
	content_add(out, clock);
	add_text(out, "Z\">");
	add_text(out, iso);
	add_text(out, "<span> ");
	content_add(out, slice_make(clock.data, 5));
	add_text(out, "</span></time>");
}

static void
write_entry(const struct listing_entry *entry, struct content *out)
{
	struct slice slash = entry->is_directory ? SLICE_LITERAL("/") : slice_make(NULL, 0);

	add_text(out, entry->is_directory ? "<tr><td class=\"name dir\"><a href=\"" :
	    "<tr><td class=\"name\"><a href=\"");
	escape_url(out, entry->name);
	content_add(out, slash);
	add_text(out, "\"><bdi>"); /* a name may be written from right to left */
	escape_html_utf8(out, entry->name);
	content_add(out, slash);
	add_text(out, "</bdi></a></td><td class=\"size\"");
	if (entry->is_directory) {
		add_text(out, ">");
	} else {
		add_text(out, " title=\"");
		content_grouped(out, entry->size_bytes);
		add_text(out, entry->size_bytes == 1 ? " byte\">" : " bytes\">");
		write_size(entry->size_bytes, out);
	}
	add_text(out, "</td><td class=\"date\">");
	write_date(entry->modified_s, out);
	add_text(out, "</td></tr>\n");
}

static void
write_head(const struct listing *listing, struct content *out)
{
	add_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<title>Index of ");
	escape_html_utf8(out, listing->path);
	add_text(out, "</title>\n<link rel=\"alternate\" type=\"application/json\" "
	    "href=\"?format=json\">\n<style>\n");
	content_add(out, slice_make(style, sizeof style - 1));
	add_text(out, "</style>\n</head>\n<body>\n<main>\n<h1>Index of <bdi>");
	escape_html_utf8(out, listing->path);
	add_text(out, "</bdi></h1>\n");
}

static void
write_count(unsigned count, const char *one, const char *many, struct content *out)
{
	content_decimal(out, count);
	add_text(out, count == 1 ? one : many);
}

static void
write_foot(const struct listing *listing, struct content *out)
{
	add_text(out, "<p>");
	write_count(listing->directory_count, " directory, ", " directories, ", out);
	write_count(listing->count - listing->directory_count, " file", " files", out);
	add_text(out, "</p>\n");
	if (listing->is_cut)
		add_text(out, "<p><strong>This directory holds more than can be listed."
		    "</strong></p>\n");
	add_text(out, "</main>\n</body>\n</html>\n");
}

void
listing_write_html(const struct listing *listing, struct content *out)
{
	write_head(listing, out);
	add_text(out, "<table>\n<thead>\n<tr>\n");
	for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
		write_column(listing, &columns[i], out);
	add_text(out, "</tr>\n</thead>\n<tbody>\n");
	if (listing->has_parent)
		add_text(out, "<tr><td class=\"name up\" colspan=\"3\">"
		    "<a href=\"../\">Parent directory</a></td></tr>\n");
	for (unsigned i = 0; i < listing->count && !out->is_bad; i++)
		write_entry(&listing->entries[i], out);
	add_text(out, "</tbody>\n</table>\n");
	write_foot(listing, out);
}
