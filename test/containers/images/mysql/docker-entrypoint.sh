#!/bin/sh
# As the official one: options alone are mysqld's; the first start makes the data behind a server that has its socket only,
# sets the root password, runs what is in /docker-entrypoint-initdb.d, and only then serves the network.
set -e
case $1 in -*) set -- mysqld "$@" ;; esac
if [ "$1" != mysqld ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
  chown mysql:mysql /var/lib/mysql
  exec setpriv --reuid=mysql --regid=mysql --clear-groups "$0" "$@"
fi
shift
socket=/var/run/mysqld/mysqld.sock
set -- mysqld --no-defaults --datadir=/var/lib/mysql --socket="$socket" --secure-file-priv= "$@"

if [ -n "$MYSQL_ROOT_PASSWORD_FILE" ]; then MYSQL_ROOT_PASSWORD=$(cat "$MYSQL_ROOT_PASSWORD_FILE"); fi
if [ ! -d /var/lib/mysql/mysql ]; then
  if [ -z "$MYSQL_ROOT_PASSWORD" ]; then
    echo 'Database is uninitialized and password option is not specified' >&2
    exit 1
  fi
  "$@" --initialize-insecure
  "$@" --skip-networking --mysqlx=OFF &
  server=$!
  until mysqladmin --no-defaults --socket="$socket" --user=root ping --silent 2> /dev/null; do sleep 0.2; done
  mysql --no-defaults --socket="$socket" --user=root << SQL
CREATE USER 'root'@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
ALTER USER 'root'@'localhost' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
SQL
  for script in /docker-entrypoint-initdb.d/*.sh; do
    if [ -x "$script" ]; then "$script"; elif [ -e "$script" ]; then . "$script"; fi
  done
  kill "$server"
  wait "$server"
fi
exec "$@"
