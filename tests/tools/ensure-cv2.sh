#!/bin/sh
# ensure-cv2.sh PYTHON: see to it that this Python can import cv2.
#
# opencv-python brings most of its libraries along, but takes libGL, GLib and (since 5.0) libxcb from the system, and a
# bare Debian has none of them. Only the import itself tells.
set -eu

here=$(dirname "$0")

if trouble=$("$1" -c 'import cv2' 2>&1); then
    exit 0
fi
reason=$(printf '%s\n' "$trouble" | tail -n 1)
case $reason in
*"cannot open shared object file"*)
    # libglib2.0-0t64: its name since Debian 13 and Ubuntu 24.04
    sh "$here/apt-ensure.sh" "OpenCV needs libraries that this system lacks ($reason)." \
        libgl1 libglib2.0-0t64/libglib2.0-0 libxcb1
    ;;
*)
    echo "OpenCV cannot be imported: $reason" >&2
    exit 1
    ;;
esac

if ! trouble=$("$1" -c 'import cv2' 2>&1); then
    echo "OpenCV still cannot be imported: $(printf '%s\n' "$trouble" | tail -n 1)" >&2
    exit 1
fi
