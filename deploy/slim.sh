#!/bin/sh
# Take out of an environment what no process of a stack needs: deploy/slim.sh FOLDER (needs binutils)
#
# Tests and headers of libraries, the parts of Arrow that nothing here loads, and symbols of debuggers. Libraries in
# *.libs were given their places by their packager's own tool, which stripping would undo.
set -eu
site=$(echo "$1"/lib/python3.*/site-packages)
find "$site" -type d -name tests -prune -exec rm -rf {} +
find "$site" -type d -name __pycache__ -prune -exec rm -rf {} +
rm -rf "$site"/pyarrow/include "$site"/pyarrow/src
rm -f "$site"/pyarrow/libarrow_flight* "$site"/pyarrow/_flight*
find "$site" -type f -name '*.so*' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
