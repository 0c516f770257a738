"""Benchmark: scores of every way of mapping, and the figures of the report."""


rule score:
    input:
        model=f"results/{{area}}/models/{MODEL}/model.json",
        weights=f"results/{{area}}/models/{MODEL}/model.safetensors",
        sar=sar_streams(),
        interpolated=streams("time_interpolated", "_train"),
        maps=map_indices(),
        mar=streams("mar"),
        microwave=streams("microwave"),
        microwave_winter=streams("microwave", "_winter"),
        terrain="results/{area}/aligned/terrain.nc",
        split="results/{area}/split.csv",
        worlds=worlds(),
    output:
        scores=report(
            "results/{area}/benchmark/scores.csv",
            caption="../docs/captions/scores_table.rst",
            category="Scores",
        ),
        text="results/{area}/benchmark/scores.txt",
        extent="results/{area}/benchmark/extent.csv",
    log:
        "logs/{area}/score.log",
    benchmark:
        "logs/{area}/score.tsv"
    conda:
        "../envs/learn.yaml"
    threads: 8
    resources:
        mem_mb=memory(800, base_mb=700),
        runtime="6h",
    params:
        options=options("area", "seasons", "model", "map"),
        code=code_digest("score"),
    message:
        "Score every way of mapping"
    shell:
        "python -m daymelt score --options {params.options:q}"
        " --model {input.model:q} --sar {input.sar:q} --interpolated {input.interpolated:q} --maps {input.maps:q}"
        " --mar {input.mar:q} --microwave {input.microwave:q} --microwave-winter {input.microwave_winter:q} --terrain {input.terrain:q}"
        " --split {input.split:q} --worlds {input.worlds:q} --threads {threads}"
        " --out {output.scores:q} --text {output.text:q} --extent {output.extent:q}"
        " 2> {log:q}"


rule draw_report:
    input:
        scores="results/{area}/benchmark/scores.csv",
        extent="results/{area}/benchmark/extent.csv",
        maps=map_indices(),
        sar=sar_streams(),
        interpolated=streams("time_interpolated", "_all"),
        mar=streams("mar"),
        microwave=streams("microwave"),
        terrain="results/{area}/aligned/terrain.nc",
        worlds=worlds(),
        loss=f"results/{{area}}/models/{MODEL}/loss.csv",
    output:
        panel=report(
            "results/{area}/report/day_panel.png",
            caption="../docs/captions/day_panel.rst",
            category="Maps",
        ),
        curves=report(
            "results/{area}/report/melt_extent.png",
            caption="../docs/captions/melt_extent.rst",
            category="Maps",
        ),
        loss=report(
            "results/{area}/report/loss.png",
            caption="../docs/captions/loss.rst",
            category="Training",
        ),
        scores=report(
            "results/{area}/report/scores.png",
            caption="../docs/captions/scores.rst",
            category="Scores",
        ),
    log:
        "logs/{area}/report.log",
    benchmark:
        "logs/{area}/report.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(300),
        runtime="1h",
    params:
        options=options("area", "seasons", "report"),
        code=code_digest("report"),
    message:
        "Draw the figures of the report"
    shell:
        "python -m daymelt report --options {params.options:q}"
        " --scores {input.scores:q} --extent {input.extent:q} --maps {input.maps:q} --sar {input.sar:q}"
        " --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q} --terrain {input.terrain:q}"
        " --worlds {input.worlds:q} --loss {input.loss:q}"
        " --panel {output.panel:q} --curves {output.curves:q} --loss-figure {output.loss:q} --score-figure {output.scores:q}"
        " 2> {log:q}"
