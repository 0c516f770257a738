"""Weather stations: their files, and the maps beside them."""


rule retrieve_stations:
    output:
        "resources/{area}/stations/manifest.json",
    log:
        "logs/{area}/retrieve_stations.log",
    benchmark:
        "logs/{area}/retrieve_stations.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(0, base_mb=300),
        runtime=minutes(60),
    params:
        options=retrieval_options("stations", "seasons"),
        code=retrieval_code("stations"),
    message:
        "Retrieve the weather stations in {wildcards.area}"
    shell:
        "python -m daymelt retrieve-stations --options {params.options:q} --out {output:q} 2> {log:q}"


rule station_scores:
    input:
        manifest="resources/{area}/stations/manifest.json",
        maps=map_indices(),
        sar=sar_streams(),
        worlds=worlds(),
    output:
        table=report(
            "results/{area}/benchmark/stations.csv",
            caption="../docs/captions/stations_table.rst",
            category="Scores",
        ),
        figure=report(
            "results/{area}/benchmark/stations.png",
            caption="../docs/captions/stations.rst",
            category="Scores",
        ),
    log:
        "logs/{area}/station_scores.log",
    benchmark:
        "logs/{area}/station_scores.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(0, base_mb=500),
        runtime=minutes(60),
    params:
        options=options("area", "seasons", "stations"),
        code=code_digest("station-scores"),
    message:
        "Compare the maps with the weather stations"
    shell:
        "python -m daymelt station-scores --options {params.options:q} --manifest {input.manifest:q} --maps {input.maps:q}"
        " --sar {input.sar:q} --worlds {input.worlds:q} --out {output.table:q} --figure {output.figure:q} 2> {log:q}"
