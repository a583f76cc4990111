"""Cell pictures read by a pool of readers on a Ray cluster, with Ray Data.

Each part is read whole by one reader, as one process reads it, so that the numbers do not depend on
how many readers there are. The pictures themselves go over the network: the machines of the cluster
need not see the folder.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cervix_models.cluster import at_node, connect
from cervix_models.errors import ClusterError
from cervix_models.services.bulk import Job, models_of, part_of, ready, sent
from cervix_models.settings import Settings

log = logging.getLogger(__name__)

AT_ONCE = 64  # parts that are sent before their rows are waited for: about 2,000 pictures


def read_on_cluster(
    job: Job, settings: Settings, models: str, parts: Sequence[Sequence[Path]]
) -> Iterator[tuple[bytes, int]]:
    """Of each part, as it is read, its rows as a Parquet file and how many they are.

    Raises ClusterError where the cluster cannot be joined, has other weights, or fails.
    """
    ray = connect(settings)
    from ray.data import ActorPoolStrategy, DataContext, from_items

    DataContext.get_current().enable_progress_bars = False
    for start in range(0, len(parts), AT_ONCE):
        rows = [_sent(job, part) for part in parts[start : start + AT_ONCE]]
        readers = min(job.processes, len(rows))
        read = from_items(rows, override_num_blocks=len(rows)).map_batches(
            PartReader,
            fn_constructor_args=(job, settings, models),
            batch_size=1,
            zero_copy_batch=True,
            compute=ActorPoolStrategy(size=readers),
            num_cpus=settings.threads,
        )
        try:
            for row in read.iter_rows():
                yield row["table"], int(row["rows"])
        except ray.exceptions.RayError as problem:
            raise _failed(problem) from problem


def _sent(job: Job, part: Sequence[Path]) -> dict[str, Any]:
    names, contents = zip(*(sent(job, path) for path in part), strict=True)
    return {"names": list(names), "contents": list(contents)}


def _failed(problem: Exception) -> ClusterError:
    cause = getattr(problem, "cause", None)
    if isinstance(cause, ClusterError):
        return cause
    return ClusterError(
        f"The cluster stopped reading ({cause or problem}); what was read is kept. The same "
        "command goes on from there, on the cluster once it is well, or here with "
        "CERVIX_RAY_ADDRESS unset."
    )


class PartReader:
    """What one member of the pool reads with: its models are loaded once."""

    def __init__(self, job: Job, settings: Settings, models: str) -> None:
        """Loads the models of this machine. Raises ClusterError where they are not `models`."""
        here = at_node(settings)
        found = models_of(job.classifier, here, job.defaults.segmenter)
        if found != models:
            raise ClusterError(
                f"A machine of the cluster has other weights ({found}) in {here.weights} than "
                f"were asked for ({models}); the same were expected on all. Bring the machines "
                "up to date, or let each name its folder in CERVIX_WEIGHTS."
            )
        self.worker = ready(here, job, models)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The rows of one part."""
        (names,), (contents,) = batch["names"], batch["contents"]
        table = part_of(self.worker, list(zip(names, contents, strict=True)))
        return {"table": [table], "rows": [len(names)]}
