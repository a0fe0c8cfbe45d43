#!/bin/sh
# Makes the two secrets of the manifests from a folder with one file each, and never overwrites one that is there.
# What follows the folder is for kubectl, such as a namespace.
#
#   sh deploy/kubernetes/create-secrets.sh deploy/secrets --namespace=shop
#
# `checkout` is for the service, `checkout-migrate` for the migration alone; no other file of the folder gets into
# either of them. Files that are not there or empty are left out: authorities' certificates, Stripe's secrets.
set -eu

folder=$1
shift

file() {
  [ -s "$folder/$1" ] || { echo "$folder/$1 is missing or empty" >&2; exit 1; }
  echo "--from-file=$folder/$1"
}

optional() {
  for name; do if [ -s "$folder/$name" ]; then echo "--from-file=$folder/$name"; fi; done
}

authorities=$(optional db_ca.pem redis_ca.pem)
service=$(file db_app_password && file redis_password && file admin_token && file webhook_secrets)
stripe=$(optional stripe_webhook_secrets stripe_api_key)
migration=$(file db_migrate_password)

# Split at blanks on purpose: each is a list of options.
# shellcheck disable=SC2086
kubectl create secret generic checkout $service $stripe $authorities "$@"
# shellcheck disable=SC2086
kubectl create secret generic checkout-migrate $migration "$@"
