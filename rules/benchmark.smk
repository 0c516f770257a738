"""Benchmark: every way of mapping scored day by day, the table of all, and the figures of the report."""


rule fit_mar_curve:
    input:
        sar=sar_streams(),
        interpolated=streams("time_interpolated", "_train"),
        mar=streams("mar"),
        microwave=streams("microwave"),
        terrain="results/{area}/aligned/terrain.nc",
        split="results/{area}/split.csv",
    output:
        "results/{area}/benchmark/mar_curve.json",
    log:
        "logs/{area}/fit_mar_curve.log",
    benchmark:
        "logs/{area}/fit_mar_curve.tsv"
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=memory(300),
        runtime="2h",
    params:
        code=code_digest("fit-mar-curve"),
    message:
        "Fit the curve from MAR's liquid water to melt"
    shell:
        "python -m daymelt fit-mar-curve --sar {input.sar:q} --interpolated {input.interpolated:q} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --terrain {input.terrain:q} --split {input.split:q} --out {output:q}"
        " 2> {log:q}"


rule evaluate:
    input:
        model="results/{area}/models/{model}/model.json",
        weights="results/{area}/models/{model}/model.safetensors",
        sar=sar_of_season,
        train_pool="results/{area}/aligned/time_interpolated/{season}_train.nc",
        all_pool="results/{area}/aligned/time_interpolated/{season}_all.nc",
        maps="results/{area}/maps/{model}/{season}/index.json",
        mar="results/{area}/aligned/mar/{season}.nc",
        microwave="results/{area}/aligned/microwave/{season}.nc",
        winter="results/{area}/aligned/microwave/{season}_winter.nc",
        terrain="results/{area}/aligned/terrain.nc",
        split="results/{area}/split.csv",
        curve="results/{area}/benchmark/mar_curve.json",
        world=world,
    output:
        daily="results/{area}/benchmark/{model}/{season}.csv",
        extent="results/{area}/benchmark/{model}/{season}_extent.csv",
    log:
        "logs/{area}/evaluate/{model}/{season}.log",
    benchmark:
        "logs/{area}/evaluate/{model}/{season}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: 4
    resources:
        mem_mb=memory(800, base_mb=700),
        runtime="6h",
    params:
        options=options("area", "seasons", "map"),
        code=code_digest("evaluate"),
        world=world_option,
    message:
        "Score every way of mapping in {wildcards.season}"
    shell:
        "python -m daymelt evaluate --options {params.options:q} --season {wildcards.season}"
        " --model-card {input.model:q} --sar {input.sar:q}"
        " --interpolated-train {input.train_pool:q} --interpolated-all {input.all_pool:q} --maps {input.maps:q}"
        " --mar {input.mar:q} --microwave {input.microwave:q} --winter {input.winter:q} --terrain {input.terrain:q}"
        " --split {input.split:q} --curve {input.curve:q} {params.world} --threads {threads}"
        " --out {output.daily:q} --extent {output.extent:q}"
        " 2> {log:q}"


rule score:
    input:
        evaluations(),
    output:
        scores=report(
            "results/{area}/benchmark/scores.csv",
            caption="../docs/captions/scores_table.rst",
            category="Scores",
        ),
        text="results/{area}/benchmark/scores.txt",
    log:
        "logs/{area}/score.log",
    benchmark:
        "logs/{area}/score.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=300,
        runtime="10m",
    params:
        code=code_digest("score"),
    message:
        "Average the scores of every way of mapping"
    shell:
        "python -m daymelt score --daily {input:q} --out {output.scores:q} --text {output.text:q} 2> {log:q}"


rule twin_statistics:
    input:
        sar=sar_streams(),
        scores="results/{area}/benchmark/scores.csv",
    output:
        "results/{area}/benchmark/twin_statistics.csv",
    log:
        "logs/{area}/twin_statistics.log",
    benchmark:
        "logs/{area}/twin_statistics.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=memory(20),
        runtime="30m",
    params:
        code=code_digest("twin-statistics"),
    message:
        "Compare the twin with the published facts"
    shell:
        "python -m daymelt twin-statistics --sar {input.sar:q} --scores {input.scores:q} --out {output:q} 2> {log:q}"


rule draw_report:
    input:
        scores="results/{area}/benchmark/scores.csv",
        extent=evaluations("_extent"),
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
