"""Settings of Sphinx for the site; ``python -m tools.site`` prepares what it reads."""

from datetime import date

project = "Transfer learning, hands on"
html_title = project
language = "en"  # of the pages, for screen readers
project_copyright = f"{date.today().year}, the authors; MIT licence"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["downloads"]

nb_execution_mode = "off"  # what is shown are the stored outputs
nb_merge_streams = True
nb_ipywidgets_js = {}  # from other hosts, and no lesson has widgets
myst_heading_anchors = 4  # links to headings, as at GitHub

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_custom_sections = [("Attributes", "params_style")]  # one line may name several
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!course_utils\.).*")]  # types whose pages are elsewhere

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = html_show_sourcelink = False  # the notebook to download is another one
suppress_warnings = ["misc.highlighting_failure"]  # "…" in examples is no Python
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _name_levels(app, name, template, context, doctree):
    """Give the headings of the menu a level, which screen readers need and the theme leaves out."""
    menu = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = menu.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app):
    """Connect what this site adds to the theme, after the theme itself."""
    app.connect("html-page-context", _name_levels, priority=900)
