#!/bin/sh
# Makes the secrets of the manifests from a folder with one file each, and never overwrites one that is there.
# What follows the folder is for kubectl, such as a namespace.
#
#   sh deploy/kubernetes/create-secrets.sh deploy/secrets --namespace=shop
#
# `checkout` is for the service, `checkout-migrate` for the migration alone; no other file of the folder gets into
# either of them. Files that are not there or empty are left out: authorities' certificates, Stripe's secrets. `checkout-tls`,
# the ingress's certificate, is made where the folder has tls_certificate and tls_key.
set -eu

folder=$1
shift

folder_has() { [ -s "$folder/$1" ]; }

# Options of kubectl are gathered as arguments, so that a folder's name may have blanks in it.
for name in db_app_password redis_password admin_token webhook_secrets db_migrate_password; do
  folder_has "$name" || { echo "$folder/$name is missing or empty" >&2; exit 1; }
done

# First, so that a certificate that does not fit its key, or one that is there already, leaves nothing half made.
if folder_has tls_certificate && folder_has tls_key; then
  kubectl create secret tls checkout-tls --cert="$folder/tls_certificate" --key="$folder/tls_key" "$@"
fi

kubectl create secret generic checkout-migrate --from-file="$folder/db_migrate_password" "$@"

for name in db_app_password redis_password admin_token webhook_secrets \
  stripe_webhook_secrets stripe_api_key db_ca.pem redis_ca.pem; do
  if folder_has "$name"; then set -- "$@" --from-file="$folder/$name"; fi
done
kubectl create secret generic checkout "$@"
