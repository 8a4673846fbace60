"""Every module and function of reluctant.nn can stand in the place of torch's: names, arguments, defaults, repr, state, copies."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc

import pytest
import torch
import torch.nn.functional as F

from reluctant import nn
from reluctant.activations import Gated, definitions
from reluctant.errors import UsageError
from reluctant.nn import MODULES, functional
from reluctant.operators import tensors
from tests.kernels.forced import KERNELS, gradients, numbers, of_both, of_kernels, serving

BUILTIN = type(F.gelu)

WIDE = tensors(torch.float64)

BY_TORCH = [one for one in definitions().values() if one.torch_class]
OWN = [one for one in definitions().values() if not one.torch_class]
FUNCTIONS = [one for one in definitions().values() if one.torch_function and not one.learned]

by_torch = pytest.mark.parametrize("definition", BY_TORCH, ids=lambda one: one.name)
own = pytest.mark.parametrize("definition", OWN, ids=lambda one: one.name)
functions = pytest.mark.parametrize("definition", FUNCTIONS, ids=lambda one: one.name)
every = pytest.mark.parametrize("name", sorted(MODULES))

OTHERS = {
    "ELU": [{"alpha": 0.5}, {"alpha": -1.0}, {"inplace": True}],
    "CELU": [{"alpha": 2.0}],
    "GELU": [{"approximate": "tanh"}],
    "Hardtanh": [{"min_val": -2.0, "max_val": 0.5}],
    "LeakyReLU": [{"negative_slope": 0.2}, {"negative_slope": -0.2}, {"negative_slope": 0}],
    "PReLU": [{"num_parameters": 6, "init": 0.1}, {"init": -0.5}],
    "RReLU": [{"lower": 0.3, "upper": 0.3}],
    "ReLU": [{"inplace": True}],
    "SELU": [{"inplace": True}],
    "Softplus": [{"beta": 2, "threshold": 15}, {"beta": 0.5}],
}
"""Arguments that differ from the defaults."""

GIVEN = [(one, arguments) for one in BY_TORCH for arguments in [{}, *OTHERS.get(one.torch_class, [])]]
given = pytest.mark.parametrize(("definition", "arguments"), GIVEN, ids=lambda one: str(one) if isinstance(one, dict) else one.name)


def pair(definition, arguments):
    """Our module and torch's."""
    return getattr(nn, definition.torch_class)(**arguments), getattr(torch.nn, definition.torch_class)(**arguments)


@by_torch
def test_arguments_and_defaults_are_those_of_torch(definition):
    ours, theirs = getattr(nn, definition.torch_class), getattr(torch.nn, definition.torch_class)
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert issubclass(ours, theirs)
    assert ours.__name__ == theirs.__name__
    assert ours.__module__ == "reluctant.nn"


@functions
def test_functions_have_the_arguments_of_torch(definition):
    ours = getattr(functional, definition.torch_function)
    theirs = getattr(F, definition.torch_function)
    mine = inspect.signature(ours).parameters
    if isinstance(theirs, BUILTIN):  # it says its arguments in its documentation alone
        assert all(name in theirs.__doc__ for name in mine)
    else:
        wanted = inspect.signature(theirs).parameters
        assert {name: one.default for name, one in mine.items()} == {name: one.default for name, one in wanted.items()}
        assert list(mine) == list(wanted)


@given
def test_modules_are_shown_and_stored_as_those_of_torch(definition, arguments):
    ours, theirs = pair(definition, arguments)
    assert repr(ours) == repr(theirs)
    assert vars(ours).keys() == vars(theirs).keys()
    for one, other in ((ours, theirs), (theirs, ours)):
        with torch.no_grad():
            for p in one.parameters():
                p.add_(0.125)
        other.load_state_dict(one.state_dict())
        for name, value in one.state_dict().items():
            assert torch.equal(other.state_dict()[name], value)


@given
@of_both
def test_modules_compute_what_torch_computes(definition, arguments, served_by):
    ours, theirs = pair(definition, arguments)
    x = numbers(5, 6, 7)
    for mode in (True, False):
        ours.train(mode), theirs.train(mode)
        if mode and definition.drawn and ours.lower != ours.upper:
            continue
        for one, other in zip(of_leaf(ours, x, served_by), of_leaf(theirs, x), strict=True):
            torch.testing.assert_close(one, other, rtol=2e-6, atol=4e-6)


def of_leaf(module, x, served_by="torch"):
    """Value, gradient at the input and at what is learned; in-place modules get what is no leaf."""
    leaf = x.clone().requires_grad_()
    g = numbers(*x.shape, scale=1)
    with serving(served_by):
        y = module(leaf * 1)
        return [y.detach(), *torch.autograd.grad(y, [leaf, *module.parameters()], g)]


@given
def test_copies_compute_the_same(definition, arguments):
    ours, _ = pair(definition, arguments)
    ours.eval()
    x = numbers(5, 6)
    for other in (copy.deepcopy(ours), copy.copy(ours), pickle.loads(pickle.dumps(ours))):
        assert type(other) is type(ours)
        assert torch.equal(other(x.clone()), ours(x.clone()))
        assert repr(other) == repr(ours)


@by_torch
@of_both
def test_in_place_changes_the_input(definition, served_by):
    if "inplace" not in inspect.signature(getattr(torch.nn, definition.torch_class)).parameters:
        pytest.skip("torch does not compute it in place")
    ours, theirs = pair(definition, {"inplace": True})
    ours.eval(), theirs.eval()
    x, z = numbers(5, 6), numbers(5, 6)
    with serving(served_by):
        y = ours(x)
    assert y is x
    assert torch.equal(theirs(z), x)
    with pytest.raises(RuntimeError, match="leaf"):
        ours(numbers(5, 6).requires_grad_())


@pytest.mark.parametrize("definition", [one for one in FUNCTIONS if one.torch_function in ("elu", "leaky_relu", "celu")], ids=str)
@of_both
def test_in_place_with_a_slope_below_zero_is_refused_as_in_torch(definition, served_by):
    # The result overwrites the input and no longer tells the sides apart, so there is no gradient.
    def refusal(function):
        x = numbers(6).requires_grad_()
        with pytest.raises(RuntimeError) as error:
            function(x * 1, -0.5, inplace=True).sum().backward()
        return str(error.value)

    with serving(served_by):
        if definition.name == "celu":
            pytest.skip("torch does not refuse it")
        assert refusal(getattr(functional, definition.torch_function)) == refusal(getattr(F, definition.torch_function))


@functions
@of_both
def test_functions_take_arguments_by_place_and_by_name(definition, served_by):
    ours, theirs = getattr(functional, definition.torch_function), getattr(F, definition.torch_function)
    x = numbers(5, 6)
    parameters = [one for name, one in inspect.signature(ours).parameters.items() if name not in ("input", "inplace", "training")]
    values = [other(one.default) for one in parameters]
    by_place = values
    by_name = {one.name: value for one, value in zip(parameters, values, strict=True)}
    with serving(served_by):
        mixed = dict(list(by_name.items())[1:])
        for y in (ours(x, *by_place), ours(x, **by_name), ours(input=x, **by_name), ours(x, *by_place[:1], **mixed)):
            torch.testing.assert_close(y, theirs(x, **by_name), rtol=2e-6, atol=2e-6)
        for refused in ({"nonsense": 1}, {"input": x}):
            with pytest.raises(TypeError):
                ours(x, **refused)
        with pytest.raises(TypeError):
            ours()


def other(default):
    """Another value than the default, of its kind."""
    return "tanh" if default == "none" else default * 0.5


@functions
def test_an_argument_that_is_no_number_is_refused_or_torchs(definition):
    ours, theirs = getattr(functional, definition.torch_function), getattr(F, definition.torch_function)
    parameters = [name for name in inspect.signature(ours).parameters if name not in ("input", "inplace", "training")]
    if not parameters:
        pytest.skip("it has no other arguments")
    with pytest.raises((TypeError, RuntimeError, ValueError, UsageError)):
        theirs(numbers(3), "nonsense")
    with pytest.raises((TypeError, RuntimeError, ValueError, UsageError)):
        ours(numbers(3), "nonsense")


@every
def test_modules_and_functions_explain_themselves(name):
    module = MODULES[name]
    assert getattr(nn, name) is module
    assert name in nn.__all__
    assert module.__doc__
    assert "reluctant activation" in module.__doc__
    text = pydoc.plain(pydoc.render_doc(module))
    assert name in text
    assert "forward(self" in text


@pytest.mark.parametrize("name", functional.__all__)
def test_functions_explain_themselves(name):
    function = getattr(functional, name)
    assert function.__name__ == name
    assert pickle.loads(pickle.dumps(function)) is function
    assert name + "(input" in pydoc.plain(pydoc.render_doc(function)) or "(gate, value)" in pydoc.plain(pydoc.render_doc(function))


@own
def test_modules_that_torch_has_not(definition):
    module = MODULES[definition.__name__]()
    x = numbers(5, 6)
    assert module.state_dict() == {}
    assert repr(module).startswith(definition.__name__ + "(")
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(copied(x), module(x))
    with pytest.raises(TypeError):
        type(module)(nonsense=1)
    if issubclass(definition, Gated):
        assert module(x).shape == (5, 3)
        halves = (half.contiguous() for half in x.chunk(2, -1))  # torch's operators may round other strides otherwise
        torch.testing.assert_close(module(x), getattr(functional, definition.name)(*halves))
    else:
        assert torch.equal(module(x), getattr(functional, definition.name)(x))


@pytest.mark.parametrize("definition", [one for one in OWN if issubclass(one, Gated)], ids=lambda one: one.name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@of_kernels
def test_halves_of_one_tensor_are_a_pair(definition, dtype):
    shapes = [(-1, (5, 3, 14)), (1, (5, 6, 7)), (0, (4, 9)), (2, (5, 3, 14)), (-1, (2,)), (-1, (0, 4)), (-1, (3, 0)), (-2, (4, 3))]
    for dim, shape in shapes:
        module = MODULES[definition.__name__](dim)
        backwards = numbers(*shape[::-1], dtype=dtype).permute(*range(len(shape))[::-1])
        for x in (numbers(*shape, dtype=dtype), numbers(*shape, 2, dtype=dtype)[..., 0], backwards):
            with serving(KERNELS):
                mine = gradients(module, [x])
            g = torch.randn(mine[0].shape, generator=torch.Generator().manual_seed(11)).to(dtype).double()
            wide = gradients(lambda x, dim=dim: definition().forward(WIDE, *x.chunk(2, dim)), [x.double()], g)
            eps = torch.finfo(dtype).eps
            for one, wanted in zip(mine, wide, strict=True):
                assert one.dtype == dtype
                torch.testing.assert_close(one.double(), wanted, rtol=4 * eps, atol=32 * eps)


def test_an_odd_number_of_columns_has_no_halves():
    with pytest.raises(UsageError, match="7 entries"):
        nn.SwiGLU()(numbers(5, 7))


def test_everything_else_is_that_of_torch():
    assert nn.Linear is torch.nn.Linear
    assert functional.cross_entropy is F.cross_entropy
    assert {"Conv2d", "GELU", "SwiGLU"} <= set(dir(nn))
    with pytest.raises(AttributeError):
        _ = nn.Nonsense


def test_arguments_of_modules_can_be_changed_afterwards():
    module = nn.ELU(0.5)
    module.alpha = 2.0
    torch.testing.assert_close(module(numbers(9)), F.elu(numbers(9), 2.0))


def test_an_argument_that_is_a_tensor_is_left_to_torch():
    alpha = torch.tensor(0.5)
    for _ in range(2):
        torch.testing.assert_close(functional.elu(numbers(9), alpha), F.elu(numbers(9), 0.5))
        alpha.fill_(0.5)
    with pytest.raises(UsageError, match="min is tensor"):
        functional.clamp(numbers(9), alpha)


def test_a_pair_with_the_arguments_of_a_layer():
    with pytest.raises(UsageError, match=r"reluctant\.nn\.SwiGLU: .*\(32, 64\) cannot be its arguments"):
        nn.SwiGLU(32, 64)
    with pytest.raises(UsageError, match="'x'"):
        nn.GEGLU("x")
    assert str(inspect.signature(nn.SwiGLU)) == "(dim=-1)"


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: nn.SquaredReLU(3), TypeError, r"reluctant\.nn\.SquaredReLU: too many .*\. It takes none: an activation has no sizes\."),
        (lambda: nn.Clamp(lo=3), TypeError, r"reluctant\.nn\.Clamp: .* 'lo'\. Its arguments are \(min=-inf, max=inf\)\."),
        (lambda: functional.elu(numbers(2), 1.0, False, 3), TypeError, r"elu: too many .* \(input, alpha=1\.0, inplace=False\)\."),
        (lambda: nn.SwiGLU(dimension=1), TypeError, r"SwiGLU\.__init__\(\) .* 'dimension'"),
        (lambda: nn.SwiGLU(True), UsageError, r"\(True\) cannot be its arguments"),
        (lambda: nn.ReLU(64)(numbers(2)), UsageError, r"relu: inplace is 64, which is neither True nor False\. .* Sizes are no arguments"),
        (lambda: functional.nothing, AttributeError, r"reluctant\.nn\.functional has no 'nothing', and torch\.nn\.functional has none"),
    ],
)
def test_wrong_arguments_are_answered_with_those_that_there_are(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_name_of_other_case():
    with pytest.raises(AttributeError, match=r"reluctant\.nn has no 'GeGLU'; it is spelled 'GEGLU'"):
        _ = nn.GeGLU
    with pytest.raises(AttributeError, match=r"reluctant\.nn has no 'Nothing', and torch\.nn has none"):
        _ = nn.Nothing


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["Mish", "SwiGLU"])
def test_scripting_is_refused_by_name(name):
    with pytest.raises(UsageError, match=f"reluctant.nn.{name}: torch.jit.script cannot script it"):
        torch.jit.script(torch.nn.Sequential(getattr(nn, name)()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripting_a_layer_that_holds_one_of_our_functions_is_refused_by_name():
    layer = torch.nn.TransformerEncoderLayer(4, 1, 4, activation=functional.gelu)
    with pytest.raises(RuntimeError, match=r"reluctant\.nn\.functional\.gelu: torch\.jit\.script cannot script it"):
        torch.jit.script(layer)
    with pytest.raises(UsageError, match=r"reluctant\.nn\.LinearActivation: torch\.jit\.script cannot script it"):
        torch.jit.script(nn.LinearActivation(3, 4))
