"""The zoo in one table: a row per family, and one for all of them."""

from collections.abc import Sequence

import pandas as pd

from ramble.store.artifacts import read_table, write_table, write_whole
from ramble.store.headers import CERTIFICATES, Status

HEADER = (
    "family", "weights", "samples", "joined", "certificates", "straight line free", "gradients (median, most)",
    "seconds (median, most)", "smallest margin", "length / distance (median)",
)  # fmt: skip


def summary(pairs: pd.DataFrame) -> dict[str, object]:
    """Return the row of some pairs, see `ramble.studies.zoo.trial`; joined: arrived, and every segment certified."""
    certified = pairs[(pairs.status == Status.ARRIVED.value) & (pairs.certificate != "none")]
    counts = {kind: int((certified.certificate == kind).sum()) for kind in CERTIFICATES[1:]}
    return {
        "pairs": len(pairs),
        "joined": len(certified),
        **counts,
        "straight_free": int((certified.gradients == 0).sum()),
        "gradients_median": float(pairs.gradients.median()),
        "gradients_most": int(pairs.gradients.max()),
        "seconds_median": float(pairs.seconds.median()),
        "seconds_most": float(pairs.seconds.max()),
        "min_margin": float(certified.min_margin.min()) if len(certified) else float("nan"),
        "relative_length_median": float(certified.relative_length.median()) if len(certified) else float("nan"),
    }


def write_zoo(families: Sequence[str], csv: str, markdown: str) -> None:
    """Write the table of all families from those of their pairs, as CSV and as Markdown."""
    tables = [read_table(file) for file in families]
    rows: list[dict[str, object]] = []
    for table in tables:
        first = table.iloc[0]
        own = {"family": first.family, "weights": int(first.weights), "samples": int(first.samples)}
        rows.append(own | summary(table))
    rows.append({"family": "all", "weights": 0, "samples": 0} | summary(pd.concat(tables, ignore_index=True)))
    write_table(csv, pd.DataFrame(rows))
    lines = [HEADER, ["---"] * len(HEADER), *map(_cells, rows)]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _cells(row: dict[str, object]) -> list[str]:
    kinds = ", ".join(f"{row[kind]} {kind}" for kind in reversed(CERTIFICATES[1:]) if row[kind])
    return [
        str(row["family"]),
        f"{row['weights']:,}" if row["weights"] else "",
        f"{row['samples']:,}" if row["samples"] else "",
        f"{row['joined']} of {row['pairs']}",
        kinds or "none",
        str(row["straight_free"]),
        f"{row['gradients_median']:,.0f}, {row['gradients_most']:,}",
        f"{row['seconds_median']:.1f}, {row['seconds_most']:.1f}",
        f"{row['min_margin']:.3g}",
        f"{row['relative_length_median']:.2f}",
    ]
