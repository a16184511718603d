#!/bin/sh
# zfs.sh SNAPSHOT HOST TARGET [PORT]: copies a snapshot of ZFS to the dataset TARGET of HOST, in as many attempts as it takes.
#
# BASE is an older snapshot that TARGET has already: then only what differs is sent. Each zfs is the program of its end (exec), so that both
# exit statuses count. What a failed attempt has left there (receive -s) has a token, from which the next one goes on.
# It gives up after ATTEMPTS (100), with the exit status of the last one.
# REMOTE is what runs a command on HOST (ssh), PROGRAM the program (viamillipede), PAUSE the seconds between attempts (5).
set -u
snapshot=$1 host=$2 target=$3 port=${4:-8834}
program=${PROGRAM:-viamillipede}
left=${ATTEMPTS:-100}

# quoted makes one word of its argument, for a shell.
quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

while :; do
	token=$(${REMOTE:-ssh} "$host" "zfs get -H -o value receive_resume_token $(quoted "$target") 2>/dev/null") || token=-
	case $token in
	- | '') send="zfs send ${BASE:+-i $(quoted "$BASE")} $(quoted "$snapshot")" ;;
	*) send="zfs send -t $(quoted "$token")" ;;
	esac
	${REMOTE:-ssh} "$host" "exec $program rx $port connect 60 exec $(quoted "zfs receive -s -u $(quoted "$target")")" &
	receiver=$!
	status=0 theirs=0
	$program tx "$host" "$port" connect 60 verbose 1 exec "$send" || status=$?
	wait "$receiver" || theirs=$?
	[ "$status" -ne 0 ] || status=$theirs
	left=$((left - 1))
	if [ "$status" -eq 0 ] || [ "$status" -eq 1 ] || [ "$left" -le 0 ]; then
		exit "$status" # 1: the command line is wrong, and will be again
	fi
	sleep "${PAUSE:-5}"
done
