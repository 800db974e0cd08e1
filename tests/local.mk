# SPDX-License-Identifier: BSD-2-Clause
# Unit tests are programs, everything else is a script. A new unit test is one line here; a new
# fuzz driver one line and its _LDADD; integration tests are found by pytest.
# Check gives a test 4 s, meant for one that hangs and not for a busy machine: the multiplier.

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	MUSTERD='$(abs_builddir)/musterd'; export MUSTERD; \
	PYTHON='$(PYTHON)'; export PYTHON; \
	CK_TIMEOUT_MULTIPLIER=15; export CK_TIMEOUT_MULTIPLIER; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; \
	FUZZ_DRIVERS='$(fuzz_drivers)'; export FUZZ_DRIVERS; \
	SCHEMA_DUMP='$(abs_builddir)/tests/lint/schema_dump'; export SCHEMA_DUMP; \
	MUSTER_MANUALS='$(abs_builddir)/installed/man'; export MUSTER_MANUALS;

# Directories: what a test author adds there is in the tarball too.
EXTRA_DIST += $(unit_headers) $(lints) tests/lint/files.sh tests/integration tests/lib \
	tests/bench tests/fuzz/corpus tests/fuzz/replay.sh

dist-hook:
	find '$(distdir)' \( -name __pycache__ -o -name .pytest_cache -o -name .deps \
		-o -name .dirstamp \) -prune -exec rm -rf {} +
	rm -f '$(distdir)/tests/bench/scoreboard_bench' '$(distdir)/tests/bench/'*.o
	find '$(distdir)' \( -name '*.log' -o -name '*.trs' \) -exec rm -f {} +

lints = \
	tests/lint/directives.sh \
	tests/lint/layers.sh \
	tests/lint/lists.sh \
	tests/lint/manual.sh \
	tests/lint/spdx.sh \
	tests/lint/style.sh \
	tests/lint/words.sh

unit_tests = \
	tests/unit/config/test_address \
	tests/unit/config/test_build \
	tests/unit/config/test_certificates \
	tests/unit/config/test_dump \
	tests/unit/config/test_features \
	tests/unit/config/test_keep \
	tests/unit/config/test_lists \
	tests/unit/config/test_load \
	tests/unit/config/test_location \
	tests/unit/config/test_log_format \
	tests/unit/config/test_matcher \
	tests/unit/config/test_mime \
	tests/unit/config/test_network \
	tests/unit/config/test_path \
	tests/unit/config/test_pattern \
	tests/unit/config/test_rules \
	tests/unit/config/test_scan \
	tests/unit/config/test_schema \
	tests/unit/config/test_sections \
	tests/unit/config/test_settings \
	tests/unit/config/test_source \
	tests/unit/config/test_statuses \
	tests/unit/config/test_suggest \
	tests/unit/config/test_syntax \
	tests/unit/config/test_template \
	tests/unit/config/test_tls_profile \
	tests/unit/config/test_units \
	tests/unit/config/test_validate \
	tests/unit/server/base/test_clients \
	tests/unit/server/base/test_clients_notes \
	tests/unit/server/base/test_fdio \
	tests/unit/server/base/test_fdpass \
	tests/unit/server/base/test_inherit \
	tests/unit/server/base/test_log \
	tests/unit/server/base/test_logpass \
	tests/unit/server/base/test_logring \
	tests/unit/server/base/test_nonces \
	tests/unit/server/base/test_role \
	tests/unit/server/base/test_scoreboard \
	tests/unit/server/base/test_sign_wire \
	tests/unit/server/base/test_signals \
	tests/unit/server/base/test_sip_hash \
	tests/unit/server/base/test_ticket_keys \
	tests/unit/server/base/test_unforked \
	tests/unit/server/logger/test_collector \
	tests/unit/server/logger/test_merge \
	tests/unit/server/logger/test_sink \
	tests/unit/server/master/test_backoff \
	tests/unit/server/master/test_census \
	tests/unit/server/master/test_child_table \
	tests/unit/server/master/test_crash \
	tests/unit/server/master/test_credentials \
	tests/unit/server/master/test_pool \
	tests/unit/server/master/test_tickets \
	tests/unit/server/master/test_watch \
	tests/unit/server/priv/test_drop \
	tests/unit/server/priv/test_keyfiles \
	tests/unit/server/priv/test_limits \
	tests/unit/server/priv/test_listen \
	tests/unit/server/priv/test_logfile \
	tests/unit/server/priv/test_pidfile \
	tests/unit/server/priv/test_roots \
	tests/unit/server/priv/test_seclude \
	tests/unit/server/signer/test_keyring \
	tests/unit/server/signer/test_rate \
	tests/unit/server/signer/test_scheme \
	tests/unit/server/signer/test_signer \
	tests/unit/workers/conn/test_access_log \
	tests/unit/workers/conn/test_crowd \
	tests/unit/workers/conn/test_log_render \
	tests/unit/workers/conn/test_pace \
	tests/unit/workers/conn/test_parcel \
	tests/unit/workers/conn/test_send_h1 \
	tests/unit/workers/conn/test_unsent \
	tests/unit/workers/handler/test_access \
	tests/unit/workers/handler/test_answer \
	tests/unit/workers/handler/test_answer_cache \
	tests/unit/workers/handler/test_answer_key \
	tests/unit/workers/handler/test_auth \
	tests/unit/workers/handler/test_codec \
	tests/unit/workers/handler/test_compress \
	tests/unit/workers/handler/test_content \
	tests/unit/workers/handler/test_cors \
	tests/unit/workers/handler/test_escape \
	tests/unit/workers/handler/test_expand \
	tests/unit/workers/handler/test_explain \
	tests/unit/workers/handler/test_fields_added \
	tests/unit/workers/handler/test_found \
	tests/unit/workers/handler/test_hints \
	tests/unit/workers/handler/test_limits \
	tests/unit/workers/handler/test_listing \
	tests/unit/workers/handler/test_listing_html \
	tests/unit/workers/handler/test_listing_json \
	tests/unit/workers/handler/test_listing_sort \
	tests/unit/workers/handler/test_match \
	tests/unit/workers/handler/test_media_type \
	tests/unit/workers/handler/test_multipart \
	tests/unit/workers/handler/test_real_ip \
	tests/unit/workers/handler/test_resolve \
	tests/unit/workers/handler/test_route \
	tests/unit/workers/handler/test_rules \
	tests/unit/workers/handler/test_secret \
	tests/unit/workers/handler/test_ssi \
	tests/unit/workers/handler/test_ssi_expr \
	tests/unit/workers/handler/test_ssi_format \
	tests/unit/workers/handler/test_ssi_parse \
	tests/unit/workers/handler/test_ssi_scope \
	tests/unit/workers/handler/test_static \
	tests/unit/workers/handler/test_text \
	tests/unit/workers/handler/test_try_files \
	tests/unit/workers/handler/test_user_dir \
	tests/unit/workers/handler/test_user_file \
	tests/unit/workers/handler/test_users \
	tests/unit/workers/handler/test_variants \
	tests/unit/workers/http/test_accept \
	tests/unit/workers/http/test_authorization \
	tests/unit/workers/http/test_base64 \
	tests/unit/workers/http/test_bytes \
	tests/unit/workers/http/test_chunked \
	tests/unit/workers/http/test_conditional \
	tests/unit/workers/http/test_date \
	tests/unit/workers/http/test_fields \
	tests/unit/workers/http/test_forwarded \
	tests/unit/workers/http/test_framing \
	tests/unit/workers/http/test_headers \
	tests/unit/workers/http/test_parse \
	tests/unit/workers/http/test_proxy_protocol \
	tests/unit/workers/http/test_range \
	tests/unit/workers/http/test_request_line \
	tests/unit/workers/http/test_response \
	tests/unit/workers/http/test_target \
	tests/unit/workers/http/test_uri \
	tests/unit/workers/http2/test_budget \
	tests/unit/workers/http2/test_floods \
	tests/unit/workers/http2/test_memory \
	tests/unit/workers/http2/test_request \
	tests/unit/workers/http2/test_session \
	tests/unit/workers/http2/test_watch \
	tests/unit/workers/io/test_stream \
	tests/unit/workers/io/test_tls_first \
	tests/unit/workers/io/test_tls_keys \
	tests/unit/workers/io/test_tls_memory \
	tests/unit/workers/io/test_tls_site \
	tests/unit/workers/io/test_tls_site_staple \
	tests/unit/workers/io/test_tls_stream \
	tests/unit/workers/keeper/test_holds \
	tests/unit/workers/keeper/test_partial \
	tests/unit/workers/keeper/test_pending \
	tests/unit/workers/mem/test_arena \
	tests/unit/workers/mem/test_heap \
	tests/unit/workers/mem/test_pages \
	tests/unit/workers/mem/test_slice

# What several tests share.
unit_headers = \
	tests/unit/server/signer/keys.h \
	tests/unit/workers/handler/decode.h \
	tests/unit/workers/handler/file_exchange.h \
	tests/unit/workers/handler/login_exchange.h \
	tests/unit/workers/handler/page_content.h \
	tests/unit/workers/http/asserts.h \
	tests/unit/workers/http/feed.h \
	tests/unit/workers/http2/frames.h \
	tests/unit/workers/io/fake_signer.h \
	tests/unit/workers/io/tls_pairs.h

fuzz_drivers = \
	tests/fuzz/fuzz_accept \
	tests/fuzz/fuzz_authorization \
	tests/fuzz/fuzz_chunked \
	tests/fuzz/fuzz_conditional \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_date \
	tests/fuzz/fuzz_forwarded \
	tests/fuzz/fuzz_h2_request \
	tests/fuzz/fuzz_h2_session \
	tests/fuzz/fuzz_h2_watch \
	tests/fuzz/fuzz_log_format \
	tests/fuzz/fuzz_log_render \
	tests/fuzz/fuzz_mime \
	tests/fuzz/fuzz_parcel \
	tests/fuzz/fuzz_parse \
	tests/fuzz/fuzz_proxy_protocol \
	tests/fuzz/fuzz_query \
	tests/fuzz/fuzz_range \
	tests/fuzz/fuzz_rules \
	tests/fuzz/fuzz_sign_wire \
	tests/fuzz/fuzz_ssi \
	tests/fuzz/fuzz_ssi_expr \
	tests/fuzz/fuzz_tls_first \
	tests/fuzz/fuzz_unsent \
	tests/fuzz/fuzz_uri \
	tests/fuzz/fuzz_users

# Automake takes <name>.c for the source of each test. The order of the libraries is that of the
# layers, the privileged ones first.
all_libraries = libmaster.a libworkers.a liblogger.a libsigner.a libpriv.a libconfig.a libbase.a
LDADD = $(all_libraries) $(CHECK_LIBS) $(library_libs)

tests_lint_schema_dump_LDADD = libconfig.a $(library_libs)
tests_unit_workers_handler_test_codec_LDADD = $(LDADD) $(BROTLIDEC_LIBS)
tests_unit_workers_handler_test_compress_LDADD = $(LDADD) $(BROTLIDEC_LIBS)

# With --enable-fuzzers the driver's main() is libFuzzer's, else ours, which only replays files.
libreplay_a_SOURCES = tests/fuzz/replay.c
if FUZZERS
fuzz_libs = $(FUZZ_LDFLAGS) $(all_libraries) $(library_libs)
else
fuzz_libs = libreplay.a $(all_libraries) $(library_libs)
endif
tests_fuzz_fuzz_accept_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_authorization_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_chunked_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_conditional_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_config_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_date_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_forwarded_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_h2_request_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_h2_session_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_h2_watch_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_log_format_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_log_render_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_mime_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_parcel_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_parse_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_proxy_protocol_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_query_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_range_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_rules_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_sign_wire_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_ssi_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_ssi_expr_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_tls_first_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_unsent_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_uri_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_users_LDADD = $(fuzz_libs)

if HAVE_CHECK
check_LIBRARIES += libreplay.a
check_PROGRAMS += $(unit_tests) $(fuzz_drivers) tests/lint/schema_dump
TESTS += $(lints) $(unit_tests) tests/fuzz/replay.sh tests/integration/run.sh
else
check-local:
	@echo 'make check needs the unit test library Check (Debian: apt-get install check):' >&2
	@echo 'install it and run configure again.' >&2
	@exit 1
endif

.PHONY: lint fuzz soak bench

# cppcheck loses sight of a pointer that is copied with memcpy; leaks are the sanitizer's. Over the
# border of a file it takes what a function fills in for something that it reads.
lint: tests/lint/schema_dump $(man_MANS) $(nodist_man_MANS)
	@failed=; $(AM_TESTS_ENVIRONMENT) \
	for lint in $(lints); do \
		$(SHELL) $(srcdir)/$$lint; status=$$?; \
		test $$status -eq 0 || test $$status -eq 77 || failed="$$failed $$lint"; \
	done; \
	if command -v shellcheck >/dev/null; then \
		shellcheck -x -P SCRIPTDIR -S warning $(srcdir)/bootstrap \
			$(srcdir)/config/musterd.init $(srcdir)/tests/*/*.sh || \
			failed="$$failed shellcheck"; \
	fi; \
	if command -v cppcheck >/dev/null; then \
		cppcheck --quiet --enable=warning,portability --inline-suppr --error-exitcode=1 \
			--suppress=memleak --suppress=ctuuninitvar \
			-D_GNU_SOURCE -I$(srcdir) \
			$(srcdir)/server $(srcdir)/workers $(srcdir)/config || \
			failed="$$failed cppcheck"; \
	fi; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

# Each driver for so many seconds, in folders of the build; what it finds is kept there too.
FUZZ_SECONDS = 60

if FUZZERS
fuzz: $(fuzz_drivers)
	@for driver in $(fuzz_drivers); do \
		name=$${driver##*/fuzz_}; \
		$(MKDIR_P) fuzz-work/$$name; \
		echo "fuzz_$$name: $(FUZZ_SECONDS) s"; \
		./$$driver -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=fuzz-work/$$name- fuzz-work/$$name \
			$(srcdir)/tests/fuzz/corpus/$$name >fuzz-work/$$name.log 2>&1 || \
			{ tail -n 40 fuzz-work/$$name.log; exit 1; }; \
		tail -n 1 fuzz-work/$$name.log; \
	done
else
fuzz:
	@echo 'make fuzz needs libFuzzer: configure with CC=clang --enable-fuzzers' >&2
	@exit 1
endif

# Clients that must not notice that processes are killed and the configuration is reloaded, for so
# many seconds; tells now and then how far it is. SOAK_SEED=NUMBER makes it another storm.
SOAK_SECONDS = 600

soak: musterd
	$(AM_TESTS_ENVIRONMENT) SOAK_SECONDS='$(SOAK_SECONDS)'; export SOAK_SECONDS; \
		$(SHELL) $(srcdir)/tests/integration/run.sh -s -k test_handover

# Built by "make bench" only.
EXTRA_PROGRAMS = tests/bench/scoreboard_bench
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_scoreboard_bench_LDADD = libbase.a $(library_libs)

# BENCH_ARGS="--help" shows what can be chosen.
BENCH_ARGS =

bench: musterd tests/bench/scoreboard_bench
	PYTHONDONTWRITEBYTECODE=1 MUSTERD='$(abs_builddir)/musterd' \
		SCOREBOARD_BENCH='$(abs_builddir)/tests/bench/scoreboard_bench' \
		$(if $(PYTHON),$(PYTHON),python3) $(srcdir)/tests/bench/bench.py $(BENCH_ARGS)
