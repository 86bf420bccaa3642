"""One figure as a page of HTML that holds all that it needs: a browser asks nobody else."""

import html
from pathlib import Path

from plotly.graph_objects import Figure

from ramble.store.artifacts import write_whole
from ramble.store.stamps import stamp

FONT = "system-ui, sans-serif"
# no logo and no button that sends the figure to a server
CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["sendChartToCloud"]}


def write_figure(path: str | Path, title: str, figure: Figure) -> None:
    """Write a figure as a page that says where it comes from; equal figures give equal bytes.

    Args:
        path: of the page.
        title: of the page.
        figure: is given the style of all.
    """
    figure.update_layout(template="plotly_white", font={"family": FONT, "size": 13}, hovermode="closest")
    drawn = figure.to_html(full_html=False, include_plotlyjs=True, div_id="figure", config=CONFIG)
    text = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="provenance" content="{html.escape(stamp())}">\n'
        '<link rel="icon" href="data:,">\n'
        f"</head>\n<body>\n{drawn}\n</body>\n</html>\n"
    )
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))
