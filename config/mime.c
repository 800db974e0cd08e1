/* SPDX-License-Identifier: BSD-2-Clause */
/* Media types by file extension: built-in ones, and those of a mime.types(5) file over them.
 *
 * Leaves the default type and the charset to workers/handler. Loaded by the master (or by the
 * child that tries a new configuration), possibly as root; afterwards every worker only reads.
 * Rule: a type that comes out is "token/token" with nothing else, whatever the file held, so
 * that it can go into a header field as it is; a name costs one probe of a table at most half
 * full. Shown by tests/unit/config/test_mime.c. */
#include "config/mime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((size_t)1 << 20)        /* Debian's has 80 KiB */
#define EXTENSION_MAX_BYTES 32

/* Sorted, so that a missing line is seen. What the web is made of, and no more: the
 * system's file knows the rest. */
static const struct {
	const char *extension, *type;
} builtin[] = {
	{ "7z", "application/x-7z-compressed" },
	{ "aac", "audio/aac" },
	{ "apng", "image/apng" },
	{ "atom", "application/atom+xml" },
	{ "avif", "image/avif" },
	{ "bmp", "image/bmp" },
	{ "bz2", "application/x-bzip2" },
	{ "cjs", "text/javascript" },
	{ "conf", "text/plain" },
	{ "css", "text/css" },
	{ "csv", "text/csv" },
	{ "deb", "application/vnd.debian.binary-package" },
	{ "epub", "application/epub+zip" },
	{ "flac", "audio/flac" },
	{ "geojson", "application/geo+json" },
	{ "gif", "image/gif" },
	{ "glb", "model/gltf-binary" },
	{ "gltf", "model/gltf+json" },
	{ "gz", "application/gzip" },
	{ "heic", "image/heic" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", "text/calendar" },
	{ "jar", "application/java-archive" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", "text/javascript" },
	{ "json", "application/json" },
	{ "jsonld", "application/ld+json" },
	{ "jxl", "image/jxl" },
	{ "log", "text/plain" },
	{ "m3u8", "application/vnd.apple.mpegurl" },
	{ "m4a", "audio/mp4" },
	{ "m4v", "video/mp4" },
	{ "map", "application/json" },
	{ "markdown", "text/markdown" },
	{ "md", "text/markdown" },
	{ "mjs", "text/javascript" },
	{ "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "mpd", "application/dash+xml" },
	{ "oga", "audio/ogg" },
	{ "ogg", "audio/ogg" },
	{ "ogv", "video/ogg" },
	{ "opus", "audio/ogg" },
	{ "otf", "font/otf" },
	{ "pdf", "application/pdf" },
	{ "png", "image/png" },
	{ "rss", "application/rss+xml" },
	{ "svg", "image/svg+xml" },
	{ "tar", "application/x-tar" },
	{ "tgz", "application/gzip" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "toml", "application/toml" },
	{ "ttc", "font/collection" },
	{ "ttf", "font/ttf" },
	{ "txt", "text/plain" },
	{ "vtt", "text/vtt" },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/x-wav" },
	{ "weba", "audio/webm" },
	{ "webm", "video/webm" },
	{ "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xml", "application/xml" },
	{ "xz", "application/x-xz" },
	{ "yaml", "application/yaml" },
	{ "yml", "application/yaml" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};
#define BUILTIN_COUNT (sizeof builtin / sizeof builtin[0])

struct mime_slot {
	const char *extension;  /* lower case; NULL: free */
	const char *type;
};

struct mime_table {
	struct mime_slot *slots;
	size_t slot_mask;       /* slot count - 1; the count is a power of two */
	char *text;             /* copy of what was parsed; slots point into it */
	size_t parsed_count;    /* types that text gave */
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* FNV-1a over the lower-case bytes. The file is the administrator's and the table is never
 * filled from requests, so nobody gains from collisions. */
static uint32_t
hash_extension(const char *extension, size_t bytes)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ (unsigned char)lower(extension[i])) * 16777619u;
	return hash ^ hash >> 15;
}

static bool
is_extension(const char *known, const char *extension, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (known[i] == '\0' || known[i] != lower(extension[i]))
			return false;
	return known[bytes] == '\0';
}

/* The slot that holds the extension, or the free one where it belongs. */
static struct mime_slot *
find_slot(const struct mime_table *table, const char *extension, size_t bytes)
{
	size_t i = hash_extension(extension, bytes) & table->slot_mask;

	while (table->slots[i].extension != NULL &&
	    !is_extension(table->slots[i].extension, extension, bytes))
		i = (i + 1) & table->slot_mask;
	return &table->slots[i];
}

static void
set_type(struct mime_table *table, const char *extension, const char *type)
{
	struct mime_slot *slot = find_slot(table, extension, strlen(extension));

	slot->extension = extension;
	slot->type = type;
}

static bool
is_token(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", text[i]))
			return false;
	return bytes > 0;
}

static bool
is_media_type(const char *word)
{
	const char *slash = strchr(word, '/');

	return slash != NULL && is_token(word, (size_t)(slash - word)) &&
	    is_token(slash + 1, strlen(slash + 1));
}

/* "tar.gz" could never be found: only what follows the last dot is looked up. */
static bool
is_usable_extension(const char *word)
{
	size_t bytes = strlen(word);

	return bytes <= EXTENSION_MAX_BYTES && is_token(word, bytes) &&
	    memchr(word, '.', bytes) == NULL;
}

/* One line, NUL-terminated, of the table's own text: a type and its extensions. */
static void
parse_line(struct mime_table *table, char *line)
{
	const char *type = NULL;
	char *word, *rest = line;

	line[strcspn(line, "#")] = '\0';
	while ((word = strsep(&rest, " \t\r\v\f")) != NULL) {
		if (word[0] == '\0')
			continue;
		if (type == NULL) {
			if (!is_media_type(word))
				return;
			type = word;
			table->parsed_count++;
		} else if (is_usable_extension(word)) {
			for (char *c = word; *c != '\0'; c++)
				*c = lower(*c);
			set_type(table, word, type);
		}
	}
}

/* At most every second byte begins a word; twice the slots keep the table half empty. */
static size_t
count_slots(const char *text, size_t text_bytes)
{
	size_t word_count = BUILTIN_COUNT, slot_count = 1;
	bool in_word = false;

	for (size_t i = 0; i < text_bytes; i++) {
		bool is_word_byte = text[i] > ' ' || text[i] < 0;

		word_count += is_word_byte && !in_word;
		in_word = is_word_byte;
	}
	while (slot_count < 2 * word_count)
		slot_count *= 2;
	return slot_count;
}

struct mime_table *
mime_parse(const char *text, size_t text_bytes)
{
	struct mime_table *table = calloc(1, sizeof *table);
	size_t slot_count = count_slots(text, text_bytes);
	char *line, *end;

	if (table == NULL)
		return NULL;
	table->slot_mask = slot_count - 1;
	table->slots = calloc(slot_count, sizeof *table->slots);
	table->text = malloc(text_bytes + 1);
	if (table->slots == NULL || table->text == NULL) {
		mime_free(&table);
		return NULL;
	}
	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		set_type(table, builtin[i].extension, builtin[i].type);
	if (text_bytes > 0)
		memcpy(table->text, text, text_bytes);
	table->text[text_bytes] = '\0';
	for (line = table->text; line < table->text + text_bytes; line = end + 1) {
		end = memchr(line, '\n', text_bytes - (size_t)(line - table->text));
		if (end == NULL)
			end = table->text + text_bytes;
		*end = '\0';
		parse_line(table, line);
	}
	return table;
}

void
mime_free(struct mime_table **table)
{
	if (*table == NULL)
		return;
	free((*table)->slots);
	free((*table)->text);
	free(*table);
	*table = NULL;
}

/* The file's bytes, malloc'd; NULL: the reason is in errbuf. */
static char *
read_text(int fd, const char *path, size_t *bytes_out, char *errbuf, size_t errbuf_bytes)
{
	char *text = malloc(FILE_MAX_BYTES + 1);
	size_t bytes = 0;
	ssize_t got = 1;

	if (text == NULL) {
		snprintf(errbuf, errbuf_bytes, "out of memory");
		return NULL;
	}
	while (bytes <= FILE_MAX_BYTES && got != 0) {
		got = read(fd, text + bytes, FILE_MAX_BYTES + 1 - bytes);
		if (got < 0 && errno != EINTR) {
			snprintf(errbuf, errbuf_bytes, "%s: %s", path, strerror(errno));
			goto failed;
		}
		bytes += got > 0 ? (size_t)got : 0;
	}
	if (bytes > FILE_MAX_BYTES) {
		snprintf(errbuf, errbuf_bytes, "%s: too large, expected at most %zu bytes", path,
		    FILE_MAX_BYTES);
		goto failed;
	}
	if (memchr(text, '\0', bytes) != NULL) {
		snprintf(errbuf, errbuf_bytes, "%s: not a text file, expected media types", path);
		goto failed;
	}
	*bytes_out = bytes;
	return text;

failed:
	free(text);
	return NULL;
}

/* O_NONBLOCK: a FIFO in the file's place must not hold up the start. */
static char *
read_file(const char *path, bool *is_missing_out, size_t *bytes_out, char *errbuf,
    size_t errbuf_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *text = NULL;

	if (fd < 0) {
		*is_missing_out = errno == ENOENT || errno == ENOTDIR;
		snprintf(errbuf, errbuf_bytes, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &status) < 0)
		snprintf(errbuf, errbuf_bytes, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(status.st_mode))
		snprintf(errbuf, errbuf_bytes, "%s: not a regular file", path);
	else
		text = read_text(fd, path, bytes_out, errbuf, errbuf_bytes);
	close(fd);
	return text;
}

struct mime_table *
mime_load(const char *path, _Bool *is_missing_out, char *errbuf, size_t errbuf_bytes)
{
	struct mime_table *table;
	char *text = NULL;
	size_t bytes = 0;

	*is_missing_out = false;
	if (path[0] != '\0') {
		text = read_file(path, is_missing_out, &bytes, errbuf, errbuf_bytes);
		if (text == NULL && !*is_missing_out)
			return NULL;
	}
	table = mime_parse(text, bytes);
	if (table == NULL) {
		snprintf(errbuf, errbuf_bytes, "out of memory");
	} else if (bytes > 0 && table->parsed_count == 0) {
		snprintf(errbuf, errbuf_bytes,
		    "%s: no media type in it, expected lines such as \"text/html html htm\"", path);
		mime_free(&table);
	}
	free(text);
	return table;
}

const char *
mime_lookup(const struct mime_table *table, const char *name, size_t name_bytes)
{
	size_t start = name_bytes;

	while (start > 0 && name[start - 1] != '.') {
		if (name_bytes - start == EXTENSION_MAX_BYTES)
			return NULL;
		start--;
	}
	/* No dot; or only a leading one, which hides a file and begins no extension. */
	if (start <= 1 || start == name_bytes)
		return NULL;
	return find_slot(table, name + start, name_bytes - start)->type;
}
