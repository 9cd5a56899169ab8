"""Figures in exercises: shown with a text alternative, labelled as drawn pictures."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show_figure(figure: Figure, alt: str, *, is_drawn: bool = True) -> None:
    """Show a figure of ``course_utils.plotting`` in a notebook.

    Args:
        figure: to show.
        alt: one sentence for a person who cannot see it.
        is_drawn: it shows pictures of the drawn stand-in, or numbers from them, and says so.
    """
    from IPython.display import display

    from course_utils.lesson import STAND_IN

    if is_drawn:
        figure.text(1, 1.01, STAND_IN, ha="right", va="bottom", fontsize=8, color="#b03a2e")
        alt = f"{alt} ({STAND_IN}.)"
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi="figure", bbox_inches="tight", pad_inches=0.12)
    png = base64.b64encode(buffer.getvalue()).decode()
    display({"image/png": png, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
