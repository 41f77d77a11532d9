#!/bin/sh
# browser.sh: make or renew build/browser, where axe-core is, from npm: it judges whether pages can be used by everybody.
#
# Node.js comes from PyPI, as for foreign.sh. A stamp keeps what it was made from: while that stands, nothing is fetched.
set -eu

wanted=tests/web
place=build/browser
stamp=$place/made-from

what_it_is_made_from() {
    cat "$wanted/requirements.txt" "$wanted/package.json"
}

tell() {
    echo "axe-core could not be installed into $place: $1. It takes PyPI and the npm registry; then run this again." >&2
    exit 1
}

if what_it_is_made_from | cmp -s - "$stamp"; then
    exit 0
fi

echo "Installing axe-core into $place ..." >&2
rm -rf "$place"
mkdir -p "$place"
.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --no-compile --target "$place/node" \
    --requirement "$wanted/requirements.txt" || tell "pip failed"
node=$(find "$place/node" -path '*/bin/node')
cp "$wanted/package.json" "$place"
# npm's own script, for a wheel keeps no links; no lock file, for it would hold the registry's addresses.
"$node" "$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js" install --prefix "$place" --loglevel error \
    --no-package-lock --no-audit --no-fund --no-update-notifier --ignore-scripts >/dev/null || tell "npm failed"
rm -r "$place/node"
what_it_is_made_from >"$stamp"
