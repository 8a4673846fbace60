"""`LinearActivation`: a linear layer that owns the activation of its input."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Parameter

from reluctant.activations import Activation, Gated, get
from reluctant.errors import UsageError
from reluctant.instrument import torch_private
from reluctant.kernels import choice, eligible, function, halves, kernel_of_node

from ._functions import refuse_script
from ._modules import activation_of
from ._recomputing import LeanLinear, Run, recomputed

_is_tracing = torch_private.IS_TRACING.get()
_transforms_active = torch_private.TRANSFORMS_ACTIVE.get()
_forward_level = torch_private.FORWARD_LEVEL.reader()


class LinearActivation(torch.nn.Linear):
    """A linear layer that owns the activation of its input, and keeps one tensor for backward where the two layers keep two.

    It computes z = activation(x) Wᵀ + b. ``Linear, GELU, Linear`` keeps x for GELU and y = gelu(x) for the second Linear.
    ``Linear, LinearActivation`` keeps x alone and computes y again in backward; where the activation's slope follows from its output
    (ReLU, tanh, and with a compiled kernel ELU, softplus and others) it keeps y alone and computes nothing again. Of a gated pair the
    input is kept, which holds gate and value, and not their product. Values and gradients are those of the two layers apart: the
    same kernels run. The price is one more evaluation of the activation in backward, where x is kept: of forward and backward through
    both linear layers at most 2 % at a width of 1,024, and 2 to 7 % at a width of 128 (``benchmarks/linear_activation.py``, float32, one
    core with AVX-512).

    Shapes: x is (…, in_features), z is (…, out_features). Of a gated pair x is (…, 2 · in_features), the gate first.

    The state dict is that of torch.nn.Linear; a learned activation adds its weight as ``activation_weight``. In training RReLU's draws
    cannot be made again from x: it keeps y alone where its kernel serves and `lower` is at least 0, and is computed as two layers
    elsewhere. So is everything else inside torch.compile and torch.export, whose compiler decides itself what to compute again,
    under function transforms (vmap, jvp, grad), and for subclasses of Tensor.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        activation: str | Activation = "gelu",
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        """`activation` is an activation or its spelling in the catalogue, such as ``"elu(alpha=0.5)"`` or ``"swiglu"``.

        Raises `UnknownNameError` and `UsageError` where the catalogue cannot read it.
        """
        super().__init__(in_features, out_features, bias, device, dtype)
        self._computed = Computed(_activation(activation))
        for name, start in self.activation.learned.items():
            count = int(getattr(self.activation, "num_parameters", 1))
            values = torch.full((count,), float(getattr(self.activation, start)), device=device, dtype=dtype)
            self.register_parameter(f"activation_{name}", Parameter(values))

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew, as torch.nn.Linear does, and put what is learned of the activation back to its start."""
        super().reset_parameters()
        if "_computed" in vars(self):  # torch.nn.Linear calls it first, before there is an activation
            for name, start in self.activation.learned.items():
                torch.nn.init.constant_(getattr(self, f"activation_{name}"), getattr(self.activation, start))

    @property
    def activation(self) -> Activation:
        """The activation, as the catalogue has it."""
        return self._computed.activation

    @classmethod
    def from_modules(cls, activation: torch.nn.Module, linear: torch.nn.Linear) -> LinearActivation:
        """One layer in the place of ``Sequential(activation, linear)``, with the same parameter objects: optimizers go on.

        Raises `UsageError` for an activation that is not in the catalogue, for a subclass of either, and where hooks wait for the
        call of one of them, which would not come any more.
        """
        computed = activation_of(activation)
        if computed is None:
            raise UsageError(f"{type(activation).__name__} is no activation of the catalogue", advice="See `reluctant activation`")
        if type(linear) is not torch.nn.Linear:
            raise UsageError(f"{type(linear).__name__} is not torch.nn.Linear itself", advice="Leave it apart from its activation")
        for module in (activation, linear):
            if has_hooks(module):
                raise UsageError(f"the module {module} has hooks, which nothing would call any more", advice="Remove them first")
        made = cls(linear.in_features, linear.out_features, computed, linear.bias is not None, device="meta")
        made.weight, made.bias = linear.weight, linear.bias
        for name in computed.learned:
            setattr(made, f"activation_{name}", getattr(activation, name))
        return made.train(activation.training)

    def forward(self, input: Tensor) -> Tensor:
        """The linear layer of the activation of the input."""
        learned = [getattr(self, name) for name in self._computed.learned]
        if isinstance(self.activation, Gated) and isinstance(input, Tensor) and input.size(-1) != 2 * self.in_features:
            raise UsageError(
                f"its input has {input.size(-1)} entries in the last dimension, where {2 * self.in_features} belong",
                where=f"LinearActivation of {self.activation}",
                advice="It takes the gate and then the value, of in_features each",
            )
        drawn = self.training and bool(self.activation.drawn)
        run = self._computed.training if drawn else self._computed.evaluation
        if drawn or not self._saves(input, learned):
            return F.linear(run(input, *learned), self.weight, self.bias)
        return _lean(self.activation, run, input, learned, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{super().extra_repr()}, activation={self.activation}"

    def __prepare_scriptable__(self) -> NoReturn:
        refuse_script("reluctant.nn.LinearActivation")

    def _saves(self, x: Tensor, learned: list[Tensor]) -> bool:
        """Whether autograd would keep both sides of the activation, and an autograd function may stand in the place of the two layers."""
        return (
            torch.is_grad_enabled()
            and all(type(tensor) in (Tensor, Parameter) for tensor in (x, self.weight, *learned))  # not what torch.fx traces with
            and self.weight.requires_grad
            and any(source.requires_grad for source in (x, *learned))
            and not torch.compiler.is_compiling()
            and not _is_tracing()
            and not _transforms_active()
            and _forward_level() < 0
        )


def _activation(activation: object) -> Activation:
    """The activation that is meant by a spelling or by itself; of a module, how to join it is said."""
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, str):
        return get(activation)
    advice = 'Give a spelling such as "elu(alpha=0.5)", as `reluctant activation` lists them'
    if isinstance(activation, torch.nn.Module):
        advice += ", or join two modules by LinearActivation.from_modules(activation, linear)"
    what = f"activation is {activation!r}, which is neither a spelling nor an activation"
    raise UsageError(what, where="LinearActivation", advice=advice)


class Computed:
    """An activation with the functions that compute it; pickled and copied by the activation alone."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.evaluation: Run = evaluation(activation)
        """Of the input and the learned weight; without draws."""
        self.training: Run = function(activation) if activation.drawn else self.evaluation
        self.learned = tuple(f"activation_{name}" for name in activation.learned)
        """Names of the learned tensors in the layer."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Computed, (self.activation,)


def evaluation(activation: Activation) -> Run:
    """The activation as a function of its input, that of a pair holding both halves, and of its learned weight; without draws."""
    if isinstance(activation, Gated):
        of_halves = halves(activation)
        return lambda x: of_halves(x, -1)
    if activation.drawn:
        own, parameters = getattr(F, activation.torch_function), activation.parameters
        return lambda x: own(x, **parameters, training=False)
    return function(activation)


def kept_side(y: Tensor, activation: Activation) -> str | None:
    """What the activation that made y keeps for backward: ``input``, ``output``, or None where it is more than one tensor."""
    kernel = kernel_of_node(y.grad_fn)
    if kernel is not None:
        return kernel.kept
    return _torch_keeps(activation) if y.grad_fn is not None else None


def _torch_keeps(activation: Activation) -> str | None:
    """What torch's own operator keeps, in the same words."""
    return activation.torch_keeps[0] if activation.torch_keeps in (("input",), ("output",)) else None


def _may_serve(activation: Activation, x: Tensor) -> bool:
    """Whether a compiled kernel may compute the activation of x; False where it surely does not: the form without draws has none."""
    return not activation.drawn and eligible(x) and choice(activation, x.dtype, x.device.type).kernel is not None


def has_hooks(module: torch.nn.Module) -> bool:
    """Whether something waits for calls of this very module."""
    return any(torch_private.HOOKS.of(module, kind) for kind in ("forward", "forward_pre", "backward", "backward_pre"))


def _lean(activation: Activation, run: Run, x: Tensor, learned: list[Tensor], weight: Tensor, bias: Tensor | None) -> Tensor:
    """The layer where x requires a gradient: with x kept, or with y where the activation keeps nothing else."""
    run, dtype = _as_now(run, x.device.type)
    y, side = _keeping_one_side(activation, run, x, learned)
    if side == "output" and (dtype is None or _cast(y, dtype) is y):
        return F.linear(y, weight, bias)
    run, sources = (_itself, (y,)) if side == "output" else (run, (x, *learned))
    if dtype is not None:  # what autocast does for a linear layer, here, where the cast is part of what is computed again
        y, weight, bias = _cast(y, dtype), _cast(weight, dtype), bias if bias is None else _cast(bias, dtype)
        run = functools.partial(_cast_result, run, dtype)
    z: Tensor = LeanLinear.apply(y, weight, bias, run, *sources)  # type: ignore[no-untyped-call]
    return z


def _keeping_one_side(activation: Activation, run: Run, x: Tensor, learned: list[Tensor]) -> tuple[Tensor, str]:
    """y, and which side of the activation autograd keeps for it."""
    in_steps = _torch_keeps(activation) is None
    if in_steps and not _may_serve(activation, x):
        with torch.no_grad():
            y = run(x, *learned)
    else:
        y = run(x, *learned)
    side = kept_side(y, activation)
    if side is None:
        y = recomputed(activation).apply(run, y.detach(), x, *learned)  # type: ignore[no-untyped-call]
    return y, side or "input"


def _as_now(run: Run, device: str) -> tuple[Run, torch.dtype | None]:
    """The activation under the autocast of now, whenever it is called; and the type that autocast gives a linear layer, if it is on."""
    if not torch.amp.is_autocast_available(device):
        return run, None
    enabled, dtype = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)

    def as_now(*sources: Tensor) -> Tensor:
        if not enabled and not torch.is_autocast_enabled(device):
            return run(*sources)
        with torch.autocast(device, dtype, enabled):
            return run(*sources)

    return as_now, dtype if enabled else None


def _cast(values: Tensor, dtype: torch.dtype) -> Tensor:
    """The values in the type that autocast computes in, which leaves float64 as it is."""
    return values if values.dtype is torch.float64 else values.to(dtype)


def _cast_result(run: Run, dtype: torch.dtype, *sources: Tensor) -> Tensor:
    return _cast(run(*sources), dtype)


def _itself(y: Tensor) -> Tensor:
    return y
