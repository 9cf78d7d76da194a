"""Makes tests/support/csdl/graph-v1.0.csdl from Microsoft's metadata of Graph v1.0.

    python -m scripts.trim_graph_metadata schemas/v1.0-Prod.csdl

The argument is that file of a clone of github.com/microsoftgraph/msgraph-metadata. Name the clone's
commit in tests/support/csdl/SOURCE.md when you replace the copy. Kept are the types in ROOTS, every
type that their properties need, the ways between them, and the operations in OPERATIONS.
"""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

OUTPUT = Path(__file__).parent.parent / "tests" / "support" / "csdl" / "graph-v1.0.csdl"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
GRAPH = "microsoft.graph"
ALIAS = "graph"

ROOTS = (
    "appRoleAssignment",
    "auditLogRoot",
    "changeNotificationCollection",
    "directory",
    "directoryDefinition",
    "directoryObject",
    "group",
    "provisioningObjectSummary",
    "servicePrincipal",
    "subscription",
    "synchronization",
    "synchronizationJob",
    "synchronizationSchema",
    "user",
)
OPERATIONS = {
    "delta": {"group", "user", "servicePrincipal"},
    "pause": {"synchronizationJob"},
    "provisionOnDemand": {"synchronizationJob"},
    "reauthorize": {"subscription"},
    "restart": {"synchronizationJob"},
    "restore": {"directoryObject"},
    "revokeSignInSessions": {"user"},
    "start": {"synchronizationJob"},
}
"""Names, and the types that they are bound to."""

KEPT_ANNOTATIONS = {
    "Org.OData.Core.V1.AlternateKeys",
    "Org.OData.Core.V1.OptionalParameter",
}


def trim(source: ET.Element) -> ET.Element:
    """Returns a new document. Raises KeyError if a type is named that the source does not have."""
    schema = _schema(source)
    types = {e.get("Name", ""): e for e in schema if e.tag.endswith("Type")}
    operations = [e for e in schema if _local(e) in {"Action", "Function"} and _is_wanted(e)]
    kept = _closure(types, [*ROOTS, *(name for o in operations for name in _named(o))])
    document = ET.Element(f"{{{EDMX}}}Edmx", {"Version": "4.0"})
    services = ET.SubElement(document, f"{{{EDMX}}}DataServices")
    out = ET.SubElement(services, f"{{{EDM}}}Schema", dict(schema.attrib))
    for name in sorted(kept):
        _drop(types[name], kept)
        out.append(types[name])
    for operation in operations:
        _drop(operation, kept)
        out.append(operation)
    [container] = [e for e in schema if _local(e) == "EntityContainer"]
    for child in list(container):
        if _plain(child.get("EntityType") or child.get("Type") or "") not in kept:
            container.remove(child)
        else:
            _drop(child, kept)
            for binding in child.findall(f"{{{EDM}}}NavigationPropertyBinding"):
                child.remove(binding)
    out.append(container)
    for element in document.iter():
        element.text = None
    ET.indent(document)
    return document


def _schema(source: ET.Element) -> ET.Element:
    [schema] = [s for s in source.iter(f"{{{EDM}}}Schema") if s.get("Namespace") == GRAPH]
    return schema


def _closure(types: dict[str, ET.Element], roots: list[str]) -> set[str]:
    """Returns `roots`, their base types, and the types of their properties, recursively."""
    kept, todo = set[str](), list(roots)
    while todo:
        name = todo.pop()
        if name not in kept:
            kept.add(name)
            todo += _named(types[name])
    return kept


def _named(element: ET.Element) -> Iterator[str]:
    """Yields the types of Graph that an element needs, without those of its navigation
    properties."""
    if "BaseType" in element.attrib:
        yield _plain(element.attrib["BaseType"])
    for child in element:
        name = _plain(child.get("Type", "Edm."))
        if _local(child) != "NavigationProperty" and not name.startswith("Edm."):
            yield name


def _drop(element: ET.Element, kept: set[str]) -> None:
    """Removes annotations, and navigation to types that are not kept."""
    for child in list(element):
        leads_out = (
            _local(child) == "NavigationProperty" and _plain(child.get("Type", "")) not in kept
        )
        is_note = _local(child) == "Annotation" and child.get("Term") not in KEPT_ANNOTATIONS
        if leads_out or is_note:
            element.remove(child)
        else:
            _drop(child, kept)


def _is_wanted(operation: ET.Element) -> bool:
    binding = operation.find(f"{{{EDM}}}Parameter")
    bound_to = "" if binding is None else _plain(binding.get("Type", ""))
    return bound_to in OPERATIONS.get(operation.get("Name", ""), set())


def _plain(name: str) -> str:
    """Returns a type's name without `Collection(…)` and without Graph's namespace or alias."""
    name = name.removeprefix("Collection(").removesuffix(")")
    for prefix in (f"{GRAPH}.", f"{ALIAS}."):
        rest = name.removeprefix(prefix)
        if rest != name and "." not in rest:
            return rest
    return name


def _local(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{EDM}}}")


def main() -> None:
    ET.register_namespace("", EDM)
    ET.register_namespace("edmx", EDMX)
    trimmed = trim(ET.parse(sys.argv[1]).getroot())  # noqa: S314 - Microsoft's file, read by a developer
    ET.ElementTree(trimmed).write(OUTPUT, encoding="utf-8", xml_declaration=True)
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
