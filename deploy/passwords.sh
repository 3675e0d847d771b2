#!/bin/sh
# Random passwords for the stack, as a file `.env`: the plain ones for clients, SHA-256 for ClickHouse's users.
#   deploy/passwords.sh > .env
set -eu
umask 077
secret() { head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n'; }
for user in SERVICE OPEN CONSOLE; do
    password=$(secret)
    echo "NYTTA_${user}_PASSWORD=$password"
    echo "NYTTA_${user}_PASSWORD_SHA256=$(printf %s "$password" | sha256sum | cut -d' ' -f1)"
done
echo "NYTTA_GRAFANA_PASSWORD=$(secret)"
