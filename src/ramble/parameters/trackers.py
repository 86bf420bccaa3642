"""The trackers of a study: free names, and under each the settings of an algorithm."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ramble.settings import Name
from ramble.tracking.registry import FullBatchTracker, StochasticTracker


def _with_algorithms(trackers: Any) -> Any:
    """Leave out trackers of null, and name the algorithm of those that are called as theirs."""
    if not isinstance(trackers, dict):
        return trackers
    return {
        name: {"algorithm": name} | settings if isinstance(settings, dict) else settings
        for name, settings in trackers.items()
        if settings is not None
    }


def _null_leaves_out(schema: dict[str, Any]) -> None:
    for pattern, tracker in schema["patternProperties"].items():
        schema["patternProperties"][pattern] = {"anyOf": [tracker, {"type": "null"}]}


Named = Field(
    description="by name; `algorithm` says which one a tracker is, where it is not called so; null leaves one out",
    json_schema_extra=_null_leaves_out,
)
FullBatchTrackers = Annotated[dict[Name, FullBatchTracker], BeforeValidator(_with_algorithms), Named]
StochasticTrackers = Annotated[dict[Name, StochasticTracker], BeforeValidator(_with_algorithms), Named]
