#!/bin/sh
# finish.sh: in the guest's root folder, once Debian's packages are installed.
set -eu

passwd --quiet --delete root
# A machine that has an id was booted before: systemd asks no questions and resets nothing.
systemd-machine-id-setup
systemctl enable rig-network.service
# Nothing may begin on its own while a test runs; and no login on the console that the host only records.
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    e2scrub_reap.service serial-getty@ttyS0.service
