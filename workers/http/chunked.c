/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chunked transfer coding, taken apart byte by byte (RFC 9112 7.1).
 *
 *     SIZE --digit--> SIZE_MORE
 *     EXT_START --token--> EXT_NAME --=--> EXT_VALUE_START --token--> EXT_VALUE
 *     EXT_VALUE_START --"--> EXT_QUOTED --"--> EXT_QUOTED_END
 *     SIZE_MORE, EXT_NAME, EXT_VALUE, EXT_QUOTED_END --;--> EXT_START
 *                                                    --CR--> SIZE_LF
 *     SIZE_LF --LF, size > 0--> DATA --> DATA_CR --> DATA_LF --> SIZE
 *             --LF, size 0--> TRAILER
 *     TRAILER --token--> NAME --:--> VALUE --CR--> VALUE_LF --LF--> TRAILER
 *             --CR--> END_LF --LF--> COMPLETE
 *
 * Blanks may stand around the ";" and "=" of an extension, but not at the end of the line
 * (BWS, RFC 9112 7.1.1). Storing the content is the caller's. Runs in the workers, as the
 * unprivileged user, on bytes that clients sent.
 * Must stay true: the verdict and the content do not depend on how the bytes are cut up,
 * and a body that could be read in two ways is refused. Shown by test_chunked.c and
 * fuzz_chunked.c.
 */
#include "workers/http/bytes.h"
#include "workers/http/chunked.h"

#define SIZE_DIGITS_MAX 16      /* of 64 bits; leading zeros do not count */

enum phase {
	PHASE_SIZE,
	PHASE_SIZE_MORE,
	PHASE_EXT_BLANK,            /* a blank that only ";" may follow */
	PHASE_EXT_START,
	PHASE_EXT_NAME,
	PHASE_EXT_NAME_BLANK,       /* a blank that ";" or "=" may follow */
	PHASE_EXT_VALUE_START,
	PHASE_EXT_VALUE,
	PHASE_EXT_QUOTED,
	PHASE_EXT_ESCAPED,          /* behind a backslash in the quoted string */
	PHASE_EXT_QUOTED_END,
	PHASE_SIZE_LF,
	PHASE_DATA,
	PHASE_DATA_CR,
	PHASE_DATA_LF,
	PHASE_TRAILER,
	PHASE_NAME,
	PHASE_VALUE,
	PHASE_VALUE_LF,
	PHASE_END_LF,
	PHASE_COMPLETE,
	PHASE_BAD,
};

void
chunked_init(struct chunked *chunked, const struct chunked_limits *limits)
{
	*chunked = (struct chunked){ .limits = *limits, .phase = PHASE_SIZE };
}

unsigned
chunked_error_status(const struct chunked *chunked)
{
	return chunked->error_status;
}

const char *
chunked_error_reason(const struct chunked *chunked)
{
	return chunked->error_reason;
}

static void
refuse(struct chunked *chunked, unsigned status, const char *reason)
{
	chunked->phase = PHASE_BAD;
	chunked->error_status = status;
	chunked->error_reason = reason;
}

/* What ends an element of a size line. False: c is none of that. */
static bool
take_end_of_element(struct chunked *chunked, char c, enum phase if_blank)
{
	if (c == '\r')
		chunked->phase = PHASE_SIZE_LF;
	else if (c == ';')
		chunked->phase = PHASE_EXT_START;
	else if (c == ' ' || c == '\t')
		chunked->phase = if_blank;
	else
		return false;
	return true;
}

/* A hexadecimal digit of the size, or what may follow one. */
static void
take_size_byte(struct chunked *chunked, char c)
{
	if (!byte_is(c, BYTE_HEX)) {
		if (chunked->phase == PHASE_SIZE)
			refuse(chunked, 400, "chunk without a size");
		else if (!take_end_of_element(chunked, c, PHASE_EXT_BLANK))
			refuse(chunked, 400, "bad byte in a chunk size");
	} else if ((chunked->digit_count > 0 || c != '0') &&
	    ++chunked->digit_count > SIZE_DIGITS_MAX) {
		refuse(chunked, 400, "chunk size with too many digits");
	} else {
		chunked->chunk_left_bytes = chunked->chunk_left_bytes << 4 | byte_hex_value(c);
		chunked->phase = PHASE_SIZE_MORE;
	}
}

static void
take_size_lf(struct chunked *chunked, char c)
{
	uint64_t room_bytes = chunked->limits.body_bytes - chunked->total_bytes;

	if (c != '\n')
		refuse(chunked, 400, "bare CR in a chunk size line");
	else if (chunked->chunk_left_bytes > room_bytes)
		refuse(chunked, 413, "chunked body over its limit");
	else if (chunked->chunk_left_bytes == 0)
		chunked->phase = PHASE_TRAILER;
	else
		chunked->phase = PHASE_DATA;
	chunked->total_bytes += chunked->chunk_left_bytes;
	chunked->line_bytes = 0;
	chunked->digit_count = 0;
}

/* The next phase behind a byte that no phase of the extensions takes as an end. */
static enum phase
next_extension_phase(enum phase phase, char c)
{
	bool is_blank = c == ' ' || c == '\t', is_token = byte_is(c, BYTE_TOKEN);

	switch (phase) {
	case PHASE_EXT_BLANK:
		return is_blank ? phase : c == ';' ? PHASE_EXT_START : PHASE_BAD;
	case PHASE_EXT_START:
		return is_blank ? phase : is_token ? PHASE_EXT_NAME : PHASE_BAD;
	case PHASE_EXT_NAME:
		return is_token ? phase : c == '=' ? PHASE_EXT_VALUE_START : PHASE_BAD;
	case PHASE_EXT_NAME_BLANK:
		return is_blank ? phase : c == ';' ? PHASE_EXT_START :
		    c == '=' ? PHASE_EXT_VALUE_START : PHASE_BAD;
	case PHASE_EXT_VALUE_START:
		return is_blank ? phase : is_token ? PHASE_EXT_VALUE :
		    c == '"' ? PHASE_EXT_QUOTED : PHASE_BAD;
	case PHASE_EXT_VALUE:
		return is_token ? phase : PHASE_BAD;
	case PHASE_EXT_QUOTED:
		return byte_is(c, BYTE_CONTROL) ? PHASE_BAD : c == '"' ? PHASE_EXT_QUOTED_END :
		    c == '\\' ? PHASE_EXT_ESCAPED : phase;
	case PHASE_EXT_ESCAPED:
		return byte_is(c, BYTE_CONTROL) ? PHASE_BAD : PHASE_EXT_QUOTED;
	default:
		return PHASE_BAD;
	}
}

/* Extensions are not known here, so they are only passed over (RFC 9112 7.1.1); but what
 * breaks their grammar another program may read as something else. */
static void
take_extension_byte(struct chunked *chunked, char c)
{
	enum phase next;

	if (chunked->phase == PHASE_EXT_NAME &&
	    take_end_of_element(chunked, c, PHASE_EXT_NAME_BLANK))
		return;
	if ((chunked->phase == PHASE_EXT_VALUE || chunked->phase == PHASE_EXT_QUOTED_END) &&
	    take_end_of_element(chunked, c, PHASE_EXT_BLANK))
		return;
	next = next_extension_phase(chunked->phase, c);
	if (next == PHASE_BAD)
		refuse(chunked, 400, "bad chunk extension");
	chunked->phase = next;
}

/* What a body of small chunks could be blown up with beyond measure (RFC 9112 7.1.1). */
static bool
is_padding(const struct chunked *chunked)
{
	return chunked->phase > PHASE_SIZE_MORE || chunked->line_bytes > SIZE_DIGITS_MAX;
}

/* The phases of a size line; its CR and LF do not count for the limits. */
static void
take_size_line_byte(struct chunked *chunked, char c)
{
	if (chunked->phase == PHASE_SIZE_LF) {
		take_size_lf(chunked, c);
		return;
	}
	if (c != '\r' && ++chunked->line_bytes > chunked->limits.line_bytes)
		refuse(chunked, 400, "chunk size line too long");
	else if (c != '\r' && is_padding(chunked) &&
	    ++chunked->padding_bytes > chunked->limits.padding_bytes)
		refuse(chunked, 400, "chunk extensions too long");
	else if (chunked->phase <= PHASE_SIZE_MORE)
		take_size_byte(chunked, c);
	else
		take_extension_byte(chunked, c);
}

/* The phases of the trailer: fields as in a head, checked as strictly. */
static void
take_trailer_byte(struct chunked *chunked, char c)
{
	if (chunked->phase == PHASE_TRAILER && c == '\r') {
		chunked->phase = PHASE_END_LF;
		return;
	}
	if (++chunked->trailer_bytes > chunked->limits.trailer_bytes) {
		refuse(chunked, 431, "trailer fields over their limit");
		return;
	}
	switch (chunked->phase) {
	case PHASE_TRAILER:
		if (byte_is(c, BYTE_TOKEN))
			chunked->phase = PHASE_NAME;
		else
			refuse(chunked, 400, "bad start of a trailer field");
		break;
	case PHASE_NAME:
		if (c == ':')
			chunked->phase = PHASE_VALUE;
		else if (!byte_is(c, BYTE_TOKEN))
			refuse(chunked, 400, "bad name of a trailer field");
		break;
	case PHASE_VALUE:
		if (c == '\r')
			chunked->phase = PHASE_VALUE_LF;
		else if (byte_is(c, BYTE_CONTROL))
			refuse(chunked, 400, "control byte in a trailer field");
		break;
	default:
		if (c == '\n')
			chunked->phase = PHASE_TRAILER;
		else
			refuse(chunked, 400, "bare CR in a trailer field");
	}
}

static void
take_framing_byte(struct chunked *chunked, char c)
{
	switch (chunked->phase) {
	case PHASE_DATA_CR:
		if (c == '\r')
			chunked->phase = PHASE_DATA_LF;
		else
			refuse(chunked, 400, "chunk longer than its size");
		break;
	case PHASE_DATA_LF:
		if (c == '\n')
			chunked->phase = PHASE_SIZE;
		else
			refuse(chunked, 400, "bare CR behind a chunk");
		break;
	case PHASE_END_LF:
		if (c == '\n')
			chunked->phase = PHASE_COMPLETE;
		else
			refuse(chunked, 400, "bare CR behind the last chunk");
		break;
	default:
		if (chunked->phase < PHASE_DATA)
			take_size_line_byte(chunked, c);
		else
			take_trailer_byte(chunked, c);
	}
}

enum http_verdict
chunked_decode(struct chunked *chunked, const char *in, size_t in_bytes,
    size_t *used_out, struct slice *data_out)
{
	size_t used = 0;

	*data_out = slice_make(in, 0);
	while (used < in_bytes && chunked->phase < PHASE_COMPLETE) {
		size_t run_bytes = in_bytes - used;

		if (chunked->phase != PHASE_DATA) {
			take_framing_byte(chunked, in[used]);
			used += chunked->phase != PHASE_BAD;
			continue;
		}
		if (data_out->len > 0)
			break;              /* one run a call */
		if (run_bytes > chunked->chunk_left_bytes)
			run_bytes = (size_t)chunked->chunk_left_bytes;
		*data_out = slice_make(in + used, run_bytes);
		used += run_bytes;
		chunked->chunk_left_bytes -= run_bytes;
		if (chunked->chunk_left_bytes == 0)
			chunked->phase = PHASE_DATA_CR;
	}
	*used_out = used;
	return chunked->phase == PHASE_COMPLETE ? HTTP_COMPLETE :
	    chunked->phase == PHASE_BAD ? HTTP_BAD : HTTP_NEED_MORE;
}
