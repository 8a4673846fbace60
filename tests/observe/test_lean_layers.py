"""A script that trains with reluctant.nn: its run is the same to the last bit, and every activation is seen where it is."""

from __future__ import annotations

import json

import pytest
import torch

from reluctant.activations import get
from reluctant.kernels._choice import choice

from .runs import SCRIPTS, observed, plain

SCRIPT = "lean_layers.py"
KINDS = ("mish", "prelu", "rrelu", "elu", "squared_relu", "tanh", "softplus")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    file = tmp_path_factory.mktemp("lean") / "run.json"
    return plain(SCRIPT), observed("-o", str(file), SCRIPT), json.loads(file.read_text())


def test_the_same_bits(runs):
    alone, watched, _ = runs
    assert alone.code == watched.code == 0, alone.err + watched.err
    assert watched.out == alone.out


@pytest.mark.parametrize("kind", KINDS)
def test_a_site_for_each_activation_at_its_line(runs, kind):
    *_, recording = runs
    if kind == "squared_relu" and choice(get(kind), torch.float32).kernel is None:
        pytest.skip("torch makes it of two operations")
    lines = (SCRIPTS / SCRIPT).read_text().splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.endswith(f"  # {kind}")]
    (site,) = [one for one in recording["sites"] if one["operation"] == kind]
    assert (site["place"]["line"], site["called"]["line"]) == (line, line)
    assert site["place"]["file"].endswith(SCRIPT)
    assert site["spelling"] == ("module" if "self." in lines[line - 1] else "functional")
    assert site["after"] == ("" if kind == "softplus" else f"layers.{KINDS.index(kind)}")  # a product of two halves is no layer
    assert site["whole"]["samples"] == recording["measured_steps"] * 1024  # a busy machine measures fewer of the steps
    assert site["module_type"] == {"prelu": "PReLU", "rrelu": "RReLU", "softplus": "LinearActivation"}.get(kind, "")


def test_numbers_of_the_sites(runs):
    *_, recording = runs
    assert recording["measured_steps"] > 0
    (elu,) = [one for one in recording["sites"] if one["operation"] == "elu"]
    assert elu["parameters"] == {"alpha": 0.5}


def test_the_gated_pair_is_a_product(runs):
    *_, recording = runs
    (product,) = [node for node in recording["graphs"][0]["nodes"] if node["kind"] == "product"]
    assert product["operation"] == ("swiglu" if choice(get("swiglu"), torch.float32).kernel is not None else "mul")


def test_the_linear_layer_that_owns_its_activation_is_a_layer(runs):
    *_, recording = runs
    assert [layer["name"] for layer in recording["layers"]] == [*(f"layers.{index}" for index in range(6)), "gate", "last"]
