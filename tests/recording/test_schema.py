"""The published schema is the one of the data classes, and real documents keep to it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from reluctant.recording import Document, Finding, Layer, LayerMoment, Recording, dumps, loads
from reluctant.recording._schema import schema
from tests import recordings

PUBLISHED = Path(__file__).parents[2] / "docs" / "recording.schema.json"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def test_the_published_schema_is_true() -> None:
    written = json.dumps(schema(), indent=2) + "\n"
    assert PUBLISHED.read_text() == written, f"write it anew: python -m reluctant.recording._schema > docs/{PUBLISHED.name}"


@pytest.mark.parametrize(
    "document",
    [
        Document(),
        recordings.healthy_document(),
        recordings.blocked_document(),
        recordings.hostile_document(),
        Document(recordings.killed_run()),
        Document(recordings.nothing_observed()),
    ],
)
def test_documents_keep_to_the_schema(document: Document, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(json.loads(dumps(document)))


SCRIPT = """
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(64, 4), torch.randint(3, (64,))
model = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(), nn.Conv1d(64, 64, 1), nn.BatchNorm1d(16), nn.ELU(), nn.Linear(16, 3), nn.Softmax(1))
optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
for step in range(12):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
"""


@pytest.mark.parametrize("rate", ["0.1", "1e30"], ids=["sound", "diverged"])
def test_an_observed_run_keeps_to_the_schema(rate: str, tmp_path: Path, validator: jsonschema.Draft202012Validator) -> None:
    (tmp_path / "train.py").write_text(SCRIPT.replace("RATE", rate))
    command = [sys.executable, "-m", "reluctant", "run", "-q", "-o", "run.json", "train.py"]
    subprocess.run(command, cwd=tmp_path, check=True)
    text = (tmp_path / "run.json").read_text()
    validator.validate(json.loads(text))
    assert len(loads(text).recording.sites) == 3
    assert dumps(loads(text)) == text


def test_numbers_that_json_lacks_keep_to_the_schema(validator: jsonschema.Draft202012Validator) -> None:
    layer = Layer(0, "linear", moments=(LayerMoment(0, math.nan, math.inf, -math.inf),))
    finding = Finding("RL303", "non-finite-values", "error", "m", evidence={"loss": math.nan})
    validator.validate(json.loads(dumps(Document(Recording(layers=(layer,)), (finding,)))))


@pytest.mark.parametrize(
    ("key", "value"),
    [("format", 2), ("steps", "many"), ("sites", {}), ("overhead_share", "a lot"), ("findings", [{"code": "RL201"}])],
)
def test_other_documents_do_not(key: str, value: object, validator: jsonschema.Draft202012Validator) -> None:
    written = json.loads(dumps(recordings.healthy_document()))
    written[key] = value
    assert not validator.is_valid(written)


def test_fields_are_described() -> None:
    assert schema()["$defs"]["Silence"]["properties"]["last_alive_step"]["description"].startswith("Last measured step")
    assert schema()["$defs"]["Site"]["description"].startswith("One activation call")
