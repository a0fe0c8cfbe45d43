#!/bin/sh
# Runs SQL, from standard input or after -e, as the user and on the server that the variables of .env.example name, so that
# no password is in a command line:
#
#   DB_HOST=… DB_USERNAME=root DB_PASSWORD_FILE=… sh deploy/database/sql.sh -e 'SHOW PROCESSLIST'
set -eu
. "$(dirname "$0")/client.sh"

sql "$@"
