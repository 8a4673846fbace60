"""One row a site, in network order; long runs of sites summed up."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Document, Finding, Graph, Location, Node, Recording, Site
from reluctant.recording.example import window
from reluctant.report._locations import locations_of
from reluctant.report._network_order import in_network_order
from reluctant.report._site_table import LONGEST_RUN, MOST_ROWS, SiteRow, SkippedRows, dead_share, main_site_rows, open_share, site_rows
from tests import recordings


def ids(recording: Recording) -> list[int]:
    return [site.id for site in in_network_order(recording)]


def graph(edges: dict[int, tuple[int, ...]], sites: dict[int, int], number: int = 0, first_step: int = 0) -> Graph:
    nodes = tuple(Node(node, "op", "activation", inputs, site=sites.get(node)) for node, inputs in edges.items())
    return Graph(number, 1, first_step, 9, nodes)


def test_values_run_from_the_data_to_the_loss() -> None:
    recording = recordings.healthy_mlp()
    shuffled = replace(recording, sites=tuple(reversed(recording.sites)))
    assert ids(shuffled) == [0, 1, 2]


def test_branches_come_before_where_they_meet() -> None:
    sites = tuple(Site(number, "relu") for number in range(4))
    meeting = graph({0: (1,), 1: (2, 3), 2: (4,), 3: (4,), 4: ()}, {1: 3, 2: 0, 3: 1, 4: 2})
    assert ids(Recording(sites=sites, graphs=(meeting,))) == [2, 0, 1, 3]


def test_graphs_come_in_the_order_they_were_seen_and_what_is_in_none_comes_last() -> None:
    sites = tuple(Site(number, "relu") for number in range(4))
    late = graph({0: (1,), 1: ()}, {1: 0}, number=0, first_step=5)
    early = graph({0: (1,), 1: ()}, {1: 3}, number=1)
    assert ids(Recording(sites=sites, graphs=(late, early))) == [3, 0, 1, 2]


def test_circles_and_missing_nodes_do_no_harm() -> None:
    sites = (Site(0, "relu"), Site(1, "relu"))
    broken = graph({0: (1, 77), 1: (0,)}, {0: 0, 1: 1})
    assert ids(Recording(sites=sites, graphs=(broken,))) == [1, 0]


def rows(document: Document) -> tuple[SiteRow | SkippedRows, ...]:
    return main_site_rows(document, locations_of(document.recording))


def test_a_row_holds_what_the_site_did_lately() -> None:
    row = site_rows(recordings.blocked_document(), locations_of(recordings.blocked_layer()))[1]
    assert (row.place, row.after, row.activation, row.units) == ("32", "fc2", "relu", "64")
    assert (row.dead, row.open, row.zeros, row.leaving, row.severity) == ("100 %", "0 %", "100 %", "0", "error")


def test_what_was_not_measured_is_a_dash() -> None:
    recording = Recording(sites=(Site(0, "softmax"),))
    row = site_rows(Document(recording), locations_of(recording))[0]
    assert {row.place, row.after, row.units, row.dead, row.open, row.zeros, row.arriving, row.leaving} == {"–"}
    assert row.over_the_run == ""


def test_files_are_named_where_there_are_several() -> None:
    recording = recordings.healthy_mlp()
    elsewhere = replace(recording.sites[0], place=Location("/home/ada/digits/models/net.py", 5))
    recording = replace(recording, sites=(elsewhere, *recording.sites[1:]))
    rows = site_rows(Document(recording), locations_of(recording))
    assert [row.place for row in rows] == ["models/net.py:5", "train.py:32", "train.py:33"]


def test_files_of_libraries_are_named_from_their_package_on() -> None:
    assert locations_of(recordings.healthy_mlp()).file("/usr/lib/python3/site-packages/timm/layers/act.py") == "timm/layers/act.py"
    assert locations_of(recordings.healthy_mlp()).file("/opt/other.py") == "/opt/other.py"


def test_a_script_given_by_a_relative_name_has_its_files_named_relative_to_it() -> None:
    recording = replace(recordings.healthy_mlp(), script="digits/train.py")
    assert locations_of(recording).file("/home/ada/digits/train.py") == "train.py"
    assert locations_of(recording).script == "digits/train.py"
    windows = replace(recordings.stack(recordings.MLP, script="C:\\ada\\train.py"))
    assert locations_of(windows).file("C:\\ada\\train.py") == "train.py"


def test_the_sites_of_a_loss_function_are_shown_only_with_a_finding() -> None:
    recording = recordings.healthy_mlp()
    recording = replace(recording, sites=(*recording.sites[:2], replace(recording.sites[2], role="loss")))
    assert len(rows(Document(recording))) == 2
    assert len(rows(Document(recording, (Finding("RL406", "probabilities-in-nll", "error", "m", site=2),)))) == 3


def test_a_finding_marks_its_site_those_it_speaks_for_and_without_a_site_its_line() -> None:
    recording = recordings.healthy_mlp()
    on_line = tuple(replace(site, place=recording.sites[0].place) for site in recording.sites)
    recording = replace(recording, sites=on_line)
    place = recording.sites[0].place
    assert place is not None

    def marked(finding: Finding) -> list[bool]:
        return [row.severity is not None for row in rows(Document(recording, (finding,)))]

    finding = Finding("RL201", "dead-units", "warning", "m", place.file, place.line, site=0)
    assert marked(finding) == [True, False, False]
    assert marked(replace(finding, evidence={"also": ["fc3"]})) == [True, False, True]
    assert marked(replace(finding, site=None)) == [True, True, True]


def test_long_runs_are_summed_up_and_say_what_they_hold() -> None:
    shown = rows(recordings.deep_document())
    skipped = [row for row in shown if isinstance(row, SkippedRows)]
    assert [row.sentence for row in skipped] == [
        "37 more sites, each with RL201: dead <1 %, open 42 %",
        "157 more sites, none with a fault found: dead <1 %, open 42 %",
    ]
    assert sum(isinstance(row, SiteRow) for row in shown) + 37 + 157 == 200


def test_short_runs_are_shown_in_full() -> None:
    recording = recordings.deep_stack(layers=LONGEST_RUN, units=10, measured=3)
    assert all(isinstance(row, SiteRow) for row in rows(Document(recording)))


def test_a_table_has_a_limit_where_neighbours_differ() -> None:
    recording = recordings.deep_stack(layers=200, units=10, measured=3)
    findings = tuple(Finding("RL201", "dead-units", "warning", "m", site=site.id) for site in recording.sites[::2])
    shown = rows(Document(recording, findings))
    assert len(shown) == MOST_ROWS
    assert shown[-1] == SkippedRows("and 141 more rows")


def test_shares_are_read_off_the_histograms() -> None:
    measured = window(100, 640, dead=20, always_on=30, open_share=0.52)
    assert dead_share(measured) == 0.2
    share = open_share(measured)
    assert share is not None
    assert abs(share - (0.3 + 0.5 * 0.52)) <= 0.025
    assert dead_share(None) is None
    assert open_share(replace(measured, samples=0)) is None
