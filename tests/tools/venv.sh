#!/bin/sh
# venv.sh PYTHON [EXTRAS]: make or renew .venv with glassd installed in editable form, and with what EXTRAS names.
#
# A stamp keeps what the installation was made from (the place, and the parts of setup.cfg and pyproject.toml that decide it): while
# that stands, nothing is done and nothing is fetched.
set -eu

python=$1
extras=${2:-}
here=$(dirname "$0")
venv=.venv
stamp=$venv/made-from${extras:+-$(echo "$extras" | tr , -)}

what_it_is_made_from() {
    pwd
    awk '/^\[/ { decides = /^\[(metadata|options|build-system)/ } decides' setup.cfg pyproject.toml
}

is_current() { # is_current STAMP: it was made from what stands here now, and its Python still runs
    what_it_is_made_from | cmp -s - "$1" && "$venv/bin/python" -c pass 2>/dev/null
}

is_mendable() { # what was moved, or was left half made, is made anew
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || return 1
    for any in "$venv"/made-from*; do
        [ ! -e "$any" ] || [ "$(head -n 1 "$any")" = "$(pwd)" ] || return 1
    done
}

if is_current "$stamp"; then
    exit 0
fi
if [ -z "$extras" ]; then # an installation with extras serves those who need none
    for any in "$venv"/made-from-*; do
        if is_current "$any"; then
            exit 0
        fi
    done
fi

if ! command -v "$python" >/dev/null; then
    echo "glassd needs Python 3.11 or newer, and there is no $python. Install it, or name yours: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "glassd needs Python 3.11 or newer; $python is $("$python" -V 2>&1). Name a newer one: make PYTHON=python3.12" >&2
    exit 1
fi
if ! is_mendable; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        sh "$here/apt-ensure.sh" "Python's venv module needs a package of its own on Debian." "$package"
    fi
    "$python" -m venv --clear "$venv"
fi

echo "Installing glassd and what it needs into $venv (a minute or two the first time) ..." >&2
pip="$venv/bin/python -m pip --disable-pip-version-check"
# The build runs with this setuptools rather than in an isolated environment, so that a renewal offline needs no network.
"$venv/bin/python" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["build-system"]["requires"], sep="\n")
' | $pip install --quiet --quiet --requirement /dev/stdin
$pip install --quiet --quiet --no-build-isolation --editable ".${extras:+[$extras]}"
sh "$here/ensure-cv2.sh" "$venv/bin/python"
what_it_is_made_from >"$stamp"
