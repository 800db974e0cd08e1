/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of a ClientHello has come: lengths, and nothing else. Leaves all that it says to OpenSSL
 * (tls.c). Workers and keepers, unprivileged; pure. Rule: it is enough
 * as soon as OpenSSL can say something to it, and not before. Shown by test_tls_first.c. */
#include "workers/io/tls_first.h"

#define HANDSHAKE 22                /* type of a record */
#define CLIENT_HELLO 1              /* type of a message */
#define RECORD_HEAD_BYTES 5
#define MESSAGE_HEAD_BYTES 4
#define RECORD_BYTES_MAX 16384
#define MESSAGE_BYTES_MAX 16384     /* of those that are waited for whole; usual are 500 to 2000 */
#define BYTES_MAX 16640             /* of all that is waited for */
#define RECORDS_MAX 8               /* it may be cut in several; usual is one */

struct message {
	unsigned char head[MESSAGE_HEAD_BYTES];
	size_t bytes;               /* of it, as far as whole records have come */
};

/* Its methods begin with a capital letter, records of TLS never do. */
static bool
is_http(unsigned char first)
{
	return first >= 'A' && first <= 'Z';
}

static void
take(struct message *message, const unsigned char *data, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes && message->bytes + at < MESSAGE_HEAD_BYTES; at++)
		message->head[message->bytes + at] = data[at];
	message->bytes += bytes;
}

static bool
is_enough(const struct message *message)
{
	const unsigned char *head = message->head;
	size_t whole_bytes;

	if (message->bytes < MESSAGE_HEAD_BYTES)
		return false;
	if (head[0] != CLIENT_HELLO)
		return true;
	whole_bytes = MESSAGE_HEAD_BYTES + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
	return message->bytes >= whole_bytes || whole_bytes > MESSAGE_BYTES_MAX;
}

bool
tls_first_is_enough(const char *in, size_t bytes)
{
	const unsigned char *at = (const unsigned char *)in, *end = at + bytes;
	struct message message = { .bytes = 0 };
	unsigned count;

	if (bytes >= BYTES_MAX || (bytes > 0 && is_http(at[0])))
		return true;
	for (count = 0; end - at >= RECORD_HEAD_BYTES && count < RECORDS_MAX; count++) {
		size_t record_bytes = (size_t)at[3] << 8 | at[4];

		if (at[0] != HANDSHAKE || record_bytes > RECORD_BYTES_MAX)
			return true;
		at += RECORD_HEAD_BYTES;
		if ((size_t)(end - at) < record_bytes)
			return false;       /* OpenSSL takes no parts of records */
		take(&message, at, record_bytes);
		if (is_enough(&message))
			return true;
		at += record_bytes;
	}
	return count == RECORDS_MAX;
}
