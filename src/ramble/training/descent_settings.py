"""Settings of the search for solutions by full-batch gradient descent."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from ramble.settings import Count, Fraction, Model, Positive


class Settling(Model):
    """When a solution's loss counts as settled: it fell by less than `tolerance` (relative) in `window` steps."""

    window: Count = 100
    tolerance: Fraction = 0.1
    max_steps: Count = Field(default=3000, description="budget")


class Recipe(Model):
    """How solutions are found: restarts trained side by side, in rounds, until there are enough; or given as files."""

    files: list[str] = Field(
        default=[],
        description="checkpoints of others (.pt, .pth, .safetensors) in place of a search; no other key beside it",
        exclude_if=lambda value: not value,  # the digest of a recipe says nothing of what it does not have
    )
    count: Annotated[int, Field(ge=1, description="solutions per data set")] = 3
    rate: Positive = Field(default=0.1, description="of gradient descent")
    output_gain: Positive = Field(
        default=1.0,
        description="on the outputs in the loss while errors remain; then the problem's own loss is descended",
    )
    max_steps: Count = Field(default=2000, description="to zero errors")
    batch: Count = Field(
        default=3,
        description="restarts trained side by side, shared out evenly among the data sets that want solutions",
    )
    rounds: Count = Field(default=3, description="of restarts, at most")
    max_cosine: Fraction = Field(default=0.95, description="two solutions closer than this count as the same")
    settling: Settling = Settling()

    @model_validator(mode="before")
    @classmethod
    def _one_of_both(cls, given: Any) -> Any:
        """Let files stand alone: they are as many solutions as there are."""
        if not isinstance(given, dict) or "files" not in given:
            return given
        others, files = [key for key in given if key not in ("files", "count")], given["files"]
        if others:
            raise ValueError(f"files take the place of a search, so {', '.join(others)} say nothing; leave them out")
        if not isinstance(files, list) or not files or len(set(map(str, files))) < len(files):
            raise ValueError(f"files = {files!r} is no list of different checkpoints; name at least two")
        return {"files": files, "count": len(files)}
