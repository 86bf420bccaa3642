# The default target's rules grouped to steps: a step is a target of snakemake and a stage of dvc.yaml.
import os
from pathlib import Path
from typing import NamedTuple

from ramble.parameters.digests import key_digests
from ramble.store.stamps import ENVIRONMENT, packed

# The keys of params.yaml that a rule's params come from; {study} is the rule's own, {of} what it builds on.
# Params that are not named here stand for everything that their study says.
KEYS = {
    "seed": ["seed"],
    "device": ["device"],
    "maker": ["studies.{of}.data"],
    "problem": ["studies.{of}.problem", "studies.{of}.threads"],
    "solutions": ["studies.{of}.solutions"],
    "grid": ["figures.fig1.grid"],
    "counted": ["figures.nonzero"],
    "values": ["claims.zero_eigenvalue"],
    "draw": [],
    "low_loss_factor": ["paper", "claims.low_loss_factor"],
    "thresholds": ["paper", "claims"],
    "boosting": ["studies.{of}.boosting"],
    "studies": ["figures.fig2.study", "figures.fig3.study"],
    "study": [],
    "shown": [],
    "tracker": [],
    "part": [],
    "script": [],
    **dict.fromkeys(("engine", "settings", "ours", "theirs"), []),  # see spectra_keys
    "datasets": [],
    "threads": [],
    "code": [],
}


class Step(NamedTuple):
    """Rules that make the same kind of artifact for one study."""

    files: list  # all that its rules make
    outs: list  # the files and folders that these lie in
    deps: list  # files and folders of other steps, and the code
    keys: list  # of params.yaml, direct ones


@cache
def place(file):
    """The folder of an artifact where it has one of its own kind, else the file."""
    folder = os.path.dirname(file)
    return folder if folder.count("/") >= 2 else str(file)


def owner(file):
    """The study in whose folder a file lies, or None for figures and tables."""
    folder = file.split("/")[1]
    return folder if folder in PARAMETERS.studies else None


def in_order(items):
    return list(dict.fromkeys(items))


MAKING = [
    made for made in workflow.rules if str([*made.output, ""][0]).startswith("results/")
]
WRITERS = {}  # {place: the rules that write there}
for made in MAKING:
    for out in in_order(place(file) for file in made.output):
        WRITERS.setdefault(out, []).append(made)


def makers(files):
    """The rules that write where some files lie."""
    places = in_order(place(file) for file in files)
    return in_order(made for out in places for made in WRITERS.get(out, []))


SOURCES = {made: makers(made.input) for made in MAKING}


def with_ancestors(making):
    """Rules, and all rules whose artifacts they build on."""
    seen, waiting = {}, list(making)
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen[one] = None
            waiting += SOURCES[one]
    return list(seen)


def is_given(key):
    """Whether params.yaml has a dotted key; DVC refuses to watch those that have a default and are left out."""
    part = config
    for name in key.split("."):
        if name not in part:
            return False
        part = part[name]
    return True


def spectra_keys(study, made):
    """The keys of a study's spectra that a rule which measures them, or one part of them, comes from."""
    params = made.params
    if "ours" in params.keys():
        below = ["reference", *params.ours]
    elif "part" in params.keys():
        own = SPECTRA_PARTS[study][params.part].model_dump()
        names = ["points", *params.settings]
        below = [f"{params.part}.{name}" if name in own else name for name in names]
    else:
        below = ["engine", "points", *params.settings]
    return [f"studies.{study}.spectra.{name}" for name in below]


@cache
def keys(made):
    """The keys of params.yaml that one rule's own params come from, as far as the file has them."""
    study = owner(made.output[0])
    of = getattr(PARAMETERS.studies.get(study), "of", study)
    found = [f"studies.{study}"] if of != study else []
    for name in made.params.keys():
        if (
            study in PATH_STUDIES
            and name == "settings"
            and "tracker" in made.params.keys()
        ):
            found.append(f"studies.{study}.trackers.{made.params.tracker}")
        elif study in PATH_STUDIES and name == "points":
            found += spectra_keys(study, made)
        elif of != study and name in ("settings", "trackers"):
            found.append(f"studies.{of}.trackers")
        elif name == "judged":
            found += [f"studies.{one}" for one in made.params.studies.values()]
        elif name in KEYS:
            found += [key.format(study=study, of=of) for key in KEYS[name]]
        else:
            found += [f"studies.{study}"] if study else ["figures"]
    return [key for key in in_order(found) if is_given(key)]


def step_name(made):
    """<study>_<kind>, <study>_figures, or a table's own name."""
    study = owner(made.output[0])
    kind = made.name.partition(f"_{study}")[0]
    if study is None:
        shown = {owner(file) for file in made.input} - {None}
        if len(shown) > 1:
            return Path(made.output[0]).stem
        study, kind = shown.pop(), "figures"
    return study if kind == study else f"{study}_{kind}"


def grouped(making):
    """The steps that some rules belong to, by name, in the order of the rules."""
    groups = {}
    for made in making:
        groups.setdefault(step_name(made), []).append(made)
    steps = {}
    for name, together in groups.items():
        files = [str(file) for made in together for file in made.output]
        outs = in_order(place(file) for file in files)
        inputs = in_order(place(file) for made in together for file in made.input)
        code_files = {
            file for made in together for file in CODE_FILES[made.params.code]
        }
        steps[name] = Step(
            files,
            outs,
            [file for file in inputs if file not in outs] + sorted(code_files),
            in_order(key for made in together for key in keys(made)),
        )
    return steps


# DVC expects that every stage has run before anybody fetches: the default target's rules, and no others
PAPER_RULES = with_ancestors(makers(rules.paper.input))
STEPS = grouped(made for made in MAKING if made in PAPER_RULES)


def told(making):
    """The studies and keys that the artifacts of some rules rest on, as `ramble.store.stamps` has them written."""
    needed = sorted({key for made in with_ancestors(making) for key in keys(made)})
    studies = {key.split(".")[1] for key in needed if key.startswith("studies.")}
    return "+".join(sorted(studies)), " ".join(needed)


PLACES = {out: told(making) for out, making in WRITERS.items()}
ALL_KEYS = {key for _, needed in PLACES.values() for key in needed.split()}
# to the jobs, which inherit it; nothing re-runs because it changes
os.environ[ENVIRONMENT] = packed(
    dict(
        package=f"{SOURCE}/ramble",
        codes=CODES,
        digests=key_digests(PARAMETERS, ALL_KEYS),
        places=PLACES,
    )
)
