#!/bin/sh
# database.sh HOST FOLDER [PORT]: a base backup of the PostgreSQL server that pg_basebackup finds here (PGHOST, PGPORT, PGUSER), as the new
# folder FOLDER of HOST, in which a server could start. Nothing is stored on the way.
#
# Both programs are those of their ends (exec): it is 0 only if pg_basebackup and tar have succeeded, and pg_verifybackup where HOST has
# it. A folder that is not whole does not stay. Run it where REMOTE ends up as the user of the server there.
# REMOTE is what runs a command on HOST (ssh), and PROGRAM the program (viamillipede).
set -eu
host=$1 folder=$2 port=${3:-8834}
program=${PROGRAM:-viamillipede}
pg_isready -q || { echo 'database.sh: no server answers here' >&2; exit 1; }

# quoted makes one word of its argument, for a shell.
quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

to=$(quoted "$folder")
${REMOTE:-ssh} "$host" "mkdir -m 0700 $to"
${REMOTE:-ssh} "$host" "
	status=0
	$program rx $port connect 60 exec $(quoted "tar xf - -C $to") || status=\$?
	if [ \$status -eq 0 ] && command -v pg_verifybackup >/dev/null; then pg_verifybackup -q $to || status=4; fi
	[ \$status -eq 0 ] || rm -rf $to
	exit \$status" &
receiver=$!
status=0
$program tx "$host" "$port" connect 60 exec 'pg_basebackup -D - -F tar -X fetch' || status=$?
wait "$receiver" || status=$?
exit "$status"
