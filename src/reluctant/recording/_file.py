r"""The file of a recording: one JSON document with its findings.

Its keys are those of `Document` in one object: `format`, then what outside scripts rely on, then the rest of the
recording. Every key, every site, every layer and every finding has a line of its own. ``docs/recording.schema.json``
describes the form.

JSON has no NaN and no infinity, but a diverged run is full of them and must be judged again as it was. They are
written as the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, as Protocol Buffers writes them, so every JSON
reader can read the file. The bytes of a file name that are not UTF-8 are written as ``\udcXX``.
"""

from __future__ import annotations

import dataclasses
import errno
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from reluctant.errors import RecordingError, UsageError

from ._finding import Finding, NotJudged, ProposedTreatment
from ._recording import FORMAT, Recording

FIRST_KEYS = (
    "format", "reluctant", "torch", "python", "script", "arguments", "exit_code", "steps", "measured_steps", "overhead_share",
    "sites", "layers", "findings",
)  # fmt: skip
"""The keys that scripts outside the project rely on, in the order of the file; they change only with `FORMAT`."""

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How the numbers that JSON lacks are written."""


@dataclass(frozen=True, slots=True)
class Document:
    """A recording, what the rules found in it, and what they could not judge: all that a report shows and a file holds."""

    recording: Recording = field(default_factory=Recording)
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    baseline: tuple[ProposedTreatment, ...] = ()
    """Treatments that were drawn at random and tried as well, each with the best verdict it has against any root finding."""


def save(document: Document, path: str | os.PathLike[str], force: bool = False) -> None:
    """Write `document` to `path`, whole or not at all.

    An existing file is replaced only with `force`, and a reader never sees half of one: the text goes to a file beside
    it that then takes its name.

    Raises `UsageError` where the file exists or cannot be written.
    """
    write(path, _encode(document), force)


def refuse_existing(path: str | os.PathLike[str], force: bool = False) -> None:
    """Raise `UsageError` where `write` would because the file exists: to be asked before the work whose result is to be written."""
    target = Path(path)
    special = target.exists() and not target.is_file()
    if not (force or special) and os.path.lexists(target):
        raise UsageError("the file exists and is left as it is", where=str(path), advice="Give another name, or --force to replace it")


def write(path: str | os.PathLike[str], data: bytes, force: bool = False) -> None:
    """Write `data` to `path` as `save` does; for reports in other forms."""
    refuse_existing(path, force)
    target = Path(path)
    special = target.exists() and not target.is_file()
    try:
        if special:
            target.write_bytes(data)  # a pipe or a device such as /dev/null takes the text and keeps its name
        else:
            _replace(target.resolve(), data)  # a link stays one: the file behind it is replaced
    except OSError as error:
        raise UsageError(f"it cannot be written: {_reason(error)}", where=str(path), advice="Give a place where you may write") from error
    except ValueError as error:  # a null character in the name
        raise UsageError(f"it cannot be written: {error}", where=repr(str(path)), advice="Give another name") from error


def _replace(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name[:200]}.{os.getpid()}.partial")
    try:
        partial.write_bytes(data)
        if target.exists():
            partial.chmod(target.stat().st_mode)
        partial.replace(target)
    except BaseException:  # also an interrupt: no half of a file stays behind
        partial.unlink(missing_ok=True)
        raise


def _reason(error: OSError) -> str:
    """What the system said, without the path that the message names anyway."""
    return (error.strerror or type(error).__name__).lower()


def dumps(document: Document) -> str:
    """The text of the file that `save` writes."""
    return _encode(document).decode()


def load(path: str | os.PathLike[str]) -> Document:
    """Read the file that `save` wrote.

    Reading builds plain data and runs nothing, whatever the file holds. Sequences in a finding's evidence come back as
    lists; all else is as it was saved.

    Raises `RecordingError` where the file cannot be read, is truncated, is no JSON, is the JSON of something else, or
    was written in a newer format.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        advice = "Give a file that `reluctant run -o run.json script.py` wrote"
        if error.errno == errno.ENOENT:
            raise RecordingError("there is no such file", where=str(path), advice=advice) from error
        raise RecordingError(f"the recording cannot be read: {_reason(error)}", where=str(path), advice=advice) from error
    except ValueError as error:  # a null character in the name
        raise RecordingError(f"the recording cannot be read: {error}", where=repr(str(path))) from error
    return loads(data, where=str(path))


def loads(data: str | bytes, where: str = "") -> Document:
    """The document that `dumps` made this text of; `where` names it in errors. Raises as `load` does."""
    text = data.encode(errors="replace") if isinstance(data, str) else data
    text = text.removeprefix(b"\xef\xbb\xbf")  # what some editors put before UTF-8
    if not text.strip():
        raise RecordingError("the recording is empty", where=where, advice="Record the run again with `reluctant run -o`")
    _check_header(text, where)
    try:
        form = msgspec.json.decode(text, type=_Form, strict=False)  # not strict: numbers may be the strings of NON_FINITE
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(
            f"this part of the recording does not have the form it should have: {error}",
            where=where,
            advice="The file was changed by something other than Reluctant; record the run again",
        ) from error
    values = {name: getattr(form, name) for name in form.__struct_fields__}
    recording = Recording(**{field.name: values[field.name] for field in dataclasses.fields(Recording)})
    findings = tuple(dataclasses.replace(finding, evidence=_restored(finding.evidence)) for finding in values["findings"])
    return Document(recording, findings, values["not_judged"], values["baseline"])


class _RecordingHeader(msgspec.Struct):
    """What tells a recording from other JSON."""

    format: int
    reluctant: str
    sites: msgspec.Raw


def _check_header(text: bytes, where: str) -> None:
    try:
        header = msgspec.json.decode(text, type=_RecordingHeader)
    except msgspec.ValidationError as error:
        advice = "Give a file that `reluctant run -o run.json script.py` wrote"
        raise RecordingError("this is JSON, but no recording of Reluctant", where=where, advice=advice) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if "truncated" in str(error) and text.lstrip()[:1] == b"{":
            advice = "It was cut off while it was copied or written; copy it or record the run again"
            raise RecordingError("the recording ends in the middle", where=where, advice=advice) from error
        advice = "Give a file that `reluctant run -o run.json script.py` wrote"
        raise RecordingError("this is no recording of Reluctant: it is not JSON", where=where, advice=advice) from error
    if header.format > FORMAT:
        raise RecordingError(
            f"the recording has format {header.format}, and this Reluctant reads up to format {FORMAT}",
            where=where,
            advice=f"It was written by Reluctant {header.reluctant}: install that version or a newer one",
        )
    if header.format < 1:
        raise RecordingError(f"the recording claims to have format {header.format}, which never existed", where=where)


def form() -> type[msgspec.Struct]:
    """The file as one type, derived from the data classes, so that a field added to them is in the file."""
    recording = {
        field.name: (field.name, hint, _default(field))
        for field, hint in ((field, get_type_hints(Recording)[field.name]) for field in dataclasses.fields(Recording))
    }
    own: dict[str, tuple[str, Any] | tuple[str, Any, Any]] = {
        "format": ("format", int),
        "findings": ("findings", tuple[Finding, ...], ()),
        "not_judged": ("not_judged", tuple[NotJudged, ...], ()),
        "baseline": ("baseline", tuple[ProposedTreatment, ...], ()),
    }
    keys = [*FIRST_KEYS, *(name for name in recording if name not in FIRST_KEYS), "not_judged", "baseline"]
    return msgspec.defstruct("Document", [own.get(key) or recording[key] for key in keys], kw_only=True, module=__name__)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return field.default


_Form = form()


def _encode(document: Document) -> bytes:
    values = {"format": FORMAT, "findings": document.findings, "not_judged": document.not_judged, "baseline": document.baseline}
    values |= {field.name: getattr(document.recording, field.name) for field in dataclasses.fields(Recording)}
    if not _is_expressible(values):
        values = _expressible(values)
    lines = [_json(key) + b": " + _value(values[key]) for key in _Form.__struct_fields__]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _value(value: Any) -> bytes:
    """One value as JSON; of a sequence of records, one a line."""
    if isinstance(value, (tuple, list)) and value and (dataclasses.is_dataclass(value[0]) or isinstance(value[0], dict)):
        return b"[\n  " + b",\n  ".join(_json(item) for item in value) + b"\n]"
    return _json(value)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain_number)


_NON_FINITE_DOUBLE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""A floating-point number of MessagePack whose exponent is all ones; other bytes may look the same, which costs only time."""


def _is_expressible(values: Mapping[str, Any]) -> bool:
    """Whether JSON can hold all of it as it is; written as MessagePack, which has NaN, this is seen sooner than by a walk."""
    try:
        return _NON_FINITE_DOUBLE.search(msgspec.msgpack.encode(values, enc_hook=_plain_number)) is None
    except (UnicodeEncodeError, OverflowError):  # bytes of a file name that are no UTF-8; an integer beyond 64 bits
        return False


def _expressible(value: Any) -> Any:
    """The value with what JSON cannot hold put into words, down to plain dictionaries and lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _expressible(msgspec.to_builtins(value, enc_hook=_plain_number))
    if isinstance(value, dict):
        return {_expressible(key): _expressible(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_expressible(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return value


def _restored(value: Any) -> Any:
    """Evidence as it was before it was written: it may hold anything, so the form does not say where the numbers are."""
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return NON_FINITE.get(value, value) if isinstance(value, str) else value


def _plain_number(value: Any) -> Any:
    """A number of numpy or torch that a rule left in its evidence, as Python's own."""
    if callable(getattr(value, "item", None)):
        return value.item()
    raise TypeError(f"a recording holds numbers, text, lists and dictionaries, not {type(value).__name__}")
