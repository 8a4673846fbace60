"""What the HTML page says, as plain data for its template: every text is one that is safe to show, and none is markup."""

from ._page import PageContent, page_content

__all__ = ["PageContent", "page_content"]
