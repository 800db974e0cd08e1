/* SPDX-License-Identifier: BSD-2-Clause */
/* config/log_format.c on any string: a compiled format is one line of known steps, and a
 * refused one is explained. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/log_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char errbuf[200] = "", *text = strndup((const char *)data, bytes);
	struct log_format *format = log_format_compile(text, errbuf, sizeof errbuf);

	if (format == NULL && (errbuf[0] == '\0' || strlen(errbuf) >= sizeof errbuf))
		abort();
	for (size_t i = 0; format != NULL && i < format->step_count; i++) {
		const struct log_step *step = &format->steps[i];
		bool needs_text = step->kind == LOG_STEP_TEXT || step->kind == LOG_STEP_FIELD;

		if ((unsigned)step->kind > LOG_STEP_FIELD || (step->text != NULL) != needs_text)
			abort();
		if (needs_text && (step->text[0] == '\0' || strchr(step->text, '\n') != NULL))
			abort();
	}
	if (format != NULL && (format->step_count == 0) != format->is_json)
		abort();
	log_format_free(&format);
	free(text);
	return 0;
}
