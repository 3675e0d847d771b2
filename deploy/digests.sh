#!/bin/sh
# Pin every image by the digest that its registry has for it now: deploy/digests.sh [FOLDER]   (needs docker with buildx)
#
# FOLDER is the repository's root; here without it. What is pinned already is looked up anew. Read the difference before you
# commit it: a digest that changed under the same version is a question to ask.
set -eu
cd "${1:-.}"
files="docker-compose.yml deploy/Dockerfile deploy/grafana/Dockerfile"

images() { # what files name: `image: NAME` and `FROM NAME`, without digests, without what is built here
    sed -nE 's/^ *image: ([^ @]+).*/\1/p; s/^FROM ([^ @]+:[^ @]+).*/\1/p' $files | grep -v '^nytta' | sort -u
}

for image in $(images); do
    digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image")
    case $digest in
        sha256:????????????????????????????????????????????????????????????????) ;;
        *) echo "digests.sh: the registry told no digest of $image, but: $digest" >&2 && exit 1 ;;
    esac
    escaped=$(printf %s "$image" | sed 's/[.]/[.]/g')
    sed -i -E "s#^(FROM| *image:) $escaped(@sha256:[0-9a-f]+)?( |\$)#\1 $image@$digest\3#" $files
    echo "$image $digest"
done
