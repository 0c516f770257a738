"""Benchmark: every system scored day by day, the tables that compare them, and the figures."""


rule evaluate:
    input:
        model=JOBS.model_of_trial,
        interval=JOBS.interval_of_trial,
        sar=JOBS.sar_of_season,
        pool=JOBS.held_out_inputs(places.INTERPOLATED),
        pool_age=JOBS.held_out_inputs(places.SAR_AGE),
        everything=JOBS.other_inputs(places.INTERPOLATED),
        everything_age=JOBS.other_inputs(places.SAR_AGE),
        maps=JOBS.maps_of_trial,
        mar=places.MAR,
        microwave=places.MICROWAVE,
        winter=places.MICROWAVE_WINTER,
        terrain=places.TERRAIN,
        split=JOBS.split_of_trial,
        world=JOBS.world,
    output:
        daily=places.DAILY,
        tables=list(places.EVALUATION.values()),
        onsets=places.ONSETS,
    log:
        "logs/{area}/evaluate/{trial}/{model}/{season}.log",
    benchmark:
        "logs/{area}/evaluate/{trial}/{model}/{season}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: RESOURCES.mapping_threads
    resources:
        mem_mb=RESOURCES.mapping_memory(1),
        # a small network on two cores; larger ones not measured
        runtime=RESOURCES.minutes(60, 262),
    params:
        options=PARAMETERS.options("area", "seasons", "system", "map", "scores"),
        code=PARAMETERS.system_code("evaluate"),
        world=given("world"),
        maps=given("maps"),
        acquisitions=PARAMETERS.acquisitions,
        every_day=PARAMETERS.every_day,
    message:
        "Score {wildcards.model} in {wildcards.season} ({wildcards.trial})"
    shell:
        "python -m daymelt evaluate --options {params.options:q} --season {wildcards.season}"
        " --name {wildcards.model} --model-card {input.model:q} --sar {input.sar:q}"
        " --pool {input.pool:q} --pool-age {input.pool_age:q} --everything {input.everything:q}"
        " --everything-age {input.everything_age:q} {params.maps} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --winter {input.winter:q} --terrain {input.terrain:q}"
        " --split {input.split:q} {params.world} {params.every_day}"
        " --acquisitions {params.acquisitions} --threads {threads}"
        " --out {output.daily:q}"
        " 2> {log:q}"


rule score:
    input:
        daily=JOBS.main_evaluations(),
        distributions=JOBS.main_evaluations(places.EVALUATION["distribution"]),
    output:
        scores=report(
            places.SCORES,
            caption="../docs/captions/scores_table.rst",
            category="Scores",
        ),
        text=places.SCORES_TEXT,
    log:
        "logs/{area}/score.log",
    benchmark:
        "logs/{area}/score.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(0, base_mb=300),
        runtime=RESOURCES.minutes(10),
    params:
        code=code_digest("score"),
    message:
        "Average the scores of every way of mapping"
    shell:
        "python -m daymelt score --daily {input.daily:q} --out {output.scores:q} --text {output.text:q}"
        " 2> {log:q}"


rule measure:
    input:
        model=places.at(places.MODEL, split=PUBLISHED),
        interval=JOBS.interval_of_maps,
        interpolated=places.at(places.INTERPOLATED, split=JOBS.map_pool, season=JOBS.seasons[-1]),
        sar=JOBS.months_of(JOBS.seasons[-1]),
        mar=places.at(places.MAR, season=JOBS.seasons[-1]),
        microwave=places.at(places.MICROWAVE, season=JOBS.seasons[-1]),
        winter=places.at(places.MICROWAVE_WINTER, season=JOBS.seasons[-1]),
        terrain=places.TERRAIN,
    output:
        places.SPEED,
    log:
        "logs/{area}/measure/{model}.log",
    benchmark:
        "logs/{area}/measure/{model}.tsv"
    conda:
        "../envs/learn.yaml"
    threads: RESOURCES.all_cores  # no other job beside it, which would take some of its time
    resources:
        mem_mb=RESOURCES.mapping_memory(CONFIG.map.batch),
        runtime=RESOURCES.minutes(120),
    params:
        season=JOBS.seasons[-1],
        options=PARAMETERS.options("seasons", "system", "map"),
        code=PARAMETERS.system_code("measure"),
    message:
        "Measure how fast {wildcards.model} maps"
    shell:
        "python -m daymelt measure --options {params.options:q} --season {params.season}"
        " --model-card {input.model:q} --interpolated {input.interpolated:q} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --winter {input.winter:q} --terrain {input.terrain:q}"
        " --sar {input.sar:q} --threads {threads} --out {output:q}"
        " 2> {log:q}"


rule compare:
    input:
        daily=JOBS.evaluated(places.DAILY),
        tables=JOBS.evaluated(*places.EVALUATION.values(), places.ONSETS),
        speeds=JOBS.each_system(places.SPEED),
    output:
        table=report(
            places.COMPARISON["table"],
            caption="../docs/captions/scores_table.rst",
            category="Scores",
        ),
        markdown=places.COMPARISON["markdown"],
        html=places.COMPARISON["html"],
        strata=places.COMPARISON["strata"],
        reliability=places.COMPARISON["reliability"],
        distribution=places.COMPARISON["distribution"],
        gaps=places.COMPARISON["gaps"],
        edges=places.COMPARISON["edges"],
    log:
        "logs/{area}/compare.log",
    benchmark:
        "logs/{area}/compare.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(30, base_mb=400),  # not measured at full size
        runtime=RESOURCES.minutes(30),
    params:
        trials=[evaluation.trial for evaluation in JOBS.evaluations()],
        systems=[evaluation.model for evaluation in JOBS.evaluations()],
        measured=CONFIG.system_names(),
        trainings=JOBS.each_system(places.TRAINING_RECORD, split=PUBLISHED),
        code=code_digest("compare"),
    message:
        "Compare every system on every trial"
    shell:
        "python -m daymelt compare --daily {input.daily:q} --trials {params.trials:q}"
        " --systems {params.systems:q} --speeds {input.speeds:q} --trainings {params.trainings:q}"
        " --measured {params.measured:q} --out {output.table:q} --markdown {output.markdown:q}"
        " --html {output.html:q} --strata {output.strata:q} --reliability {output.reliability:q}"
        " --distribution {output.distribution:q} --gaps {output.gaps:q} --edges {output.edges:q}"
        " 2> {log:q}"


rule draw_benchmark:
    input:
        strata=places.COMPARISON["strata"],
        reliability=places.COMPARISON["reliability"],
        gaps=places.COMPARISON["gaps"],
        splits=JOBS.split_files_to_draw(),
        models=JOBS.models_to_draw(),
        maps=JOBS.maps_to_draw(),
        sar=JOBS.sar_streams(),
        interpolated=JOBS.each_season(places.INTERPOLATED, split=JOBS.map_pool),
        mar=JOBS.each_season(places.MAR),
        microwave=JOBS.each_season(places.MICROWAVE),
        winters=JOBS.each_season(places.MICROWAVE_WINTER),
        terrain=places.TERRAIN,
        worlds=JOBS.worlds(),
    output:
        maps=report(
            places.COMPARISON_FIGURES["maps"],
            caption="../docs/captions/benchmark_maps.rst",
            category="Benchmark",
        ),
        reliability=report(
            places.COMPARISON_FIGURES["reliability"],
            caption="../docs/captions/reliability.rst",
            category="Benchmark",
        ),
        error=report(
            places.COMPARISON_FIGURES["error"],
            caption="../docs/captions/error.rst",
            category="Benchmark",
        ),
        gaps=report(
            places.COMPARISON_FIGURES["gaps"],
            caption="../docs/captions/gaps.rst",
            category="Benchmark",
        ),
        leakage=report(
            places.COMPARISON_FIGURES["leakage"],
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
        mem_mb=RESOURCES.memory(1000, base_mb=700),
        runtime=RESOURCES.minutes(60),
    params:
        options=PARAMETERS.options("area", "map", "report"),
        systems=PARAMETERS.systems_to_draw(),
        split_names=[name for name, _ in JOBS.splits_to_draw()],
        mapped=JOBS.mapped_to_draw(),
        code=code_digest("draw-benchmark"),
    message:
        "Draw the figures of the benchmark"
    shell:
        "python -m daymelt draw-benchmark --options {params.options:q} --strata {input.strata:q}"
        " --reliability {input.reliability:q} --gaps {input.gaps:q} --splits {input.splits:q}"
        " --split-names {params.split_names:q} --models {input.models:q}"
        " --systems {params.systems:q} --maps {input.maps:q} --mapped {params.mapped:q}"
        " --sar {input.sar:q} --interpolated {input.interpolated:q} --mar {input.mar:q}"
        " --microwave {input.microwave:q} --winters {input.winters:q} --terrain {input.terrain:q}"
        " --worlds {input.worlds:q} --maps-figure {output.maps:q}"
        " --reliability-figure {output.reliability:q} --error-figure {output.error:q}"
        " --gap-figure {output.gaps:q} --leakage-figure {output.leakage:q}"
        " 2> {log:q}"


rule draw_intervals:
    input:
        distribution=places.COMPARISON["distribution"],
        reliability=places.COMPARISON["reliability"],
    output:
        coverage=report(
            places.INTERVAL_FIGURES["coverage"],
            caption="../docs/captions/coverage.rst",
            category="Intervals",
        ),
        pit=report(
            places.INTERVAL_FIGURES["pit"],
            caption="../docs/captions/pit.rst",
            category="Intervals",
        ),
        change=report(
            places.INTERVAL_FIGURES["reliability_change"],
            caption="../docs/captions/reliability_change.rst",
            category="Intervals",
        ),
    log:
        "logs/{area}/draw_intervals.log",
    benchmark:
        "logs/{area}/draw_intervals.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(0, base_mb=400),
        runtime=RESOURCES.minutes(10),
    params:
        model=JOBS.interval_to_draw(),
        code=code_digest("draw-intervals"),
    message:
        "Draw the figures of the intervals"
    shell:
        "python -m daymelt draw-intervals --distribution {input.distribution:q}"
        " --reliability {input.reliability:q} --name {params.model:q}"
        " --coverage-figure {output.coverage:q} --pit-figure {output.pit:q}"
        " --change-figure {output.change:q}"
        " 2> {log:q}"


rule station_scores:
    input:
        manifest=places.MANIFESTS["stations"],
        maps=JOBS.map_indices(),
        sar=JOBS.sar_streams(),
        worlds=JOBS.worlds(),
    output:
        table=report(
            places.STATIONS["table"],
            caption="../docs/captions/stations_table.rst",
            category="Scores",
        ),
        figure=report(
            places.STATIONS["figure"],
            caption="../docs/captions/stations.rst",
            category="Scores",
        ),
    log:
        "logs/{area}/station_scores.log",
    benchmark:
        "logs/{area}/station_scores.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(0, base_mb=500),
        runtime=RESOURCES.minutes(60),
    params:
        options=PARAMETERS.options("area", "seasons", "stations"),
        model=JOBS.model,
        code=code_digest("station-scores"),
    message:
        "Compare the maps with the weather stations"
    shell:
        "python -m daymelt station-scores --options {params.options:q}"
        " --manifest {input.manifest:q} --maps {input.maps:q} --name {params.model:q}"
        " --sar {input.sar:q} --worlds {input.worlds:q} --out {output.table:q}"
        " --figure {output.figure:q}"
        " 2> {log:q}"


rule interval_scores:
    input:
        maps=JOBS.each_season(places.MAP_INDEX),
        worlds=JOBS.worlds(),
    output:
        places.INTERVALS,
    log:
        "logs/{area}/interval_scores/{model}.log",
    benchmark:
        "logs/{area}/interval_scores/{model}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(150),  # not measured at full size
        runtime=RESOURCES.minutes(60),
    params:
        options=PARAMETERS.options("area", "seasons"),
        code=code_digest("interval-scores"),
    message:
        "Score the interval of {wildcards.model}"
    shell:
        "python -m daymelt interval-scores --options {params.options:q} --maps {input.maps:q}"
        " --worlds {input.worlds:q} --name {wildcards.model} --out {output:q}"
        " 2> {log:q}"


rule twin_statistics:
    input:
        sar=JOBS.sar_streams(),
        scores=places.SCORES,
    output:
        places.TWIN_STATISTICS,
    log:
        "logs/{area}/twin_statistics.log",
    benchmark:
        "logs/{area}/twin_statistics.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(80),  # 489 MiB at full size
        runtime=RESOURCES.minutes(10, 4),
    params:
        code=code_digest("twin-statistics"),
    message:
        "Compare the twin with the published facts"
    shell:
        "python -m daymelt twin-statistics --sar {input.sar:q} --scores {input.scores:q}"
        " --out {output:q}"
        " 2> {log:q}"


rule report:
    input:
        scores=JOBS.at(places.SCORES),
        extent=JOBS.main_evaluations(places.EVALUATION["extent"]),
        maps=JOBS.map_indices(),
        sar=JOBS.sar_streams(),
        interpolated=JOBS.each_season(places.INTERPOLATED, split=places.ALL),
        mar=JOBS.each_season(places.MAR),
        microwave=JOBS.each_season(places.MICROWAVE),
        terrain=JOBS.at(places.TERRAIN),
        worlds=JOBS.worlds(),
        model=JOBS.at(places.MODEL, split=PUBLISHED, model=JOBS.model),
        records=station_records,
    output:
        panel=report(
            JOBS.report_figures()["panel"],
            caption="../docs/captions/day_panel.rst",
            category="Maps",
        ),
        curves=report(
            JOBS.report_figures()["curves"],
            caption="../docs/captions/melt_extent.rst",
            category="Maps",
        ),
        loss=report(
            JOBS.report_figures()["loss"],
            caption="../docs/captions/loss.rst",
            category="Training",
        ),
        scores=report(
            JOBS.report_figures()["scores"],
            caption="../docs/captions/scores.rst",
            category="Scores",
        ),
        calendar=report(
            JOBS.report_figures()["availability"],
            caption="../docs/captions/availability.rst",
            category="Inputs",
        ),
        availability=report(
            JOBS.at(places.AVAILABILITY),
            caption="../docs/captions/availability.rst",
            category="Inputs",
        ),
    log:
        f"logs/{JOBS.area}/report.log",
    benchmark:
        f"logs/{JOBS.area}/report.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=RESOURCES.memory(300),
        runtime=RESOURCES.minutes(20, 6),
    params:
        options=PARAMETERS.options("area", "seasons", "report", "stations"),
        code=code_digest("report"),
        records=given("records"),
    message:
        "Draw the figures of the report"
    shell:
        "python -m daymelt report --options {params.options:q} --scores {input.scores:q}"
        " --extent {input.extent:q} --maps {input.maps:q} --sar {input.sar:q}"
        " --interpolated {input.interpolated:q} --mar {input.mar:q} --microwave {input.microwave:q}"
        " --terrain {input.terrain:q} --worlds {input.worlds:q} --model-card {input.model:q}"
        " {params.records} --panel {output.panel:q} --curves {output.curves:q} --loss-figure {output.loss:q}"
        " --score-figure {output.scores:q} --availability {output.availability:q}"
        " --availability-figure {output.calendar:q}"
        " 2> {log:q}"
