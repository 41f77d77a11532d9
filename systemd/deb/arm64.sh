#!/bin/sh
# arm64.sh RELEASE: unpack the arm64 package over a clean arm64 root of that release, in build/deb/arm64, where QEMU's user emulation
# can run it: called by name, so that nothing has to be registered with this machine's kernel.
set -eu

here=$(dirname "$0")
release=$1
place=build/deb/arm64

command -v qemu-aarch64 >/dev/null ||
    sh tests/tools/apt-ensure.sh "The arm64 package is tried with QEMU's user emulation." qemu-user
deb=$(sh "$here/build.sh" "$release" arm64)
root=$(sh "$here/root.sh" "$release" arm64)
rm -rf "$place"
mkdir -p "$place"
tar -x -C "$place" --no-same-owner --exclude=./dev -f "$root"
# Not `dpkg-deb --extract`: it would lay folders over the links of the merged /usr.
dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$place" --no-same-owner --keep-directory-symlink
