"""Questions asked of a graph, and of a recording through its graphs."""

from __future__ import annotations

from reluctant.recording import Graph, Node
from reluctant.recording.example import deep
from reluctant.rules._affine_pairs import affine_pairs
from reluctant.rules._graph import build_structure, is_affine, is_weight
from reluctant.rules._layer_chain import decline, layer_chains, rise
from reluctant.rules._network import Spot, build_network, label
from reluctant.rules.testing import linear, series
from tests.recordings import healthy_mlp

RESIDUAL = Graph(
    0,
    nodes=(
        Node(0, "mean", "loss", (1,)),
        Node(1, "add", "affine", (2, 4)),
        Node(2, "addmm", "weight", (3,)),
        Node(3, "relu", "activation", (4,)),
        Node(4, "addmm", "weight", (5,)),
        Node(5, "data", "data"),
    ),
)


def test_upstream_and_downstream() -> None:
    structure = build_structure(RESIDUAL)
    assert structure.upstream(2) == {3, 4, 5}
    assert structure.downstream(4) == {3, 2, 1, 0}
    assert structure.upstream(5) == set()


def test_every_node_comes_after_its_inputs() -> None:
    structure = build_structure(RESIDUAL)
    assert set(structure.order) == set(range(6))
    assert all(structure.position[source] < structure.position[node.id] for node in RESIDUAL.nodes for source in node.inputs)


def test_what_a_blocked_node_cuts_off() -> None:
    structure = build_structure(RESIDUAL)
    assert structure.reached_without({3}) == {0, 1, 2, 4, 5}
    assert structure.reached_without({4}) == {0, 1, 2, 3}
    assert structure.reached_without({0}) == set()


def test_nearest_upstream_stops_at_what_it_may_not_pass() -> None:
    structure = build_structure(RESIDUAL)
    assert structure.nearest_upstream(0, is_weight, is_affine) == (2, 4)
    assert structure.nearest_upstream(2, is_weight, is_affine) == ()


def test_inputs_that_are_no_nodes_are_passed_over() -> None:
    structure = build_structure(Graph(0, nodes=(Node(0, "mean", "loss", (1, 77)), Node(1, "addmm", "weight", (78,)))))
    assert structure.upstream(0) == {1}
    assert structure.reached_without(set()) == {0, 1}


def test_a_graph_of_thousands_of_nodes_is_no_recursion() -> None:
    nodes = tuple(Node(number, "relu", "activation", (number + 1,)) for number in range(20_000))
    structure = build_structure(Graph(0, nodes=nodes))
    assert structure.order[0] == 19_999
    assert len(structure.upstream(0)) == 19_999


def test_a_network_knows_its_order() -> None:
    network = build_network(healthy_mlp())
    assert [site.after for site in network.sites_in_order()] == ["fc1", "fc2", "fc3"]
    assert [layer.name for layer in network.layers_in_order()] == ["fc1", "fc2", "fc3", "head"]
    assert [layer.name for layer in network.layers_before(network.site_spots[1])] == ["fc1", "fc2"]
    assert [loss.kind for loss in network.losses_after(network.site_spots[0])] == ["cross_entropy"]
    assert network.precedes(network.site_spots[0], network.site_spots[2])
    assert not network.precedes(network.site_spots[2], network.site_spots[0])
    assert not network.connected((Spot(0, 1),), (Spot(1, 1),))


def test_the_same_recording_is_read_once() -> None:
    recording = healthy_mlp()
    assert build_network(recording) is build_network(recording)


def test_names() -> None:
    network = build_network(healthy_mlp())
    assert label(network.layers[0]) == "fc1"
    assert label(linear(3, 2, 2)) == "fc3"
    assert label(network.sites[0]) == "fc1"


def test_layer_chains() -> None:
    ((_, layers),) = layer_chains(build_network(healthy_mlp()))
    assert [layer.name for layer in layers] == ["fc1", "fc2", "fc3", "head"]


def test_a_trend_ends_where_a_value_is_missing() -> None:
    ((_, layers),) = layer_chains(build_network(deep(5)))
    trend = rise(layers, [1.0, 2.0, 4.0, None, 100.0, 800.0], least=2)
    assert trend is not None
    assert (trend.ratio, trend.values) == (8.0, (100.0, 800.0))
    assert rise(layers, [4.0, 2.0, 1.0, 1.0, 1.0, 0.5], least=3) is None
    falling = decline(layers, [4.0, 2.0, 1.0, 1.0, 0.0, 0.5], least=3)
    assert falling is not None
    assert falling.ratio == 0.25
    assert falling.largest_part == 0.5


def test_pairs_are_seen_through_what_bends_nothing() -> None:
    recording = series(linear(0, 8, 32), "relu!", linear(1, 32, 4))
    assert affine_pairs(build_network(recording)) == []
    (pair,) = affine_pairs(build_network(recording), frozenset({0}))
    assert (pair.parameters, pair.merged) == (8 * 32 + 32 + 32 * 4 + 4, 8 * 4 + 4)
    (pair,) = affine_pairs(build_network(series(linear(0, 8, 32), "relu!", linear(1, 32, 32), linear(2, 32, 4))))
    assert (pair.first.name, pair.second.name) == ("fc1", "fc2")
