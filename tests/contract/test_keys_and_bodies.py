"""Keys are found by prefix and in order, whatever characters they have; bodies may be large."""

import pytest

from hasten.ports.store import MAX_WRITES, Document, Put, Store

PARTITION = "partition"
MAX_BODY_BYTES = 256 * 1024
ODD_NAMES = (
    "it's 100% 'quoted'",
    "a+b&c=d;e,f",
    "%2F%25",
    " spaces around ",
    "(x)",
    'say "hi" <b>',
    "Zoë",
    "zoe\u0308",
    "🦊 fox",
    "日本語",
    "open|TOTAL|~!@$^*",
    "..",
)
FORBIDDEN_NAMES = ("", "a/b", "a\\b", "a#b", "a?b", "a\nb", "a\x7fb", "a\x85b", "x" * 257, "\ud83e")
ENDS_OF_RANGES = ("a", "\ud7ff", "\uffee", "🦊")


async def keys(store: Store, collection: str, prefix: str = "") -> list[str]:
    return [document.key for document in await store.scan(collection, PARTITION, prefix)]


async def test_a_scan_finds_the_keys_that_begin_with_the_prefix(
    store: Store, collection: str
) -> None:
    names = ["done|1", "open", "open|", "open|1", "open|2", "open}", "opfn|1", "Open|1"]
    await store.commit(collection, PARTITION, [Put(name, {}) for name in names])

    assert await keys(store, collection, "open|") == ["open|", "open|1", "open|2"]
    assert await keys(store, collection, "nothing") == []


async def test_a_scan_is_in_the_order_of_code_points(store: Store, collection: str) -> None:
    names = ["b", "B", "a", "a|", "aa", "1", "10", "2", "é", "\uffee", "🦊"]
    await store.commit(collection, PARTITION, [Put(name, {}) for name in names])

    assert await keys(store, collection) == sorted(names)


async def test_a_limit_keeps_the_first_of_those_with_the_prefix(
    store: Store, collection: str
) -> None:
    await store.commit(collection, PARTITION, [Put(f"{x}{n}", {}) for x in "ab" for n in range(4)])

    found = await store.scan(collection, PARTITION, "b", limit=2)

    assert [document.key for document in found] == ["b0", "b1"]
    assert list(await store.scan(collection, PARTITION, "b", limit=0)) == []


async def test_a_scan_goes_on_after_a_key(store: Store, collection: str) -> None:
    await store.commit(collection, PARTITION, [Put(f"{x}{n}", {}) for x in "abc" for n in range(4)])

    after = [d.key for d in await store.scan(collection, PARTITION, "b", limit=2, after="b1")]

    assert after == ["b2", "b3"]
    assert [d.key for d in await store.scan(collection, PARTITION, "b", after="b3")] == []
    assert [d.key for d in await store.scan(collection, PARTITION, "b", limit=1, after="a")] == [
        "b0"
    ]
    assert [d.key for d in await store.scan(collection, PARTITION, after="c1")] == ["c2", "c3"]


async def test_a_scan_reads_more_documents_than_azure_puts_on_a_page(
    store: Store, collection: str
) -> None:
    names = [f"{n:04}" for n in range(1050)]
    for start in range(0, len(names), MAX_WRITES):
        chunk = names[start : start + MAX_WRITES]
        await store.commit(collection, PARTITION, [Put(name, {}) for name in chunk])

    assert await keys(store, collection) == names


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_odd_characters_in_names_are_kept(store: Store, collection: str, name: str) -> None:
    await store.commit(collection, name, [Put(name, {"version": 1})])
    first = await store.get(collection, name, name)
    assert first is not None

    await store.commit(collection, name, [Put(name, {"version": 2}, first.etag)])

    found = await store.scan(collection, name, name)
    assert [(document.key, document.body) for document in found] == [(name, {"version": 2})]


async def test_the_longest_name_is_kept(store: Store, collection: str) -> None:
    name = "🦊" * 256

    await store.commit(collection, name, [Put(name, {})])

    assert await store.get(collection, name, name) is not None


@pytest.mark.parametrize("last", ENDS_OF_RANGES)
async def test_a_prefix_may_end_in_any_character(store: Store, collection: str, last: str) -> None:
    prefix = f"x{last}"
    names = ["w🦊", f"{prefix}", f"{prefix}1", f"{prefix}🦊", "x", "y"]
    await store.commit(collection, PARTITION, [Put(name, {}) for name in names])

    assert await keys(store, collection, prefix) == [prefix, f"{prefix}1", f"{prefix}🦊"]


@pytest.mark.parametrize("name", FORBIDDEN_NAMES, ids=ascii)
async def test_names_that_azure_forbids_are_refused_everywhere(
    store: Store, collection: str, name: str
) -> None:
    with pytest.raises(ValueError, match="name"):
        await store.commit(collection, PARTITION, [Put(name, {})])
    with pytest.raises(ValueError, match="name"):
        await store.commit(collection, name, [Put("key", {})])
    with pytest.raises(ValueError, match="name"):
        await store.get(collection, PARTITION, name)


@pytest.mark.parametrize("name", ["", "ab", "Ledger", "led-ger", "ledger2", "x" * 42])
async def test_a_collection_has_a_name_that_a_table_can_have(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await store.scan(name, PARTITION)


async def test_a_commit_that_azure_would_not_take_is_refused_everywhere(
    store: Store, collection: str
) -> None:
    with pytest.raises(ValueError, match="100"):
        await store.commit(collection, PARTITION, [Put(f"{n}", {}) for n in range(101)])
    with pytest.raises(ValueError, match="written"):
        await store.commit(collection, PARTITION, [Put("key", {}), Put("key", {})])
    with pytest.raises(ValueError, match="bytes"):
        await store.commit(collection, PARTITION, [Put("key", {"x": "é" * (MAX_BODY_BYTES // 2)})])


async def test_the_largest_body_comes_back_whole(store: Store, collection: str) -> None:
    text = "x" * (MAX_BODY_BYTES - len('{"text": ""}'))

    await store.commit(collection, PARTITION, [Put("key", {"text": text})])

    document = await store.get(collection, PARTITION, "key")
    assert isinstance(document, Document)
    assert document.body == {"text": text}


@pytest.mark.parametrize("before", ["", "x"], ids=["even", "odd"])
async def test_no_surrogate_pair_is_cut_where_azure_splits_a_body(
    store: Store, collection: str, before: str
) -> None:
    text = before + "🦊" * 20_000

    await store.commit(collection, PARTITION, [Put("key", {"text": text})])

    document = await store.get(collection, PARTITION, "key")
    assert isinstance(document, Document)
    assert document.body == {"text": text}
