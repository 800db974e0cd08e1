# SPDX-License-Identifier: BSD-2-Clause
# The library that reads the configuration; the files an administrator edits; the welcome site.

noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = \
	config/address.c config/address.h \
	config/alias.c config/alias.h \
	config/build.c config/build.h \
	config/certificates.c config/certificates.h \
	config/config.c config/config.h \
	config/directives.c config/directives.h \
	config/dump.c \
	config/duplicates.c config/duplicates.h \
	config/element.c config/element.h \
	config/error_pages.c config/error_pages.h \
	config/errors.c config/errors.h \
	config/features.c config/features.h \
	config/file.c config/file.h \
	config/folder.c config/folder.h \
	config/headers.c config/headers.h \
	config/keep.c config/keep.h \
	config/list.c config/list.h \
	config/load.c config/load.h \
	config/location.c config/location.h \
	config/log_format.c config/log_format.h \
	config/matcher.c config/matcher.h \
	config/mime.c config/mime.h \
	config/network.c config/network.h \
	config/path.c config/path.h \
	config/pattern.c config/pattern.h \
	config/rules.c config/rules.h \
	config/scan.c config/scan.h \
	config/schema.c config/schema.h \
	config/scope.c config/scope.h \
	config/settings.c config/settings.h \
	config/source.c config/source.h \
	config/statuses.c config/statuses.h \
	config/suggest.c config/suggest.h \
	config/syntax.c config/syntax.h \
	config/template.c config/template.h \
	config/tls_profile.c config/tls_profile.h \
	config/tree.c config/tree.h \
	config/units.c config/units.h \
	config/unknown.c config/unknown.h \
	config/usage.c config/usage.h \
	config/validate.c config/validate.h \
	config/value.c config/value.h

EXTRA_DIST += config/musterd.conf.sample config/musterd.init config/musterd.service \
	config/logrotate

installed/musterd.conf.sample: config/musterd.conf.sample Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/config/musterd.conf.sample >$@

installed/init.d/musterd: config/musterd.init Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/config/musterd.init >$@ && chmod +x $@

installed/system/musterd.service: config/musterd.service Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/config/musterd.service >$@

installed/logrotate.d/muster: config/logrotate Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/config/logrotate >$@

nodist_doc_DATA = installed/musterd.conf.sample

# A configuration for each common job.
examplesdir = $(docdir)/examples
dist_examples_DATA = \
	config/examples/https-site.conf \
	config/examples/old-apache-site.conf \
	config/examples/several-hosts.conf \
	config/examples/single-page-application.conf \
	config/examples/static-site.conf

initddir = $(sysconfdir)/init.d
nodist_initd_SCRIPTS = installed/init.d/musterd

systemdsystemunitdir = $(prefix)/lib/systemd/system
nodist_systemdsystemunit_DATA = installed/system/musterd.service

logrotatedir = $(sysconfdir)/logrotate.d
nodist_logrotate_DATA = installed/logrotate.d/muster

# The configuration belongs to the administrator: never written over, and removed only when
# nobody changed it.
musterd_conf = $(DESTDIR)$(sysconfdir)/muster/musterd.conf

install-data-local: installed/musterd.conf.sample
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/muster' '$(DESTDIR)$(localstatedir)/log/muster'
	test -e '$(musterd_conf)' || \
		$(INSTALL_DATA) installed/musterd.conf.sample '$(musterd_conf)'

uninstall-local: installed/musterd.conf.sample
	if cmp -s installed/musterd.conf.sample '$(musterd_conf)'; then rm -f '$(musterd_conf)'; fi
	-for dir in '$(sysconfdir)/muster' '$(localstatedir)/log/muster' '$(datadir)/muster'; do \
		rmdir "$(DESTDIR)$$dir" 2>/dev/null || :; \
	done

# The welcome site: three files of ours, and the manual pages where mandoc can render them.
EXTRA_DIST += config/welcome/index.html config/welcome/icon.svg config/welcome/style.css
welcomedir = $(datadir)/muster/welcome
nodist_welcome_DATA = welcome/index.html welcome/icon.svg welcome/style.css

welcome/icon.svg: config/welcome/icon.svg
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/config/welcome/icon.svg $@

welcome/style.css: config/welcome/style.css
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/config/welcome/style.css $@

if HAVE_MANDOC
nodist_welcome_DATA += welcome/muster-migrate.7.html welcome/musterd.8.html \
	welcome/musterd.conf.5.html

welcome/index.html: config/welcome/index.html Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(put_paths) $(srcdir)/config/welcome/index.html >$@

# Run where the pages lie, so that mandoc finds which of the pages named in them are ours. Each
# page gets a way back to the site.
render_manual = $(MKDIR_P) $(@D) && \
	(cd installed/man && $(MANDOC) -T html -I os=muster \
		-O 'style=style.css,man=%N.%S.html;https://manpages.debian.org/%N.%S' \
		$(@F:.html=)) >$@.tmp && \
	$(SED) -e 's|^</head>$$|<link rel="icon" href="icon.svg"/>&|' \
	-e 's|^<body>$$|&<nav><a href="./">muster</a> <a href="musterd.8.html">musterd(8)</a> \
	<a href="musterd.conf.5.html">musterd.conf(5)</a> \
	<a href="muster-migrate.7.html">muster-migrate(7)</a></nav>|' $@.tmp >$@ && rm -f $@.tmp

welcome/muster-migrate.7.html: $(nodist_man_MANS)
	$(AM_V_GEN)$(render_manual)

welcome/musterd.8.html: $(nodist_man_MANS)
	$(AM_V_GEN)$(render_manual)

welcome/musterd.conf.5.html: $(nodist_man_MANS)
	$(AM_V_GEN)$(render_manual)
else
# No links to pages that are not there.
welcome/index.html: config/welcome/index.html Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(put_paths) -e '/<!-- manual -->/,/<!-- end of manual -->/d' \
			$(srcdir)/config/welcome/index.html >$@
endif
