#!/bin/sh
# Take out of an environment what no process of a stack needs: deploy/slim.sh FOLDER (needs binutils)
#
# Tests, headers, stubs and sources of libraries, the parts of Arrow and SciPy that nothing here loads, second copies of
# libraries that a wheel cannot link, and symbols of debuggers. Libraries in *.libs were given their places by their
# packager's own tool, which stripping would undo.
set -eu
site=$(echo "$1"/lib/python3.*/site-packages)
find "$site" -type d -name tests -prune -exec rm -rf {} +
find "$site" -type d -name __pycache__ -prune -exec rm -rf {} +
find "$site" -type f \( -name '*.pyi' -o -name '*.px[dix]' -o -name '*.pyx' -o -name '*.h' -o -name '*.hpp' -o -name '*.a' \) -delete
find "$site" -type f \( -name '*.c' -o -name '*.cpp' \) -delete
rm -rf "$site"/pyarrow/include "$site"/pyarrow/includes "$site"/pyarrow/src
rm -f "$site"/pyarrow/libarrow_flight* "$site"/pyarrow/_flight* "$site"/pyarrow/libarrow_s3* "$site"/pyarrow/_s3fs*
# what is loaded is named by its version alone: libarrow_python.so.2600, and neither .so nor .so.2600.1.0
find "$site"/pyarrow -name 'libarrow_python*.so' -delete
find "$site"/pyarrow -name 'libarrow_python*.so.*.*.*' -delete
rm -rf "$site"/scipy/io "$site"/scipy/cluster "$site"/scipy/signal "$site"/scipy/datasets "$site"/scipy/odr
rm -rf "$site"/numpy/distutils
find "$site" -type f -name '*.so*' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
