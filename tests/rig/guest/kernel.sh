#!/bin/sh
# kernel.sh: make /out in a chroot that holds Debian's kernel, its headers, its source and a compiler.
#
# /out/vmlinuz, /out/initrd, and /out/modules: those of the list beside this file, and gpio-sim, which Debian leaves out of
# its kernel; it is compiled here from Debian's own source.
set -eu

# Packages are only unpacked here: the name that an install script would have made.
ln -sf mawk /usr/bin/awk

version=$(basename /lib/modules/*-amd64)
build=/lib/modules/$version/build
modules=/out/modules/$version
mkdir -p "$modules/extra"
cp "/boot/vmlinuz-$version" /out/vmlinuz

# gpio-sim, with irq_sim that it needs: modules of their own.
mkdir /gpio-sim
tar -xJf /usr/src/linux-source-*.tar.xz -C /gpio-sim --wildcards --strip-components=1 \
    '*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/gpiolib.h' '*/kernel/irq/irq_sim.c'
cd /gpio-sim
mv drivers/gpio/* kernel/irq/* .
echo 'obj-m := gpio-sim.o irq_sim.o' >Makefile
# irq_sim is meant to be part of the kernel: it says no licence, and calls what a module gets in another way.
echo 'MODULE_LICENSE("GPL");' >>irq_sim.c
sed -i -e 's,#include <linux/irq_sim.h>,&\n#include <linux/module.h>,' \
    -e 's,irq_to_desc(irqnum),irq_data_to_desc(irq_get_irq_data(irqnum)),' irq_sim.c
make -s -C "$build" M=/gpio-sim CC=gcc-12 modules
strip -g ./*.ko
mkdir "/lib/modules/$version/extra"
cp ./*.ko "/lib/modules/$version/extra"
depmod "$version"

# The modules of the list, and what they depend on.
files() { # files MODULE...: their files, each after what it depends on
    for module in "$@"; do
        modprobe --show-depends --ignore-install -S "$version" "$module" >/tmp/depends
        sed -n 's/^insmod \([^ ]*\).*/\1/p' /tmp/depends
    done | mawk '!seen[$0]++'
}
# shellcheck disable=SC2046  # one word for each module
files $(sed 's/#.*//' /rig/modules) gpio_sim | while read -r file; do
    install -D -m 644 "$file" "/out/modules/${file#*/lib/modules/}"
done
cp "/lib/modules/$version"/modules.order "/lib/modules/$version"/modules.builtin* "$modules"
mkdir /tmp/base
ln -s /out /tmp/base/lib
depmod --basedir /tmp/base "$version"

# The initramfs: busybox, the modules of the disk in their order, and a script that goes on to systemd.
mkdir -p /initrd/bin /initrd/modules /initrd/proc /initrd/sys /initrd/dev /initrd/system
cp /bin/busybox /initrd/bin/
cp /rig/init /initrd/init
number=100
files virtio_pci virtio_blk crc32c_generic ext4 | while read -r file; do
    number=$((number + 1))
    cp "$file" "/initrd/modules/$number-$(basename "$file")"
done
cd /initrd
find . | cpio --quiet -o -H newc | gzip -1 >/out/initrd
