/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the signer for a signature, over a socket pair of this process's own, which it sends to
 * the signer with the first question. What is signed is OpenSSL's and tls_keys_sign.c's business.
 * Runs in workers, unprivileged; libc only. Rules: a question is one send and one receive; it has
 * an end, whatever the signer does; an answer is checked before it is believed, and after one that
 * is late or makes no sense the pair is given up, so that nothing of it meets the next question.
 * Shown by test_tls_keys.c. */
#include "workers/io/tls_keys_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/fdpass.h"
#include "server/base/sign_wire.h"
#include "server/base/signals.h"
#include "workers/io/tls_keys.h"

/* A signer that is replaced between two questions costs the first try. */
#define TRIES_MAX 2

/* Of this process; one question at a time. The buffers are not on the stack of a handshake. */
static struct {
	int shared_fd;              /* -1: there is no signer */
	int pair_fd;                /* -1: none, or the signer at its other end has gone */
	unsigned timeout_ms;
	uint32_t serial;            /* of the last question */
	struct sign_request request;
	struct sign_answer answer;
} signer = { .shared_fd = -1, .pair_fd = -1 };

enum outcome {
	ANSWERED,
	GONE,                       /* nobody is at the other end */
	LATE,
	SENSELESS,
	STOPPED,                    /* this worker was told to stop at once */
};

void
tls_keys_use_signer(int sign_fd, unsigned timeout_ms)
{
	fdio_close(&signer.pair_fd);
	signer.shared_fd = sign_fd;
	signer.timeout_ms = timeout_ms > 0 ? timeout_ms : 1;
}

/* The shared socket is full when many said hello while there was no signer. */
static enum outcome
wait_writable(int fd, int64_t deadline_ms)
{
	struct pollfd waiting = { fd, POLLOUT, 0 };
	int64_t left_ms = deadline_ms - clock_mono_ms();

	if (signals_is_set(SIGNAL_STOP))
		return STOPPED;
	if (left_ms <= 0)
		return LATE;
	if (poll(&waiting, 1, left_ms > 60000 ? 60000 : (int)left_ms) < 0 && errno != EINTR)
		return GONE;
	return ANSWERED;
}

static enum outcome
send_hello(int end_fd, int64_t deadline_ms)
{
	struct sign_hello hello;
	struct iovec part = { &hello, sign_hello_seal(&hello) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union fdpass_room room;

	fdpass_attach(&message, &room, &end_fd, 1);
	while (sendmsg(signer.shared_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		enum outcome wait;

		if (errno != EAGAIN)
			return GONE;
		wait = wait_writable(signer.shared_fd, deadline_ms);
		if (wait != ANSWERED)
			return wait;
	}
	return ANSWERED;
}

static enum outcome
open_pair(int64_t deadline_ms)
{
	struct timeval limit = { signer.timeout_ms / 1000,
		(suseconds_t)(signer.timeout_ms % 1000) * 1000 };
	int ends[2];
	enum outcome outcome;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return GONE;
	if (setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
		outcome = GONE;
	else
		outcome = send_hello(ends[1], deadline_ms);
	fdio_close(&ends[1]);       /* once the signer's has gone, ours says so */
	if (outcome == ANSWERED)
		signer.pair_fd = ends[0];
	else
		fdio_close(&ends[0]);
	return outcome;
}

/* Whatever comes is the answer: nothing else is ever under way on the pair. An interrupted wait
 * begins anew, so all of it may last twice the limit. */
static enum outcome
receive_answer(int64_t deadline_ms)
{
	for (;;) {
		ssize_t n = recv(signer.pair_fd, &signer.answer, sizeof signer.answer, 0);

		if (n > 0)
			return sign_answer_is_sound(&signer.answer, (size_t)n) &&
			    signer.answer.serial == signer.serial ? ANSWERED : SENSELESS;
		if (n == 0)
			return GONE;
		if (errno == EAGAIN)
			return LATE;
		if (errno != EINTR)
			return GONE;
		if (signals_is_set(SIGNAL_STOP))
			return STOPPED;
		if (clock_mono_ms() >= deadline_ms)
			return LATE;
	}
}

static enum outcome
exchange(size_t request_bytes, int64_t deadline_ms)
{
	enum outcome outcome = ANSWERED;

	if (signer.pair_fd < 0)
		outcome = open_pair(deadline_ms);
	if (outcome != ANSWERED)
		return outcome;
	/* One question fits in an empty socket. */
	if (send(signer.pair_fd, &signer.request, request_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		outcome = GONE;
	else
		outcome = receive_answer(deadline_ms);
	if (outcome != ANSWERED)
		fdio_close(&signer.pair_fd);
	return outcome;
}

static const char *
reason(enum outcome outcome)
{
	switch (outcome) {
	case LATE:
		return "signer: no answer in time";
	case SENSELESS:
		return "signer: its answer makes no sense";
	case STOPPED:
		return "signer: not waited for, this process has to stop";
	default:
		return "signer: it cannot be reached";
	}
}

const char *
tls_keys_ask(const struct tls_keys_question *question, uint8_t *signature, size_t cap,
    size_t *bytes_out)
{
	int64_t deadline_ms = clock_mono_ms() + signer.timeout_ms;
	enum outcome outcome = GONE;
	size_t request_bytes;

	if (signer.shared_fd < 0)
		return "signer: there is none";
	if (question->content_bytes > SIGN_CONTENT_MAX)
		return "signer: more to sign than it takes";
	signer.request.key_index = question->key_index;
	signer.request.scheme = question->scheme;
	signer.request.content_bytes = (uint16_t)question->content_bytes;
	signer.request.serial = ++signer.serial;
	memcpy(signer.request.content, question->content, question->content_bytes);
	request_bytes = sign_request_seal(&signer.request);
	for (int i = 0; i < TRIES_MAX && outcome == GONE; i++)
		outcome = exchange(request_bytes, deadline_ms);
	if (outcome != ANSWERED)
		return reason(outcome);
	if (signer.answer.signature_bytes == 0)
		return "signer: refused";
	if (signer.answer.signature_bytes > cap)
		return "signer: its signature is longer than the key allows";
	memcpy(signature, signer.answer.signature, signer.answer.signature_bytes);
	*bytes_out = signer.answer.signature_bytes;
	return NULL;
}
