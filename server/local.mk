# SPDX-License-Identifier: BSD-2-Clause
# One library a layer, so that the linker shows who needs whom.

sbin_PROGRAMS += musterd
musterd_SOURCES = server/main.c
musterd_LDADD = libmaster.a libworkers.a liblogger.a libsigner.a libpriv.a libconfig.a libbase.a \
	$(library_libs)

noinst_LIBRARIES += libbase.a libpriv.a libmaster.a liblogger.a libsigner.a

libbase_a_SOURCES = \
	server/base/clients.c server/base/clients.h \
	server/base/clients_notes.c \
	server/base/clients_table.h \
	server/base/clock.c server/base/clock.h \
	server/base/fdio.c server/base/fdio.h \
	server/base/fdpass.c server/base/fdpass.h \
	server/base/inherit.c server/base/inherit.h \
	server/base/log.c server/base/log.h \
	server/base/logpass.c server/base/logpass.h \
	server/base/logring.c server/base/logring.h \
	server/base/nonces.c server/base/nonces.h \
	server/base/own_page.h \
	server/base/role.c server/base/role.h \
	server/base/scoreboard.c server/base/scoreboard.h \
	server/base/sign_wire.c server/base/sign_wire.h \
	server/base/signals.c server/base/signals.h \
	server/base/sip_hash.c server/base/sip_hash.h \
	server/base/ticket_keys.c server/base/ticket_keys.h \
	server/base/title.c server/base/title.h \
	server/base/unforked.c server/base/unforked.h

libpriv_a_SOURCES = \
	server/priv/drop.c server/priv/drop.h \
	server/priv/guard.h \
	server/priv/keyfiles.c server/priv/keyfiles.h \
	server/priv/limits.c server/priv/limits.h \
	server/priv/listen.c server/priv/listen.h \
	server/priv/logfile.c server/priv/logfile.h \
	server/priv/pidfile.c server/priv/pidfile.h \
	server/priv/roots.c server/priv/roots.h \
	server/priv/seclude.c server/priv/seclude.h

libmaster_a_SOURCES = \
	server/master/aides.c \
	server/master/backoff.c server/master/backoff.h \
	server/master/census.c \
	server/master/child.c server/master/child.h \
	server/master/child_table.c \
	server/master/crash.c server/master/crash.h \
	server/master/credentials.c server/master/credentials.h \
	server/master/crew.c \
	server/master/daemon.c server/master/daemon.h \
	server/master/generation.c server/master/generation.h \
	server/master/master.c server/master/master.h \
	server/master/mend.c \
	server/master/pool.c server/master/pool.h \
	server/master/reload.c server/master/reload.h \
	server/master/remember.c \
	server/master/renewals.c \
	server/master/signers.c \
	server/master/state.h \
	server/master/switch.c \
	server/master/tend.c \
	server/master/tickets.c \
	server/master/watch.c server/master/watch.h

liblogger_a_SOURCES = \
	server/logger/collector.c server/logger/collector.h \
	server/logger/logger.c server/logger/logger.h \
	server/logger/merge.c server/logger/merge.h \
	server/logger/sink.c server/logger/sink.h

libsigner_a_SOURCES = \
	server/signer/harden.c server/signer/harden.h \
	server/signer/keyring.c server/signer/keyring.h \
	server/signer/pairs.c server/signer/pairs.h \
	server/signer/rate.c server/signer/rate.h \
	server/signer/scheme.c server/signer/scheme.h \
	server/signer/signer.c server/signer/signer.h
