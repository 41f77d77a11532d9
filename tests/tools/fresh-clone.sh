#!/bin/sh
# fresh-clone.sh: what a newcomer does first, in a clone of what is committed: the demo ends with 0, reads the code in its own pictures,
# and one in a picture that it has never seen.
set -eu

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

demo_shows() { # demo_shows TEXT [SETTING]: the screens are plain lines here, for the output is no terminal
    text=$1
    shift
    shown=$(make --no-print-directory demo ONCE=1 "$@" </dev/null)
    printf '%s\n' "$shown"
    case $shown in
    *"$text"*) ;;
    *)
        echo "The demo has not shown $text." >&2
        exit 1
        ;;
    esac
}

git clone --quiet . "$place/glassd"
cd "$place/glassd"
demo_shows 二维码
mkdir "$place/pictures"
text=code$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')
.venv/bin/python - "$text" "$place/pictures/code.png" <<'PYTHON'
import sys

import cv2

code = cv2.QRCodeEncoder.create().encode(sys.argv[1])
large = cv2.resize(code, None, fx=12, fy=12, interpolation=cv2.INTER_NEAREST)
cv2.imwrite(sys.argv[2], cv2.copyMakeBorder(large, 120, 120, 240, 240, cv2.BORDER_CONSTANT, value=255))
PYTHON
demo_shows "$text" CLIP="$place/pictures"
