"""Write the JSON schema of params.yaml: `python -m ramble.parameters.schema FILE`."""

import json
import sys

from ramble.parameters.document import Parameters
from ramble.store.artifacts import write_whole
from ramble.version import VERSION

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """Return the schema of `Parameters` as JSON; its `$id` names the version of the package that reads such a file."""
    named = {"$schema": DIALECT, "$id": f"urn:ramble-paths:{VERSION}:params"}
    return json.dumps(named | Parameters.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    write_whole(sys.argv[1], lambda aside: aside.write_text(schema_text(), encoding="utf-8"))
