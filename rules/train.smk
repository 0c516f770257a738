"""Training: one system from all seasons, on the terms of one split.

A network takes a CUDA device where there is one, and as many as `training.devices` says: ask for
them in the profile (`set-resources:`, `train:`, `gres: "gpu:4"`), see docs/cluster.md. The threads
are those of the job, divided among its processes.
"""


rule train:
    input:
        sar=JOBS.sar_streams(),
        interpolated=JOBS.each_season(places.INTERPOLATED),
        mar=JOBS.each_season(places.MAR),
        microwave=JOBS.each_season(places.MICROWAVE),
        winters=JOBS.each_season(places.MICROWAVE_WINTER),
        terrain=places.TERRAIN,
        splits=JOBS.each_season(places.SPLIT),
    output:
        places.MODEL,
    log:
        "logs/{area}/train/{split}/{model}.log",
    benchmark:
        places.TRAINING_RECORD
    conda:
        "../envs/learn.yaml"
    threads: RESOURCES.training_threads
    resources:
        mem_mb=RESOURCES.training_memory,
        runtime=RESOURCES.minutes(1440),  # epochs, network and device decide
    params:
        options=PARAMETERS.options("system"),
        code=PARAMETERS.system_code("train"),
    message:
        "Train {wildcards.model} ({wildcards.split})"
    shell:
        "python -m daymelt train --options {params.options:q} --sar {input.sar:q}"
        " --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q}"
        " --winters {input.winters:q} --terrain {input.terrain:q} --splits {input.splits:q}"
        " --threads {threads} --out {output:q}"
        " 2> {log:q}"


rule calibrate:
    input:
        models=JOBS.calibrating_models,
        sar=JOBS.sar_streams(),
        interpolated=JOBS.each_season(places.INTERPOLATED),
        mar=JOBS.each_season(places.MAR),
        microwave=JOBS.each_season(places.MICROWAVE),
        winters=JOBS.each_season(places.MICROWAVE_WINTER),
        terrain=places.TERRAIN,
        splits=JOBS.each_season(places.SPLIT),
    output:
        places.CALIBRATION,
    log:
        "logs/{area}/calibrate/{split}/{model}.log",
    benchmark:
        "logs/{area}/calibrate/{split}/{model}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: RESOURCES.mapping_threads
    resources:
        mem_mb=RESOURCES.mapping_memory(1),
        runtime=RESOURCES.minutes(120),
    params:
        options=PARAMETERS.options("system"),
        code=PARAMETERS.system_code("calibrate"),
        calibration=JOBS.calibration_of,
        years=JOBS.calibrating_years,
    message:
        "Calibrate the interval of {wildcards.model} ({wildcards.split})"
    shell:
        "python -m daymelt calibrate --options {params.options:q} --models {input.models:q}"
        " --calibration {params.calibration} --years {params.years} --sar {input.sar:q}"
        " --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q}"
        " --winters {input.winters:q} --terrain {input.terrain:q} --splits {input.splits:q}"
        " --threads {threads} --out {output:q}"
        " 2> {log:q}"
