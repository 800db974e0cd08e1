/* SPDX-License-Identifier: BSD-2-Clause */
/* The way from a file to struct config, stage by stage: source.c joins the files,
 * load.c parses, build.c and validate.c check. Each stage is left to its file. Runs
 * in the master (maybe as root, again at each reload), in musterd -t and -T. A
 * configuration is whole and right, or there is none and at least one message; nothing
 * is left behind by a failed load. Shown by tests/unit/config/test_load.c. */
#include "config/config.h"

#include <stdlib.h>

#include "config/build.h"
#include "config/errors.h"
#include "config/keep.h"
#include "config/load.h"
#include "config/log_format.h"
#include "config/mime.h"
#include "config/source.h"
#include "config/validate.h"

/* What others compile from a value: access log format, media types. */
static void
compile(struct config *config, const struct tree_section *tree, struct errors *errors)
{
	const struct tree_section *log = tree_find_child(tree, SCHEMA_LOG);
	const struct tree_value *format = log != NULL ? tree_find_value(log, "format") : NULL;
	const struct tree_value *types = tree_find_value(tree, "types_file");
	char what[512] = "";
	_Bool is_missing;

	config->log.compiled_format = log_format_compile(config->log.format, what, sizeof(what));
	if (config->log.compiled_format == NULL)
		errors_add(errors, format != NULL ? format->position : 0, "log.format: %s",
		    what);
	/* Not for a configuration that is wrong anyhow: it is another file to read. */
	if (errors->shown->count > 0)
		return;
	config->mime = mime_load(config->types_file, &is_missing, what, sizeof(what));
	if (config->mime == NULL)
		errors_add(errors, types != NULL ? types->position : 0, "types_file: %s",
		    what);
}

static struct config *
config_new(const struct source *source)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return NULL;
	config->keep = keep_new();
	if (config->keep != NULL)
		config->source = keep_text(config->keep, source->files[0]);
	if (config->source == NULL)
		config_free(&config);
	return config;
}

static struct config *
finish(struct source *source, struct errors *errors)
{
	struct config *config = config_new(source);
	bool is_whole = false, has_memory = false;
	struct tree_section *tree = load_tree(source, errors, &is_whole);

	if (config != NULL && tree != NULL)
		has_memory = build_config(config, tree, errors) == 0 &&
		    (!is_whole || validate_config(config, tree, errors) == 0);
	if (!has_memory)
		errors_add_no_memory(errors);
	else if (!is_whole && errors->shown->count == 0)
		errors_add(errors, 0, "not understood");  /* never half a configuration */
	else
		compile(config, tree, errors);
	tree_free(&tree);
	if (errors->shown->count > 0 || errors->shown->dropped_count > 0)
		config_free(&config);
	return config;
}

struct config *
config_load(const char *path, struct config_errors *errors_out)
{
	struct config *config = NULL;
	struct source source = { 0 };
	struct errors errors;

	errors_init(&errors, &source, errors_out);
	if (source_read_file(&source, path, &errors))
		config = finish(&source, &errors);
	source_fini(&source);
	return config;
}

struct config *
config_load_text(const char *text, const char *name, struct config_errors *errors_out)
{
	struct config *config = NULL;
	struct source source = { 0 };
	struct errors errors;

	errors_init(&errors, &source, errors_out);
	if (source_read_text(&source, text, name, &errors))
		config = finish(&source, &errors);
	source_fini(&source);
	return config;
}

struct config *
config_share(struct config *config)
{
	config->share_count++;
	return config;
}

void
config_free(struct config **config)
{
	struct config *gone = *config;

	*config = NULL;
	if (gone == NULL)
		return;
	if (gone->share_count > 0) {
		gone->share_count--;
		return;
	}
	log_format_free(&gone->log.compiled_format);
	mime_free(&gone->mime);
	keep_free(&gone->keep);
	free(gone);
}
