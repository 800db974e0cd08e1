/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker in the hands of an attacker may send to the signer: messages of any bytes, and any
 * content to be signed. No byte outside of them is read; what is sound is whole; what has a purpose
 * loses it with its last byte and with one more.
 * The input is content, and a message as well. */
#include <stdlib.h>
#include <string.h>

#include "server/base/sign_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own, so that a byte too far is seen. */
static enum sign_purpose
purpose_of(const uint8_t *data, size_t bytes, const char *more)
{
	size_t whole_bytes = bytes + strlen(more);
	uint8_t *copy = malloc(whole_bytes > 0 ? whole_bytes : 1);
	enum sign_purpose purpose;

	if (copy == NULL)
		abort();
	if (bytes > 0)
		memcpy(copy, data, bytes);
	memcpy(copy + bytes, more, strlen(more));
	purpose = sign_purpose_of(copy, whole_bytes);
	free(copy);
	return purpose;
}

static void
look_at_content(const uint8_t *data, size_t size)
{
	enum sign_purpose purpose = purpose_of(data, size, "");

	if (purpose == SIGN_NOTHING)
		return;
	if (purpose == SIGN_TLS13_SERVER && memcmp(data + 64, "TLS 1.3, server ", 16) != 0)
		abort();
	if (purpose == SIGN_TLS12_KEY_EXCHANGE && size < 64 + 4 + 32)
		abort();
	if (purpose_of(data, size - 1, "") == purpose || purpose_of(data, size, "x") == purpose)
		abort();
}

static void
look_at_message(const uint8_t *data, size_t size)
{
	static struct sign_request request;
	static struct sign_answer answer;
	struct sign_hello hello;

	memset(&request, 0, sizeof request);
	memset(&answer, 0, sizeof answer);
	memset(&hello, 0, sizeof hello);
	memcpy(&request, data, size < sizeof request ? size : sizeof request);
	memcpy(&answer, data, size < sizeof answer ? size : sizeof answer);
	memcpy(&hello, data, size < sizeof hello ? size : sizeof hello);
	if (sign_request_is_sound(&request, size) && sign_request_seal(&request) != size)
		abort();
	if (sign_answer_is_sound(&answer, size) && sign_answer_seal(&answer) != size)
		abort();
	if (sign_hello_is_sound(&hello, size) && sign_hello_seal(&hello) != size)
		abort();
	if (size > sizeof request && sign_request_is_sound(&request, size))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 2 * SIGN_CONTENT_MAX)
		return 0;
	look_at_content(data, size);
	if (size > 0)
		look_at_message(data, size);
	return 0;
}
