"""What our HTML pages share: one look, light and dark, in one file that loads nothing. Never imports torch.

A page is a jinja2 template that extends ``page/base.html.jinja``. Everything that a template is given is escaped, whatever
it is; only the texts of files in a package's folder ``assets`` (`asset`) are taken for what they are.
"""

from ._assets import asset, colours, in_plain_colours, stylesheet
from ._page import render

__all__ = ["asset", "colours", "in_plain_colours", "render", "stylesheet"]
