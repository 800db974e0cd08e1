/* SPDX-License-Identifier: BSD-2-Clause */
/* Passes reopened logs to workers, keepers and the logger. Rules: the master's half reads nothing
 * but bytes to count, takes no descriptor, and never blocks, whatever a worker does to its ends;
 * the access log goes to the logger and to nobody else. Shown by test_logpass.c and
 * tests/integration/50-signals. */
#include "server/base/logpass.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/fdpass.h"

#define ANSWERS_PER_CALL 512u   /* then the master looks after other things */
#define PENDING_MAX_COUNT 200000u /* more than there can be workers */
#define REQUEST_OF_WORKER 'w'
#define REQUEST_OF_LOGGER 'l'

struct answer {
	uint32_t log_generation;
	uint32_t error_kind, access_kind; /* enum log_sink_kind */
};

void
logpass_close(struct logpass *pass)
{
	fdio_close(&pass->request_read_fd);
	fdio_close(&pass->worker_request_fd);
	fdio_close(&pass->answer_fd);
	fdio_close(&pass->worker_answer_fd);
	fdio_close(&pass->logger_send_fd);
	fdio_close(&pass->logger_answer_fd);
}

/* Nothing that a child sends here is even queued. */
static int
open_answers(int *master_fd, int *child_fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	*master_fd = pair[0];
	*child_fd = pair[1];
	(void)shutdown(pair[0], SHUT_RD);
	return 0;
}

int
logpass_open(struct logpass *pass)
{
	int pair[2];

	*pass = (struct logpass)LOGPASS_CLOSED;
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	pass->request_read_fd = pair[0];
	pass->worker_request_fd = pair[1];
	if (open_answers(&pass->answer_fd, &pass->worker_answer_fd) < 0 ||
	    open_answers(&pass->logger_send_fd, &pass->logger_answer_fd) < 0) {
		logpass_close(pass);
		return -1;
	}
	return 0;
}

static int
send_fds(int fd, const void *data, size_t bytes, const int *fds, size_t fd_count, int flags)
{
	struct iovec iov = { (void *)(uintptr_t)data, bytes };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fdpass_room room;

	if (fd_count > 0)
		fdpass_attach(&message, &room, fds, fd_count);
	return sendmsg(fd, &message, flags | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Bytes received, or -1; all descriptors that came along are in fds_out. */
static ssize_t
receive_fds(int fd, void *out, size_t cap, int fds_out[FDPASS_MAX], size_t *fd_count_out)
{
	struct iovec iov = { out, cap };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fdpass_room room;
	ssize_t n;

	fdpass_expect(&message, &room);
	n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	*fd_count_out = n < 0 ? 0 : fdpass_take(&message, fds_out);
	return n;
}

static void
close_all(int *fds, size_t count)
{
	while (count > 0)
		fdio_close(&fds[--count]);
}

/* Only our own answers can be there, with our own descriptors. Returns how many there were. */
static unsigned
take_back(int child_fd)
{
	int fds[FDPASS_MAX];
	struct answer answer;
	unsigned taken_count = 0;
	size_t count;

	while (receive_fds(child_fd, &answer, sizeof answer, fds, &count) > 0) {
		close_all(fds, count);
		taken_count++;
	}
	return taken_count;
}

void
logpass_restart(struct logpass *pass)
{
	/* Who waits for one of them waits for one of the next. */
	pass->pending_count += take_back(pass->worker_answer_fd);
	if (take_back(pass->logger_answer_fd) > 0)
		pass->logger_is_pending = true;
}

int
logpass_poll_fd(const struct logpass *pass)
{
	return pass->pending_count > 0 || pass->logger_is_pending ? pass->answer_fd : -1;
}

static void
count_requests(struct logpass *pass)
{
	char bytes[4096];
	ssize_t n = read(pass->request_read_fd, bytes, sizeof bytes); /* our own end: O_NONBLOCK */

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == REQUEST_OF_LOGGER)
			pass->logger_is_pending = true;
		else if (pass->pending_count < PENDING_MAX_COUNT)
			pass->pending_count++;
	}
}

/* One that waits to be read is enough: a worker may have asked in the logger's name. */
static void
answer_logger(struct logpass *pass, const struct answer *answer, const int *fds, size_t fd_count)
{
	struct pollfd waiting = { pass->logger_answer_fd, POLLIN, 0 };

	if (pass->logger_is_pending && poll(&waiting, 1, 0) == 0)
		(void)send_fds(pass->logger_send_fd, answer, sizeof *answer, fds, fd_count,
		    MSG_DONTWAIT);
	pass->logger_is_pending = false;
}

void
logpass_serve(struct logpass *pass, uint32_t log_generation, const struct log_sink *error_log,
    const struct log_sink *access_log)
{
	struct answer answer = { log_generation, error_log->kind, LOG_SINK_NONE };
	struct answer to_logger = { log_generation, error_log->kind, access_log->kind };
	int sent[2];
	size_t error_count = 0, both_count;
	unsigned left_count = ANSWERS_PER_CALL;

	count_requests(pass);
	if (error_log->kind != LOG_SINK_NONE)
		sent[error_count++] = error_log->fd;
	both_count = error_count;
	if (access_log->kind != LOG_SINK_NONE)
		sent[both_count++] = access_log->fd;
	answer_logger(pass, &to_logger, sent, both_count);
	for (; pass->pending_count > 0 && left_count > 0; pass->pending_count--, left_count--) {
		if (send_fds(pass->answer_fd, &answer, sizeof answer, sent, error_count,
		    MSG_DONTWAIT) == 0)
			continue;
		/* A full queue is tried again when some were taken. But a worker can also have
		 * shut the socket down, and to wait for that to change would be a busy loop. */
		if (errno != EAGAIN)
			pass->pending_count = 0;
		return;
	}
}

static void
replace_sink(struct log_sink *sink, uint32_t kind, int **next)
{
	int fd = kind == LOG_SINK_NONE ? -1 : *(*next)++;

	if (sink->fd > STDERR_FILENO)
		fdio_close(&sink->fd);
	sink->kind = (enum log_sink_kind)kind;
	sink->fd = fd;
}

/* With poll(2) each answer would wake every worker that waits, thousands maybe, so that
 * most would give up before their turn; so it wakes one. */
static int
wait_in_turn(int answer_fd, int timeout_ms)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = epoll_create1(EPOLL_CLOEXEC), result = -1;

	if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, answer_fd, &event) == 0)
		result = epoll_wait(fd, &event, 1, timeout_ms) < 0 && errno != EINTR ? -1 : 0;
	fdio_close(&fd);
	return result;
}

/* An answer that is whole and new enough; others are dropped. 0, or -1 and errno. */
static int
await_answer(int answer_fd, uint32_t wanted_generation, int64_t deadline_ms,
    struct answer *answer, int fds[FDPASS_MAX])
{
	for (;;) {
		int64_t left_ms = deadline_ms - clock_mono_ms();
		size_t count = 0, wanted;
		ssize_t n = receive_fds(answer_fd, answer, sizeof *answer, fds, &count);

		if (n == (ssize_t)sizeof *answer) {
			wanted = (answer->error_kind != LOG_SINK_NONE) +
			    (size_t)(answer->access_kind != LOG_SINK_NONE);
			if (count == wanted &&
			    (int32_t)(answer->log_generation - wanted_generation) >= 0)
				return 0;
			close_all(fds, count);
			continue;
		}
		if (n >= 0) {
			close_all(fds, count);
			errno = EPROTO; /* also the end: the master has gone */
			return -1;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (left_ms <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (wait_in_turn(answer_fd, (int)left_ms) < 0)
			return -1;
	}
}

int
logpass_fetch(int request_fd, int answer_fd, uint32_t wanted_generation, int timeout_ms,
    uint32_t *log_generation_out, struct log_sink *error_log, struct log_sink *access_log)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;
	int fds[FDPASS_MAX], *next = fds;
	struct answer answer;
	bool is_logger = access_log != NULL && access_log->kind != LOG_SINK_NONE;
	const char request = is_logger ? REQUEST_OF_LOGGER : REQUEST_OF_WORKER;

	/* A full pipe holds more requests than there are workers: some are answered soon. */
	if (write(request_fd, &request, 1) < 0 && errno != EAGAIN)
		return -1;
	if (await_answer(answer_fd, wanted_generation, deadline_ms, &answer, fds) < 0)
		return -1;
	replace_sink(error_log, answer.error_kind, &next);
	if (is_logger)
		replace_sink(access_log, answer.access_kind, &next);
	*log_generation_out = answer.log_generation;
	return 0;
}
