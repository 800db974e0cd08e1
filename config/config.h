/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: what the administrator wrote, checked and resolved.
 *
 * Made by config_load() from one file and its includes, immutable afterwards,
 * freed whole. Every process reads it; nobody writes it. No pointer in it is
 * NULL unless its comment says so. Units are in the names. */
#ifndef MUSTER_CONFIG_CONFIG_H
#define MUSTER_CONFIG_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct mime_table;
struct log_format;
struct network;
struct pattern;
struct template;
struct keep;

#define CONFIG_LISTENERS_MAX 64

struct config_texts {           /* a list of strings */
	char **items;
	size_t count;
};

enum config_log_level {         /* as syslog(3) numbers them */
	CONFIG_LEVEL_ERROR = 3,
	CONFIG_LEVEL_WARN = 4,
	CONFIG_LEVEL_NOTICE = 5,
	CONFIG_LEVEL_INFO = 6,
	CONFIG_LEVEL_DEBUG = 7,
};

enum config_log_full {
	CONFIG_LOG_WAIT,            /* whoever has one waits */
	CONFIG_LOG_COUNT,           /* they are dropped and counted */
};

struct config_pool {
	unsigned start_count;       /* workers at start, per listening socket; 1.. */
	unsigned min_idle_count;    /* per listening socket; 1.. */
	unsigned max_idle_count;    /* per listening socket; >= min_idle_count */
	unsigned max_worker_count;  /* all sockets together; >= start_count * sockets */
	uint64_t max_request_count; /* a worker is replaced after so many; 0: never */
};

struct config_keepalive {
	unsigned timeout_ms;        /* wait for the next request; 0: no keep-alive */
	unsigned linger_ms;         /* a worker's own wait before a keeper gets the connection */
	uint64_t max_request_count; /* per connection; 0: no limit */
	unsigned keeper_count;      /* processes; 0: workers keep their connections */
	unsigned max_parked_count;  /* connections that one keeper holds; 1.. */
};

/* Answers that are kept ready-made, in each process for itself. */
struct config_cache {
	size_t keeper_bytes;        /* of a keeper; 0: none */
	size_t worker_bytes;        /* of a worker; 0: none */
	size_t max_body_bytes;      /* longest content that is kept */
	unsigned valid_ms;          /* then it is made anew; 0: nothing is kept */
};

/* How often something may be done. Whoever inherits one has the same text. */
struct config_rate {
	char *text;                 /* as written: "10/s"; "": no limit */
	uint64_t per_1000s;         /* so often in 1000 s; 0: no limit */
};

struct config_limits {
	unsigned header_timeout_ms; /* whole request head, from its first wait; > 0 */
	unsigned handshake_timeout_ms; /* whole TLS handshake; > 0 */
	unsigned body_timeout_ms;   /* each 64 KiB of a request body; > 0 */
	unsigned send_timeout_ms;   /* each 64 KiB of a response; > 0 */
	unsigned drain_timeout_ms;  /* an old worker's last request; > 0 */
	size_t request_line_bytes;  /* <= header_bytes */
	size_t header_bytes;        /* request line and fields together */
	unsigned header_field_count; /* 1 .. HTTP_FIELD_MAX */
	uint64_t body_bytes;        /* request content */
	unsigned streams_per_connection; /* requests at the same time, HTTP/2; > 0 */
	unsigned connections_per_client; /* at the same time, one address; 0: no limit */
	struct config_rate handshake_rate; /* TLS, of one address */
	unsigned handshake_burst;   /* handshakes beyond the rate that are let through at once */
	uint64_t connection_rate_bytes_s; /* all answers of a connection; 0: no limit */
	unsigned client_count;      /* addresses that are remembered for limits and passwords */
};

struct config_log {
	char *error;                /* absolute path, "stderr" or "syslog" */
	enum config_log_level level; /* least important level that is written */
	char *access;               /* absolute path, "stdout", "stderr", "syslog", "off" */
	char *format;               /* "common", "combined", "json" or a format string */
	struct log_format *compiled_format;
	unsigned flush_ms;          /* a record waits no longer for the logger; > 0 */
	enum config_log_full full;  /* what becomes of records that the logger does not take */
};

enum config_tls_profile {       /* Mozilla's server side TLS recommendations, by their names */
	CONFIG_TLS_MODERN,
	CONFIG_TLS_INTERMEDIATE,
	CONFIG_TLS_OLD,
};

#define CONFIG_TLS_1_0 1u           /* bits of config_tls.protocols */
#define CONFIG_TLS_1_1 2u
#define CONFIG_TLS_1_2 4u
#define CONFIG_TLS_1_3 8u

struct config_tls {
	enum config_tls_profile profile;
	struct config_texts protocol_names; /* "TLSv1.2"; those of the profile unless named */
	unsigned protocols;         /* the same as bits, without gaps */
	char *ciphers;              /* TLS 1.2 and before, OpenSSL's syntax; resolved, never "" */
	char *ciphersuites;         /* TLS 1.3; the same */
	char *curves;               /* "X25519:prime256v1:secp384r1"; the same */
	bool prefers_server_ciphers;
	bool uses_kernel;           /* to encrypt, where it can */
	bool session_tickets;       /* sessions are resumed */
	unsigned session_timeout_s; /* how long one can be; > 0 */
	unsigned watch_interval_s;  /* between looks at files of certificates; 0: none */
	struct config_texts ticket_key_files; /* absolute; none: keys are made and rotated */
	char *signer_user;          /* "": as workers */
	char *file;                 /* of the section, for messages */
	unsigned line;              /* 0: there is none */
};

/* A certificate chain and its key, each pair once. The key's file is the signer's alone. */
struct config_certificate {
	char *chain_file;           /* absolute; PEM, the server's own certificate first */
	char *key_file;             /* absolute; PEM */
	char *file;                 /* where the pair was named first, for messages */
	unsigned line;
};

/* A file with an OCSP response (RFC 6960), each once. It is for whichever certificates it names. */
struct config_stapling {
	char *response_file;        /* absolute; DER */
	char *file;                 /* where it was named first, for messages */
	unsigned line;
};

struct config_listener {
	char *text;                 /* as written: "*:80", "[::1]:80", "unix:/run/x" */
	struct sockaddr_storage address;
	socklen_t address_bytes;
	bool is_dual_stack;         /* "*:port": IPv6 socket that takes IPv4 too */
	unsigned backlog_count;
	unsigned defer_accept_s;    /* TCP_DEFER_ACCEPT; 0: off; ignored for unix: */
	bool proxy_protocol;        /* each connection begins with a PROXY header, or ends */
	bool tls;                   /* connections are TLS */
	bool http2;                 /* with TLS: HTTP/2 for clients that offer it (ALPN) */
	bool h2c;                   /* takes HTTP/2 from clients that begin with it */
	unsigned line;
	char *file;
};

enum config_client_certificate {
	CONFIG_CLIENT_OFF,
	CONFIG_CLIENT_OPTIONAL,     /* whoever has none is served as well */
	CONFIG_CLIENT_REQUIRED,
};

/* What certificates clients of a host have. */
struct config_client_rules {
	enum config_client_certificate mode;
	char *ca_file;              /* absolute, PEM; "" only where mode is OFF */
	char *crl_file;             /* the same; "": none is looked at */
	unsigned depth;             /* authorities between a client's and one of ca_file */
};
static inline bool
config_client_rules_equal(const struct config_client_rules *one,
    const struct config_client_rules *other)
{
	return one->mode == other->mode && (one->mode == CONFIG_CLIENT_OFF ||
	    (strcmp(one->ca_file, other->ca_file) == 0 &&
	    strcmp(one->crl_file, other->crl_file) == 0 &&
	    one->depth == other->depth));
}

/* A directory that files are served from, each path once. The master opens them
 * (server/priv/roots.c) and workers resolve below the descriptor with this index. */
struct config_root {
	char *path;                 /* absolute, no trailing slash but for "/" */
	char *file;                 /* where it was first named, for messages */
	unsigned line;
};

/* Statuses 100 to 599, a bit each. */
struct config_statuses {
	uint8_t bits[63];
};
static inline bool
config_statuses_hold(const struct config_statuses *set, unsigned status)
{
	return status >= 100 && status <= 599 &&
	    (set->bits[(status - 100) / 8] >> (status - 100) % 8 & 1) != 0;
}

enum config_header_action {
	CONFIG_HEADER_SET,          /* in place of all fields of that name */
	CONFIG_HEADER_ADD,          /* beside them */
	CONFIG_HEADER_DEFAULT,      /* unless there is one */
	CONFIG_HEADER_REMOVE,
};
struct config_header {
	char *name;                 /* a token */
	char *value;                /* a field value; "" for REMOVE */
	enum config_header_action action;
	struct config_statuses statuses; /* of the answers it applies to; all by default */
	char **status_texts;        /* as written, for the dump; empty: all */
	size_t status_text_count;
};

/* A file that stands in for the built-in page of a status. */
struct config_error_page {
	char *title;                /* as written: "404", "500 502", "5xx" */
	struct config_statuses statuses;
	char *file;                 /* path below the root, as written, starts with '/' */
	unsigned root_index;        /* of the scope it was written in, never CONFIG_NO_ROOT */
	unsigned status;            /* sent instead; 0: the same */
};

enum config_match {
	CONFIG_MATCH_EXACT,         /* "= /x" */
	CONFIG_MATCH_STRONG_PREFIX, /* "^~ /x": no pattern is tried when it is the longest */
	CONFIG_MATCH_PREFIX,        /* "/x": whole segments */
	CONFIG_MATCH_PATTERN,       /* "~ x", "~* x": PCRE2, anywhere in the decoded path */
};
/* The title of a location, redirect or rewrite. */
struct config_matcher {
	char *title;                /* as written, normalised blanks */
	enum config_match match;
	char *path;                 /* decoded, starts with '/'; for patterns the pattern's text */
	struct pattern *pattern;    /* NULL unless CONFIG_MATCH_PATTERN */
};

/* A redirect answers; a rewrite changes the path and goes on. */
struct config_rule {
	struct config_matcher matcher;
	bool is_rewrite;
	unsigned status;            /* redirect: 301 302 303 307 308 410 or another 4xx */
	char *to;                   /* as written; "" where the status has no Location */
	struct template *target;    /* compiled `to`; NULL when that is "" */
	bool is_last;               /* rewrite: no later rule of this scope is tried */
	char *file;                 /* place, for explanations and messages */
	unsigned line;
};

/* "text/css 30d": what answers of a type say about their age. */
struct config_expiry {
	char *text;                 /* as written */
	char *type;                 /* "text/css"; "image/" for all images; "" for all types */
	int64_t age_s;              /* -1: "off", nothing is said; 0: no-cache */
};

/* "text/x-foo foo bar": extensions of a scope. */
struct config_type {
	char *text;                 /* as written */
	char *type;
	char **extensions;          /* lower case, without dot */
	size_t extension_count;
};

enum config_coding { CONFIG_CODING_GZIP, CONFIG_CODING_BR, CONFIG_CODING_ZSTD };
enum config_auth { CONFIG_AUTH_OFF, CONFIG_AUTH_BASIC, CONFIG_AUTH_DIGEST };
enum config_satisfy { CONFIG_SATISFY_ALL, CONFIG_SATISFY_ANY };
enum config_unknown_host { CONFIG_UNKNOWN_DEFAULT, CONFIG_UNKNOWN_400, CONFIG_UNKNOWN_421 };
enum config_real_ip { CONFIG_X_FORWARDED_FOR, CONFIG_FORWARDED };

/* A network of allow or deny, and how deep the scope lies that wrote it: 0 global, 1 host,
 * 2 location, 3 location in a location ... */
struct config_access {
	char *text;                 /* as written */
	struct network *network;    /* see network.h */
	unsigned depth;
};

/* A file that workers open themselves, each time they need it: root_index is its folder. */
struct config_file {
	char *path;                 /* as written; "": none */
	unsigned root_index;        /* CONFIG_NO_ROOT: none */
	char *name;                 /* last segment */
};

/* What applies in a scope after inheritance: global < host < location < inner location.
 * Copied whole by inner scopes: all it points to is immutable and belongs to config.keep. */
struct config_settings {
	/* files */
	unsigned root_index;        /* into config.roots; CONFIG_NO_ROOT: nothing to serve (404) */
	struct config_texts index;  /* names to try in a directory, in order */
	struct config_texts try_files; /* "$uri", "$uri/", "/file", last "/fallback" or "=404" */
	bool follow_symlinks;       /* links may leave the root */
	bool dot_files;             /* names that start with a dot are served */
	bool autoindex;             /* directories without an index are listed */
	bool ssi;                   /* text/html files hold server-side includes */
	char *user_dir;             /* as written, with one asterisk for the user; "": none */
	unsigned user_dir_root_index; /* what stands before the asterisk; CONFIG_NO_ROOT: none */
	char *user_dir_below;       /* what stands behind it, without slashes around; maybe "" */
	/* representation */
	bool etag;                  /* send ETag */
	unsigned max_range_count;   /* more ranges in one request: the whole file; 0: ranges off */
	char *default_type;         /* media type of an unknown extension; "" : none sent */
	char *charset;              /* added to text types; "": none */
	struct config_type *types;  /* inner scopes' first */
	size_t type_count;
	bool nosniff;               /* X-Content-Type-Options: nosniff */
	struct config_texts languages; /* name.html.LANGUAGE, best first when the client has no
	                             * preference; lower case */
	bool compress;              /* on the fly */
	bool precompressed;         /* name.zst, name.br, name.gz beside the file */
	struct config_texts compress_types; /* "text/" and all of it, "application/json" */
	size_t compress_min_bytes;
	enum config_coding codings[3]; /* best first */
	unsigned coding_count;
	unsigned gzip_level, brotli_level, zstd_level;
	/* fields of the answer */
	struct config_header *headers; /* outer scopes' first */
	size_t header_count;
	bool early_hints;           /* Link fields of these go ahead of the answer, HTTP/2 */
	char *cache_control;        /* "": none beyond what expires says */
	struct config_expiry *expires; /* inner scopes' first */
	size_t expiry_count;
	bool https_redirect;        /* what came without TLS is sent to config_host.https_rule */
	unsigned hsts_s;            /* 0: off */
	bool hsts_subdomains, hsts_preload;
	struct config_texts cors;   /* origins, or "*"; none: off */
	bool cors_credentials;
	struct config_texts cors_headers; /* that a preflight allows */
	unsigned cors_max_age_s;
	struct config_error_page *error_pages; /* inner scopes' first */
	size_t error_page_count;
	/* access */
	struct config_access *allow, *deny; /* in any order */
	size_t allow_count, deny_count;
	enum config_satisfy satisfy;
	enum config_auth auth_type;
	char *auth_name;            /* the realm */
	struct config_file auth_user_file, auth_group_file;
	struct config_texts require_user, require_group; /* none of either: every user */
	/* limits */
	struct config_rate request_rate; /* of one client */
	unsigned request_burst;     /* requests beyond the rate that are let through at once */
	uint64_t limit_rate_bytes_s; /* each answer; 0: no limit */
	/* log */
	bool access_log;            /* requests are logged */
	struct config_statuses access_log_statuses; /* those that are; all when none is named */
	struct config_texts access_log_status; /* as written */
};
#define CONFIG_NO_ROOT UINT32_MAX

struct config_location {
	struct config_matcher matcher;
	/* alias replaces the matched path by the directory root_index; without alias, the
	 * whole URL path is looked up below root_index. */
	bool is_alias;
	char *alias_file;           /* exact location with alias to one file: its name
	                             * below root_index; else NULL */
	struct template *alias_target; /* pattern location with alias: the path below
	                             * root_index, with captures; else NULL */
	char *alias_text;           /* as written here; NULL: none, or that of an outer location */
	const char *alias_path;     /* what the directory stands for: matcher.path, of the outer
	                             * location if the alias is that one's; NULL unless is_alias
	                             * without alias_file and alias_target */
	struct config_settings settings;
	struct config_rule *rules;  /* those of outer locations first, own ones last */
	size_t rule_count;
	size_t own_rule_index;      /* the first that was written here */
	struct config_location *locations; /* within this one, in file order */
	size_t location_count;
	char *file;
	unsigned line;
};

struct config_host {
	char *name;                 /* lower case, no port; "*.example.org"; "*": any */
	char **aliases;             /* same forms */
	size_t alias_count;
	bool is_default;            /* for names that no host of the listener has; at most one
	                             * of a listener's hosts is, without one it is the first */
	struct config_texts listen; /* titles of listen sections; none: all of them */
	uint64_t listener_bits;     /* the same as indexes into config.listeners */
	struct config_texts certificate, certificate_key; /* as written in this scope; as many
	                             * of one as of the other */
	struct config_texts stapling_file; /* as written in this scope */
	size_t *certificate_indexes; /* into config.certificates: its own, or the global ones */
	size_t certificate_count;   /* >= 1 where one of its listeners is TLS, else 0 */
	struct config_client_rules client;
	struct config_rule https_rule; /* a redirect of any path to the same one with https */
	struct config_settings settings;
	struct config_rule *rules;  /* global ones first */
	size_t rule_count;
	size_t own_rule_index;
	struct config_location *locations; /* in file order */
	size_t location_count;
	char *file;
	unsigned line;
};

struct config {
	char *source;               /* the file's path, or "command line" */
	char *user, *group;
	char *pid_file;             /* absolute, or "" for none */
	char *chroot;               /* absolute, or "" for none; all roots lie below it */
	char *types_file;           /* mime.types; "" : built-in types only */
	enum config_unknown_host unknown_host;
	struct config_access *trusted_proxies; /* depth is 0 */
	size_t trusted_proxy_count;
	enum config_real_ip real_ip_header;
	struct config_pool pool;
	struct config_keepalive keepalive;
	struct config_cache cache;
	struct config_limits limits;
	struct config_log log;
	struct config_tls tls;
	struct config_texts certificate, certificate_key; /* as written in the global scope */
	struct config_certificate *certificates; /* all pairs, each once */
	size_t certificate_count;   /* 0: no listener is TLS */
	struct config_texts stapling_file; /* as written in the global scope */
	struct config_stapling *staplings; /* of all hosts that TLS listeners serve */
	size_t stapling_count;
	struct config_settings settings; /* the global scope */
	struct config_rule *rules;
	size_t rule_count;
	struct config_listener *listeners;
	size_t listener_count;      /* 1 .. CONFIG_LISTENERS_MAX */
	struct config_host *hosts;  /* at least one */
	size_t host_count;
	struct config_root *roots;
	size_t root_count;
	struct mime_table *mime;
	struct keep *keep;          /* owns what settings, locations and rules point to */
	unsigned share_count;       /* owners beside the first, see config_share() */
};

/* Collects what is wrong with a configuration, a line of text each:
 * "file:line: what, expected what". The caller owns it; report it as it likes. */
struct config_errors {
	char **lines;
	size_t count;
	size_t dropped_count;       /* beyond CONFIG_ERRORS_MAX */
};
#define CONFIG_ERRORS_MAX 100
void config_errors_fini(struct config_errors *errors);

/* Reads, checks and resolves a file. NULL: *errors_out has at least one line.
 * Never logs, never exits, opens no socket, needs no privilege beyond reading. */
struct config *config_load(const char *path, struct config_errors *errors_out);
/* The same from text in memory; `name` stands for the file in messages. */
struct config *config_load_text(const char *text, const char *name,
    struct config_errors *errors_out);
/* One more owner, who calls config_free() as well. Within one process and thread. */
struct config *config_share(struct config *config);
/* The last owner frees it. Accepts NULL, leaves NULL. */
void config_free(struct config **config);

/* The effective configuration in the configuration's own syntax; loading the
 * text and dumping again gives the same text. malloc'd; NULL: no memory. */
char *config_dump(const struct config *config);
/* text as a string of the configuration's syntax, quotes included: for building a
 * text for config_load_text(). malloc'd; NULL: no memory. */
char *config_quote(const char *text);

#endif
