/* SPDX-License-Identifier: BSD-2-Clause */
/* musterd: command line and start-up order; the only file that knows both the master and
 * what its children do. Runs as whoever starts it. Rule: everything that can fail is done
 * before the terminal is given up, so that the reason is on stderr and the status is 1. Shown by
 * tests/integration/05-command. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/role.h"
#include "server/base/scoreboard.h"
#include "server/base/ticket_keys.h"
#include "server/base/title.h"
#include "server/logger/logger.h"
#include "server/master/credentials.h"
#include "server/master/daemon.h"
#include "server/master/master.h"
#include "server/priv/pidfile.h"
#include "server/priv/roots.h"
#include "server/signer/keyring.h"
#include "server/signer/signer.h"
#include "workers/handler/explain.h"
#include "workers/io/tls_site.h"
#include "workers/keeper.h"
#include "workers/worker.h"

#define DEFAULT_CONFIG MUSTER_SYSCONFDIR "/muster/musterd.conf"
#define DEFAULT_PORT "8080"
#define EXIT_USAGE 2

struct command {
	const char *config_path;
	const char *directory;      /* -d, or NULL */
	const char *port;
	const char *url;            /* -u, or NULL */
	bool is_foreground, only_tests, only_dumps;
};

static void
print_usage(FILE *out)
{
	(void)fputs(
	    "usage: musterd [-fhtTV] [-c file] [-d directory [-p port]] [-u url]\n"
	    "  -c file  configuration (default " DEFAULT_CONFIG ")\n"
	    "  -d dir   serve this directory on http://127.0.0.1:8080/, without a file\n"
	    "  -p port  another port for -d\n"
	    "  -f       stay in the foreground\n"
	    "  -t       test the configuration and exit\n"
	    "  -T       print the effective configuration and exit\n"
	    "  -u url   with -t: explain which location serves http://host/path, and why\n"
	    "  -V       print the version and exit\n"
	    "  -h       print this help and exit\n"
	    "signals: TERM, INT stop   QUIT stop when done   HUP reload   USR1 reopen logs\n", out);
}

static void
refuse_usage(const char *text)
{
	(void)fprintf(stderr, "musterd: %s\n", text);
	print_usage(stderr);
	exit(EXIT_USAGE);
}

static void
parse_command(int argc, char **argv, struct command *command)
{
	int option;

	memset(command, 0, sizeof *command);
	while ((option = getopt(argc, argv, "c:d:fhp:tTu:V")) != -1) {
		switch (option) {
		case 'c':
			command->config_path = optarg;
			break;
		case 'd':
			command->directory = optarg;
			break;
		case 'f':
			command->is_foreground = true;
			break;
		case 'p':
			command->port = optarg;
			break;
		case 't':
			command->only_tests = true;
			break;
		case 'T':
			command->only_dumps = true;
			break;
		case 'u':
			command->url = optarg;
			break;
		case 'V':
			(void)puts("muster " MUSTER_VERSION);
			exit(0);
		case 'h':
			print_usage(stdout);
			exit(0);
		default:            /* getopt(3) has said what is wrong */
			print_usage(stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		refuse_usage("unexpected argument; options take a dash");
	if (command->port != NULL && command->directory == NULL)
		refuse_usage("-p goes with -d");
	if (command->config_path != NULL && command->directory != NULL)
		refuse_usage("-d takes no file, -c does not go with it");
	if (command->url != NULL && !command->only_tests)
		refuse_usage("-u goes with -t");
	if (command->config_path == NULL)
		command->config_path = DEFAULT_CONFIG;
}

static void
check_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || port > 65535) {
		(void)fprintf(stderr, "musterd: -p is \"%s\", expected a port from 0 to 65535\n",
		    text);
		exit(EXIT_USAGE);
	}
}

/* -d goes the same way as a file: its text is put together and parsed. */
static struct config *
load_directory(const struct command *command, struct config_errors *errors)
{
	const char *port = command->port != NULL ? command->port : DEFAULT_PORT;
	bool has_www_data = getpwnam("www-data") != NULL && getgrnam("www-data") != NULL;
	char *text = NULL, *path = realpath(command->directory, NULL), *quoted;
	struct config *config = NULL;
	size_t bytes;
	FILE *out;

	check_port(port);
	if (path == NULL) {
		(void)fprintf(stderr, "musterd: %s: %s\n", command->directory, strerror(errno));
		exit(1);
	}
	quoted = config_quote(path);
	out = quoted == NULL ? NULL : open_memstream(&text, &bytes);
	if (out != NULL) {
		(void)fprintf(out, "user = \"%s\"\ngroup = \"%s\"\npid_file = \"\"\n",
		    has_www_data ? "www-data" : "nobody", has_www_data ? "www-data" :
		    getgrnam("nogroup") != NULL ? "nogroup" : "nobody");
		(void)fputs("log { error = \"stderr\" level = \"warn\" "
		    "access = \"stdout\" format = \"common\" }\n", out);
		(void)fprintf(out, "listen \"127.0.0.1:%s\" {}\nroot = %s\n"
		    "autoindex = true\n", port, quoted);
		if (fclose(out) == 0)
			config = config_load_text(text, "command line", errors);
	}
	free(text);
	free(quoted);
	free(path);
	return config;
}

/* tickets is NULL when there is no memory. */
static struct tls_means
make_means(void)
{
	return (struct tls_means){ .tickets = ticket_keys_open(), .site_renew = tls_site_renew,
		.site_free = tls_site_free, .site_warning = tls_site_warning,
		.site_notice = tls_site_notice,
		.site_public_key = tls_site_public_key, .keys_check = keyring_check };
}

static struct config *
load(const struct command *command)
{
	struct config_errors errors = { 0 };
	struct config *config = command->directory != NULL ? load_directory(command, &errors) :
	    config_load(command->config_path, &errors);
	size_t i;

	for (i = 0; i < errors.count; i++)
		(void)fprintf(stderr, "%s\n", errors.lines[i]);
	if (errors.dropped_count > 0)
		(void)fprintf(stderr, "and %zu more errors\n", errors.dropped_count);
	config_errors_fini(&errors);
	return config;
}

static int
dump(struct config *config)
{
	char *text = config_dump(config);
	int status = text != NULL && fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1;

	if (status != 0)
		perror("musterd");
	free(text);
	config_free(&config);
	return status;
}

/* What can be tested without opening ports and logs of a server that may be running. */
static int
test(struct config *config, const char *url)
{
	struct drop_target drop;
	char errbuf[512];
	int *root_fds = NULL, status = 0;
	struct tls_means means = make_means();

	if (drop_resolve(config, &drop, errbuf, sizeof errbuf) < 0 ||
	    roots_open_priv(config, &root_fds, errbuf, sizeof errbuf) < 0 ||
	    credentials_check(config, &means, &drop, NULL, errbuf, sizeof errbuf) < 0) {
		(void)fprintf(stderr, "%s\n", errbuf);
		status = 1;
	} else {
		(void)fprintf(stderr, "%s: configuration is valid\n", config->source);
		if (url != NULL)
			status = explain_url(config, url, stdout);
	}
	roots_close(&root_fds, config->root_count);
	ticket_keys_close(&means.tickets);
	config_free(&config);
	return status;
}

static int
refuse_start(const char *reason)
{
	(void)fprintf(stderr, "musterd: %s\n", reason);
	return 1;
}

/* The line that a newcomer reads; the port is the real one even where 0 was asked for. */
static char *
make_ready_text(const struct command *command, const struct generation *generation)
{
	char *text = NULL;

	if (command->directory != NULL &&
	    asprintf(&text, "muster serves %s on http://%s/ (Ctrl-C ends it)",
	    generation->config->roots[0].path, generation->listeners[0].text) < 0)
		text = NULL;
	return text;
}

static int
serve(const struct command *command, struct config *config, char *config_path)
{
	static const bool no_lines[SCOREBOARD_SOCKET_MAX];
	static const struct child_programs programs = { {
		[INHERIT_WORKER] = worker_main, [INHERIT_KEEPER] = keeper_main,
		[INHERIT_LOGGER] = logger_main, [INHERIT_SIGNER] = signer_main } };
	struct tls_means means = make_means();
	struct master_options options = { .config_path = config_path, .tls = &means,
		.is_foreground = command->is_foreground || command->directory != NULL,
		.ready_fd = -1, .pid_fd = -1 };
	struct generation *generation;
	struct sigaction hangup;
	char errbuf[512], *pid_path = NULL, *ready_text = NULL;
	int status = 1;

	if (config->pid_file[0] != '\0') {
		pid_path = strdup(config->pid_file); /* outlives the configuration */
		options.pid_path = pid_path;
		options.pid_fd = pid_path == NULL ? -1 :
		    pidfile_open_priv(pid_path, errbuf, sizeof errbuf);
		if (options.pid_fd < 0) {
			config_free(&config);
			free(pid_path);
			return refuse_start(errbuf);
		}
	}
	generation = generation_open(config, NULL, NULL, no_lines, &means, errbuf, sizeof errbuf);
	if (generation == NULL) {
		pidfile_close(&options.pid_fd, options.pid_path);
		free(pid_path);
		return refuse_start(errbuf);
	}
	options.ignores_hangup = sigaction(SIGHUP, NULL, &hangup) == 0 &&
	    hangup.sa_handler == SIG_IGN;
	ready_text = make_ready_text(command, generation);
	options.ready_text = ready_text;
	if (!options.is_foreground)
		switch (daemon_detach(&options.ready_fd)) {
		case DAEMON_STARTED:
			_exit(0);
		case DAEMON_FAILED:
			_exit(1);
		case DAEMON_MASTER:
			break;
		}
	role_set(ROLE_MASTER);
	status = master_run(generation, &options, &programs);
	ticket_keys_close(&means.tickets);
	free(ready_text);
	free(pid_path);
	return status;
}

/* Descriptors 0 to 2 must be open, or a socket would land on one of them. */
static void
ensure_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* A daemon leaves its directory, and a reload must find the file again; links in the path
 * are left as they are, since the administrator may point them elsewhere. */
static char *
make_absolute(const char *path)
{
	char *here, *text = NULL;

	if (path[0] == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (here != NULL && asprintf(&text, "%s/%s", here, path) < 0)
		text = NULL;
	free(here);
	return text;
}

int
main(int argc, char **argv)
{
	struct command command;
	struct config *config;
	char *config_path = NULL;
	int status;

	ensure_standard_descriptors();
	title_init(argc, argv);
	parse_command(argc, argv, &command);
	tzset();                    /* before a chroot hides the zone's file */
	config = load(&command);
	if (config == NULL)
		return 1;
	if (command.only_dumps)
		return dump(config);
	if (command.only_tests)
		return test(config, command.url);
	if (command.directory == NULL) {
		config_path = make_absolute(command.config_path);
		if (config_path == NULL) {
			config_free(&config);
			return refuse_start(strerror(errno));
		}
	}
	status = serve(&command, config, config_path);
	free(config_path);
	return status;
}
