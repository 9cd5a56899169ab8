"""Say where the project lies in public: ``make publish REPOSITORY=owner/name [TAG=…]``.

Stores repository and tag in pyproject.toml; stamps first cell and badges into lessons, student editions and
README; checks every link inside the project. Without REPOSITORY, the remote "origin" of git says it; without
one, badges are taken away.

    python -m tools.lessons.publish [--repository owner/name] [--tag v1.0]
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import write_whole
from tools.lessons import editions, frame

NAME = re.compile(r"[A-Za-z0-9-]+/[\w.-]+")
REMOTE = re.compile(r"github\.com[:/]([A-Za-z0-9-]+/[\w.-]+?)(?:\.git)?/?$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
OUTSIDE = ("http://", "https://", "mailto:", "data:", "attachment:")


def origin(folder: Path = PROJECT) -> str:
    """Return "owner/name" of git's remote "origin" at GitHub, or an empty text."""
    asked = ["git", "-C", str(folder), "remote", "get-url", "origin"]
    address = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    found = REMOTE.search(address)
    return found[1] if found else ""


def store(repository: str, tag: str) -> None:
    """Write the setting [tool.course] of pyproject.toml; an empty tag leaves the one that is there."""
    path = PROJECT / "pyproject.toml"
    text = re.sub(r'^repository = ".*"$', f'repository = "{repository}"', path.read_text("utf-8"), flags=re.M)
    if tag:
        text = re.sub(r'^tag = ".*"$', f'tag = "{tag}"', text, flags=re.M)
    write_whole(path, text)


def stamp_readme(repository: str, tag: str) -> None:
    """Set the badges below the title of README; the first lesson is what they open."""
    path = PROJECT / "README.md"
    title, *blocks = frame.blocks_but_badges(path.read_text(encoding="utf-8"))
    line = frame.badges(repository, tag, "notebooks/01_data_loading.ipynb")
    write_whole(path, "\n\n".join([title, *([line] if line else []), *blocks]))


def broken_links(folder: Path = PROJECT) -> list[str]:
    """Return "file: target" for each link of a text or notebook of the project that leads nowhere."""
    listed = subprocess.run(
        ["git", "-C", str(folder), "ls-files", "*.md", "*.ipynb"], capture_output=True, text=True, check=True
    )
    broken = []
    for name in listed.stdout.splitlines():
        for target in LINK.findall(CODE.sub("", _text(folder / name))):
            path, _, part = unquote(target).partition("#")
            place = (folder / name).parent / path if path else folder / name
            if not target.startswith(OUTSIDE) and not (place.exists() and _has_part(place, part)):
                broken.append(f"{name}: {target}")
    return broken


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def _has_part(path: Path, part: str) -> bool:
    """Whether a text has a title that a link's part after # names, as GitHub does."""
    titles = re.findall(r"^#+ +(.+)$", _text(path), re.MULTILINE) if part and path.suffix == ".md" else []
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return part in anchors if path.suffix == ".md" and part else True


def main(arguments: list[str] | None = None) -> int:
    """Stamp, check, say what was done; return 0, or 1 after bad words or with broken links."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repository", default="", help="owner/name; default: from git's remote origin")
    parser.add_argument("--tag", default="", help="that lessons pin; default: the one in pyproject.toml")
    chosen = parser.parse_args(arguments)
    repository = chosen.repository or origin()
    if (repository and not NAME.fullmatch(repository)) or not re.fullmatch(r"[\w.-]*", chosen.tag):
        print(f"No repository and tag: {repository!r}, {chosen.tag!r}.", file=sys.stderr)
        print('Next: name them as make publish REPOSITORY="owner/name" TAG="v1.0"', file=sys.stderr)
        return 1
    store(repository, chosen.tag)
    stamped = frame.stamp_lessons()
    stamp_readme(*frame.read_setting())
    for path in editions.masters():
        editions.stamp_master(path)
        editions.renew_student_edition(path)
    public = f"github.com/{repository}, tag {frame.read_setting()[1]}"
    where = public if repository else "no public repository"
    print(f"Stamped for {where}: {len(stamped)} lessons changed, README, student editions.")
    broken = broken_links()
    print("\n".join(f"Broken link: {one}" for one in broken) or "Links inside the project: all hold.")
    if repository:
        print("Next: look at git diff, commit, and push the tag that the lessons name.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
