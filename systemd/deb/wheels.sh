#!/bin/sh
# wheels.sh RELEASE ARCH FOLDER [PIP-OPTION...]: download the wheels that glassd ships with into FOLDER, for the Python of that release
# on that architecture, whatever this machine is. Which ones: `--requirement FILE` among the options.
set -eu

here=$(dirname "$0")
# shellcheck source=systemd/deb/releases.sh
. "$here/releases.sh"
about_release "$1"
about_architecture "$2"
folder=$3
shift 3

# A wheel names the oldest C library that it runs with: all up to the release's own will do.
set -- "$@" --platform "manylinux2014_$machine"
minor=17
while [ "$minor" -le "$glibc" ]; do
    set -- "$@" --platform "manylinux_2_${minor}_$machine"
    minor=$((minor + 1))
done

.venv/bin/python -m pip --disable-pip-version-check download --quiet --quiet --only-binary=:all: --dest "$folder" \
    --implementation cp --python-version "$python" --abi "cp$(echo "$python" | tr -d .)" --abi abi3 --abi none "$@" || {
    echo "The wheels for $2 with Python $python could not be downloaded (see above); it takes PyPI." >&2
    exit 1
}
