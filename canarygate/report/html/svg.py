"""What matplotlib writes, made a piece of a page: no ids that clash, no colours of its own, words."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from canarygate.report.html.ink import VARIABLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REFERENCE = re.compile(r"(?<=url\(#)[^)]+(?=\))|(?<=^#).+")
FONT = re.compile(r"font: ([^;']*?)'[^;]*")
DECIMALS = re.compile(r"-?\d+\.\d{2,}")
COLOUR = re.compile(r"#[0-9a-f]{6}")
HREF = "{http://www.w3.org/1999/xlink}href"


def svg_text(figure: "Figure", key: str, title: str, words: str) -> str:
    """The figure as an `<svg>` element.

    Args:
        figure: drawn in the colours of `ink`.
        key: letters, digits and `-`; no other picture of the page has it.
        title: what a reader who cannot see it is told first.
        words: what it shows, with its numbers.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    written = BytesIO()
    FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None})  # type: ignore[no-untyped-call]
    root = ElementTree.fromstring(written.getvalue())
    for part in root.findall("{*}metadata"):
        root.remove(part)
    for definitions in root.findall("{*}defs"):
        for part in definitions.findall("{*}style"):  # `*` would mean the whole page
            definitions.remove(part)
    wanted = {name for part in root.iter() for name in _references(part)}
    for part in root.iter():
        _adapt(part, key, wanted)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    names = f"{key}-title", f"{key}-words"
    root.attrib |= {"class": "plot", "role": "img", "aria-labelledby": " ".join(names)}
    for place, (tag, name, text) in enumerate(
        zip(("title", "desc"), names, (title, words), strict=True)
    ):
        element = ElementTree.Element(tag, {"id": name})
        element.text = text
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _references(part: ElementTree.Element) -> Iterator[str]:
    for value in part.attrib.values():
        yield from REFERENCE.findall(value)


def _adapt(part: ElementTree.Element, key: str, wanted: set[str]) -> None:
    part.tag = part.tag.rpartition("}")[2]
    part.tail = None
    if part.tag != "text" and part.text is not None and not part.text.strip():
        part.text = None
    attributes = {}
    for name, value in part.attrib.items():
        if name == "id":
            if value not in wanted:
                continue
            value = f"{key}-{value}"
        elif name == HREF:
            name = "href"
        value = REFERENCE.sub(lambda found: f"{key}-{found.group()}", value)
        value = DECIMALS.sub(lambda found: f"{float(found.group()):.1f}", value)
        value = COLOUR.sub(lambda found: f"var(--{VARIABLES[found.group()]})", value)
        attributes[name] = FONT.sub(r"font: \1var(--sans)", value)
    part.attrib.clear()
    part.attrib.update(attributes)
