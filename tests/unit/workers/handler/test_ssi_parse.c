/* SPDX-License-Identifier: BSD-2-Clause */
/* workers/handler/ssi_parse.c: a token too many, too few or cut at the wrong place, a line that is
 * counted wrongly, and time that grows faster than the page. */
#include "tests/unit/workers/handler/page_content.h"
#include "workers/handler/ssi_parse.h"

/* Tokens as "[text]", "{name|attributes}", "!": unfinished. */
static const struct {
	const char *page, *tokens;
} pages[] = {
	{ "", "" },
	{ "plain", "[plain]" },
	{ "<!-- # -->", "[<!-- # -->]" },
	{ "<!--# -->", "{|}" },
	{ "a<!--#echo var=\"x\"-->b", "[a]{echo| var=\"x\"}[b]" },
	{ "<!--#a--><!--#b -->", "{a|}{b| }" },
	{ "<!--# echo var=x -->", "{echo| var=x }" },
	{ "<!--#\n\techo\nvar=x\n-->", "{echo|\nvar=x\n}" },
	{ "<!--#echo var=\"-->\"-->c", "{echo| var=\"-->\"}[c]" },
	{ "<!--#echo var='\"-->'-->c", "{echo| var='\"-->'}[c]" },
	{ "<!--#echo var=`-->`-->c", "{echo| var=`-->`}[c]" },
	{ "<!--#echo var=\"a\\\"-->\"-->c", "{echo| var=\"a\\\"-->\"}[c]" },
	{ "<!--#echo var=it's-->c'", "{echo| var=it's}[c']" },
	{ "<!--#echo var=a--b-->c", "{echo| var=a--b}[c]" },
	{ "<!--#echo var=a>b -->c", "{echo| var=a>b }[c]" },
	/* What is no attribute ends at the next "-->". */
	{ "<!--#echo \"a-->b\"-->c", "{echo| \"a}[b\"-->c]" },
	{ "<!--#echo = -->c", "{echo| = }[c]" },
	{ "<!--#echo=x-->c", "{echo|=x}[c]" },
	{ "<!--#echo var-->c", "{echo| var}[c]" },
	{ "<!--#echo var=\"x-->c", "{echo| var=\"x}[c]" },
	{ "<!--#x a='-->b<!--#x c='-->d", "{x| a='-->b<!--#x c='}[d]" },
	{ "a<!--#", "[a]!" },
	{ "<!--#echo", "!" },
	{ "<!--#echo var=\"x\" --", "!" },
	{ "<!--#echo var=\"x", "!" },
	{ "<!--#echo var=\"x\"-- >c", "!" },
	{ "<!-<!--#a--><!--", "[<!-]{a|}[<!--]" },
	{ "<!--<!--#a-->", "[<!--]{a|}" },
	{ "<!--#echo var=\"x\"--->c", "{echo| var=\"x\"-}[c]" },
};

START_TEST(pages_are_cut)
{
	struct slice page = slice_from_text(pages[_i].page);
	struct ssi_scanner scanner;
	struct ssi_token token;
	char got[256] = "";
	size_t len = 0;

	ssi_scan_init(&scanner, page);
	for (ssi_scan_next(&scanner, &token); token.kind != SSI_TOKEN_END;
	    ssi_scan_next(&scanner, &token)) {
		size_t used = strlen(got);

		ck_assert_ptr_eq(token.text.data, page.data + len);
		len += token.text.len;
		if (token.kind == SSI_TOKEN_TEXT)
			snprintf(got + used, sizeof got - used, "[%.*s]", (int)token.text.len,
			    token.text.data);
		else if (token.kind == SSI_TOKEN_ELEMENT)
			snprintf(got + used, sizeof got - used, "{%.*s|%.*s}",
			    (int)token.name.len, token.name.data,
			    (int)token.attributes.len, token.attributes.data);
		else
			strcat(got, "!");
	}
	ck_assert_str_eq(got, pages[_i].tokens);
	ck_assert_uint_eq(len, page.len);
}
END_TEST

/* "name=value;" with the quote in front; "-" at the end: what follows is no attribute. */
static const struct {
	const char *text, *attributes;
} attributes[] = {
	{ "", "" },
	{ "  ", "" },
	{ " a=b ", "a=b;" },
	{ " a=\"b c\" d='e' f=`g`", "a=\"b c;d='e;f=`g;" },
	{ " a = b\tc\n=\r\"d\"", "a=b;c=\"d;" },
	{ " a=", "a=;" },
	{ " a=\"\"", "a=\";" },
	{ " a=\"b\"c=d", "a=\"b;c=d;" },
	{ " a=b=c", "a=b=c;" },
	{ " a=\"x\\\"y\\\\\"", "a=\"x\\\"y\\\\;" },
	{ " a=b c", "a=b;-" },
	{ " a", "-" },
	{ " =b", "-" },
	{ " \"a\"", "-" },
	{ " a=\"b", "-" },
	{ " a=\"b\\\"", "-" },
};

START_TEST(attributes_are_taken)
{
	struct slice rest = slice_from_text(attributes[_i].text);
	struct ssi_attribute attribute;
	char got[256] = "";
	int taken;

	while ((taken = ssi_next_attribute(&rest, &attribute)) > 0) {
		char quote[2] = { attribute.quote, '\0' };
		size_t used = strlen(got);

		snprintf(got + used, sizeof got - used, "%.*s=%s%.*s;", (int)attribute.name.len,
		    attribute.name.data, quote, (int)attribute.value.len, attribute.value.data);
	}
	if (taken < 0)
		strcat(got, "-");
	ck_assert_str_eq(got, attributes[_i].attributes);
}
END_TEST

static const struct {
	char quote;
	const char *value, *text;
} escapes[] = {
	{ '"', "", "" }, { '"', "plain", "plain" }, { '"', "a\\\"b\\\"", "a\"b\"" },
	{ '\'', "a\\'b\\\"", "a'b\\\"" }, { '`', "\\`", "`" }, { '\0', "a\\\"b", "a\\\"b" },
	{ '"', "\\$x \\\\ \\n", "\\$x \\\\ \\n" }, { '"', "end\\", "end\\" },
};

START_TEST(quotes_are_unescaped)
{
	struct ssi_attribute attribute = { .value = slice_from_text(escapes[_i].value),
		.quote = escapes[_i].quote };
	struct slice value;
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, 4096), 0);
	ck_assert(ssi_unescape(&arena, &attribute, &value));
	ck_assert_slice(value, slice_from_text(escapes[_i].text));
	arena_fini(&arena);
}
END_TEST

START_TEST(lines_are_counted)
{
	struct slice page = SLICE_LITERAL("\n<!--#a\n\n-->\n\n<!--#b--><!--#c-->\n<!--#d");
	const unsigned lines[] = { 1, 2, 4, 6, 6, 6, 7, 7 };
	struct ssi_scanner scanner;
	struct ssi_token token;

	ssi_scan_init(&scanner, page);
	for (int i = 0; i < COUNT_OF(lines); i++) {
		ssi_scan_next(&scanner, &token);
		ck_assert_msg(token.line == lines[i], "token %d: line %u", i, token.line);
	}
	ck_assert_int_eq(token.kind, SSI_TOKEN_END);
}
END_TEST

/* Each of them, repeated, would be looked through to the end again and again by a scanner that
 * does not remember; the tests' own time limit then ends it. */
static const char *const repeated[] = {
	"<!--#", "<!--#x", "<!--#x a=\"", "<!--#x a='b\" c=\"", "<!--#x a=`\\", "<!--#a-", "<!--",
	"<!--#x --", "<!--#x a=b", "<!--#x =-->", "<!--#x a=\"\\\"-->",
};

START_TEST(work_grows_with_the_page_only)
{
	size_t unit = strlen(repeated[_i]), len = (4 << 20) / unit * unit;
	char *page = malloc(len);
	struct ssi_scanner scanner;
	struct ssi_token token;

	ck_assert_ptr_nonnull(page);
	for (size_t i = 0; i < len; i++)
		page[i] = repeated[_i][i % unit];
	ssi_scan_init(&scanner, slice_make(page, len));
	do {
		ssi_scan_next(&scanner, &token);
	} while (token.kind != SSI_TOKEN_END);
	free(page);
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("ssi_parse");

	tcase_add_loop_test(tcase, pages_are_cut, 0, COUNT_OF(pages));
	tcase_add_loop_test(tcase, attributes_are_taken, 0, COUNT_OF(attributes));
	tcase_add_loop_test(tcase, quotes_are_unescaped, 0, COUNT_OF(escapes));
	tcase_add_test(tcase, lines_are_counted);
	tcase_add_loop_test(tcase, work_grows_with_the_page_only, 0, COUNT_OF(repeated));
	return run_one_case("ssi_parse", tcase);
}
