/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories that the master opens for the workers. Whether they exist shows when it does so
 * (server/priv/roots.c). Runs wherever a configuration is read. A directory is in the list
 * once, however often and in whatever spelling it is named, and none lies outside the chroot.
 * Shown by tests/unit/config/test_build.c. */
#include "config/folder.h"

#include <stdlib.h>
#include <string.h>

#include "config/keep.h"
#include "config/path.h"
#include "config/value.h"

static int
append(const struct scope *scope, const struct tree_value *value, const char *path)
{
	struct config *config = scope->config;
	struct source_place place = source_place(scope->errors->source, value->position);
	struct config_root *added;

	/* Room doubles; the smaller arrays go with the configuration. */
	if ((config->root_count & (config->root_count - 1)) == 0) {
		struct config_root *grown = keep_alloc(config->keep,
		    (config->root_count * 2 + 1) * sizeof(*grown));

		if (grown == NULL)
			return -1;
		if (config->root_count > 0)
			memcpy(grown, config->roots, config->root_count * sizeof(*grown));
		config->roots = grown;
	}
	added = &config->roots[config->root_count];
	added->line = place.line;
	added->path = keep_text(config->keep, path);
	added->file = keep_text(config->keep, place.file);
	if (added->path == NULL || added->file == NULL)
		return -1;
	config->root_count++;
	return 0;
}

int
folder_add(const struct scope *scope, struct tree_value *value, const char *path,
    unsigned *index_out)
{
	struct config *config = scope->config;

	if (config->chroot[0] != '\0' && !path_is_below(path, config->chroot)) {
		char expected[256];

		snprintf(expected, sizeof(expected), "a path below the chroot \"%s\"",
		    config->chroot);
		scope_complain(scope, value, expected);
	}
	for (size_t i = 0; i < config->root_count; i++) {
		if (strcmp(config->roots[i].path, path) == 0) {
			*index_out = (unsigned)i;
			return 0;
		}
	}
	*index_out = (unsigned)config->root_count;
	return append(scope, value, path);
}

/* The cleaned value, malloc'd; NULL: *outcome_out is 0 when a message was added. */
static char *
clean(const struct scope *scope, struct tree_value *value, int *outcome_out)
{
	bool is_wrong = !value_is_text(value->text, false);
	char *path = is_wrong ? NULL : path_clean(value->text, &is_wrong);

	*outcome_out = path == NULL && !is_wrong ? -1 : 0;
	if (is_wrong)
		scope_complain(scope, value, NULL);
	return path;
}

int
folder_apply_root(const struct scope *scope, struct tree_value *value,
    struct config_settings *settings)
{
	int outcome;
	char *path;

	if (value->text[0] == '\0') {
		settings->root_index = CONFIG_NO_ROOT;
		return 0;
	}
	path = clean(scope, value, &outcome);
	if (path != NULL)
		outcome = folder_add(scope, value, path, &settings->root_index);
	free(path);
	return outcome;
}

int
folder_apply_file(const struct scope *scope, struct tree_value *value,
    struct config_file *file)
{
	struct keep *keep = scope->config->keep;
	size_t bytes = strlen(value->text);
	int outcome = 0;
	char *path = NULL, *slash;

	*file = (struct config_file){ keep_text(keep, value->text), CONFIG_NO_ROOT,
	    keep_text(keep, "") };
	if (file->path == NULL || file->name == NULL)
		return -1;
	if (bytes == 0)
		return 0;
	if (value->text[bytes - 1] == '/')
		scope_complain(scope, value, NULL);
	else
		path = clean(scope, value, &outcome);
	if (path == NULL)
		return outcome;
	slash = strrchr(path, '/');
	file->name = keep_text(keep, slash + 1);
	slash[slash == path] = '\0';
	outcome = file->name == NULL ? -1 :
	    folder_add(scope, value, path, &file->root_index);
	free(path);
	return outcome;
}

/* The asterisk that is a whole segment of a cleaned path; NULL: there is none, or another. */
static char *
find_asterisk(char *path)
{
	char *asterisk = strchr(path, '*');

	if (asterisk == NULL || strchr(asterisk + 1, '*') != NULL || asterisk[-1] != '/' ||
	    (asterisk[1] != '/' && asterisk[1] != '\0'))
		return NULL;
	return asterisk;
}

int
folder_apply_user_dir(const struct scope *scope, struct tree_value *value,
    struct config_settings *settings)
{
	struct keep *keep = scope->config->keep;
	char *path = NULL, *asterisk;
	int outcome = 0;

	settings->user_dir = keep_text(keep, value->text);
	settings->user_dir_below = keep_text(keep, "");
	settings->user_dir_root_index = CONFIG_NO_ROOT;
	if (settings->user_dir == NULL || settings->user_dir_below == NULL)
		return -1;
	if (value->text[0] != '\0')
		path = clean(scope, value, &outcome);
	if (path == NULL)
		return outcome;
	asterisk = find_asterisk(path);
	if (asterisk == NULL) {
		scope_complain(scope, value, NULL);
		free(path);
		return 0;
	}
	settings->user_dir_below = keep_text(keep, asterisk + (asterisk[1] == '/' ? 2 : 1));
	asterisk[-1 + (asterisk - 1 == path)] = '\0';
	outcome = settings->user_dir_below == NULL ? -1 :
	    folder_add(scope, value, path, &settings->user_dir_root_index);
	free(path);
	return outcome;
}
