"""Links of a folder of pages: whether each leads somewhere, and what a page would load from another host."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

LOADS = ("img", "script", "link", "iframe", "source")


def faults(site: Path) -> list[str]:
    """Return in words each link that leads to no file or to no place in it, and what other hosts would give.

    Args:
        site: folder with pages in HTML. Links to other hosts are not followed.
    """
    paths = sorted(site.resolve().rglob("*.html"))
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in paths}
    ids = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    found = []
    for path, page in pages.items():
        for tag in page.find_all(lambda tag: tag.get("href") or tag.get("src")):
            link = tag.get("href") or tag.get("src")
            address = urlsplit(link)
            kind = "From another host" if address.netloc and tag.name in LOADS else ""
            if not address.netloc and not address.scheme:
                target = (path.parent / unquote(address.path)).resolve() if address.path else path
                place = unquote(address.fragment)
                is_there = target.is_file() and place in ids.get(target, {place}) | {""}
                kind = "" if is_there else "Broken link"
            if kind:
                found.append(f"{kind}: {path.relative_to(site.resolve()).as_posix()}: {link}")
    return found
