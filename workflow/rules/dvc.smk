# the steps: targets of snakemake, and the stages of dvc.yaml, which call them
NAMED = {made.name for made in workflow.rules}

for name, step in STEPS.items():
    if name not in NAMED:

        rule:
            name:
                name
            input:
                lambda wildcards, step=step: step.files,


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
        pipeline=lambda wildcards: dict(
            stages={name: stage(name, step) for name, step in STEPS.items()},
            plots=plots(),
        ),
        threads=1,
    script:
        "../scripts/write_pipeline.py"
