"""The reader of an installation: this process's own, or one that asks those on a Ray cluster."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cervix_models.cluster import connect
from cervix_models.contracts import Image, ModelUse, Segmentation
from cervix_models.errors import CervixError, ClusterError
from cervix_models.predictors import OutlineReader
from cervix_models.services.defaults import Defaults
from cervix_models.services.reader import Finding, Reader, Voice, uses_of
from cervix_models.services.serving import NAME, Question
from cervix_models.settings import Settings

if TYPE_CHECKING:
    from cervix_models.explain import Explains

PATIENCE = 120.0  # seconds that an answer may take, also while another copy starts


def open_reader(settings: Settings, defaults: Defaults | None = None) -> Reader:
    """What reads here: the models in this process, or where the settings name a cluster, those
    served there. Raises WeightsError and ClusterError."""
    return ServedReader(settings, defaults) if settings.ray_address else Reader(settings, defaults)


class ServedReader(Reader):
    """Asks the readers on a cluster; answers are theirs, and nothing here steps in for them.

    Parts of models that other pages look into are loaded in this process by the first who asks.
    """

    def __init__(self, settings: Settings, defaults: Defaults | None = None) -> None:
        """Finds the readers. Raises WeightsError where a card is missing here, ClusterError where
        the cluster cannot be joined or serves no readers."""
        self.settings, self.defaults = settings, defaults or Defaults()
        self._loading = threading.Lock()
        self._voices: dict[str, Voice] = {}
        self._explainers: dict[str, Explains | None] = {}
        self._outliners: dict[str, OutlineReader] = {}
        self.models_of()
        connect(settings)
        self._readers = _found()

    @property
    def outlines(self) -> OutlineReader:  # type: ignore[override]  # loaded when it is asked for
        """The default segmenter, in this process."""
        return self.outliner(self.defaults.segmenter)

    def voice(self, name: str | None = None) -> Voice:
        """As of every reader, in this process; the default one first, whose gate others share."""
        super().voice()
        return super().voice(name)

    def models_of(self, classifier: str | None = None) -> tuple[ModelUse, ...]:
        """The weights that speak in a reading by this classifier. Raises WeightsError."""
        name = classifier or self.defaults.classifier
        return uses_of(name, self.defaults.segmenter, self.settings)

    def read_many(
        self, images: Sequence[Image], *, with_heat: bool = False, classifier: str | None = None
    ) -> list[Finding]:
        """The findings of several pictures, by the cluster. Raises WeightsError, ClusterError."""
        return self._ask(images, None, with_heat, classifier)

    def judge(
        self,
        images: Sequence[Image],
        masks: Sequence[Segmentation],
        *,
        with_heat: bool = False,
        classifier: str | None = None,
    ) -> list[Finding]:
        """The findings of pictures whose outlines are known, by the cluster. Raises WeightsError,
        ClusterError."""
        return self._ask(images, masks, with_heat, classifier)

    def _ask(
        self,
        images: Sequence[Image],
        masks: Sequence[Segmentation] | None,
        with_heat: bool,
        classifier: str | None,
    ) -> list[Finding]:
        from ray.exceptions import RayError
        from ray.serve.exceptions import RayServeException

        name = classifier or self.defaults.classifier
        question = Question(
            images, masks, with_heat, name, self.defaults, self.models_of(classifier)
        )
        try:
            found: list[Finding] = self._readers.read.remote(question).result(timeout_s=PATIENCE)
        except CervixError:
            raise
        except TimeoutError as problem:
            raise ClusterError(
                f"The readers on the cluster did not answer within {PATIENCE:.0f} seconds; "
                "sooner was expected. Ask again, or give them more machines."
            ) from problem
        except (RayError, RayServeException, ConnectionError, RuntimeError) as problem:
            cause = getattr(problem, "cause", None)
            if isinstance(cause, CervixError):
                raise cause from problem
            raise ClusterError(
                f"The readers on the cluster failed ({problem}); an answer was expected. See the "
                "logs of Ray Serve, and serve again: python -m cervix_models cluster serve"
            ) from problem
        return found


def _found() -> Any:
    """The readers that the cluster serves. Raises ClusterError where it serves none."""
    from ray import serve
    from ray.exceptions import RayError
    from ray.serve.exceptions import RayServeException

    try:
        return serve.get_app_handle(NAME)
    except (RayServeException, RayError) as problem:
        raise ClusterError(
            f"The cluster serves no readers ({problem}); those of CERVIX_RAY_ADDRESS were "
            "expected. Start them: python -m cervix_models cluster serve. Or unset the address to "
            "read in this process."
        ) from problem
