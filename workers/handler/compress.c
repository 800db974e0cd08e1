/* SPDX-License-Identifier: BSD-2-Clause */
/* compress: whether and how an answer is compressed, and what its fields say then. Leaves the
 * choice among what is acceptable to workers/http/accept.c, the content to compressor.c. Workers,
 * unprivileged.
 * Rules: who could have got another coding is told so in Vary, whatever is sent (RFC 9110
 * 12.5.5); what is made on the fly has no strong ETag and no ranges, as it need not come out the
 * same twice (8.8.3.3, 14.3); a range is always one of the identity. HEAD and 304 say what GET
 * would say, without the work. Shown by test_compress.c and
 * tests/integration/20-static/test_compression.py. */
#include "workers/handler/compress.h"

#include "workers/handler/compressor.h"
#include "workers/handler/media_type.h"
#include "workers/handler/text.h"
#include "workers/http/accept.h"
#include "workers/http/headers.h"

#define CONTENT_ENCODING SLICE_LITERAL("Content-Encoding")
#define ETAG SLICE_LITERAL("ETag")
#define CODINGS_MAX 3

struct choice {
	const struct codec *codec;
	struct slice name;          /* for Content-Encoding */
	unsigned level;
};

/* ---- what may be compressed ---- */

static bool
has_codec(const struct config_settings *settings)
{
	for (unsigned i = 0; i < settings->coding_count; i++) {
		if (codec_is_built(settings->codings[i]))
			return true;
	}
	return false;
}

/* Cache-Control: no-transform (RFC 9111 5.2.2.6). */
static bool
must_stay_as_it_is(const struct answer *answer)
{
	for (unsigned i = 0; i < answer->field_count; i++) {
		struct slice rest = answer->fields[i].value, element;

		if (!slice_equal_nocase(answer->fields[i].name, SLICE_LITERAL("Cache-Control")))
			continue;
		while (http_list_next(&rest, &element)) {
			if (slice_equal_nocase(element, SLICE_LITERAL("no-transform")))
				return true;
		}
	}
	return false;
}

static bool
is_large_enough(const struct config_settings *settings, const struct answer *answer)
{
	/* 206 and 304 have less than the content that it is about. */
	uint64_t bytes = answer->status == 206 || answer->status == 304 ?
	    answer->whole_bytes : answer->content_bytes;

	return answer->source.read != NULL || (bytes > 0 && bytes >= settings->compress_min_bytes);
}

/* Whether some client would get it compressed, so that the answer depends on Accept-Encoding. */
static bool
is_compressible(const struct config_settings *settings, struct answer *answer)
{
	return settings->compress && has_codec(settings) &&
	    (answer->has_content || answer->status == 304) &&
	    is_large_enough(settings, answer) &&
	    media_type_is_among(&settings->compress_types, answer->media_type) &&
	    answer_find_field(answer, CONTENT_ENCODING) == NULL &&
	    (answer->status == 206 ||
	    answer_find_field(answer, SLICE_LITERAL("Content-Range")) == NULL) &&
	    !must_stay_as_it_is(answer);
}

/* ---- what the client accepts ---- */

static enum accept_coding
accepted_name(enum config_coding coding)
{
	switch (coding) {
	case CONFIG_CODING_GZIP:
		return ACCEPT_GZIP;
	case CONFIG_CODING_BR:
		return ACCEPT_BR;
	case CONFIG_CODING_ZSTD:
		return ACCEPT_ZSTD;
	}
	return ACCEPT_IDENTITY;
}

static unsigned
level_of(const struct config_settings *settings, enum config_coding coding)
{
	switch (coding) {
	case CONFIG_CODING_GZIP:
		return settings->gzip_level;
	case CONFIG_CODING_BR:
		return settings->brotli_level;
	case CONFIG_CODING_ZSTD:
		return settings->zstd_level;
	}
	return 0;
}

/* False: this client gets the identity. HTTP/1.0 clients often send Accept-Encoding on behalf of
 * another program; who asks for ranges has a part of the identity already. */
static bool
choose(const struct exchange *exchange, struct choice *choice_out)
{
	const struct config_settings *settings = exchange->route.settings;
	enum accept_coding offered[CODINGS_MAX], best;
	unsigned i, count = 0;

	if (exchange->request->version_minor == 0 ||
	    http_request_field_count(exchange->request, HTTP_FIELD_RANGE) > 0)
		return false;
	for (i = 0; i < settings->coding_count && i < CODINGS_MAX; i++) {
		if (codec_is_built(settings->codings[i]))
			offered[count++] = accepted_name(settings->codings[i]);
	}
	best = accept_coding(exchange->request, offered, count);
	for (i = 0; i < settings->coding_count && i < CODINGS_MAX; i++) {
		enum config_coding coding = settings->codings[i];

		if (best == ACCEPT_IDENTITY || accepted_name(coding) != best)
			continue;
		choice_out->codec = codec_find(coding);
		choice_out->name = accept_coding_name(best);
		choice_out->level = level_of(settings, coding);
		return true;
	}
	return false;
}

/* Some milliseconds at most, for a hasty exchange; the limits are where the effort of each codec
 * begins to grow steeply. */
static bool
is_quick(const struct answer *answer, const struct choice *choice)
{
	unsigned most = choice->codec == codec_find(CONFIG_CODING_BR) ? 5 :
	    choice->codec == codec_find(CONFIG_CODING_ZSTD) ? 9 : 6;

	return answer->source.read == NULL && answer->content_bytes <= CODEC_SMALL_BYTES &&
	    choice->level <= most;
}

/* ---- what changes in the head ---- */

static void
weaken_etag(const struct exchange *exchange, struct answer *answer)
{
	struct slice *etag = answer_find_field(answer, ETAG);
	struct text text;

	if (etag == NULL || slice_starts_with(*etag, SLICE_LITERAL("W/")))
		return;
	text_init(&text, exchange->arena, etag->len + 2);
	text_slice(&text, SLICE_LITERAL("W/"));
	text_slice(&text, *etag);
	if (text.is_bad)
		answer_remove_field(answer, ETAG);
	else
		*etag = text_get(&text);
}

static void
mark(const struct exchange *exchange, struct answer *answer, const struct choice *choice)
{
	answer_field(answer, CONTENT_ENCODING, choice->name);
	answer_remove_field(answer, SLICE_LITERAL("Accept-Ranges"));
	weaken_etag(exchange, answer);
}

void
compress_answer(const struct exchange *exchange, struct answer *answer)
{
	struct choice choice;

	if (exchange->depth > 0)
		return;
	if (!is_compressible(exchange->route.settings, answer)) {
		/* It was there to tell that the file is a coded one; a 304 has no need of it. */
		if (answer->status == 304)
			answer_remove_field(answer, CONTENT_ENCODING);
		return;
	}
	answer_vary(answer, exchange->arena, SLICE_LITERAL("Accept-Encoding"));
	if (answer->status == 206 || answer->field_count >= ANSWER_FIELDS_MAX ||
	    !choose(exchange, &choice))
		return;
	if (answer->status == 304) {
		weaken_etag(exchange, answer);
	} else if (exchange->request->method == HTTP_METHOD_HEAD) {
		answer_drop_content(answer);
		answer->hides_length = true;
		mark(exchange, answer, &choice);
	} else if (exchange->is_hasty && !is_quick(answer, &choice)) {
		answer_decline(answer);
	} else if (!exchange->codec_is_taken &&
	    compressor_run(exchange, answer, choice.codec, choice.level)) {
		mark(exchange, answer, &choice);
	}
}
