/* SPDX-License-Identifier: BSD-2-Clause */
/* config/schema.c: the table is whole and agrees with itself: a default is a value that its
 * own row takes, in the text that the dump would write. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/keep.h"
#include "config/list.h"
#include "config/schema.h"
#include "config/suggest.h"
#include "config/value.h"

START_TEST(row_is_complete)
{
	size_t count;
	const struct schema_directive *row = &schema_rows(&count)[_i];
	char expected[256];

	ck_assert(row->name[0] != '\0' && strlen(row->name) < SUGGEST_NAME_BYTES);
	ck_assert_uint_ne(row->scopes, 0);
	ck_assert_uint_eq(row->scopes >> SCHEMA_SCOPE_COUNT, 0);
	ck_assert_uint_gt(strlen(row->meaning), 0);
	ck_assert_uint_le(row->min, row->max > row->min ? row->max : row->min);
	if (row->kind == SCHEMA_SECTION || row->kind == SCHEMA_INCLUDE)
		return;
	schema_expected(row, expected, sizeof(expected));
	ck_assert_uint_gt(strlen(expected), 0);
	ck_assert_uint_gt(row->field_bytes, 0);
	ck_assert_int_eq(schema_is_list(row), row->count_offset > 0);
	ck_assert_int_eq(schema_is_list(row), row->max > 0 && !schema_is_plain(row));
}
END_TEST

/* schema_find() and libconfuse would see only the first of two. */
START_TEST(name_is_once_in_a_scope)
{
	size_t count;
	const struct schema_directive *rows = schema_rows(&count);

	for (size_t i = 0; i < count; i++)
		ck_assert_msg((int)i == _i || strcmp(rows[i].name, rows[_i].name) != 0 ||
		    (rows[i].scopes & rows[_i].scopes) == 0, "%s", rows[_i].name);
}
END_TEST

START_TEST(default_is_a_value_as_it_is_printed)
{
	size_t count, text_bytes = 0;
	const struct schema_directive *row = &schema_rows(&count)[_i];
	struct keep *keep = keep_new();
	struct config *base;
	char *text = NULL;
	FILE *out;

	ck_assert_ptr_nonnull(keep);
	/* Larger than each struct that a row is stored in. */
	base = keep_alloc(keep, sizeof(*base) + sizeof(struct config_host));
	out = open_memstream(&text, &text_bytes);
	ck_assert(base != NULL && out != NULL);
	base->keep = keep;
	if (schema_is_plain(row)) {
		ck_assert_msg(value_store(row, row->default_text, keep, base) == VALUE_STORED,
		    "%s", row->name);
		value_print(row, base, out);
	}
	ck_assert_int_eq(fclose(out), 0);
	if (text[0] == '"') {
		ck_assert_uint_eq(strlen(text), strlen(row->default_text) + 2);
		text[strlen(text) - 1] = '\0';
	}
	if (schema_is_plain(row))
		ck_assert_str_eq(text + (text[0] == '"'), row->default_text);
	free(text);
	keep_free(&keep);
}
END_TEST

/* What is built in of it; all of it where nothing is optional. */
START_TEST(default_list_is_a_list_as_it_is_printed)
{
	size_t count, text_bytes = 0;
	const struct schema_directive *row = &schema_rows(&count)[_i];
	struct keep *keep = keep_new();
	struct config *base = keep_alloc(keep, sizeof(*base) + sizeof(struct config_host));
	char *text = NULL, *words = keep_text(keep, row->default_text), *word, *at;
	FILE *out = open_memstream(&text, &text_bytes);

	ck_assert(base != NULL && out != NULL);
	base->keep = keep;
	if (schema_is_list(row)) {
		ck_assert_int_eq(list_store_default(base, row, base), 0);
		ck_assert_uint_le(list_count(row, base), row->max);
		list_print(row, base, out);
	}
	ck_assert_int_eq(fclose(out), 0);
	at = text;
	while (schema_is_list(row) && (word = strsep(&words, " ")) != NULL) {
		if (word[0] == '\0' || row->kind == SCHEMA_CODINGS)
			continue;
		at = strstr(at, word);
		ck_assert_msg(at != NULL, "%s: no %s in %s", row->name, word, text);
	}
	free(text);
	keep_free(&keep);
}
END_TEST

/* A scope has to fit into the tables of load.c and unknown.c. */
START_TEST(scope_has_room)
{
	size_t count, own_count = 0;
	const struct schema_directive *rows = schema_rows(&count);

	for (size_t i = 0; i < count; i++)
		own_count += (rows[i].scopes & SCHEMA_IN(_i)) != 0;
	ck_assert_uint_le(own_count + 2, 100);
}
END_TEST

static const struct {
	enum schema_scope scope;
	const char *name, *range;       /* NULL: it is not there */
} ranges[] = {
	{ SCHEMA_POOL, "start", "1 to 65536" }, { SCHEMA_KEEPALIVE, "timeout", "0s to 1d" },
	{ SCHEMA_LIMITS, "header_size", "1k to 1M" }, { SCHEMA_LISTEN, "defer_accept", "0s to 1m" },
	{ SCHEMA_LIMITS, "header_timeout", "1ms to 1d" }, { SCHEMA_GLOBAL, "root", "" },
	{ SCHEMA_HOST, "root", "" }, { SCHEMA_GLOBAL, "start", NULL },
	{ SCHEMA_LOCATION, "aliases", NULL }, { SCHEMA_HOST, "listen", "" },
	{ SCHEMA_LOCATION, "hsts", "0s to 3650d" }, { SCHEMA_GLOBAL, "limit_rate", "0 to 1T" },
	{ SCHEMA_REDIRECT, "status", "" }, { SCHEMA_ERROR_PAGE, "status", "0 to 599" },
	{ SCHEMA_REWRITE, "status", NULL }, { SCHEMA_GLOBAL, "reset", NULL },
	{ SCHEMA_GLOBAL, "acme", NULL }, { SCHEMA_GLOBAL, "tls", "" }, { SCHEMA_LISTEN, "tls", "" },
	{ SCHEMA_HOST, "tls", NULL }, { SCHEMA_HOST, "certificate", "" },
	{ SCHEMA_LOCATION, "certificate", NULL }, { SCHEMA_TLS, "session_timeout", "1s to 7d" },
};

START_TEST(row_is_found_in_its_scope_only)
{
	const struct schema_directive *row = schema_find(ranges[_i].scope, ranges[_i].name);
	char range[64];

	ck_assert_int_eq(row != NULL, ranges[_i].range != NULL);
	if (row == NULL)
		return;
	schema_range(row, range, sizeof(range));
	ck_assert_str_eq(range, ranges[_i].range);
}
END_TEST

static size_t
row_count(void)
{
	size_t count;

	schema_rows(&count);
	return count;
}

int
main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tcase = tcase_create("schema");
	SRunner *runner = srunner_create(suite);
	int failed_count;

	tcase_add_loop_test(tcase, row_is_complete, 0, (int)row_count());
	tcase_add_loop_test(tcase, name_is_once_in_a_scope, 0, (int)row_count());
	tcase_add_loop_test(tcase, default_is_a_value_as_it_is_printed, 0, (int)row_count());
	tcase_add_loop_test(tcase, default_list_is_a_list_as_it_is_printed, 0, (int)row_count());
	tcase_add_loop_test(tcase, scope_has_room, 0, SCHEMA_SCOPE_COUNT);
	tcase_add_loop_test(tcase, row_is_found_in_its_scope_only, 0,
	    (int)(sizeof(ranges) / sizeof(ranges[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
