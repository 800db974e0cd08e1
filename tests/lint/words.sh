#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# No path of the machine where a file was written, and no misspelt word (codespell, where it is
# installed).

set -u
. "$(dirname -- "$0")/files.sh"

cd "$top" || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

written_files >"$scratch/files"
[ -s "$scratch/files" ] || { echo "words: found no files"; exit 1; }
status=0

# Somebody's own folders. Each has a bracket so that this line does not find itself.
machine_path='(^|[^A-Za-z0-9_./-])/([h]ome/[a-z]|[r]oot/|[U]sers/|[w]ork/|[m]nt/|[p]rivate/)'
if xargs grep -nE "$machine_path" <"$scratch/files"; then
	echo "words: the lines above name a place on somebody's machine"
	status=1
fi

# What tests misspell on purpose, and a macro of mdoc(7).
known_words=clos,combind,nd,te

if command -v codespell >/dev/null; then
	xargs codespell --ignore-words-list="$known_words" <"$scratch/files" || status=1
else
	echo "words: codespell is not installed, the spelling was not looked at"
fi
[ $status -ne 0 ] || echo "words: $(wc -l <"$scratch/files") files"
exit $status
