"""Figure 4: the top eigenvalues of LeNet5's Hessian along a path on 100 images of MNIST."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.figures.sources import Sources, position
from ramble.figures.spectra import draw_eigenvalues, eigenvalues
from ramble.figures.style import styled


def draw_top_eigenvalues(sources: Sources) -> Figure:
    """Draw the top eigenvalues of the shown path, each with its residual as error band, and the most negative one."""
    shown = sources.shown
    assert shown.spectra is not None
    axis = position([shown])
    along = shown.spectra[axis.column]
    values = eigenvalues(shown.spectra)
    with styled():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.0, 4.4), sharex=True, height_ratios=(2.6, 1))
        draw_eigenvalues(top, along, values, labelled=3)
        for number in range(values.shape[1]):
            residual = shown.spectra[f"residual_{number + 1}"]
            low, high = values.iloc[:, number] - residual, values.iloc[:, number] + residual
            top.fill_between(along, low.clip(lower=1e-12), high, color="0.5", alpha=0.25, linewidth=0)
        top.set_yscale("log")
        top.set_ylim(bottom=float(values.min().min()) * 0.5)
        top.set_ylabel(r"eigenvalues $\lambda_i$ of $\nabla^2 L$")
        top.set_title(f"(a) top {values.shape[1]} eigenvalues, bands: residual norm\n{shown.title}")
        bottom.plot(along, shown.spectra.most_negative, color="#000000")
        bottom.set_ylabel(r"$\lambda_{\mathrm{min}}$")
        bottom.set_title("(b) most negative eigenvalue")
        bottom.set_xlabel(axis.label)
    return figure
