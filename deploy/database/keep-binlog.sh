#!/bin/sh
# Copies the server's binary log to a folder, what is new of it; run it every minute:
#
#   DB_HOST=… DB_USERNAME=checkout_backup DB_PASSWORD_FILE=… sh deploy/database/keep-binlog.sh <folder>
#
# With a backup and the log since, restore.sh brings every instant back. Delete files that are older than the oldest
# backup by hand.
set -eu
. "$(dirname "$0")/client.sh"

folder=${1:?Usage: sh deploy/database/keep-binlog.sh <folder>}
reader=$(find_client mariadb-binlog mysqlbinlog)
umask 077
mkdir -p "$folder/.partial"

# The newest file that is there had not come to its end.
newest=$(ls "$folder" | tail -n 1)
logs=$(sql -e 'SHOW BINARY LOGS')
logs=$(echo "$logs" | cut -f 1)
# A server without it has nothing that follows it, and by its name its own log may be passed over.
if [ -n "$newest" ] && ! echo "$logs" | grep -qxF -e "$newest"; then
  echo "The server has no $newest, where the log in $folder ends: that is another server's, or was deleted before it was copied." >&2
  echo 'Give this server an empty folder, and make a backup: its log leads on from there only.' >&2
  exit 1
fi
for log in $logs; do
  if [ -n "$newest" ] && expr "$log" \< "$newest" > /dev/null; then continue; fi
  connected "$reader" --read-from-remote-server --raw --result-file="$folder/.partial/" "$log"
  mv "$folder/.partial/$log" "$folder/$log"
done
echo "The binary log is in $folder up to $log."
