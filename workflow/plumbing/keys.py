"""What rules take from the parameters: values by their keys, and digests of the code that some keys name.

A rule's list of keys is the one list of what its jobs depend on: a changed value runs them again, DVC watches the keys,
and artifacts are stamped with their digests.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any

from snakemake.exceptions import WorkflowError

from ramble.errors import RambleError
from ramble.parameters.digests import value_at
from ramble.parameters.document import Parameters
from ramble.store.code import code_text

Template = str | Callable[[Any], Iterable[str]]  # or a function from wildcards to keys
OF_PAIR = {"dataset", "a", "b"}  # wildcards that no key has
# Snakemake looks at the signature of every function of every job, a tenth of the time of a large dry run
OF_WILDCARDS = inspect.signature(lambda wildcards: None)


def one_of(names: Iterable[str]) -> str:
    """Return a wildcard's constraint: one of these, or nothing at all where there are none."""
    return "|".join(names) or "(?!)"


class Keys:
    """The parameters by their keys, and the folder of the scripts whose code is looked at."""

    def __init__(self, parameters: Parameters, scripts: str) -> None:
        self.parameters = parameters
        self.value: Callable[[str], Any] = cache(partial(value_at, parameters))
        self.code_text = cache(partial(_code_text, scripts))

    def source_of(self, study: str) -> str:
        """Return the study of paths that a study builds on, which may be itself."""
        return getattr(self.parameters.studies.get(study), "of", study)

    def threshold(self, wildcards: Any) -> list[str]:
        """Return the key of the errors that a solution may make, where the study of paths allows some."""
        study = self.source_of(wildcards["study"])
        return [f"studies.{study}.{key}" for key in self.parameters.studies[study].threshold]

    def filled(self, template: str, wildcards: Any) -> str:
        """Return a key from its template; {of} is what the study builds on, or the study itself."""
        known = dict(wildcards.items())
        return template.format(**known, of=self.source_of(known.get("study", "")))


class Given:
    """A rule's param: {key: value} under the keys of some templates, such as `studies.{study}.problem`.

    Args:
        book: of the parameters.
        keys: the templates.
        known: wildcards of rules without any.
    """

    def __init__(self, book: Keys, *keys: Template, **known: str) -> None:
        self.book, self.keys, self.known = book, keys, known
        self.__signature__ = OF_WILDCARDS
        self.values: dict[Any, dict[str, Any]] = {}  # the same for thousands of jobs

    def of(self, wildcards: Any) -> list[str]:
        """Return the keys of a job."""
        wildcards = self.known or wildcards
        found = (key(wildcards) if callable(key) else [key] for key in self.keys)
        return [self.book.filled(key, wildcards) for keys in found for key in keys]

    def __call__(self, wildcards: Any) -> Any:
        """Return the values of a job by their keys."""
        chosen = tuple(one for one in wildcards.items() if one[0] not in OF_PAIR)
        if chosen not in self.values:
            self.values[chosen] = {key: self.book.value(key) for key in self.of(wildcards)}
        return self.values[chosen]


class Code(Given):
    """A rule's param: digest of a script and of all modules it runs; some keys or functions name more import paths.

    A changed module runs the jobs again, and a job refuses to run other code.
    """

    def __init__(self, book: Keys, script: str, *keys: Template, **known: str) -> None:
        super().__init__(book, *keys, **known)
        self.script = script

    def __call__(self, wildcards: Any) -> Any:
        """Return the digest and what it is of."""
        return self.book.code_text(self.script, tuple(super().__call__(wildcards).values()))


class Threads:
    """A rule's threads: those of its study's jobs, which decide the order of floating-point sums."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.__signature__ = OF_WILDCARDS

    def __call__(self, wildcards: Any) -> int:
        """Return the threads of a job."""
        return self.parameters.studies[wildcards.study].threads


def _code_text(scripts: str, script: str, import_paths: Sequence[str]) -> str:
    try:
        return code_text(f"{scripts}/{script}.py", *import_paths)
    except RambleError as error:
        raise WorkflowError(str(error)) from error
