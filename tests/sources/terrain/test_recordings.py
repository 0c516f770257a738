"""The head of a real mosaic, as recorded beside the project."""

import rasterio


def test_the_head_of_the_mosaic_opens_and_its_sources_are_absolute(real, tmp_path):
    text = real("terrain/rema_32m_dem_tiles.head.vrt").read_text()
    sources = [
        part.partition("</SourceFilename>")[0]
        for part in text.split('<SourceFilename relativeToVRT="0">')[1:]
    ]
    assert len(sources) == text.count("<SourceFilename") == 6
    assert all(name.startswith("/vsis3/pgc-opendata-dems/") for name in sources)
    path = tmp_path / "mosaic.vrt"
    path.write_text(text)
    with rasterio.open(path) as mosaic:
        assert mosaic.crs.to_epsg() == 3031
        assert (mosaic.res, mosaic.nodata, mosaic.dtypes) == ((32, 32), -9999, ("float32",))
        assert (mosaic.width, mosaic.height) == (170318, 182568)
