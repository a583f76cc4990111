#!/bin/sh
# Joins the cluster that CERVIX_RAY_ADDRESS names, as a machine that does no work of others, and
# becomes the command that it is given.
set -eu
if [ -n "${CERVIX_RAY_ADDRESS:-}" ]; then
  ray start --address="$CERVIX_RAY_ADDRESS" --num-cpus=0 --object-store-memory=200000000 \
    --disable-usage-stats
fi
exec "$@"
