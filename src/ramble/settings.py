"""What all typed settings share: bounds of numbers, and names. No torch: the workflow reads them on every start."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

Count = Annotated[int, Field(ge=1, le=2**31 - 1)]  # what compiled libraries take
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
NAME = r"^[a-z][a-z0-9_-]{0,63}$"  # it becomes part of the names of files, rules and targets
Name = Annotated[str, Field(pattern=NAME)]


def check_errors(value: float) -> float:
    """Return a number of errors; raises ValueError where it is neither a whole number nor a share of the samples."""
    numbers = isinstance(value, int | float) and not isinstance(value, bool)
    if not numbers or not (0 < value < 1 if isinstance(value, float) else value >= 0):
        raise ValueError(f"{value} is neither a whole number of errors nor a share between 0 and 1; give one of them")
    return value


_SO_MANY, _SHARE = {"type": "integer", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
# of the training set: so many, or a share of it
Errors = Annotated[int | float, AfterValidator(check_errors), WithJsonSchema({"anyOf": [_SO_MANY, _SHARE]})]


class Model(BaseModel):
    """Base of all models: unknown keys are errors, values never change, "3" is not 3."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
