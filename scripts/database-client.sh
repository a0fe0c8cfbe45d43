# Shared by backup.sh and restore.sh: which client programs there are, and how they reach the database. The password
# goes by the environment: a command line can be read by everyone on the machine.

database=${DB_DATABASE:-checkout}
case $database in
  *[!A-Za-z0-9_]*)
    echo 'DB_DATABASE must consist of letters, digits and underscores.' >&2
    exit 1
    ;;
esac

if [ -n "${DB_PASSWORD_FILE:-}" ]; then DB_PASSWORD=$(cat "$DB_PASSWORD_FILE"); fi
export MYSQL_PWD="${DB_PASSWORD:-}"

find_client() {
  for name in "$@"; do
    if command -v "$name" > /dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "None of these programs is on this machine: $*. Install mariadb-client." >&2
  exit 1
}

is_mariadb() {
  "$1" --version | grep -qi mariadb
}

connection_options() {
  echo "--no-defaults --host=${DB_HOST:?DB_HOST is not set} --port=${DB_PORT:-3306} --user=${DB_USERNAME:-root} --protocol=tcp"
  if [ "${DB_TLS:-false}" = true ]; then
    if is_mariadb "$1"; then echo '--ssl --ssl-verify-server-cert'; else echo '--ssl-mode=VERIFY_IDENTITY'; fi
    if [ -n "${DB_TLS_CA_FILE:-}" ]; then echo "--ssl-ca=$DB_TLS_CA_FILE"; fi
  fi
  echo '--default-character-set=utf8mb4'
}
