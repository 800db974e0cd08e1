/* SPDX-License-Identifier: BSD-2-Clause */
/* The first bytes of a TLS connection, one more at a time. Once there are enough, more of them are
 * not too few; and nobody can have us wait for more than a ClientHello takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workers/io/tls_first.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 16640

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool was_enough = false;

	for (size_t bytes = 0; bytes <= size; bytes++) {
		char *in = malloc(bytes + 1);   /* of its own: what is behind it is nobody's */
		bool is_enough;

		if (in == NULL)
			abort();
		memcpy(in, data, bytes);
		is_enough = tls_first_is_enough(in, bytes);
		free(in);
		if ((was_enough && !is_enough) || (bytes == 0 && is_enough) ||
		    (bytes >= BYTES_MAX && !is_enough))
			abort();
		was_enough = is_enough;
	}
	return 0;
}
