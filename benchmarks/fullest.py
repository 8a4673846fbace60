"""The fullest recording there can be of a network: every record as long as it may grow, made from one that was observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reluctant.recording import Graph, Layer, LossCurve, Node, Parameter, Recording, ShareHistogram, Silence, Site, UnitWindow

MOMENTS = 193
"""Most moments of a site, a layer or a parameter that a recording holds, however long the run."""
POINTS = 513
"""Most points of a loss curve."""
SILENCES = 32
"""Most groups of silent units of a site."""
SILENT_UNITS = 64
"""Most silent units of a site that are listed one by one."""
NODES = 4096
"""Most nodes of a graph."""


def longest(recording: Recording) -> dict[str, tuple[int, int]]:
    """By what is bounded: the longest of its kind in `recording`, and the bound."""
    timelines: tuple[Site | Layer | Parameter, ...] = (*recording.sites, *recording.layers, *recording.parameters)
    return {
        "moments": (_most(record.moments for record in timelines), MOMENTS),
        "points of a curve": (_most(curve.points for curve in recording.loss_curves), POINTS),
        "groups of silent units": (_most(site.silences for site in recording.sites), SILENCES),
        "silent units": (_most(site.silent_units for site in recording.sites), SILENT_UNITS),
        "nodes": (_most(graph.nodes for graph in recording.graphs), NODES),
    }


def _most(sequences: Any) -> int:
    return max((len(sequence) for sequence in sequences), default=0)


def fullest(observed: Recording, layers: int, units: int, steps: int) -> Recording:
    """A recording of so many layers of so many units over so many steps, filled to every bound from one that was observed."""
    site, layer, parameter = _site(observed, units, steps), _layer(observed, steps), _parameter(observed, steps)
    curve = LossCurve(points=_repeated(observed.loss_curves[0].points, POINTS, steps))
    return replace(
        observed,
        steps=steps,
        sites=tuple(replace(site, id=number, layer=number) for number in range(layers)),
        layers=tuple(replace(layer, id=number, weight=2 * number, bias=2 * number + 1) for number in range(layers)),
        parameters=tuple(replace(parameter, id=number) for number in range(2 * layers)),
        graphs=(_chain(observed.graphs[0], layers, steps),),
        loss_curves=(curve,),
    )


def _repeated(moments: Sequence[Any], length: int, steps: int) -> tuple[Any, ...]:
    """The moments that were observed, over and over, at steps spread over the run."""
    return tuple(replace(moments[i % len(moments)], step=i * steps // length) for i in range(length))


def _site(observed: Recording, units: int, steps: int) -> Site:
    site = max(observed.sites, key=lambda site: len(site.moments))
    share = units // 22
    histogram = ShareHistogram(share, (share,) * 20, units - 21 * share)
    window = UnitWindow(0, steps, 100_000_000, histogram, histogram, histogram, 0.5, 0.5)
    silences = tuple(Silence(share // SILENCES, i * 1000, i * 1000 + 17, 1_000_000) for i in range(SILENCES))
    return replace(
        site,
        units=units,
        whole=window,
        recent=window,
        start=window,
        silences=silences,
        silent_units=tuple(range(units - SILENT_UNITS, units)),
        moments=_repeated(site.moments, MOMENTS, steps),
    )


def _layer(observed: Recording, steps: int) -> Layer:
    layer = max(observed.layers, key=lambda layer: (layer.input is not None, len(layer.moments)))
    return replace(layer, moments=_repeated(layer.moments, MOMENTS, steps))


def _parameter(observed: Recording, steps: int) -> Parameter:
    parameter = max(observed.parameters, key=lambda parameter: len(parameter.moments))
    return replace(parameter, moments=_repeated(parameter.moments, MOMENTS, steps))


def _chain(observed: Graph, layers: int, steps: int) -> Graph:
    """A loss, then activation and weight in turn, down to the data."""
    root = replace(observed.nodes[0], inputs=(1,))
    place = next((node.place for node in observed.nodes if node.place is not None), None)
    nodes = [root]
    for number in reversed(range(layers)):
        at = len(nodes)
        nodes.append(Node(at, "relu", "activation", (at + 1,), (64, 10_000), site=number, place=place))
        nodes.append(Node(at + 1, "addmm", "weight", (at + 2,), (64, 10_000), layer=number, place=place))
    nodes.append(Node(len(nodes), "data", "data"))
    return replace(observed, passes=steps, last_step=steps, nodes=tuple(nodes))
