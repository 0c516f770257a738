"""Daily maps of a small area, as the step map leaves them, with random content."""

import hashlib
import json
from pathlib import Path

import numpy as np

from daymelt.core.dates import season_days
from daymelt.core.encoding import MAP_LAYERS, NEVER_SEEN, SAR_AGE
from daymelt.products import cog
from daymelt.products.map_files import AGE, LAYERS
from daymelt.settings.inputs import Area

MONTHS = [6]
AREA = Area(name="small", rows=12, columns=17)
GRID = AREA.grid
OCEAN = np.zeros(GRID.shape, bool)
OCEAN[:, -3:] = True


def options(**sections: dict) -> str:
    """Sections of the settings as the rules give them: area, months, and further ones."""
    area = AREA.model_dump(mode="json")
    return json.dumps({"area": area, "seasons": {"months": MONTHS}, **sections})


def stored_days(season: int, seed: int = 0) -> dict:
    """Stored numbers of each layer and of the age, (date, y, x), by name."""
    rng = np.random.default_rng([season, seed])
    size = (len(season_days(season, MONTHS)), *GRID.shape)
    warm = np.sin(np.linspace(0, np.pi, size[0]))[:, None, None] * rng.random(GRID.shape)
    melt = np.where(rng.random(size) < warm, rng.integers(0, 101, size), 0)
    fields = {
        "melt": melt,
        "melt_mean": np.clip(melt + rng.integers(-5, 6, size), 0, 100),
        "melt_low": melt - rng.integers(0, 60, size).clip(max=melt),
        "melt_high": np.minimum(melt + rng.integers(0, 30, size), 100),
        "age": rng.choice([0, 2, 6, 7, 13, NEVER_SEEN], size, p=[0.4, 0.3, 0.2, 0.05, 0.04, 0.01]),
    }
    return {name: np.where(OCEAN, 255, field).astype(np.uint8) for name, field in fields.items()}


def write_maps(folder: Path, season: int, layers: tuple = tuple(LAYERS), model: str = "a") -> Path:
    """Write the maps of a season and their list, whose path is given back."""
    stored, files = stored_days(season), []
    checksum = hashlib.sha256(model.encode()).hexdigest()
    for index, day in enumerate(season_days(season, MONTHS)):
        tags = {"date": f"{day}", "area": "small", "model": "net", "model_checksum": checksum}
        for name in (*layers, "age"):
            encoding = SAR_AGE if name == "age" else MAP_LAYERS[name]
            path = folder / (AGE if name == "age" else LAYERS[name]).format(day=day)
            cog.write_day(path, stored[name][index], GRID, encoding, tags, name)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            files.append({"path": path.name, "size": path.stat().st_size, "sha256": digest})
    about = {"season": season, "area": "small", "model_checksum": checksum, "inputs": "x"}
    index = folder / "index.json"
    index.write_text(json.dumps({**about, "filled": {}, "sar_gaps": [], "files": files}))
    return index
