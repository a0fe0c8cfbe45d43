#!/bin/sh
# Writes the database to a file, as of one moment and while the sale goes on:
#
#   DB_HOST=… DB_USERNAME=checkout_backup DB_PASSWORD_FILE=… sh deploy/database/backup.sh <file.sql.gz>
#
# The variables are those of .env.example. The file is there only when it is complete; `-` writes to standard output.
set -eu
. "$(dirname "$0")/client.sh"

file=${1:?Usage: sh deploy/database/backup.sh <file.sql.gz, or - for standard output>}
dump=$(find_client mariadb-dump mysqldump)

# One transaction reads one moment and locks nobody out. Binary ids are written as hexadecimal digits.
set -- --single-transaction --quick --no-tablespaces --hex-blob --skip-comments --skip-dump-date \
  --default-character-set=utf8mb4
if ! is_mariadb "$dump"; then
  # A dump of MySQL would else carry the server's own transaction ids, which another server refuses.
  set -- "$@" --set-gtid-purged=OFF
  # To learn the position MySQL stops all writes for a moment. Behind a statement that runs for long it would keep
  # them waiting for as long; it gives up instead, and the backup fails.
  set -- "$@" --init-command='SET SESSION lock_wait_timeout = 5'
  # From 9.7 on it looks for masking policies, which we have none of, where this user may not look, and says it failed.
  if "$dump" --help | grep -q -e --masking-policies; then set -- "$@" --skip-masking-policies; fi
fi
# Where in the binary log that moment is, as a comment: from there on the log tells what came after.
if [ "$(sql -e 'SELECT @@log_bin')" = 1 ]; then
  if is_mariadb "$dump"; then set -- "$@" --master-data=2; else set -- "$@" --source-data=2; fi
else
  echo 'The server keeps no binary log: the backup brings its own moment back, and none after it.' >&2
fi

# The last line tells a whole file from one that was cut short. A pipe ends as its last program does, so that the dump
# tells of its own end beside it.
write() {
  {
    dumped=$({ { connected "$dump" "$@" "$database" && echo '-- backup complete' && echo yes >&4; } | gzip >&3; } 4>&1) &&
      [ "$dumped" = yes ]
  } 3>&1
}

umask 077
trap 'rm -f -- "$file.partial"' EXIT
if [ "$file" = - ]; then
  write "$@"
elif write "$@" > "$file.partial"; then
  mv "$file.partial" "$file"
  echo "The backup is in $file ($(wc -c < "$file" | tr -d ' ') bytes)."
else
  echo 'The backup failed; no file was written.' >&2
  exit 1
fi
