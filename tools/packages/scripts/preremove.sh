#!/bin/sh
# Before the files of the package go: dpkg says "remove", and rpm how many versions of the package will be left.
case ${1:-} in
upgrade | [1-9]*) exit 0 ;;
esac
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
	systemctl stop 'viamillipede-rx@*.socket' 'viamillipede-rx@*.service' || :
fi
