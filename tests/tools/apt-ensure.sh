#!/bin/sh
# apt-ensure.sh WHY PACKAGE[/OTHER-NAME]...: install Debian packages, or say exactly what to install.
#
# Root installs at once; a person at a terminal is asked before sudo; anybody else, and any system without apt, is told
# and gets status 1. OTHER-NAME is taken where the first name is not known to this release.
set -eu

why=$1
shift

tell() {
    printf '%s\n' "$why" "Install it, then run this again:" "    $1" >&2
    exit 1
}

if ! command -v apt-get >/dev/null; then
    tell "with your system's package manager, what Debian calls: $*"
fi

# Names are settled after the update: before it, a fresh system knows no package at all.
newest_names() {
    for choice in "$@"; do
        name=${choice%%/*}
        if ! apt-cache show "$name" >/dev/null 2>&1; then
            name=${choice#*/}
        fi
        printf '%s ' "$name"
    done
}

install_as() { # install_as COMMAND_PREFIX PACKAGE...: the prefix is empty or sudo
    as=$1
    shift
    $as apt-get update -qq
    names=$(newest_names "$@")
    echo "Installing $names..." >&2
    # shellcheck disable=SC2086  # one word for each name
    $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $names >/dev/null
}

if [ "$(id -u)" = 0 ]; then
    echo "$why" >&2
    install_as "" "$@"
elif [ -t 0 ] && [ -t 2 ] && command -v sudo >/dev/null; then
    printf '%s\nInstall %swith sudo apt-get? [y/N] ' "$why" "$(newest_names "$@")" >&2
    read -r answer
    case $answer in
    [yY]*) install_as sudo "$@" ;;
    *) tell "sudo apt-get install $(newest_names "$@")" ;;
    esac
else
    tell "sudo apt-get install $(newest_names "$@")"
fi
