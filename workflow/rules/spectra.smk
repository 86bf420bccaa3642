# data, a path -> Hessian eigenvalues at points of it, and what else its study asks for
# what a part of the spectra takes from the settings of the engine
SHARED = {
    "reference": ("top", "trace_samples"),
    "gauss_newton": ("top", "tolerance", "budget", "trace_samples", "batch"),
    "density": ("batch",),
}


def spectra_of(wildcards):
    return PATH_STUDIES[wildcards["study"]].spectra


def engine_settings(wildcards):
    """What a study's engine is built from, but for the seed."""
    others = {"engine", "points", "trackers", "on_request", *SHARED}
    return spectra_of(wildcards).model_dump(exclude=others)


def spectra_keys(wildcards):
    names = ["engine", "points", *engine_settings(wildcards)]
    return [f"studies.{{study}}.spectra.{name}" for name in names]


def part_settings(part):
    """What one part of a study's spectra is measured with, but for the seed."""

    def settings(wildcards):
        spectra = spectra_of(wildcards)
        own = getattr(spectra, part).model_dump(exclude={"tracker", "points"})
        return {name: getattr(spectra, name) for name in SHARED[part]} | own

    return settings


def part_keys(part):
    def keys(wildcards):
        own = type(getattr(spectra_of(wildcards), part)).model_fields
        names = {name: name for name in SHARED[part]}
        names |= {name: f"{part}.{name}" for name in own}
        return [f"studies.{{study}}.spectra.{name}" for name in names.values()]

    return keys


rule spectra:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        paths=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
    output:
        tables=["results/{study}/spectra/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/spectra-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/spectra-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 5
    threads: threads_of
    resources:
        mem_mb=2000,
    params:
        study="{study}",
        engine=lambda wildcards: spectra_of(wildcards).path,
        settings=engine_settings,
        given=given("seed", *NETWORKS, spectra_keys),
        threads=threads_of,
        code=code(
            "spectra", "studies.{study}.problem.path", "studies.{study}.spectra.path"
        ),
    script:
        "../scripts/spectra.py"


rule reference:
    input:
        data="results/{study}/data/0.safetensors",
        path=lambda wildcards: part_paths(wildcards.study, "reference")[0],
    output:
        table="results/{study}/reference.csv",
    log:
        "logs/{study}/reference.log",
    benchmark:
        "logs/{study}/reference.benchmark.tsv"
    priority: 3
    threads: threads_of
    resources:
        mem_mb=2000,
    params:
        study="{study}",
        points=lambda wildcards: spectra_of(wildcards).reference.points,
        ours=engine_settings,
        theirs=part_settings("reference"),
        given=given("seed", *NETWORKS, spectra_keys, part_keys("reference")),
        threads=threads_of,
        code=code("reference", "studies.{study}.problem.path"),
    script:
        "../scripts/reference.py"


rule gauss_newton_spectra:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        paths=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
    output:
        tables=["results/{study}/gauss_newton/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/gauss_newton-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/gauss_newton-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 3
    threads: threads_of
    resources:
        mem_mb=2000,
    params:
        study="{study}",
        settings=part_settings("gauss_newton"),
        given=given("seed", *NETWORKS, part_keys("gauss_newton")),
        threads=threads_of,
        code=code("gauss_newton", "studies.{study}.problem.path"),
    script:
        "../scripts/gauss_newton.py"


rule spectral_density:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        paths=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
    output:
        tables=["results/{study}/density/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/density-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/density-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 3
    threads: threads_of
    resources:
        mem_mb=2000,
    params:
        study="{study}",
        settings=part_settings("density"),
        given=given("seed", *NETWORKS, part_keys("density")),
        threads=threads_of,
        code=code("density", "studies.{study}.problem.path"),
    script:
        "../scripts/density.py"
