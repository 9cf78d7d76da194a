"""The queries of the docs, as Microsoft's own parser reads them."""

from scripts.workbook import ROOT, queries
from tests.support.kql import objections

WRONG = {
    "AppTraces | summarize last = max(TimeGenerated) | order by last desc": "KS228",
    "AppTraces | where Massage has 'x'": "Massage",
    "AzureMetrics | take 1": "AzureMetrics",
    "AppTraces | summarize count( by Message": "KS",
}


def test_every_query_of_the_docs_is_understood() -> None:
    pages = sorted((ROOT / "docs").glob("*.md"))
    asked = [query for page in pages for query in queries(page.read_text())]

    found = objections([query.kql for query in asked])

    assert len(asked) > 15
    assert [(q.question, f) for q, f in zip(asked, found, strict=True) if f] == []


def test_a_query_with_a_fault_is_not() -> None:
    found = objections(list(WRONG))

    for (query, expected), said in zip(WRONG.items(), found, strict=True):
        assert any(expected in one for one in said), (query, said)
