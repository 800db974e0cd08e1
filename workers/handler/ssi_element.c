/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of server-side includes but for those that need other files. Workers,
 * unprivileged; pure. Rules: what echo and printenv show is text of HTML unless the page
 * asks for another form; config takes no variables, since what it sets is sent as it is;
 * exec does nothing. Shown by test_ssi.c. */
#include "workers/handler/escape.h"
#include "workers/handler/ssi_expr.h"
#include "workers/handler/ssi_page.h"

#define NOTHING slice_make("", 0)

bool
ssi_is(struct slice name, const char *wanted)
{
	return slice_equal_nocase(name, slice_from_text(wanted));
}

bool
ssi_value(struct ssi_page *page, const struct ssi_attribute *attribute, struct slice *value_out)
{
	const char *problem = "no memory for";

	if (ssi_unescape(page->work->scope.arena, attribute, value_out))
		problem = ssi_expand(&page->work->scope, *value_out, false, value_out);
	if (problem != NULL)
		ssi_problem(page, problem, attribute->value);
	return problem == NULL;
}

typedef void escape_function(struct content *out, struct slice s);

/* NULL: there is no such encoding. */
static escape_function *
find_encoding(struct slice name)
{
	if (ssi_is(name, "none"))
		return content_add;
	if (ssi_is(name, "entity"))
		return escape_html;
	if (ssi_is(name, "url") || ssi_is(name, "urlencoded"))
		return escape_url;
	return NULL;
}

/* default= is for all variables of the element, wherever it stands. */
static struct slice
find_default(struct ssi_page *page, struct slice attributes, bool *has_default_out)
{
	struct ssi_attribute attribute;
	struct slice value = NOTHING;

	*has_default_out = false;
	while (ssi_next_attribute(&attributes, &attribute) > 0) {
		if (ssi_is(attribute.name, "default") && ssi_value(page, &attribute, &value))
			*has_default_out = true;
	}
	return value;
}

static void
echo_variable(struct ssi_page *page, struct slice name, const struct slice *other,
    escape_function *encode)
{
	struct slice value;

	if (ssi_scope_get(&page->work->scope, name, &value))
		encode(&page->content, value);
	else if (other != NULL)
		encode(&page->content, *other);
	else
		content_add(&page->content, page->echomsg);
}

static void
run_echo(struct ssi_page *page, struct slice attributes)
{
	escape_function *encode = escape_html, *wanted;
	bool has_default, has_variable = false;
	struct slice other = find_default(page, attributes, &has_default), name;
	struct ssi_attribute attribute;

	while (ssi_next_attribute(&attributes, &attribute) > 0) {
		if (ssi_is(attribute.name, "var")) {
			has_variable = true;
			if (ssi_value(page, &attribute, &name))
				echo_variable(page, name, has_default ? &other : NULL, encode);
		} else if (ssi_is(attribute.name, "encoding")) {
			wanted = find_encoding(attribute.value);
			if (wanted != NULL)
				encode = wanted;
			else
				ssi_problem(page, "expected encoding none, entity or url, found",
				    attribute.value);
		} else if (!ssi_is(attribute.name, "default")) {
			ssi_problem(page, "expected var, encoding or default, found",
			    attribute.name);
		}
	}
	if (!has_variable)
		ssi_problem(page, "echo takes var", NOTHING);
}

static void
run_set(struct ssi_page *page, struct slice attributes)
{
	struct slice name = NOTHING, value;
	bool has_value = false;
	struct ssi_attribute attribute;

	while (ssi_next_attribute(&attributes, &attribute) > 0) {
		if (ssi_is(attribute.name, "var")) {
			if (!ssi_value(page, &attribute, &name))
				return;
		} else if (!ssi_is(attribute.name, "value")) {
			ssi_problem(page, "expected var or value, found", attribute.name);
			return;
		} else if (name.len == 0) {
			break;
		} else {
			has_value = true;
			if (!ssi_value(page, &attribute, &value))
				return;
			if (!ssi_scope_set(&page->work->scope, name, value))
				ssi_problem(page, "more than 256 variables, at", name);
		}
	}
	if (!has_value)
		ssi_problem(page, "set takes var and then value", NOTHING);
}

static void
run_config(struct ssi_page *page, struct slice attributes)
{
	struct ssi_attribute attribute;
	struct slice value;

	while (ssi_next_attribute(&attributes, &attribute) > 0) {
		if (!ssi_unescape(page->work->scope.arena, &attribute, &value))
			page->content.is_bad = true;
		else if (ssi_is(attribute.name, "errmsg"))
			page->errmsg = value;
		else if (ssi_is(attribute.name, "echomsg"))
			page->echomsg = value;
		else if (ssi_is(attribute.name, "timefmt"))
			page->timefmt = value;
		else if (!ssi_is(attribute.name, "sizefmt"))
			ssi_problem(page, "expected errmsg, echomsg, timefmt or sizefmt, found",
			    attribute.name);
		else if (ssi_is(value, "bytes") || ssi_is(value, "abbrev"))
			page->sizes_are_exact = ssi_is(value, "bytes");
		else
			ssi_problem(page, "expected sizefmt bytes or abbrev, found", value);
	}
}

static void
show_variable(struct ssi_page *page, struct slice name, struct slice value)
{
	escape_html(&page->content, name);
	content_add(&page->content, SLICE_LITERAL("="));
	escape_html(&page->content, value);
	content_add(&page->content, SLICE_LITERAL("\n"));
}

static void
run_printenv(struct ssi_page *page, struct slice attributes)
{
	const struct ssi_scope *scope = &page->work->scope;
	struct ssi_attribute attribute;
	const char *name;
	struct slice value;

	if (ssi_next_attribute(&attributes, &attribute) > 0) {
		ssi_problem(page, "printenv takes nothing, found", attribute.name);
		return;
	}
	for (unsigned i = 0; (name = ssi_own_name(i)) != NULL; i++) {
		if (ssi_find_own(page, slice_from_text(name), &value))
			show_variable(page, slice_from_text(name), value);
	}
	for (unsigned i = 0; i < scope->variable_count; i++)
		show_variable(page, scope->variables[i].name, scope->variables[i].value);
}

static void
run_exec(struct ssi_page *page, struct slice attributes)
{
	(void)attributes;
	ssi_problem(page, "exec is not supported: no page can run a program", NOTHING);
}

static const struct {
	const char *name;
	void (*run)(struct ssi_page *page, struct slice attributes);
} elements[] = {
	{ "include", ssi_run_include },
	{ "echo", run_echo },
	{ "set", run_set },
	{ "config", run_config },
	{ "fsize", ssi_run_fsize },
	{ "flastmod", ssi_run_flastmod },
	{ "printenv", run_printenv },
	{ "exec", run_exec },
};

/* Nothing is done by half: an element with a mistake at its end does nothing at all. */
static bool
is_well_formed(struct slice attributes)
{
	struct ssi_attribute attribute;
	int taken;

	while ((taken = ssi_next_attribute(&attributes, &attribute)) > 0)
		continue;
	return taken == 0;
}

void
ssi_run_element(struct ssi_page *page, const struct ssi_token *token)
{
	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
		if (!ssi_is(token->name, elements[i].name))
			continue;
		if (is_well_formed(token->attributes))
			elements[i].run(page, token->attributes);
		else
			ssi_problem(page, "expected name=\"value\" pairs in", token->name);
		return;
	}
	ssi_problem(page, "there is no element of the name", token->name);
}
