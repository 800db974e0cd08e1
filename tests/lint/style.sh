#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What can be seen of the style without a compiler: columns, tabs, trailing blanks, and that a
# function's name stands in column one of its definition, so that grep '^pool_' finds it.

set -u
. "$(dirname -- "$0")/files.sh"

cd "$top" || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

# check_files FILE...: prints a line for each fault; 1 when there is one.
check_files() {
	awk '
		function fault(text) {
			print FILENAME ":" FNR ": " text
			fault_count++
		}
		function columns(line,    i, n, c) {
			n = 0
			for (i = 1; i <= length(line); i++) {
				c = substr(line, i, 1)
				n = c == "\t" ? n + 8 - n % 8 : n + 1
			}
			return n
		}
		FNR == 1 {
			is_c = FILENAME ~ /\.[ch]$/
			is_python = FILENAME ~ /\.py$/
			limit = FILENAME ~ /(^|\/)README$/ ? 80 : 100
			head = ""
		}
		# In a manual a row of a table is one line to mandoc, a default to directives.sh.
		FILENAME ~ /\.[578]$/ && (/^\.It .* Ta / || /^Default: /) { next }
		length($0) > limit / 8 && columns($0) > limit {
			fault("is wider than " limit " columns")
		}
		/\r$/ { fault("ends with a carriage return") }
		/[ \t]$/ { fault("ends with a blank") }
		/ \t/ && is_c { fault("has a blank before a tab") }
		/\t/ && is_python { fault("has a tab; Python is indented with blanks") }
		is_c && /^\t*        +[^* ]/ { fault("is indented with blanks, not tabs") }
		is_c && /^typedef[ \t]+(struct|union|enum)/ {
			fault("hides a struct behind a typedef")
		}
		{ gsub(/__attribute__ *\(\([^)]*\)\) */, "") }
		# A definition with its type on the same line, its brace there or on a later one.
		is_c && /^[A-Za-z_][A-Za-z0-9_ \t*]*[ \t*][A-Za-z_][A-Za-z0-9_]*\(/ && !/[=;]/ &&
		    !/^(typedef|extern|else|return|do)/ { head = FNR }
		is_c && /^[A-Za-z_].*\)[ \t]*\{$/ && !/=/ {
			fault("opens a function on the line of its name")
			head = ""
		}
		is_c && /^\{/ && head != "" {
			print FILENAME ":" head ": the name of a function is not in column one"
			fault_count++
		}
		is_c && /^[{}]|;[ \t]*$/ { head = "" }
		END { exit fault_count > 0 }
	' "$@"
}

# must_find TEXT WHAT: a C file with this text must be faulted so.
must_find() {
	printf '%b\n' "$1" >"$scratch/sample.c"
	if check_files "$scratch/sample.c" >"$scratch/out" || ! grep -q "$2" "$scratch/out"; then
		echo "style: self test: '$1' was let through"
		self_status=1
	fi
}

self_status=0
cat >"$scratch/right.c" <<'END'
static const int table[] = {
	1,			/* a comment that goes on
				 * here */
};
int later(int a,
    int b);

static int __attribute__((noreturn))
now(int a,
    int b)
{
	return a + b;
}
END
check_files "$scratch/right.c" || { echo "style: self test: refused what is right"; self_status=1; }
must_find 'static int now(void)\n{\n}' 'column one'
must_find 'static struct a *now(int a,\n    int b)\n{\n}' 'column one'
must_find 'now(void) {\n}' 'opens a function'
must_find '\tint a; ' 'ends with a blank'
must_find '        int a;' 'not tabs'
must_find 'typedef struct a b;' 'typedef'
must_find "$(printf '\t%098d' 1)" 'wider'
[ $self_status -eq 0 ] || exit 1

written_files | grep -v '^COPYING$' >"$scratch/files"
[ -s "$scratch/files" ] || { echo "style: found no files"; exit 1; }
# shellcheck disable=SC2046
check_files $(cat "$scratch/files") || exit 1
echo "style: $(wc -l <"$scratch/files") files"
