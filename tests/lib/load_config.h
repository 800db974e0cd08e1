/* SPDX-License-Identifier: BSD-2-Clause */
/* For unit tests: a configuration from text that has to load, or that has to be refused with
 * one message. Each call that gives a configuration wants a config_free(). */
#ifndef MUSTER_TESTS_LOAD_CONFIG_H
#define MUSTER_TESTS_LOAD_CONFIG_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

/* What every text needs; it has no line of its own. */
#define LOAD_LEAST "types_file = \"\" listen \"*:80\" {} "

static inline struct config *
load_config(const char *text)
{
	struct config_errors errors;
	char *whole = NULL;
	struct config *config;

	ck_assert_int_ge(asprintf(&whole, LOAD_LEAST "%s", text), 0);
	config = config_load_text(whole, "f", &errors);
	ck_assert_msg(config != NULL, "%.300s: %.300s", text,
	    errors.count > 0 ? errors.lines[0] : "");
	config_errors_fini(&errors);
	free(whole);
	return config;
}

/* error: the only message, without "f:". */
static inline void
refuse_config(const char *text, const char *error)
{
	struct config_errors errors;
	char *whole = NULL;
	struct config *config;

	ck_assert_int_ge(asprintf(&whole, LOAD_LEAST "%s", text), 0);
	config = config_load_text(whole, "f", &errors);
	ck_assert_msg(config == NULL, "loads: %.300s", text);
	ck_assert_uint_ge(errors.count, 1);
	ck_assert_str_eq(errors.lines[0] + 2, error);
	ck_assert_msg(errors.count == 1, "also: %.300s", errors.lines[errors.count - 1]);
	config_errors_fini(&errors);
	free(whole);
}

/* The settings of the first host's location ("/" in the text), or of the host without one. */
static inline const struct config_settings *
load_innermost(const struct config *config)
{
	const struct config_host *host = &config->hosts[0];
	const struct config_location *location = host->locations;

	if (host->location_count == 0)
		return &host->settings;
	while (location->location_count > 0)
		location = location->locations;
	return &location->settings;
}

/* Elements with a blank after each. */
static inline const char *
load_join(const struct config_texts *texts, char *joined, size_t joined_bytes)
{
	size_t used = 0;

	joined[0] = '\0';
	for (size_t i = 0; i < texts->count && used < joined_bytes; i++)
		used += (size_t)snprintf(joined + used, joined_bytes - used, "%s ",
		    texts->items[i]);
	return joined;
}

#endif
