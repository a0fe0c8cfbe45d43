#!/bin/sh
# Brings a database back from a file of backup.sh, and with the binary log that was kept since, up to any instant:
#
#   DB_HOST=… DB_USERNAME=checkout_migrate DB_PASSWORD_FILE=… sh deploy/database/restore.sh [--replace] <file.sql.gz>
#   DB_HOST=… DB_USERNAME=root DB_PASSWORD_FILE=… sh deploy/database/restore.sh [--replace] \
#     --until <instant> <file.sql.gz> <binary log>…
#
# An instant is a second in UTC ('2026-11-27 20:00:00': what was written in earlier seconds is there, nothing else), or a
# position in the log (binlog.000042:1337: what is written from there on is not there). Files of the log are given in
# their order, without a gap; earlier ones than the backup's are passed over.
#
# Into a database that has tables it goes only with --replace, which deletes what is there. Stop the service first.
set -eu
. "$(dirname "$0")/client.sh"

usage() {
  echo 'Usage: sh deploy/database/restore.sh [--replace] [--until <instant>] <file.sql.gz, or - for standard input> [<binary log>…]' >&2
  exit 1
}

is_replacing=false
until=
while [ $# -gt 0 ]; do
  case $1 in
    --replace) is_replacing=true ;;
    --until)
      until=${2:-}
      [ -n "$until" ] || usage
      shift
      ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || usage
file=$1
shift
if [ -n "$until" ] && [ $# -eq 0 ]; then usage; fi
if [ -z "$until" ] && [ $# -gt 0 ]; then usage; fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "$file" = - ]; then
  umask 077
  cat > "$scratch/backup.sql.gz"
  file=$scratch/backup.sql.gz
fi
if [ "$(gzip -dc "$file" | tail -n 1)" != '-- backup complete' ]; then
  echo "$file is not a complete backup." >&2
  exit 1
fi

# Everything about the log is looked at before the first table goes.
if [ -n "$until" ]; then
  reader=$(find_client mariadb-binlog mysqlbinlog)
  position=$(gzip -dc "$file" | sed -n "s/^-- CHANGE .*LOG_FILE='\([^']*\)', [A-Z_]*LOG_POS=\([0-9]*\);.*/\1:\2/p;/^CREATE TABLE/q")
  if [ -z "$position" ]; then
    echo "$file does not tell its position in the binary log: it was made of a server without one." >&2
    exit 1
  fi
  first=${position%:*}
  last=
  set_until="--stop-datetime=$until"
  case $until in
    ????-??-??\ ??:??:??) ;;
    *:*)
      last=${until%:*}
      set_until="--stop-position=${until##*:}"
      ;;
    *) usage ;;
  esac
  : > "$scratch/logs"
  previous=
  for log in "$@"; do
    name=$(basename "$log")
    number=${name##*.}
    if [ ! -r "$log" ]; then
      echo "$log can not be read." >&2
      exit 1
    fi
    if [ -z "$previous" ] && [ "$name" != "$first" ]; then continue; fi
    if [ -n "$previous" ] && [ "$(expr "$number" - "$previous")" -ne 1 ]; then
      echo "Of the binary log the file before $name is missing." >&2
      exit 1
    fi
    previous=$number
    echo "$log" >> "$scratch/logs"
    if [ "$name" = "$last" ]; then break; fi
  done
  if [ -z "$previous" ]; then
    echo "Of the binary log $first is missing, in which the backup's moment is." >&2
    exit 1
  fi
  if [ -n "$last" ] && [ "$name" != "$last" ]; then
    echo "Of the binary log $last is missing." >&2
    exit 1
  fi
fi

tables=$(sql -e "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$database'")
if [ "$tables" -gt 0 ] && [ $is_replacing = false ]; then
  echo "The database $database has $tables tables; --replace deletes them first." >&2
  exit 1
fi
sql -e "DROP DATABASE IF EXISTS \`$database\`; CREATE DATABASE \`$database\` CHARACTER SET utf8mb4"
gzip -dc "$file" | sql "$database"

if [ -n "$until" ]; then
  # A transaction that this server has carried out before would else be passed over under its old id.
  skip_gtids=
  if ! is_mariadb "$reader"; then skip_gtids=--skip-gtids; fi
  set --
  while IFS= read -r log; do set -- "$@" "$log"; done < "$scratch/logs"
  {
    TZ=UTC "$reader" --no-defaults --database="$database" $skip_gtids --start-position="${position##*:}" \
      "$set_until" "$@" || echo failed > "$scratch/failed"
  } | sql --binary-mode "$database"
  if [ -e "$scratch/failed" ]; then
    echo 'The binary log could not be read to its end: the database is not as it was.' >&2
    exit 1
  fi
fi

# Numbers that were given out after the restored moment must not be given out again.
sh "$(dirname "$0")/raise-numbers.sh"
echo "$database is as it was. Now: npm run cli -- stock:audit"
