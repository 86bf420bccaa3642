"""Where an artifact comes from, read from the line inside it (see `ramble.store.stamps`)."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ramble.errors import RambleError, printable
from ramble.parameters.digests import key_digests
from ramble.parameters.document import Parameters
from ramble.store.code import code_digest, code_files
from ramble.store.content import check_table, check_tensors, remedy
from ramble.store.stamps import LINE, digests_in, fields_of
from ramble.store.untrusted import quoted, read_regular

PICTURES = (".svg", ".png", ".pdf")
CODE = re.compile(r"([0-9a-f]+) of (\w+)((?: [\w.]+)*)")


@dataclass(frozen=True)
class Origin:
    """What an artifact says of itself."""

    file: Path
    studies: str  # joined by +, or unknown
    digests: dict[str, str]  # of every key of params.yaml that it depends on
    code: str  # digest of the step's code, and the script and import paths that it is of, see `ramble.store.running`
    packages: str
    content: str  # whether it has a digest, which then holds

    @property
    def parameter_hash(self) -> str:
        """One digest of all parameters that the artifact depends on."""
        return hashlib.sha256(repr(sorted(self.digests.items())).encode()).hexdigest()[:16]

    def changed(self, parameters: Parameters) -> list[str]:
        """Return the keys whose values are not those that the artifact was made with."""
        now = key_digests(parameters, self.digests)
        return [key for key, digest in self.digests.items() if now[key] != digest]

    def code_beside(self, checkout: Path) -> bool | None:
        """Say whether a checkout still has the code of the step; None where it does not say, or lacks the script.

        The package is the one that runs, whatever checkout is named.
        """
        found = CODE.fullmatch(self.code)
        script = checkout / "workflow/scripts" / f"{found[2]}.py" if found else None
        if found is None or script is None or not script.is_file():
            return None
        return code_digest(code_files(script, *found[3].split())) == found[1]

    def __str__(self) -> str:
        """Return one line per fact."""
        keys = ", ".join(self.digests) or "unknown"
        return (
            f"{printable(str(self.file))}\n  study       {self.studies}\n"
            f"  parameters  {self.parameter_hash} of {keys}\n"
            f"  code        {self.code}\n  packages    {self.packages}\n  content     {self.content}"
        )


def read_origin(file: Path) -> Origin:
    """Read the line inside an artifact, whose content must be what its digest says where the format has one.

    Pictures have none: nothing in this package reads them back.

    Raises:
        RambleError: the file cannot be read, is damaged, has no such line, or one that nobody here wrote.
    """
    content, line, digest = read_regular(file), "", "is what its digest says"
    if file.suffix == ".safetensors":
        line = check_tensors(file, content).header.get("provenance", "")
    elif file.suffix == ".csv":
        line = check_table(file, content).origin
    elif file.suffix in PICTURES:
        line, digest = content.decode("latin-1"), "not checked: pictures have no digest"
    try:
        fields = fields_of(line)
        if fields is not None:
            return Origin(file, fields["study"], digests_in(fields), fields["code"], fields["packages"], digest)
    except (KeyError, ValueError) as error:
        raise RambleError(
            f"{file}: its line {_shown(line)} is not as this package writes it; {remedy(file)}."
        ) from error
    raise RambleError(
        f"{file}: says nothing of where it comes from, as safetensors files, tables in CSV and figures of the "
        "workflow do; name one of these."
    )


def _shown(text: str) -> str:
    found = LINE.search(text)
    assert found
    return quoted(found[1])
