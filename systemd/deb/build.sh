#!/bin/sh
# build.sh RELEASE ARCH [VERSION]: build build/deb/glassd_VERSION+debN_ARCH.deb for a Debian release. VERSION: by default the tree's own.
#
# The application lies in a virtual environment of its own, made by the release's own Python in a clean root of that release. What it takes
# to make it is kept in the cache under the hash of what it was made from: the root, the wheels, and the environment without glassd.
set -eu

here=$(dirname "$0")
# shellcheck source=systemd/deb/releases.sh
. "$here/releases.sh"
release=$1
architecture=$2
version=${3:-}
about_release "$release"
about_architecture "$architecture"

cache=${GLASSD_CACHE:-$HOME/.cache/glassd}/deb
out=build/deb
EPOCH_OF_OTHERS=946684800 # 2000-01-01: what others made has one date, so that it is the same whenever it was installed

for tool in mmdebstrap dpkg-deb; do
    command -v $tool >/dev/null || sh tests/tools/apt-ensure.sh "The Debian package is built with mmdebstrap and dpkg-deb." mmdebstrap dpkg
done

mkdir -p "$cache" "$out"
work=$(mktemp -d --tmpdir="$out")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

keep() { # keep PATH KIND HASH: put it into the cache, whole or not at all, in place of what older inputs had made
    rm -rf "$cache/$2"-*
    mv "$1" "$cache/.$2.$$"
    mv -T "$cache/.$2.$$" "$cache/$2-$3"
}

hash_of() { # hash_of FILE...: a short name for what is in them
    cat "$@" | sha256sum | cut -c 1-12
}

in_root() { # in_root COMMAND...: run it inside the root; nothing there needs a network or a privilege
    if [ "$(id -u)" = 0 ]; then
        chroot "$work/debian" "$@"
    else
        unshare --map-root-user chroot "$work/debian" "$@"
    fi
}

# --- the root: the release's Python and nothing else, unpacked
root=$(sh "$here/root.sh" "$release" "$(dpkg --print-architecture)")
mkdir "$work/debian"
tar -x -C "$work/debian" --no-same-owner --exclude=./dev -f "$root"

# --- the environment with what others wrote
lock=$here/requirements.lock
wheels=wheels-$release-$architecture
wheels_from=$(hash_of "$lock" "$here/wheels.sh" "$here/releases.sh")
environment=environment-$release-$architecture
environment_from=$(hash_of "$lock" "$here/wheels.sh" "$here/releases.sh" "$here/environment.py")
if [ -e "$cache/$environment-$environment_from" ]; then
    tar -x -C "$work/debian/usr/lib" --no-same-owner -f "$cache/$environment-$environment_from"
else
    if [ ! -e "$cache/$wheels-$wheels_from" ]; then
        echo "Downloading the wheels for $release on $architecture ..." >&2
        sh "$here/wheels.sh" "$release" "$architecture" "$work/wheels" --no-deps --require-hashes --requirement "$lock"
        keep "$work/wheels" "$wheels" "$wheels_from"
    fi
    echo "Making the environment for $release on $architecture ..." >&2
    mkdir "$work/debian/wheels"
    cp "$cache/$wheels-$wheels_from"/*.whl "$here/environment.py" "$work/debian/wheels"
    installer=$(cd "$work/debian" && echo wheels/installer-*.whl)
    # shellcheck disable=SC2046  # one word for each wheel
    PYTHONPATH=/$installer in_root "/usr/bin/python$python" /wheels/environment.py make $EPOCH_OF_OTHERS \
        $(cd "$work/debian" && printf '/%s\n' wheels/*.whl)
    tar -c -f "$work/environment.tar" -C "$work/debian/usr/lib" glassd
    keep "$work/environment.tar" "$environment" "$environment_from"
fi

# --- glassd itself
epoch=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH="$epoch"
sh "$here/source.sh" "$work/source" "$version"
[ -n "$version" ] || version=$(.venv/bin/python -c 'import glassd; print(glassd.__version__)')
.venv/bin/python -m pip --disable-pip-version-check wheel --quiet --no-index --no-build-isolation --no-deps \
    --wheel-dir "$work/debian/own" "$work/source"
cp "$here/environment.py" "$work/debian/own"
in_root /usr/lib/glassd/bin/python3 /own/environment.py add "$epoch" "/own/$(basename "$work"/debian/own/glassd-*.whl)"

# --- the files of the package
package=$work/package
put() { # put FILE FOLDER [NAME]
    install -D -m 644 "$1" "$package/$2/${3:-$(basename "$1")}"
}

mkdir -p "$package/usr/lib" "$package/usr/bin"
mv "$work/debian/usr/lib/glassd" "$package/usr/lib"
ln -s ../lib/glassd/bin/glassd "$package/usr/bin/glassd"
for file in systemd/*.service; do put "$file" usr/lib/systemd/system; done
for file in systemd/*.rules; do put "$file" usr/lib/udev/rules.d; done
put systemd/glassd.sysusers usr/lib/sysusers.d glassd.conf
put systemd/glassd.tmpfiles usr/lib/tmpfiles.d glassd.conf
put systemd/glassd.modules usr/lib/modules-load.d glassd.conf
for file in systemd/drop-ins/*; do put "$file" usr/share/glassd/drop-ins; done
for file in configs/*.yaml; do put "$file" usr/share/glassd/examples; done
install -d -m 755 "$package/etc/glassd"
install -d -m 700 "$package/etc/credstore" "$package/etc/credstore/glassd"

# --- what Debian wants to know of it
debian_version=$version+deb$debian
documents=$package/usr/share/doc/glassd
put "$here/copyright" usr/share/doc/glassd
put THIRD_PARTY.md usr/share/doc/glassd
gzip -9 -n <CHANGELOG.md >"$work/changes" && put "$work/changes" usr/share/doc/glassd CHANGELOG.md.gz
gzip -9 -n <"$here/glassd.1" >"$work/manual" && put "$work/manual" usr/share/man/man1 glassd.1.gz
put "$here/lintian-overrides" usr/share/lintian/overrides glassd
fill_in "$release" "$version" "$architecture" 0 "$epoch" <"$here/changelog" | gzip -9 -n >"$documents/changelog.gz"
chmod 644 "$documents/changelog.gz"

mkdir "$package/DEBIAN"
(cd "$package" && find etc usr -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 md5sum) >"$package/DEBIAN/md5sums"
size=$(du -k -s --apparent-size "$package" | cut -f 1)
fill_in "$release" "$version" "$architecture" "$size" "$epoch" <"$here/control" >"$package/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$package/DEBIAN"; done

find "$package" -newermt "@$epoch" -exec touch --no-dereference --date="@$epoch" {} +
# zstd is read by the dpkg of every release here. It makes as small a package as quick xz does, in a third of the time, and a board
# unpacks it in a tenth.
dpkg-deb --root-owner-group -Zzstd -z9 --build "$package" "$work/out.deb" >/dev/null
mv "$work/out.deb" "$out/glassd_${debian_version}_$architecture.deb"
echo "$out/glassd_${debian_version}_$architecture.deb"
