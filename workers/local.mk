# SPDX-License-Identifier: BSD-2-Clause
# MUSTER_WORKER makes every header of server/priv and server/master an error: what a worker must
# not call, it cannot even see.

noinst_LIBRARIES += libworkers.a
libworkers_a_CPPFLAGS = $(AM_CPPFLAGS) -DMUSTER_WORKER
libworkers_a_SOURCES = \
	workers/keeper.c workers/keeper.h \
	workers/worker.c workers/worker.h \
	workers/mem/arena.c workers/mem/arena.h \
	workers/mem/heap.c workers/mem/heap.h \
	workers/mem/pages.c workers/mem/pages.h \
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
	workers/http2/budget.c workers/http2/budget.h \
	workers/http2/memory.c workers/http2/memory.h \
	workers/http2/request.c workers/http2/request.h \
	workers/http2/session.c workers/http2/session.h \
	workers/http2/session_in.c \
	workers/http2/session_none.c \
	workers/http2/session_out.c \
	workers/http2/session_parts.h \
	workers/http2/watch.c workers/http2/watch.h \
	workers/io/heartbeat.c workers/io/heartbeat.h \
	workers/io/plain.c workers/io/plain.h \
	workers/io/stream.c workers/io/stream.h \
	workers/io/tls.c workers/io/tls.h \
	workers/io/tls_data.c \
	workers/io/tls_first.c workers/io/tls_first.h \
	workers/io/tls_hello.c workers/io/tls_hello.h \
	workers/io/tls_kernel.c workers/io/tls_kernel.h \
	workers/io/tls_keys.c workers/io/tls_keys.h \
	workers/io/tls_keys_ask.c workers/io/tls_keys_ask.h \
	workers/io/tls_keys_manage.c \
	workers/io/tls_keys_parts.h \
	workers/io/tls_keys_sign.c \
	workers/io/tls_memory.c workers/io/tls_memory.h \
	workers/io/tls_pipe.c workers/io/tls_pipe.h \
	workers/io/tls_site.c workers/io/tls_site.h \
	workers/io/tls_site_chain.c \
	workers/io/tls_site_client.c \
	workers/io/tls_site_context.c \
	workers/io/tls_site_look.c \
	workers/io/tls_site_parts.h \
	workers/io/tls_site_staple.c \
	workers/io/tls_site_tickets.c \
	workers/io/tls_site_warm.c \
	workers/handler/access.c workers/handler/access.h \
	workers/handler/answer.c workers/handler/answer.h \
	workers/handler/answer_cache.c workers/handler/answer_cache.h \
	workers/handler/answer_key.c workers/handler/answer_key.h \
	workers/handler/answer_renewal.c workers/handler/answer_renewal.h \
	workers/handler/auth.c workers/handler/auth.h \
	workers/handler/auth_basic.c workers/handler/auth_basic.h \
	workers/handler/auth_digest.c workers/handler/auth_digest.h \
	workers/handler/codec.c workers/handler/codec.h \
	workers/handler/codec_brotli.c \
	workers/handler/codec_gzip.c \
	workers/handler/codec_zstd.c \
	workers/handler/compress.c workers/handler/compress.h \
	workers/handler/compressor.c workers/handler/compressor.h \
	workers/handler/content.c workers/handler/content.h \
	workers/handler/cors.c workers/handler/cors.h \
	workers/handler/directory.c workers/handler/directory.h \
	workers/handler/error_page.c workers/handler/error_page.h \
	workers/handler/escape.c workers/handler/escape.h \
	workers/handler/expand.c workers/handler/expand.h \
	workers/handler/explain.c workers/handler/explain.h \
	workers/handler/explain_parts.h \
	workers/handler/explain_route.c \
	workers/handler/fields.c workers/handler/fields.h \
	workers/handler/found.c workers/handler/found.h \
	workers/handler/hints.c workers/handler/hints.h \
	workers/handler/limits.c workers/handler/limits.h \
	workers/handler/listing.c workers/handler/listing.h \
	workers/handler/listing_html.c \
	workers/handler/listing_json.c \
	workers/handler/listing_parts.h \
	workers/handler/listing_read.c \
	workers/handler/listing_sort.c \
	workers/handler/match.c workers/handler/match.h \
	workers/handler/media_type.c workers/handler/media_type.h \
	workers/handler/multipart.c workers/handler/multipart.h \
	workers/handler/proofs.c workers/handler/proofs.h \
	workers/handler/real_ip.c workers/handler/real_ip.h \
	workers/handler/reroute.c workers/handler/reroute.h \
	workers/handler/resolve.c workers/handler/resolve.h \
	workers/handler/route.c workers/handler/route.h \
	workers/handler/rules.c workers/handler/rules.h \
	workers/handler/secret.c workers/handler/secret.h \
	workers/handler/site.c workers/handler/site.h \
	workers/handler/ssi.c workers/handler/ssi.h \
	workers/handler/ssi_branch.c \
	workers/handler/ssi_element.c \
	workers/handler/ssi_expr.c workers/handler/ssi_expr.h \
	workers/handler/ssi_format.c workers/handler/ssi_format.h \
	workers/handler/ssi_include.c \
	workers/handler/ssi_own.c \
	workers/handler/ssi_page.h \
	workers/handler/ssi_parse.c workers/handler/ssi_parse.h \
	workers/handler/ssi_pattern.c workers/handler/ssi_pattern.h \
	workers/handler/ssi_scope.c workers/handler/ssi_scope.h \
	workers/handler/ssi_words.c workers/handler/ssi_words.h \
	workers/handler/static.c workers/handler/static.h \
	workers/handler/text.c workers/handler/text.h \
	workers/handler/try_files.c workers/handler/try_files.h \
	workers/handler/user_dir.c workers/handler/user_dir.h \
	workers/handler/user_file.c workers/handler/user_file.h \
	workers/handler/users.c workers/handler/users.h \
	workers/handler/variants.c workers/handler/variants.h \
	workers/conn/access_log.c workers/conn/access_log.h \
	workers/conn/body.c workers/conn/body.h \
	workers/conn/conn.c workers/conn/conn.h \
	workers/conn/crowd.c workers/conn/crowd.h \
	workers/conn/h2_answer.c \
	workers/conn/h2_content.c \
	workers/conn/h2_limits.c workers/conn/h2_limits.h \
	workers/conn/h2_list.c \
	workers/conn/h2_parts.h \
	workers/conn/h2_streams.c \
	workers/conn/handle.c workers/conn/handle.h \
	workers/conn/idle.c workers/conn/idle.h \
	workers/conn/log_clock.c workers/conn/log_clock.h \
	workers/conn/log_render.c workers/conn/log_render.h \
	workers/conn/log_writer.c workers/conn/log_writer.h \
	workers/conn/pace.c workers/conn/pace.h \
	workers/conn/parcel.c workers/conn/parcel.h \
	workers/conn/preface.c workers/conn/preface.h \
	workers/conn/ready.c workers/conn/ready.h \
	workers/conn/secure.c workers/conn/secure.h \
	workers/conn/send_h1.c workers/conn/send_h1.h \
	workers/conn/send_ready.c workers/conn/send_ready.h \
	workers/conn/serve_h1.c workers/conn/serve_h1.h \
	workers/conn/serve_h2.c workers/conn/serve_h2.h \
	workers/conn/stall.c workers/conn/stall.h \
	workers/conn/turn.c workers/conn/turn.h \
	workers/conn/unsent.c workers/conn/unsent.h \
	workers/conn/wait_h1.c workers/conn/wait_h1.h \
	workers/keeper/finish.c \
	workers/keeper/give.c \
	workers/keeper/greet.c \
	workers/keeper/holds.c workers/keeper/holds.h \
	workers/keeper/keep.c workers/keeper/keep.h \
	workers/keeper/partial.c workers/keeper/partial.h \
	workers/keeper/pending.c workers/keeper/pending.h \
	workers/keeper/quick.c workers/keeper/quick.h \
	workers/keeper/serve.c \
	workers/keeper/stalled.c
