#!/bin/sh
# Writes the database to a file, as of one moment and while the sale goes on:
#
#   DB_HOST=… DB_USERNAME=checkout_backup DB_PASSWORD_FILE=… sh scripts/backup.sh <file.sql.gz>
#
# The variables are those of .env.example. The file is there only when it is complete.
set -eu
cd "$(dirname "$0")"
. ./database-client.sh

file=${1:?Usage: sh scripts/backup.sh <file.sql.gz>}
case $file in /*) ;; *) file=$OLDPWD/$file ;; esac
dump=$(find_client mariadb-dump mysqldump)

# One transaction reads one moment and locks nobody out. Binary ids are written as hexadecimal digits.
options='--single-transaction --quick --no-tablespaces --hex-blob --skip-comments --skip-dump-date'
# A dump of MySQL would else carry the server's own transaction ids, which another server refuses.
if ! is_mariadb "$dump"; then options="$options --set-gtid-purged=OFF"; fi

umask 077
partial=$file.partial
trap 'rm -f "$partial" "$partial.status"' EXIT
# The last line tells a whole file from one that was cut short.
{
  # shellcheck disable=SC2046,SC2086
  "$dump" $(connection_options "$dump") $options "$database" && echo '-- backup complete' || echo failed > "$partial.status"
} | gzip > "$partial"
if [ -e "$partial.status" ]; then
  echo 'The backup failed; no file was written.' >&2
  exit 1
fi
mv "$partial" "$file"
echo "The backup is in $file ($(wc -c < "$file" | tr -d ' ') bytes)."
