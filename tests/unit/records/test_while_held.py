"""Rows that are remembered while somebody else holds them."""

from dataclasses import dataclass
from weakref import getweakrefs

from hasten.ports.store import Document
from hasten.records.while_held import WhileHeld


@dataclass(weakref_slot=True, slots=True)
class Row:
    number: int


def _document(number: int) -> Document:
    return Document("key", {}, f"etag {number}")


def test_a_row_is_there_until_nobody_holds_it() -> None:
    rows, row, other = WhileHeld[Row](), Row(1), Row(2)
    rows["a"] = ("open|", _document(1), row)
    rows["b"] = ("open|", _document(2), other)

    assert rows.get("a") == ("open|", _document(1), row)
    assert [kept[2] for kept in rows.values()] == [row, other]
    del row

    assert rows.get("a") is None
    assert [kept[2] for kept in rows.values()] == [other]


def test_the_end_of_a_row_does_not_end_the_one_that_replaced_it() -> None:
    rows, row, newer = WhileHeld[Row](), Row(1), Row(2)
    rows["a"] = ("open|", _document(1), row)
    [of_row] = getweakrefs(row)  # as long as it is there, it says that the row has ended
    rows["a"] = ("open|", _document(2), newer)
    del row

    assert of_row() is None
    assert rows.get("a") == ("open|", _document(2), newer)


def test_a_row_is_taken_out_once() -> None:
    rows, row = WhileHeld[Row](), Row(1)
    rows["a"] = ("open|", _document(1), row)

    rows.pop("a", None)
    rows.pop("a", None)

    assert rows.get("a") is None
    del row

    assert rows.get("a") is None
