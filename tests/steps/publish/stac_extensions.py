"""What the STAC extensions ask of the fields that the catalogue uses, as JSON schemas.

Read from the published text of each extension; the published schemas are fetched from the network,
which tests do not use. A document that lists an extension that is not here cannot be validated, and
fails.
"""

NUMBERS = {"type": "array", "items": {"type": "number"}}
PROJECTION = {
    "proj:code": {"type": ["string", "null"], "pattern": "^[A-Z_0-9]+:.+$"},
    "proj:wkt2": {"type": ["string", "null"]},
    "proj:shape": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "minItems": 2,
        "maxItems": 2,
    },
    "proj:transform": {
        **NUMBERS,
        "oneOf": [{"minItems": 6, "maxItems": 6}, {"minItems": 9, "maxItems": 9}],
    },
    "proj:bbox": {
        **NUMBERS,
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    },
}
RASTER = {
    "raster:scale": {"type": "number"},
    "raster:offset": {"type": "number"},
    "raster:sampling": {"enum": ["area", "point"]},
    "raster:spatial_resolution": {"type": "number", "exclusiveMinimum": 0},
}
FILE = {
    "file:size": {"type": "integer", "minimum": 0},
    "file:checksum": {"type": "string", "pattern": "^[a-f0-9]+$"},
}
PROCESSING = {
    "processing:level": {"type": "string", "pattern": "^(RAW|L[0-4][A-Z]?)$"},
    "processing:software": {"type": "object", "additionalProperties": {"type": "string"}},
}
SCIENTIFIC = {
    "sci:doi": {"type": "string", "pattern": "^10\\.[0-9a-zA-Z]{4,}/[^\\s]+$"},
    "sci:citation": {"type": "string", "minLength": 1},
    "sci:publications": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "doi": {"type": "string", "pattern": "^10\\.[0-9a-zA-Z]{4,}/[^\\s]+$"},
                "citation": {"type": "string"},
            },
        },
    },
}
RENDER = {
    "type": "object",
    "required": ["assets"],
    "properties": {
        "assets": {"type": "array", "items": {"type": "string"}},
        "title": {"type": "string"},
        "nodata": {"type": ["number", "string"]},
        "rescale": {"type": "array", "items": {**NUMBERS, "minItems": 2, "maxItems": 2}},
        "colormap": {"type": "object"},
    },
}


def closed(prefix, fields):
    """An object whose fields of a prefix are among some, with their types."""
    return {
        "type": "object",
        "properties": fields,
        "patternProperties": {f"^(?!{prefix}:)": {}},
        "additionalProperties": False,
    }


def each(schema):
    return {"type": "object", "additionalProperties": schema}


def schema(name, number, **parts):
    """The schema of an extension, which every document that uses it lists."""
    address = f"https://stac-extensions.github.io/{name}/v{number}/schema.json"
    listed = {"stac_extensions": {"type": "array", "contains": {"const": address}}}
    return address, {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": address,
        "type": "object",
        "required": ["stac_extensions"],
        "properties": {**listed, **parts},
    }


def bands(fields):
    of_asset = {
        "type": "object",
        "properties": {"bands": {"type": "array", "items": closed("raster", fields)}},
    }
    return {"assets": each(of_asset), "item_assets": each(of_asset)}


VERSION = {"version": {"type": "string", "minLength": 1}}
SCHEMAS = dict(
    [
        schema("projection", "2.0.0", properties=closed("proj", PROJECTION)),
        schema("raster", "2.0.0", **bands(RASTER)),
        schema("file", "2.1.0", assets=each(closed("file", FILE))),
        schema("processing", "1.2.0", properties=closed("processing", PROCESSING)),
        schema("scientific", "1.0.0", **SCIENTIFIC),
        schema("version", "1.2.0", **VERSION, properties={"properties": VERSION}),
        schema("render", "2.0.0", renders=each(RENDER)),
    ]
)
