# What stands in dvc.yaml, from the steps: nothing of the DAG is written twice.
import hashlib

CODE = "results/code.yaml"
ALONG = {
    "profile": ("train_loss", "training loss"),
    "spectra": ("eig_1", "largest Hessian eigenvalue"),
}


def code_digests(wildcards):
    """A digest of the code of every step: DVC compares these, so that a step is old when its own code changed."""
    return {
        name: hashlib.sha256("\n".join(step.codes).encode()).hexdigest()[:16]
        for name, step in steps().items()
    }


def code_sources():
    """The files that are code of any step, seen from the project's folder."""
    project, files = Path(workflow.basedir).resolve(), set()
    for text in {text for step in steps().values() for text in step.codes}:
        _, _, script, *import_paths = text.split()
        files.update(
            code_files(f"{project}/workflow/scripts/{script}.py", *import_paths)
        )
    return sorted(
        file.relative_to(project).as_posix()
        for file in files
        if file.is_relative_to(project)
    )


def stage(name, step):
    """One stage; its outputs persist, so that snakemake finds them and makes only what is missing or old."""
    outs = [{out: dict(persist=True)} for out in step.outs]
    parts = dict(
        cmd=f"snakemake -- {name}",
        deps=step.deps,
        params=[{CODE: [name]}, *step.keys],
        outs=[out for out in outs if not str(*out).endswith(".json")],
        metrics=[out for out in outs if str(*out).endswith(".json")],
    )
    return {key: value for key, value in parts.items() if value}


def code_stage():
    return dict(
        cmd="snakemake --force -- code",  # no record tells whether it is old
        deps=code_sources(),
        params=in_order(
            ["paper", *(key for step in steps().values() for key in step.code_keys)]
        ),
        outs=[{CODE: dict(persist=True)}],
    )


def plots():
    """The figures, and what was measured along the first pair's paths of every default study."""
    figures = [str(file) for file in rules.paper.input if file.endswith(".svg")]
    drawn = {
        f"{study}_{kind}": dict(
            title=f"{study}: {label} along the paths of pair {pair_names(study)[0]}",
            template="simple",
            x="s",
            y={
                f"{out}/{pair_names(study)[0]}.csv": column
                for out in steps()[f"{study}_{kind}"].outs
            },
            x_label="share of the path's length",
            y_label=label,
        )
        for study in PATHS
        for kind, (column, label) in ALONG.items()
        if f"{study}_{kind}" in steps()
    }
    return figures + [{name: plot} for name, plot in drawn.items()]
