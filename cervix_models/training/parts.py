"""The recipe of a generator that learns in two parts, one after the other."""

from __future__ import annotations

from dataclasses import replace

from cervix_models.errors import RecipeError
from cervix_models.recipes import Recipe

KEPT = 0.995  # of the moving average of a decoder against a critic, a step


def first_part(recipe: Recipe) -> Recipe:
    """The recipe of an autoencoder by itself; of any other generator, the recipe."""
    return replace(recipe, adversarial=None, flow=None) if recipe.variational else recipe


def second_part(recipe: Recipe) -> Recipe | None:
    """The recipe by which an autoencoder's decoder goes on against a critic, or what makes its
    latents of noise is learned; None where neither is.

    Raises RecipeError for a recipe that wants both, or does not say for how long.
    """
    if recipe.variational is None or not (recipe.adversarial or recipe.flow):
        return None
    if recipe.adversarial and recipe.flow:
        raise RecipeError(
            f"{recipe.name} has the tables [variational], [adversarial] and [flow]; one of the "
            "last two was expected. Leave one out."
        )
    if flow := recipe.flow:
        optimiser = replace(
            recipe.optimiser, learning_rate=flow.rate, epochs=flow.epochs, ema_decay=flow.ema_decay
        )
        return replace(recipe, optimiser=optimiser)
    against = recipe.adversarial
    if against is None or not against.epochs:
        raise RecipeError(
            f"{recipe.name} has the tables [variational] and [adversarial], but does not say for "
            "how many epochs its decoder goes on against a critic. Set epochs in [adversarial]."
        )
    optimiser = replace(
        recipe.optimiser, name="adam", schedule="constant", weight_decay=0.0, ema_decay=KEPT,
        learning_rate=against.critic_rate, epochs=against.epochs,
    )  # fmt: skip
    return replace(recipe, optimiser=optimiser)
