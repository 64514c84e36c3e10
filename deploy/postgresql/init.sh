#!/bin/sh
# Creates the role of the Temporal server and its two databases. The image runs this once, with an empty volume, as the
# superuser `postgres` over the local socket.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
-- No superuser, and it can't create databases or roles.
CREATE ROLE temporal LOGIN PASSWORD :'password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
-- The image gave this password to the superuser too. Without one, it can sign in only within the container.
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
