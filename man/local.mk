# SPDX-License-Identifier: BSD-2-Clause

EXTRA_DIST += man/muster-migrate.7 man/musterd.8 man/musterd.conf.5
nodist_man_MANS = installed/man/muster-migrate.7 installed/man/musterd.8 \
	installed/man/musterd.conf.5

installed/man/muster-migrate.7: man/muster-migrate.7 Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/man/muster-migrate.7 >$@

installed/man/musterd.8: man/musterd.8 Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/man/musterd.8 >$@

installed/man/musterd.conf.5: man/musterd.conf.5 Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/man/musterd.conf.5 >$@
