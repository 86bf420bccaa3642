"""The graph of joined pairs: solutions that no path joins directly may be joined through others."""

import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def components_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per data set.

    Args:
        pairs: all pairs of every data set, with the columns dataset, a, b, joined.

    Returns:
        dataset, solutions, pairs, joined (directly), components, largest (solutions in the largest component).
    """
    rows = []
    for dataset, own in pairs.groupby("dataset"):
        sizes = component_sizes(own)
        rows.append(
            {
                "dataset": dataset,
                "solutions": sum(sizes),
                "pairs": len(own),
                "joined": int(own.joined.sum()),
                "components": len(sizes),
                "largest": sizes[0],
            }
        )
    return pd.DataFrame(rows)


def component_sizes(pairs: pd.DataFrame) -> list[int]:
    """Return how many solutions each connected component has, the largest first; pairs has a, b, joined."""
    count = int(pairs[["a", "b"]].to_numpy().max()) + 1
    edges = pairs[pairs.joined]
    graph = coo_array((edges.joined, (edges.a, edges.b)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return [int(size) for size in pd.Series(labels).value_counts()]
