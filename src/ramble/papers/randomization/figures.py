"""The text's figures: what params.yaml says of a figure of the same name is laid over this."""

from typing import Any

FIGURES: dict[str, dict[str, Any]] = {}
