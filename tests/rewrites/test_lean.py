"""lean exchanges what it can, in place, says what it left and why, and can be undone."""

from __future__ import annotations

import copy
import functools
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses import FakeTensorMode

import reluctant
from reluctant import lean
from reluctant import nn as lean_nn
from reluctant.errors import UsageError
from reluctant.kernels._choice import Choice, choice
from reluctant.rewrites import Rewrite
from tests.kernels.forced import KERNELS, of_kernels, serving

AS_GOOD = {"relu", "sigmoid"}
"""Activations for which torch's operator is as good, in these tests."""


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """Kernels for all but `AS_GOOD`, whatever is compiled on this machine."""

    def choice(activation, dtype, device):
        if dtype is torch.complex64:
            return Choice(None, 0, "complex64")
        if device == "meta":
            return Choice(None, 0, "there are no kernels for meta")
        good = activation.name in AS_GOOD
        return Choice(None if good else object(), 0, "torch's own operator is as fast" if good else "compiled kernel")

    monkeypatch.setattr("reluctant.rewrites._gain.choice", choice)


def left(done: Rewrite, path: str) -> str:
    """Why what is at the path was left."""
    (entry,) = [entry for entry in done.unchanged if entry.path == path]
    return entry.why


def changed(done: Rewrite) -> dict[str, tuple[str, str]]:
    return {entry.path: (entry.was, entry.now) for entry in done.changed}


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Mish(), nn.Linear(8, 8), nn.PReLU(8), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))


def step(model, optimizer, x):
    optimizer.zero_grad()
    loss = model(x).square().mean()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def test_activations_are_exchanged_and_the_function_stays():
    model, x = mlp(), torch.randn(16, 6)
    before = model(x)
    done = lean(model)
    assert changed(done) == {"1": ("nn.Mish", "reluctant.nn.Mish"), "3": ("nn.PReLU", "reluctant.nn.PReLU")}
    assert type(model[1]) is lean_nn.Mish
    assert left(done, "5") == "torch's own operator is as fast"
    torch.testing.assert_close(model(x), before)


def test_objects_parameters_hooks_and_modes_stay():
    model = mlp().eval()
    mish, prelu, weight, calls = model[1], model[3], model[3].weight, []
    mish.register_forward_hook(lambda *_: calls.append("mish"))
    keys = list(model.state_dict())
    lean(model)
    assert model[1] is mish
    assert model[3] is prelu
    assert model[3].weight is weight
    assert not mish.training
    assert list(model.state_dict()) == keys
    model(torch.randn(2, 6))
    assert calls == ["mish"]


def test_an_optimizer_goes_on():
    model, twin, x = mlp(), mlp(), torch.randn(16, 6)
    optimizers = [torch.optim.Adam(one.parameters(), 0.01) for one in (model, twin)]
    step(model, optimizers[0], x), step(twin, optimizers[1], x)
    lean(model)
    losses = [[step(one, optimizer, x) for _ in range(20)] for one, optimizer in zip((model, twin), optimizers, strict=True)]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-6)
    assert losses[0][-1] < losses[0][0]
    assert not torch.equal(model[3].weight, torch.full((8,), 0.25))


@pytest.mark.parametrize("join_linear", [False, True])
def test_undo_puts_everything_back(join_linear):
    model = mlp()
    modules, classes = list(model.modules()), [type(module) for module in model.modules()]
    done = lean(model, join_linear=join_linear)
    assert [type(module) for module in model.modules()] != classes
    done.undo()
    assert list(model.modules()) == modules
    assert [type(module) for module in model.modules()] == classes


def test_undo_refuses_what_no_longer_stands():
    model = mlp()
    done = lean(model)
    done.undo()
    with pytest.raises(UsageError, match="1, 3 no longer hold what lean put there"):
        done.undo()
    done = lean(model)
    model[1].__class__ = nn.Mish
    with pytest.raises(UsageError, match="1 no longer holds"):
        done.undo()
    assert type(model[3]) is lean_nn.PReLU, "nothing is undone by halves"


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda one: pickle.loads(pickle.dumps(one))}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("join_linear", [False, True])
def test_a_copy_is_undone_by_the_copy_of_its_rewrite(copied, join_linear):
    model, x = mlp(), torch.randn(16, 6)
    classes = [type(module) for module in model.modules()]
    model.done = lean(model, join_linear=join_linear)
    twin, done = copied((model, model.done))
    assert twin.done is done
    assert done == model.done
    torch.testing.assert_close(twin(x), model(x))
    done.undo()
    assert [type(module) for module in twin.modules()] == classes
    assert [type(module) for module in model.modules()] != classes
    alone = copied(model.done)
    alone.undo()
    assert [type(module) for module in alone.model.modules()] == classes
    model.done.undo()
    assert [type(module) for module in model.modules()] == classes


def test_state_goes_through_a_file_to_a_model_that_is_not_lean(tmp_path):
    model, other = mlp(), mlp()
    with torch.no_grad():
        model[3].weight.fill_(0.1)
    lean(model, join_linear=True)
    torch.save(model.state_dict(), tmp_path / "state.pt")
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    x = torch.randn(16, 6)
    torch.testing.assert_close(other(x), model(x))


def test_a_second_call_says_that_it_is_done():
    model = mlp()
    lean(model)
    done = lean(model)
    assert done.changed == ()
    assert left(done, "1") == "it is reluctant.nn's already"


def test_a_shared_module_is_told_once_with_all_its_paths():
    act = nn.Mish()
    done = lean(nn.ModuleDict({"a": act, "b": nn.Sequential(nn.Linear(2, 2), act)}))
    (entry,) = done.changed
    assert (entry.path, entry.also) == ("a", ("b.1",))
    assert "a (also b.1)" in str(done)


def test_a_model_that_is_an_activation():
    model = nn.Mish()
    assert changed(lean(model)) == {"(model)": ("nn.Mish", "reluctant.nn.Mish")}


class Softer(nn.ELU):
    def forward(self, input):
        return super().forward(input) + 1


class Calls(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = F.mish
        self.loss = F.mse_loss

    def forward(self, x):
        gate = torch.tanh(self.act(x))
        return self.half(F.relu(x)) * gate.relu().sum()

    def half(self, x):
        return F.elu_(x / 2)


def test_subclasses_and_replaced_forwards_are_left():
    replaced = nn.Mish()
    replaced.forward = lambda x: x
    done = lean(nn.ModuleList([Softer(), replaced, nn.ReLU6(), nn.Hardtanh()]))
    assert left(done, "0") == "it is a subclass of nn.ELU, which may compute something else"
    assert left(done, "1") == "its forward was replaced on the object itself"
    assert changed(done) == {"2": ("nn.ReLU6", "reluctant.nn.ReLU6"), "3": ("nn.Hardtanh", "reluctant.nn.Hardtanh")}


def test_in_place_and_impossible_parameters_are_left():
    done = lean(nn.ModuleList([nn.ELU(inplace=True), nn.LeakyReLU(True)]))
    assert "inplace=True" in left(done, "0")
    assert "negative_slope is True" in left(done, "1")


def test_an_output_that_is_changed_in_place_is_not_kept():
    model = nn.Sequential(nn.Linear(4, 4), nn.ELU(), nn.Dropout(0.5, inplace=True), nn.Mish(), nn.ReLU(inplace=True))
    done = lean(model)
    assert left(done, "1") == "2 works in place, on the output, which a kernel may keep for backward"
    assert changed(done) == {"3": ("nn.Mish", "reluctant.nn.Mish")}
    with serving(KERNELS):
        model(torch.randn(5, 4)).sum().backward()


def test_calls_of_functions_are_named_with_their_lines():
    done = lean(nn.Sequential(Calls()))
    whys = {entry.what: entry.why for entry in done.unchanged}
    first = Calls.forward.__code__.co_firstlineno
    assert whys.pop("F.mish in .act") == "it is a function, not a module: set .act to reluctant.nn.functional.mish"
    assert set(whys) == {
        f"torch.tanh (test_lean.py:{first + 1})",
        f"F.relu (test_lean.py:{first + 2})",
        f".relu (test_lean.py:{first + 2})",
        f"F.elu_ (test_lean.py:{first + 5})",
    }
    assert whys[f"torch.tanh (test_lean.py:{first + 1})"].endswith("write reluctant.nn.functional.tanh there")
    assert whys[f"F.relu (test_lean.py:{first + 2})"] == "torch's own operator is as fast"


def test_a_function_with_arguments_bound_to_it_is_told_and_left():
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation=functools.partial(F.gelu, approximate="tanh"))
    done = lean(layer)
    assert done.changed == ()
    assert left(done, "(model)").endswith("set .activation to a functools.partial of reluctant.nn.functional.gelu")


def test_a_model_of_complex_numbers_has_no_kernels():
    done = lean(nn.Sequential(nn.Linear(2, 2, dtype=torch.complex64), nn.Mish()))
    assert left(done, "1") == "complex64"


class GatedCalls(nn.Module):
    def forward(self, a, b):
        y = F.silu(a) * b
        y = self.project(b) * F.relu(a + y)
        y = F.gelu(y, approximate="tanh") * b
        return F.gelu(y) * 0.5


def test_the_gate_of_a_pair_is_told_to_be_one():
    whys = {entry.what: entry.why for entry in lean(GatedCalls()).unchanged}
    first = GatedCalls.forward.__code__.co_firstlineno
    written = {what: why.removeprefix("it is a function, not a module: write ").removesuffix(" there") for what, why in whys.items()}
    assert written == {
        f"F.silu(…) * … (test_lean.py:{first + 1})": "reluctant.nn.functional.swiglu(gate, value)",
        f"F.relu(…) * … (test_lean.py:{first + 2})": "reluctant.nn.functional.reglu(gate, value)",
        f"F.gelu (test_lean.py:{first + 3})": "reluctant.nn.functional.gelu",
        f"F.gelu (test_lean.py:{first + 4})": "reluctant.nn.functional.gelu",
    }


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated", "ignore:enable_nested_tensor", "ignore:.*torch.ao.quantization")
def test_what_runs_elsewhere_is_left():
    quantised = torch.ao.nn.quantized.ELU(1.0, 0)
    parametrized = nn.PReLU()
    torch.nn.utils.parametrize.register_parametrization(parametrized, "weight", nn.Identity())
    model = nn.ModuleList([torch.jit.script(nn.ELU()), quantised, parametrized, nn.LSTM(2, 2), nn.Softmax(-1), nn.MultiheadAttention(4, 2)])
    done = lean(model)
    assert done.changed == ()
    assert "scripted" in left(done, "0")
    assert "quantised" in left(done, "1")
    assert "parametrized" in left(done, "2")
    assert "recurrent operator" in left(done, "3")
    assert left(done, "4") == "the catalogue has no such activation"
    assert len(done.unchanged) == 5, [str(entry) for entry in done.unchanged]


def test_compiled_modules_are_left():
    inner, outer = mlp(), mlp()
    inner.compile(backend="eager")
    for model in (inner, torch.compile(outer, backend="eager"), torch.compile(Calls(), backend="eager")):
        done = lean(model)
        assert done.changed == ()
        assert {entry.why for entry in done.unchanged} == {"it runs inside torch.compile, whose compiler makes kernels of its own"}


def test_the_function_in_a_transformer_layer_is_exchanged():
    torch.manual_seed(0)
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, activation=F.gelu, batch_first=True), 2).eval()
    x = torch.randn(2, 5, 8)
    with torch.no_grad():
        fused = model(x)
    before = model(x)
    done = lean(model)
    assert changed(done) == {
        "layers.0": ("F.gelu in .activation", "reluctant.nn.functional.gelu"),
        "layers.1": ("F.gelu in .activation", "reluctant.nn.functional.gelu"),
    }
    assert model.layers[0].activation is lean_nn.functional.gelu
    torch.testing.assert_close(model(x), before)
    with torch.no_grad():
        assert torch.equal(model(x), fused), "the fused path of inference stays"
    copy.deepcopy(model)
    pickle.loads(pickle.dumps(model))
    done.undo()
    assert model.layers[0].activation is F.gelu


def test_there_is_nothing_for_a_device_without_kernels():
    done = lean(mlp().to("meta"))
    assert done.changed == ()
    assert left(done, "1") == "there are no kernels for meta"


class Wrapped(nn.Linear):
    pass


def chain(first: nn.Module, second: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), first, second)


def test_an_activation_and_its_linear_layer_are_joined_where_asked():
    torch.manual_seed(0)
    model, x = chain(nn.GELU(), nn.Linear(4, 3)), torch.randn(5, 4)
    before, state, weight = model(x), model.state_dict(), model[2].weight
    done = lean(model, join_linear=True)
    assert changed(done) == {"1, 2": ("nn.GELU, nn.Linear", "nn.Identity, reluctant.nn.LinearActivation")}
    assert isinstance(model[2], lean_nn.LinearActivation)
    assert model[2].weight is weight
    assert list(model.state_dict()) == list(state)
    torch.testing.assert_close(model(x), before)
    done.undo()
    assert torch.equal(model(x), before)


def test_joining_keeps_fewer_bytes():
    def kept(model):
        seen = {}
        x = torch.randn(256, 4)
        with torch.autograd.graph.saved_tensors_hooks(lambda t: seen.setdefault(t.data_ptr(), t), lambda t: t):
            model(x)
        return sum(t.numel() * t.element_size() for t in seen.values())

    model = chain(nn.GELU(), nn.Linear(4, 3))
    before = kept(model)
    lean(model, join_linear=True)
    assert before - kept(model) == 256 * 4 * 4


@pytest.mark.parametrize(
    ("model", "path", "why"),
    [
        (chain(nn.PReLU(), nn.Linear(4, 4)), "1", "state dict"),
        (chain(nn.SiLU(inplace=True), nn.Linear(4, 4)), "1", "1 works in place"),
        (chain(nn.Tanh(), nn.Linear(4, 4)), "1", "keep one tensor for backward already"),
        (chain(nn.GELU(), Wrapped(4, 4)), "1", "is a Wrapped"),
    ],
    ids=["learned", "in-place", "output", "subclass"],
)
def test_pairs_that_stay_apart_say_why(model, path, why):
    done = lean(model, join_linear=True)
    (told,) = [entry.why for entry in (*done.changed, *done.unchanged) if entry.path == path]
    assert f"not joined with 2: {why}" in told or why in told
    assert "not joined with 2" in told
    assert not isinstance(model[2], lean_nn.LinearActivation)


def test_pairs_with_hooks_or_other_owners_stay_apart():
    hooked = chain(nn.GELU(), nn.Linear(4, 4))
    hooked[1].register_full_backward_hook(lambda *_: None)
    shared = chain(nn.GELU(), nn.Linear(4, 4))
    shared.append(shared[2])
    for model, why in ((hooked, "1 has hooks"), (shared, "2 is shared")):
        done = lean(model, join_linear=True)
        assert any(why in entry.why for entry in done.changed)
        assert not any(isinstance(module, lean_nn.LinearActivation) for module in model)


def test_dropout_between_them_keeps_them_apart():
    model = nn.Sequential(nn.GELU(), nn.Dropout(), nn.Linear(4, 4))
    lean(model, join_linear=True)
    assert type(model[2]) is nn.Linear


@of_kernels
def test_kernels_are_chosen_with_real_tensors_whatever_mode_is_on(monkeypatch):
    monkeypatch.setattr("reluctant.rewrites._gain.choice", choice)
    with FakeTensorMode():
        model = nn.Sequential(nn.CELU(), nn.Linear(4, 3, dtype=torch.bfloat16))
        done = lean(model, join_linear=True)
        assert model(torch.randn(5, 4, dtype=torch.bfloat16)).shape == (5, 3)
    assert changed(done)
    x = torch.linspace(-3, 3, 1000).bfloat16()
    with serving(KERNELS):
        torch.testing.assert_close(lean_nn.CELU()(x), F.celu(x))


def test_the_text_names_every_place():
    text = str(lean(mlp()))
    assert text.splitlines()[0].startswith("lean: 2 places changed, 1 left.")
    assert "  1: nn.Mish → reluctant.nn.Mish\n" in text
    assert "torch's own operator is as fast" in text


def test_the_text_fits_a_terminal_and_tells_what_is_alike_once():
    model = nn.Sequential(*(nn.Sequential(nn.Linear(6, 6), nn.Mish(), nn.ReLU(inplace=True)) for _ in range(30)))
    lines = str(lean(model)).splitlines()
    assert max(map(len, lines)) <= 80
    assert len([line for line in lines if "nn.Mish → reluctant.nn.Mish" in line]) == 1
    assert all(f"{at}.1" in "".join(lines) for at in range(30))


def test_it_is_public_and_loaded_on_use():
    assert reluctant.lean is lean
    assert "lean" in dir(reluctant)


def test_what_is_no_module():
    with pytest.raises(UsageError, match=r"reluctant\.lean: it was given str, which is no torch\.nn\.Module"):
        lean("x")
