#!/usr/bin/env bash
# Trains every recipe whose weights are missing or older than the recipe, from packed files, measures
# it under both protocols, tries whether the cells of generators help a classifier, and then fits what
# depends on the default models. What was stopped goes on where it was; runs of a recipe that was changed
# since are refused: move them away, or name another folder in RUNS.
#
#   PACKED="data/cells160.npz data/tiles160.npz" FIELDS=data/fields.npz RUNS=runs \
#     scripts/train_all.sh [RECIPE...]
#
# The packed files are written by `python -m cervix_models data pack`, the windows of fields with
# --tiles, whole fields with --fields (for what finds nuclei; left out where there are none); nothing
# else of the images is needed, but for the ranges of the features, which are measured on imported
# cells at their own size. Weights of more than LIMIT megabytes (default 16) are made only where ALL=1;
# without it such a recipe is measured, and its card says so.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${CERVIX_HOME:-data}
packed=${PACKED:-$home/cells160.npz}
[ -n "${PACKED:-}" ] || [ ! -f "$home/tiles160.npz" ] || packed="$packed $home/tiles160.npz"
fields=${FIELDS:-$home/fields.npz}
runs=${RUNS:-runs}
changed=no
options=(--limit "${LIMIT:-16}")
[ "${ALL:-}" != 1 ] || options+=(--all)
plan=$(python -m scripts.needed "${options[@]}" "${CERVIX_WEIGHTS:-weights}" "$@")
while read -r recipe needed; do
  for what in $needed; do
    if [ "$what" = nothing ]; then
      echo "$recipe: its weights are those of its recipe"
      continue
    fi
    options=()
    if [ "$what" = fields ]; then
      if [ -f "$fields" ]; then
        python -m cervix_models train "$recipe" --packed "$fields" --runs "$runs" </dev/null
      else
        echo "$recipe: there is no $fields; import CRIC, then run: python -m cervix_models data pack cric --fields"
      fi
      continue
    fi
    if [ "$what" = help ]; then
      # shellcheck disable=SC2086 # several files, none with spaces
      python -m cervix_models augment "$recipe" --packed $packed --runs "$runs" </dev/null
      continue
    fi
    [ "$what" != folds ] || options=(--folds-only)
    [ "$what" != random ] || options=(--protocol random)
    # shellcheck disable=SC2086 # several files, none with spaces
    python -m cervix_models train "$recipe" --packed $packed --runs "$runs" "${options[@]}" </dev/null
    changed=yes
  done
done <<<"$plan"

if [ "$changed" = yes ]; then
  python -m cervix_models calibrate gate --packed "${packed%% *}" --runs "$runs"
  python -m cervix_models calibrate tell --packed "${packed%% *}" ||
    echo "What finds made cells was left as it is: train a generator, then run: python -m cervix_models calibrate tell"
  python -m cervix_models data tables ||
    echo "The tables of the cells were left as they are: import SIPaKMeD, then run: python -m cervix_models data tables"
fi
