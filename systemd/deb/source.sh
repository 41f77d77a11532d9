#!/bin/sh
# source.sh FOLDER [VERSION]: lay the source of what is packaged into FOLDER, as the tree has it now, with VERSION for its own.
#
# In the package, OpenCV is the build without windows: the same cv2, less Qt and the libraries of X and OpenGL that it asks of a system.
set -eu

folder=$1
version=${2:-}

mkdir -p "$folder"
tar -c --exclude=__pycache__ --exclude='*.egg-info' setup.cfg pyproject.toml README.md LICENSE daemon drivers | tar -x -C "$folder"
sed -i 's/^    opencv-python >=/    opencv-python-headless >=/' "$folder/setup.cfg"
grep -q '^    opencv-python-headless >=' "$folder/setup.cfg" || {
    echo "setup.cfg no longer asks for opencv-python in the way that systemd/deb/source.sh expects." >&2
    exit 1
}
if [ -n "$version" ]; then
    sed -i "s/^__version__ = .*/__version__ = \"$version\"/" "$folder/daemon/glassd/__init__.py"
fi
