"""``reluctant info``: what serves which activation, and why."""

from __future__ import annotations

import json
import sys

import pytest

from reluctant.activations import all_activations
from reluctant.cli import info
from reluctant.kernels._choice import Choice


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Memory is measured with a tensor that takes no time."""
    monkeypatch.setattr(info, "ELEMENTS", 1 << 12)


def test_json_holds_every_activation(reluctant):
    told = json.loads(reluctant("info", "--json").out)
    assert {activation.name for activation in all_activations()} <= {row["activation"] for row in told["served"]}
    assert "gelu(approximate=tanh)" in {row["activation"] for row in told["served"]}
    assert told["memory"]["new_ns"] > 0
    for row in told["served"]:
        assert row["by"] in ("kernel", "torch")
        assert row["why"]
    assert bool(told["kernels"]) != bool(told["no_kernels"])


def test_all_are_listed_and_one_says_why(reluctant, monkeypatch):
    def choice(activation, dtype, device):
        if activation.name == "mish":
            return Choice(object(), 2048, "compiled kernel: twice as fast")
        return Choice(None, 0, "torch's own operator is as fast")

    monkeypatch.setattr("reluctant.kernels._choice.choice", choice)
    lines = reluctant("info").out.splitlines()
    assert lines[0].startswith("reluctant ")
    assert [line.split() for line in lines if line.startswith("mish")] == [["mish", *["from", "2,048"] * 3]]
    assert [line.split() for line in lines if line.startswith("relu ")] == [["relu", *["torch"] * 3]]
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "Why: reluctant info ACTIVATION"
    why = reluctant("info", "mish").out
    assert "kernel from 2,048 elements" in " ".join(why.split())
    assert "compiled kernel: twice as" in " ".join(why.split())


def test_one_activation_alone(reluctant):
    told = json.loads(reluctant("info", "elu(alpha=0.5)", "--json").out)["served"]
    assert {row["activation"] for row in told} == {"elu(alpha=0.5)"}
    assert sorted(kind for row in told for kind in row["types"]) == ["bfloat16", "float16", "float32"]
    lines = reluctant("info", "elu").out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("elu", "celu", "relu "))] == ["elu"]


def test_one_reason_for_all_is_told_once(reluctant, monkeypatch):
    monkeypatch.setattr("reluctant.kernels._choice.choice", lambda activation, dtype, device: Choice(None, 0, "no compiler was found"))
    assert "Every activation is served by torch: no compiler was found." in reluctant("info").out


@pytest.mark.skipif(sys.platform != "linux", reason="there is advice for Linux alone")
@pytest.mark.parametrize(("pages", "variable", "advice"), [
    ("always [madvise] never", "", "THP_MEM_ALLOC_ENABLE=1"),
    ("always [madvise] never", "1", "MALLOC_MMAP_MAX_=0"),
    ("always madvise [never]", "", "MALLOC_MMAP_MAX_=0"),
])
def test_advice_about_large_tensors(monkeypatch, tmp_path, pages, variable, advice):
    file = tmp_path / "enabled"
    file.write_text(pages)
    monkeypatch.setattr(info, "HUGE_PAGES", file)
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", variable)
    monkeypatch.setattr(info, "DEAR", 0.0)
    assert advice in info.gather([]).memory.advice


def test_no_advice_where_new_memory_costs_no_more(monkeypatch):
    monkeypatch.setattr(info, "DEAR", float("inf"))
    assert info.gather([]).memory.advice == ""
