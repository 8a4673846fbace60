"""The map has every layer and activation once, in order, with the ways that values take."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.recording import Document, Finding, Graph, Layer, Location, Node, Recording, Site
from reluctant.report._html._card import cards
from reluctant.report._html._map import NetworkMap, network_map
from reluctant.report._html._stations import MOST_LANES, rails, ways_of
from reluctant.report._locations import locations_of
from reluctant.report.pictures import view_of
from reluctant.rules import finding_tree
from tests import recordings


def graph(id: int, *nodes: tuple) -> Graph:
    """Nodes as (id, kind, inputs, what): `what` is the layer, site or loss id, or the operation of others."""
    made = []
    for number, kind, inputs, what in nodes:
        field = {"weight": "layer", "activation": "site", "loss": "loss"}.get(kind)
        place = Location("train.py", number)
        made.append(Node(number, str(what), kind, inputs, place=place, **({field: what} if field else {})))
    return Graph(id, 1, 0, 0, tuple(made))


def recording(*graphs: Graph, layers: int = 0, sites: int = 0) -> Recording:
    return Recording(
        graphs=graphs,
        layers=tuple(Layer(index, "linear", f"layer{index}") for index in range(layers)),
        sites=tuple(Site(index, "relu", after=f"layer{index}") for index in range(sites)),
    )


def ways(of: Recording) -> tuple[list[str], set[tuple[str, str]]]:
    """The names of the stations in order, and the ways between them by name."""
    made = ways_of(of)
    names = [f"{station.kind} {station.id if station.kind in ('layer', 'site', 'loss') else station.name}" for station in made.stations]
    return names, {(names[start], names[end]) for start, end in made.ways}


def test_a_plain_stack_is_a_line() -> None:
    names, found = ways(recordings.healthy_mlp())
    assert names == ["layer 0", "site 0", "layer 1", "site 1", "layer 2", "site 2", "layer 3", "loss 0"]
    assert found == set(pairwise(names))


def test_a_residual_connection_is_a_way_around() -> None:
    block = graph(
        0, (0, "loss", (1,), 0), (1, "affine", (2, 5), "add"), (2, "weight", (3,), 2), (3, "activation", (4,), 0), (4, "weight", (5,), 1),
        (5, "weight", (), 0),
    )  # fmt: skip
    names, found = ways(recording(block, layers=3, sites=1))
    assert names == ["layer 0", "layer 1", "site 0", "layer 2", "join +", "loss 0"]
    assert ("layer 0", "join +") in found


def test_what_only_passes_values_on_is_no_station() -> None:
    plain = graph(0, (0, "loss", (1,), 0), (1, "affine", (2,), "mean"), (2, "dropout", (3,), "dropout"), (3, "weight", (), 0))
    assert ways(recording(plain, layers=1)) == (["layer 0", "loss 0"], {("layer 0", "loss 0")})


def test_two_losses_that_are_added_are_two_ends() -> None:
    both = graph(
        0, (0, "affine", (1, 2), "add"), (1, "loss", (3,), 0), (2, "loss", (3,), 1), (3, "weight", (), 0)
    )  # fmt: skip
    assert ways(recording(both, layers=1))[0] == ["layer 0", "loss 0", "loss 1"]


def test_a_generator_stands_before_the_critic_that_was_seen_first() -> None:
    critic = graph(0, (0, "loss", (1,), 0), (1, "weight", (), 0))
    generator = graph(1, (0, "loss", (1,), 1), (1, "weight", (2,), 0), (2, "weight", (), 1))
    names, found = ways(recording(critic, generator, layers=2))
    assert names == ["layer 1", "layer 0", "loss 0", "loss 1"]
    assert ("layer 1", "layer 0") in found


def test_a_loop_over_time_is_one_round_with_a_way_back() -> None:
    steps = [(0, "loss", (1,), 0)]
    for step in range(20):
        base = 1 + 3 * step
        steps += [(base, "activation", (base + 1,), 0), (base + 1, "weight", (base + 2,), 0), (base + 2, "affine", (base + 3,), "view")]
    steps.append((61, "weight", (), 1))
    names, found = ways(recording(graph(0, *steps), layers=2, sites=1))
    assert names == ["layer 1", "layer 0", "site 0", "loss 0"]
    assert ("site 0", "layer 0") in found


def test_joins_of_a_loop_are_one_station_and_those_of_blocks_are_not() -> None:
    loop = [(0, "loss", (1,), 0)]
    for step in range(10):
        base = 1 + 2 * step
        loop += [(base, "product", (base + 2, base + 1), "mul"), (base + 1, "weight", (), 0)]
    loop.append((21, "weight", (), 1))
    placed = graph(0, *loop)
    same_line = replace(placed, nodes=tuple(replace(node, place=Location("train.py", 7)) for node in placed.nodes))
    names, _ = ways(recording(same_line, layers=2))
    assert names.count("join ×") <= 2  # the first round, which meets the input, and all others
    names, _ = ways(recordings_of_blocks(5))
    assert names.count("join +") == 5


def recordings_of_blocks(number: int) -> Recording:
    nodes = [(0, "loss", (1,), 0)]
    for block in range(number):
        base = 1 + 2 * block
        nodes += [(base, "affine", (base + 1, base + 2), "add"), (base + 1, "weight", (base + 2,), block)]
    nodes.append((1 + 2 * number, "weight", (), number))
    placed = graph(0, *nodes)
    same_line = replace(placed, nodes=tuple(replace(node, place=Location("train.py", 18)) for node in placed.nodes))
    return recording(same_line, layers=number + 1)


def test_what_no_graph_holds_is_there_at_the_end() -> None:
    names, found = ways(recording(layers=1, sites=1))
    assert (names, found) == (["layer 0", "site 0"], set())


def test_neighbours_are_joined_straight_and_others_by_lanes() -> None:
    made = rails(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert [row.below for row in made.rows] == [True, True, True, False]
    assert [row.above for row in made.rows] == [False, True, True, True]
    assert (made.rows[0].starting, made.rows[1].passing, made.rows[3].ending, made.lanes) == ((1,), (1,), (1,), 1)


def test_a_way_back_is_drawn_as_one() -> None:
    made = rails(3, [(0, 1), (1, 2), (2, 0)])
    assert made.rows[2].back == made.rows[0].back == (1,)
    assert made.rows[0].starting == (1,)


def test_a_lane_is_used_again_where_it_is_free() -> None:
    made = rails(5, [(0, 2), (2, 4)])
    assert made.lanes == 1
    assert (made.rows[2].ending, made.rows[2].starting) == ((1,), (1,))


def test_what_there_is_no_lane_for_is_counted() -> None:
    made = rails(30, [(0, end) for end in range(2, 30)])
    assert (made.lanes, made.left_out) == (MOST_LANES, 28 - MOST_LANES)


@given(
    st.integers(1, 20).flatmap(
        lambda rows: st.tuples(st.just(rows), st.sets(st.tuples(st.integers(0, rows - 1), st.integers(0, rows - 1))))
    )
)
def test_no_two_ways_share_a_stretch_of_a_lane(given: tuple[int, set[tuple[int, int]]]) -> None:
    rows, pairs = given
    made = rails(rows, [pair for pair in pairs if pair[0] != pair[1]])
    for row in made.rows:
        assert len(set(row.ending)) == len(row.ending)
        assert not set(row.passing) & set(row.ending)
        assert not set(row.passing) & set(row.starting)


def map_of(document: Document) -> NetworkMap:
    places, view = locations_of(document.recording), view_of(document.recording)
    return network_map(document, places, view, cards(finding_tree(document.findings), places, view))


def test_a_site_has_the_state_of_its_gravest_finding_and_links_to_it() -> None:
    rows = {row.anchor: row for row in map_of(recordings.blocked_document()).rows}
    assert [rows[f"site-{index}"].health for index in range(3)] == ["error", "error", "advice"]
    assert rows["site-1"].findings == (("finding-1", "RL202 blocked-layer", "error"),)
    assert rows["site-0"].findings == (("finding-1-1", "RL301 vanishing-gradient", "error"),)


def test_without_findings_a_site_is_clear_only_where_it_was_measured() -> None:
    healthy = recordings.healthy_mlp()
    unseen = replace(healthy.sites[1], recent=None, whole=None)
    document = Document(replace(healthy, sites=(healthy.sites[0], unseen, healthy.sites[2])))
    made = map_of(document)
    assert [row.state for row in made.rows if row.kind == "site"] == ["no fault found", "not judged", "no fault found"]
    assert made.tally == (("clear", "no fault found", 2), ("unknown", "not judged", 1))


def test_a_site_with_too_few_samples_is_not_judged() -> None:
    few = Finding("RL902", "too-few-samples", "advice", "few", evidence={"sites": [2]})
    rows = [row for row in map_of(Document(recordings.healthy_mlp(), (few,))).rows if row.kind == "site"]
    assert [row.health for row in rows] == ["clear", "clear", "unknown"]


@pytest.mark.parametrize(
    ("layer", "note"),
    [
        (Layer(0, "linear", "fc", "Linear", fan_in=784, fan_out=1024), "Linear 784 → 1,024"),
        (Layer(0, "convolution", "c", "Conv2d", fan_in=72, fan_out=16, weight_shape=(16, 8, 3, 3)), "Conv2d 8 → 16, 3×3"),
        (Layer(0, "convolution", "c", "Conv2d", weight_shape=(16, 1, 3, 3), groups=16), "Conv2d 16 → 16, 3×3"),
        (Layer(0, "convolution", "u", "ConvTranspose2d", weight_shape=(24, 12, 2, 2), transposed=True), "ConvTranspose2d 24 → 12, 2×2"),
        (Layer(0, "batch_norm", "bn", "BatchNorm2d", fan_in=16, fan_out=16), "BatchNorm2d"),
        (Layer(0, "other", "w"), "other"),
    ],
)
def test_a_layer_says_its_shape(layer: Layer, note: str) -> None:
    (row,) = map_of(Document(Recording(layers=(layer,)))).rows
    assert row.note.replace("\N{NO-BREAK SPACE}", " ") == note
