#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The table of directives (config/schema.c) against musterd.conf(5), both ways: each directive is
# in both, in the same scope, with the same default, range and effect of a reload.
# SCHEMA_DUMP names the program that prints the table, MUSTER_MANUALS the folder of the manual;
# "make check" sets both.

set -u
set -- "${SCHEMA_DUMP:?}" "${MUSTER_MANUALS:?}/musterd.conf.5"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

# documented MANUAL: the directives of the manual in the form of schema_dump. It relies on the
# headings ".Ss The pool section" and on items that begin ".It Ic name = " and hold the lines
# "Default: ...", "Range: ..." (if there is one) and "On reload: ...".
documented() {
	awk '
		function finish() {
			if (name == "global.include")
				print name
			else if (name != "")
				print name "\t" preset "\t" range "\t" reload
			name = ""
		}
		function value(line) {
			sub(/^[^:]*: /, "", line)
			sub(/\.$/, "", line)
			return line
		}
		/^\.S[hs] / { finish(); scope = "" }
		/^\.Ss Global directives$/ { scope = "global" }
		/^\.Ss Inherited directives$/ { scope = "inherited" }
		/^\.Ss Forgetting what is inherited$/ { finish(); scope = "host" }
		/^\.Ss The [a-z_]* section$/ {
			scope = $3
			print (scope == "location" ? "host." : "global.") scope
		}
		/^\.It Ic / && scope != "" {
			finish()
			name = scope "." $3
			preset = "?"
			range = "-"
			reload = "?"
		}
		/^\.El/ { finish() }
		/^Default: .*\.$/ { preset = value($0) }
		/^Range: .*\.$/ { range = value($0) }
		/^On reload: .*\.$/ { reload = value($0) }
	' "$1"
}

"$1" >"$scratch/dump" || { echo "directives: $1 failed"; exit 1; }
sort "$scratch/dump" >"$scratch/table"
documented "$2" | sort >"$scratch/manual"
[ -s "$scratch/table" ] || { echo "directives: the table is empty"; exit 1; }
if ! diff "$scratch/table" "$scratch/manual" >"$scratch/difference"; then
	echo "directives: < config/schema.c    > $2    (name, default, range, reload)"
	grep '^[<>]' "$scratch/difference"
	exit 1
fi
echo "directives: $(wc -l <"$scratch/table") in the table and in the manual"
