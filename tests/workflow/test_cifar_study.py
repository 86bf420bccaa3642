"""A real run of study cifar on the small overlay."""

import pytest
from checkouts import Checkout
from given_data import needs_cifar

from ramble.store.artifacts import read_table
from ramble.store.tensors import read_tensors

pytestmark = [pytest.mark.slow, needs_cifar]


def test_a_network_of_today_goes_through_the_whole_chain(checkout: Checkout) -> None:
    checkout.run("cifar")
    results = checkout.root / "results"
    _, header = read_tensors(results / "cifar/solutions/0-1.safetensors")
    assert header["train_errors"] == "0"
    assert header["batch_norm"] == "reestimate"
    assert header["batch_norm_samples"] == "16"
    path, header = read_tensors(results / "cifar/paths/adaptive/0-0-1.safetensors")
    profile = read_table(results / "cifar/profile/adaptive/0-0-1.csv")
    assert len(profile) == len(path["points"])
    assert header["certificate"] in ("sampled", "none")
    assert (header["certificate"] == "none") or (profile.train_errors == 0).all()
    spectra = read_table(results / "cifar/spectra/adaptive/0-0-1.csv")
    assert spectra.samples.tolist() == [4, 4]
    claims = read_table(results / "tables/claims-cifar.csv")
    assert len(claims) >= 5
    assert not list(results.glob("cifar/**/.*")), "finished jobs leave no state behind"
    for figure in ("cifar_errors", "cifar_eigenvalues"):
        assert (results / f"figures/{figure}.svg").is_file()
    assert "first 4 training samples" in (results / "figures/cifar_eigenvalues.svg").read_text()
