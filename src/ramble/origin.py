"""Where an artifact comes from, read from the line inside it (see `ramble.stamps`)."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ramble.errors import RambleError
from ramble.parameters.digests import key_digests
from ramble.parameters.document import Parameters
from ramble.provenance import code_digest, code_files
from ramble.stamps import BEGIN, END

LINE = re.compile(re.escape(BEGIN.encode()) + rb"([ -~]*?)" + re.escape(END.encode()))

CODE = re.compile(r"([0-9a-f]+) of (\w+)((?: [\w.]+)*)")


@dataclass(frozen=True)
class Origin:
    """What an artifact says of itself."""

    file: Path
    studies: str  # joined by +, or unknown
    digests: dict[str, str]  # of every key of params.yaml that it depends on
    code: str  # digest of the step's code, and the script and import paths that it is of, see `ramble.running`
    packages: str

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
            f"{self.file}\n  study       {self.studies}\n  parameters  {self.parameter_hash} of {keys}\n"
            f"  code        {self.code}\n  packages    {self.packages}"
        )


def read_origin(file: Path) -> Origin:
    """Read the line inside an artifact; raises RambleError when there is none."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RambleError(f"{file}: cannot be read ({error.strerror}); name an artifact below results/.") from error
    found = LINE.search(content)
    if found is None:
        raise RambleError(
            f"{file}: says nothing of where it comes from, as safetensors files, tables in CSV and figures do; if "
            "it is a damaged one of these, delete it and run snakemake again."
        )
    fields = dict(part.split("=", 1) for part in found[1].decode().split("; "))
    known = fields["parameters"] != "unknown"
    digests = dict(part.split(":") for part in fields["parameters"].split()) if known else {}
    return Origin(file, fields["study"], digests, fields["code"], fields["packages"])
