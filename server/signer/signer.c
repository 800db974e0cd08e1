/* SPDX-License-Identifier: BSD-2-Clause */
/* The signer's loop: a worker asks, the signer looks what it is asked to sign, and signs. Leaves
 * keys to keyring.c, who may ask to pairs.c, the form of what is signed to server/base/sign_wire.c.
 * Unprivileged, without network, files and tracers. Rules: it never waits for a worker; a turn
 * serves each worker that asks once, so that a flood of one costs the others one signature's time
 * each; it answers what a handshake needs and nothing else. Shown by test_signer.c and
 * tests/integration/70-tls. */
#include "server/signer/signer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "server/base/clock.h"
#include "server/base/fdio.h"
#include "server/base/logpass.h"
#include "server/base/scoreboard.h"
#include "server/base/sign_wire.h"
#include "server/base/signals.h"
#include "server/signer/harden.h"
#include "server/signer/keyring.h"
#include "server/signer/pairs.h"
#include "server/signer/rate.h"

#define EVENT_COUNT 64
#define HELLOS_PER_TURN 16
#define LOG_FETCH_MS 100            /* handshakes wait as long */
#define LOG_RETRY_MS 5000

struct signer {
	const struct inheritance *own;
	struct scoreboard_header *header;
	struct scoreboard_slot *slot;
	struct keyring *keyring;
	struct pairs pairs;
	struct rate rate;
	sigset_t wait_mask;
	int epoll_fd;
	uint32_t log_generation;
	int64_t log_retry_mono_ms;
	int64_t leave_mono_ms;      /* the master has died: no later than this; 0: it has not */
	struct sign_request request;
	struct sign_answer answer;
};

/* One request of a worker, if it has one. */
static void
serve_pair(struct signer *signer, int fd)
{
	struct sign_request *request = &signer->request;
	struct sign_answer *answer = &signer->answer;
	ssize_t n = pairs_receive(fd, request, sizeof *request);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || !sign_request_is_sound(request, (size_t)n)) {
		signer->rate.refused_count += n > 0;
		pairs_drop(&signer->pairs, fd);
		return;
	}
	answer->serial = request->serial;
	answer->signature_bytes = (uint32_t)keyring_sign(signer->keyring, request,
	    answer->signature);
	if (answer->signature_bytes > 0)
		signer->rate.signed_count++;
	else
		signer->rate.refused_count++;
	/* Who does not take answers asks for no more of them. */
	if (send(fd, answer, sign_answer_seal(answer), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		pairs_drop(&signer->pairs, fd);
}

static void
meet_workers(struct signer *signer)
{
	int count, result;

	for (count = 0; count < HELLOS_PER_TURN; count++) {
		result = pairs_take(&signer->pairs, signer->own->sign_fd,
		    (pid_t)signer->own->master_pid);
		if (result < 0)
			return;
		if (result == 0)
			signer->rate.refused_count++;
	}
}

/* Pairs first: the number of one that is closed here is not another's before all of them had their
 * turn. */
static void
take_turn(struct signer *signer, const struct epoll_event *events, int count)
{
	int asked_fd = signer->own->sign_fd, i;

	for (i = 0; i < count; i++)
		if (events[i].data.fd != asked_fd)
			serve_pair(signer, events[i].data.fd);
	for (i = 0; i < count; i++) {
		if (events[i].data.fd != asked_fd)
			continue;
		meet_workers(signer);
		if ((events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
			log_warn("signer: no more workers can be met: the socket was shut down");
			(void)epoll_ctl(signer->epoll_fd, EPOLL_CTL_DEL, asked_fd, NULL);
		}
	}
}

static bool
is_behind(const struct signer *signer)
{
	return atomic_load_explicit(&signer->header->log_generation, memory_order_acquire) !=
	    signer->log_generation;
}

static void
follow_logs(struct signer *signer, int64_t now_ms)
{
	struct log_sink error_log = log_get_sink();

	(void)signals_take(SIGNAL_REOPEN); /* it has ended the wait: the header says the rest */
	if (!is_behind(signer) || now_ms < signer->log_retry_mono_ms)
		return;
	if (logpass_fetch(signer->own->log_request_fd, signer->own->log_answer_fd,
	    atomic_load_explicit(&signer->header->log_generation, memory_order_acquire),
	    LOG_FETCH_MS, &signer->log_generation, &error_log, NULL) < 0)
		signer->log_retry_mono_ms = now_ms + LOG_RETRY_MS;
	else
		log_set_sink(error_log);
}

static void
tell_rate(struct signer *signer, int64_t now_ms, bool is_last)
{
	char text[128];
	bool is_odd;

	if (rate_tell(&signer->rate, now_ms, is_last, text, sizeof text, &is_odd))
		log_write(is_odd ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "%s", text);
}

static int
sooner(int a_ms, int b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static int
wait_ms(const struct signer *signer, int64_t now_ms)
{
	int wait = rate_wait_ms(&signer->rate, now_ms);

	if (is_behind(signer))
		wait = sooner(wait, LOG_RETRY_MS);
	if (signer->leave_mono_ms > 0)
		wait = sooner(wait, signer->leave_mono_ms > now_ms ?
		    (int)(signer->leave_mono_ms - now_ms) : 0);
	return wait;
}

/* The master tells it when its workers have gone. When the master itself has died, all are told at
 * once: who still has a handshake before him has a pair, or is about to get one. */
static bool
has_to_leave(struct signer *signer, int64_t now_ms)
{
	if (signals_is_set(SIGNAL_STOP))
		return true;
	if (!signals_is_set(SIGNAL_DRAIN))
		return false;
	if (getppid() == (pid_t)signer->own->master_pid)
		return true;
	if (signer->leave_mono_ms == 0)
		signer->leave_mono_ms = now_ms +
		    signer->own->config->limits.drain_timeout_ms;
	return signer->pairs.count == 0 || now_ms >= signer->leave_mono_ms;
}

static void __attribute__((noreturn))
fail(const char *text)
{
	log_error("signer: %s", text);
	_exit(1);
}

static void
open_epoll(struct signer *signer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
		.data.fd = signer->own->sign_fd };
	size_t cap = 2 * (size_t)signer->own->config->pool.max_worker_count;

	signer->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (signer->epoll_fd < 0 ||
	    epoll_ctl(signer->epoll_fd, EPOLL_CTL_ADD, signer->own->sign_fd, &event) < 0 ||
	    pairs_init(&signer->pairs, cap, signer->epoll_fd) < 0)
		fail(strerror(errno));
}

/* The files are read once and then out of reach. What the master has for the next signer is
 * memory, too. */
static void
read_keys(struct signer *signer)
{
	const struct inheritance *own = signer->own;
	char errbuf[512];
	int error = 0;
	size_t i;

	signer->keyring = keyring_open(own->config, own->keys, own->key_count, errbuf,
	    sizeof errbuf);
	if (signer->keyring == NULL)
		fail(errbuf);
	for (i = 0; i < own->key_count; i++) {
		if (harden_file(own->keys[i].fd) < 0)
			error = errno;
		(void)close(own->keys[i].fd);
	}
	if (error != 0)
		log_warn("signer: cannot lock the copies of key files, they may get into swap "
		    "space: %s", strerror(error));
}

static void
init(struct signer *signer, const struct inheritance *own)
{
	char errbuf[256];

	signer->own = own;
	signer->header = scoreboard_header(own->scoreboard);
	signer->slot = scoreboard_slot(own->scoreboard, own->slot_index);
	signer->log_generation = own->log_generation;
	if (harden_memory(errbuf, sizeof errbuf) < 0 && !keyring_lock_heap(own->key_count))
		log_warn("signer: %s", errbuf);
	open_epoll(signer);
	read_keys(signer);
	signals_install_waiter(&signer->wait_mask);
	log_set_stderr_copy(false);
	inherit_leave_terminal(own);
	tzset();                    /* the log would look for the zone's file, which ends it */
	if (harden_calls(errbuf, sizeof errbuf) < 0)
		fail(errbuf);
}

void
signer_main(const struct inheritance *own)
{
	static struct signer signer;
	struct epoll_event events[EVENT_COUNT];
	int64_t now_ms;

	init(&signer, own);
	slot_set_phase(signer.slot, SLOT_HOLDING, clock_mono_ms());
	inherit_wake_master(own);
	for (now_ms = clock_mono_ms(); !has_to_leave(&signer, now_ms);
	    now_ms = clock_mono_ms()) {
		follow_logs(&signer, now_ms);
		tell_rate(&signer, now_ms, false);
		take_turn(&signer, events, epoll_pwait(signer.epoll_fd, events, EVENT_COUNT,
		    wait_ms(&signer, now_ms), &signer.wait_mask));
	}
	tell_rate(&signer, now_ms, true);
	keyring_close(&signer.keyring);
	slot_set_phase(signer.slot, SLOT_LEAVING, clock_mono_ms());
	_exit(0);
}
