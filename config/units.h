/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers with units as the administrator writes them: "75s", "32k", "true".
 * Each parser takes a whole string and gives false for anything else; each
 * formatter writes the largest unit that is exact, which parses back the same. */
#ifndef MUSTER_CONFIG_UNITS_H
#define MUSTER_CONFIG_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_BYTES 24     /* enough for every formatter */

/* Digits only: no sign, no space, no hexadecimal. */
bool units_parse_count(const char *text, uint64_t *count_out);
/* ms, s, m, h, d; a bare number is false, except "0". */
bool units_parse_duration(const char *text, uint64_t *ms_out);
/* Bytes, or k, M, G, T (powers of 1024; case does not matter). */
bool units_parse_size(const char *text, uint64_t *bytes_out);
/* true yes on, false no off; case does not matter. */
bool units_parse_boolean(const char *text, bool *value_out);

void units_format_count(uint64_t count, char *text, size_t text_bytes);
void units_format_duration(uint64_t ms, char *text, size_t text_bytes);
void units_format_size(uint64_t bytes, char *text, size_t text_bytes);

#endif
