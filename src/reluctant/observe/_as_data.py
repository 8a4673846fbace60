"""Turns what was collected during a run into the plain data of a recording."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

Data = TypeVar("Data")


def as_data(kind: type[Data], record: object, **values: Any) -> Data:
    """The data class `kind`, with these `values` and, for its other fields, the attributes of the same name that `record` has."""
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    same = {name: getattr(record, name) for name in fields if name not in values and hasattr(record, name)}
    return kind(**same, **values)
