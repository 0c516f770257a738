"""Publishing: season maps, melt extents of regions, and what can be put on a server as it is."""


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
        mem_mb=RESOURCES.memory(200),
        runtime=RESOURCES.minutes(10, 120),
    params:
        options=PARAMETERS.options("area", "seasons", "publish"),
        code=code_digest("season-maps"),
    message:
        "Season maps of {wildcards.season}"
    shell:
        "python -m daymelt season-maps --options {params.options:q} --maps {input.maps:q}"
        " --out {output:q}"
        " 2> {log:q}"
