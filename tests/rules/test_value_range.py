"""What values a node can take is worked out in time that grows with the graph, not with its paths."""

from __future__ import annotations

from reluctant.recording import Node
from reluctant.rules._value_range import reach


def test_an_unrolled_recurrence_is_worked_out_once_a_node() -> None:
    """Every step uses the one before it twice, so the paths to the first step double with each of the 50. Path by path it never ends."""
    nodes = {0: Node(0, "sin", "elementwise", (-1,))}
    for step in range(1, 51):
        nodes[step] = Node(step, "mul", "product", (step - 1, step - 1))
    found = reach(nodes, {}, 50)
    assert (found.lower, found.upper) == (-1.0, 1.0)
