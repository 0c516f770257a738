"""Preparation: every source on the study grid, one stream a season (Sentinel-1: a month)."""


rule align_terrain:
    input:
        "resources/{area}/terrain/manifest.json",
    output:
        "results/{area}/aligned/terrain.nc",
    log:
        "logs/{area}/align_terrain.log",
    benchmark:
        "logs/{area}/align_terrain.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(300),  # 409 MiB at full size, from the twin
        runtime=minutes(10, 3),
    params:
        options=options("area"),
        code=code_digest("align-terrain"),
    message:
        "Align the terrain of {wildcards.area}"
    shell:
        "python -m daymelt align-terrain --options {params.options:q}"
        " --manifest {input:q} --out {output:q}"
        " 2> {log:q}"


rule winter_reference:
    input:
        manifests=of_winter("manifest.json"),
        raw=of_winter("raw"),
        terrain="results/{area}/aligned/terrain.nc",
    output:
        "results/{area}/aligned/sar/winter_{season}.nc",
    log:
        "logs/{area}/winter_reference/{season}.log",
    benchmark:
        "logs/{area}/winter_reference/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(800),  # 1,026 MiB at full size from the twin; 2,415 MiB with three orbits in an earlier version
        runtime=minutes(10, 840),  # 96 s from the twin at 30 m; five orbits of 10 m scenes by a benchmark of a sixteenth of the area
    params:
        options=options("area", "sentinel1", "sar"),
        code=code_digest("winter-reference"),
    message:
        "Winter reference of {wildcards.season} from Sentinel-1"
    shell:
        "python -m daymelt winter-reference --options {params.options:q}"
        " --manifests {input.manifests:q} --terrain {input.terrain:q} --out {output:q}"
        " 2> {log:q}"


rule melt_fraction:
    input:
        manifest="resources/{area}/sentinel1/{month}/manifest.json",
        raw="resources/{area}/sentinel1/{month}/raw",
        winters=winter_references,
        terrain="results/{area}/aligned/terrain.nc",
    output:
        "results/{area}/aligned/sar/{month}.nc",
    log:
        "logs/{area}/melt_fraction/{month}.log",
    benchmark:
        "logs/{area}/melt_fraction/{month}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(900),  # 1,765 MiB at full size, from the twin
        runtime=minutes(10, 350),  # 38 s from the twin at 30 m; twenty scenes of 10 m by the benchmark
    params:
        options=options("area", "sentinel1", "sar"),
        code=code_digest("melt-fraction"),
    message:
        "Melt fraction of {wildcards.month} from Sentinel-1"
    shell:
        "python -m daymelt melt-fraction --options {params.options:q}"
        " --manifest {input.manifest:q} --winters {input.winters:q} --terrain {input.terrain:q} --out {output:q}"
        " 2> {log:q}"


rule align_mar:
    input:
        "resources/{area}/mar/{season}/manifest.json",
    output:
        "results/{area}/aligned/mar/{season}.nc",
    log:
        "logs/{area}/align_mar/{season}.log",
    benchmark:
        "logs/{area}/align_mar/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(100),  # 183 MiB at full size, from the twin
        runtime=minutes(10, 2),
    params:
        options=options("area", "seasons", "mar", "regrid"),
        code=code_digest("align-mar"),
    message:
        "Align MAR of {wildcards.season}"
    shell:
        "python -m daymelt align-mar --options {params.options:q}"
        " --manifest {input:q} --season {wildcards.season} --out {output:q}"
        " 2> {log:q}"


rule align_microwave:
    input:
        "resources/{area}/microwave/{season}/manifest.json",
    output:
        stream="results/{area}/aligned/microwave/{season}.nc",
        winter="results/{area}/aligned/microwave/{season}_winter.nc",
    log:
        "logs/{area}/align_microwave/{season}.log",
    benchmark:
        "logs/{area}/align_microwave/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(100),  # 241 MiB at full size, from the twin
        runtime=minutes(10, 7),
    params:
        options=options("area", "seasons", "microwave", "regrid"),
        code=code_digest("align-microwave"),
    message:
        "Align passive microwave of {wildcards.season}"
    shell:
        "python -m daymelt align-microwave --options {params.options:q}"
        " --manifest {input:q} --season {wildcards.season} --out {output.stream:q} --winter {output.winter:q}"
        " 2> {log:q}"


rule split:
    input:
        sar=sar_of_season,
        files=split_files(),
    output:
        "results/{area}/splits/{split}/{season}.csv",
    log:
        "logs/{area}/split/{split}/{season}.log",
    benchmark:
        "logs/{area}/split/{split}/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(0, base_mb=250),
        runtime=minutes(10),
    params:
        options=options("split"),
        code=code_digest("split"),
    message:
        "Split the acquisition days of {wildcards.season} into training, validation and test ({wildcards.split})"
    shell:
        "python -m daymelt split --options {params.options:q}"
        " --name {wildcards.split} --season {wildcards.season} --sar {input.sar:q} --out {output:q}"
        " 2> {log:q}"


rule time_interpolate:
    input:
        sar_of_season,
    output:
        stream="results/{area}/aligned/time_interpolated/all/{season}.nc",
        age="results/{area}/aligned/sar_age/all/{season}.nc",
    log:
        "logs/{area}/time_interpolate/{season}.log",
    benchmark:
        "logs/{area}/time_interpolate/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(150),  # 509 MiB at full size
        runtime=minutes(10, 32),
    params:
        options=options("seasons", "temporal"),
        code=code_digest("time-interpolate"),
    message:
        "Time-interpolate Sentinel-1 of {wildcards.season}"
    shell:
        "python -m daymelt time-interpolate --options {params.options:q}"
        " --season {wildcards.season} --sar {input:q} --out {output.stream:q} --age {output.age:q}"
        " 2> {log:q}"


rule training_pool:
    input:
        sar=sar_of_season,
        split="results/{area}/splits/{split}/{season}.csv",
    output:
        stream="results/{area}/aligned/time_interpolated/{split}/{season}.nc",
        age="results/{area}/aligned/sar_age/{split}/{season}.nc",
    log:
        "logs/{area}/training_pool/{split}/{season}.log",
    benchmark:
        "logs/{area}/training_pool/{split}/{season}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(150),  # 509 MiB at full size
        runtime=minutes(10, 32),
    params:
        options=options("seasons", "temporal"),
        code=code_digest("training-pool"),
    message:
        "Time-interpolate the training days of {wildcards.season} ({wildcards.split})"
    shell:
        "python -m daymelt training-pool --options {params.options:q}"
        " --season {wildcards.season} --sar {input.sar:q} --split {input.split:q}"
        " --out {output.stream:q} --age {output.age:q}"
        " 2> {log:q}"
