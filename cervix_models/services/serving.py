"""Readers on a Ray cluster, by Ray Serve: each copy holds all models, and copies come and go with
the questions that wait."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cervix_models.cluster import at_node, connect
from cervix_models.contracts import Image, ModelUse, Segmentation
from cervix_models.errors import ClusterError
from cervix_models.services.defaults import Defaults
from cervix_models.services.reader import Finding, Reader, uses_of
from cervix_models.settings import Settings, set_thread_policy

log = logging.getLogger(__name__)

NAME = "cervix"
TOGETHER = 8  # questions that one run of the networks answers; more leave the processor's cache
PAUSE = 0.01  # seconds that the first of them waits for others
WAITING = 4  # questions under way at a copy, from which on another copy is started


@dataclass(frozen=True)
class Question:
    """Some pictures of cells, and who is to read them."""

    images: Sequence[Image]
    masks: Sequence[Segmentation] | None  # outlines by hand; None: by the segmenter
    with_heat: bool
    classifier: str
    defaults: Defaults
    models: tuple[ModelUse, ...]  # the weights that are expected to answer

    def goes_with(self, other: Question) -> bool:
        """Whether both can be answered in one run."""
        return all(
            getattr(self, key) == getattr(other, key)
            for key in ("with_heat", "classifier", "defaults", "models")
        ) and (self.masks is None) == (other.masks is None)


class Desk:
    """One copy of the readers, on a machine of the cluster."""

    def __init__(self, settings: Settings) -> None:
        """Loads the default models of that machine. Raises WeightsError."""
        from ray import serve

        set_thread_policy()
        self.settings = at_node(settings)
        self._reader = Reader(self.settings)
        self._loading = threading.Lock()
        gathered = serve.batch(max_batch_size=TOGETHER, batch_wait_timeout_s=PAUSE)
        self._gathered = gathered(self._answer_all)

    async def read(self, question: Question) -> list[Finding]:
        """The findings of the pictures of one question, answered with those that came beside it.

        Raises WeightsError, and ClusterError where this machine has other weights.
        """
        found: list[Finding] | Exception = await self._gathered(question)
        if isinstance(found, Exception):
            raise found
        return found

    async def _answer_all(self, questions: list[Question]) -> list[list[Finding] | Exception]:
        """The answer to each question, or why there is none; away from the loop that hears
        others."""
        return await asyncio.to_thread(answered, questions, self.answer)

    def answer(self, question: Question) -> list[Finding]:
        """The findings of one question's pictures. Raises WeightsError and ClusterError."""
        reader = self._reading(question)
        masks = question.masks
        with threadpool_limits(1, "blas"):
            if masks is None:
                masks = reader.outlines.predict(question.images)
            return reader.judge(
                question.images, masks, with_heat=question.with_heat,
                classifier=question.classifier,
            )  # fmt: skip

    def _reading(self, question: Question) -> Reader:
        """What reads by the defaults of the question; made anew after a promotion."""
        found = uses_of(question.classifier, question.defaults.segmenter, self.settings)
        if found != question.models:
            said = " and ".join(_named(each) for each in (found, question.models))
            raise ClusterError(
                f"A machine of the cluster has other weights than the app: {said}. The same were "
                "expected on all. Bring the machines up to date and serve again: "
                "python -m cervix_models cluster serve"
            )
        with self._loading:
            if self._reader.defaults != question.defaults:
                self._reader = Reader(self.settings, question.defaults)
            return self._reader


def _named(models: Sequence[ModelUse]) -> str:
    return ", ".join(f"{each.role} {each.weights}" for each in models)


def answered(questions: Sequence[Question], answer: Any) -> list[list[Finding] | Exception]:
    """The answer to each question, or the error, those that go together asked in one run."""
    out: list[list[Finding] | Exception] = [[] for _ in questions]
    for group in grouped(questions):
        some = [questions[at] for at in group]
        try:
            found = answer(joined(some))
        except Exception as problem:  # noqa: BLE001  # who asked is told, by Desk.read
            for at in group:
                out[at] = problem
            continue
        ends = np.cumsum([len(each.images) for each in some])
        for at, end, one in zip(group, ends, some, strict=True):
            out[at] = found[end - len(one.images) : end]
    return out


def grouped(questions: Sequence[Question]) -> list[list[int]]:
    """Positions of questions that go together, in the order in which their first came."""
    groups: list[list[int]] = []
    for at, question in enumerate(questions):
        mine = next((each for each in groups if question.goes_with(questions[each[0]])), None)
        if mine is None:
            groups.append([at])
        else:
            mine.append(at)
    return groups


def joined(questions: Sequence[Question]) -> Question:
    """One question of all pictures of several that go together."""
    first = questions[0]
    masks = None
    if first.masks is not None:
        masks = [mask for each in questions for mask in each.masks or ()]
    images = [image for each in questions for image in each.images]
    return Question(images, masks, first.with_heat, first.classifier, first.defaults, first.models)


@dataclass(frozen=True)
class Scale:
    """How many copies of the readers there may be."""

    least: int = 1
    most: int = 4

    def __post_init__(self) -> None:
        """Raises ClusterError where there is no such number of copies."""
        if not 1 <= self.least <= self.most:
            raise ClusterError(
                f"{self.least} to {self.most} copies of the readers were asked for; at least one, "
                "and no more than the most, were expected. Correct --least and --most."
            )


def application(settings: Settings, scale: Scale) -> Any:
    """What Ray Serve runs: copies of the readers, between the least and the most of `scale`."""
    from ray import serve

    deployment = serve.deployment(
        name="readers",
        max_ongoing_requests=2 * TOGETHER,
        autoscaling_config={
            "min_replicas": scale.least,
            "max_replicas": scale.most,
            "target_ongoing_requests": WAITING,
        },
        ray_actor_options={"num_cpus": settings.threads},
    )
    return deployment(Desk).bind(settings)


def build(args: Mapping[str, Any]) -> Any:
    """The application for a Serve config file, whose `args` may hold `least` and `most`; settings
    are those of the machine that builds it."""
    from cervix_models.settings import load_settings

    given = {key: int(args[key]) for key in ("least", "most") if key in args}
    return application(load_settings(), Scale(**given))


def serve_readers(settings: Settings, scale: Scale) -> None:
    """Has the cluster run the readers until they are taken off, whoever started them.

    Raises ClusterError where the cluster cannot be joined or the readers do not start.
    """
    connect(settings)
    from ray import serve
    from ray.serve.exceptions import RayServeException

    serve.start(proxy_location="Disabled")  # who asks is a node of the cluster: no port is opened
    try:
        serve.run(application(settings, scale), name=NAME, route_prefix=None)
    except (RayServeException, RuntimeError, TimeoutError) as problem:
        raise ClusterError(
            f"The readers did not start on the cluster ({problem}); copies that hold all models "
            "were expected. Every machine needs the weights, in CERVIX_WEIGHTS, and "
            f"{settings.threads} free processors. See the logs of Ray Serve, and serve again."
        ) from problem


def take_off(settings: Settings) -> None:
    """Ends the readers on the cluster, where there are any. Raises ClusterError."""
    connect(settings)
    from ray import serve

    serve.delete(NAME)


def served(settings: Settings) -> str:
    """How the readers on the cluster are, in one line. Raises ClusterError."""
    connect(settings)
    from ray import serve

    found = serve.status().applications.get(NAME)
    if found is None:
        return "no readers are served; start them: python -m cervix_models cluster serve"
    copies = [sum(each.replica_states.values()) for each in found.deployments.values()]
    return f"readers {found.status.lower()}, {sum(copies)} copies"
