"""Random streams are named: the same name gives the same stream in every process."""

import hashlib
import os
import subprocess
import sys

import torch
from hypothesis import given
from hypothesis import strategies as st
from unhurried import unhurried

from ramble.problems.seeds import derive_seed, generator

PINNED = 7036838740414626544


def test_a_known_seed_stays_what_it_is():
    assert derive_seed(2019, "tcm", "initial", 0, 1) == PINNED


@unhurried
@given(st.integers(0, 2**40), st.lists(st.text("abc_0", min_size=1), max_size=4))
def test_seeds_are_63_bits_of_sha256(seed, names):
    digest = hashlib.sha256("/".join([str(seed), *names]).encode()).hexdigest()
    found = derive_seed(seed, *names)
    assert found == int(digest[:16], 16) // 2
    assert 0 <= found < 2**63


def test_names_order_and_root_seed_all_matter():
    streams = [(1, "a", "b"), (1, "b", "a"), (2, "a", "b"), (1, "a", 0), (1, "a", 1), (1, "a")]
    assert len({derive_seed(*stream) for stream in streams}) == len(streams)


def test_seeds_do_not_depend_on_the_hash_seed_of_the_process():
    code = "from ramble.problems.seeds import derive_seed; print(derive_seed(7, 'tcm', 'patterns', 3))"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == derive_seed(7, "tcm", "patterns", 3)


def test_a_generator_starts_afresh_and_leaves_the_global_one_alone():
    before = torch.random.get_rng_state()
    first = torch.rand(4, generator=generator(1, "x"))
    assert torch.equal(first, torch.rand(4, generator=generator(1, "x")))
    assert not torch.equal(first, torch.rand(4, generator=generator(1, "y")))
    assert torch.equal(torch.random.get_rng_state(), before)
