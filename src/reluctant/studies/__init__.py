"""Many trials of one script: what is tried, where it runs, and what it showed."""

from ._arms import activation_arms, arm_against, drawn_arms, roots
from ._compared import Compared, check_comparable, compared
from ._conduct import Conduct, Progress, conduct
from ._file import dumps_study, is_study, load_study, resumed, save_study
from ._halving import due, stopped_early, trials_left
from ._job import OUTPUT, Ended, Job, job, result_of, trial_command
from ._losses import Losses, losses_of, mean_curve, starting_level
from ._options import StudyOptions, seconds_in
from ._paired import FEWEST_PAIRS, LEVEL, Answer, Paired, holm_levels, paired
from ._source_change import source_change
from ._study import UNTREATED, Arm, Found, Plan, PlannedTrial, Result, Study
from ._treat import Change, TreatedScript, changes, cure, patch, treat_script
from ._verdict import judged
from .executors import Executor, executor, executors

__all__ = [
    "FEWEST_PAIRS", "LEVEL", "OUTPUT", "UNTREATED", "Answer", "Arm", "Change", "Compared", "Conduct", "Ended", "Executor", "Found",
    "Job", "Losses", "Paired", "Plan", "PlannedTrial", "Progress", "Result", "Study", "StudyOptions", "TreatedScript",
    "activation_arms", "arm_against", "changes", "check_comparable", "compared", "conduct", "cure", "drawn_arms", "due", "dumps_study",
    "executor", "executors", "holm_levels", "is_study", "job", "judged", "load_study", "losses_of", "mean_curve", "paired", "patch",
    "result_of", "resumed", "roots", "save_study", "seconds_in", "source_change", "starting_level", "stopped_early", "treat_script",
    "trial_command", "trials_left",
]  # fmt: skip
