include: "rules/common.smk"
include: "rules/retrieve.smk"
include: "rules/prepare.smk"
include: "rules/train.smk"
include: "rules/map.smk"
include: "rules/benchmark.smk"
include: "rules/publish.smk"


rule all:
    default_target: True
    input:
        JOBS.map_indices(),
        JOBS.score_tables(),
        JOBS.report_figures().values(),
        JOBS.season_products(),
    message:
        "Maps, scores and figures are there"


rule prepare:
    input:
        JOBS.aligned_inputs(),


rule maps:
    input:
        JOBS.map_indices(),


rule benchmark:
    input:
        JOBS.score_tables(),
        JOBS.benchmark_tables(),


rule publish:
    input:
        JOBS.publications(),
