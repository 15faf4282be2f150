"""Read the XML in packages: local names without namespaces, and parts that refer to no other file."""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias
from zipfile import BadZipFile, ZipFile

from lxml import etree

from pagetune.extract.formats.flow import UnreadableFile
from pagetune.language import Remark

#: An element of a document's XML, as lxml has it.
Element: TypeAlias = Any
#: A part that unpacks to more than this is refused: no document needs so much XML, but a zip bomb does.
MAX_PART_BYTES = 256 * 2**20


def read_part(package: ZipFile, name: str) -> bytes:
    """Return a part of the package. Raise UnreadableFile if it is missing, too large or damaged."""
    try:
        if package.getinfo(name).file_size > MAX_PART_BYTES:
            raise UnreadableFile(
                "broken_file", Remark("{name} unpacks to more than {mib} MiB", name=name, mib=MAX_PART_BYTES // 2**20)
            )
        return package.read(name)
    except KeyError:
        raise UnreadableFile("broken_file", Remark("it has no {name}", name=name)) from None
    except (BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
        raise UnreadableFile(
            "broken_file", Remark("{name} cannot be unpacked: {error}", name=name, error=type(error).__name__)
        ) from None


def parse_xml(content: bytes, name: str) -> Element:
    """Parse XML without following entities or reading other files. Raise UnreadableFile if it is broken."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableFile(
            "broken_file", Remark("{name} is broken XML, line {line}", name=name, line=error.lineno)
        ) from None


def name_of(element: Element) -> str:
    """Return the name of an element without its namespace; "" for a comment."""
    return _local_name(element.tag) if isinstance(element.tag, str) else ""


@cache
def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def children(element: Element, *names: str) -> Iterator[Element]:
    """Yield the children of these names, whatever their namespace."""
    return (child for child in element if name_of(child) in names)


def child(element: Element, name: str) -> Element | None:
    return next(children(element, name), None)


def descendants(element: Element, *names: str) -> Iterator[Element]:
    """Yield the elements of these names anywhere below, in document order."""
    return (found for found in element.iterdescendants() if name_of(found) in names)


def attribute(element: Element | None, name: str) -> str | None:
    """Return an attribute, whatever its namespace, or None."""
    if element is None:
        return None
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), None)


def number_of(element: Element | None, name: str, otherwise: int) -> int:
    """Return an attribute as a whole number, or `otherwise` if it is missing or none."""
    try:
        return int(attribute(element, name) or otherwise)
    except ValueError:
        return otherwise
