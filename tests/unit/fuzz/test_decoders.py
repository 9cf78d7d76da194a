"""Every decoder takes every input of the corpus, or refuses it with an error of its own."""

import pytest

from tests.fuzz import corpus
from tests.fuzz.decoders import DECODERS
from tests.fuzz.heavy import HEAVY
from tests.fuzz.work import MAX_BYTES, harmless

by_name = pytest.mark.parametrize("name", DECODERS)


@by_name
def test_a_decoder_takes_the_corpus_or_refuses_it_with_its_own_error(name: str) -> None:
    taken = [DECODERS[name].takes(data) for data in (*DECODERS[name].seeds(), *corpus.kept(name))]

    assert any(taken)


@by_name
def test_the_harmless_input_is_large_and_is_taken(name: str) -> None:
    data = harmless(name)

    assert MAX_BYTES * 0.6 < len(data) <= MAX_BYTES
    assert DECODERS[name].takes(data)


@pytest.mark.parametrize("kind", HEAVY)
def test_a_heavy_input_is_taken_or_refused_with_an_error_of_the_decoder(kind: str) -> None:
    """`make fuzz` measures its work."""
    name, data = HEAVY[kind]

    assert len(data) <= MAX_BYTES
    assert DECODERS[name].takes(data) in {True, False}


def test_the_corpus_is_small_and_of_known_decoders() -> None:
    folders = [folder.name for folder in corpus.FOLDER.iterdir()]

    assert set(folders) == set(DECODERS)
    for name in folders:
        inputs = corpus.kept(name)
        assert 0 < len(inputs) <= corpus.MOST_FILES
        assert max(map(len, inputs)) <= corpus.MOST_BYTES
