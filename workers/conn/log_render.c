/* SPDX-License-Identifier: BSD-2-Clause */
/* Renders access log records, once for every request of the server.
 *
 * Leaves the format's text to config/log_format.c, escaping and number formatting to
 * log_writer.c and writing to access_log.c. Runs in a worker, without privilege, on bytes that
 * a client chose. Rule: a record is one line within cap bytes, whole whatever the client sent.
 * Shown by tests/unit/workers/conn/test_log_render.c. */
#include "workers/conn/log_render.h"

#include "workers/conn/log_writer.h"

#define VALUE_MIN_BYTES 4       /* \xHH; LOG_FORMAT_LEAST_MAX counts on it */

/* What the target names, without scheme and host where a request was understood. */
static struct slice
target_path(const struct log_record *record)
{
	struct slice target = record->target;
	const char *mark = NULL;

	if (record->request != NULL && record->request->path.len > 0)
		return record->request->path;
	if (target.len > 0)
		mark = memchr(target.data, '?', target.len);
	return mark == NULL ? target : slice_make(target.data, (size_t)(mark - target.data));
}

/* With its question mark, or empty. */
static struct slice
target_query(const struct log_record *record)
{
	struct slice target = record->target;
	const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;

	return mark == NULL ? slice_make(NULL, 0) :
	    slice_make(mark, (size_t)(target.data + target.len - mark));
}

/* The texts of the record's second. spare: for a caller that keeps no clock. */
static const struct log_clock *
clock_of(const struct log_record *record, struct log_clock *spare)
{
	struct log_clock *clock = record->clock;

	if (clock == NULL) {
		spare->clf[0] = '\0';
		clock = spare;
	}
	log_clock_set(clock, record->started_wall_s, record->utc_offset_min);
	return clock;
}

static void
put_time_clf(struct log_writer *writer, const struct log_record *record)
{
	struct log_clock spare;

	log_writer_bytes(writer, clock_of(record, &spare)->clf, LOG_CLOCK_CLF_BYTES);
}

static struct slice
field_value(const struct log_record *record, enum http_field_id id)
{
	struct slice value = { NULL, 0 };

	if (record->request != NULL)
		http_request_field(record->request, id, &value);
	return value;
}

static struct slice
field_value_named(const struct log_record *record, const char *name)
{
	struct slice value = { NULL, 0 };

	if (record->request != NULL)
		http_request_field_named(record->request, slice_from_text(name), &value);
	return value;
}

/* What sending adds is in a ready-made head, but in no answer's fields. */
static bool
is_added_by_sending(struct slice name)
{
	return slice_equal_nocase(name, SLICE_LITERAL("Date")) ||
	    slice_equal_nocase(name, SLICE_LITERAL("Content-Length"));
}

static struct slice
head_field_value(struct slice head, struct slice name)
{
	while (head.len > 0 && !is_added_by_sending(name)) {
		const char *end = memchr(head.data, '\n', head.len);
		size_t bytes = end == NULL ? head.len : (size_t)(end + 1 - head.data);

		if (bytes > name.len + 4 && head.data[name.len] == ':' &&
		    slice_equal_nocase(slice_make(head.data, name.len), name))
			return slice_make(head.data + name.len + 2, bytes - name.len - 4);
		head = slice_make(head.data + bytes, head.len - bytes);
	}
	return slice_make(NULL, 0);
}

/* Of the fields that the handlers and the configuration have set. */
static struct slice
answer_field_value(const struct log_record *record, const char *name)
{
	const struct answer *answer = record->answer;

	for (unsigned i = 0; answer != NULL && i < answer->field_count; i++) {
		if (slice_equal_nocase(answer->fields[i].name, slice_from_text(name)))
			return answer->fields[i].value;
	}
	return head_field_value(record->answer_head, slice_from_text(name));
}

static void
put_id(struct log_writer *writer, const struct log_record *record)
{
	log_writer_hex(writer, record->id_seed);
	log_writer_byte(writer, '-');
	log_writer_hex(writer, record->id_count);
}

/* ---- text formats ---- */

static void
put_value(struct log_writer *writer, struct slice value)
{
	if (value.len == 0)
		log_writer_byte(writer, '-');
	else
		log_writer_escaped(writer, value);
}

static char
connection_status(const struct log_record *record)
{
	return record->is_aborted ? 'X' : record->is_kept_alive ? '+' : '-';
}

/* A certificate that is not verified ends the handshake. */
static struct slice
client_verify(const struct log_record *record)
{
	if (record->tls_protocol.len == 0)
		return slice_make(NULL, 0);
	return record->tls_client_subject.len > 0 ? SLICE_LITERAL("SUCCESS") :
	    SLICE_LITERAL("NONE");
}

static void
put_step(struct log_writer *writer, const struct log_step *step, const struct log_record *record)
{
	switch (step->kind) {
	case LOG_STEP_TEXT: break;  /* render()'s own */
	case LOG_STEP_CLIENT: put_value(writer, record->client); break;
	case LOG_STEP_IDENT: log_writer_byte(writer, '-'); break;
	case LOG_STEP_USER: put_value(writer, record->user); break;
	case LOG_STEP_TIME: put_time_clf(writer, record); break;
	case LOG_STEP_REQUEST_LINE: put_value(writer, record->request_line); break;
	case LOG_STEP_STATUS: log_writer_number(writer, record->status); break;
	case LOG_STEP_BODY_BYTES_CLF:
		if (record->body_sent_bytes == 0) {
			log_writer_byte(writer, '-');
			break;
		}
		/* fall through */
	case LOG_STEP_BODY_BYTES: log_writer_number(writer, record->body_sent_bytes); break;
	case LOG_STEP_SENT_BYTES: log_writer_number(writer, record->sent_bytes); break;
	case LOG_STEP_RECEIVED_BYTES: log_writer_number(writer, record->received_bytes); break;
	case LOG_STEP_DURATION_US: log_writer_number(writer, record->duration_us); break;
	case LOG_STEP_DURATION_S: log_writer_number(writer, record->duration_us / 1000000); break;
	case LOG_STEP_METHOD: put_value(writer, record->method); break;
	case LOG_STEP_TARGET: put_value(writer, target_path(record)); break;
	case LOG_STEP_QUERY: log_writer_escaped(writer, target_query(record)); break;
	case LOG_STEP_PROTOCOL: put_value(writer, record->protocol); break;
	case LOG_STEP_HOST: put_value(writer, record->host); break;
	case LOG_STEP_PID: log_writer_number(writer, (unsigned)record->pid); break;
	case LOG_STEP_CONNECTION_STATUS:
		log_writer_byte(writer, connection_status(record));
		break;
	case LOG_STEP_KEEPALIVE_COUNT:
		log_writer_number(writer, record->connection_request_count -
		    (record->connection_request_count > 0));
		break;
	case LOG_STEP_DURATION_MS: log_writer_number(writer, record->duration_us / 1000); break;
	case LOG_STEP_FIELD: put_value(writer, field_value_named(record, step->text)); break;
	case LOG_STEP_ANSWER_FIELD:
		put_value(writer, answer_field_value(record, step->text));
		break;
	case LOG_STEP_PEER: put_value(writer, record->peer); break;
	case LOG_STEP_PORT: log_writer_number(writer, record->port); break;
	case LOG_STEP_ID: put_id(writer, record); break;
	case LOG_STEP_TLS_PROTOCOL: put_value(writer, record->tls_protocol); break;
	case LOG_STEP_TLS_CIPHER: put_value(writer, record->tls_cipher); break;
	case LOG_STEP_TLS_CLIENT_SUBJECT: put_value(writer, record->tls_client_subject); break;
	case LOG_STEP_TLS_CLIENT_VERIFY: put_value(writer, client_verify(record)); break;
	case LOG_STEP_TLS_SNI: put_value(writer, record->tls_server_name); break;
	}
}

/* ---- JSON ---- */

#define KEY(name) SLICE_LITERAL(",\"" name "\":")

static void
put_member(struct log_writer *writer, struct slice key, struct slice value)
{
	log_writer_bytes(writer, key.data, key.len);
	log_writer_byte(writer, '"');
	log_writer_escaped_json(writer, value);
	log_writer_byte(writer, '"');
}

static void
put_member_number(struct log_writer *writer, struct slice key, uint64_t value)
{
	log_writer_bytes(writer, key.data, key.len);
	log_writer_number(writer, value);
}

static void
put_json(struct log_writer *writer, const struct log_record *record)
{
	struct log_clock spare;

	log_writer_text(writer, "{\"time\":\"");
	log_writer_time_rfc3339(writer, clock_of(record, &spare), record->started_wall_ms);
	log_writer_text(writer, "\",\"id\":\"");
	put_id(writer, record);
	log_writer_byte(writer, '"');
	put_member(writer, KEY("client"), record->client);
	put_member(writer, KEY("peer"), record->peer);
	put_member(writer, KEY("user"), record->user);
	put_member(writer, KEY("host"), record->host);
	put_member(writer, KEY("method"), record->method);
	put_member(writer, KEY("target"), record->target);
	put_member(writer, KEY("protocol"), record->protocol);
	put_member_number(writer, KEY("status"), record->status);
	put_member_number(writer, KEY("body_bytes"), record->body_sent_bytes);
	put_member_number(writer, KEY("sent_bytes"), record->sent_bytes);
	put_member_number(writer, KEY("received_bytes"), record->received_bytes);
	put_member_number(writer, KEY("duration_us"), record->duration_us);
	put_member(writer, KEY("referer"), field_value(record, HTTP_FIELD_REFERER));
	put_member(writer, KEY("user_agent"), field_value(record, HTTP_FIELD_USER_AGENT));
	put_member_number(writer, KEY("pid"), (unsigned)record->pid);
	put_member_number(writer, KEY("connection_request"), record->connection_request_count);
	if (record->tls_protocol.len > 0) {
		put_member(writer, KEY("tls_protocol"), record->tls_protocol);
		put_member(writer, KEY("tls_cipher"), record->tls_cipher);
		if (record->tls_client_subject.len > 0)
			put_member(writer, KEY("tls_client_subject"),
			    record->tls_client_subject);
	}
	log_writer_text(writer, record->is_aborted ? ",\"aborted\":true}" : ",\"aborted\":false}");
}

/* False: a value_max_bytes as large as this leaves no room for the rest of the record. */
static bool
render(struct log_writer *writer, char *out, size_t value_max_bytes,
    const struct log_format *format, const struct log_record *record)
{
	writer->at = out;
	writer->value_max_bytes = value_max_bytes;
	writer->is_full = false;
	if (format->is_json)
		put_json(writer, record);
	for (size_t i = 0; i < format->step_count; i++) {
		const struct log_step *step = &format->steps[i];

		if (step->kind == LOG_STEP_TEXT) /* every other one, as a rule */
			log_writer_text(writer, step->text);
		else
			put_step(writer, step, record);
	}
	return !writer->is_full;
}

size_t
log_render_whole(const struct log_format *format, const struct log_record *record, char *out,
    size_t cap)
{
	struct log_writer writer;

	if (cap == 0)
		return 0;
	writer.end = out + cap - 1;
	if (!render(&writer, out, SIZE_MAX, format, record))
		return 0;
	*writer.at++ = '\n';
	return (size_t)(writer.at - out);
}

size_t
log_render(const struct log_format *format, const struct log_record *record, char *out, size_t cap)
{
	/* Nearly every record takes this one pass. For the others the largest length is
	 * sought that values may have so that all fits: only the longest ones are cut. It need
	 * not be exact; a client that sends long values should not cost many passes. */
	size_t whole_bytes = log_render_whole(format, record, out, cap);
	size_t fits = VALUE_MIN_BYTES, too_large = cap;
	struct log_writer writer;

	if (whole_bytes > 0 || cap == 0)
		return whole_bytes;
	writer.end = out + cap - 1;
	while (fits + cap / 64 < too_large) {
		size_t middle = fits + (too_large - fits) / 2;

		if (render(&writer, out, middle, format, record))
			fits = middle;
		else
			too_large = middle;
	}
	render(&writer, out, fits, format, record);
	*writer.at++ = '\n';
	return (size_t)(writer.at - out);
}
