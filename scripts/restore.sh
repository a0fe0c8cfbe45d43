#!/bin/sh
# Brings a database back from a file of scripts/backup.sh:
#
#   DB_HOST=… DB_USERNAME=checkout_migrate DB_PASSWORD_FILE=… sh scripts/restore.sh [--replace] <file.sql.gz>
#
# Into a database that has tables it goes only with --replace, which deletes what is there. Stop the service first.
set -eu
cd "$(dirname "$0")"
. ./database-client.sh

is_replacing=false
if [ "${1:-}" = --replace ]; then
  is_replacing=true
  shift
fi
file=${1:?Usage: sh scripts/restore.sh [--replace] <file.sql.gz>}
case $file in /*) ;; *) file=$OLDPWD/$file ;; esac
client=$(find_client mariadb mysql)

sql() {
  # shellcheck disable=SC2046
  "$client" $(connection_options "$client") "$@"
}

if [ "$(gzip -dc "$file" | tail -n 1)" != '-- backup complete' ]; then
  echo "$file is not a complete backup." >&2
  exit 1
fi
tables=$(sql --skip-column-names -e "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$database'")
if [ "$tables" -gt 0 ] && [ $is_replacing = false ]; then
  echo "The database $database has $tables tables; --replace deletes them first." >&2
  exit 1
fi
sql -e "DROP DATABASE IF EXISTS \`$database\`; CREATE DATABASE \`$database\` CHARACTER SET utf8mb4"
gzip -dc "$file" | sql "$database"
echo "$database is as it was. Now: npm run cli -- stock:audit"
