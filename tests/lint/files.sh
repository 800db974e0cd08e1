# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Sourced by the other lints: where the tree is, and which files in it somebody wrote.
# In a checkout git tells; in an unpacked tarball the names tell, since a build in the source tree
# leaves its products among them.

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 2

written_name='\.([ch578]|sh|py|mk|ac|am|html|css|svg|init|service|sample|conf|gitignore)$'
written_name=$written_name'|(^|/)(README|COPYING|bootstrap|run|logrotate|\.gitignore)$'

# Every file that a person wrote, one a line, relative to $top. The fuzz corpus is data, not text.
written_files() {
	(
		cd "$top" || exit 2
		if [ -e .git ] && git ls-files >/dev/null 2>&1; then
			git ls-files --cached --others --exclude-standard
		else
			find server workers config tests man configure.ac Makefile.am README \
				COPYING bootstrap .ci .gitignore -type f 2>/dev/null |
				grep -E "$written_name"
		fi
	) | while IFS= read -r file; do
		case $file in
		tests/fuzz/corpus/*) ;;
		*) [ ! -f "$top/$file" ] || printf '%s\n' "$file" ;;
		esac
	done | sort
}

# written_files_named PATTERN...: those whose path matches one of the shell patterns.
written_files_named() {
	written_files | while IFS= read -r file; do
		for pattern in "$@"; do
			# shellcheck disable=SC2254
			case $file in $pattern) printf '%s\n' "$file" && break ;; esac
		done
	done
}
