#!/usr/bin/env bash
# Trains every recipe whose weights are missing or older than the recipe, from one packed file, and
# then fits what depends on the default models. What was stopped goes on where it was; runs of a
# recipe that was changed since are refused: move them away, or name another folder in RUNS.
#
#   PACKED=data/cells160.npz RUNS=runs scripts/train_all.sh [RECIPE...]
#
# The packed file is written by `python -m cervix_models data pack`; nothing else of the images is
# needed, but for the ranges of the features, which are measured on imported cells at their own size.
set -euo pipefail
cd "$(dirname "$0")/.."

packed=${PACKED:-${CERVIX_HOME:-data}/cells160.npz}
runs=${RUNS:-runs}
recipes=("$@")
if [ ${#recipes[@]} -eq 0 ]; then
  # Ensembles last: they are measured on what their members said.
  for path in $(grep -L '^members' cervix_models/recipes/*.toml) \
              $(grep -l '^members' cervix_models/recipes/*.toml); do
    recipes+=("$(basename "$path" .toml)")
  done
fi

changed=no
for recipe in "${recipes[@]}"; do
  card="${CERVIX_WEIGHTS:-weights}/$recipe/card.json"
  if [ -f "$card" ] && python - "$recipe" "$card" <<'PYTHON'
import json, sys
from pathlib import Path
from cervix_models.cards import members_of
from cervix_models.errors import WeightsError
from cervix_models.recipes import load_recipe
try:
    known, _ = members_of(sys.argv[1], Path(sys.argv[2]).parents[1])
except WeightsError as problem:
    sys.exit(str(problem))
sys.exit(known.recipe != json.loads(json.dumps(load_recipe(sys.argv[1]).as_dict())))
PYTHON
  then
    echo "$recipe: its weights are those of its recipe"
    continue
  fi
  python -m cervix_models train "$recipe" --packed "$packed" --runs "$runs"
  changed=yes
done

if [ "$changed" = yes ]; then
  python -m cervix_models calibrate gate --packed "$packed" --runs "$runs"
  python -m cervix_models calibrate ranges ||
    echo "The ranges of the features were left as they are: import SIPaKMeD, then run: python -m cervix_models calibrate ranges"
fi
