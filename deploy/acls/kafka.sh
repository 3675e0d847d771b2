#!/bin/sh
# Who may read and write which topic. Everything not listed is denied: the brokers run with
# allow.everyone.if.no.acl.found=false. Usage: kafka.sh HOST:PORT [FILE for --command-config]
set -eu
broker=$1
config=${2:-/dev/null}
prefix=${NYTTA_KAFKA_PREFIX:-nytta}

grant() { # principal, operations with spaces between, then what they are granted on
    words="--allow-principal User:$1"
    for operation in $2; do
        words="$words --operation $operation"
    done
    shift 2
    # shellcheck disable=SC2086 # names hold no spaces
    kafka-acls.sh --bootstrap-server "$broker" --command-config "$config" --add --force $words "$@"
}

topics() { # principal, operations, topics with spaces between
    names=
    for topic in $3; do
        names="$names --topic $prefix.$topic"
    done
    # shellcheck disable=SC2086
    grant "$1" "$2" $names
}

group() { # principal, operations, group
    grant "$1" "$2" --group "$3"
}

# private zone: the gateway writes, notes of keys with the marks; workers read and write; nobody else reads
topics nytta-gateway "Write Describe" "usage rejected marks"
topics nytta-worker "Read Describe" usage
topics nytta-worker "Read Write Describe" "rejected marks"
# it puts what it pulled where the gateway puts what was sent
topics nytta-puller "Write Describe" "usage rejected marks"
topics nytta-puller "Read Describe" signals
# open zone: what has passed the gate
topics nytta-worker "Write Describe" "values signals"
topics nytta-alerter "Read Write Describe" signals
topics nytta-open "Read Describe" "values signals"
# people import files, send what was rejected again and answer alerts: on pages, and by commands
topics nytta-console "Write Describe" "usage rejected marks signals"
topics nytta-command "Write Describe" "usage rejected marks signals"
# `nytta migrate` is a command
topics nytta-command "Create DescribeConfigs Describe" "usage rejected marks values signals"
# whoever works looks at its start whether every topic is as it must be
for who in worker alerter puller; do
    topics "nytta-$who" "Describe DescribeConfigs" "usage rejected marks values signals"
done

group nytta-worker Read "$prefix"
group nytta-alerter Read "$prefix-alerter"
# of several pullers, who holds the partition of the signals asks
group nytta-puller Read "$prefix-puller"
# they wait for what the workers have taken
for who in puller console command; do
    group "nytta-$who" Describe "$prefix"
done
