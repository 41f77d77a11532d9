#!/bin/sh
# lock.sh: renew requirements.lock: the newest versions that setup.cfg allows, the same for every release and architecture, with the hash
# of each wheel. `make deb-lock` calls it; commit what it changes.
set -eu

here=$(dirname "$0")
# shellcheck source=systemd/deb/releases.sh
. "$here/releases.sh"

place=build/deb/lock
rm -rf "$place"
sh "$here/source.sh" "$place/source"
.venv/bin/python - "$place/source/setup.cfg" >"$place/wanted" <<'PYTHON'
import configparser, sys

settings = configparser.ConfigParser()
settings.read(sys.argv[1])
print(settings["options"]["install_requires"].strip())
PYTHON

# What the first one settles holds for the others: they get it as their constraints.
: >"$place/settled"
for release in $releases; do
    for architecture in $architectures; do
        echo "Looking for the wheels for $release on $architecture ..." >&2
        sh "$here/wheels.sh" "$release" "$architecture" "$place/wheels/$release-$architecture" \
            --requirement "$place/wanted" --constraint "$place/settled"
        .venv/bin/python "$here/lock.py" "$place/wheels" >"$place/requirements.lock"
        sed -n 's/^\([^ ]*==[^ ]*\) .*/\1/p' "$place/requirements.lock" >"$place/settled"
    done
done
cp "$place/requirements.lock" "$here/requirements.lock"
