"""What is measured, and the file it is kept in. Times are not tested: a loaded machine would fail them."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
import torch

import every_activation
from reluctant.activations import all_activations, get
from reluctant.bench import BenchStudy, decoded, encoded, plan, run, svg
from reluctant.bench._accuracy import accuracy, ulp
from reluctant.bench._member import members, subject
from reluctant.bench._timing import Times, interleaved
from reluctant.errors import UnknownNameError, UsageError
from reluctant.kernels import KernelMeasurements

needs_kernels = pytest.mark.compiled


@pytest.fixture(scope="module")
def study() -> BenchStudy:
    wanted = plan(["elu", "prelu", "swiglu"])
    return run(dataclasses.replace(wanted, elements=(1024,), rounds=3, seconds=0.05, samples=2000))


def test_every_activation_is_a_member():
    assert {member.activation.name for member in members()} == {activation.name for activation in all_activations()}
    assert {"gelu_tanh", "prelu, each channel"} <= {member.name for member in members()}


@pytest.mark.parametrize("member", tuple(members()), ids=lambda member: member.name)
def test_both_contenders_compute_the_same(member):
    if member.activation.drawn:
        pytest.skip("each draws its own numbers")
    case = subject(member, torch.float32, 4096, kernel=True)
    torch.testing.assert_close(case.ours(*case.inputs), case.eager(*case.inputs), rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(
        torch.autograd.grad(case.ours(*case.inputs), case.inputs, case.gradient),
        torch.autograd.grad(case.eager(*case.inputs), case.inputs, case.gradient),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_a_study_has_a_row_for_each_member_and_type(study):
    assert [(row.member, row.dtype) for row in study.rows] == [
        (name, dtype) for dtype in ("float32", "bfloat16") for name in ("elu", "prelu", "prelu, each channel", "swiglu")
    ]
    assert all(row.forward_ns > 0 and row.ratio > 0 for row in study.rows)


def test_a_saved_study_comes_back_as_it_was(study):
    assert decoded(encoded(study), "study.json") == study


@pytest.mark.parametrize(("data", "said"), [(b"{}", "no saved benchmark"), (b"\xff", "no saved benchmark"), (b"[1", "no saved benchmark")])
def test_a_foreign_file_is_refused(data, said):
    with pytest.raises(UsageError, match=said):
        decoded(data, "other.json")


def test_another_format_is_refused(study):
    with pytest.raises(UsageError, match="format 7"):
        decoded(encoded(dataclasses.replace(study, format=7)), "newer.json")


def test_the_picture_names_every_member(study):
    picture = svg(study)
    assert all(row.member in picture for row in study.rows)
    assert picture.startswith("<svg")
    assert picture.count('class="guide"') == len({row.elements for row in study.rows})


def test_an_activation_that_does_not_exist():
    with pytest.raises(UnknownNameError, match="eluu"):
        plan(["eluu"])


@needs_kernels
def test_errors_are_found_where_they_are():
    found = accuracy(get("gelu"), 20_000)
    assert found is not None
    # torch's GELU is an infinity or nothing like the value in its tail; the kernel's is close everywhere
    assert found.forward_by_torch.largest is None or found.forward_by_torch.largest > 1e6
    assert found.forward.largest is not None
    assert found.forward.largest < 10


@needs_kernels
def test_relu_is_exact():
    found = accuracy(get("relu"), 20_000)
    assert found is not None
    assert found.forward.largest == found.gradient.largest == found.gradient_absolute == 0


def test_the_distance_of_neighbours():
    values = torch.tensor([1.0, 1.5, 2.0, 0.75, 1e-40], dtype=torch.float64)
    assert ulp(values).tolist() == [2.0**-23, 2.0**-23, 2.0**-22, 2.0**-24, 2.0**-149]


def test_ratios_are_paired():
    times = Times({"a": (2.0, 20.0, 4.0), "b": (1.0, 10.0, 1.0)})
    assert times.ratio("a", "b") == 2.0
    assert times.median("a") == 4.0


def test_the_order_is_turned_round():
    called: list[str] = []
    interleaved({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2, seconds=0)
    firsts = [name for name, before in zip(called, [None, *called], strict=False) if name != before]
    assert firsts[-4:] in (["b", "a", "b", "a"], ["a", "b", "a", "b"]) or firsts[-3:] == ["a", "b", "a"]


def test_what_the_benchmark_writes_is_what_the_kernels_read(study):
    """Of PReLU, which has two rows, the slower one counts."""
    found = every_activation.kernel_measurements(study)
    assert msgspec.json.decode(msgspec.json.encode([found]), type=list[KernelMeasurements]) == [found]
    assert set(found.ratios) == {"elu", "prelu", "swiglu"}
    slower = min(row.ratio for row in study.rows if row.kernel == "prelu" and row.dtype == "float32")
    assert found.ratios["prelu"]["float32"].by_elements == {1024: round(slower, 3)}
    assert (found.machine.processor, found.machine.threads) == (study.machine.processor, 1)
