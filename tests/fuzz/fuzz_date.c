/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates. Whatever is taken for one must come back the same when it is written and read. */
#include <stdlib.h>

#include "workers/http/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t clocks_s[] = { INT64_MIN, -1, 0, 1732176000, 4102444800, INT64_MAX };

	for (size_t i = 0; i < sizeof (clocks_s) / sizeof (clocks_s[0]); i++) {
		char text[HTTP_DATE_BYTES + 1];
		int64_t time_s, again_s;

		if (!http_date_parse(slice_make((const char *)data, size), clocks_s[i], &time_s))
			continue;
		http_date_format(time_s, text);
		if (strlen(text) != HTTP_DATE_BYTES ||
		    !http_date_parse(slice_from_text(text), clocks_s[i], &again_s) ||
		    again_s != time_s)
			abort();
	}
	return 0;
}
