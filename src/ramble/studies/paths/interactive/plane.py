"""The errors around a path: a map with the path on it, and the same as a surface."""

import pandas as pd
from plotly.graph_objects import Contour, Figure, Heatmap, Scatter, Surface
from plotly.subplots import make_subplots

from ramble.studies.paths.drawing.plane import distance_of_ends, read_plane
from ramble.studies.paths.drawing.sources import Source
from ramble.studies.paths.drawing.style import Files

COLOURS = "Greys"
ALONG, ACROSS = "weight distance along W_b - W_a (Euclidean)", "weight distance across (Euclidean)"


def draw(files: Files) -> Figure:
    """Draw the plane of the files `grid` and `curve`, with the path among `paths` that it was cut through."""
    return draw_plane(*read_plane(files))


def draw_plane(grid: pd.DataFrame, curve: pd.DataFrame, shown: Source) -> Figure:
    """Draw the errors in the plane as a map and as a surface.

    Args:
        grid: u, v, errors.
        curve: point, t, u, v, off_plane.
        shown: the path.
    """
    table = grid.pivot_table(index="v", columns="u", values="errors")
    u, v, errors = list(table.columns), list(table.index), table.to_numpy()
    end = distance_of_ends(curve)
    figure = make_subplots(
        rows=2, cols=1, specs=[[{"type": "xy"}], [{"type": "scene"}]], row_heights=[0.45, 0.55], vertical_spacing=0.08,
        subplot_titles=("errors on the training set in the plane", "the same as a surface"),
    )  # fmt: skip
    figure.add_trace(
        Heatmap(x=u, y=v, z=errors, colorscale=COLOURS, colorbar={"title": "errors", "len": 0.42, "y": 0.79},
                name="errors", hovertemplate="%{z} errors<extra></extra>"),
        row=1, col=1,
    )  # fmt: skip
    bound = shown.max_errors + 0.5
    figure.add_trace(
        Contour(x=u, y=v, z=errors, contours={"start": bound, "end": bound, "size": 1, "coloring": "lines"},
                line={"color": "#00694a", "width": 2}, showscale=False, name="edge of the solution region",
                colorscale=[[0, "#00694a"], [1, "#00694a"]], hoverinfo="skip", showlegend=True),
        row=1, col=1,
    )  # fmt: skip
    figure.add_trace(
        Scatter(x=[0, end], y=[0, 0], mode="lines", line={"color": "#D55E00", "dash": "dash"}, name="straight line"),
        row=1, col=1,
    )  # fmt: skip
    told = curve[["point", "t", "off_plane"]].to_numpy()
    figure.add_trace(
        Scatter(x=curve.u, y=curve.v, mode="lines+markers", line={"color": "#0072B2"}, marker={"size": 4},
                name="path, projected on the plane", customdata=told,
                hovertemplate="point %{customdata[0]}, t = %{customdata[1]:.3f}, "
                              "%{customdata[2]:.3g} off the plane<extra></extra>"),
        row=1, col=1,
    )  # fmt: skip
    figure.add_trace(
        Scatter(x=[0, end], y=[0, 0], mode="markers+text", text=["W_a", "W_b"], textposition="bottom center",
                marker={"color": "black", "size": 8}, showlegend=False, hoverinfo="text"),
        row=1, col=1,
    )  # fmt: skip
    figure.add_trace(
        Surface(x=u, y=v, z=errors, colorscale="Viridis", showscale=False, name="errors",
                hovertemplate="%{z} errors<extra></extra>"),
        row=2, col=1,
    )  # fmt: skip
    figure.update_xaxes(title=ALONG, constrain="domain", row=1, col=1)
    figure.update_yaxes(title=ACROSS, scaleanchor="x", row=1, col=1)
    figure.update_scenes(xaxis_title="along", yaxis_title="across", zaxis_title="errors")
    strays = f"it strays up to {curve.off_plane.max():.2g} from this plane"
    title = f"{shown.walk};<br>tracker {shown.tracker}, {strays}"
    figure.update_layout(title={"text": title, "y": 0.985}, height=1250, margin={"t": 120},
                         legend={"orientation": "h", "y": 1.05, "x": 0})  # fmt: skip
    return figure
