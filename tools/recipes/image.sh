#!/bin/sh
# image.sh IMAGE HOST TARGET [PORT]: copies a disk image, or any large file, to TARGET on HOST, in as many attempts as it takes.
#
# What one attempt has left there is compared by the next one, and only the rest is sent (resume); holes stay holes; TARGET is the old
# file or the whole new one, at every moment. It gives up after ATTEMPTS (100), with the exit status of the last one.
# REMOTE is what runs a command on HOST (ssh), PROGRAM the program (viamillipede), PAUSE the seconds between attempts (5).
set -u
image=$1 host=$2 target=$3 port=${4:-8834}
program=${PROGRAM:-viamillipede}
left=${ATTEMPTS:-100}
[ -r "$image" ] || { echo "image.sh: cannot read $image" >&2; exit 1; }

# quoted makes one word of its argument, for the shell there.
quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

while :; do
	${REMOTE:-ssh} "$host" "exec $program rx $port file $(quoted "$target") resume sync connect 60" &
	receiver=$!
	status=0 theirs=0
	$program tx "$host" "$port" file "$image" resume verbose 1 || status=$?
	wait "$receiver" || theirs=$?
	[ "$status" -ne 0 ] || status=$theirs
	left=$((left - 1))
	if [ "$status" -eq 0 ] || [ "$status" -eq 1 ] || [ "$left" -le 0 ]; then
		exit "$status" # 1: the command line is wrong, and will be again
	fi
	sleep "${PAUSE:-5}"
done
