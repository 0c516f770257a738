"""Preparation: every source on the study grid, one stream a season (Sentinel-1: a month)."""


rule align_terrain:
    input:
        places.MANIFESTS["terrain"],
    output:
        places.TERRAIN,
    log:
        "logs/{area}/align_terrain.log",
    benchmark:
        "logs/{area}/align_terrain.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(300),  # 409 MiB at full size, from the twin
        runtime=RESOURCES.minutes(10, 3),
    params:
        options=PARAMETERS.options("area"),
        code=code_digest("align-terrain"),
    message:
        "Align the terrain of {wildcards.area}"
    shell:
        "python -m daymelt align-terrain --options {params.options:q}"
        " --manifest {input:q} --out {output:q}"
        " 2> {log:q}"


rule winter_reference:
    input:
        manifests=JOBS.winter_months(places.MANIFESTS["sentinel1"]),
        raw=JOBS.winter_months(places.SENTINEL1_RAW),
        terrain=places.TERRAIN,
    output:
        places.WINTER_REFERENCE,
    log:
        "logs/{area}/winter_reference/{season}.log",
    benchmark:
        "logs/{area}/winter_reference/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        # 1,026 MiB at full size from the twin; 2,415 MiB with three orbits in an earlier version
        mem_mb=RESOURCES.memory(800),
        # 96 s from the twin at 30 m; five orbits of 10 m scenes by a benchmark of a sixteenth of
        # the area
        runtime=RESOURCES.minutes(10, 840),
    params:
        options=PARAMETERS.options("area", "sentinel1", "sar"),
        code=code_digest("winter-reference"),
    message:
        "Winter reference of {wildcards.season} from Sentinel-1"
    shell:
        "python -m daymelt winter-reference --options {params.options:q}"
        " --manifests {input.manifests:q} --terrain {input.terrain:q} --out {output:q}"
        " 2> {log:q}"


rule melt_fraction:
    input:
        manifest=places.MANIFESTS["sentinel1"],
        raw=places.SENTINEL1_RAW,
        winters=JOBS.winter_references,
        terrain=places.TERRAIN,
    output:
        places.SAR,
    log:
        "logs/{area}/melt_fraction/{month}.log",
    benchmark:
        "logs/{area}/melt_fraction/{month}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(900),  # 1,765 MiB at full size, from the twin
        # 38 s from the twin at 30 m; twenty scenes of 10 m by the benchmark
        runtime=RESOURCES.minutes(10, 350),
    params:
        options=PARAMETERS.options("area", "sentinel1", "sar"),
        code=code_digest("melt-fraction"),
    message:
        "Melt fraction of {wildcards.month} from Sentinel-1"
    shell:
        "python -m daymelt melt-fraction --options {params.options:q} --manifest {input.manifest:q}"
        " --winters {input.winters:q} --terrain {input.terrain:q} --out {output:q}"
        " 2> {log:q}"


rule align_mar:
    input:
        places.MANIFESTS["mar"],
    output:
        places.MAR,
    log:
        "logs/{area}/align_mar/{season}.log",
    benchmark:
        "logs/{area}/align_mar/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(100),  # 183 MiB at full size, from the twin
        runtime=RESOURCES.minutes(10, 2),
    params:
        options=PARAMETERS.options("area", "seasons", "mar", "regrid"),
        code=code_digest("align-mar"),
    message:
        "Align MAR of {wildcards.season}"
    shell:
        "python -m daymelt align-mar --options {params.options:q}"
        " --manifest {input:q} --season {wildcards.season} --out {output:q}"
        " 2> {log:q}"


rule align_microwave:
    input:
        places.MANIFESTS["microwave"],
    output:
        stream=places.MICROWAVE,
        winter=places.MICROWAVE_WINTER,
    log:
        "logs/{area}/align_microwave/{season}.log",
    benchmark:
        "logs/{area}/align_microwave/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(100),  # 241 MiB at full size, from the twin
        runtime=RESOURCES.minutes(10, 7),
    params:
        options=PARAMETERS.options("area", "seasons", "microwave", "regrid"),
        code=code_digest("align-microwave"),
    message:
        "Align passive microwave of {wildcards.season}"
    shell:
        "python -m daymelt align-microwave --options {params.options:q} --manifest {input:q}"
        " --season {wildcards.season} --out {output.stream:q} --winter {output.winter:q}"
        " 2> {log:q}"


rule split:
    input:
        sar=JOBS.sar_of_season,
        files=JOBS.split_files(),
    output:
        places.SPLIT,
    log:
        "logs/{area}/split/{split}/{season}.log",
    benchmark:
        "logs/{area}/split/{split}/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(0, base_mb=250),
        runtime=RESOURCES.minutes(10),
    params:
        options=PARAMETERS.options("split", "seasons"),
        code=code_digest("split"),
    message:
        "Split the acquisition days of {wildcards.season} into training, validation and test"
        " ({wildcards.split})"
    shell:
        "python -m daymelt split --options {params.options:q}"
        " --name {wildcards.split} --season {wildcards.season} --sar {input.sar:q} --out {output:q}"
        " 2> {log:q}"


rule time_interpolate:
    input:
        JOBS.sar_of_season,
    output:
        stream=places.at(places.INTERPOLATED, split=places.ALL),
        age=places.at(places.SAR_AGE, split=places.ALL),
    log:
        "logs/{area}/time_interpolate/{season}.log",
    benchmark:
        "logs/{area}/time_interpolate/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(150),  # 509 MiB at full size
        runtime=RESOURCES.minutes(10, 32),
    params:
        options=PARAMETERS.options("seasons", "temporal"),
        code=code_digest("time-interpolate"),
    message:
        "Time-interpolate Sentinel-1 of {wildcards.season}"
    shell:
        "python -m daymelt time-interpolate --options {params.options:q}"
        " --season {wildcards.season} --sar {input:q} --out {output.stream:q} --age {output.age:q}"
        " 2> {log:q}"


rule training_pool:
    input:
        sar=JOBS.sar_of_season,
        split=places.SPLIT,
    output:
        stream=places.INTERPOLATED,
        age=places.SAR_AGE,
    log:
        "logs/{area}/training_pool/{split}/{season}.log",
    benchmark:
        "logs/{area}/training_pool/{split}/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(150),  # 509 MiB at full size
        runtime=RESOURCES.minutes(10, 32),
    params:
        options=PARAMETERS.options("seasons", "temporal"),
        code=code_digest("training-pool"),
    message:
        "Time-interpolate the training days of {wildcards.season} ({wildcards.split})"
    shell:
        "python -m daymelt training-pool --options {params.options:q}"
        " --season {wildcards.season} --sar {input.sar:q} --split {input.split:q}"
        " --out {output.stream:q} --age {output.age:q}"
        " 2> {log:q}"
