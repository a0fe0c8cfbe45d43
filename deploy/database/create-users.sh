#!/bin/sh
# Prints the statements that make the database users with the least rights their work needs. Passwords come from
# files, so that none is seen in a process list or a shell's history. Idempotent: a password that changed is set anew.
#
#   sh deploy/database/create-users.sh <database> <folder with db_app_password, db_migrate_password, db_backup_password> \
#     | mariadb --user=root
set -eu
database=$1
secrets=$2

password() {
  # A password in the SQL is quoted by doubling quotes and backslashes.
  sed -e 's/\\/\\\\/g' -e "s/'/''/g" "$secrets/$1" | tr -d '\n'
}

# `echo` of some shells reads backslashes.
say() {
  printf '%s\n' "$1"
}

user() {
  say "CREATE USER IF NOT EXISTS '$1'@'%' IDENTIFIED BY '$(password "$2")';"
  say "ALTER USER '$1'@'%' IDENTIFIED BY '$(password "$2")';"
}

user checkout_app db_app_password
say "GRANT SELECT, INSERT, UPDATE, DELETE ON \`$database\`.* TO 'checkout_app'@'%';"

# Also creates the database, if it is missing.
user checkout_migrate db_migrate_password
say "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, LOCK TABLES ON \`$database\`.* TO 'checkout_migrate'@'%';"

user checkout_backup db_backup_password
say "GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON \`$database\`.* TO 'checkout_backup'@'%';"
# Its own moment in the binary log, and the log itself. Only MySQL needs the third to learn the first.
say "GRANT REPLICATION CLIENT, REPLICATION SLAVE/*!80023 , FLUSH_TABLES */ ON *.* TO 'checkout_backup'@'%';"
