#!/usr/bin/env bash
# Trains every recipe whose weights are missing or older than the recipe, from packed files, measures
# it under both protocols, and then fits what depends on the default models. What was stopped goes on
# where it was; runs of a recipe that was changed since are refused: move them away, or name another
# folder in RUNS.
#
#   PACKED="data/cells160.npz data/tiles160.npz" FIELDS=data/fields.npz RUNS=runs \
#     scripts/train_all.sh [RECIPE...]
#
# The packed files are written by `python -m cervix_models data pack`, the windows of fields with
# --tiles, whole fields with --fields (for what finds nuclei; left out where there are none); nothing else of the images is needed, but for the ranges of the features, which are measured
# on imported cells at their own size. Weights of more than LIMIT megabytes (default 16) are made only
# where ALL=1; without it such a recipe is measured, and its card says so.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${CERVIX_HOME:-data}
packed=${PACKED:-$home/cells160.npz}
[ -n "${PACKED:-}" ] || [ ! -f "$home/tiles160.npz" ] || packed="$packed $home/tiles160.npz"
fields=${FIELDS:-$home/fields.npz}
runs=${RUNS:-runs}
changed=no
plan=$(python - "${CERVIX_WEIGHTS:-weights}" "${ALL:-}" "${LIMIT:-16}" "$@" <<'PYTHON'
import json, sys
from pathlib import Path
import torch
from cervix_models.cards import WEIGHTS, members_of
from cervix_models.errors import WeightsError
from cervix_models.recipes import list_recipes, load_recipe
from cervix_models.registry import create, find

weights, all_, limit, names = Path(sys.argv[1]), sys.argv[2] == "1", float(sys.argv[3]), sys.argv[4:]
recipes = [load_recipe(name) for name in names or list_recipes()]

def storey(each):
    """Encoders first, as others start from them; then those that read an image, then those that read
    the outlines of a segmenter, and ensembles last."""
    return 0 if each.contrast else 3 if each.members else 2 if each.outlines else 1

def large(recipe):
    if not recipe.model or recipe.contrast:
        return False
    with torch.device("meta"):
        count = sum(each.numel() for each in create(recipe.model).parameters())
    return 2 * count / 1e6 > limit

def needed(recipe):
    """What is to be made: "weights", or "folds" of what is too large; and "random"."""
    made = "folds" if large(recipe) and not all_ else "weights"
    if recipe.model and find(recipe.model).kind == "finder":
        made = "fields"
    measured = bool(recipe.model) and find(recipe.model).kind == "classifier" and not recipe.contrast
    try:
        card, _ = members_of(recipe.name, weights)
    except WeightsError:
        return [made, "random"] if measured else [made]
    fresh = card.recipe == json.loads(json.dumps(recipe.as_dict()))
    fresh &= bool(recipe.members) or made == "folds" or (weights / recipe.name / WEIGHTS).is_file()
    if not fresh:
        return [made, "random"] if measured else [made]
    return ["random"] if measured and "random_split" not in card.metrics else []

trained = set()
for recipe in sorted(recipes, key=lambda each: (storey(each), each.name)):
    wanted = needed(recipe)
    if not wanted and trained & set(recipe.members):
        wanted = ["weights"]
    trained |= {recipe.name} if wanted else set()
    print(recipe.name, *(wanted or ["nothing"]))
PYTHON
)
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
    [ "$what" != folds ] || options=(--folds-only)
    [ "$what" != random ] || options=(--protocol random)
    # shellcheck disable=SC2086 # several files, none with spaces
    python -m cervix_models train "$recipe" --packed $packed --runs "$runs" "${options[@]}" </dev/null
    changed=yes
  done
done <<<"$plan"

if [ "$changed" = yes ]; then
  python -m cervix_models calibrate gate --packed "${packed%% *}" --runs "$runs"
  python -m cervix_models calibrate ranges ||
    echo "The ranges of the features were left as they are: import SIPaKMeD, then run: python -m cervix_models calibrate ranges"
fi
