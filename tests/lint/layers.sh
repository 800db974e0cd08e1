#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A folder is a layer, and includes go one way. This reads every #include of ours below server/,
# workers/ and config/ and names each that goes the wrong way; see table() for what is allowed.
# Before the tree it checks itself: a small tree that is right must pass, and each way of breaking
# it must be found. "layers.sh DIR" checks another tree, without that.

set -u
. "$(dirname -- "$0")/files.sh"

# layer: the layers it may include besides itself. Rooms that are not built yet have their row.
table() {
	cat <<'END'
config:
base:
priv: base config
master: priv base config
logger: priv base config
signer: base config
ctl: priv base config
main: worker keeper conn handler io http2 http mem master logger signer priv base config
mem:
http: mem
http2: mem http
io: mem http http2 base config
handler: mem http http2 io base config
conn: mem http http2 io handler base config
keeper: mem http http2 io handler conn base config
worker: mem http http2 io handler conn keeper base config
END
}

# check_tree DIR: prints a line for each breach; 1 when there is one.
check_tree() {
	(
		cd "$1" || exit 2
		table >"$scratch/table"
		find server workers config -name '*.[ch]' 2>/dev/null | sort >"$scratch/files"
		[ -s "$scratch/files" ] || { echo "layers: no source files in $1"; exit 1; }
		xargs awk -v table="$scratch/table" '
			function layer_of(path) {
				if (path ~ /^config\/[^\/]+$/) return "config"
				if (path == "server/main.c") return "main"
				if (path ~ /^workers\/(worker|keeper)\.[ch]$/) return "worker"
				if (path ~ /^(server|workers)\/[^\/]+\/[^\/]+$/) {
					split(path, part, "/")
					# priv/ below workers/ is not the one below server/.
					if ((part[1] == "server") == (part[2] in below_server))
						return part[2]
				}
				return ""
			}
			function breach(text) {
				print FILENAME ":" FNR ": " text
				breach_count++
			}
			BEGIN {
				while ((getline row < table) > 0) {
					name = row
					sub(/:.*/, "", name)
					sub(/^[^:]*:/, "", row)
					allowed[name] = " " name row " "
				}
				count = split("base priv master logger signer ctl", folder, " ")
				for (i = 1; i <= count; i++) below_server[folder[i]] = 1
			}
			FNR == 1 {
				own = layer_of(FILENAME)
				if (!(own in allowed)) breach("is in no layer that layers.sh knows")
			}
			/^[ \t]*#[ \t]*include[ \t]*"/ {
				path = $0
				sub(/^[^"]*"/, "", path)
				sub(/".*/, "", path)
				other = layer_of(path)
				if (other == "")
					breach("\"" path "\" does not start at the top of the tree")
				else if (index(allowed[own], " " other " ") == 0)
					breach(own " may not include \"" path "\"")
			}
			/^[ \t]*#[ \t]*include[ \t]*<confuse\.h>/ {
				if (FILENAME !~ /^config\/(load|schema)\.c$/)
					breach("only load.c and schema.c of config may see it")
			}
			own == "config" && /^[ \t]*#[ \t]*include[ \t]*<syslog\.h>/ {
				breach("config does not log")
			}
			own == "config" && /(^|[^A-Za-z0-9_])_?(exit|abort)[ \t]*\(/ &&
			    !/^[ \t]*(\/\*|\*)/ {
				breach("config does not exit")
			}
			END { exit breach_count > 0 }
		' <"$scratch/files"
		status=$?
		# The compiler guards the same border: see libworkers_a_CPPFLAGS.
		for header in $(grep -E '^server/(priv|master)/[^/]*\.h$' "$scratch/files"); do
			case $header in
			*/guard.h) wanted='^#error' ;;
			*) wanted='^#include "server/priv/guard\.h"' ;;
			esac
			if ! grep -q "$wanted" "$header"; then
				echo "$header: does not keep workers out ($wanted)"
				status=1
			fi
		done
		exit "$status"
	)
}

# plant FILE TEXT: a file in the small tree.
plant() {
	mkdir -p "$scratch/tree/$(dirname -- "$1")"
	printf '%b\n' "$2" >"$scratch/tree/$1"
}

plant_right_tree() {
	rm -rf "$scratch/tree"
	guard='#include "server/priv/guard.h"'
	plant config/config.h '#include <stddef.h>'
	plant config/load.c '#include <confuse.h>\n#include "config/config.h"'
	plant server/base/log.h '#include <stdio.h>'
	plant server/priv/guard.h '#ifdef MUSTER_WORKER\n#error "not for workers"\n#endif'
	plant server/priv/drop.h "$guard"
	plant server/master/pool.h "$guard"
	plant server/master/pool.c '#include "server/master/pool.h"\n#include "server/priv/drop.h"'
	plant server/main.c '#include "server/master/pool.h"\n#include "workers/worker.h"'
	plant workers/worker.h '#include "workers/conn/conn.h"'
	plant workers/conn/conn.h '#include "workers/http/uri.h"\n#include "server/base/log.h"'
	plant workers/http/uri.h '#include "workers/mem/arena.h"'
	plant workers/mem/arena.h '#include <stddef.h>'
}

# must_find FILE TEXT: with this file planted, check_tree must name the file.
must_find() {
	plant_right_tree
	plant "$1" "$2"
	if check_tree "$scratch/tree" >"$scratch/out" || ! grep -q "^$1:" "$scratch/out"; then
		echo "layers: self test: $1 with '$2' was let through"
		self_status=1
	fi
}

self_test() {
	self_status=0
	plant_right_tree
	if ! check_tree "$scratch/tree"; then
		echo "layers: self test: a tree without a breach was refused"
		self_status=1
	fi
	must_find config/load.c '#include "server/base/log.h"'
	must_find config/load.c '#include <syslog.h>'
	must_find config/load.c '\texit(1);'
	must_find config/validate.c '#include <confuse.h>'
	must_find server/base/log.c '#include "config/config.h"'
	must_find server/priv/drop.c '#include "server/master/pool.h"'
	must_find server/master/pool.c '#include "workers/worker.h"'
	must_find server/master/pool.c '  #  include "workers/http/uri.h"'
	must_find server/logger/logger.c '#include "server/master/pool.h"'
	must_find server/signer/signer.c '#include "server/priv/drop.h"'
	must_find server/signer/signer.c '#include "workers/io/tls_keys.h"'
	must_find server/master/signers.c '#include "server/signer/keyring.h"'
	must_find workers/mem/arena.c '#include "workers/http/uri.h"'
	must_find workers/http/uri.c '#include "server/base/log.h"'
	must_find workers/http/uri.c '#include "config/config.h"'
	must_find workers/io/plain.c '#include "workers/handler/static.h"'
	must_find workers/handler/static.c '#include "workers/conn/conn.h"'
	must_find workers/conn/conn.c '#include "server/priv/drop.h"'
	must_find workers/conn/conn.c '#include "workers/keeper/keep.h"'
	must_find workers/worker.c '#include "server/master/pool.h"'
	must_find workers/http/uri.c '#include "uri.h"'
	must_find workers/priv/keys.c '#include <stdio.h>'
	must_find server/helpers.c '#include <stdio.h>'
	must_find server/priv/keys.h '#include <stdio.h>'
	must_find server/master/pool.h '#include "config/config.h"'
	must_find server/priv/guard.h '/* nothing */'
	return "$self_status"
}

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

if [ $# -gt 0 ]; then
	check_tree "$1"
	exit
fi
self_test || exit 1
check_tree "$top" || exit 1
echo "layers: $(wc -l <"$scratch/files") files, every include goes the right way"
