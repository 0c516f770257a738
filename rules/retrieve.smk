"""Retrieval: files exactly as the provider ships them, and a manifest that is written last."""


rule twin_world:
    output:
        "resources/{area}/twin/world_{season}.nc",
    log:
        "logs/{area}/twin_world/{season}.log",
    benchmark:
        "logs/{area}/twin_world/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(100),  # 330 MiB at full size
        runtime=minutes(10, 29),
    params:
        options=options("area", "twin"),
        code=code_digest("twin-world"),
    message:
        "The twin's true melt of {wildcards.season}"
    shell:
        "python -m daymelt twin-world --options {params.options:q} --season {wildcards.season} --world {output:q} 2> {log:q}"


rule retrieve_terrain:
    output:
        "resources/{area}/terrain/manifest.json",
    log:
        "logs/{area}/retrieve_terrain.log",
    benchmark:
        "logs/{area}/retrieve_terrain.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(650),  # 2,390 MiB at full size
        runtime=minutes(30),
    params:
        options=retrieval_options("terrain"),
        code=retrieval_code("terrain"),
    message:
        "Retrieve the terrain of {wildcards.area}"
    shell:
        "python -m daymelt retrieve-terrain --options {params.options:q} --out {output:q} 2> {log:q}"


rule retrieve_sentinel1:
    input:
        world=world,
    output:
        manifest="resources/{area}/sentinel1/{month}/manifest.json",
        raw=raw_files("resources/{area}/sentinel1/{month}/raw"),
    log:
        "logs/{area}/retrieve_sentinel1/{month}.log",
    benchmark:
        "logs/{area}/retrieve_sentinel1/{month}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=sentinel1_memory(),  # 718 MiB at full size, from the twin
        runtime=minutes(120),
    params:
        options=retrieval_options("sentinel1"),
        code=retrieval_code("sentinel1"),
        world=world_option,
        move_raw=move_raw_option,
    message:
        "Retrieve Sentinel-1 of {wildcards.month}"
    shell:
        "python -m daymelt retrieve-sentinel1 --options {params.options:q} --month {wildcards.month} {params.world}"
        " --out {output.manifest:q} --raw {output.raw:q} {params.move_raw}"
        " 2> {log:q}"


rule retrieve_mar:
    output:
        "resources/{area}/mar/{season}/manifest.json",
    log:
        "logs/{area}/retrieve_mar/{season}.log",
    benchmark:
        "logs/{area}/retrieve_mar/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(300),  # not measured but for the twin, which needs less
        runtime=minutes(120),
    params:
        options=retrieval_options("mar", "seasons"),
        code=retrieval_code("mar"),
    message:
        "Retrieve MAR of {wildcards.season}"
    shell:
        "python -m daymelt retrieve-mar --options {params.options:q} --season {wildcards.season} --out {output:q} 2> {log:q}"


rule retrieve_microwave:
    output:
        "resources/{area}/microwave/{season}/manifest.json",
    log:
        "logs/{area}/retrieve_microwave/{season}.log",
    benchmark:
        "logs/{area}/retrieve_microwave/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(300),  # 129 MiB at full size, from the twin
        runtime=minutes(120),
    params:
        options=retrieval_options("microwave", "seasons"),
        code=retrieval_code("microwave"),
    message:
        "Retrieve passive microwave of {wildcards.season}"
    shell:
        "python -m daymelt retrieve-microwave --options {params.options:q} --season {wildcards.season} --out {output:q} 2> {log:q}"
