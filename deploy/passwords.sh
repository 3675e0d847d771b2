#!/bin/sh
# Random passwords for the stack: deploy/passwords.sh [FOLDER]   (FOLDER is where docker-compose.yml lies; here without it)
#
#   FOLDER/.env      SHA-256 of the passwords of ClickHouse's users, 0600
#   FOLDER/secrets   a file for each password, which compose hands to those who need it; others cannot enter the folder
#
# What is there is kept: remove both to have new ones, which the stack takes after `docker compose up --force-recreate`.
set -eu
umask 077
cd "${1:-.}"
# an empty .env is what the shell makes of `deploy/passwords.sh > .env`
if [ -s .env ] || [ -e secrets ]; then
    for made in .env secrets; do
        [ ! -e "$made" ] || chmod go= "$made"
    done
    echo "passwords.sh: $PWD has .env or secrets already, which stay as they are: remove both to have new ones" >&2
    exit 1
fi

secret() { head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n'; }

rm -rf .passwords.unfinished
mkdir .passwords.unfinished .passwords.unfinished/secrets
keep() { # name, text
    printf %s "$2" >".passwords.unfinished/secrets/$1"
    # compose mounts such a file with the owner and mode that it has here, and each container reads it as a user of its
    # own; nobody else comes so far, for the folder is closed
    chmod 444 ".passwords.unfinished/secrets/$1"
}

for user in service gateway open console; do
    password=$(secret)
    digest=$(printf %s "$password" | sha256sum | cut -d' ' -f1)
    echo "NYTTA_$(echo $user | tr a-z A-Z)_PASSWORD_SHA256=$digest" >>.passwords.unfinished/env
    case $user in
        service | gateway) keep "clickhouse_$user" "clickhouse://nytta_$user:$password@clickhouse:8123" ;;
        *) keep "clickhouse_$user" "$password" ;;
    esac
done
keep grafana_admin "$(secret)"
# what your provider of sign-in gave for this installation belongs into it
keep oidc ""
keep mailpit "mail:$(secret)"

mv .passwords.unfinished/secrets secrets
mv .passwords.unfinished/env .env
rmdir .passwords.unfinished
