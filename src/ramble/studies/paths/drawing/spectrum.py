"""All eigenvalues of the Hessian that are not zero, and the loss, along a path."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.studies.paths.drawing.eigenvalues import draw_eigenvalues, eigenvalues
from ramble.studies.paths.drawing.sources import Sources, position, read_sources
from ramble.studies.paths.drawing.style import Files, styled


def draw(files: Files, zero_eigenvalue: float) -> Figure:
    """Draw the files `paths`, `profile` and `spectra`; see `draw_spectrum`."""
    return draw_spectrum(read_sources(files), zero_eigenvalue)


def draw_spectrum(sources: Sources, zero: float) -> Figure:
    """Draw all non-zero eigenvalues of the shown path, their number, and the training loss.

    Args:
        sources: paths with profiles and spectra.
        zero: eigenvalues below this share of the largest at the same point count as zero.
    """
    shown = sources.shown
    assert shown.profile is not None
    assert shown.spectra is not None
    axis = position([shown])
    values = eigenvalues(shown.spectra)
    number = (values.abs() > zero * values.iloc[:, :1].to_numpy()).sum(axis=1)
    with styled():
        figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(5.0, 5.6), sharex=True, height_ratios=(2.2, 1, 1))
        non_zero = values.where(values > zero * values.iloc[:, :1].to_numpy())
        draw_eigenvalues(top, axis.column, shown.spectra, non_zero, labelled=3, every=10)
        top.set_ylabel(r"eigenvalues $\lambda_i$ of $\nabla^2 L$")
        top.set_title(f"(a) non-zero Hessian eigenvalues, grey: every tenth\n{shown.title}")
        middle.plot(shown.spectra[axis.column], number, color="#000000", drawstyle="steps-mid")
        middle.set_ylabel(r"number of $\lambda_i \neq 0$")
        middle.set_title(rf"(b) eigenvalues above {zero:g} $\lambda_1$, of {values.shape[1]}")
        bottom.plot(shown.profile[axis.column], shown.profile.train_loss, color="#0072B2")
        bottom.set_ylabel("training loss $L$ (nats)")
        bottom.set_title("(c) loss")
        bottom.set_xlabel(axis.label)
    return figure
