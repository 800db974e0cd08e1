/* SPDX-License-Identifier: BSD-2-Clause */
/* When files of certificates are to be tried. Leaves trying and switching to renewals.c. Master
 * only. Rules: what is in force was read after its fingerprint was taken, so a change is never
 * missed; nothing is read here, only stat(2) asked. Shown by test_watch.c. */
#include "server/master/watch.h"

#include <errno.h>
#include <sys/stat.h>

#include "server/base/sip_hash.h"

static uint64_t
add_file(uint64_t sum, const char *path)
{
	static const uint64_t key[2];   /* who may write these files has nothing to gain */
	struct stat st = { 0 };
	int error = stat(path, &st) < 0 ? errno : 0;
	const uint64_t words[] = { sum, (uint64_t)error, st.st_dev, st.st_ino,
		(uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_size };

	return sip_hash(key, words, sizeof words / sizeof words[0]);
}

uint64_t
watch_fingerprint(const struct config *config)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < config->certificate_count; i++) {
		sum = add_file(sum, config->certificates[i].chain_file);
		sum = add_file(sum, config->certificates[i].key_file);
	}
	return sum != 0 ? sum : 1;
}

uint64_t
watch_fingerprint_pair(const struct config *config, size_t index)
{
	struct config one = { .certificates = &config->certificates[index],
	    .certificate_count = 1 };

	return watch_fingerprint(&one);
}

/* When a file, or the link to it, became what it is; 0: there is none. */
static int64_t
changed_ns(const char *path)
{
	int64_t newest_ns = 0;
	struct stat st;
	int i;

	for (i = 0; i < 2; i++) {
		int64_t ns;

		if ((i == 0 ? stat(path, &st) : lstat(path, &st)) < 0)
			continue;
		ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
		newest_ns = ns > newest_ns ? ns : newest_ns;
	}
	return newest_ns;
}

const char *
watch_newest(const struct config *config)
{
	const char *newest = config->source;
	int64_t newest_ns = -1, ns;
	size_t i;

	for (i = 0; i < 2 * config->certificate_count; i++) {
		const struct config_certificate *one = &config->certificates[i / 2];
		const char *path = i % 2 == 0 ? one->chain_file : one->key_file;

		ns = changed_ns(path);
		if (ns > newest_ns) {
			newest = path;
			newest_ns = ns;
		}
	}
	return newest;
}

void
watch_begin(struct watch *watch, uint64_t in_force, int64_t now_ms)
{
	*watch = (struct watch){ .in_force = in_force, .seen = in_force,
	    .next_look_mono_ms = now_ms };
}

bool
watch_is_due(const struct watch *watch, int64_t now_ms)
{
	return now_ms >= watch->next_look_mono_ms;
}

bool
watch_look(struct watch *watch, uint64_t fingerprint, int64_t interval_ms, int64_t now_ms)
{
	bool has_moved = fingerprint != watch->seen;

	watch->seen = fingerprint;
	watch->next_look_mono_ms = now_ms + (has_moved ? WATCH_SETTLE_MS : interval_ms);
	if (fingerprint == watch->in_force) {
		watch->refused = 0;
		return false;
	}
	if (has_moved)
		return false;
	return !watch_was_refused(watch) || now_ms >= watch->retry_mono_ms;
}

bool
watch_was_refused(const struct watch *watch)
{
	return watch->refused == watch->seen;
}

void
watch_refuse(struct watch *watch, int64_t now_ms)
{
	watch->refused = watch->seen;
	watch->retry_mono_ms = now_ms + WATCH_RETRY_MS;
}
