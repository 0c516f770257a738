"""Publishing: season maps, melt extents of regions, and what can be put on a server as it is."""

PAGE = Path(workflow.basedir) / "viewer"  # of the viewer


rule season_maps:
    input:
        maps=places.MAP_INDEX,
    output:
        places.SEASON_MAPS,
    log:
        "logs/{area}/season_maps/{model}/{season}.log",
    benchmark:
        "logs/{area}/season_maps/{model}/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(280),  # 1130 MiB at full size
        runtime=RESOURCES.minutes(10, 120),
    params:
        options=PARAMETERS.options("area", "seasons", "season_maps"),
        code=code_digest("season-maps"),
    message:
        "Season maps of {wildcards.season}"
    shell:
        "python -m daymelt season-maps --options {params.options:q} --maps {input.maps:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule cube:
    input:
        maps=JOBS.map_indices_of,
        sar=JOBS.sar_of_cube(),
        interpolated=JOBS.inputs_of_cube(places.INTERPOLATED, split=JOBS.map_pool),
        mar=JOBS.inputs_of_cube(places.MAR),
        microwave=JOBS.inputs_of_cube(places.MICROWAVE),
        seasons=JOBS.season_maps_of,
        climatology=JOBS.climatology_of,
    output:
        places.CUBE,
    log:
        "logs/{area}/cube/{model}.log",
    benchmark:
        "logs/{area}/cube/{model}.tsv"
    conda:
        "../envs/publish.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(100),
        runtime=RESOURCES.minutes(10, 600),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("cube"),
    message:
        "Cube of the maps"
    shell:
        "python -m daymelt cube --options {params.options:q} --maps {input.maps:q}"
        " --sar {input.sar:q} --interpolated {input.interpolated:q} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --season-lists {input.seasons:q}"
        " --climatology {input.climatology:q} --out {output:q}"
        " 2> {log:q}"


rule season_file:
    input:
        maps=places.MAP_INDEX,
    output:
        places.SEASON_FILE,
    log:
        "logs/{area}/season_file/{model}/{season}.log",
    benchmark:
        "logs/{area}/season_file/{model}/{season}.tsv"
    conda:
        "../envs/publish.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(200),
        runtime=RESOURCES.minutes(10, 300),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("season-file"),
    message:
        "Maps of {wildcards.season} as one file"
    shell:
        "python -m daymelt season-file --options {params.options:q} --maps {input.maps:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule stac_season:
    input:
        maps=places.MAP_INDEX,
        netcdf=places.SEASON_FILE,
    output:
        places.STAC_SEASON,
    log:
        "logs/{area}/stac_season/{model}/{season}.log",
    benchmark:
        "logs/{area}/stac_season/{model}/{season}.tsv"
    conda:
        "../envs/publish.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(10),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons", "publish"),
        code=code_digest("stac-season"),
    message:
        "STAC items of {wildcards.season}"
    shell:
        "python -m daymelt stac-season --options {params.options:q} --maps {input.maps:q}"
        " --netcdf {input.netcdf:q} --model {wildcards.model}"
        " --out {output:q}"
        " 2> {log:q}"


rule stac_season_maps:
    input:
        seasons=JOBS.season_maps_of,
        climatology=JOBS.climatology_of,
    output:
        places.STAC_SEASON_MAPS,
    log:
        "logs/{area}/stac_season_maps/{model}.log",
    benchmark:
        "logs/{area}/stac_season_maps/{model}.tsv"
    conda:
        "../envs/publish.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(10),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons", "publish"),
        code=code_digest("stac-season-maps"),
    message:
        "STAC items of the season maps"
    shell:
        "python -m daymelt stac-season-maps --options {params.options:q}"
        " --season-lists {input.seasons:q} --climatology {input.climatology:q}"
        " --model {wildcards.model} --out {output:q}"
        " 2> {log:q}"


rule stac_area:
    input:
        collections=JOBS.stac_seasons(),
        season_maps=places.at(places.STAC_SEASON_MAPS, model=JOBS.model),
        cube=places.at(places.CUBE, model=JOBS.model),
    output:
        places.STAC,
    log:
        "logs/{area}/stac_area.log",
    benchmark:
        "logs/{area}/stac_area.tsv"
    conda:
        "../envs/publish.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(10),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons", "publish"),
        code=code_digest("stac-area"),
        model=JOBS.model,
    message:
        "STAC catalogue of {wildcards.area}"
    shell:
        "python -m daymelt stac-area --options {params.options:q}"
        " --collections {input.collections:q} --season-maps {input.season_maps:q}"
        " --cube {input.cube:q} --model {params.model:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule viewer:
    input:
        JOBS.stac_seasons(),  # have published the daily maps
        JOBS.each_season(places.REGION_EXTENTS["csv"], model=JOBS.model),
        maps=JOBS.map_indices(),
        season_maps=JOBS.each_season(places.SEASON_MAPS, model=JOBS.model),
        climatology=JOBS.climatology(),
        cube=places.at(places.CUBE, model=JOBS.model),
        outlines=places.REGIONS,
        height=places.HEIGHT_MAP,
        page=sorted(map(str, (PAGE / "src").glob("*"))),
    output:
        places.VIEWER,
    log:
        "logs/{area}/viewer.log",
    benchmark:
        "logs/{area}/viewer.tsv"
    conda:
        "../envs/publish.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(30),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("viewer"),
        model=JOBS.model,
        modules=JOBS.viewer_libraries(PAGE),
    message:
        "Viewer of {wildcards.area}"
    shell:
        "python -m daymelt viewer --options {params.options:q} --maps {input.maps:q}"
        " --season-maps {input.season_maps:q} --climatology {input.climatology:q}"
        " --cube {input.cube:q} --outlines {input.outlines:q} --page {input.page:q}"
        " --height {input.height:q}"
        " --modules {params.modules:q} --model {params.model:q} --out {output:q}"
        " 2> {log:q}"


rule climatology:
    input:
        JOBS.each_season(places.SEASON_MAPS),
    output:
        places.CLIMATOLOGY,
    log:
        "logs/{area}/climatology/{model}.log",
    benchmark:
        "logs/{area}/climatology/{model}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(150),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons", "season_maps"),
        code=code_digest("climatology"),
    message:
        "Mean of the seasons and their anomalies"
    shell:
        "python -m daymelt climatology --options {params.options:q} --maps {input:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule regions:
    input:
        terrain=places.TERRAIN,
        files=JOBS.region_files(),
    output:
        cells=places.REGION_CELLS,
        outlines=places.REGIONS,
    log:
        "logs/{area}/regions.log",
    benchmark:
        "logs/{area}/regions.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(200),  # 863 MiB at full size
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "regions"),
        code=code_digest("regions"),
    message:
        "Find the cells of the regions"
    shell:
        "python -m daymelt regions --options {params.options:q} --terrain {input.terrain:q}"
        " --cells {output.cells:q} --outlines {output.outlines:q}"
        " 2> {log:q}"


rule region_extents:
    input:
        maps=places.MAP_INDEX,
        cells=places.REGION_CELLS,
    output:
        **places.REGION_EXTENTS,
    log:
        "logs/{area}/region_extents/{model}/{season}.log",
    benchmark:
        "logs/{area}/region_extents/{model}/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(280),  # 929 MiB at full size
        runtime=RESOURCES.minutes(10, 120),
    params:
        options=PARAMETERS.options("area", "seasons", "season_maps"),
        code=code_digest("region-extents"),
    message:
        "Melt extent of the regions in {wildcards.season}"
    shell:
        "python -m daymelt region-extents --options {params.options:q} --maps {input.maps:q}"
        " --cells {input.cells:q} --out {output.csv:q} --parquet {output.parquet:q}"
        " 2> {log:q}"


rule extent_figure:
    input:
        JOBS.each_season(places.REGION_EXTENTS["csv"]),
    output:
        report(
            places.EXTENT_FIGURE,
            caption="../docs/captions/seasons_extent.rst",
            category="Seasons",
        ),
    log:
        "logs/{area}/extent_figure/{model}.log",
    benchmark:
        "logs/{area}/extent_figure/{model}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(0, base_mb=300),
        runtime=RESOURCES.minutes(10),
    params:
        options=PARAMETERS.options("area", "season_maps"),
        code=code_digest("extent-figure"),
    message:
        "Draw the melt extent of all seasons"
    shell:
        "python -m daymelt extent-figure --options {params.options:q} --extents {input:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule height_map:
    input:
        terrain=places.TERRAIN,
    output:
        places.HEIGHT_MAP,
    log:
        "logs/{area}/height_map.log",
    benchmark:
        "logs/{area}/height_map.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(60),
        runtime=RESOURCES.minutes(10, 30),
    params:
        options=PARAMETERS.options("area"),
        code=code_digest("height-map"),
    message:
        "Height of {wildcards.area} as a GeoTIFF"
    shell:
        "python -m daymelt height-map --options {params.options:q} --terrain {input.terrain:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule season_pictures:
    input:
        maps=places.MAP_INDEX,
        extents=places.REGION_EXTENTS["csv"],
        terrain=places.TERRAIN,
    output:
        animation=report(
            places.SEASON_PICTURES["animation"],
            caption="../docs/captions/season_animation.rst",
            category="Seasons",
        ),
        sheet=report(
            places.SEASON_PICTURES["sheet"],
            caption="../docs/captions/contact_sheet.rst",
            category="Seasons",
        ),
    log:
        "logs/{area}/season_pictures/{model}/{season}.log",
    benchmark:
        "logs/{area}/season_pictures/{model}/{season}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(60, base_mb=400),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("season-pictures"),
    message:
        "Draw the season {wildcards.season}"
    shell:
        "python -m daymelt season-pictures --options {params.options:q} --maps {input.maps:q}"
        " --extents {input.extents:q} --terrain {input.terrain:q}"
        " --animation {output.animation:q} --sheet {output.sheet:q}"
        " 2> {log:q}"


rule qgis_season:
    input:
        maps=places.at(places.MAP_INDEX, model=JOBS.model),
        season_maps=places.at(places.SEASON_MAPS, model=JOBS.model),
        height=places.HEIGHT_MAP,
        outlines=places.REGIONS,
    output:
        places.QGIS_SEASON,
    log:
        "logs/{area}/qgis_season/{season}.log",
    benchmark:
        "logs/{area}/qgis_season/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(10),
        runtime=RESOURCES.minutes(10, 60),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("qgis-season"),
        model=JOBS.model,
    message:
        "QGIS project of {wildcards.season}"
    shell:
        "python -m daymelt qgis-season --options {params.options:q} --maps {input.maps:q}"
        " --season-maps {input.season_maps:q} --height {input.height:q}"
        " --outlines {input.outlines:q} --model {params.model:q} --out {output:q}"
        " 2> {log:q}"


rule qgis_project:
    input:
        JOBS.each_season(places.QGIS_SEASON),  # have published the daily maps
        maps=JOBS.map_indices(),
        season_maps=JOBS.each_season(places.SEASON_MAPS, model=JOBS.model),
        climatology=JOBS.climatology(),
        height=places.HEIGHT_MAP,
        outlines=places.REGIONS,
    output:
        places.QGIS_PROJECT,
    log:
        "logs/{area}/qgis_project.log",
    benchmark:
        "logs/{area}/qgis_project.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(10),
        runtime=RESOURCES.minutes(10, 30),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("qgis-project"),
        model=JOBS.model,
    message:
        "QGIS project of {wildcards.area}"
    shell:
        "python -m daymelt qgis-project --options {params.options:q} --maps {input.maps:q}"
        " --season-maps {input.season_maps:q} --climatology {input.climatology:q}"
        " --height {input.height:q} --outlines {input.outlines:q} --model {params.model:q}"
        " --out {output:q}"
        " 2> {log:q}"
