import subprocess
import sys

import matplotlib
import pytest
from matplotlib.image import imread

from daymelt.products.drawing import headline, picture


def draw(path):
    with picture(path, 640, 320) as figure:
        headline(figure, "A title", "and a line below it")
        axes = figure.add_axes((0.1, 0.1, 0.8, 0.6))
        axes.plot([0, 1, 2], [0, 3, 1])
        axes.set_xlabel("é km²")


def test_equal_pictures_are_equal_bytes_whatever_the_user_has_set(tmp_path):
    draw(tmp_path / "one.png")
    with matplotlib.rc_context(
        {"font.size": 30, "lines.linewidth": 9, "savefig.facecolor": "red", "savefig.bbox": "tight"}
    ):
        draw(tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_picture_has_the_size_asked_for_and_names_no_program_and_no_time(tmp_path):
    draw(tmp_path / "one.png")
    assert imread(tmp_path / "one.png").shape[:2] == (320, 640)
    content = (tmp_path / "one.png").read_bytes()
    assert not any(chunk in content for chunk in (b"tEXt", b"tIME", b"iTXt"))


def test_a_failed_drawing_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError), picture(tmp_path / "one.png", 100, 100):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_importing_the_room_loads_neither_matplotlib_nor_gdal():
    code = """
import sys
from daymelt.products import cog, drawing, figures, panel, style, tables
heavy = {"matplotlib", "rasterio", "rio_cogeo", "torch"} & set(sys.modules)
sys.exit(", ".join(heavy) or 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_drawing_never_loads_pyplot(tmp_path):
    code = """
import sys
from pathlib import Path
from daymelt.products.figures import loss_curve
loss_curve(Path(sys.argv[1]), [1, 2], [0.2, 0.1], [0.3, 0.2])
sys.exit("matplotlib.pyplot" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "loss.png"], check=True)
