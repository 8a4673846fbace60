"""The kernels that an activation has in the compiled library: their names and arguments."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reluctant.activations import Activation, Gated


@dataclass(frozen=True)
class Signature:
    """One form of an activation for which there are kernels: GELU has two, by its word `approximate`."""

    definition: type[Activation]
    words: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Parameters that are words, each with its value: they choose the formula."""
    defaults: bool = False
    """Whether its numbers are the defaults, compiled in: where they are 1, kernels need not multiply by them."""

    @property
    def name(self) -> str:
        """``gelu_tanh``: what the names of its kernels begin with."""
        return f"{self.family}_default" if self.defaults else self.family

    @property
    def family(self) -> str:
        """The name without regard to numbers: what is measured of the default ones is taken for all."""
        return "_".join([self.definition.name, *(value for _, value in sorted(self.words.items()))])

    @property
    def symbol(self) -> str:
        """The name as the library's symbols have it."""
        return f"reluctant_{self.name}"

    @property
    def kind(self) -> str:
        """Which loop it needs: plain, learned, drawn or gated."""
        if issubclass(self.definition, Gated):
            return "gated"
        return "learned" if self.definition.learned else "drawn" if self.definition.drawn else "plain"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Numeric parameters in the order in which kernels take them."""
        if self.kind == "learned" or self.defaults:
            return ()
        return tuple(entry.name for entry in dataclasses.fields(self.definition) if not isinstance(entry.default, str))

    @property
    def fixed(self) -> Mapping[str, str | float]:
        """Parameters whose values are compiled in."""
        if not self.defaults:
            return self.words
        return self.definition(**self.words).parameters

    @property
    def has_slope_from_output(self) -> bool:
        """Whether there is a formula for the slope from the output alone."""
        return self.definition.derivative_from_output is not Activation.derivative_from_output

    @property
    def may_lose_the_input(self) -> bool:
        """Whether there are inputs at which a float no longer holds the output well enough for that."""
        return self.definition.lost_in_output is not Activation.lost_in_output


def signature(activation: Activation) -> Signature:
    """The form that these parameters choose."""
    words = {name: value for name, value in activation.parameters.items() if isinstance(value, str)}
    general = Signature(type(activation), words)
    if general.kind == "plain" and general.parameters and activation == type(activation)(**words):
        return Signature(type(activation), words, defaults=True)
    return general


def signatures(definitions: Iterable[type[Activation]]) -> Iterator[Signature]:
    """Every form of the definitions: the general one, one for each alias that fixes a word, one with default numbers."""
    for definition in definitions:
        words = {entry.name: entry.default for entry in dataclasses.fields(definition) if isinstance(entry.default, str)}
        forms = [words]
        forms += [{**words, **fixed} for fixed in definition.aliases.values() if {**words, **fixed} not in forms]
        for form in forms:
            general = Signature(definition, form)
            yield general
            if general.kind == "plain" and general.parameters:
                yield Signature(definition, form, defaults=True)
