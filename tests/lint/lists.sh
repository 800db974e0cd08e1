#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A source file or a unit test that no local.mk names would be neither built nor run nor packed.

set -u
. "$(dirname -- "$0")/files.sh"

status=0
for file in $(written_files_named 'server/*.[ch]' 'workers/*.[ch]' 'config/*.[ch]'); do
	grep -qE "(^|[[:space:]])$file([[:space:]]|\$)" "$top/${file%%/*}/local.mk" && continue
	echo "$file: is not named in ${file%%/*}/local.mk"
	status=1
done
for file in $(written_files_named 'tests/unit/*.[ch]' 'tests/fuzz/*.[ch]'); do
	name="(${file%.c}|$file)"
	grep -qE "(^|[[:space:]])$name([[:space:]]|\$)" "$top/tests/local.mk" && continue
	echo "$file: is not named in tests/local.mk"
	status=1
done
[ $status -ne 0 ] || echo "lists: every source file is built, every unit test is run"
exit $status
