"""The zoo in one table: a row per family, and one for all of them."""

from collections.abc import Sequence

import pandas as pd

from ramble.store.artifacts import read_table, write_table, write_whole
from ramble.store.headers import CERTIFICATES, Status

HEADER = (
    "family", "weights", "samples", "joined", "certificates", "confirmed", "straight line free",
    "gradients (median, most)", "seconds (median, most)", "smallest margin", "length / distance (median)",
)  # fmt: skip


def summary(pairs: pd.DataFrame) -> dict[str, object]:
    """Return the row of some pairs, see `ramble.studies.zoo.trial`.

    Joined are those that arrived with every segment certified; confirmed are those of them on whose paths the check of
    `ramble verify` finds no error either.
    """
    certified = pairs[(pairs.status == Status.ARRIVED.value) & (pairs.certificate != "none")]
    counts = {kind: int((certified.certificate == kind).sum()) for kind in CERTIFICATES[1:]}
    return {
        "pairs": len(pairs),
        "joined": len(certified),
        **counts,
        "confirmed": int(certified.confirmed.sum()),
        "straight_free": int((certified.gradients == 0).sum()),
        "gradients_median": float(pairs.gradients.median()),
        "gradients_most": int(pairs.gradients.max()),
        "seconds_median": float(pairs.seconds.median()),
        "seconds_most": float(pairs.seconds.max()),
        "min_margin": float(certified.min_margin.min()) if len(certified) else float("nan"),
        "relative_length_median": float(certified.relative_length.median()) if len(certified) else float("nan"),
    }


def write_zoo(pairs: Sequence[str], csv: str, markdown: str) -> None:
    """Write the table of all families from the tables of their pairs, a row each, as CSV and as Markdown."""
    table = pd.concat([read_table(file) for file in pairs], ignore_index=True)
    rows: list[dict[str, object]] = []
    for family, own in table.groupby("family", sort=False):
        first = own.iloc[0]
        rows.append({"family": family, "weights": int(first.weights), "samples": int(first.samples)} | summary(own))
    rows.append({"family": "all", "weights": 0, "samples": 0} | summary(table))
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
        str(row["confirmed"]),
        str(row["straight_free"]),
        f"{row['gradients_median']:,.0f}, {row['gradients_most']:,}",
        f"{row['seconds_median']:.1f}, {row['seconds_most']:.1f}",
        f"{row['min_margin']:.3g}",
        f"{row['relative_length_median']:.2f}",
    ]
