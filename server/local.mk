# SPDX-License-Identifier: BSD-2-Clause
# One library a layer, so that the linker shows who needs whom.

noinst_LIBRARIES += libbase.a libpriv.a

libbase_a_SOURCES = \
	server/base/clock.c server/base/clock.h \
	server/base/fdio.c server/base/fdio.h \
	server/base/inherit.c server/base/inherit.h \
	server/base/log.c server/base/log.h \
	server/base/logpass.c server/base/logpass.h \
	server/base/role.c server/base/role.h \
	server/base/scoreboard.c server/base/scoreboard.h \
	server/base/signals.c server/base/signals.h \
	server/base/title.c server/base/title.h

libpriv_a_SOURCES = \
	server/priv/drop.c server/priv/drop.h \
	server/priv/guard.h \
	server/priv/listen.c server/priv/listen.h \
	server/priv/logfile.c server/priv/logfile.h \
	server/priv/pidfile.c server/priv/pidfile.h \
	server/priv/roots.c server/priv/roots.h
