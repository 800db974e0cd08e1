/* SPDX-License-Identifier: BSD-2-Clause */
/* A page of server-side includes while it is made: shared by the ssi*.c files, and included
 * by nobody else. */
#ifndef MUSTER_HANDLER_SSI_PAGE_H
#define MUSTER_HANDLER_SSI_PAGE_H

#include "workers/handler/content.h"
#include "workers/handler/ssi_parse.h"
#include "workers/handler/ssi_scope.h"

#define SSI_DEPTH_MAX 8             /* of pages in pages */
#define SSI_INCLUDES_MAX 256        /* of a page and all that it includes: also looked up */
#define SSI_OUTPUT_MAX_BYTES (8 * 1024 * 1024) /* the same */
#define SSI_PROBLEMS_MAX 20         /* that are logged, the same */
#define SSI_BRANCHES_MAX 32         /* of if in if */

/* Of a page and all that it includes; in the exchange's scratch. */
struct ssi_work {
	const struct exchange *client; /* the request that the outermost page answers */
	struct http_request *inner_request; /* what includes ask with: see ssi_include.c */
	struct ssi_scope scope;
	struct slice document_path, document_name; /* of the outermost page */
	int64_t document_modified_s;
	uint64_t outer_bytes;       /* that the pages around the present one have so far */
	unsigned include_count, problem_count;
	bool is_looking_up;         /* for fsize and flastmod: the file, and not the page */
};

struct ssi_branch {                 /* between if and endif */
	bool was_live;              /* the text around it is sent */
	bool is_decided;            /* a branch was taken, or must not be any more */
	bool has_else;
};

struct ssi_page {
	const struct exchange *exchange; /* that this page answers */
	struct slice name;          /* of its file, when the path is a directory's; else empty */
	struct ssi_work *work;
	struct content content;
	struct slice errmsg, echomsg, timefmt;
	bool sizes_are_exact;
	unsigned line;              /* of the element at work */
	bool is_live;               /* text and elements are in a branch that is taken */
	bool is_over;               /* nothing more comes of the file */
	struct ssi_branch branches[SSI_BRANCHES_MAX];
	unsigned branch_count;
};

/* Puts errmsg into the page, and a line into the log that names page and line. about is what
 * the text is about, as the page has it; maybe empty. */
void ssi_problem(struct ssi_page *page, const char *text, struct slice about);
/* The value of an attribute with its variables put in; false: ssi_problem() was called. */
bool ssi_value(struct ssi_page *page, const struct ssi_attribute *attribute,
    struct slice *value_out);
bool ssi_is(struct slice name, const char *wanted); /* ASCII case is ignored */

/* Element by element; attributes as ssi_next_attribute() takes them. */
void ssi_run_element(struct ssi_page *page, const struct ssi_token *token);
void ssi_run_include(struct ssi_page *page, struct slice attributes);
void ssi_run_fsize(struct ssi_page *page, struct slice attributes);
void ssi_run_flastmod(struct ssi_page *page, struct slice attributes);
/* if, elif, else, endif: these also run where nothing is live. False: it is none of them. */
bool ssi_run_branch(struct ssi_page *page, const struct ssi_token *token);

/* For ssi_scope.find_own; context is the page. */
bool ssi_find_own(const void *context, struct slice name, struct slice *value_out);
/* Names of the variables that ssi_find_own() knows, in a fixed order; NULL behind the last. */
const char *ssi_own_name(unsigned index);

#endif
