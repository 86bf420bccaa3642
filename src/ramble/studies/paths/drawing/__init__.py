"""The figures of studies of paths, drawn from the artifacts on disk."""

import os

# Figures are files. Matplotlib refuses to be imported where the environment names a backend that is not installed, as
# that of the notebook from which a run is started; nobody else is to find the environment changed.
_named = os.environ.get("MPLBACKEND")
os.environ["MPLBACKEND"] = "agg"
try:
    import matplotlib  # noqa: F401
finally:
    if _named is None:
        del os.environ["MPLBACKEND"]
    else:
        os.environ["MPLBACKEND"] = _named
