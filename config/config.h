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
#include <sys/socket.h>
#include <sys/un.h>

struct mime_table;
struct log_format;

#define CONFIG_LISTENERS_MAX 64

enum config_log_level {         /* as syslog(3) numbers them */
	CONFIG_LEVEL_ERROR = 3,
	CONFIG_LEVEL_WARN = 4,
	CONFIG_LEVEL_NOTICE = 5,
	CONFIG_LEVEL_INFO = 6,
	CONFIG_LEVEL_DEBUG = 7,
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
	unsigned linger_ms;         /* the same while every worker is taken */
	uint64_t max_request_count; /* per connection; 0: no limit */
};

struct config_limits {
	unsigned header_timeout_ms; /* whole request head, from its first wait; > 0 */
	unsigned body_timeout_ms;   /* each 64 KiB of a request body; > 0 */
	unsigned send_timeout_ms;   /* each 64 KiB of a response; > 0 */
	unsigned drain_timeout_ms;  /* an old worker's last request; > 0 */
	size_t request_line_bytes;  /* <= header_bytes */
	size_t header_bytes;        /* request line and fields together */
	unsigned header_field_count; /* 1 .. HTTP_FIELD_MAX */
	uint64_t body_bytes;        /* request content */
};

struct config_log {
	char *error;                /* absolute path, "stderr" or "syslog" */
	enum config_log_level level; /* least important level that is written */
	char *access;               /* absolute path, "stdout", "stderr", "syslog", "off" */
	char *format;               /* "common", "combined", "json" or a format string */
	struct log_format *compiled_format;
	size_t buffer_bytes;        /* 0: each record is written at once */
	unsigned flush_ms;          /* a buffered record waits no longer; > 0 */
};

struct config_listener {
	char *text;                 /* as written: "*:80", "[::1]:80", "unix:/run/x" */
	struct sockaddr_storage address;
	socklen_t address_bytes;
	bool is_dual_stack;         /* "*:port": IPv6 socket that takes IPv4 too */
	unsigned backlog_count;
	unsigned defer_accept_s;    /* TCP_DEFER_ACCEPT; 0: off; ignored for unix: */
	unsigned line;
	char *file;
};

/* A directory that files are served from, each path once. The master opens them
 * (server/priv/roots.c) and workers resolve below the descriptor with this index. */
struct config_root {
	char *path;                 /* absolute, no trailing slash but for "/" */
	char *file;                 /* where it was first named, for messages */
	unsigned line;
};

/* What applies in a scope after inheritance: global < host < location. */
struct config_settings {
	unsigned root_index;        /* into config.roots; CONFIG_NO_ROOT: nothing to serve (404) */
	char **index;               /* names to try in a directory, in order */
	size_t index_count;
	bool follow_symlinks;       /* links may leave the root */
	bool dot_files;             /* names that start with a dot are served */
	bool etag;                  /* send ETag */
	unsigned max_range_count;   /* more ranges in one request: the whole file; 0: ranges off */
	char *default_type;         /* media type of an unknown extension; "" : none sent */
	char *charset;              /* added to text types; "": none */
};
#define CONFIG_NO_ROOT UINT32_MAX

struct config_location {
	char *title;                /* as written: "/files/" or "= /x" */
	char *path;                 /* decoded prefix or exact path, starts with '/' */
	bool is_exact;
	/* alias replaces path by the directory root_index; without alias, the
	 * whole URL path is looked up below root_index. */
	bool is_alias;
	char *alias_file;           /* exact location with alias to one file: its name
	                             * below root_index; else NULL */
	struct config_settings settings;
};

struct config_host {
	char *name;                 /* lower case, no port; "*.example.org"; "*": any */
	char **aliases;             /* same forms */
	size_t alias_count;
	bool is_default;            /* exactly one host of a configuration is */
	struct config_settings settings;
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
	struct config_pool pool;
	struct config_keepalive keepalive;
	struct config_limits limits;
	struct config_log log;
	struct config_settings settings; /* the global scope */
	struct config_listener *listeners;
	size_t listener_count;      /* 1 .. CONFIG_LISTENERS_MAX */
	struct config_host *hosts;  /* at least one */
	size_t host_count;
	struct config_root *roots;
	size_t root_count;
	struct mime_table *mime;
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
/* Accepts NULL, leaves NULL. */
void config_free(struct config **config);

/* The effective configuration in the configuration's own syntax; loading the
 * text and dumping again gives the same text. malloc'd; NULL: no memory. */
char *config_dump(const struct config *config);
/* text as a string of the configuration's syntax, quotes included: for building a
 * text for config_load_text(). malloc'd; NULL: no memory. */
char *config_quote(const char *text);

#endif
