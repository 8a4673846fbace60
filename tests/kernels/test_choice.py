"""Which calls a kernel serves and which are torch's own operator's, and why."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from torch import Tensor

from reluctant.activations import Gated, all_activations, definitions, get
from reluctant.kernels import _choice, _measured, signatures
from reluctant.kernels._eligible import dense, eligible, like
from reluctant.kernels._library import library
from reluctant.kernels._measured import KernelMeasurements, KernelSpeed, MachineKind, ServingRule, measurements, serving_rule
from reluctant.operators import direct_operator, torch_operator

from .forced import every, gradients, numbers, same_bits, subject

of_kernels = pytest.mark.compiled

ELU, PRELU, SWIGLU, GELU = get("elu"), get("prelu"), get("swiglu"), get("gelu")
TYPES = [torch.float32, torch.bfloat16, torch.float16]
types = pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))


@pytest.fixture
def measure(monkeypatch):
    """Says in the place of measurements from which size kernels serve; functions are made anew meanwhile."""
    caches = [_choice.choice, _choice.function, _choice.halves]

    def say(from_elements: int | None = 0, reason: str = "for a test") -> None:
        monkeypatch.setattr(_choice, "serving_rule", lambda family, dtype, instruction_set: ServingRule(from_elements, reason))
        for cache in caches:
            cache.cache_clear()

    yield say
    for cache in caches:
        cache.cache_clear()


def by_kernel(y: Tensor) -> bool:
    """Whether a kernel's node is in autograd's graph."""
    return hasattr(type(y.grad_fn), "_forward_cls")


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)


@of_kernels
def test_from_a_size_on(measure):
    measure(100)
    function = _choice.function(ELU)
    assert not by_kernel(function(normal(99).requires_grad_()))
    assert by_kernel(function(normal(100).requires_grad_()))
    assert not by_kernel(_choice.function(PRELU)(normal(99), torch.ones(1, requires_grad=True)))
    assert by_kernel(_choice.function(PRELU)(normal(100), torch.ones(1, requires_grad=True)))
    assert not by_kernel(_choice.halves(SWIGLU)(normal(1, 98).requires_grad_(), -1))
    assert by_kernel(_choice.halves(SWIGLU)(normal(1, 200).requires_grad_(), -1))


@of_kernels
def test_not_worth_its_while(measure):
    measure(None, "the kernel was slower")
    chosen = _choice.choice(ELU, torch.float32)
    assert (chosen.kernel, chosen.reason) == (None, "the kernel was slower")
    assert not by_kernel(_choice.function(ELU)(normal(1000).requires_grad_()))


@pytest.mark.parametrize(
    ("dtype", "device", "reason"),
    [
        (torch.float64, "cpu", "there are kernels for float32, bfloat16, float16, not for float64"),
        (torch.complex64, "cpu", "there are kernels for float32, bfloat16, float16, not for complex64"),
        (torch.float32, "mps", "there are no kernels for mps"),
    ],
)
def test_a_reason_where_there_is_none(dtype, device, reason):
    chosen = _choice.choice(ELU, dtype, device)
    assert (chosen.kernel, chosen.reason) == (None, reason)


@of_kernels
@pytest.mark.parametrize("activation", [*all_activations(), get("gelu_tanh"), get("elu(alpha=0.3)")], ids=str)
@types
def test_there_is_a_kernel_for_every_member(activation, dtype):
    assert _choice.kernel_for(activation, dtype) is not None
    assert _choice.kernel_for(activation, torch.float64) is None


STRANGE = {
    "every second column": lambda: normal(8, 16)[:, ::2],
    "expanded": lambda: normal(8, 1).expand(8, 8),
    "sparse": lambda: normal(8, 8).to_sparse(),
    "negative view": lambda: torch.complex(normal(8), normal(8)).conj().imag,
    "double": lambda: normal(8, 8).double(),
    "meta": lambda: torch.empty(8, 8, device="meta"),
    "nested": lambda: torch.nested.nested_tensor([normal(3), normal(5)], layout=torch.strided),
    "jagged": lambda: torch.nested.nested_tensor([normal(3), normal(5)], layout=torch.jagged),
}


@of_kernels
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("kind", STRANGE)
def test_tensors_that_are_torchs(measure, kind):
    measure()
    x = STRANGE[kind]()
    assert not (x.dtype in TYPES and eligible(x) and dense(x))
    silu = get("tanh" if kind == "sparse" else "silu")
    ours, theirs = _choice.function(silu)(x), torch_operator(silu)(x)
    assert type(ours) is type(theirs)
    assert ours.layout == theirs.layout
    if kind in ("nested", "jagged"):
        ours, theirs = (torch.cat([*one.unbind()]) for one in (ours, theirs))
    if kind != "meta":
        assert torch.equal(ours.to_dense(), theirs.to_dense())


@of_kernels
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4, 5), (2, 1, 4)], ids=str)
def test_tensors_that_fill_their_memory(measure, shape):
    measure()
    x = normal(*shape)
    for order in itertools.islice(itertools.permutations(range(x.dim())), 6):
        turned = x.permute(order).requires_grad_()
        y = _choice.function(ELU)(turned)
        assert by_kernel(y)
        theirs = torch.nn.functional.elu(turned)
        assert [step for step, size in zip(y.stride(), y.shape, strict=True) if size > 1] == [
            step for step, size in zip(theirs.stride(), y.shape, strict=True) if size > 1
        ]
        torch.testing.assert_close(y, torch.nn.functional.elu(turned))


SIZES = [0, 1, 7, 8, 15, 16, 17, 31, 63, 64, 65, 1023, 32767, 32768, 32769, 70000]


@of_kernels
@pytest.mark.parametrize("spelling", ["elu", "gelu", "leaky_relu", "squared_relu", "hardswish", "softplus(beta=2)"])
@types
def test_the_last_vector_computes_as_those_before(spelling, dtype):
    kernel, x = _choice.kernel_for(get(spelling), dtype), normal(70016, dtype=dtype) * 3
    whole, g = x.clone().requires_grad_(), normal(70016, dtype=dtype).flip(0)
    y = kernel(whole)
    (dx,) = torch.autograd.grad(y, whole, g)
    for size in SIZES:
        for start in (0, 3):
            part = slice(start, start + size)
            piece = x[part].clone().requires_grad_()
            found = kernel(piece)
            assert torch.equal(found, y[part])
            assert torch.equal(torch.autograd.grad(found, piece, g[part])[0], dx[part])


@of_kernels
@pytest.mark.parametrize("activation", [ELU, GELU, get("tanh"), get("squared_relu"), get("leaky_relu"), SWIGLU, PRELU], ids=str)
def test_batches_of_gradients(activation):
    kernel = _choice.kernel_for(activation, torch.float32)
    if isinstance(activation, Gated):
        inputs, ours = [normal(5).requires_grad_(), normal(5).flip(0).requires_grad_()], kernel.of_two
    elif activation.learned:
        inputs, ours = [normal(2, 3).requires_grad_(), normal(3).requires_grad_()], kernel
    else:
        inputs, ours = [normal(5).requires_grad_()], kernel
    results = []
    for function in (ours, torch_operator(activation)):
        y = function(*inputs)
        g = torch.eye(y.numel()).reshape(-1, *y.shape)
        results.append(torch.autograd.grad(y, inputs, g, is_grads_batched=True))
    torch.testing.assert_close(*results)


@of_kernels
def test_jacobians_of_torch_that_are_vectorised(measure):
    measure()
    x = normal(4)
    mine, theirs = (
        torch.autograd.functional.jacobian(function, x, vectorize=True) for function in (_choice.function(ELU), torch.nn.functional.elu)
    )
    torch.testing.assert_close(mine, theirs)


@of_kernels
@pytest.mark.parametrize("weight", [(3, 1), (1, 1), (2,)], ids=str)
def test_a_weight_that_torch_refuses_is_refused(measure, weight):
    measure()
    with pytest.raises(RuntimeError):
        _choice.function(PRELU)(normal(4, 3), torch.ones(weight))


@of_kernels
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 3, 0), (0, 3, 4, 4), (0,)], ids=str)
def test_no_element_where_slopes_are_learned(measure, shape):
    measure()
    x = torch.empty(shape, requires_grad=True)
    weight = torch.ones(shape[1] if len(shape) > 1 else 1, requires_grad=True)
    y = _choice.function(PRELU)(x, weight)
    assert y.shape == shape
    dx, dweight = torch.autograd.grad(y.sum(), [x, weight])
    assert dx.shape == shape
    assert torch.equal(dweight, torch.zeros_like(weight))


def test_alike_in_memory():
    x, turned = normal(3, 4), normal(4, 3).t()
    assert like(x, x) is x
    assert like(x, turned).stride() == turned.stride()
    assert torch.equal(like(x, turned), x)
    assert like(torch.ones(()).expand(3, 4), x).stride() == (4, 1)
    assert like(x.double(), x).dtype is torch.float32


MACHINE = MachineKind("EPYC", "avx512", 1)
REACHED, ON = "the kernel reached", "times torch's speed on EPYC, avx512, 1 thread"


@pytest.fixture
def tables(monkeypatch):
    """Puts measurements in the place of those that are shipped."""

    def put(speed: KernelSpeed) -> None:
        monkeypatch.setattr(_measured, "measurements", lambda: (KernelMeasurements(MACHINE, "2.13", {"elu": {"float32": speed}}),))

    return put


@pytest.mark.parametrize(
    ("ratios", "kept", "wanted"),
    [
        ({8192: 2.0, 65536: 3.0}, 4, (0, f"{REACHED} 2.00 to 3.00 {ON}")),
        ({8192: 0.5, 65536: 3.0}, 4, (65536, f"{REACHED} 3.00 {ON}; 0.50 times it below that size")),
        ({8192: 3.0, 65536: 0.5}, 4, (None, f"{REACHED} 0.50 to 3.00 {ON}")),
        ({8192: 1.0, 65536: 1.01}, 4, (None, f"{REACHED} 1.00 to 1.01 {ON}")),
        ({8192: 0.98, 65536: 2.0}, 4, (65536, f"{REACHED} 2.00 {ON}; 0.98 times it below that size")),
        ({8192: 0.98, 65536: 2.0}, 0, (0, f"{REACHED} 0.98 to 2.00 {ON}")),
        ({8192: 1.0, 65536: 1.01}, 0, (0, f"{REACHED} 1.00 to 1.01 {ON}")),
        ({8192: 0.9, 65536: 0.96}, 0, (None, f"{REACHED} 0.90 to 0.96 {ON}")),
    ],
)
def test_what_follows_from_measurements(tables, ratios, kept, wanted):
    tables(KernelSpeed(kept, 4, ratios))
    found = serving_rule("elu", "float32", "avx512")
    assert (found.from_elements, found.reason) == wanted
    assert serving_rule("unheard_of", "float32", "avx512") == ServingRule(0, "not measured against torch's operator yet")


def test_what_was_measured_with_other_instructions_decides_nothing(tables):
    tables(KernelSpeed(0, 4, {8192: 3.0}))
    reason = "kernels were not measured with avx2 yet, only on EPYC, avx512, 1 thread"
    assert serving_rule("elu", "float32", "avx2") == ServingRule(None, reason)


@of_kernels
def test_with_instructions_that_nobody_measured_torch_serves(monkeypatch):
    monkeypatch.setattr(_choice, "library", lambda: dataclasses.replace(library(), level="avx1024"))
    _choice.choice.cache_clear()
    chosen = _choice.choice(ELU, torch.float32)
    _choice.choice.cache_clear()
    assert chosen.kernel is None
    assert chosen.reason.startswith("kernels were not measured with avx1024 yet, only on ")


def test_every_table_names_its_machine_and_holds_no_kernel_that_is_gone():
    families = {form.family for form in signatures(definitions().values())}
    for table in measurements():
        assert table.machine.processor
        assert table.machine.threads
        assert table.torch
        assert set(table.ratios) <= families


@every
def test_torchs_own_functions_are_those_of_functional(activation):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))
    torch.manual_seed(0)
    wanted = gradients(torch_operator(activation), inputs)
    torch.manual_seed(0)
    found = gradients(direct_operator(activation), inputs)
    assert all(map(same_bits, found, wanted))
