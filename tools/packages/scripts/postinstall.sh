#!/bin/sh
# After the files of the package are there. DPKG_ROOT is set where dpkg installs below a folder.
set -e
root=${DPKG_ROOT:-}
[ -e "$root/usr/lib/sysusers.d/viamillipede.conf" ] || exit 0 # without systemd
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers ${root:+--root="$root"} viamillipede.conf
fi
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || :
fi
