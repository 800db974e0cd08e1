/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and their keys, in pairs, and OCSP responses for them. Reading the files is left to
 * workers/io/tls_site.c and server/priv/keyfiles.c: here they are names. Runs wherever a
 * configuration is read.
 * Must stay true: a host that TLS connections can ask for has a pair, its own or a global one;
 * each pair is there once; and without a TLS listener no file is opened for nothing.
 * Shown by tests/unit/config/test_certificates.c. */
#include "config/certificates.h"

#include <string.h>

#include "config/keep.h"

/* As written in one scope. */
struct pairs {
	const struct tree_section *section; /* NULL: of the host that is not written */
	const struct config_texts *chains, *keys;
	const struct config_texts *staplings; /* any number, in any order */
	bool is_wrong;              /* a message has been added */
};

/* Its index-th element in the section, which has it, as a list of certificates is never one that
 * was inherited. */
static const struct tree_value *
element(const struct tree_section *section, const char *name, size_t index)
{
	for (size_t i = 0; i < section->value_count; i++) {
		const struct tree_value *value = &section->values[i];

		if (strcmp(value->row->name, name) == 0 && value->text != NULL && index-- == 0)
			return value;
	}
	return NULL;
}

static bool
has_wrong_element(const struct tree_section *section)
{
	for (size_t i = 0; i < section->value_count; i++) {
		if (section->values[i].is_wrong && section->values[i].row->kind == SCHEMA_FILES)
			return true;
	}
	return false;
}

/* As many of one as of the other. */
static bool
check_counts(const struct scope *global, const struct pairs *pairs)
{
	size_t chain_count = pairs->chains->count, key_count = pairs->keys->count;
	const struct tree_value *chain = tree_find_value(pairs->section, "certificate");
	const struct tree_value *key = tree_find_value(pairs->section, "certificate_key");
	const char *where = pairs->section->scope == SCHEMA_HOST ? "host." : "";
	unsigned position = chain != NULL ? chain->position : 0;

	if (chain_count == key_count)
		return true;
	if (key != NULL && key->position > position)
		position = key->position;
	errors_add(global->errors, position, "%scertificate has %zu files and %scertificate_key "
	    "%zu, expected a key for each certificate", where, chain_count, where, key_count);
	return false;
}

/* The key's file is for one process alone, and others read the certificate. */
static bool
check_apart(const struct scope *global, const struct pairs *pairs)
{
	bool is_apart = true;

	for (size_t i = 0; i < pairs->keys->count; i++) {
		if (strcmp(pairs->chains->items[i], pairs->keys->items[i]) != 0)
			continue;
		errors_add(global->errors,
		    element(pairs->section, "certificate_key", i)->position, "\"%s\" is both "
		    "certificate and certificate_key, expected the key in a file of its own",
		    pairs->keys->items[i]);
		is_apart = false;
	}
	return is_apart;
}

static struct pairs
get_pairs(const struct scope *global, const struct tree_section *section,
    const struct config_texts *chains, const struct config_texts *keys,
    const struct config_texts *staplings)
{
	struct pairs pairs = { section, chains, keys, staplings, false };

	if (section != NULL)
		pairs.is_wrong = has_wrong_element(section) || !check_counts(global, &pairs) ||
		    !check_apart(global, &pairs);
	return pairs;
}

/* The first of the host's listeners that is TLS; NULL: there is none. */
static const struct config_listener *
tls_listener(const struct config *config, const struct config_host *host)
{
	for (size_t i = 0; i < config->listener_count && i < CONFIG_LISTENERS_MAX; i++) {
		if ((host->listener_bits >> i & 1) != 0 && config->listeners[i].tls)
			return &config->listeners[i];
	}
	return NULL;
}

static void
complain(const struct scope *global, const struct tree_section *section,
    const struct config_listener *listener)
{
	const struct tree_section *listen = tree_find_child(global->section, SCHEMA_LISTEN);

	if (section != NULL)
		errors_add(global->errors, section->position, "host \"%s\" has no certificate, "
		    "expected certificate and certificate_key, since listen \"%s\" has tls = true",
		    section->title, listener->text);
	else
		errors_add(global->errors, listen->position, "listen \"%s\" has tls = true and "
		    "there is no certificate, expected certificate and certificate_key",
		    listener->text);
}

/* There is room for it. -1: no memory. */
static int
add_pair(const struct scope *global, const struct pairs *pairs, size_t pair, size_t *index_out)
{
	struct config *config = global->config;
	struct config_certificate *new = &config->certificates[config->certificate_count];
	const char *chain = pairs->chains->items[pair], *key = pairs->keys->items[pair];
	struct source_place place;

	for (size_t i = 0; i < config->certificate_count; i++) {
		*index_out = i;
		if (strcmp(config->certificates[i].chain_file, chain) == 0 &&
		    strcmp(config->certificates[i].key_file, key) == 0)
			return 0;
	}
	place = source_place(global->errors->source,
	    element(pairs->section, "certificate", pair)->position);
	*new = (struct config_certificate){ pairs->chains->items[pair], pairs->keys->items[pair],
	    keep_text(config->keep, place.file), place.line };
	*index_out = config->certificate_count++;
	return new->file == NULL ? -1 : 0;
}

/* Each pair once, or a context would get it twice. */
static int
give(const struct scope *global, const struct pairs *pairs, struct config_host *host)
{
	host->certificate_indexes = keep_alloc(global->config->keep,
	    pairs->chains->count * sizeof(*host->certificate_indexes));
	if (host->certificate_indexes == NULL)
		return -1;
	for (size_t i = 0; i < pairs->chains->count; i++) {
		size_t index, k = 0;

		if (add_pair(global, pairs, i, &index) < 0)
			return -1;
		while (k < host->certificate_count && host->certificate_indexes[k] != index)
			k++;
		if (k == host->certificate_count)
			host->certificate_indexes[host->certificate_count++] = index;
	}
	return 0;
}

/* There is room for them. -1: no memory. */
static int
add_staplings(const struct scope *global, const struct pairs *pairs)
{
	struct config *config = global->config;

	for (size_t i = 0; i < pairs->staplings->count; i++) {
		char *path = pairs->staplings->items[i], *file;
		struct source_place place;
		size_t k = 0;

		while (k < config->stapling_count &&
		    strcmp(config->staplings[k].response_file, path) != 0)
			k++;
		if (k < config->stapling_count)
			continue;
		place = source_place(global->errors->source,
		    element(pairs->section, "stapling_file", i)->position);
		file = keep_text(config->keep, place.file);
		if (file == NULL)
			return -1;
		config->staplings[config->stapling_count++] =
		    (struct config_stapling){ path, file, place.line };
	}
	return 0;
}

/* Nobody's certificate is good enough without an authority that is. */
static void
check_clients(const struct scope *global, const struct tree_section *section,
    const struct config_host *host)
{
	const struct tree_value *mode = tree_find_value(section, "client_certificate");
	const struct tree_value *file = tree_find_value(section, "client_ca");

	if (host->client.mode != CONFIG_CLIENT_OFF && host->client.ca_file[0] == '\0' &&
	    (file == NULL || !file->is_wrong))
		errors_add(global->errors, mode->position, "host.client_certificate is not off, "
		    "expected client_ca, the authorities that sign clients' certificates");
}

/* section: the host's; NULL: it is not written. */
static int
build_host(const struct scope *global, const struct pairs *outer,
    const struct tree_section *section, struct config_host *host)
{
	const struct config_listener *listener = tls_listener(global->config, host);
	struct pairs own = get_pairs(global, section, &host->certificate, &host->certificate_key,
	    &host->stapling_file);
	const struct pairs *chosen = host->certificate.count > 0 ? &own : outer;

	if (section != NULL)
		check_clients(global, section, host);
	if (listener == NULL || own.is_wrong || chosen->is_wrong)
		return 0;
	if (chosen->chains->count == 0) {
		complain(global, section, listener);
		return 0;
	}
	/* A response of its own may be for a certificate that is everybody's. */
	if (add_staplings(global, &own) < 0 || add_staplings(global, chosen) < 0)
		return -1;
	return give(global, chosen, host);
}

/* Room for all that is written. -1: no memory. */
static int
make_room(struct config *config)
{
	size_t pair_count = config->certificate.count;
	size_t stapling_count = config->stapling_file.count;

	for (size_t i = 0; i < config->host_count; i++) {
		pair_count += config->hosts[i].certificate.count;
		stapling_count += config->hosts[i].stapling_file.count;
	}
	config->certificates = keep_alloc(config->keep,
	    pair_count * sizeof(*config->certificates));
	config->staplings = keep_alloc(config->keep,
	    stapling_count * sizeof(*config->staplings));
	return config->certificates == NULL || config->staplings == NULL ? -1 : 0;
}

int
certificates_build(const struct scope *global)
{
	struct config *config = global->config;
	struct pairs pairs = get_pairs(global, global->section, &config->certificate,
	    &config->certificate_key, &config->stapling_file);
	size_t index = 0;

	if (make_room(config) < 0)
		return -1;
	for (size_t i = 0; i < global->section->child_count; i++) {
		const struct tree_section *child = global->section->children[i];

		if (child->scope == SCHEMA_HOST &&
		    build_host(global, &pairs, child, &config->hosts[index++]) < 0)
			return -1;
	}
	return index == 0 ? build_host(global, &pairs, NULL, &config->hosts[0]) : 0;
}
