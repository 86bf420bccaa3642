"""Which studies the target `randomization` stands for, of those that params.yaml has."""

STUDIES: tuple[str, ...] = ("randomization_small", "randomization_descent", "randomization_depth")
