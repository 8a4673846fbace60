"""Every error says what happened, where, and what to do."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path

import pytest

from reluctant import errors
from reluctant.errors import MissingExtraError, RecordingError, ReluctantError, UnknownNameError, UsageError, close_matches
from reluctant.optional import require

EXAMPLES: dict[type[ReluctantError], ReluctantError] = {
    ReluctantError: ReluctantError("it broke", where="train.py:3", advice="Mend it"),
    UsageError: UsageError("the file exists", where="run.json", advice="Give another name, or --force"),
    RecordingError: RecordingError("it is no recording", where="run.json", advice="Record one with `reluctant run`"),
    errors.DefinitionError: errors.DefinitionError("the rule has no docstring", where="rules/mine.py", advice="Write one"),
    UnknownNameError: UnknownNameError("rule", "RL210", ["RL101", "RL201"], where="--select"),
    MissingExtraError: MissingExtraError("ray", extra="ray", purpose="the Ray executor"),
}

every = pytest.mark.parametrize("error", EXAMPLES.values(), ids=lambda error: type(error).__name__)


def test_every_error_has_an_example() -> None:
    defined = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, ReluctantError)}
    assert set(EXAMPLES) == defined


@every
def test_message_has_its_parts(error: ReluctantError) -> None:
    message = str(error)
    assert error.what in message
    assert message.startswith(f"{error.where}: " if error.where else error.what)
    assert error.advice
    assert error.advice in message
    assert "\n" not in message
    assert error.exit_code == 2


@every
def test_errors_travel_between_processes(error: ReluctantError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_sentences_end_once() -> None:
    assert str(UsageError("no such file", where="a.py", advice="Is it `b.py`?")) == "a.py: no such file. Is it `b.py`?"
    assert str(UsageError("done.")) == "done."


def test_unknown_name_is_answered_with_those_that_exist() -> None:
    error = UnknownNameError("activation", "Releu", ["elu", "relu", "tanh"])
    assert str(error) == "no activation is called 'Releu'. Did you mean relu or elu? Known: elu, relu, tanh."
    assert error.close == ("relu", "elu")
    assert str(UnknownNameError("rule", "x", [])) == "no rule is called 'x'. There are none."
    assert str(UnknownNameError("rule", "x", ["dead-units"])) == "no rule is called 'x'. Known: dead-units."


def test_close_matches_do_not_mind_case() -> None:
    assert close_matches("leakyrelu", ["LeakyReLU", "ReLU", "Tanh"])[0] == "LeakyReLU"
    assert close_matches("zzz", ["LeakyReLU"]) == ()


def test_require_gives_the_module() -> None:
    assert require("json", extra="none") is sys.modules["json"]
    assert require("os.path", extra="none") is sys.modules["os.path"]


@pytest.mark.parametrize("library", ["no_such_library", "no_such_library.part"])
def test_require_says_how_to_install(library: str) -> None:
    with pytest.raises(MissingExtraError) as raised:
        require(library, extra="ray", purpose="the Ray executor")
    assert str(raised.value) == f"the Ray executor needs {library}, which is not installed. Install it with `pip install 'reluctant[ray]'`"
    with pytest.raises(MissingExtraError, match=f"^{library} is not installed. Install it with"):
        require(library, extra="ray")


def test_require_tells_missing_from_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lacks_a_part.py").write_text("import no_such_library")
    (tmp_path / "does_not_import.py").write_text("from json import no_such_name")
    with pytest.raises(MissingExtraError, match=r"^lacks_a_part needs no_such_library, which is not installed"):
        require("lacks_a_part", extra="ray")
    with pytest.raises(MissingExtraError, match=r"^does_not_import does not import here \(cannot import name 'no_such_name'"):
        require("does_not_import", extra="ray")
