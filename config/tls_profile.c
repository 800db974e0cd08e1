/* SPDX-License-Identifier: BSD-2-Clause */
/* What the profiles of TLS stand for, and what of a section tls contradicts itself. The profiles
 * are those of Mozilla's server side TLS recommendations, version 5.7, without the ciphers whose
 * keys are exchanged by RSA encryption: no process that serves clients has a private key, and the
 * one that has it decrypts nothing. Whether OpenSSL knows a cipher, it says itself when the
 * certificates are read. Runs wherever a configuration is read.
 * Must stay true: after it nothing in config.tls is empty that has to have a value, and loading
 * what the dump says of it gives the same. Shown by tests/unit/config/test_tls_profile.c. */
#include "config/tls_profile.h"

#include <string.h>

#include "config/keep.h"

#define AEAD "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" \
	"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"
#define CBC "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:" \
	"ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:" \
	"ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256"
/* OpenSSL 3 signs with SHA-1, as TLS before 1.2 has to, at no higher level. */
#define LEVEL_0 "@SECLEVEL=0"

static const struct profile {
	const char *protocols, *ciphers;
	bool prefers_server_ciphers;
} profiles[] = {
	/* Without a version that has them, ciphers are not used. */
	[CONFIG_TLS_MODERN] = { "TLSv1.3", AEAD, false },
	[CONFIG_TLS_INTERMEDIATE] = { "TLSv1.2 TLSv1.3", AEAD, false },
	[CONFIG_TLS_OLD] = { "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", LEVEL_0 ":" AEAD ":" CBC, true },
};
#define CIPHERSUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define CURVES "X25519:prime256v1:secp384r1"

struct section {
	struct config *config;
	struct errors *errors;
	const struct tree_section *tree; /* NULL: not written */
};

/* NULL: not written. */
static const struct tree_value *
find(const struct section *section, const char *name)
{
	return section->tree == NULL ? NULL : tree_find_value(section->tree, name);
}

/* Where to complain about a value that may come from the profile. */
static unsigned
position_of(const struct section *section, const char *name)
{
	const struct tree_value *value = find(section, name);

	if (value == NULL)
		value = find(section, "profile");
	return value != NULL ? value->position : section->tree != NULL ?
	    section->tree->position : 0;
}

static bool
is_wrong(const struct section *section, const char *name)
{
	const struct tree_value *value = find(section, name);

	for (size_t i = 0; value != NULL && i < section->tree->value_count; i++) {
		if (section->tree->values[i].row == value->row && section->tree->values[i].is_wrong)
			return true;
	}
	return false;
}

/* -1: no memory. */
static int
fill(struct keep *keep, char **field, const char *text)
{
	if ((*field)[0] == '\0')
		*field = keep_text(keep, text);
	return *field == NULL ? -1 : 0;
}

static int
fill_protocols(struct keep *keep, struct config_texts *names, const char *words)
{
	char *rest = keep_text(keep, words), *word;

	if (names->count > 0)
		return 0;
	names->items = keep_alloc(keep, 4 * sizeof(*names->items));
	if (rest == NULL || names->items == NULL)
		return -1;
	while ((word = strsep(&rest, " ")) != NULL)
		names->items[names->count++] = word;
	return 0;
}

static unsigned
protocol_bits(const struct config_texts *names)
{
	static const struct {
		const char *name;
		unsigned bit;
	} versions[] = {
		{ "TLSv1", CONFIG_TLS_1_0 }, { "TLSv1.1", CONFIG_TLS_1_1 },
		{ "TLSv1.2", CONFIG_TLS_1_2 }, { "TLSv1.3", CONFIG_TLS_1_3 },
	};
	unsigned bits = 0;

	for (size_t i = 0; i < names->count; i++) {
		for (size_t k = 0; k < sizeof(versions) / sizeof(versions[0]); k++) {
			if (strcmp(names->items[i], versions[k].name) == 0)
				bits |= versions[k].bit;
		}
	}
	return bits;
}

/* A client says the highest version it has, so one that is left out below it cuts it off. */
static void
check_protocols(const struct section *section)
{
	unsigned bits = section->config->tls.protocols, lowest = bits & (~bits + 1);

	if (is_wrong(section, "protocols") || (bits & (bits + lowest)) == 0)
		return;
	errors_add(section->errors, position_of(section, "protocols"), "tls.protocols leaves out "
	    "a version between others, expected one after the other");
}

static void
check_level(const struct section *section)
{
	const struct config_tls *tls = &section->config->tls;

	if ((tls->protocols & (CONFIG_TLS_1_0 | CONFIG_TLS_1_1)) == 0 ||
	    strstr(tls->ciphers, LEVEL_0) != NULL || is_wrong(section, "ciphers") ||
	    is_wrong(section, "protocols"))
		return;
	errors_add(section->errors, position_of(section, find(section, "ciphers") != NULL ?
	    "ciphers" : "protocols"), "tls.ciphers is without \"" LEVEL_0 "\", expected it for "
	    "TLSv1 and TLSv1.1, or tls.protocols from TLSv1.2 on");
}

/* The names of TLS 1.3 all begin so, and no other does. */
static void
check_names(const struct section *section, const char *name, const char *list, bool is_new)
{
	for (const char *at = list;; at++) {
		size_t bytes = strcspn(at, ":");

		if ((strncmp(at, "TLS_", 4) == 0) != is_new) {
			errors_add(section->errors, position_of(section, name), "tls.%s has "
			    "\"%.*s\", expected %s", name, bytes < 64 ? (int)bytes : 64, at,
			    is_new ? "names of TLSv1.3 such as \"TLS_AES_128_GCM_SHA256\", the "
			    "others in tls.ciphers" : "names of TLSv1.3 in tls.ciphersuites");
			return;
		}
		at += bytes;
		if (*at == '\0')
			return;
	}
}

static int
note_place(const struct section *section)
{
	struct config_tls *tls = &section->config->tls;
	struct source_place place = { section->config->source, 0 };

	if (section->tree != NULL)
		place = source_place(section->errors->source, section->tree->position);
	tls->line = place.line;
	tls->file = keep_text(section->config->keep, place.file);
	return tls->file == NULL ? -1 : 0;
}

int
tls_profile_apply(const struct scope *global)
{
	struct section section = { global->config, global->errors,
	    tree_find_child(global->section, SCHEMA_TLS) };
	struct config_tls *tls = &section.config->tls;
	struct keep *keep = section.config->keep;
	const struct profile *profile = &profiles[tls->profile];

	if (find(&section, "prefer_server_ciphers") == NULL)
		tls->prefers_server_ciphers = profile->prefers_server_ciphers;
	if (note_place(&section) < 0 ||
	    fill_protocols(keep, &tls->protocol_names, profile->protocols) < 0 ||
	    fill(keep, &tls->ciphers, profile->ciphers) < 0 ||
	    fill(keep, &tls->ciphersuites, CIPHERSUITES) < 0 ||
	    fill(keep, &tls->curves, CURVES) < 0)
		return -1;
	tls->protocols = protocol_bits(&tls->protocol_names);
	check_protocols(&section);
	check_level(&section);
	check_names(&section, "ciphers", tls->ciphers, false);
	check_names(&section, "ciphersuites", tls->ciphersuites, true);
	return 0;
}
