/* SPDX-License-Identifier: BSD-2-Clause */
/* Media types by file extension: the system's mime.types, and a short built-in
 * table for what it lacks or when it is missing. Read-only once loaded. */
#ifndef MUSTER_CONFIG_MIME_H
#define MUSTER_CONFIG_MIME_H

#include <stddef.h>

struct mime_table;

/* path "" : only the built-in types. A file that is absent gives the built-in
 * types too, and *is_missing_out true; one that cannot be read or is malformed
 * beyond use: NULL and text in errbuf. Lines that are no types are skipped. */
struct mime_table *mime_load(const char *path, _Bool *is_missing_out, char *errbuf,
    size_t errbuf_bytes);
/* From text in the format of mime.types(5), over the built-in types. */
struct mime_table *mime_parse(const char *text, size_t text_bytes);
void mime_free(struct mime_table **table);
/* Type for the last path segment `name` (not NUL-terminated), by its last
 * extension, ASCII case ignored; NULL: unknown. Lives as long as the table. */
const char *mime_lookup(const struct mime_table *table, const char *name, size_t name_bytes);

#endif
