/* SPDX-License-Identifier: BSD-2-Clause */
/* Access log records on their way from the process that makes them to the logger: a ring in
 * shared memory for each process, one writer, one reader, no lock and no system call.
 *
 * A ring belongs to a slot of the scoreboard and outlives the processes in it: what one that was
 * killed has published is read all the same, and the next one goes on behind it. A record is
 * published whole or not at all. */
#ifndef MUSTER_BASE_LOGRING_H
#define MUSTER_BASE_LOGRING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGRING_BYTES 65536u        /* a power of two, whole pages */
#define LOGRING_RECORD_MAX 8192u    /* longest text */

/* In the slot of the process. Positions are counts of bytes since the board was made; they are
 * multiples of 8. */
struct logring_shared {
	_Atomic uint64_t head;      /* writer: published up to here (release) */
	_Atomic uint64_t origin;    /* writer: a position at offset 0 of the ring; moved only while
	                             * it is empty, so that little used rings touch few pages */
	_Atomic uint64_t lost_count; /* writer: records dropped since the board was made; relaxed */
	_Alignas(64) _Atomic uint64_t tail; /* reader: taken up to here (release) */
	_Atomic uint64_t told_count; /* reader: of lost_count, what was told; relaxed */
};

struct logring {                    /* a process's view; caller's storage */
	struct logring_shared *shared;
	char *data;                 /* LOGRING_BYTES */
};

struct logring_record {             /* as it stands before its text */
	uint16_t bytes;             /* of text, 1..LOGRING_RECORD_MAX */
	uint16_t mark;              /* logring.c's */
	uint32_t log_generation;    /* of the files that were in force */
	int64_t mono_us;            /* when it was made */
};

/* Writer, before its first record: what is in the ring stays there, but numbers that a process
 * gone mad has left are made right. */
void logring_adopt(const struct logring *ring);
/* Publishes a record. Returns how many bytes of the ring are taken then; 0: there is no room. */
size_t logring_put(const struct logring *ring, const char *text, size_t bytes,
    uint32_t log_generation, int64_t mono_us);
void logring_count_lost(const struct logring *ring);

/* Reader. All that comes out of a ring may be the work of a hostile process: every number is
 * checked, and copied before it is checked. Text is any bytes. */
enum logring_state {
	LOGRING_EMPTY,
	LOGRING_FILLED,
	LOGRING_BROKEN,             /* its numbers cannot be: logring_advance() to the end of
	                             * the span makes it an empty one */
};

struct logring_span {               /* what was published at the time of the look */
	uint64_t tail;              /* as the reader has left it */
	uint64_t at;                /* the next record */
	uint64_t end;
	uint64_t origin;
};

enum logring_state logring_look(const struct logring *ring, struct logring_span *span_out);
/* The record at span->at, which must not be the end. False: it cannot be one, and what follows
 * cannot be found: the rest of the span is to be skipped. */
bool logring_peek(const struct logring *ring, const struct logring_span *span,
    struct logring_record *record_out);
/* Copies the text of the record that was peeked, record->bytes of it, and goes on behind it. */
void logring_take(const struct logring *ring, struct logring_span *span,
    const struct logring_record *record, char *text_out);
/* Gives the writer the room up to there. To be called when the records are where they should go:
 * a reader that dies before repeats them, and none is lost. */
void logring_advance(const struct logring *ring, struct logring_span *span, uint64_t to);
/* How many records the writer has dropped since this was last asked. */
uint64_t logring_take_lost(const struct logring *ring);

#endif
