"""The file of a recording: what is saved comes back, and what is no recording is refused in words."""

from __future__ import annotations

import json
import math
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reluctant.errors import RecordingError, UsageError
from reluctant.recording import (
    FORMAT,
    Document,
    Finding,
    Graph,
    Layer,
    Loss,
    NotJudged,
    Optimizer,
    Parameter,
    Recording,
    Site,
    SiteMoment,
    dumps,
    load,
    loads,
    save,
)
from tests import recordings

FIRST_KEYS = [
    "format", "reluctant", "torch", "python", "script", "arguments", "exit_code", "steps", "measured_steps", "overhead_share",
    "sites", "layers", "findings",
]  # fmt: skip
FINDING_KEYS = ["code", "name", "severity", "message", "file", "line", "layer", "evidence", "cause", "because_of", "treatments"]

NUMBERS = st.floats() | st.integers() | st.booleans() | st.none()
TEXTS = st.text().filter(lambda text: text not in ("NaN", "Infinity", "-Infinity"))
EVIDENCE = st.dictionaries(
    st.text(), st.recursive(NUMBERS | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
)


def few(kind: type) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.from_type(kind), max_size=2).map(tuple)


DOCUMENTS = st.builds(
    Document,
    recording=st.builds(
        Recording,
        sites=few(Site),
        layers=few(Layer),
        parameters=few(Parameter),
        optimizers=few(Optimizer),
        graphs=few(Graph),
        losses=few(Loss),
    ),
    findings=st.lists(st.builds(Finding, evidence=EVIDENCE), max_size=2).map(tuple),
    not_judged=few(NotJudged),
)


@given(DOCUMENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_written_comes_back(document: Document) -> None:
    assert repr(loads(dumps(document))) == repr(document)  # by text, because NaN is not equal to itself


@pytest.mark.parametrize("build", [recordings.healthy_mlp, recordings.blocked_layer, recordings.nothing_observed, recordings.killed_run])
def test_real_recordings_come_back(build, tmp_path: Path) -> None:
    document = Document(build())
    save(document, tmp_path / "run.json")
    assert load(tmp_path / "run.json") == document


def test_findings_come_back(tmp_path: Path) -> None:
    document = recordings.blocked_document()
    save(document, tmp_path / "run.json")
    assert load(tmp_path / "run.json") == document


def test_the_keys_that_scripts_rely_on_come_first_and_in_order() -> None:
    written = json.loads(dumps(recordings.blocked_document()))
    assert list(written)[: len(FIRST_KEYS)] == FIRST_KEYS
    assert list(written)[-2:] == ["not_judged", "baseline"]
    assert written["format"] == FORMAT
    assert set(FINDING_KEYS) <= set(written["findings"][0])
    assert set(written["findings"][2]["cause"]) == {"kind", "verified", "evidence"}
    assert written["findings"][0]["because_of"] == {"code": "RL202", "file": recordings.SCRIPT, "line": 32}
    assert set(written["findings"][2]["treatments"][0]) >= {"name", "arguments", "verdict", "trials"}


def test_each_site_and_finding_has_a_line_of_its_own() -> None:
    lines = dumps(recordings.blocked_document()).splitlines()
    assert sum(line.startswith('  {"id":') and '"operation":"relu"' in line for line in lines) >= 3
    assert sum(line.startswith('  {"code":"RL') for line in lines) == 5  # three findings, two not judged


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_survive_everywhere(number: float) -> None:
    moment = SiteMoment(0, 1, 0.0, 0.0, 0.0, slope_rms=number, output_rms=number)
    site = Site(0, "elu", {"alpha": number}, moments=(moment,))
    finding = Finding("RL303", "non-finite-values", "error", "m", evidence={"loss": number, "losses": [1.0, number], "deep": {"x": number}})
    text = dumps(Document(Recording(sites=(site,)), (finding,)))
    read = loads(text)
    assert repr(read.recording.sites[0]) == repr(site)
    assert repr(read.findings[0].evidence) == repr(finding.evidence)
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


def test_a_text_that_looks_like_a_number_stays_a_text() -> None:
    recording = Recording(script="NaN", torch="1", arguments=("Infinity", "null", "1e3"))
    assert loads(dumps(Document(recording))).recording == recording


def test_numbers_of_numpy_in_evidence_become_plain() -> None:
    finding = Finding("RL201", "dead-units", "error", "m", evidence={"share": np.float32(0.5), "units": np.int64(3), "all": np.bool_(True)})
    assert loads(dumps(Document(findings=(finding,)))).findings[0].evidence == {"share": 0.5, "units": 3, "all": True}
    finding = replace(finding, evidence={"share": np.float64("nan")})
    assert math.isnan(loads(dumps(Document(findings=(finding,)))).findings[0].evidence["share"])


def test_other_objects_in_evidence_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="not complex"):
        dumps(Document(findings=(Finding("RL201", "dead-units", "error", "m", evidence={"share": 1j}),)))


def test_file_names_that_are_no_utf8_are_written() -> None:
    recording = loads(dumps(Document(Recording(script="tr\udc80in.py")))).recording
    assert recording.script == r"tr\udc80in.py"


def test_unknown_keys_are_passed_over() -> None:
    written = json.loads(dumps(recordings.healthy_document()))
    written["sites"][0]["mood"] = written["weather"] = "fine"
    assert loads(json.dumps(written)) == recordings.healthy_document()


def test_a_recording_from_before_a_field_came_is_read() -> None:
    written = json.loads(dumps(Document(Recording(kept_bytes=220))))
    assert written.pop("kept_bytes") == 220
    assert loads(json.dumps(written)) == Document(Recording(kept_bytes=None))


def test_a_byte_order_mark_is_passed_over() -> None:
    assert loads(b"\xef\xbb\xbf" + dumps(recordings.healthy_document()).encode()) == recordings.healthy_document()


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("the file was unpickled",)


FOREIGN = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "text": (b"step 1 loss 2.3\n", "not JSON"),
    "pickle": (pickle.dumps(Bomb()), "not JSON"),
    "binary": (bytes(range(256)), "not JSON"),
    "utf-16": ('{"format": 1}'.encode("utf-16"), "not JSON"),
    "invalid utf-8": (b'{"format": 1, "reluctant": "\xff\xfe", "sites": []}', "not JSON|does not have the form"),
    "number": (b"1", "no recording"),
    "list": (b"[1, 2]", "no recording"),
    "other JSON": (b'{"meta": {"format": 3}, "files": {}}', "no recording"),
    "other JSON with a format": (b'{"format": "csv", "rows": []}', "no recording"),
    "two documents": (b'{"format": 1, "reluctant": "0.1", "sites": []} {}', "not JSON"),
    "deep": (b"[" * 200_000, "no recording|not JSON"),
    "deep inside": (b'{"format": 1, "reluctant": "0.1", "sites": ' + b"[" * 200_000, "not JSON|ends in the middle"),
    "newer": (b'{"format": 999, "reluctant": "9.0", "sites": 7}', "format 999.*Reluctant 9.0"),
    "zero": (b'{"format": 0, "reluctant": "9.0", "sites": []}', "never existed"),
    "wrong part": (b'{"format": 1, "reluctant": "0.1", "sites": [{"id": "first"}]}', r"sites\[0\]|form it should have"),
    "null number": (b'{"format": 1, "reluctant": "0.1", "sites": [], "seconds": null}', "seconds"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_recording_is_refused_in_words(kind: str, tmp_path: Path) -> None:
    data, said = FOREIGN[kind]
    path = tmp_path / "run.json"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=said) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.3, 0.5, 0.9, 0.9999])
def test_a_truncated_recording_says_that_it_is_truncated(share: float, tmp_path: Path) -> None:
    data = dumps(recordings.blocked_document()).rstrip().encode()
    path = tmp_path / "run.json"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(RecordingError, match="ends in the middle"):
        load(path)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(RecordingError):
        loads(data)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_recording_is_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(dumps(Document(recordings.healthy_mlp())).encode()[:6000])
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with pytest.raises(RecordingError):
        loads(bytes(text))


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        load(tmp_path / "none.json")
    with pytest.raises(RecordingError, match="directory"):
        load(tmp_path)
    with pytest.raises(RecordingError, match="null"):
        load("run\0.json")


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("precious")
    with pytest.raises(UsageError, match=r"run\.json: the file exists.*--force"):
        save(Document(), path)
    assert path.read_text() == "precious"
    save(Document(), path, force=True)
    assert load(path) == Document()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    path.write_text("precious")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match="no space left on device"):
        save(Document(), path, force=True)
    assert os.listdir(tmp_path) == ["run.json"]
    assert path.read_text() == "precious"


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: no such file or directory"):
        save(Document(), tmp_path / "missing" / "run.json")
    with pytest.raises(UsageError, match="null"):
        save(Document(), "run\0.json")
    with pytest.raises(UsageError, match="directory"):
        save(Document(), tmp_path)


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    save(Document(), tmp_path / "link.json", force=True)
    assert (tmp_path / "link.json").is_symlink()
    assert load(tmp_path / "real.json") == Document()


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="the system has no /dev/null")
def test_a_device_takes_the_text_and_stays_a_device() -> None:
    save(Document(), "/dev/null")
    assert not os.path.isfile("/dev/null")


def test_permissions_are_as_for_any_new_file_and_stay_with_force(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    before = os.umask(0o027)
    try:
        save(Document(), path)
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o600)
        save(Document(), path, force=True)
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
