"""Figure 4: the top eigenvalues of LeNet5's Hessian along a path on 100 images of MNIST."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.figures.sources import Sources, position
from ramble.figures.spectra import draw_eigenvalues, eigenvalues
from ramble.figures.style import styled


def draw_top_eigenvalues(sources: Sources) -> Figure:
    """Draw the top eigenvalues of the shown path, each with its residual as error band, and the most negative one.

    The top is by magnitude; negative ones among it have no place on the logarithmic axis, and the title says so.
    """
    shown = sources.shown
    assert shown.spectra is not None
    axis = position([shown])
    along = shown.spectra[axis.column]
    values = eigenvalues(shown.spectra)
    positive = values.where(values > 0)
    floor = float(positive.min().min()) * 0.5
    all_shown = bool((values > 0).all(axis=None))
    what = (
        f"top {values.shape[1]} eigenvalues" if all_shown else f"positive ones of the top {values.shape[1]} eigenvalues"
    )
    with styled():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.0, 4.4), sharex=True, height_ratios=(2.6, 1))
        draw_eigenvalues(top, along, positive, labelled=3)
        for number in range(values.shape[1]):
            residual = shown.spectra[f"residual_{number + 1}"]
            low, high = positive.iloc[:, number] - residual, positive.iloc[:, number] + residual
            top.fill_between(along, low.clip(lower=floor), high, color="0.5", alpha=0.25, linewidth=0)
        top.set_yscale("log")
        top.set_ylim(bottom=floor)
        top.set_ylabel(r"eigenvalues $\lambda_i$ of $\nabla^2 L$")
        top.set_title(f"(a) {what}, bands: residual norm\n{shown.title}")
        bottom.plot(along, shown.spectra.most_negative, color="#000000")
        bottom.set_ylabel(r"$\lambda_{\mathrm{min}}$")
        bottom.set_title("(b) most negative eigenvalue")
        bottom.set_xlabel(axis.label)
    return figure
