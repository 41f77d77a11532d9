#!/bin/sh
# install.sh: install glassd on this board from the folder that this file is in, without a network. As root: sudo sh install.sh
set -eu
cd "$(dirname "$0")"

refuse() {
    printf 'install.sh: %s\n' "$@" >&2
    exit 1
}

read -r release architecture <made-for
# shellcheck disable=SC1091  # the board's
here=$(. /etc/os-release && echo "${VERSION_CODENAME:-${PRETTY_NAME:-an unknown system}}")
[ "$here" = "$release" ] || refuse "this is for Debian's $release and what is built on it; this board has $here. Take the folder for that."
here=$(dpkg --print-architecture)
[ "$here" = "$architecture" ] || refuse "this is for $architecture; this board's packages are $here. Take the folder for that."
sha256sum --check --quiet SHA256SUMS || refuse "what is in this folder is damaged (see above). Copy it here again."
[ "$(id -u)" = 0 ] || refuse "it takes root: sudo sh install.sh"

# apt looks into this folder alone, and keeps what it learns apart from what the board knows of its own sources.
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir "$apt/parts" "$apt/lists" "$apt/cache"
echo "deb [trusted=yes] copy:$(pwd)/packages ./" >"$apt/sources.list"
set -- -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/parts" -o Dir::State::Lists="$apt/lists" \
    -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
apt-get "$@" -qq update
DEBIAN_FRONTEND=noninteractive apt-get "$@" install --yes --allow-downgrades --no-install-recommends \
    glassd ca-certificates fonts-dejavu-core fonts-tlwg-loma-ttf fonts-symbola
echo
echo "glassd is installed. Now: sudo glassd setup"
