#!/bin/sh
# Run once by the database image, when it has made its data: the users that the service connects as.
sh /deploy/create-users.sh checkout /run/secrets | mysql --user=root --password="$(cat /run/secrets/db_root_password)"
