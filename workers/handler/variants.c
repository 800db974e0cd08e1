/* SPDX-License-Identifier: BSD-2-Clause */
/* Negotiation by language, and precompressed files. Leaves quality values to
 * workers/http/accept.c, opening to resolve.c, Vary to found.c. Workers, unprivileged.
 * Rules: the plain file decides whether there is anything to be coded, so nothing that is
 * refused can be had by its coded file; nor is what is closed by its own name had by another;
 * without languages, and without Accept-Encoding, not a system call more than the file itself
 * costs.
 * Shown by test_variants.c, tests/integration/20-static/test_languages.py and
 * test_precompressed.py. */
#include "workers/handler/variants.h"

#include <errno.h>
#include <unistd.h>

#include "workers/handler/media_type.h"
#include "workers/handler/reroute.h"
#include "workers/handler/resolve.h"

/* Ranks of variants, beside the client's qualities of 1 to 1000. */
#define RANK_PLAIN 0
#define RANK_UNNAMED (-1)
#define RANK_REFUSED (-2)

#define CODINGS_MAX 3

/* The last ending of a path, if it is one of the settings' languages. */
static struct slice
find_suffix(const struct config_settings *settings, struct slice path)
{
	for (size_t i = 0; i < settings->languages.count; i++) {
		struct slice tag = slice_from_text(settings->languages.items[i]);

		const char *at = path.data + path.len - tag.len;

		if (path.len > tag.len + 1 && at[-1] == '.' && at[-2] != '/' &&
		    slice_equal_nocase(slice_make(at, tag.len), tag))
			return tag;
	}
	return slice_make("", 0);
}

/* "page.html.de" by its own name: German, and HTML. But "script.pl" is not Polish when ".pl" says
 * a type and "script" says none. */
static void
know_language(const struct exchange *exchange, struct found *found)
{
	struct slice tag = find_suffix(exchange->route.settings, found->name);
	struct slice rest = found->name;

	if (tag.len == 0)
		return;
	rest.len -= tag.len + 1;
	if (!media_type_is_known(exchange, rest) && media_type_is_known(exchange, found->name))
		return;
	found->name = rest;
	found->language = tag;
}

static int
open_path(const struct exchange *exchange, struct slice path, struct found *found)
{
	found->fd = resolve_open(found->root_fd, path.data,
	    exchange->route.settings->follow_symlinks, &found->stat);
	found->below = path;
	return found->fd;
}

/* The candidates, best first: order[] holds indexes of languages, and their count for the
 * plain file. Equal ranks stay in the order of the configuration. */
static void
sort_candidates(const struct exchange *exchange, size_t *order, int *ranks)
{
	const struct config_texts *languages = &exchange->route.settings->languages;

	for (size_t i = 0; i <= languages->count; i++) {
		int rank = i == languages->count ? RANK_PLAIN :
		    accept_language(exchange->request, slice_from_text(languages->items[i]));
		size_t at = i;

		if (i < languages->count && rank <= 0)
			rank = rank == ACCEPT_REFUSED ? RANK_REFUSED : RANK_UNNAMED;
		for (; at > 0 && ranks[at - 1] < rank; at--) {
			ranks[at] = ranks[at - 1];
			order[at] = order[at - 1];
		}
		ranks[at] = rank;
		order[at] = i;
	}
}

/* Opens below.LANGUAGE. A directory of that name is no variant, nor is what that name guards. */
static int
open_variant(const struct exchange *exchange, struct slice below, struct slice language,
    struct found *found)
{
	struct slice path = resolve_path(exchange->scratch, below, SLICE_LITERAL("."), language);

	if (path.data == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if (open_path(exchange, path, found) < 0)
		return -1;
	if (!S_ISREG(found->stat.st_mode) || reroute_guards(exchange, below, path)) {
		found_close(found);
		errno = ENOENT;
		return -1;
	}
	found->language = language;
	return found->fd;
}

/* Whether the answer would have been another one for another client, when it is the plain
 * file because the languages before it were not there. In doubt it would. */
static bool
has_variant(const struct exchange *exchange, const struct found *found, const size_t *order,
    size_t count)
{
	const struct config_texts *languages = &exchange->route.settings->languages;

	for (size_t i = 0; i < count; i++) {
		struct found other = *found;

		if (open_variant(exchange, found->below,
		    slice_from_text(languages->items[order[i]]), &other) >= 0) {
			found_close(&other);
			return true;
		}
		if (resolve_status(errno) != 404)
			return true;
	}
	return false;
}

static int
open_best(const struct exchange *exchange, struct slice below, struct found *found)
{
	const struct config_texts *languages = &exchange->route.settings->languages;
	size_t count = languages->count + 1;
	size_t *order = arena_alloc(exchange->scratch, count * sizeof *order);
	int *ranks = arena_alloc(exchange->scratch, count * sizeof *ranks);

	if (order == NULL || ranks == NULL) {
		errno = ENOMEM;
		return -1;
	}
	sort_candidates(exchange, order, ranks);
	for (size_t i = 0; i < count; i++) {
		bool is_plain = order[i] == languages->count;

		if ((is_plain ? open_path(exchange, below, found) : open_variant(exchange, below,
		    slice_from_text(languages->items[order[i]]), found)) >= 0) {
			found->varies_by_language = !is_plain || (S_ISREG(found->stat.st_mode) &&
			    has_variant(exchange, found, order + i + 1, count - i - 1));
			return found->fd;
		}
		if (resolve_status(errno) != 404)
			return -1;
	}
	return -1;
}

int
variants_open(const struct exchange *exchange, int root_fd, struct slice below,
    struct found *found)
{
	memset(found, 0, sizeof *found);
	found->fd = -1;
	found->root_fd = root_fd;
	found->name = below;
	found->language = slice_make("", 0);
	if (exchange->route.settings->languages.count > 0 && below.len > 0 &&
	    below.data[below.len - 1] != '/') {
		know_language(exchange, found);
		if (found->language.len == 0)
			return open_best(exchange, below, found);
	}
	return open_path(exchange, below, found);
}

static enum accept_coding
coding_of(enum config_coding coding, struct slice *suffix)
{
	switch (coding) {
	case CONFIG_CODING_GZIP:
		*suffix = SLICE_LITERAL(".gz");
		return ACCEPT_GZIP;
	case CONFIG_CODING_BR:
		*suffix = SLICE_LITERAL(".br");
		return ACCEPT_BR;
	case CONFIG_CODING_ZSTD:
		*suffix = SLICE_LITERAL(".zst");
		return ACCEPT_ZSTD;
	}
	return ACCEPT_IDENTITY;
}

/* Some compressors give their file the time of the plain one without its fraction. An empty
 * file has been begun, and is no content of any coding. */
static bool
is_current(const struct stat *coded, const struct stat *plain)
{
	return S_ISREG(coded->st_mode) && coded->st_size > 0 &&
	    coded->st_mtim.tv_sec >= plain->st_mtim.tv_sec;
}

static bool
take_coded(const struct exchange *exchange, struct slice suffix, enum accept_coding coding,
    struct found *found)
{
	struct slice path = resolve_path(exchange->arena, found->below, suffix, slice_make("", 0));
	struct stat st;
	int fd = path.data == NULL ? -1 : resolve_open(found->root_fd, path.data,
	    exchange->route.settings->follow_symlinks, &st);

	if (fd < 0)
		return false;
	if (!is_current(&st, &found->stat) || reroute_guards(exchange, found->below, path)) {
		(void)close(fd);
		return false;
	}
	found_close(found);
	found->fd = fd;
	found->stat = st;
	found->below = path;
	found->coding = coding;
	return true;
}

void
variants_use_coded(const struct exchange *exchange, struct slice media_type, struct found *found)
{
	const struct config_settings *settings = exchange->route.settings;
	enum accept_coding offered[CODINGS_MAX], best;
	struct slice suffixes[ACCEPT_CODING_COUNT], suffix = slice_make("", 0);
	size_t count = 0, kept;

	if (!settings->precompressed || settings->coding_count == 0 || exchange->depth > 0 ||
	    !media_type_is_among(&settings->compress_types, media_type))
		return;
	found->varies_by_coding = true;
	if (http_request_field_count(exchange->request, HTTP_FIELD_RANGE) > 0)
		return;
	for (size_t i = 0; i < settings->coding_count && count < CODINGS_MAX; i++) {
		offered[count] = coding_of(settings->codings[i], &suffix);
		suffixes[offered[count++]] = suffix;
	}
	while ((best = accept_coding(exchange->request, offered, count)) != ACCEPT_IDENTITY &&
	    !take_coded(exchange, suffixes[best], best, found)) {
		for (size_t i = kept = 0; i < count; i++)
			if (offered[i] != best)
				offered[kept++] = offered[i];
		count = kept;
	}
}
