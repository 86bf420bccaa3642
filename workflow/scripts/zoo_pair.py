"""Join two networks of one family of the zoo, and judge the path by code of its own."""

from ramble.store.console import step

with step(snakemake) as given:
    import pandas as pd
    import torch

    from ramble.store.artifacts import write_table
    from ramble.store.checkpoints import Checkpoint, checkpoint_of, key_of
    from ramble.store.tensors import read_tensors
    from ramble.studies.zoo.families import problem_of
    from ramble.studies.zoo.trial import join
    from ramble.verification.trial import confirmed

    family, pair = snakemake.params.family, snakemake.params.pair
    problem = problem_of(family, given.data.data_root)
    ends = [read_tensors(file) for file in snakemake.input.networks]
    networks = torch.stack([tensors["weights"] for tensors, _ in ends])
    settings = {"family": family, "pair": list(pair), "code": snakemake.params.code, **snakemake.params.given}
    checkpoint = Checkpoint(checkpoint_of(snakemake.output.table), key_of(settings, {"networks": networks}))
    path, row = join(family, problem, networks, pair, given.tracker, given.seed, checkpoint)
    names = [f"{number}-{header['recipe']}" for number, (_, header) in zip(pair, ends, strict=True)]
    row = {"family": family, "a": names[0], "b": names[1], **row, "confirmed": confirmed(problem, path.points)}
    write_table(snakemake.output.table, pd.DataFrame([row]))
    checkpoint.remove()
