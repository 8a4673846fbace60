"""The recordings and documents that tests ask for by name, made by `reluctant.recording.example`."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Cause, Document, Finding, Location, NotJudged, ProposedTreatment, Recording, Root, Unobserved
from reluctant.recording.example import SCRIPT, StackLayer, stack

MLP = (
    StackLayer("fc1", 128, 31, "x = torch.relu(self.fc1(x))", open_share=0.42, gradient=3.1e-2),
    StackLayer("fc2", 64, 32, "x = torch.relu(self.fc2(x))", dead=1, open_share=0.44, gradient=3.3e-2),
    StackLayer("fc3", 32, 33, "x = torch.relu(self.fc3(x))", open_share=0.47, gradient=3.5e-2),
)


def healthy_mlp() -> Recording:
    """Three ReLU layers that learn."""
    return stack(MLP)


def blocked_layer() -> Recording:
    """The middle one of three ReLU layers died at step 14 and blocks what is before it."""
    return stack((MLP[0], replace(MLP[1], dead=64, silent_from=14), MLP[2]), lr=1.0)


def nothing_observed() -> Recording:
    """A script that ended well and never called backward."""
    return Recording(script=SCRIPT, reluctant="0.1.0", torch="2.13.0", python="3.11.9", exit_code=0, finished=True, seconds=0.4)


def killed_run() -> Recording:
    """A run that SIGKILL ended after 812 steps."""
    return replace(stack(MLP, steps=812), exit_code=None, finished=False)


def crashed_run() -> Recording:
    """A script that raised an exception after 90 steps."""
    return replace(stack(MLP, steps=90, measured=20), exit_code=1)


def deep_stack(layers: int = 200, units: int = 10_000, steps: int = 100_000, measured: int = 192) -> Recording:
    """As large as a recording gets: many wide layers, every timeline full."""
    each = StackLayer("", units, 20, "x = torch.relu(block(x))", dead=units // 250)
    blocks = [replace(each, name=f"blocks.{index}.linear", gradient=1e-2 * 0.99**index) for index in range(layers)]
    return stack(blocks, steps=steps, measured=measured)


HOSTILE_TEXTS = (
    "[red]not markup[/red] [link=http://example.org]x[/link]",
    "\x1b[2J\x1b]0;title\x07 erase",
    "a\rb\nc\td\x00e\x9bf",
    "‮gnirts desrever‬ \u200bzero\ufeff",
    "<script>alert(1)</script> & \"quotes\" 'single'",
    "| a | b |\n|---|---| `code` **bold** [x](javascript:alert(1)) @everyone",
    ":smile: {braces} {} %s \\n \\",
    "名前が漢字の層 🔥 e\u0301",
    "half a pair \udc80",
    "x" * 300,
)
"""Names and source lines that could do harm where they are printed as they are."""


def hostile() -> Recording:
    """A run of a project whose files, layers and code are `HOSTILE_TEXTS`."""
    stages = [
        StackLayer(text, 16, 10 + index, text, dead=index, operation="relu" if index % 2 else f"custom:{text}")
        for index, text in enumerate(HOSTILE_TEXTS)
    ]
    recording = stack(stages, script=f"/tmp/{HOSTILE_TEXTS[0]}/{HOSTILE_TEXTS[1]}.py")
    places = [Location(f"/tmp/{text}.py", 10 + index, text, text) for index, text in enumerate(HOSTILE_TEXTS)]
    sites = tuple(replace(site, place=place) for site, place in zip(recording.sites, places, strict=True))
    return replace(
        recording,
        sites=sites,
        arguments=HOSTILE_TEXTS,
        not_observed=tuple(Unobserved(text, text, place, text) for text, place in zip(HOSTILE_TEXTS, places, strict=True)),
    )


def healthy_document() -> Document:
    """`healthy_mlp` with nothing found."""
    return Document(healthy_mlp())


def blocked_document() -> Document:
    """`blocked_layer` with its root, what follows from it, advice, and what was not judged."""
    blocked = Finding(
        code="RL202",
        name="blocked-layer",
        severity="error",
        message="All 64 units passed no gradient on 48,640 samples in a row: each fires on fewer than 0.0062 % of inputs (95 %). "
        "They died between steps 12 and 14, when one update moved fc2's biases by 41 times their spread.",
        file=SCRIPT,
        line=32,
        layer="fc2",
        site=1,
        evidence={"dead_share": 1.0, "units": 64, "samples": 48640, "last_alive_step": 12, "first_silent_step": 14},
        cause=Cause("learning-rate", "SGD(lr=1.0) at train.py:44 moved the biases of fc2 by 41 times their spread in one step."),
        treatments=(ProposedTreatment("lower-learning-rate", "0.1"), ProposedTreatment("swap-activation", "leaky_relu(0.01)")),
    )
    vanished = Finding(
        code="RL301",
        name="vanishing-gradient",
        severity="error",
        message="The gradient that reaches fc1 is 0 at every one of the last 24 measured steps.",
        file=SCRIPT,
        line=31,
        layer="fc1",
        site=0,
        evidence={"gradient_rms": 0.0, "measured_steps": 24},
        because_of=Root("RL202", SCRIPT, 32),
    )
    advice = Finding(
        code="RL103",
        name="idle-activation",
        severity="advice",
        message="All 32 units were on for every one of 1,280 samples: here the activation is a straight line.",
        file=SCRIPT,
        line=33,
        layer="fc3",
        site=2,
        evidence={"always_on_share": 1.0, "samples": 1280},
    )
    recording = replace(
        blocked_layer(),
        not_observed=(Unobserved("a compiled region", "it could not be run step by step", Location(SCRIPT, 70), "Try --leave-compiled."),),
    )
    why = "no targets were seen"
    not_judged = (NotJudged("RL404", "unreachable-target", why), NotJudged("RL407", "regression-loss-on-classes", why))
    return Document(recording, (vanished, advice, blocked), not_judged)


def hostile_document() -> Document:
    """`hostile` with a finding on every site that repeats the hostile text in every part."""
    recording = hostile()
    findings = tuple(
        Finding(
            code=f"RL8{index:02}",
            name=text,
            severity="warning",
            message=text,
            file=site.place.file if site.place else "",
            line=10 + index,
            layer=text,
            site=site.id,
            evidence={text: text, "list": [text] * 10},
            cause=Cause("none", text),
            treatments=(ProposedTreatment(text, text),),
        )
        for index, (text, site) in enumerate(zip(HOSTILE_TEXTS, recording.sites, strict=True))
    )
    return Document(recording, findings, tuple(NotJudged(text, text, text) for text in HOSTILE_TEXTS))


def deep_document() -> Document:
    """`deep_stack` with many dead units at the first 40 of its sites."""
    recording = deep_stack()
    findings = tuple(
        Finding("RL201", "dead-units", "warning", f"1,200 of 10,000 units after {site.after} are dead.", SCRIPT, 20, site.after, site.id)
        for site in recording.sites[:40]
    )
    return Document(recording, findings)
