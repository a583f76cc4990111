"""Figures of a job while it runs."""

from __future__ import annotations

from cervix_models.plots import alt_text
from cervix_models.plots.jobs import epoch_curves, machine_curves, step_curves
from cervix_models.tasks import MACHINE, Metric

TOLD = [
    Metric("loss", 1, 2.0, "fold0"), Metric("loss", 2, 1.5, "fold0"),
    Metric("loss", 1, 2.5, "final"),
    Metric("train_loss", 1, 1.75, "fold0"), Metric("val_loss", 1, 1.8, "fold0"),
    Metric("val_accuracy", 1, 0.5, "fold0"), Metric("cpu", 60, 80.0, MACHINE),
    Metric("memory", 60, 40.0, MACHINE),
]  # fmt: skip


def test_losses_are_drawn_by_step_a_line_a_part() -> None:
    figure = step_curves(TOLD)
    assert [trace.name for trace in figure.data] == ["fold0", "final"]
    assert list(figure.data[0].y) == [2.0, 1.5]
    assert "fold0 1.5 at step 2; final 2.5 at step 1" in alt_text(figure)
    assert step_curves([]) is None


def test_losses_and_other_figures_by_epoch_stand_apart() -> None:
    losses, others = epoch_curves(TOLD, losses=True), epoch_curves(TOLD, losses=False)
    assert [trace.name for trace in losses.data] == ["fold0 train_loss", "fold0 val_loss"]
    assert losses.data[0].line.color == losses.data[1].line.color
    assert losses.data[0].line.dash != losses.data[1].line.dash
    assert [trace.name for trace in others.data] == ["fold0 val_accuracy"]
    assert epoch_curves(TOLD[:3], losses=True) is None


def test_the_machine_is_drawn_over_minutes() -> None:
    figure = machine_curves(TOLD)
    assert [trace.name for trace in figure.data] == ["processors", "memory"]
    assert list(figure.data[0].x) == [1.0]
    assert "processors 80 %, memory 40 %" in alt_text(figure)
    assert machine_curves(TOLD[:3]) is None
