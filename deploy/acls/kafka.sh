#!/bin/sh
# Who may read and write which topic. Everything not listed is denied: the brokers run with
# allow.everyone.if.no.acl.found=false. Usage: kafka.sh HOST:PORT [FILE for --command-config]
set -eu
broker=$1
config=${2:-/dev/null}
prefix=${NYTTA_KAFKA_PREFIX:-nytta}

allow() { # principal, operations with commas between, topic
    for operation in $(echo "$2" | tr ',' ' '); do
        kafka-acls.sh --bootstrap-server "$broker" --command-config "$config" --add --force \
            --allow-principal "User:$1" --operation "$operation" --topic "$prefix.$3"
    done
}

# private zone: the gateway writes, workers read and write; nobody else
allow nytta-gateway Write,Describe usage
allow nytta-gateway Write,Describe rejected
allow nytta-worker Read,Describe usage
allow nytta-worker Read,Write,Describe rejected
allow nytta-worker Read,Write,Describe marks
# it puts what it pulled where the gateway puts what was sent, and notes of keys with the marks
for topic in usage rejected marks; do
    allow nytta-puller Write,Describe "$topic"
done
allow nytta-puller Read,Describe signals
# open zone: what has passed the gate
allow nytta-worker Write,Describe values
allow nytta-worker Write,Describe signals
allow nytta-alerter Read,Write,Describe signals
allow nytta-open Read,Describe values
allow nytta-open Read,Describe signals

kafka-acls.sh --bootstrap-server "$broker" --command-config "$config" --add --force \
    --allow-principal User:nytta-worker --operation Read --group "$prefix" --resource-pattern-type prefixed
kafka-acls.sh --bootstrap-server "$broker" --command-config "$config" --add --force \
    --allow-principal User:nytta-alerter --operation Read --group "$prefix-alerter"
# of several pullers, who holds the partition of the signals asks; it waits for what the workers have taken
kafka-acls.sh --bootstrap-server "$broker" --command-config "$config" --add --force \
    --allow-principal User:nytta-puller --operation Read --group "$prefix-puller"
kafka-acls.sh --bootstrap-server "$broker" --command-config "$config" --add --force \
    --allow-principal User:nytta-puller --operation Describe --group "$prefix"
