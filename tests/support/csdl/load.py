"""Reads the trimmed copy of Graph's metadata."""

import xml.etree.ElementTree as ET
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.support.csdl.model import (
    NAMESPACE,
    Enumeration,
    Operation,
    Property,
    Schema,
    Structure,
    TypeRef,
    qualified,
)

METADATA = Path(__file__).with_name("graph-v1.0.csdl")
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
OPTIONAL = "Org.OData.Core.V1.OptionalParameter"


@cache
def graph_schema() -> Schema:
    [schema] = ET.parse(METADATA).getroot().iter(f"{EDM}Schema")  # noqa: S314 - our own file
    structures = [
        _structure(element)
        for element in schema
        if element.tag in {f"{EDM}EntityType", f"{EDM}ComplexType"}
    ]
    enumerations = [_enumeration(element) for element in schema.findall(f"{EDM}EnumType")]
    operations = defaultdict[str, list[Operation]](list)
    for tag in ("Action", "Function"):
        for element in schema.findall(EDM + tag):
            operations[element.attrib["Name"]].append(_operation(element))
    [container] = schema.findall(f"{EDM}EntityContainer")
    return Schema(
        structures={structure.name: structure for structure in structures},
        enumerations={enumeration.name: enumeration for enumeration in enumerations},
        roots={element.attrib["Name"]: _root(element) for element in container},
        operations={name: tuple(found) for name, found in operations.items()},
    )


def _structure(element: ET.Element) -> Structure:
    declared = [
        *(_property(child) for child in element.findall(f"{EDM}Property")),
        *(
            _property(child, navigates=True)
            for child in element.findall(f"{EDM}NavigationProperty")
        ),
    ]
    aliases = element.iterfind(f".//{EDM}PropertyValue[@Property='Alias']")
    return Structure(
        name=f"{NAMESPACE}.{element.attrib['Name']}",
        base=qualified(element.get("BaseType", "")),
        is_entity=element.tag == f"{EDM}EntityType",
        is_open=element.get("OpenType") == "true",
        own={each.name: each for each in declared},
        alternate_keys=frozenset(alias.get("String", "") for alias in aliases),
    )


def _property(element: ET.Element, *, navigates: bool = False) -> Property:
    return Property(
        name=element.attrib["Name"],
        type=_reference(element),
        nullable=element.get("Nullable") != "false",
        navigates=navigates,
        contains=element.get("ContainsTarget") == "true",
    )


def _enumeration(element: ET.Element) -> Enumeration:
    members = element.findall(f"{EDM}Member")
    return Enumeration(
        name=f"{NAMESPACE}.{element.attrib['Name']}",
        members=frozenset(member.attrib["Name"] for member in members),
        is_flags=element.get("IsFlags") == "true",
    )


def _operation(element: ET.Element) -> Operation:
    binding, *others = element.findall(f"{EDM}Parameter")
    returned = element.find(f"{EDM}ReturnType")
    return Operation(
        name=element.attrib["Name"],
        is_action=element.tag == f"{EDM}Action",
        bound_to=_reference(binding),
        parameters={other.attrib["Name"]: _property(other) for other in others},
        optional=frozenset(
            other.attrib["Name"]
            for other in others
            if other.get("Nullable") != "false" or _is_optional(other)
        ),
        returns=None if returned is None else _reference(returned),
    )


def _is_optional(parameter: ET.Element) -> bool:
    return any(note.get("Term") == OPTIONAL for note in parameter.findall(f"{EDM}Annotation"))


def _root(element: ET.Element) -> TypeRef:
    if "EntityType" in element.attrib:
        return TypeRef(qualified(element.attrib["EntityType"]), is_collection=True)
    return _reference(element)


def _reference(element: ET.Element) -> TypeRef:
    name = element.attrib["Type"]
    inner = name.removeprefix("Collection(").removesuffix(")")
    return TypeRef(qualified(inner), is_collection=inner != name)
