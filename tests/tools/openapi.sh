#!/bin/sh
# openapi.sh: make or renew build/openapi, where schemathesis is, from PyPI: apart from .venv, for pytest would load it
# with every run. `make tools` comes before it. A stamp keeps what it was made from, as foreign.sh's does.
set -eu

wanted=tests/openapi/requirements.txt
place=build/openapi
stamp=$place/made-from

what_it_is_made_from() {
    pwd
    cat "$wanted"
}

if what_it_is_made_from | cmp -s - "$stamp" && "$place/bin/python" -c pass 2>/dev/null; then
    exit 0
fi

echo "Installing schemathesis into $place (some seconds, 90 MB) ..." >&2
mkdir -p build
.venv/bin/python -m venv --clear "$place"
"$place/bin/python" -m pip --disable-pip-version-check install --quiet --quiet --no-compile --requirement "$wanted" || {
    echo "schemathesis could not be installed into $place: pip failed. It takes PyPI; then run this again." >&2
    exit 1
}
what_it_is_made_from >"$stamp"
