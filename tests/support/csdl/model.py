"""What Graph's metadata declares, as far as the checks need it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

NAMESPACE = "microsoft.graph"
ALIAS = "graph"


@dataclass(frozen=True)
class TypeRef:
    """`name` is qualified ("Edm.String", "microsoft.graph.user")."""

    name: str
    is_collection: bool = False

    def __str__(self) -> str:
        return f"Collection({self.name})" if self.is_collection else self.name

    @property
    def item(self) -> "TypeRef":
        return TypeRef(self.name)


@dataclass(frozen=True, kw_only=True)
class Property:
    name: str
    type: TypeRef
    nullable: bool
    """Of a collection, whether its items may be null: it is never null itself."""

    navigates: bool = False
    contains: bool = False
    """Whether the objects that it leads to live in this one."""


@dataclass(frozen=True, kw_only=True)
class Structure:
    """An entity type or a complex type, with the properties it declares itself."""

    name: str
    base: str
    is_entity: bool
    is_open: bool
    own: Mapping[str, Property]
    alternate_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Enumeration:
    name: str
    members: frozenset[str]
    is_flags: bool


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An action or a function, without its binding parameter among `parameters`."""

    name: str
    is_action: bool
    bound_to: TypeRef
    parameters: Mapping[str, Property]
    optional: frozenset[str]
    returns: TypeRef | None


@dataclass(frozen=True, kw_only=True)
class Schema:
    structures: Mapping[str, Structure]
    enumerations: Mapping[str, Enumeration]
    roots: Mapping[str, TypeRef]
    """Entity sets, which are collections, and singletons, by name."""

    operations: Mapping[str, tuple[Operation, ...]] = field(default_factory=dict)

    def lineage(self, name: str) -> Iterator[Structure]:
        """The type itself, then its base types."""
        while name:
            structure = self.structures[name]
            yield structure
            name = structure.base

    def property(self, type_name: str, name: str) -> Property | None:
        for structure in self.lineage(type_name):
            if name in structure.own:
                return structure.own[name]
        return None

    def is_open(self, type_name: str) -> bool:
        return any(structure.is_open for structure in self.lineage(type_name))

    def is_a(self, type_name: str, wanted: str) -> bool:
        return any(structure.name == wanted for structure in self.lineage(type_name))

    def may_be(self, type_name: str, wanted: str) -> bool:
        """Whether an object declared as one of the two may be of the other."""
        return self.is_a(type_name, wanted) or self.is_a(wanted, type_name)

    def operation(self, name: str, bound_to: TypeRef) -> Operation | None:
        for operation in self.operations.get(name, ()):
            same_shape = operation.bound_to.is_collection == bound_to.is_collection
            if same_shape and self.is_a(bound_to.name, operation.bound_to.name):
                return operation
        return None


def qualified(name: str) -> str:
    """With the namespace instead of its alias."""
    return f"{NAMESPACE}.{name.removeprefix(f'{ALIAS}.')}" if name.startswith(f"{ALIAS}.") else name
