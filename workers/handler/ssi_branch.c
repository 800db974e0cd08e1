/* SPDX-License-Identifier: BSD-2-Clause */
/* if, elif, else and endif of server-side includes. Leaves expressions to ssi_expr.c. Workers,
 * unprivileged; pure. Rule: at most one of the branches is sent, and none when its condition
 * cannot be understood; text that is not sent is not evaluated either.
 * Shown by test_ssi.c. */
#include "workers/handler/ssi_expr.h"
#include "workers/handler/ssi_page.h"

#define NOTHING slice_make("", 0)

static enum ssi_truth
evaluate(struct ssi_page *page, struct slice attributes)
{
	struct ssi_attribute attribute, second;
	enum ssi_truth truth = SSI_WRONG;
	const char *problem = "no memory for";
	struct slice text;

	if (ssi_next_attribute(&attributes, &attribute) <= 0 || !ssi_is(attribute.name, "expr") ||
	    ssi_next_attribute(&attributes, &second) != 0) {
		ssi_problem(page, "a condition takes expr and nothing else", NOTHING);
		return SSI_WRONG;
	}
	if (ssi_unescape(page->work->scope.arena, &attribute, &text))
		truth = ssi_evaluate(&page->work->scope, text, &problem);
	if (truth == SSI_WRONG)
		ssi_problem(page, problem, attribute.value);
	return truth;
}

/* The condition of a branch that may still be taken. */
static void
decide(struct ssi_page *page, struct ssi_branch *branch, struct slice attributes)
{
	enum ssi_truth truth;

	page->is_live = branch->was_live; /* for errmsg */
	truth = evaluate(page, attributes);
	page->is_live = truth == SSI_TRUE;
	branch->is_decided = truth != SSI_FALSE;
}

static void
run_if(struct ssi_page *page, struct slice attributes)
{
	struct ssi_branch *branch;

	if (page->branch_count == SSI_BRANCHES_MAX) {
		/* Their endif would be taken for another's. */
		ssi_problem(page, "if is nested too deep, the page ends here", NOTHING);
		page->is_over = true;
		return;
	}
	branch = &page->branches[page->branch_count++];
	branch->was_live = page->is_live;
	branch->is_decided = branch->has_else = false;
	if (branch->was_live)
		decide(page, branch, attributes);
}

static void
run_elif(struct ssi_page *page, struct ssi_branch *branch, struct slice attributes)
{
	page->is_live = false;
	if (branch->has_else && branch->was_live) {
		page->is_live = true;
		ssi_problem(page, "elif stands behind else", NOTHING);
		page->is_live = false;
	} else if (branch->was_live && !branch->is_decided) {
		decide(page, branch, attributes);
	}
}

static void
run_else(struct ssi_page *page, struct ssi_branch *branch)
{
	page->is_live = branch->was_live && !branch->is_decided && !branch->has_else;
	branch->is_decided = branch->has_else = true;
}

bool
ssi_run_branch(struct ssi_page *page, const struct ssi_token *token)
{
	struct ssi_branch *branch = page->branch_count == 0 ? NULL :
	    &page->branches[page->branch_count - 1];
	bool is_elif = ssi_is(token->name, "elif"), is_else = ssi_is(token->name, "else");

	if (ssi_is(token->name, "if")) {
		run_if(page, token->attributes);
		return true;
	}
	if (!is_elif && !is_else && !ssi_is(token->name, "endif"))
		return false;
	if (branch == NULL) {
		ssi_problem(page, "there is no if before", token->name);
	} else if (is_elif) {
		run_elif(page, branch, token->attributes);
	} else if (is_else) {
		run_else(page, branch);
	} else {
		page->is_live = branch->was_live;
		page->branch_count--;
	}
	return true;
}
