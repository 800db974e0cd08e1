# SPDX-License-Identifier: BSD-2-Clause
# MUSTER_WORKER makes every header of server/priv and server/master an error: what a worker must
# not call, it cannot even see.

noinst_LIBRARIES += libworkers.a
libworkers_a_CPPFLAGS = $(AM_CPPFLAGS) -DMUSTER_WORKER
libworkers_a_SOURCES = \
	workers/mem/arena.c workers/mem/arena.h \
	workers/mem/slice.h \
	workers/http/bytes.c workers/http/bytes.h \
	workers/http/chunked.c workers/http/chunked.h \
	workers/http/conditional.c workers/http/conditional.h \
	workers/http/date.c workers/http/date.h \
	workers/http/fields.c \
	workers/http/framing.c \
	workers/http/headers.c workers/http/headers.h \
	workers/http/parse.c workers/http/parse.h \
	workers/http/parse_steps.h \
	workers/http/range.c workers/http/range.h \
	workers/http/request_line.c \
	workers/http/response.c workers/http/response.h \
	workers/http/target.c \
	workers/http/uri.c workers/http/uri.h
