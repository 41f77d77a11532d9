#!/bin/sh
# release.sh [VERSION]: build build/release: a .deb for every release and architecture, the same as a tar that installs on a board without a
# network, and SHA256SUMS over all of it.
#
# Such a tar is a folder that apt can read as a repository. It holds glassd, and what of Debian it stands on that a small Debian may lack:
# apt takes from it what is missing.
set -eu

here=$(dirname "$0")
# shellcheck source=systemd/deb/releases.sh
. "$here/releases.sh"
version=${1:-}

out=build/release
rm -rf "$out"
mkdir -p "$out"

lay_out_what_it_stands_on() { # lay_out_what_it_stands_on RELEASE ARCH FOLDER
    # shellcheck disable=SC2046  # no word where there is no file
    mmdebstrap --quiet --variant=extract --architectures="$2" --format=null \
        --include=python3,libstdc++6,libfribidi0,fonts-wqy-microhei,ca-certificates,fonts-dejavu-core,fonts-tlwg-loma-ttf,fonts-symbola \
        --extract-hook="copy-out /var/cache/apt/archives $3" "$1" - $(sh "$here/sources.sh" "$1") >&2
    for each in "$3"/archives/*.deb; do
        mv "$each" "$3/$(basename "$each" | sed 's/_[0-9]*%3a/_/')" # an epoch in a name would be one character for apt, three for the disk
    done
    rm -r "$3/archives"
}

index() { # index FOLDER: what apt reads of a repository
    for each in "$1"/*.deb; do
        dpkg-deb --field "$each"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
            "$(basename "$each")" "$(stat --format=%s "$each")" "$(sha256sum <"$each" | cut -d ' ' -f 1)"
    done >"$1/Packages"
}

for release in $releases; do
    for architecture in $architectures; do
        deb=$(sh "$here/build.sh" "$release" "$architecture" "$version")
        cp "$deb" "$out"
        name=$(basename "$deb" .deb)-offline
        folder=$out/$name
        mkdir -p "$folder/packages"
        echo "Collecting what it stands on in $release on $architecture ..." >&2
        lay_out_what_it_stands_on "$release" "$architecture" "$folder/packages"
        cp "$deb" "$folder/packages"
        index "$folder/packages"
        cp "$here/install.sh" "$folder"
        echo "$release $architecture" >"$folder/made-for"
        (cd "$folder" && sha256sum -- install.sh made-for packages/* >SHA256SUMS)
        tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -c -f "$folder.tar" -C "$out" "$name"
        rm -r "$folder"
    done
done
cp docs/install.md "$out"
(cd "$out" && sha256sum -- * >SHA256SUMS)
ls -l "$out" >&2
