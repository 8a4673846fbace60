"""What one observed run saved, as plain data, and its file. Never imports torch."""

from ._cause import CAUSES, Cause, CauseDescription, CauseKind
from ._file import Document, dumps, load, loads, refuse_existing, save, write
from ._finding import Comparison, Finding, NotJudged, ProposedTreatment, Root, Severity, TrialCurve, TrialVerdict
from ._location import Location
from ._loss_curve import LossCurve, LossPoint
from ._recording import (
    FAILURE,
    FORMAT,
    SHARE_BINS,
    Graph,
    InputStatistics,
    Layer,
    LayerMoment,
    Loss,
    Node,
    NodeKind,
    Optimizer,
    OptimizerGroup,
    Parameter,
    ParameterMoment,
    Recording,
    ShareHistogram,
    Silence,
    Site,
    SiteMoment,
    UnitWindow,
    Unobserved,
    ValueStatistics,
)
from ._trial import Applied, Curve, Goal, NotApplied, SeedCall, TreatmentReport, Trial

__all__ = [
    "CAUSES", "FAILURE", "FORMAT", "SHARE_BINS", "Applied", "Cause", "CauseDescription", "CauseKind", "Comparison",
    "Curve", "Document", "Finding", "Goal", "Graph", "InputStatistics", "Layer", "LayerMoment", "Location", "Loss", "LossCurve",
    "LossPoint", "Node", "NodeKind", "NotApplied", "NotJudged", "Optimizer", "OptimizerGroup", "Parameter", "ParameterMoment",
    "ProposedTreatment", "Recording", "Root", "SeedCall", "Severity", "ShareHistogram", "Silence", "Site", "SiteMoment",
    "TreatmentReport", "Trial", "TrialCurve", "TrialVerdict", "UnitWindow", "Unobserved", "ValueStatistics", "dumps", "load",
    "loads", "refuse_existing", "save", "write",
]  # fmt: skip
