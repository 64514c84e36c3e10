#!/bin/sh
# Prepares Temporal's databases, or upgrades them to this version's schema. Can be run any number of times.
# deploy/postgresql/init.sh has created them: the role that this uses can't.
# temporal-sql-tool itself reads SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu

schema=${TEMPORAL_SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}

prepare() {
  temporal-sql-tool --db "$1" setup-schema --version 0.0
  temporal-sql-tool --db "$1" update-schema --schema-dir "$schema/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
