"""How two generators learn to turn cells of one domain into cells of another, without pairs.

Least squares against a critic a domain, there and back again, identity (Zhu et al., ICCV 2017), and
classes: the critics' heads learn them from the labelled cells, and from the others that they are of
some class, while made ones are of none (Salimans et al., NeurIPS 2016). The colours of each class
are held to those of real cells, as a critic that sees one cell at a time does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cervix_models.errors import RecipeError
from cervix_models.generators.cyclegan import CycleGan, PatchCritic, Translator
from cervix_models.recipes import Recipe
from cervix_models.training.adversarial import colours_apart, started
from cervix_models.training.batches import Batch
from cervix_models.training.turning import disturbed, turned

_SPREAD = 2654435761  # multiplied with a row's number, it falls anywhere in 32 bits (Knuth)


@dataclass(frozen=True)
class Turned:
    """Cells that were turned into others."""

    cells: Batch
    maps: list[Tensor]  # what their critic sees
    loss: Tensor  # what they cost


class CycleTraining(L.LightningModule):
    """One training of both directions and both critics."""

    def __init__(self, network: CycleGan, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all. Raises RecipeError."""
        super().__init__()
        if recipe.cycle is None:
            raise RecipeError(f"{recipe.name} has no table [cycle]. Add it.")
        self.automatic_optimization = False
        network = network.to(memory_format=torch.contiguous_format)  # in this layout it is quicker
        self.network, self.recipe, self.steps = network, recipe, steps
        self.settings = recipe.cycle
        self.of_source, self.of_target = (
            cast(PatchCritic, started(network.critic(), recipe)) for _ in range(2)
        )
        names = recipe.told_apart
        self.sources = torch.tensor([names.index(each) for each in recipe.cycle.source])
        self.targets = torch.tensor([names.index(each) for each in recipe.cycle.target])
        self.draw = torch.Generator().manual_seed(recipe.seed)

    def training_step(self, batch: Batch, _index: int) -> None:
        """A step of the generators, then one of the critics."""
        makes, judges = self.optimizers()  # type: ignore[attr-defined]
        source, target = self._domain(batch, self.sources), self._domain(batch, self.targets)
        if not len(source["label"]) or not len(target["label"]):
            return
        critics, network, weights = (self.of_source, self.of_target), self.network, self.settings
        for critic in critics:
            critic.requires_grad_(False)
        there = self._turned_into(network.there, source, self.of_target, target)
        back = self._turned_into(network.back, target, self.of_source, source)
        cycle = self._again(network.back, there.cells["image"], source)
        cycle = cycle + self._again(network.there, back.cells["image"], target)
        alike = self._alike(network.there, target) + self._alike(network.back, source)
        loss = there.loss + back.loss + weights.cycle * cycle + weights.identity * alike
        self._stepped(makes, loss)
        for critic in critics:
            critic.requires_grad_(True)
        judged = self._judged(self.of_target, target, there)
        judged = judged + self._judged(self.of_source, source, back)
        self._stepped(judges, judged)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        self.log("train_cycle", cycle, on_epoch=True, on_step=False)
        self.log("critic_loss", judged, prog_bar=True, on_epoch=True, on_step=False)

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs how well watched cells come back from the other domain."""
        source = self._domain(batch, self.sources)
        if len(source["label"]):
            wanted = self._classes(
                self.targets.repeat(len(source["label"]))[: len(source["label"])]
            )
            made = self.network.there(source["image"], wanted)
            again = self._again(self.network.back, made, source)
            self.log("val_loss", again, prog_bar=True, batch_size=len(source["label"]))

    def configure_optimizers(self) -> Any:
        """Adam for the generators and for the critics."""
        rate = self.recipe.optimiser.learning_rate
        critics = nn.ModuleList([self.of_source, self.of_target])
        return [
            torch.optim.Adam(self.network.parameters(), rate, (0.5, 0.999)),
            torch.optim.Adam(
                [each for each in critics.parameters() if each.requires_grad],
                self.settings.critic_rate,
                (0.5, 0.999),
            ),
        ]

    def _domain(self, batch: Batch, labels: Tensor) -> Batch:
        """The cells of one domain, turned anyhow, and which of their labels are known."""
        here = torch.isin(batch["label"], labels.to(batch["label"].device))
        images = batch["image"][here].float() / 255
        known = (batch["row"][here] * _SPREAD) % 2**32 < self.settings.labelled * 2**32
        images = turned(images, self.draw) if self.training and len(images) else images
        return {"image": images, "label": batch["label"][here], "known": known}

    def _classes(self, labels: Tensor) -> Tensor:
        return F.one_hot(labels.to(self.device), len(self.recipe.told_apart)).float()

    def _told(self, cells: Batch) -> Tensor:
        """The classes of cells as a critic is told them: none of those that are not known."""
        return self._classes(cells["label"]) * cells["known"][:, None]

    def _turned_into(
        self, generator: Translator, cells: Batch, critic: PatchCritic, others: Batch
    ) -> Turned:
        """Cells as cells of some class of the other domain, of which `others` are real."""
        labels = self.targets if generator is self.network.there else self.sources
        any_of = torch.randint(len(labels), (len(cells["label"]),), generator=self.draw)
        wanted = labels[any_of].to(self.device)
        made = generator(cells["image"], self._classes(wanted)).float()
        maps = critic.maps(disturbed(made, self.draw))
        out = {"image": made, "label": wanted, "known": cells["known"]}
        patches, classes = self._judge(critic, maps, out)
        loss = F.mse_loss(patches, torch.ones_like(patches))
        loss = loss + self.settings.classes * F.cross_entropy(classes, wanted)
        if self.settings.colours:
            apart = colours_apart(others["image"], made, others["label"], wanted)
            loss = loss + self.settings.colours * apart
        return Turned(out, [each.detach() for each in maps], loss)

    def _judge(
        self, critic: PatchCritic, maps: list[Tensor], cells: Batch
    ) -> tuple[Tensor, Tensor]:
        patches, classes = critic.judge(maps, self._told(cells))
        return patches.float(), classes.float()

    def _again(self, generator: Translator, images: Tensor, wanted: Batch) -> Tensor:
        """How far a generator is from giving the wanted cells of images."""
        made = generator(images, self._classes(wanted["label"])).float()
        return F.l1_loss(made, wanted["image"])

    def _alike(self, generator: Translator, cells: Batch) -> Tensor:
        """How far a generator is from leaving cells as they are that are of the wanted class; of
        every second one, for time."""
        some = {key: each[::2] for key, each in cells.items()}
        return self._again(generator, some["image"], some)

    def _judged(self, critic: PatchCritic, real: Batch, made: Turned) -> Tensor:
        """What a critic gets wrong of real and made cells of its domain."""
        with torch.no_grad():
            maps = critic.maps(disturbed(real["image"], self.draw))
        patches, classes = self._judge(critic, maps, real)
        fake, none = self._judge(critic, made.maps, made.cells)
        loss = F.mse_loss(patches, torch.ones_like(patches)) + (fake**2).mean()
        some = F.softplus(-classes.logsumexp(1)).mean() + F.softplus(none.logsumexp(1)).mean()
        loss = loss / 2 + self.settings.classes * some / 2
        known = real["known"]
        if known.any():
            named = F.cross_entropy(classes[known], real["label"][known])
            loss = loss + self.settings.classes * named
        return loss

    def _stepped(self, optimiser: Any, loss: Tensor) -> None:
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()
