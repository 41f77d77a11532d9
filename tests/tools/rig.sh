#!/bin/sh
# rig.sh: the programs that make and run the virtual board, installed where this system lacks one.
set -eu

for program in mmdebstrap qemu-system-x86_64 qemu-img mke2fs setpriv; do
    if ! PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null; then
        exec sh tests/tools/apt-ensure.sh "The virtual board takes QEMU and mmdebstrap, and this system lacks $program." \
            mmdebstrap debian-archive-keyring qemu-system-x86 qemu-utils e2fsprogs util-linux
    fi
done
