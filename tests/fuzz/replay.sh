#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Gives each fuzz driver its corpus, file by file: an input that once broke a parser must not do
# so again. FUZZ_DRIVERS names the drivers, relative to the build folder where this runs.

set -u
corpus=$(dirname -- "$0")/corpus

status=0
for driver in ${FUZZ_DRIVERS:?}; do
	name=${driver##*/fuzz_}
	count=$(find "$corpus/$name" -type f 2>/dev/null | wc -l)
	if [ "$count" -eq 0 ]; then
		echo "$driver: has no corpus in tests/fuzz/corpus/$name"
		status=1
	elif find "$corpus/$name" -type f -exec "./$driver" {} +; then
		echo "$driver: $count files replayed"
	else
		echo "$driver: failed on its corpus"
		status=1
	fi
done
exit $status
