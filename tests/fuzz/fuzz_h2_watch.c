/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes behind the preface of HTTP/2: the verdict is the same however they are cut (the first byte
 * says how), and never about more than there is. */
#include <stdlib.h>
#include <string.h>

#include "workers/http2/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
begin(struct h2_watch *watch)
{
	const struct slice preface = H2_PREFACE;

	h2_watch_init(watch);
	if (h2_watch_input(watch, preface.data, preface.len).frame_count > 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h2_watch_verdict whole, part = { H2_NO_ERROR, 0, 0 };
	size_t frame_count = 0, good_bytes = 0, step, at, bytes;
	struct h2_watch watch;

	if (size == 0)
		return 0;
	step = (size_t)*data++ + 1;
	size--;
	begin(&watch);
	whole = h2_watch_input(&watch, (const char *)data, size);
	if (whole.good_bytes > size || (whole.error == H2_NO_ERROR && whole.good_bytes < size))
		abort();
	begin(&watch);
	for (at = 0; at < size && part.error == H2_NO_ERROR; at += step) {
		bytes = step < size - at ? step : size - at;
		part = h2_watch_input(&watch, (const char *)data + at, bytes);
		frame_count += part.frame_count;
		good_bytes += part.good_bytes;
	}
	/* The start of a frame may have been good before its end was seen. */
	if (part.error != whole.error || frame_count != whole.frame_count ||
	    good_bytes < whole.good_bytes ||
	    good_bytes - whole.good_bytes >= H2_WATCH_START_BYTES)
		abort();
	return 0;
}
