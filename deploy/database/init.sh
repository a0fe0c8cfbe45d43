#!/bin/sh
# Run once by the database image, when it has made its data: the users that the service connects as. The password goes by
# a file: a command line can be read by everyone on the machine.
(
  options=$(mktemp)
  trap 'rm -f "$options"' EXIT
  printf '[client]\nuser=root\npassword="%s"\n' "$(cat /run/secrets/db_root_password)" > "$options"
  sh /deploy/create-users.sh checkout /run/secrets | mysql --defaults-extra-file="$options"
)
