#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the integration tests with pytest against the musterd that MUSTERD names. "make check" sets
# MUSTERD and PYTHON; by hand: MUSTERD=build/musterd tests/integration/run.sh [pytest's options].
# Writes nothing below the source tree.

set -u
tests=$(dirname -- "$0")
: "${MUSTERD:?names the musterd to test}"

python=${PYTHON:-python3}
if ! "$python" -c 'import pytest' >/dev/null 2>&1; then
	echo "integration: pytest is not installed (Debian: python3-pytest)"
	exit 77
fi
[ -x "$MUSTERD" ] || { echo "integration: $MUSTERD cannot be executed"; exit 1; }

PYTHONDONTWRITEBYTECODE=1
export MUSTERD PYTHONDONTWRITEBYTECODE
exec "$python" -m pytest -p no:cacheprovider --rootdir="$tests" --durations=5 -rs "$tests" "$@"
