"""Training: one network from all seasons."""


rule train:
    input:
        sar=sar_streams(),
        interpolated=streams("time_interpolated", "_train"),
        mar=streams("mar"),
        microwave=streams("microwave"),
        terrain="results/{area}/aligned/terrain.nc",
        split="results/{area}/split.csv",
    output:
        model="results/{area}/models/{model}/model.json",
        weights="results/{area}/models/{model}/model.safetensors",
        loss="results/{area}/models/{model}/loss.csv",
    log:
        "logs/{area}/train/{model}.log",
    benchmark:
        "logs/{area}/train/{model}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: 8
    resources:
        mem_mb=memory(1200, base_mb=900),
        runtime="24h",
    params:
        options=options("model", "training"),
        code=code_digest("train"),
    message:
        "Train {wildcards.model}"
    shell:
        "python -m daymelt train --options {params.options:q}"
        " --sar {input.sar:q} --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q}"
        " --terrain {input.terrain:q} --split {input.split:q} --threads {threads} --out {output.model:q}"
        " 2> {log:q}"
