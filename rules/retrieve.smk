"""Retrieval: files exactly as the provider ships them, and a manifest that is written last."""


rule twin_world:
    output:
        places.WORLD,
    log:
        "logs/{area}/twin_world/{season}.log",
    benchmark:
        "logs/{area}/twin_world/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(100),  # 330 MiB at full size
        runtime=RESOURCES.minutes(10, 29),
    params:
        options=PARAMETERS.options("area", "twin"),
        code=code_digest("twin-world"),
    message:
        "The twin's true melt of {wildcards.season}"
    shell:
        "python -m daymelt twin-world --options {params.options:q} --season {wildcards.season}"
        " --world {output:q}"
        " 2> {log:q}"


rule retrieve_terrain:
    output:
        places.MANIFESTS["terrain"],
    log:
        "logs/{area}/retrieve_terrain.log",
    benchmark:
        "logs/{area}/retrieve_terrain.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(650),  # 2,390 MiB at full size
        runtime=RESOURCES.minutes(30),
    params:
        options=PARAMETERS.retrieval_options("terrain"),
        code=PARAMETERS.retrieval_code("terrain"),
    message:
        "Retrieve the terrain of {wildcards.area}"
    shell:
        "python -m daymelt retrieve-terrain --options {params.options:q} --out {output:q}"
        " 2> {log:q}"


rule retrieve_sentinel1:
    input:
        world=JOBS.world,
    output:
        manifest=places.MANIFESTS["sentinel1"],
        raw=raw_files(places.SENTINEL1_RAW),
    log:
        "logs/{area}/retrieve_sentinel1/{month}.log",
    benchmark:
        "logs/{area}/retrieve_sentinel1/{month}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.sentinel1_memory(),  # 718 MiB at full size, from the twin
        runtime=RESOURCES.minutes(120),
    params:
        options=PARAMETERS.retrieval_options("sentinel1"),
        code=PARAMETERS.retrieval_code("sentinel1"),
        world=given("world"),
        move_raw=PARAMETERS.move_raw,
    message:
        "Retrieve Sentinel-1 of {wildcards.month}"
    shell:
        "python -m daymelt retrieve-sentinel1 --options {params.options:q}"
        " --month {wildcards.month} {params.world} --out {output.manifest:q} --raw {output.raw:q}"
        " {params.move_raw}"
        " 2> {log:q}"


rule retrieve_mar:
    output:
        places.MANIFESTS["mar"],
    log:
        "logs/{area}/retrieve_mar/{season}.log",
    benchmark:
        "logs/{area}/retrieve_mar/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(300),  # not measured but for the twin, which needs less
        runtime=RESOURCES.minutes(120),
    params:
        options=PARAMETERS.retrieval_options("mar", "seasons"),
        code=PARAMETERS.retrieval_code("mar"),
    message:
        "Retrieve MAR of {wildcards.season}"
    shell:
        "python -m daymelt retrieve-mar --options {params.options:q} --season {wildcards.season}"
        " --out {output:q}"
        " 2> {log:q}"


rule retrieve_microwave:
    output:
        places.MANIFESTS["microwave"],
    log:
        "logs/{area}/retrieve_microwave/{season}.log",
    benchmark:
        "logs/{area}/retrieve_microwave/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(300),  # 129 MiB at full size, from the twin
        runtime=RESOURCES.minutes(120),
    params:
        options=PARAMETERS.retrieval_options("microwave", "seasons"),
        code=PARAMETERS.retrieval_code("microwave"),
    message:
        "Retrieve passive microwave of {wildcards.season}"
    shell:
        "python -m daymelt retrieve-microwave --options {params.options:q}"
        " --season {wildcards.season} --out {output:q}"
        " 2> {log:q}"


rule retrieve_stations:
    output:
        places.MANIFESTS["stations"],
    log:
        "logs/{area}/retrieve_stations.log",
    benchmark:
        "logs/{area}/retrieve_stations.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(0, base_mb=300),
        runtime=RESOURCES.minutes(60),
    params:
        options=PARAMETERS.retrieval_options("stations", "seasons"),
        code=PARAMETERS.retrieval_code("stations"),
    message:
        "Retrieve the weather stations in {wildcards.area}"
    shell:
        "python -m daymelt retrieve-stations --options {params.options:q} --out {output:q}"
        " 2> {log:q}"
