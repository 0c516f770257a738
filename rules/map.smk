"""Mapping: one GeoTIFF a day, every day of a season."""


rule map:
    input:
        model=JOBS.model_of_maps,
        interval=JOBS.interval_of_maps,
        interpolated=places.at(places.INTERPOLATED, split=JOBS.map_pool),
        age=places.at(places.SAR_AGE, split=places.ALL),
        sar=JOBS.sar_of_season,
        mar=places.MAR,
        microwave=places.MICROWAVE,
        winter=places.MICROWAVE_WINTER,
        terrain=places.TERRAIN,
        split=JOBS.split_of_maps,
    output:
        places.MAP_INDEX,
    log:
        "logs/{area}/map/{model}/{season}.log",
    benchmark:
        "logs/{area}/map/{model}/{season}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: RESOURCES.mapping_threads
    resources:
        mem_mb=RESOURCES.mapping_memory(CONFIG.map.batch),
        # 5 minutes a season at full size with the default network on two cores; large networks on
        # CPUs not measured
        runtime=RESOURCES.minutes(720),
    params:
        options=PARAMETERS.options("area", "seasons", "system", "map"),
        code=PARAMETERS.system_code("map"),
        split=given("split"),
    message:
        "Map every day of {wildcards.season} with {wildcards.model}"
    shell:
        "python -m daymelt map --options {params.options:q} --model-card {input.model:q}"
        " --interpolated {input.interpolated:q} --age {input.age:q} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --winter {input.winter:q} --terrain {input.terrain:q}"
        " --sar {input.sar:q} {params.split} --season {wildcards.season} --threads {threads}"
        " --out {output:q}"
        " 2> {log:q}"
