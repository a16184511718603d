#!/bin/sh
# btrfs.sh SNAPSHOT HOST FOLDER [PORT]: copies a read-only snapshot of btrfs into FOLDER of HOST, on a btrfs of its own.
#
# PARENT is an older snapshot that HOST has received already: then only what differs is sent. Each program of btrfs is one of its end
# (exec), so that both exit statuses count. Where it fails, nothing is left in FOLDER that could be taken for the snapshot.
# REMOTE is what runs a command on HOST (ssh), and PROGRAM the program (viamillipede).
set -eu
snapshot=${1%/} host=$2 folder=$3 port=${4:-8834}
program=${PROGRAM:-viamillipede}
[ -d "$snapshot" ] || { echo "btrfs.sh: $snapshot is no snapshot" >&2; exit 1; }

# quoted makes one word of its argument, for a shell.
quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

copy=$(quoted "$folder/${snapshot##*/}")
${REMOTE:-ssh} "$host" "[ ! -e $copy ]" || { echo "btrfs.sh: $copy is there already, or $host cannot be reached" >&2; exit 1; }
${REMOTE:-ssh} "$host" "
	status=0
	$program rx $port connect 60 exec $(quoted "btrfs receive -q $(quoted "$folder")") || status=\$?
	[ \$status -eq 0 ] || [ ! -e $copy ] || btrfs subvolume delete $copy >&2
	exit \$status" &
receiver=$!
status=0
$program tx "$host" "$port" connect 60 exec "btrfs send -q ${PARENT:+-p $(quoted "$PARENT")} $(quoted "$snapshot")" || status=$?
wait "$receiver" || status=$?
exit "$status"
