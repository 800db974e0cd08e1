/* SPDX-License-Identifier: BSD-2-Clause */
/* What this muster was built without. Inside config/ only. */
#ifndef MUSTER_CONFIG_FEATURES_H
#define MUSTER_CONFIG_FEATURES_H

/* NULL: it is built in, or needs no library. Else the library that is missing. */
const char *features_missing(const char *directive, const char *word);

#endif
