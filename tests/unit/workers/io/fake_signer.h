/* SPDX-License-Identifier: BSD-2-Clause */
/* For unit tests: a signer in a child process, which has the private keys that the test made and
 * takes requests as the real one does, or answers them wrongly. It dies with the test's process,
 * since it ends when that one's end of the shared socket is gone. */
#ifndef MUSTER_TESTS_FAKE_SIGNER_H
#define MUSTER_TESTS_FAKE_SIGNER_H

#include <check.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/sign_wire.h"

enum fake_manner {
	FAKE_HONEST,
	FAKE_REFUSES,
	FAKE_SILENT,                /* takes requests and never answers */
	FAKE_GARBLES,               /* a signature that does not verify */
	FAKE_TOO_LONG,              /* one that is longer than any of the key */
	FAKE_OTHER_SERIAL,
	FAKE_NO_MAGIC,
	FAKE_SHORT,                 /* fewer bytes than a head */
	FAKE_ENDS_AFTER_ONE,        /* gives up the pair after each answer */
	FAKE_ENDS_BEFORE,           /* gives up the pair instead of an answer */
};

#define FAKE_KEYS_MAX 8

static struct {
	int ends[2];                /* the worker's, the signer's: both stay open here */
	pid_t pid;
	EVP_PKEY *keys[FAKE_KEYS_MAX];
} fake_signer = { .ends = { -1, -1 } };

static const struct fake_scheme {
	uint16_t scheme;
	const char *digest;
	bool is_pss;
} fake_schemes[] = {
	{ 0x0201, "SHA1", false }, { 0x0401, "SHA256", false }, { 0x0501, "SHA384", false },
	{ 0x0601, "SHA512", false }, { 0x0301, "SHA224", false }, { 0x0303, "SHA224", false },
	{ 0x0203, "SHA1", false }, { 0x0403, "SHA256", false }, { 0x0503, "SHA384", false },
	{ 0x0603, "SHA512", false }, { 0x0804, "SHA256", true }, { 0x0805, "SHA384", true },
	{ 0x0806, "SHA512", true }, { 0x0807, NULL, false },
	{ SIGN_SCHEME_MD5_SHA1, "MD5-SHA1", false },
};

/* Bytes of the signature; 0: it cannot be made. */
static inline size_t
fake_sign(const struct sign_request *request, uint8_t *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context;
	size_t bytes = SIGN_SIGNATURE_MAX;
	const struct fake_scheme *scheme = fake_schemes;

	while (scheme->scheme != request->scheme)
		scheme++;
	if (sign_purpose_of(request->content, request->content_bytes) == SIGN_NOTHING ||
	    request->key_index >= FAKE_KEYS_MAX || EVP_DigestSignInit_ex(context, &key_context,
	    scheme->digest, NULL, "provider=default", fake_signer.keys[request->key_index],
	    NULL) != 1)
		bytes = 0;
	if (bytes > 0 && scheme->is_pss &&
	    (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) <= 0))
		bytes = 0;
	if (bytes > 0 && EVP_DigestSign(context, out, &bytes, request->content,
	    request->content_bytes) != 1)
		bytes = 0;
	EVP_MD_CTX_free(context);
	return bytes;
}

/* False: the pair is to be closed. */
static inline bool
fake_answer(int fd, enum fake_manner manner)
{
	static struct sign_request request;
	static struct sign_answer answer;
	ssize_t n = recv(fd, &request, sizeof request, 0);
	size_t bytes;

	if (n <= 0 || manner == FAKE_ENDS_BEFORE)
		return false;
	if (!sign_request_is_sound(&request, (size_t)n))
		_exit(1);
	answer.serial = request.serial + (manner == FAKE_OTHER_SERIAL);
	answer.signature_bytes = (uint32_t)fake_sign(&request, answer.signature);
	if (manner == FAKE_REFUSES)
		answer.signature_bytes = 0;
	if (manner == FAKE_TOO_LONG)
		answer.signature_bytes = SIGN_SIGNATURE_MAX;
	if (manner == FAKE_GARBLES)
		answer.signature[answer.signature_bytes / 2] ^= 1;
	bytes = sign_answer_seal(&answer);
	if (manner == FAKE_NO_MAGIC)
		answer.magic++;
	if (manner == FAKE_SHORT)
		bytes = 5;
	if (manner != FAKE_SILENT)
		(void)!send(fd, &answer, bytes, MSG_NOSIGNAL);
	return manner != FAKE_ENDS_AFTER_ONE;
}

/* The descriptor that came with a hello, or -1. */
static inline int
fake_take_hello(int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct sign_hello hello;
	struct iovec part = { &hello, sizeof hello };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int pair_fd = -1;

	if (n <= 0)
		_exit(0);
	if (!sign_hello_is_sound(&hello, (size_t)n) || CMSG_FIRSTHDR(&message) == NULL)
		_exit(1);
	memcpy(&pair_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof pair_fd);
	return pair_fd;
}

static inline void
fake_serve(enum fake_manner manner)
{
	struct pollfd fds[2] = { { fake_signer.ends[1], POLLIN, 0 }, { -1, POLLIN, 0 } };

	close(fake_signer.ends[0]);
	while (poll(fds, 2, -1) > 0) {
		if (fds[1].fd >= 0 && fds[1].revents != 0 && !fake_answer(fds[1].fd, manner)) {
			close(fds[1].fd);
			fds[1].fd = -1;
		}
		if (fds[0].revents != 0) {
			if (fds[1].fd >= 0)
				close(fds[1].fd);
			fds[1].fd = fake_take_hello(fds[0].fd);
		}
	}
	_exit(1);
}

static inline void
fake_signer_start(enum fake_manner manner)
{
	if (fake_signer.ends[0] < 0)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		    fake_signer.ends), 0);
	fake_signer.pid = fork();
	ck_assert_int_ge(fake_signer.pid, 0);
	if (fake_signer.pid == 0)
		fake_serve(manner);
}

/* The child alone: hellos and the next one's socket stay. */
static inline void
fake_signer_stop(void)
{
	if (fake_signer.pid <= 0)
		return;
	ck_assert_int_eq(kill(fake_signer.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(fake_signer.pid, NULL, 0), fake_signer.pid);
	fake_signer.pid = 0;
}

static inline void
fake_signer_end(void)
{
	fake_signer_stop();
	for (int i = 0; i < 2; i++) {
		if (fake_signer.ends[i] >= 0)
			close(fake_signer.ends[i]);
		fake_signer.ends[i] = -1;
	}
}

#endif
