"""Training: one system from all seasons, by the terms of one split.

A network takes a CUDA device where there is one, and as many as `training.devices` says: ask for them in the profile (`set-resources:`,
`train:`, `gres: "gpu:4"`), see docs/cluster.md. The threads are those of the job, divided among its processes.
"""


rule train:
    input:
        sar=sar_streams(),
        interpolated=streams("time_interpolated/{split}"),
        mar=streams("mar"),
        microwave=streams("microwave"),
        winters=streams("microwave", "_winter"),
        terrain="results/{area}/aligned/terrain.nc",
        splits=split_of_seasons(),
    output:
        "results/{area}/models/{split}/{model}/model.json",
    log:
        "logs/{area}/train/{split}/{model}.log",
    benchmark:
        "logs/{area}/train/{split}/{model}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: training_threads
    resources:
        mem_mb=training_memory,
        runtime=minutes(1440),  # epochs, network and device decide
    params:
        options=options("system"),
        code=system_digest("train"),
    message:
        "Train {wildcards.model} ({wildcards.split})"
    shell:
        "python -m daymelt train --options {params.options:q}"
        " --sar {input.sar:q} --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q}"
        " --winters {input.winters:q} --terrain {input.terrain:q} --splits {input.splits:q}"
        " --threads {threads} --out {output:q}"
        " 2> {log:q}"
