/* SPDX-License-Identifier: BSD-2-Clause */
/* From text to tree, by libconfuse. Inside config/ only. */
#ifndef MUSTER_CONFIG_LOAD_H
#define MUSTER_CONFIG_LOAD_H

#include "config/errors.h"
#include "config/source.h"
#include "config/tree.h"

/* The tree as far as the text could be parsed; NULL: no memory. *is_whole_out: the
 * text was parsed to its end. Unknown directives are blanked out in the source. */
struct tree_section *load_tree(struct source *source, struct errors *errors,
    bool *is_whole_out);

#endif
