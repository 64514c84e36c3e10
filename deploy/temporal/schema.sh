#!/bin/sh
# Creates Temporal's databases, or brings them up to this version's schema. May be run any number of times.
# SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD are read by temporal-sql-tool itself.
set -eu

schema=${TEMPORAL_SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}

prepare() {
  temporal-sql-tool --db "$1" create-database
  temporal-sql-tool --db "$1" setup-schema --version 0.0
  temporal-sql-tool --db "$1" update-schema --schema-dir "$schema/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
