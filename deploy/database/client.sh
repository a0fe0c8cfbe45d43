# Shared by the scripts of this folder: which client programs there are, and how they reach the database. The password
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

first_program() {
  for name in "$@"; do
    if command -v "$name" > /dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "None of these programs is on this machine: $*. Install the client programs of your server's version." >&2
  exit 1
}

# The server's own client, where both are installed: a MySQL refuses what MariaDB's dump asks of it.
#   find_client <MariaDB's program> <MySQL's program>
find_client() {
  version=$(sql -e 'SELECT VERSION()') || exit 1
  case $version in
    *MariaDB*) first_program "$1" "$2" ;;
    *) first_program "$2" "$1" ;;
  esac
}

is_mariadb() {
  "$1" --version | grep -qi mariadb
}

connection_options() {
  echo "--no-defaults --host=${DB_HOST:?is not set} --port=${DB_PORT:-3306} --user=${DB_USERNAME:-root} --protocol=tcp"
  if [ "${DB_TLS:-false}" = true ]; then
    if is_mariadb "$1"; then echo '--ssl --ssl-verify-server-cert'; else echo '--ssl-mode=VERIFY_IDENTITY'; fi
    authorities=$(tls_authorities "$1") || exit 1
    if [ -n "$authorities" ]; then echo "--ssl-ca=$authorities"; fi
  fi
}

# The file of the authorities to believe; without one of their own MariaDB's programs take the machine's, MySQL's none.
tls_authorities() {
  if [ -n "${DB_TLS_CA:-}" ] && [ -z "${DB_TLS_CA_FILE:-}" ]; then
    echo 'These programs read the authority from a file: set DB_TLS_CA_FILE in place of DB_TLS_CA.' >&2
    exit 1
  fi
  if [ -n "${DB_TLS_CA_FILE:-}" ]; then
    echo "$DB_TLS_CA_FILE"
  elif ! is_mariadb "$1"; then
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
      if [ -r "$file" ]; then
        echo "$file"
        return
      fi
    done
    echo 'This machine has no file of authorities: install ca-certificates, or set DB_TLS_CA_FILE.' >&2
    exit 1
  fi
}

# Runs one of the client programs, by its path, on the server; on no other one when it is not told of it.
connected() {
  program=$1
  shift
  options=$(connection_options "$program") || exit 1
  # shellcheck disable=SC2086
  "$program" $options "$@"
}

# Runs statements; figures come without a heading, one line a row, columns separated by tabs.
sql() {
  connected "$(first_program mariadb mysql)" --default-character-set=utf8mb4 --skip-column-names "$@"
}

