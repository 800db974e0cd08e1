/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a listing share: read by listing_read.c, ordered by listing_sort.c,
 * written by listing_html.c and listing_json.c. All but the reading is pure. */
#ifndef MUSTER_HANDLER_LISTING_PARTS_H
#define MUSTER_HANDLER_LISTING_PARTS_H

#include "workers/handler/content.h"

#define LISTING_ENTRIES_MAX 20000   /* that are looked at, hidden ones too */

enum listing_key { LISTING_BY_NAME, LISTING_BY_SIZE, LISTING_BY_DATE };

struct listing_order {              /* what the query asks for */
	enum listing_key key;
	bool is_descending;
	bool is_json;
};

struct listing_entry {
	struct slice name;          /* as the file system has it: any bytes but '/' and NUL */
	uint64_t size_bytes;        /* of a file */
	int64_t modified_s;
	bool is_directory;          /* else a regular file */
};

struct listing {
	struct slice path;          /* decoded, ends with '/' */
	bool has_parent;            /* a link to the directory above makes sense */
	struct listing_order order;
	struct listing_entry *entries; /* in the exchange's scratch */
	unsigned count, directory_count;
	bool is_cut;                /* LISTING_ENTRIES_MAX was reached */
};

/* What can be listed of dir_fd: regular files and directories, and symbolic links as what
 * they lead to. 0, or -1 and errno. */
int listing_read(const struct exchange *exchange, int dir_fd, struct listing *listing);

/* "sort=name|size|date" and "order=asc|desc", or Apache's "C=N|S|M" and "O=A|D", and
 * "format=json", joined by '&' or ';'. All else is ignored; the last of two counts. */
void listing_parse_query(struct slice query, struct listing_order *order_out);
/* Names by the numbers in them, without regard to the case of ASCII letters. < 0, 0, > 0;
 * 0 only when the bytes are the same. */
int listing_compare_names(struct slice a, struct slice b);
/* Directories first, always in the same sequence for the same entries. */
void listing_sort(struct listing_entry *entries, unsigned count,
    const struct listing_order *order);

void listing_write_html(const struct listing *listing, struct content *out);
void listing_write_json(const struct listing *listing, struct content *out);

#endif
