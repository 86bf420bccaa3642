# What stands in dvc.yaml, from the steps: nothing of the DAG is written twice.
ALONG = {
    "profile": ("train_loss", "training loss"),
    "spectra": ("eig_1", "largest Hessian eigenvalue"),
}


def stage(name, step):
    """One stage; its outputs persist, so that snakemake finds them and makes only what is missing or old."""
    parts = dict(
        cmd=f"snakemake -- {name}",
        deps=step.deps,
        params=step.keys,
        outs=[
            {out: dict(persist=True)} for out in step.outs if not out.endswith(".json")
        ],
        metrics=[
            {out: dict(persist=True)} for out in step.outs if out.endswith(".json")
        ],
    )
    return {key: value for key, value in parts.items() if value}


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
