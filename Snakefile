configfile: f"{workflow.basedir}/config.yaml"


include: "rules/common.smk"
include: "rules/retrieve.smk"
include: "rules/prepare.smk"
include: "rules/train.smk"
include: "rules/map.smk"
include: "rules/benchmark.smk"
include: "rules/stations.smk"


rule all:
    default_target: True
    input:
        map_indices(),
        score_tables(),
        report_figures(),
    message:
        "Maps, scores and figures are there"


rule prepare:
    input:
        aligned_inputs(),


rule maps:
    input:
        map_indices(),


rule benchmark:
    input:
        score_tables(),
        benchmark_tables(),
        station_tables(),


rule report:
    input:
        report_figures(),
