# SPDX-License-Identifier: BSD-2-Clause
# MUSTER_WORKER makes every header of server/priv and server/master an error: what a worker must
# not call, it cannot even see.

noinst_LIBRARIES += libworkers.a
libworkers_a_CPPFLAGS = $(AM_CPPFLAGS) -DMUSTER_WORKER
libworkers_a_SOURCES = \
	workers/worker.c workers/worker.h \
	workers/mem/arena.c workers/mem/arena.h \
	workers/mem/slice.h \
	workers/http/accept.c workers/http/accept.h \
	workers/http/authorization.c workers/http/authorization.h \
	workers/http/base64.c workers/http/base64.h \
	workers/http/bytes.c workers/http/bytes.h \
	workers/http/chunked.c workers/http/chunked.h \
	workers/http/conditional.c workers/http/conditional.h \
	workers/http/date.c workers/http/date.h \
	workers/http/fields.c \
	workers/http/forwarded.c workers/http/forwarded.h \
	workers/http/framing.c \
	workers/http/headers.c workers/http/headers.h \
	workers/http/parse.c workers/http/parse.h \
	workers/http/parse_steps.h \
	workers/http/proxy_protocol.c workers/http/proxy_protocol.h \
	workers/http/range.c workers/http/range.h \
	workers/http/request_line.c \
	workers/http/response.c workers/http/response.h \
	workers/http/target.c \
	workers/http/uri.c workers/http/uri.h \
	workers/io/heartbeat.c workers/io/heartbeat.h \
	workers/io/plain.c \
	workers/io/stream.h \
	workers/handler/answer.c workers/handler/answer.h \
	workers/handler/multipart.c workers/handler/multipart.h \
	workers/handler/resolve.c workers/handler/resolve.h \
	workers/handler/route.c workers/handler/route.h \
	workers/handler/static.c workers/handler/static.h \
	workers/handler/text.c workers/handler/text.h \
	workers/conn/access_log.c workers/conn/access_log.h \
	workers/conn/body.c workers/conn/body.h \
	workers/conn/conn.c workers/conn/conn.h \
	workers/conn/log_render.c workers/conn/log_render.h \
	workers/conn/log_writer.c workers/conn/log_writer.h \
	workers/conn/send_h1.c workers/conn/send_h1.h \
	workers/conn/serve_h1.c workers/conn/serve_h1.h
