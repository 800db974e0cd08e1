/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the parts of an access log record into the caller's buffer, never past its end:
 * numbers, times, and client bytes escaped. Used by log_render.c only; pure. */
#ifndef MUSTER_CONN_LOG_WRITER_H
#define MUSTER_CONN_LOG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/conn/log_clock.h"
#include "workers/mem/slice.h"

struct log_writer {
	char *at;
	const char *end;        /* behind the last byte to use */
	size_t value_max_bytes; /* most bytes of one value of the client, escaped */
	bool is_full;           /* something else than value_max_bytes cut the record */
};

static inline void
log_writer_byte(struct log_writer *writer, char byte)
{
	if (writer->at < writer->end)
		*writer->at++ = byte;
	else
		writer->is_full = true;
}

void log_writer_bytes(struct log_writer *writer, const char *data, size_t bytes);
void log_writer_text(struct log_writer *writer, const char *text);
void log_writer_number(struct log_writer *writer, uint64_t number);
void log_writer_hex(struct log_writer *writer, uint64_t number);
/* 2000-10-10T13:55:36.123-07:00; wall_ms: 0..999 */
void log_writer_time_rfc3339(struct log_writer *writer, const struct log_clock *clock,
    unsigned wall_ms);

/* Client bytes, cut between two characters or escapes when they need more than
 * value_max_bytes. Text: \" \\ \n \r \t, and \xHH for every other byte that is not
 * printable ASCII. JSON: the content of a string, always valid. */
void log_writer_escaped(struct log_writer *writer, struct slice value);
void log_writer_escaped_json(struct log_writer *writer, struct slice value);

#endif
