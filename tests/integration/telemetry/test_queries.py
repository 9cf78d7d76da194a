"""The queries of the docs, as Microsoft's own parser reads them."""

from scripts.workbook import ROOT, queries
from tests.support.kql import objections

WRONG = {
    "AppTraces | summarize last = max(TimeGenerated) | order by last desc": "KS228",
    "AppTraces | where Massage has 'x'": "Massage",
    "AzureMetrics | take 1": "AzureMetrics",
    "AppTraces | summarize count( by Message": "KS",
}


def test_every_query_of_the_docs_is_understood_and_one_with_a_fault_is_not() -> None:
    """Asks once, because the parser takes longer to start than to read."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    asked = [query for page in pages for query in queries(page.read_text())]

    found = objections([*WRONG, *(query.kql for query in asked)])

    assert len(asked) > 15
    said_of_docs = found[len(WRONG) :]
    assert [(q.question, f) for q, f in zip(asked, said_of_docs, strict=True) if f] == []
    for (query, expected), said in zip(WRONG.items(), found[: len(WRONG)], strict=True):
        assert any(expected in one for one in said), (query, said)
