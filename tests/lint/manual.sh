#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The manual is the specification: its source must be clean mdoc, down to mandoc's style advice.

set -u
. "$(dirname -- "$0")/files.sh"

command -v mandoc >/dev/null || { echo "manual: mandoc is not installed"; exit 77; }
cd "$top" || exit 2
# Pages it looks for are those installed here, and ours need not be; and a default, which
# directives.sh reads, is one line.
found=$(mandoc -T lint -W style man/*.[578] 2>&1 |
	grep -vE 'referenced manual not found|mandoc\.db|80 bytes: Default: ')
[ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
echo "manual: $(ls man/*.[578] | wc -l) pages, nothing to say"
