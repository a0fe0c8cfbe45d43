#!/bin/sh
# Lets the next order, product, refund, payment event and event have a number that was never given out:
#
#   DB_HOST=… DB_USERNAME=checkout_migrate DB_PASSWORD_FILE=… sh deploy/database/raise-numbers.sh [<how far>]
#
# A database that lacks the last transactions (one that was restored, a replica that was promoted) would else give their
# numbers out again, and a notice about a lost order would mean another buyer's. Nobody knows how many there were; a
# billion, by default, is more than a day's orders at full speed. restore.sh runs it; after a failover run it before
# the service writes. Running it again only raises the numbers further.
set -eu
. "$(dirname "$0")/client.sh"

ahead=${1:-1000000000}
case $ahead in
  *[!0-9]*)
    echo 'How far the numbers are raised must be a whole number.' >&2
    exit 1
    ;;
esac

# MySQL would else answer with figures that are up to a day old. Nobody is told a migration's number, and it has no room.
numbers=$(sql "$database" -e "/*!80000 SET SESSION information_schema_stats_expiry = 0 */;
  SELECT table_name, auto_increment + $ahead FROM information_schema.tables
  WHERE table_schema = '$database' AND auto_increment IS NOT NULL AND table_name <> 'migrations'")
echo "$numbers" | while IFS='	' read -r table next; do
  [ -n "$table" ] || continue
  sql "$database" -e "ALTER TABLE \`$table\` AUTO_INCREMENT = $next" < /dev/null
done
# Events are numbered by a row; a reader that has seen a lost one must not take another for it.
if [ -n "$(sql "$database" -e "SHOW TABLES LIKE 'event_sequence'")" ]; then
  sql "$database" -e "UPDATE event_sequence SET last = last + $ahead"
fi
echo "The next number of each table is $ahead further on."
