"""What one observed run saved, as plain data.

Every noun here is a frozen dataclass that can be written by hand in a test, saved, loaded and judged again.
Nothing in this package imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ._location import Location
from ._loss_curve import LossCurve
from ._trial import Trial

FORMAT = 1
"""Version of the saved document. Names in it change only together with this number."""

SHARE_BINS = 20
"""Number of equal bins between 0 and 1 in a `ShareHistogram`."""


@dataclass(frozen=True, slots=True)
class ShareHistogram:
    """How a share (0 to 1) that each unit has is spread over the units of a site.

    A unit whose share is exactly 0 or exactly 1 is counted in `zero` or `one` and in no bin.
    """

    zero: int = 0
    bins: tuple[int, ...] = (0,) * SHARE_BINS
    """Units with a share in ``[i/20, (i+1)/20)``, the ends excluded."""
    one: int = 0

    @property
    def units(self) -> int:
        """Number of units counted."""
        return self.zero + sum(self.bins) + self.one

    def at_least(self, share: float) -> int:
        """Units whose share is at least `share` (a multiple of 0.05)."""
        first = round(share * SHARE_BINS)
        return sum(self.bins[first:]) + self.one + (self.zero if first <= 0 else 0)


@dataclass(frozen=True, slots=True)
class UnitWindow:
    """What the units of a site did over a stretch of measured passes."""

    first_step: int
    last_step: int
    samples: int
    """Samples each unit was seen on."""
    passes: ShareHistogram
    """Per unit: share of samples whose slope is not 0. `passes.zero` is the number of silent units."""
    open: ShareHistogram
    """Per unit: share of samples on the straight part with the activation's full slope (ReLU: above 0). `open.one` is the number
    of units that are always on.
    """
    flat: ShareHistogram
    """Per unit: share of samples whose slope is below `FLAT_SLOPE` of the largest slope."""
    zero_share: float = 0.0
    """Share of output entries that are exactly 0."""
    slope_spread: float | None = None
    """Standard deviation of the slope over all entries of the window; 0 for an activation that acts as a straight line."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Units of one site that fell silent at the same moment and have passed no gradient since."""

    units: int
    last_alive_step: int
    """Last measured step at which they passed gradient; -1 when they never did."""
    first_silent_step: int
    samples: int
    """Samples in a row on which each of them passed nothing."""


@dataclass(frozen=True, slots=True)
class SiteMoment:
    """One site at one measured step (several calls in one step are pooled)."""

    step: int
    samples: int
    silent_share: float
    """Share of units that passed no gradient on any sample of this step."""
    open_share: float
    """Share of units that were on their straight part on every sample of this step."""
    zero_share: float
    slope_rms: float | None
    """sqrt(E[f'(z)^2]) over all entries."""
    output_rms: float | None = None
    output_mean: float | None = None
    gradient_arriving_rms: float | None = None
    gradient_leaving_rms: float | None = None
    non_finite_share: float = 0.0
    flat_share: float = 0.0
    """Share of entries whose slope is below `FLAT_SLOPE` of the largest slope."""


@dataclass(frozen=True, slots=True)
class Site:
    """One activation call in the user's code, told apart by place, operation and the layer before it."""

    id: int
    operation: str
    """Name in the catalogue (``relu``, ``leaky_relu``, ``gelu``, ``clamp`` …), ``softmax``, ``log_softmax``, ``sin`` …, or
    ``custom:NAME`` for a user's autograd Function.
    """
    parameters: dict[str, float] = field(default_factory=dict)
    """Arguments that shape it, by torch's names: ``negative_slope``, ``alpha``, ``min``, ``max``, ``beta`` …; for softmax also
    ``dim``, ``classes`` (largest size of that axis seen) and ``classes_smallest``.
    """
    spelling: str = ""
    """How it is written: ``module``, ``functional``, ``method``, ``inside`` (a compound torch module made it) or ````."""
    place: Location | None = None
    """The line a user would edit: the call, or where it was built when a container calls it."""
    called: Location | None = None
    built: Location | None = None
    module: str = ""
    """Path of the module in its model (``net.3``), empty for a functional call outside any module."""
    module_type: str = ""
    layer: int | None = None
    """Id of the `Layer` whose values it receives, where there is one."""
    after: str = ""
    """Readable name of what it follows (``fc1``, ``net.0``)."""
    units: int = 0
    unit_axis: int | None = None
    role: Literal["hidden", "gate", "output", "loss", "attention", "other"] = "hidden"
    """Its part in the graph: `gate` when its output multiplies another path, `output` when only views, reductions and a loss
    follow, `loss` when it belongs to the loss function itself.
    """
    exact: bool = True
    """Slopes come from saved values by formula (True) or from the ratio of gradients (False)."""
    calls: int = 0
    """Occurrences in one pass (an unrolled recurrent cell has many)."""
    whole: UnitWindow | None = None
    recent: UnitWindow | None = None
    """The last stretch of measured passes: what rules about the present state read."""
    start: UnitWindow | None = None
    """The first measured step alone."""
    silences: tuple[Silence, ...] = ()
    silent_units: tuple[int, ...] = ()
    """Indices of up to 64 silent units."""
    booleans: tuple[str, ...] = ()
    """Names of the parameters that were given as a bool (``LeakyReLU(True)``)."""
    slope: int | None = None
    """Id of the `Parameter` that holds a learned slope."""
    moments: tuple[SiteMoment, ...] = ()
    first_non_finite_step: int | None = None
    kept_input_bytes: int = 0
    """Bytes of its input that autograd keeps for its backward in one pass, all calls together, the most that was seen. 0 where it keeps its
    output instead, where hooks (checkpointing, offloading) decide about them, and where that was not seen.
    """
    kept_type: str = ""
    """Type of the elements of that input: ``float32``."""


@dataclass(frozen=True, slots=True)
class InputStatistics:
    """What enters a layer straight from the data (its input carries no gradient), features being the last axis or the channels."""

    samples: int
    features: int
    mean: float
    std: float
    """Over all entries."""
    minimum: float
    maximum: float
    largest_feature_mean: float
    """Largest |mean| of a feature."""
    smallest_feature_std: float
    """Smallest std among the features that vary."""
    largest_feature_std: float
    largest_offset: float
    """Largest |mean| / std among the features that vary."""
    constant_features: int = 0
    integer_valued: bool = False
    feature_means_std: float = 0.0
    """Standard deviation of the features' means."""


@dataclass(frozen=True, slots=True)
class LayerMoment:
    """One layer at one measured step."""

    step: int
    input_rms: float | None = None
    input_mean: float | None = None
    output_gradient_rms: float | None = None
    weight_gradient_rms: float | None = None
    output_rms: float | None = None
    output_mean: float | None = None
    output_unit_mean_rms: float | None = None
    """Root mean square over units of each unit's mean pre-activation (how far units sit from 0)."""
    output_unit_std: float | None = None
    """Root mean square over units of each unit's standard deviation over samples (what the input adds)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One operation with weights (linear, convolution, recurrent, embedding, matrix product with a parameter, normalisation with scale)."""

    id: int
    kind: Literal["linear", "convolution", "recurrent", "embedding", "batch_norm", "layer_norm", "group_norm", "other"]
    name: str = ""
    """Module path (``fc1``, ``net.0``) or the parameter's shape where there is none."""
    module_type: str = ""
    place: Location | None = None
    called: Location | None = None
    built: Location | None = None
    weight: int | None = None
    """Id of its weight `Parameter`; None where the weight is computed from parameters (weight norm, low-rank factors)."""
    bias: int | None = None
    fan_in: int = 0
    fan_out: int = 0
    weight_shape: tuple[int, ...] = ()
    groups: int = 1
    transposed: bool = False
    training: bool | None = None
    """For normalisation: whether batch statistics were used."""
    input: InputStatistics | None = None
    """Only where data enter here directly."""
    moments: tuple[LayerMoment, ...] = ()
    calls: int = 0


@dataclass(frozen=True, slots=True)
class ParameterMoment:
    """One parameter at one measured step, before the update and by it."""

    step: int
    mean: float
    std: float
    minimum: float
    maximum: float
    gradient_rms: float | None = None
    update_rms: float | None = None
    largest_update: float | None = None
    gradient_mean: float | None = None
    """Mean of the gradient with its sign, before any weight decay is added."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that receives gradients."""

    id: int
    name: str = ""
    shape: tuple[int, ...] = ()
    role: Literal["weight", "bias", "slope", "scale", "shift", "embedding", "other"] = "other"
    optimizer: int | None = None
    group: int | None = None
    shared: int = 1
    """In how many layers it is used."""
    moments: tuple[ParameterMoment, ...] = ()
    initialised: Location | None = None
    """The line that called torch.nn.init (or an in-place fill) on it last before training, where seen."""


@dataclass(frozen=True, slots=True)
class OptimizerGroup:
    """One parameter group of an optimizer."""

    lr: float
    weight_decay: float = 0.0
    momentum: float = 0.0
    parameters: tuple[int, ...] = ()
    lr_moments: tuple[tuple[int, float], ...] = ()
    """(step, learning rate) each time it was seen to change, at most 64."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer that made at least one step."""

    id: int
    type: str
    built: Location | None = None
    groups: tuple[OptimizerGroup, ...] = ()
    steps: int = 0


@dataclass(frozen=True, slots=True)
class ValueStatistics:
    """Values seen at one place over all measured passes."""

    count: int
    minimum: float
    maximum: float
    mean: float
    std: float
    integer_valued: bool = False
    distinct: tuple[float, ...] = ()
    """All distinct values, where there are at most 32; empty where there are more."""
    below_zero_share: float = 0.0
    above_one_share: float = 0.0
    rows_sum_to_one: bool | None = None
    """Whether each row (class axis) is positive and sums to 1; None where there is no class axis."""
    rows_log_sum_to_zero: bool | None = None
    """Whether each row (class axis) holds log-probabilities: none above 0, and their exponentials sum to 1; None where there is
    no class axis.
    """
    quantiles: tuple[float, ...] = ()
    """21 values: the 0 %, 5 %, …, 100 % quantiles of a sample of what was seen; empty where none was kept."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss call: what kind, what goes in, which targets it is compared with."""

    id: int
    kind: str
    """``cross_entropy``, ``nll_loss``, ``binary_cross_entropy``, ``binary_cross_entropy_with_logits``, ``mse_loss``, ``l1_loss``,
    ``smooth_l1_loss``, ``huber_loss``, ``kl_div``, ``poisson_nll_loss``, ``gaussian_nll_loss``, ``hinge_embedding_loss``,
    ``multi_margin_loss``, ``soft_margin_loss`` …, by torch's functional names, or ``custom`` (written by hand). A hand-written
    squared or absolute difference is ``mse_loss`` / ``l1_loss`` with `handwritten` True.
    """
    handwritten: bool = False
    place: Location | None = None
    built: Location | None = None
    graph: int = 0
    node: int = 0
    scores: int | None = None
    """Id of the graph node whose values are the predictions."""
    classes: int | None = None
    """Size of the class axis for the categorical losses; size of the last axis for the others."""
    predictions: ValueStatistics | None = None
    recent_predictions: ValueStatistics | None = None
    targets: ValueStatistics | None = None
    first_loss: float | None = None
    last_loss: float | None = None
    """Mean over the last measured passes of the backward root this loss belongs to (all terms together)."""
    options: dict[str, float] = field(default_factory=dict)
    """``log_input``, ``full``, ``beta``, ``ignore_index`` … where known."""


NodeKind = Literal[
    "data",  # a tensor that carries no gradient, or a parameter used as data
    "weight",  # a Layer
    "activation",  # a Site
    "affine",  # views, sums, constant scaling, average pooling, additions
    "product",  # two paths multiplied (gates, attention, masks)
    "normalisation",
    "pooling",  # max pooling and other selections by value
    "loss",
    "dropout",
    "elementwise",  # a non-linear elementwise operation that is no catalogue activation (pow, exp, abs, div …)
    "opaque",
]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a graph, after views were left out."""

    id: int
    operation: str
    """Autograd's name without ``Backward0``, in lower snake case: ``addmm``, ``relu``, ``max_pool2d_with_indices`` …"""
    kind: NodeKind
    inputs: tuple[int, ...] = ()
    """Ids of the nodes whose values it receives, in the operation's own order (for a weight node: its input only)."""
    shape: tuple[int, ...] = ()
    """Shape of its output, where known."""
    site: int | None = None
    layer: int | None = None
    loss: int | None = None
    place: Location | None = None
    function: str = ""
    """Name of the torch functional or module that contains it (``cross_entropy``, ``softsign``, ``TransformerEncoderLayer``),
    where one does.
    """
    scale: float | None = None
    """Of an affine node that computes scale * x + offset with constant numbers: the scale; None where it is none or not known."""
    offset: float | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """The structure of one kind of backward pass: same operations on the same parameters. Node 0 is the root (the loss)."""

    id: int
    passes: int = 0
    first_step: int = 0
    last_step: int = 0
    nodes: tuple[Node, ...] = ()
    root: Location | None = None
    """The line of the user's code that called backward."""
    truncated: bool = False


FAILURE = "everything after an error inside Reluctant"
"""What is not observed where Reluctant itself failed."""


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A thing the recording could not see, and why."""

    what: str
    why: str
    place: Location | None = None
    advice: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether the reason is an error inside Reluctant, or a torch that lacks what Reluctant needs."""
        return self.what == FAILURE


@dataclass(frozen=True, slots=True)
class Recording:
    """One observed run."""

    script: str = ""
    arguments: tuple[str, ...] = ()
    reluctant: str = ""
    torch: str = ""
    python: str = ""
    exit_code: int | None = None
    """None while the run goes on, or when it was killed."""
    finished: bool = False
    steps: int = 0
    """Optimizer steps; backward passes where no optimizer ever stepped."""
    passes: int = 0
    """Backward passes."""
    measured_steps: int = 0
    overhead_share: float | None = None
    seconds: float = 0.0
    sites: tuple[Site, ...] = ()
    layers: tuple[Layer, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    graphs: tuple[Graph, ...] = ()
    losses: tuple[Loss, ...] = ()
    loss_curves: tuple[LossCurve, ...] = ()
    not_observed: tuple[Unobserved, ...] = ()
    suppressions: tuple[tuple[str, int, str], ...] = ()
    """(file, line, selector) of each ``# reluctant: ignore[...]`` comment on a line the recording mentions."""
    device: str = "cpu"
    models: tuple[str, ...] = ()
    """Class names of the root modules that were called."""
    trial: Trial | None = None
    """The conditions of the run, where it was a trial."""
    kept_bytes: int | None = None
    """Bytes that autograd keeps for one backward pass, the most that was seen in a measured pass: memory that holds any tensor that the
    nodes of the graph save, counted once, without the parameters. None where nothing was measured, or a pass held what cannot be read.
    """
