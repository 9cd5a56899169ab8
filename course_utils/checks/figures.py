"""Figures in exercises: shown with a text alternative, labelled as drawn pictures."""

from __future__ import annotations

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
    from course_utils.lesson import STAND_IN
    from course_utils.plotting import show_png

    show_png(figure, alt, note=STAND_IN if is_drawn else "")
