"""Benchmark: every way of mapping scored day by day, the table of all, and the figures of the report."""


rule evaluate:
    input:
        model=model_of_trial,
        sar=sar_of_season,
        pool=pool_of_trial("time_interpolated"),
        pool_age=pool_of_trial("sar_age"),
        everything=pool_without_labels("time_interpolated"),
        everything_age=pool_without_labels("sar_age"),
        maps=maps_of_trial,
        mar="results/{area}/aligned/mar/{season}.nc",
        microwave="results/{area}/aligned/microwave/{season}.nc",
        winter="results/{area}/aligned/microwave/{season}_winter.nc",
        terrain="results/{area}/aligned/terrain.nc",
        split=split_of_trial,
        world=world,
    output:
        daily="results/{area}/benchmark/{trial}/{model}/{season}.csv",
        tables=multiext(
            "results/{area}/benchmark/{trial}/{model}/{season}",
            "_extent.csv",
            "_strata.csv",
            "_reliability.csv",
            "_onset.csv",
        ),
    log:
        "logs/{area}/evaluate/{trial}/{model}/{season}.log",
    benchmark:
        "logs/{area}/evaluate/{trial}/{model}/{season}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: mapping_threads
    resources:
        mem_mb=mapping_memory(1),
        runtime=minutes(60, 262),  # a small network on two cores; larger ones not measured
    params:
        options=options("area", "seasons", "system", "map", "scores"),
        code=system_digest("evaluate"),
        world=world_option,
        maps=maps_option,
        every_day=lambda wildcards: "--every-day" if wildcards.trial == TRUTH else "",
    message:
        "Score {wildcards.model} in {wildcards.season} ({wildcards.trial})"
    shell:
        "python -m daymelt evaluate --options {params.options:q} --season {wildcards.season}"
        " --model-card {input.model:q} --sar {input.sar:q} --pool {input.pool:q} --pool-age {input.pool_age:q}"
        " --everything {input.everything:q} --everything-age {input.everything_age:q} {params.maps}"
        " --mar {input.mar:q} --microwave {input.microwave:q} --winter {input.winter:q} --terrain {input.terrain:q}"
        " --split {input.split:q} {params.world} {params.every_day} --threads {threads}"
        " --out {output.daily:q}"
        " 2> {log:q}"


rule score:
    input:
        main_evaluations(),
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
        mem_mb=memory(0, base_mb=300),
        runtime=minutes(10),
    params:
        code=code_digest("score"),
    message:
        "Average the scores of every way of mapping"
    shell:
        "python -m daymelt score --daily {input:q} --out {output.scores:q} --text {output.text:q} 2> {log:q}"


rule measure:
    input:
        model=f"results/{{area}}/models/{PUBLISHED}/{{model}}/model.json",
        interpolated=f"results/{{area}}/aligned/time_interpolated/{MAP_POOL}/{SEASONS[-1]}.nc",
        mar=f"results/{{area}}/aligned/mar/{SEASONS[-1]}.nc",
        microwave=f"results/{{area}}/aligned/microwave/{SEASONS[-1]}.nc",
        winter=f"results/{{area}}/aligned/microwave/{SEASONS[-1]}_winter.nc",
        terrain="results/{area}/aligned/terrain.nc",
    output:
        "results/{area}/benchmark/speed/{model}.json",
    log:
        "logs/{area}/measure/{model}.log",
    benchmark:
        "logs/{area}/measure/{model}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: all_cores()  # nothing beside it, or the time would be another's
    resources:
        mem_mb=mapping_memory(CONFIG.map.batch),
        runtime=minutes(120),
    params:
        season=SEASONS[-1],
        options=options("seasons", "system", "map"),
        code=system_digest("measure"),
    message:
        "Measure how fast {wildcards.model} maps"
    shell:
        "python -m daymelt measure --options {params.options:q} --season {params.season}"
        " --model-card {input.model:q} --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q}"
        " --winter {input.winter:q} --terrain {input.terrain:q} --threads {threads} --out {output:q}"
        " 2> {log:q}"


rule compare:
    input:
        daily=evaluations(),
        tables=evaluations("_extent", "_strata", "_reliability", "_onset"),
        speeds=speeds(),
    output:
        table=report(
            "results/{area}/benchmark/table.csv",
            caption="../docs/captions/scores_table.rst",
            category="Scores",
        ),
        markdown="results/{area}/benchmark/table.md",
        html="results/{area}/benchmark/table.html",
        strata="results/{area}/benchmark/strata.csv",
        reliability="results/{area}/benchmark/reliability.csv",
    log:
        "logs/{area}/compare.log",
    benchmark:
        "logs/{area}/compare.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(0, base_mb=400),
        runtime=minutes(30),
    params:
        trainings=training_records(),
        code=code_digest("compare"),
    message:
        "Compare every system on every trial"
    shell:
        "python -m daymelt compare --daily {input.daily:q} --speeds {input.speeds:q} --trainings {params.trainings:q}"
        " --out {output.table:q} --markdown {output.markdown:q} --html {output.html:q}"
        " --strata {output.strata:q} --reliability {output.reliability:q}"
        " 2> {log:q}"


rule draw_benchmark:
    input:
        strata="results/{area}/benchmark/strata.csv",
        reliability="results/{area}/benchmark/reliability.csv",
        splits=splits_of_trials(),
        models=models_to_draw(),
        maps=maps_to_draw(),
        sar=sar_streams(),
        interpolated=streams(f"time_interpolated/{MAP_POOL}"),
        mar=streams("mar"),
        microwave=streams("microwave"),
        winters=streams("microwave", "_winter"),
        terrain="results/{area}/aligned/terrain.nc",
        worlds=worlds(),
    output:
        maps=report(
            "results/{area}/benchmark/maps.png",
            caption="../docs/captions/benchmark_maps.rst",
            category="Benchmark",
        ),
        reliability=report(
            "results/{area}/benchmark/reliability.png",
            caption="../docs/captions/reliability.rst",
            category="Benchmark",
        ),
        error=report(
            "results/{area}/benchmark/error.png",
            caption="../docs/captions/error.rst",
            category="Benchmark",
        ),
        leakage=report(
            "results/{area}/benchmark/leakage.png",
            caption="../docs/captions/leakage.rst",
            category="Benchmark",
        ),
    log:
        "logs/{area}/draw_benchmark.log",
    benchmark:
        "logs/{area}/draw_benchmark.tsv"
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, base_mb=700),
        runtime="1h",
    params:
        options=options("area", "map", "report"),
        systems=settings_of_systems(),
        code=code_digest("draw-benchmark"),
    message:
        "Draw the figures of the benchmark"
    shell:
        "python -m daymelt draw-benchmark --options {params.options:q} --strata {input.strata:q} --reliability {input.reliability:q}"
        " --splits {input.splits:q} --models {input.models:q} --systems {params.systems:q} --maps {input.maps:q} --sar {input.sar:q}"
        " --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q} --winters {input.winters:q}"
        " --terrain {input.terrain:q} --worlds {input.worlds:q}"
        " --maps-figure {output.maps:q} --reliability-figure {output.reliability:q} --error-figure {output.error:q}"
        " --leakage-figure {output.leakage:q}"
        " 2> {log:q}"


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
        runtime=minutes(10, 4),
    params:
        code=code_digest("twin-statistics"),
    message:
        "Compare the twin with the published facts"
    shell:
        "python -m daymelt twin-statistics --sar {input.sar:q} --scores {input.scores:q} --out {output:q} 2> {log:q}"


rule draw_report:
    input:
        scores="results/{area}/benchmark/scores.csv",
        extent=main_evaluations("_extent"),
        maps=map_indices(),
        sar=sar_streams(),
        interpolated=streams("time_interpolated/all"),
        mar=streams("mar"),
        microwave=streams("microwave"),
        terrain="results/{area}/aligned/terrain.nc",
        worlds=worlds(),
        model=f"results/{{area}}/models/{PUBLISHED}/{MODEL}/model.json",
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
        runtime=minutes(20, 6),
    params:
        options=options("area", "seasons", "report"),
        code=code_digest("report"),
    message:
        "Draw the figures of the report"
    shell:
        "python -m daymelt report --options {params.options:q}"
        " --scores {input.scores:q} --extent {input.extent:q} --maps {input.maps:q} --sar {input.sar:q}"
        " --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q} --terrain {input.terrain:q}"
        " --worlds {input.worlds:q} --model-card {input.model:q}"
        " --panel {output.panel:q} --curves {output.curves:q} --loss-figure {output.loss:q} --score-figure {output.scores:q}"
        " 2> {log:q}"
