"""Searches one decoder for a finding: `python -m tests.fuzz.one NAME SECONDS FOLDER`. Ends with the
first finding, which libFuzzer writes into the folder."""

import re
import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["hasten"]):
    from tests.fuzz import corpus, mutating, work
    from tests.fuzz.decoders import DECODERS

WORD = re.compile(rb"[A-Za-z@$][A-Za-z0-9_.@-]{2,40}")


def mutate(data: bytes, most: int, seed: int) -> bytes:
    random = Random(seed)
    made = mutating.mutated(data, random) if random.random() < 0.5 else None
    if made is None or len(made) > most:
        made = atheris.Mutate(data, most)
    return bytes(made)


def main(name: str, seconds: str, folder: Path) -> None:
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    seeds = [*DECODERS[name].seeds(), *corpus.kept(name)]
    for number, data in enumerate(seeds):
        (inputs / f"seed-{number}").write_bytes(data)
    words = sorted({word for data in seeds for word in WORD.findall(data)})
    (folder / "words").write_text("".join(f'"{word.decode()}"\n' for word in words))
    work.most_seconds(name)
    arguments = [
        f"-max_total_time={seconds}",
        f"-max_len={work.MAX_BYTES}",
        f"-dict={folder / 'words'}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        "-len_control=20",
        "-timeout=300",
        str(inputs),
    ]
    atheris.Setup(
        [sys.argv[0], *arguments],
        lambda data: work.checked(name, data) and None,
        custom_mutator=mutate,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
