/* SPDX-License-Identifier: BSD-2-Clause */
/* A listing as JSON, with the names and forms of nginx's autoindex_format json, so that
 * what reads the one reads the other. Workers, unprivileged; pure. Rule: any listing
 * gives valid JSON in UTF-8. Shown by test_listing_json.c and test_listing.py. */
#include "workers/handler/escape.h"
#include "workers/handler/listing_parts.h"
#include "workers/http/date.h"

static void
write_entry(const struct listing_entry *entry, struct content *out)
{
	char date[HTTP_DATE_BYTES + 1];

	http_date_format(entry->modified_s, date);
	content_add(out, SLICE_LITERAL("{ \"name\":\""));
	escape_json(out, entry->name);
	content_add(out, entry->is_directory ?
	    SLICE_LITERAL("\", \"type\":\"directory\", \"mtime\":\"") :
	    SLICE_LITERAL("\", \"type\":\"file\", \"mtime\":\""));
	content_add(out, slice_make(date, HTTP_DATE_BYTES));
	content_add(out, SLICE_LITERAL("\""));
	if (!entry->is_directory) {
		content_add(out, SLICE_LITERAL(", \"size\":"));
		content_decimal(out, entry->size_bytes);
	}
	content_add(out, SLICE_LITERAL(" }"));
}

void
listing_write_json(const struct listing *listing, struct content *out)
{
	content_add(out, SLICE_LITERAL("["));
	for (unsigned i = 0; i < listing->count; i++) {
		content_add(out, i == 0 ? SLICE_LITERAL("\n") : SLICE_LITERAL(",\n"));
		write_entry(&listing->entries[i], out);
	}
	content_add(out, SLICE_LITERAL("\n]\n"));
}
