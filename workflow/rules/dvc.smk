# dvc.yaml, written from the steps: nothing of the DAG is written twice.
ALONG = {
    "profile": ("train_loss", "training loss"),
    "spectra": ("eig_1", "largest Hessian eigenvalue"),
}


def stage(name, step, folder):
    """One stage of a dvc.yaml in this folder ("." or ".."-relative); outputs persist, so that snakemake finds them."""
    kept = [{out: dict(persist=True)} for out in step.outs if not out.endswith(".json")]
    metrics = [{out: dict(persist=True)} for out in step.outs if out.endswith(".json")]
    parts = dict(
        cmd=f"snakemake -- {name}",
        wdir=folder,
        deps=step.deps,
        params=step.keys,
        outs=kept,
        metrics=metrics,
    )
    return {key: value for key, value in parts.items() if value and value != "."}


def plots():
    """The figures, and what was measured along the first pair's paths of every default study."""
    figures = [
        str(file)
        for file in rules.paper.input
        if file.startswith("results/figures/") and file.endswith(".svg")
    ]
    drawn = {
        f"{study}_{kind}": dict(
            title=f"{study}: {label} along the paths of pair {pair_names(study)[0]}",
            template="simple",
            x="s",
            y={
                f"{out}/{pair_names(study)[0]}.csv": column
                for out in STEPS[f"{study}_{kind}"].outs
            },
            x_label="share of the path's length",
            y_label=label,
        )
        for study in PATHS
        for kind, (column, label) in ALONG.items()
        if f"{study}_{kind}" in STEPS
    }
    return figures + [{name: plot} for name, plot in drawn.items()]


def pipeline(of_paper, folder):
    """A dvc.yaml of the steps that the default target runs, or of all others."""
    chosen = {
        name: stage(name, step, folder)
        for name, step in STEPS.items()
        if any(made in PAPER_RULES for made in step.rules) == of_paper
    }
    return dict(stages=chosen, plots=plots()) if of_paper else dict(stages=chosen)


rule dvc_yaml:
    output:
        "dvc.yaml",
        "on_request/dvc.yaml",
    log:
        "logs/dvc.log",
    threads: 1
    resources:
        mem_mb=500,
    params:
        # only asked for where this rule runs: writing them takes longer than reading the Snakefile
        pipelines=lambda wildcards: [pipeline(True, "."), pipeline(False, "..")],
        threads=1,
    script:
        "../scripts/write_pipelines.py"
