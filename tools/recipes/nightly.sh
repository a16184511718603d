#!/bin/sh
# nightly.sh IMAGE HOST PORT: for cron. Sends IMAGE to a receiver that waits for it, such as viamillipede-rx@PORT.socket on HOST.
#
# One at a time: a run that meets the one of yesterday ends at once. Quiet unless it fails, so that cron sends mail only then, with the
# reason. What the stream did is in STATE/last.json, for "viamillipede bench diff" and other programs. STATE is /var/tmp/viamillipede.
# KEY is the file of the key that the receiver has; without it nothing is encrypted.
set -eu
image=$1 host=$2 port=$3
program=${PROGRAM:-viamillipede}
state=${STATE:-/var/tmp/viamillipede}

mkdir -p "$state"
exec 9>"$state/lock"
if ! flock -n 9; then
	echo "nightly: the run before this one is not finished" >&2
	exit 75
fi
status=0
$program tx "$host" "$port" file "$image" name "${image##*/}" ${KEY:+key "$KEY"} giveup 7200 connect 300 verbose 1 json "$state/next.json" 2>"$state/log" || status=$?
if [ "$status" -ne 0 ]; then
	cat "$state/log" >&2
	exit "$status"
fi
mv "$state/next.json" "$state/last.json"
