"""Mapping: one GeoTIFF a day, every day of a season."""


rule map:
    input:
        model=f"results/{{area}}/models/{PUBLISHED}/{{model}}/model.json",
        interpolated=f"results/{{area}}/aligned/time_interpolated/{MAP_POOL}/{{season}}.nc",
        age="results/{area}/aligned/sar_age/all/{season}.nc",
        mar="results/{area}/aligned/mar/{season}.nc",
        microwave="results/{area}/aligned/microwave/{season}.nc",
        winter="results/{area}/aligned/microwave/{season}_winter.nc",
        terrain="results/{area}/aligned/terrain.nc",
    output:
        "results/{area}/maps/{model}/{season}/index.json",
    log:
        "logs/{area}/map/{model}/{season}.log",
    benchmark:
        "logs/{area}/map/{model}/{season}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: 4
    resources:
        mem_mb=mapping_memory(CONFIG.map.batch),
        runtime=minutes(720),  # 5 minutes a season at full size with the default network on two cores; large networks on CPUs not measured
    params:
        options=options("area", "seasons", "system", "map"),
        code=system_digest("map"),
    message:
        "Map every day of {wildcards.season} with {wildcards.model}"
    shell:
        "python -m daymelt map --options {params.options:q}"
        " --model-card {input.model:q} --interpolated {input.interpolated:q} --age {input.age:q} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --winter {input.winter:q} --terrain {input.terrain:q}"
        " --season {wildcards.season} --threads {threads} --out {output:q}"
        " 2> {log:q}"
