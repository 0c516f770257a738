"""How long a classic NetCDF file (CDF-1, -2, -5) must be, from its own header.

The NetCDF library reads zeros where such a file is cut short without an error, and takes shifted
bytes for numbers where some were inserted; a day of zeros is a day without melt. The header says
where every variable lies, hence how long the whole file is.

Source: the NetCDF classic format specification (NetCDF user's guide, "File format specifications").
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# bytes of an external type
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
LONGEST = 2**20  # entries of a list and letters of a name; a larger number is a damaged header


@dataclass(frozen=True)
class _Variable:
    begin: int
    size: int  # bytes; of one record where it has records
    has_records: bool


class _Header:
    """A header read item by item; ValueError where it makes no sense."""

    def __init__(self, file: BinaryIO, version: int) -> None:
        self._file = file
        self._count = ">q" if version == 5 else ">i"
        self._offset = ">i" if version == 1 else ">q"

    def number(self, form: str) -> int:
        raw = self._file.read(struct.calcsize(form))
        try:
            return int(struct.unpack(form, raw)[0])
        except struct.error:
            raise ValueError("its header is cut short") from None

    def count(self) -> int:
        return self.number(self._count)

    def offset(self) -> int:
        return self.number(self._offset)

    def length(self) -> int:
        found = self.count()
        if not 0 <= found <= LONGEST:
            raise ValueError(f"its header counts {found} entries")
        return found

    def items(self) -> range:
        """A list's tag and number of entries."""
        self.number(">i")
        return range(self.length())

    def skip(self, size: int) -> None:
        self._file.seek(size + -size % 4, 1)

    def attributes(self) -> None:
        for _ in self.items():
            self.skip(self.length())
            size = _size_of(self.number(">i"))
            self.skip(self.length() * size)


def check_length(path: Path) -> None:
    """ValueError unless a classic NetCDF file is as long as its header says; other files pass."""
    with open(path, "rb") as file:
        magic = file.read(4)
        if magic[:3] != b"CDF" or magic[3:] not in (b"\x01", b"\x02", b"\x05"):
            return
        expected = _end(_Header(file, magic[3]))
        found = file.seek(0, 2)
    if not expected <= found <= expected + 3:  # the last variable may be padded to four bytes
        raise ValueError(f"{found} bytes, its header says {expected}")


def _end(header: _Header) -> int:
    """Where the last byte of data lies, plus one."""
    records = header.count()
    if records < 0:
        raise ValueError(f"its header counts {records} records")
    dimensions = []
    for _ in header.items():
        header.skip(header.length())
        dimensions.append(header.count())
    header.attributes()
    variables = [_variable(header, dimensions) for _ in header.items()]
    in_records = [variable.size for variable in variables if variable.has_records]
    stride = in_records[0] if len(in_records) == 1 else sum(size + -size % 4 for size in in_records)
    return max((_last(variable, records, stride) for variable in variables), default=0)


def _variable(header: _Header, dimensions: list[int]) -> _Variable:
    header.skip(header.length())
    indices = [header.count() for _ in range(header.length())]
    if not all(0 <= index < len(dimensions) for index in indices):
        raise ValueError("its header names dimensions that it does not have")
    header.attributes()
    size = _size_of(header.number(">i"))
    header.count()  # the size as written: redundant, and too small a number for large variables
    shape = [dimensions[index] for index in indices]
    has_records = bool(shape) and shape[0] == 0
    return _Variable(
        header.offset(), size * math.prod(shape[1:] if has_records else shape), has_records
    )


def _last(variable: _Variable, records: int, stride: int) -> int:
    if not variable.has_records:
        return variable.begin + variable.size
    return variable.begin + (records - 1) * stride + variable.size if records else variable.begin


def _size_of(kind: int) -> int:
    if kind not in SIZES:
        raise ValueError(f"its header has a type {kind}")
    return SIZES[kind]
