/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main() for a fuzz driver without a fuzzer: runs it once for each file that is named. It
 * fails when a file cannot be read or when there is none, for then nothing was tested; a
 * driver that finds something aborts.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input lies in memory of exactly its size, so that reading on is noticed. */
static int
run_stream(FILE *file)
{
	static char input[INPUT_BYTES_MAX];
	size_t len = fread(input, 1, sizeof (input), file);
	uint8_t *exact;

	if (ferror(file))
		return -1;
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		return -1;
	memcpy(exact, input, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

int
main(int argc, char **argv)
{
	int status = argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (file == NULL || run_stream(file) < 0) {
			fprintf(stderr, "replay: %s: %s\n", argv[i], strerror(errno));
			status = EXIT_FAILURE;
		}
		if (file != NULL)
			fclose(file);
	}
	return status;
}
