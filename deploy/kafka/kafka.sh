#!/usr/bin/env bash
# One Apache Kafka broker from its published jars: `kafka.sh run [DATA]` in the foreground, `kafka.sh fetch` the jars only.
# KAFKA_PORT (9092), KAFKA_HOST (127.0.0.1), KAFKA_CONTROLLER_PORT (port + 1), KAFKA_HEAP (512m), KAFKA_LIBS (a folder of
# jars that are there and stay as they are; without it they are fetched into here/libs). Needs Java 17 and, for the first
# time, Maven.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
libs=${KAFKA_LIBS:-$here/libs}
port=${KAFKA_PORT:-9092}

fetch() {
    if [[ -n ${KAFKA_LIBS:-} ]]; then
        compgen -G "$libs/kafka_*.jar" >/dev/null || { echo "kafka.sh: KAFKA_LIBS names $libs, where no kafka_*.jar is" >&2; exit 1; }
        return
    fi
    [[ -e $libs/.complete && ! $here/pom.xml -nt $libs/.complete ]] && return
    command -v mvn >/dev/null || { echo "kafka.sh: Maven fetches Kafka's jars: install it, or name a folder of them with KAFKA_LIBS" >&2; exit 1; }
    exec 9>"$here/.fetching" && flock 9  # two who come at once fetch them once
    if [[ ! -e $libs/.complete || $here/pom.xml -nt $libs/.complete ]]; then
        rm -rf "$libs"
        mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$libs"
        touch "$libs/.complete"
    fi
    exec 9>&-
}

run() {
    local data=${1:-$here/../../var/kafka}
    command -v java >/dev/null || { echo "kafka.sh: Kafka needs Java 17 or later" >&2; exit 1; }
    fetch
    umask 077  # topics hold events: they are their owner's alone
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
    chmod -R go= "$data"  # of a folder that an earlier version made; links are not followed
    sed -e "s|@HOST@|${KAFKA_HOST:-127.0.0.1}|" -e "s|@PORT@|$port|" -e "s|@DATA@|$data|" \
        -e "s|@CONTROLLER_PORT@|${KAFKA_CONTROLLER_PORT:-$((port + 1))}|" "$here/server.properties" >"$data/server.properties"
    local java=(java "-Xmx${KAFKA_HEAP:-512m}" -XX:+UseSerialGC "-Dkafka.log=$data/kafka.log"
        "-Dlog4j2.configurationFile=$here/log4j2.yaml" -cp "$libs/*")
    if [[ ! -e $data/log/meta.properties ]]; then
        local id  # 16 random bytes, as the tool's own command for it writes them; that would start Java once more
        id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | cut -c 1-22)
        "${java[@]}" kafka.tools.StorageTool format --cluster-id "$id" --config "$data/server.properties" >/dev/null
    fi
    exec "${java[@]}" kafka.Kafka "$data/server.properties"
}

case ${1:-} in
    fetch) fetch ;;
    run) run "${2:-}" ;;
    *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
esac
