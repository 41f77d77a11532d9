#!/bin/sh
# root.sh RELEASE ARCH: print the path of a tar of a clean root of that release, with its Python, what wheels need beside it, and nothing
# else; made where the cache has none.
#
# It is unpacked only, nothing of it is run: so any architecture will do, and three seconds.
set -eu

here=$(dirname "$0")
# shellcheck source=systemd/deb/releases.sh
. "$here/releases.sh"
release=$1
architecture=$2
about_release "$release"

cache=${GLASSD_CACHE:-$HOME/.cache/glassd}/deb
tar=$cache/root-$release-$architecture-$(sha256sum <"$0" | cut -c 1-12).tar

if [ ! -e "$tar" ]; then
    # Whoever is not root makes it in a user namespace, which takes newuidmap.
    if ! command -v mmdebstrap >/dev/null || { [ "$(id -u)" != 0 ] && ! command -v newuidmap >/dev/null; }; then
        sh "$here/../../tests/tools/apt-ensure.sh" "A clean root of a Debian release is made with mmdebstrap." mmdebstrap uidmap
    fi
    echo "Making a clean root of $release for $architecture ..." >&2
    mkdir -p "$cache"
    # The links are what a running system has (merged /usr); Debian 13's C library counts on them.
    # shellcheck disable=SC2046,SC2016  # no word where there is no file; $1 is the hook's
    mmdebstrap --quiet --variant=extract --architectures="$architecture" --include=python3,libstdc++6 --format=tar \
        --setup-hook='cd "$1" && for each in bin sbin lib lib64; do mkdir -p usr/$each && ln -s usr/$each $each; done' \
        --customize-hook='rm -rf "$1"/dev "$1"/var/cache/apt "$1"/var/lib/apt/lists' "$release" "$tar.$$" $(sh "$here/sources.sh" "$release") >&2
    rm -f "$cache/root-$release-$architecture"-*.tar
    mv "$tar.$$" "$tar"
fi
echo "$tar"
