#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each file names its licence: in its first line, or in the second where a first one must come
# before it ("#!", "<!DOCTYPE").

set -u
. "$(dirname -- "$0")/files.sh"

cd "$top" || exit 2
status=0
count=0
for file in $(written_files); do
	count=$((count + 1))
	case $file in
	README) lines=$(cat README) ;;	# a text for people: at its end
	*) lines=$(head -n 2 "$file") ;;
	esac
	case $lines in
	*SPDX-License-Identifier:\ BSD-2-Clause*) ;;
	*) echo "$file: has no line SPDX-License-Identifier: BSD-2-Clause"; status=1 ;;
	esac
done
[ "$count" -gt 0 ] || { echo "spdx: found no files"; exit 1; }
[ $status -ne 0 ] || echo "spdx: $count files name their licence"
exit $status
