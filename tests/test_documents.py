"""The documents: cited sections exist, links lead somewhere, and paths in the text are paths of the repository."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").glob("*.md")))
FOLDERS = ("hw", "gen", "sim", "bench", "constraints", "tests", "docs")
SOURCES = [
    path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".md", ".apu")
]

_CITATION = re.compile(r"(\w+)\.md,?\s+(?:#\s+)?Sections?\s+((?:\d+\b(?:, | and | to )?)+)")
_PATH = re.compile(r"`((?:hw|gen|sim|bench|constraints|tests|docs)/[\w./-]*)`")


def citations(text: str) -> set[tuple[str, int]]:
    """Return (document, section) of every citation such as `numerics.md Sections 3 to 5 and 9`."""
    found = set()
    for document, sections in _CITATION.findall(text):
        for low, high in re.findall(r"(\d+)(?: to (\d+))?", sections):
            found |= {(document, number) for number in range(int(low), int(high or low) + 1)}
    return found


def sections(document: str) -> set[int]:
    """Return the numbers of the sections of a document."""
    path = ROOT / "docs" / f"{document}.md"
    return (
        {int(number) for number in re.findall(r"^## (\d+)\.", path.read_text(), re.MULTILINE)}
        if path.exists()
        else set()
    )


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a Markdown text."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_cited_sections_exist():
    missing = [
        f"{path.relative_to(ROOT)}: {document}.md Section {number}"
        for path in [*SOURCES, ROOT / "README.md"]
        if path != Path(__file__)
        for document, number in sorted(citations(path.read_text()))
        if number not in sections(document)
    ]
    assert missing == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("numerics.md Section 3", {("numerics", 3)}),
        ("numerics.md,\n    Sections 3 to 5 and 9.", {("numerics", n) for n in (3, 4, 5, 9)}),
        ("architecture.md, Section 3, pattern", {("architecture", 3)}),
        ("architecture.md Section 3, 7x7 s2", {("architecture", 3)}),
        ("(numerics.md Sections 6, 7 and 9)", {("numerics", n) for n in (6, 7, 9)}),
        ("ETA, Section III", set()),
    ],
)
def test_citations_are_understood(text, found):
    assert citations(text) == found


def test_a_missing_section_is_missing():
    assert 0 in sections("numerics")
    assert 99 not in sections("numerics")
    assert sections("no_such_document") == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths(path):
    text = path.read_text()
    wrong = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        place = (path.parent / name) if name else path
        if not place.exists() or (anchor and anchor not in anchors(place.read_text())):
            wrong.append(target)
    wrong += [name for name in _PATH.findall(text) if not (ROOT / name).exists()]
    assert wrong == []


def test_the_changelog_has_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## {re.escape(version)} ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
