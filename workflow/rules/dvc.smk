# dvc.yaml, and the digests of code that its stages watch
rule code:
    output:
        CODE,
    log:
        "logs/code.log",
    threads: 1
    resources:
        mem_mb=500,
    params:
        content=code_digests,
        threads=1,
    script:
        "../scripts/write_yaml.py"


rule dvc_yaml:
    output:
        "dvc.yaml",
    log:
        "logs/dvc.log",
    threads: 1
    resources:
        mem_mb=500,
    params:
        # asked for only where this rule runs
        content=lambda wildcards: dict(
            stages=dict(code=code_stage())
            | {name: stage(name, step) for name, step in steps().items()},
            plots=plots(),
        ),
        threads=1,
    script:
        "../scripts/write_yaml.py"
