"""Many trials of one script: what is tried, where it runs, and what it showed."""

from ._by_hand import by_hand
from ._compared import Compared, compared
from ._conduct import conduct
from ._cores import cores
from ._duration import seconds_in
from ._file import dumps_study, is_study, load_study, resumed, save_study
from ._halving import due, stopped_early, trials_left
from ._job import OUTPUT, Ended, Job, job, result_of
from ._losses import Losses, losses_of, mean_curve, starting_level
from ._paired import FEWEST_PAIRS, LEVEL, Answer, Paired, holm_levels, paired
from ._remedies import arm_against, drawn_arms
from ._study import UNTREATED, Arm, Found, Plan, PlannedTrial, Result, Study
from ._verdict import judged
from .executors import Executor, executor, executors

__all__ = [
    "FEWEST_PAIRS", "LEVEL", "OUTPUT", "UNTREATED", "Answer", "Arm", "Compared", "Ended", "Executor", "Found", "Job", "Losses",
    "Paired", "Plan", "PlannedTrial", "Result", "Study", "arm_against", "by_hand", "compared", "conduct", "cores", "drawn_arms",
    "due", "dumps_study", "executor", "executors", "holm_levels", "is_study", "job", "judged", "load_study", "losses_of",
    "mean_curve", "paired", "result_of", "resumed", "save_study", "seconds_in", "starting_level", "stopped_early", "trials_left",
]  # fmt: skip
