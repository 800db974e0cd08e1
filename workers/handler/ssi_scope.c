/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of server-side includes, and putting them into values. Leaves what the request
 * knows to ssi_own.c. Workers, unprivileged; pure. Rules: a value that is put in is not
 * looked through again, so that nobody's bytes become a variable or an element; a value
 * has a largest size, so that doubling it does not end in memory's.
 * Shown by test_ssi_scope.c and fuzz_ssi_expr.c. */
#include "workers/handler/ssi_scope.h"

bool
ssi_scope_init(struct ssi_scope *scope, struct arena *arena)
{
	memset(scope, 0, sizeof *scope);
	scope->arena = arena;
	scope->variables = arena_alloc(arena, SSI_VARIABLES_MAX * sizeof *scope->variables);
	return scope->variables != NULL;
}

static struct ssi_variable *
find_variable(const struct ssi_scope *scope, struct slice name)
{
	for (unsigned i = 0; i < scope->variable_count; i++) {
		if (slice_equal(scope->variables[i].name, name))
			return &scope->variables[i];
	}
	return NULL;
}

static bool
get_capture(const struct ssi_scope *scope, struct slice name, struct slice *value_out)
{
	unsigned number;

	if (name.len != 1 || name.data[0] < '0' || name.data[0] > '9')
		return false;
	number = (unsigned)(name.data[0] - '0');
	if (number >= scope->captures.count ||
	    scope->captures.end[number] <= scope->captures.start[number] ||
	    scope->captures.end[number] > scope->subject.len)
		return false;
	*value_out = slice_make(scope->subject.data + scope->captures.start[number],
	    scope->captures.end[number] - scope->captures.start[number]);
	return true;
}

bool
ssi_scope_get(const struct ssi_scope *scope, struct slice name, struct slice *value_out)
{
	const struct ssi_variable *variable = find_variable(scope, name);

	if (variable != NULL) {
		*value_out = variable->value;
		return true;
	}
	return get_capture(scope, name, value_out) ||
	    (scope->find_own != NULL && scope->find_own(scope->context, name, value_out));
}

bool
ssi_scope_set(struct ssi_scope *scope, struct slice name, struct slice value)
{
	struct ssi_variable *variable = find_variable(scope, name);

	if (variable == NULL) {
		if (scope->variable_count == SSI_VARIABLES_MAX)
			return false;
		variable = &scope->variables[scope->variable_count++];
		variable->name = name;
	}
	variable->value = value;
	return true;
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_';
}

/* Bytes of the variable that text begins with, its name in *name_out; 0: it is none, -1: it
 * does not end. */
static long
variable_bytes(struct slice text, bool takes_percent, struct slice *name_out)
{
	const char *end;
	size_t len = 1;

	if (text.len < 2 || (text.data[0] != '$' && !(takes_percent && text.data[0] == '%')))
		return 0;
	if (text.data[1] == '{') {
		end = memchr(text.data, '}', text.len);
		if (end == NULL)
			return -1;
		*name_out = slice_make(text.data + 2, (size_t)(end - text.data) - 2);
		return end - text.data + 1;
	}
	if (text.data[0] == '%')
		return 0;
	while (len < text.len && is_name_byte(text.data[len]))
		len++;
	*name_out = slice_make(text.data + 1, len - 1);
	return len == 1 ? 0 : (long)len;
}

/* The first piece of text: a plain run, at least one byte, or a variable's value. Bytes of
 * text that it stands for; -1: a variable does not end. */
static long
take_piece(const struct ssi_scope *scope, struct slice text, bool takes_percent,
    struct slice *piece_out)
{
	struct slice name;
	long len = variable_bytes(text, takes_percent, &name);
	size_t run = 1;

	if (len > 0 && !ssi_scope_get(scope, name, piece_out))
		*piece_out = slice_make(NULL, 0);
	if (len != 0)
		return len;
	if (text.len > 1 && text.data[0] == '\\' && text.data[1] == '$') {
		*piece_out = slice_make(text.data + 1, 1);
		return 2;
	}
	while (run < text.len && memchr("$%\\", text.data[run], 3) == NULL)
		run++;
	*piece_out = slice_make(text.data, run);
	return (long)run;
}

/* Writes to out, cap bytes at most, or nowhere when out is NULL; *len_out: bytes in all. */
static const char *
expand_into(const struct ssi_scope *scope, struct slice text, bool takes_percent, char *out,
    size_t cap, size_t *len_out)
{
	*len_out = 0;
	while (text.len > 0) {
		struct slice piece;
		long taken = take_piece(scope, text, takes_percent, &piece);

		if (taken < 0)
			return "a variable lacks its \"}\"";
		if (piece.len > cap - *len_out)
			return "a value is longer than 64 KiB";
		if (out != NULL && piece.len > 0)
			memcpy(out + *len_out, piece.data, piece.len);
		*len_out += piece.len;
		text.data += taken;
		text.len -= (size_t)taken;
	}
	return NULL;
}

static bool
has_variables(struct slice text, bool takes_percent)
{
	return text.len > 0 && (memchr(text.data, '$', text.len) != NULL ||
	    (takes_percent && memchr(text.data, '%', text.len) != NULL));
}

const char *
ssi_expand(const struct ssi_scope *scope, struct slice text, bool takes_percent,
    struct slice *text_out)
{
	const char *problem;
	size_t len;
	char *out;

	*text_out = text;
	if (!has_variables(text, takes_percent))
		return NULL;
	problem = expand_into(scope, text, takes_percent, NULL, SSI_VALUE_MAX_BYTES, &len);
	if (problem != NULL)
		return problem;
	out = arena_alloc(scope->arena, len);
	if (out == NULL)
		return "the page needs too much memory";
	problem = expand_into(scope, text, takes_percent, out, len, &len);
	*text_out = slice_make(out, len);
	return problem;
}
