# shellcheck shell=sh disable=SC2034  # sourced; what it sets is read by who sources it
# releases.sh: the Debian releases that glassd is packaged for, and what building for one of them needs to know.
# Raspberry Pi OS (64-bit) takes Debian's Python and C library as they are, so Debian's packages are its packages too.

releases="bookworm trixie"
architectures="amd64 arm64"

about_release() { # about_release NAME: sets debian (its number), python (its only Python 3) and glibc (2.N)
    case $1 in
    bookworm) debian=12 python=3.11 glibc=36 ;;
    trixie) debian=13 python=3.13 glibc=41 ;;
    *)
        echo "There is no package for the release $1; there is one for: $releases." >&2
        exit 1
        ;;
    esac
}

about_architecture() { # about_architecture NAME: sets machine (as wheels' names have it) and triplet (as Debian's folders)
    case $1 in
    amd64) machine=x86_64 triplet=x86_64-linux-gnu ;;
    arm64) machine=aarch64 triplet=aarch64-linux-gnu ;;
    *)
        echo "There is no package for the architecture $1; there is one for: $architectures." >&2
        exit 1
        ;;
    esac
}

fill_in() { # fill_in RELEASE VERSION ARCH SIZE EPOCH: put what depends on them into the text on standard input; calls about_release
    about_release "$1"
    sed -e "s/@RELEASE@/$1/g; s/@VERSION@/$2+deb$debian/g; s/@ARCH@/$3/g; s/@SIZE@/$4/g" \
        -e "s/@PYTHON@/$python/g; s/@NEXT_PYTHON@/${python%.*}.$((${python#*.} + 1))/g" \
        -e "s/@DATE@/$(LC_ALL=C date -u -R -d "@$5")/g"
}
