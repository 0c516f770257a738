"""Which test reads each of the genuine files beside the project, and why a file is read by none."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REAL = TESTS.parents[1] / "shared" / "real"
SENTINEL1 = "sources/sentinel1"
READ_BY = {  # pattern of the files: module of tests, or the reason why there is none
    "README.md": "names the origins; holds no data",
    "area/*": "plan/test_settings.py",  # refused: no setting takes an outline
    "cetb/*": "sources/microwave/test_cetb.py",
    "cmr/*": "archives/test_recordings.py",
    "http/*": "archives/test_recordings.py",
    "mar/*": "sources/mar/test_files.py",
    "meltwaterbench/*": "steps/test_meltwaterbench.py",
    "opera/OPERA_*.tif": f"{SENTINEL1}/test_recordings.py",
    "opera/OPERA_*.txt": f"{SENTINEL1}/test_recordings.py",
    "opera/browse_test_V?.tif": f"{SENTINEL1}/test_recordings.py",
    "opera/hyp3_rtc_output_files.json": f"{SENTINEL1}/test_recordings.py",
    "opera/opera_v1.0.iso.xml": f"{SENTINEL1}/test_recordings.py",
    "promice/*": "sources/stations/test_promice.py",
    "s1/*.tif": f"{SENTINEL1}/test_bursts.py",
    # a scene that is not terrain-corrected is refused by its name; its annotations are not opened
    "s1/S1A_EW_*": f"{SENTINEL1}/test_bursts.py",
    "stac/mspc-*": f"{SENTINEL1}/test_stac_items.py",
    "stac/pc-*": f"{SENTINEL1}/test_stac_items.py",
    "stac/planetary-computer-tasks_*": f"{SENTINEL1}/test_stac_items.py",
    "stac/pystac-client_*": "archives/test_recordings.py",
    "stac/served/*": f"{SENTINEL1}/test_recordings.py",
    "terrain/rema_*": "sources/terrain/test_recordings.py",
    "terrain/*.tif": "sources/terrain/test_reader.py",
    "terrain/*.nc": "sources/terrain/test_reader.py",
}


def test_every_genuine_file_is_read_by_a_test_or_has_a_reason_why_not():
    if not REAL.is_dir():
        pytest.skip(f"the genuine files are not in {REAL}")
    names = [path.relative_to(REAL).as_posix() for path in REAL.rglob("*") if path.is_file()]
    assert len(names) > 40
    unread = [name for name in names if not any(fnmatch(name, part) for part in READ_BY)]
    assert unread == []


@pytest.mark.parametrize("module", sorted({name for name in READ_BY.values() if " " not in name}))
def test_every_named_module_reads_genuine_files(module):
    text = (TESTS / module).read_text(encoding="utf-8")
    assert "real(" in text
