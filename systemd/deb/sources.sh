#!/bin/sh
# sources.sh RELEASE: print the file that says where this machine's packages come from, where it is of that Debian release; else nothing,
# and mmdebstrap takes its own default.
set -eu

# shellcheck disable=SC1091  # any system's
[ "$(. /etc/os-release && echo "$ID-${VERSION_CODENAME:-}")" = "debian-$1" ] || exit 0
for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if grep -q '^ *\(deb\|Types:\)' "$file" 2>/dev/null; then
        echo "$file"
        exit 0
    fi
done
