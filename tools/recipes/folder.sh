#!/bin/sh
# folder.sh FOLDER HOST TARGET [PORT]: copies what is in FOLDER into the folder TARGET of HOST, which is made there.
#
# Each tar is a program of its end (exec), so that both exit statuses count: this one is 0 only if both tars have succeeded, and a tar
# that fails, or a connection that is lost for too long, never leaves a folder that seems whole.
# REMOTE is what runs a command on HOST (ssh), and PROGRAM the program (viamillipede).
set -eu
folder=$1 host=$2 target=$3 port=${4:-8834}
program=${PROGRAM:-viamillipede}
[ -d "$folder" ] || { echo "folder.sh: $folder is no folder" >&2; exit 1; }

# quoted makes one word of its argument, for the shell there.
quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

${REMOTE:-ssh} "$host" "mkdir -p $(quoted "$target") && exec $program rx $port connect 60 exec $(quoted "tar xf - -C $(quoted "$target")")" &
receiver=$!
status=0
$program tx "$host" "$port" exec "tar cf - -C $(quoted "$folder") ." || status=$?
wait "$receiver" || status=$?
exit "$status"
