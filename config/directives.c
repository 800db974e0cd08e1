/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of directives: names, scopes, kinds, defaults, ranges. What can be said about a
 * row is schema.c; how a value is parsed and stored is value.c and elements.c; what several
 * values mean together is validate.c. Pure data; every process may read it. A directive
 * exists only if it has a row here and an entry in musterd.conf(5) that says the same.
 * Shown by tests/unit/config/test_schema.c and tests/lint/directives.sh. */
#include "config/directives.h"

#include "config/config.h"
#include "config/scope.h"

#ifndef MUSTER_LOCALSTATEDIR    /* configure says */
#define MUSTER_LOCALSTATEDIR "/var"
#endif
#define LOG_FOLDER MUSTER_LOCALSTATEDIR "/log/muster"

#define GLOBAL SCHEMA_IN(SCHEMA_GLOBAL)
#define POOL SCHEMA_IN(SCHEMA_POOL)
#define KEEPALIVE SCHEMA_IN(SCHEMA_KEEPALIVE)
#define CACHE SCHEMA_IN(SCHEMA_CACHE)
#define LIMITS SCHEMA_IN(SCHEMA_LIMITS)
#define TLS SCHEMA_IN(SCHEMA_TLS)
#define LOG SCHEMA_IN(SCHEMA_LOG)
#define LISTEN SCHEMA_IN(SCHEMA_LISTEN)
#define HOST SCHEMA_IN(SCHEMA_HOST)
#define LOCATION SCHEMA_IN(SCHEMA_LOCATION)
#define HEADER SCHEMA_IN(SCHEMA_HEADER)
#define ERROR_PAGE SCHEMA_IN(SCHEMA_ERROR_PAGE)
#define REDIRECT SCHEMA_IN(SCHEMA_REDIRECT)
#define REWRITE SCHEMA_IN(SCHEMA_REWRITE)
#define EVERYWHERE (SCHEMA_IN(SCHEMA_SCOPE_COUNT) - 1)
#define INHERITED (GLOBAL | HOST | LOCATION)

#define SECOND 1000u
#define DAY (86400u * SECOND)
#define HOUR_S 3600u
#define WEEK_S (7u * 86400u)    /* the most that a session ticket may last, RFC 8446 4.6.1 */
#define TEN_YEARS_S (3650u * 86400u)
#define PAIRS_MAX 16            /* certificates of a host */
#define TICKET_FILES_MAX 4      /* as server/base/ticket_keys.h keeps keys */
#define KIBIBYTE 1024u
#define MEBIBYTE (1024u * KIBIBYTE)
#define GIBIBYTE (1024u * MEBIBYTE)
#define TEBIBYTE (UINT64_C(1) << 40)
#define REQUESTS_MAX 1000000000u

#define DIRECTIVE(word, where, what, preset, does) \
	.name = word, .scopes = where, .kind = what, .default_text = preset, .meaning = does
#define SETTING(word, what, preset, does) \
	DIRECTIVE(word, INHERITED, what, preset, does), .is_inheritable = true
#define SECTION(word, where, inner, does) \
	DIRECTIVE(word, where, SCHEMA_SECTION, "", does), .min = inner
#define TITLED(word, where, inner, does) \
	SECTION(word, where, inner, does), .has_title = true
#define FIELD(type, member) \
	.field_offset = offsetof(struct type, member), \
	.field_bytes = sizeof(((struct type *)0)->member)
#define IN_SETTINGS(member) FIELD(config_settings, member)
#define LIST(type, member, count, most) \
	FIELD(type, member), .count_offset = offsetof(struct type, count), .max = most
#define RANGE(least, most) .min = least, .max = most
#define WORDS(first, list) .min = first, .words = list

/* In the order of the dump. */
const struct schema_directive directives[] = {
	{ DIRECTIVE("include", EVERYWHERE, SCHEMA_INCLUDE, "", "puts other files in place") },
	{ DIRECTIVE("user", GLOBAL, SCHEMA_NAME, "www-data", "the user that workers run as"),
	    FIELD(config, user) },
	{ DIRECTIVE("group", GLOBAL, SCHEMA_NAME, "www-data", "the group that workers run as"),
	    FIELD(config, group) },
	{ DIRECTIVE("pid_file", GLOBAL, SCHEMA_PATH, "/run/musterd.pid",
	    "holds the process id of the master, locked"),
	    FIELD(config, pid_file), .reload = SCHEMA_AT_RESTART },
	{ DIRECTIVE("chroot", GLOBAL, SCHEMA_PATH, "",
	    "the directory that workers are locked into"), FIELD(config, chroot) },
	{ DIRECTIVE("types_file", GLOBAL, SCHEMA_PATH, "/etc/mime.types",
	    "media types by file extension"), FIELD(config, types_file) },
	{ DIRECTIVE("unknown_host", GLOBAL, SCHEMA_WORD, "default",
	    "what becomes of requests for a host that is not configured"),
	    FIELD(config, unknown_host), WORDS(CONFIG_UNKNOWN_DEFAULT, "default 400 421") },
	{ DIRECTIVE("trusted_proxies", GLOBAL, SCHEMA_NETWORKS, "",
	    "whose word about the client's address is believed"),
	    LIST(config, trusted_proxies, trusted_proxy_count, 10000) },
	{ DIRECTIVE("real_ip_header", GLOBAL, SCHEMA_WORD, "X-Forwarded-For",
	    "the field in which they give it"),
	    FIELD(config, real_ip_header), WORDS(CONFIG_X_FORWARDED_FOR,
	    "X-Forwarded-For Forwarded") },

	{ DIRECTIVE("default", HOST, SCHEMA_BOOLEAN, "false",
	    "serves requests that name no known host"), FIELD(config_host, is_default) },
	{ DIRECTIVE("aliases", HOST, SCHEMA_HOST_NAMES, "", "more names of the host"),
	    LIST(config_host, aliases, alias_count, 10000) },
	{ DIRECTIVE("listen", HOST, SCHEMA_LISTENERS, "", "the listeners that serve it"),
	    LIST(config_host, listen.items, listen.count, CONFIG_LISTENERS_MAX) },
	{ DIRECTIVE("certificate", GLOBAL, SCHEMA_FILES, "", "certificates for TLS, of all hosts "
	    "that have none"), LIST(config, certificate.items, certificate.count, PAIRS_MAX) },
	{ DIRECTIVE("certificate_key", GLOBAL, SCHEMA_FILES, "", "their private keys"),
	    LIST(config, certificate_key.items, certificate_key.count, PAIRS_MAX) },
	{ DIRECTIVE("stapling_file", GLOBAL, SCHEMA_FILES, "", "OCSP responses for them"),
	    LIST(config, stapling_file.items, stapling_file.count, PAIRS_MAX) },
	{ DIRECTIVE("certificate", HOST, SCHEMA_FILES, "", "certificates for TLS"),
	    LIST(config_host, certificate.items, certificate.count, PAIRS_MAX) },
	{ DIRECTIVE("certificate_key", HOST, SCHEMA_FILES, "", "their private keys"),
	    LIST(config_host, certificate_key.items, certificate_key.count, PAIRS_MAX) },
	{ DIRECTIVE("stapling_file", HOST, SCHEMA_FILES, "", "OCSP responses for them"),
	    LIST(config_host, stapling_file.items, stapling_file.count, PAIRS_MAX) },
	{ DIRECTIVE("client_certificate", HOST, SCHEMA_WORD, "off",
	    "whether clients show certificates"), FIELD(config_host, client.mode),
	    WORDS(CONFIG_CLIENT_OFF, "off optional required") },
	{ DIRECTIVE("client_ca", HOST, SCHEMA_PATH, "", "the authorities that may sign those"),
	    FIELD(config_host, client.ca_file) },
	{ DIRECTIVE("client_crl", HOST, SCHEMA_PATH, "", "what they have revoked"),
	    FIELD(config_host, client.crl_file) },
	{ DIRECTIVE("client_depth", HOST, SCHEMA_COUNT, "1",
	    "authorities between a client's certificate and those"),
	    FIELD(config_host, client.depth), RANGE(0, 16) },
	{ DIRECTIVE("alias", LOCATION, SCHEMA_ALIAS, "",
	    "stands in the file system for the location's path"),
	    FIELD(config_location, is_alias) },
	{ DIRECTIVE("reset", HOST | LOCATION, SCHEMA_DIRECTIVES, "",
	    "directives whose inherited value is dropped first"),
	    LIST(scope, reset.items, reset.count, 200) },

	{ SETTING("root", SCHEMA_ROOT, "", "the directory that files are served from"),
	    IN_SETTINGS(root_index) },
	{ SETTING("index", SCHEMA_FILE_NAMES, "index.html", "file names to try for a directory"),
	    LIST(config_settings, index.items, index.count, 64) },
	{ SETTING("try_files", SCHEMA_TRIES, "", "files to try, and what to do without them"),
	    LIST(config_settings, try_files.items, try_files.count, 16) },
	{ SETTING("follow_symlinks", SCHEMA_BOOLEAN, "false",
	    "symbolic links may lead out of the root"), IN_SETTINGS(follow_symlinks) },
	{ SETTING("dot_files", SCHEMA_BOOLEAN, "false", "names that start with a dot are served"),
	    IN_SETTINGS(dot_files) },
	{ SETTING("autoindex", SCHEMA_BOOLEAN, "false", "directories without an index are listed"),
	    IN_SETTINGS(autoindex) },
	{ SETTING("ssi", SCHEMA_BOOLEAN, "false", "HTML files hold server-side includes"),
	    IN_SETTINGS(ssi) },
	{ SETTING("user_dir", SCHEMA_USER_DIR, "", "where the pages of /~user/ lie"),
	    IN_SETTINGS(user_dir) },

	{ SETTING("etag", SCHEMA_BOOLEAN, "true", "answers carry an entity tag"),
	    IN_SETTINGS(etag) },
	{ SETTING("max_ranges", SCHEMA_COUNT, "16", "ranges in one request"),
	    IN_SETTINGS(max_range_count), RANGE(0, 64) },
	{ SETTING("default_type", SCHEMA_MEDIA_TYPE, "application/octet-stream",
	    "media type of an unknown extension"), IN_SETTINGS(default_type) },
	{ SETTING("charset", SCHEMA_CHARSET, "utf-8", "character set named with text types"),
	    IN_SETTINGS(charset) },
	{ SETTING("types", SCHEMA_TYPES, "", "media types of more extensions"),
	    LIST(config_settings, types, type_count, 4096) },
	{ SETTING("nosniff", SCHEMA_BOOLEAN, "true", "clients may not guess another media type"),
	    IN_SETTINGS(nosniff) },
	{ SETTING("languages", SCHEMA_LANGUAGES, "", "languages of files such as a.html.de"),
	    LIST(config_settings, languages.items, languages.count, 64) },
	{ SETTING("compress", SCHEMA_BOOLEAN, "true", "answers are compressed on the way"),
	    IN_SETTINGS(compress) },
	{ SETTING("precompressed", SCHEMA_BOOLEAN, "true",
	    "a compressed file beside the one asked for is sent"), IN_SETTINGS(precompressed) },
	{ SETTING("compress_types", SCHEMA_MEDIA_RANGES, "text/* application/javascript "
	    "application/json application/ld+json application/manifest+json application/xml "
	    "application/xhtml+xml application/rss+xml application/atom+xml application/wasm "
	    "image/svg+xml image/x-icon font/ttf font/otf", "media types that are compressed"),
	    LIST(config_settings, compress_types.items, compress_types.count, 256) },
	{ SETTING("compress_min_size", SCHEMA_SIZE, "1k", "smaller content is left as it is"),
	    IN_SETTINGS(compress_min_bytes), RANGE(0, GIBIBYTE) },
	{ SETTING("compress_codings", SCHEMA_CODINGS, "zstd br gzip", "codings, the best first"),
	    LIST(config_settings, codings, coding_count, 3) },
	{ SETTING("gzip_level", SCHEMA_COUNT, "6", "effort of gzip"),
	    IN_SETTINGS(gzip_level), RANGE(1, 9) },
	{ SETTING("brotli_level", SCHEMA_COUNT, "4", "effort of brotli"),
	    IN_SETTINGS(brotli_level), RANGE(0, 11) },
	{ SETTING("zstd_level", SCHEMA_COUNT, "3", "effort of zstd"),
	    IN_SETTINGS(zstd_level), RANGE(1, 19) },

	{ SETTING("early_hints", SCHEMA_BOOLEAN, "false", "Link fields go ahead of the answer"),
	    IN_SETTINGS(early_hints) },
	{ SETTING("cache_control", SCHEMA_FIELD_VALUE, "", "the field Cache-Control"),
	    IN_SETTINGS(cache_control) },
	{ SETTING("expires", SCHEMA_EXPIRIES, "", "how long answers of a type stay fresh"),
	    LIST(config_settings, expires, expiry_count, 256) },
	{ SETTING("https_redirect", SCHEMA_BOOLEAN, "false", "what came without TLS is sent to "
	    "https"), IN_SETTINGS(https_redirect) },
	{ SETTING("hsts", SCHEMA_DURATION_S, "0s", "how long clients insist on https"),
	    IN_SETTINGS(hsts_s), RANGE(0, TEN_YEARS_S) },
	{ SETTING("hsts_subdomains", SCHEMA_BOOLEAN, "false", "for names below this one, too"),
	    IN_SETTINGS(hsts_subdomains) },
	{ SETTING("hsts_preload", SCHEMA_BOOLEAN, "false", "browsers may list the name"),
	    IN_SETTINGS(hsts_preload) },
	{ SETTING("cors", SCHEMA_ORIGINS, "", "origins whose scripts may read the answers"),
	    LIST(config_settings, cors.items, cors.count, 256) },
	{ SETTING("cors_credentials", SCHEMA_BOOLEAN, "false", "with the user's credentials"),
	    IN_SETTINGS(cors_credentials) },
	{ SETTING("cors_headers", SCHEMA_TOKENS, "", "request fields that they may send"),
	    LIST(config_settings, cors_headers.items, cors_headers.count, 256) },
	{ SETTING("cors_max_age", SCHEMA_DURATION_S, "10m", "how long a permission is kept"),
	    IN_SETTINGS(cors_max_age_s), RANGE(0, 86400) },

	{ SETTING("allow", SCHEMA_NETWORKS, "", "clients that are let in"),
	    LIST(config_settings, allow, allow_count, 10000) },
	{ SETTING("deny", SCHEMA_NETWORKS, "", "clients that are kept out"),
	    LIST(config_settings, deny, deny_count, 10000) },
	{ SETTING("satisfy", SCHEMA_WORD, "all", "address and user, or one of them"),
	    IN_SETTINGS(satisfy), WORDS(CONFIG_SATISFY_ALL, "all any") },
	{ SETTING("auth_type", SCHEMA_WORD, "off", "how users prove who they are"),
	    IN_SETTINGS(auth_type), WORDS(CONFIG_AUTH_OFF, "off basic digest") },
	{ SETTING("auth_name", SCHEMA_REALM, "restricted", "what the password is asked for"),
	    IN_SETTINGS(auth_name) },
	{ SETTING("auth_user_file", SCHEMA_FILE, "", "users and their passwords"),
	    IN_SETTINGS(auth_user_file) },
	{ SETTING("auth_group_file", SCHEMA_FILE, "", "groups and their users"),
	    IN_SETTINGS(auth_group_file) },
	{ SETTING("require_user", SCHEMA_NAMES, "", "users that are let in"),
	    LIST(config_settings, require_user.items, require_user.count, 1000) },
	{ SETTING("require_group", SCHEMA_NAMES, "", "groups that are let in"),
	    LIST(config_settings, require_group.items, require_group.count, 1000) },

	{ SETTING("request_rate", SCHEMA_RATE, "", "requests of one client"),
	    IN_SETTINGS(request_rate) },
	{ SETTING("request_burst", SCHEMA_COUNT, "20", "requests beyond the rate at once"),
	    IN_SETTINGS(request_burst), RANGE(0, 1000000) },
	{ SETTING("limit_rate", SCHEMA_SIZE, "0", "bytes a second of one answer"),
	    IN_SETTINGS(limit_rate_bytes_s), RANGE(0, TEBIBYTE) },

	{ SETTING("access_log", SCHEMA_BOOLEAN, "true", "requests are logged"),
	    IN_SETTINGS(access_log) },
	{ SETTING("access_log_status", SCHEMA_STATUSES, "", "those with such a status"),
	    LIST(config_settings, access_log_status.items, access_log_status.count, 500) },

	{ TITLED("header", INHERITED, SCHEMA_HEADER, "a field of the answers") },
	{ DIRECTIVE("value", HEADER, SCHEMA_FIELD_VALUE, "", "its value"),
	    FIELD(config_header, value) },
	{ DIRECTIVE("action", HEADER, SCHEMA_WORD, "set", "what is done with the field"),
	    FIELD(config_header, action), WORDS(CONFIG_HEADER_SET, "set add default remove") },
	{ DIRECTIVE("status", HEADER, SCHEMA_STATUSES, "", "of the answers it is for"),
	    LIST(config_header, status_texts, status_text_count, 500) },

	{ TITLED("error_page", INHERITED, SCHEMA_ERROR_PAGE, "a page instead of the built-in "
	    "one") },
	{ DIRECTIVE("file", ERROR_PAGE, SCHEMA_URL_PATH, "", "the page, below the root"),
	    FIELD(config_error_page, file) },
	{ DIRECTIVE("status", ERROR_PAGE, SCHEMA_COUNT, "0", "the status that is sent with it"),
	    FIELD(config_error_page, status), RANGE(0, 599) },

	{ TITLED("redirect", INHERITED, SCHEMA_REDIRECT, "sends clients elsewhere") },
	{ DIRECTIVE("to", REDIRECT, SCHEMA_TEMPLATE, "", "where to"), FIELD(config_rule, to) },
	{ DIRECTIVE("status", REDIRECT, SCHEMA_CODE, "301", "the status of the answer"),
	    FIELD(config_rule, status), WORDS(0, "301 302 303 307 308 403 404 410 451") },

	{ TITLED("rewrite", INHERITED, SCHEMA_REWRITE, "changes the path of a request") },
	{ DIRECTIVE("to", REWRITE, SCHEMA_TEMPLATE, "", "the new path"), FIELD(config_rule, to) },
	{ DIRECTIVE("last", REWRITE, SCHEMA_BOOLEAN, "false", "no later rule is tried"),
	    FIELD(config_rule, is_last) },

	{ SECTION("pool", GLOBAL, SCHEMA_POOL, "how many workers there are") },
	{ DIRECTIVE("start", POOL, SCHEMA_COUNT, "8", "workers at start, per listening socket"),
	    FIELD(config_pool, start_count), RANGE(1, 65536) },
	{ DIRECTIVE("min_idle", POOL, SCHEMA_COUNT, "4",
	    "idle workers kept ready, per listening socket"),
	    FIELD(config_pool, min_idle_count), RANGE(1, 65536) },
	{ DIRECTIVE("max_idle", POOL, SCHEMA_COUNT, "32",
	    "more idle workers are retired, per listening socket"),
	    FIELD(config_pool, max_idle_count), RANGE(1, 65536) },
	{ DIRECTIVE("max_workers", POOL, SCHEMA_COUNT, "512",
	    "workers of all listening sockets together"),
	    FIELD(config_pool, max_worker_count), RANGE(1, 65536) },
	{ DIRECTIVE("max_requests", POOL, SCHEMA_COUNT, "10000",
	    "requests after which a worker is replaced"),
	    FIELD(config_pool, max_request_count), RANGE(0, REQUESTS_MAX) },

	{ SECTION("keepalive", GLOBAL, SCHEMA_KEEPALIVE, "connections between requests") },
	{ DIRECTIVE("timeout", KEEPALIVE, SCHEMA_DURATION_MS, "75s", "wait for the next request"),
	    FIELD(config_keepalive, timeout_ms), RANGE(0, DAY) },
	{ DIRECTIVE("linger", KEEPALIVE, SCHEMA_DURATION_MS, "50ms",
	    "a worker's own wait before a keeper gets the connection"),
	    FIELD(config_keepalive, linger_ms), RANGE(0, 60 * SECOND) },
	{ DIRECTIVE("max_requests", KEEPALIVE, SCHEMA_COUNT, "1000", "requests on one connection"),
	    FIELD(config_keepalive, max_request_count), RANGE(0, REQUESTS_MAX) },
	{ DIRECTIVE("keepers", KEEPALIVE, SCHEMA_COUNT, "1",
	    "processes that hold connections between requests"),
	    FIELD(config_keepalive, keeper_count), RANGE(0, 64) },
	{ DIRECTIVE("max_parked", KEEPALIVE, SCHEMA_COUNT, "100000",
	    "connections that a keeper holds"),
	    FIELD(config_keepalive, max_parked_count), RANGE(1, 1000000) },

	{ SECTION("cache", GLOBAL, SCHEMA_CACHE, "answers that are kept ready-made") },
	{ DIRECTIVE("valid", CACHE, SCHEMA_DURATION_MS, "1s", "how long an answer is kept"),
	    FIELD(config_cache, valid_ms), RANGE(0, DAY) },
	{ DIRECTIVE("size", CACHE, SCHEMA_SIZE, "32M", "memory of a keeper's cache"),
	    FIELD(config_cache, keeper_bytes), RANGE(0, 64u * (uint64_t)GIBIBYTE) },
	{ DIRECTIVE("worker_size", CACHE, SCHEMA_SIZE, "64k", "memory of a worker's cache"),
	    FIELD(config_cache, worker_bytes), RANGE(0, GIBIBYTE) },
	{ DIRECTIVE("max_file", CACHE, SCHEMA_SIZE, "128k", "longest content that is kept"),
	    FIELD(config_cache, max_body_bytes), RANGE(0, 16 * MEBIBYTE) },

	{ SECTION("limits", GLOBAL, SCHEMA_LIMITS, "what a client may take") },
	{ DIRECTIVE("header_timeout", LIMITS, SCHEMA_DURATION_MS, "15s",
	    "time for a whole request header"),
	    FIELD(config_limits, header_timeout_ms), RANGE(1, DAY) },
	{ DIRECTIVE("handshake_timeout", LIMITS, SCHEMA_DURATION_MS, "10s",
	    "time for a whole TLS handshake"),
	    FIELD(config_limits, handshake_timeout_ms), RANGE(1, DAY) },
	{ DIRECTIVE("body_timeout", LIMITS, SCHEMA_DURATION_MS, "30s",
	    "time for each 64 KiB of a request body"),
	    FIELD(config_limits, body_timeout_ms), RANGE(1, DAY) },
	{ DIRECTIVE("send_timeout", LIMITS, SCHEMA_DURATION_MS, "30s",
	    "time for each 64 KiB of an answer"),
	    FIELD(config_limits, send_timeout_ms), RANGE(1, DAY) },
	{ DIRECTIVE("drain_timeout", LIMITS, SCHEMA_DURATION_MS, "30s",
	    "time for the last request of an old worker"),
	    FIELD(config_limits, drain_timeout_ms), RANGE(1, DAY) },
	{ DIRECTIVE("request_line", LIMITS, SCHEMA_SIZE, "8k", "length of a request line"),
	    FIELD(config_limits, request_line_bytes), RANGE(256, MEBIBYTE) },
	{ DIRECTIVE("header_size", LIMITS, SCHEMA_SIZE, "32k",
	    "size of a request line and its header fields"),
	    FIELD(config_limits, header_bytes), RANGE(KIBIBYTE, MEBIBYTE) },
	{ DIRECTIVE("header_fields", LIMITS, SCHEMA_COUNT, "100", "header fields in a request"),
	    FIELD(config_limits, header_field_count), RANGE(1, 200) },
	{ DIRECTIVE("body_size", LIMITS, SCHEMA_SIZE, "64M", "size of a request body"),
	    FIELD(config_limits, body_bytes), RANGE(0, TEBIBYTE) },
	{ DIRECTIVE("streams_per_connection", LIMITS, SCHEMA_COUNT, "100",
	    "requests of an HTTP/2 connection at the same time"),
	    FIELD(config_limits, streams_per_connection), RANGE(1, 256) },
	{ DIRECTIVE("connections_per_client", LIMITS, SCHEMA_COUNT, "0",
	    "connections of one client at the same time"),
	    FIELD(config_limits, connections_per_client), RANGE(0, 1000000) },
	{ DIRECTIVE("handshake_rate", LIMITS, SCHEMA_RATE, "", "TLS handshakes of one client"),
	    FIELD(config_limits, handshake_rate) },
	{ DIRECTIVE("handshake_burst", LIMITS, SCHEMA_COUNT, "50",
	    "handshakes beyond the rate at once"),
	    FIELD(config_limits, handshake_burst), RANGE(0, 1000000) },
	{ DIRECTIVE("connection_rate", LIMITS, SCHEMA_SIZE, "0",
	    "bytes a second of one connection"),
	    FIELD(config_limits, connection_rate_bytes_s), RANGE(0, TEBIBYTE) },
	{ DIRECTIVE("clients", LIMITS, SCHEMA_COUNT, "65536",
	    "clients that are remembered for the limits"),
	    FIELD(config_limits, client_count), RANGE(1024, 16777216) },

	{ SECTION("tls", GLOBAL, SCHEMA_TLS, "what TLS connections are made of") },
	{ DIRECTIVE("profile", TLS, SCHEMA_WORD, "intermediate", "what is not set below, by name"),
	    FIELD(config_tls, profile), WORDS(CONFIG_TLS_MODERN, "modern intermediate old") },
	{ DIRECTIVE("protocols", TLS, SCHEMA_PROTOCOLS, "", "versions of TLS"),
	    LIST(config_tls, protocol_names.items, protocol_names.count, 4),
	    .words = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3" },
	{ DIRECTIVE("ciphers", TLS, SCHEMA_CIPHERS, "", "ciphers up to TLSv1.2"),
	    FIELD(config_tls, ciphers) },
	{ DIRECTIVE("ciphersuites", TLS, SCHEMA_CIPHER_NAMES, "", "ciphers of TLSv1.3"),
	    FIELD(config_tls, ciphersuites) },
	{ DIRECTIVE("curves", TLS, SCHEMA_CIPHER_NAMES, "", "groups for the key exchange"),
	    FIELD(config_tls, curves) },
	{ DIRECTIVE("prefer_server_ciphers", TLS, SCHEMA_BOOLEAN, "false",
	    "the order of ciphers here decides, not the client's"),
	    FIELD(config_tls, prefers_server_ciphers) },
	{ DIRECTIVE("kernel", TLS, SCHEMA_BOOLEAN, "false", "the kernel encrypts, where it can"),
	    FIELD(config_tls, uses_kernel) },
	{ DIRECTIVE("session_tickets", TLS, SCHEMA_BOOLEAN, "true", "clients may resume sessions"),
	    FIELD(config_tls, session_tickets) },
	{ DIRECTIVE("session_timeout", TLS, SCHEMA_DURATION_S, "1h",
	    "how long they can, and how often the key of the tickets changes"),
	    FIELD(config_tls, session_timeout_s), RANGE(1, WEEK_S) },
	{ DIRECTIVE("session_ticket_keys", TLS, SCHEMA_FILES, "",
	    "keys of the tickets that machines share"), LIST(config_tls, ticket_key_files.items,
	    ticket_key_files.count, TICKET_FILES_MAX) },
	{ DIRECTIVE("signer_user", TLS, SCHEMA_MAYBE_NAME, "",
	    "the user that the process with the private keys runs as"),
	    FIELD(config_tls, signer_user) },
	{ DIRECTIVE("watch_interval", TLS, SCHEMA_DURATION_S, "3s",
	    "how often the files of certificates and keys are looked at"),
	    FIELD(config_tls, watch_interval_s), RANGE(0, HOUR_S) },

	{ SECTION("log", GLOBAL, SCHEMA_LOG, "where messages go") },
	{ DIRECTIVE("error", LOG, SCHEMA_TARGET, LOG_FOLDER "/error.log",
	    "where errors are written"),
	    FIELD(config_log, error), .words = "stderr syslog" },
	{ DIRECTIVE("level", LOG, SCHEMA_WORD, "notice",
	    "least important message that is written"), FIELD(config_log, level),
	    RANGE(CONFIG_LEVEL_ERROR, CONFIG_LEVEL_DEBUG),
	    .words = "error warn notice info debug" },
	{ DIRECTIVE("access", LOG, SCHEMA_TARGET, LOG_FOLDER "/access.log",
	    "where requests are written"),
	    FIELD(config_log, access), .words = "stdout stderr syslog off" },
	{ DIRECTIVE("format", LOG, SCHEMA_FORMAT, "combined", "what is written of a request"),
	    FIELD(config_log, format) },
	{ DIRECTIVE("flush", LOG, SCHEMA_DURATION_MS, "100ms", "longest wait of a record"),
	    FIELD(config_log, flush_ms), RANGE(1, 3600 * SECOND) },
	{ DIRECTIVE("full", LOG, SCHEMA_WORD, "wait", "what a process does while its records "
	    "are not taken"), FIELD(config_log, full), WORDS(CONFIG_LOG_WAIT, "wait count") },

	{ TITLED("listen", GLOBAL, SCHEMA_LISTEN, "an address to listen on") },
	{ DIRECTIVE("backlog", LISTEN, SCHEMA_COUNT, "1024", "connections the kernel queues"),
	    FIELD(config_listener, backlog_count), RANGE(1, 65535) },
	{ DIRECTIVE("defer_accept", LISTEN, SCHEMA_DURATION_S, "1s",
	    "the kernel waits for the first bytes of a request"),
	    FIELD(config_listener, defer_accept_s), RANGE(0, 60) },
	{ DIRECTIVE("proxy_protocol", LISTEN, SCHEMA_BOOLEAN, "false",
	    "connections begin with the client's address"),
	    FIELD(config_listener, proxy_protocol) },
	{ DIRECTIVE("tls", LISTEN, SCHEMA_BOOLEAN, "false", "connections are TLS"),
	    FIELD(config_listener, tls) },
	{ DIRECTIVE("http2", LISTEN, SCHEMA_BOOLEAN, "true",
	    "HTTP/2 over TLS, for clients that offer it"), FIELD(config_listener, http2) },
	{ DIRECTIVE("h2c", LISTEN, SCHEMA_BOOLEAN, "false",
	    "HTTP/2 without TLS, for clients that begin with it"), FIELD(config_listener, h2c) },

	{ TITLED("host", GLOBAL, SCHEMA_HOST, "a site") },
	{ TITLED("location", HOST | LOCATION, SCHEMA_LOCATION, "a part of a site") },
};
const size_t directives_count = sizeof(directives) / sizeof(directives[0]);
