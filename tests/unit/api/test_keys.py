"""When the public keys of the tenant are read, and what holds while they cannot be read."""

import asyncio
from datetime import timedelta

import pytest

from hasten.api.caller import Role
from hasten.api.keys import KEYS_FRESH_FOR, KEYS_READ_PAUSE, KEYS_USABLE_FOR
from hasten.errors import TemporaryError
from tests.fakes.sign_in import signed
from tests.support.face import Face, bearer, claims
from tests.support.virtual_time import virtual
from tests.support.world import World

PATH = "/api/v1/targets"
DOWN = TemporaryError("Entra's sign-in did not answer", timedelta(seconds=30))


async def status(face: Face, key_id: str = "key-1") -> int:
    token = signed(claims(Role.READ), key_id)
    answer = await face.http.get(PATH, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def later(age: timedelta) -> None:
    await asyncio.sleep(age.total_seconds())


@virtual
async def test_the_keys_are_read_once_for_many_requests() -> None:
    face = Face(World())

    assert await asyncio.gather(*(status(face) for _ in range(20))) == [200] * 20
    assert face.world.sign_in.reads == 1


@virtual
async def test_a_token_of_a_new_key_makes_the_keys_be_read_again() -> None:
    face = Face(World())
    assert await status(face) == 200
    face.world.sign_in.key_ids = ["key-2"]
    await later(KEYS_READ_PAUSE)

    assert await status(face, "key-2") == 200
    assert await status(face, "key-1") == 401
    assert face.world.sign_in.reads == 2


@virtual
async def test_invented_key_ids_cause_no_flood_of_requests() -> None:
    face = Face(World())

    for _ in range(50):
        assert await status(face, "key-9") == 401
        await asyncio.sleep(1)

    assert face.world.sign_in.reads == 1


@virtual
async def test_a_key_that_was_withdrawn_is_refused_once_the_keys_are_read_again() -> None:
    face = Face(World())
    assert await status(face) == 200
    face.world.sign_in.key_ids = ["key-2"]

    await later(KEYS_FRESH_FOR)

    assert await status(face) == 401


@virtual
async def test_while_entra_does_not_answer_known_keys_serve_for_a_day_and_no_longer() -> None:
    face = Face(World())
    assert await status(face) == 200
    face.world.sign_in.failure = DOWN

    await later(KEYS_USABLE_FOR - timedelta(seconds=1))
    assert await status(face) == 200

    await later(timedelta(seconds=1))
    assert await status(face) == 503


@virtual
async def test_without_any_keys_the_api_is_closed_and_asks_entra_once_a_minute() -> None:
    face = Face(World())
    face.world.sign_in.failure = DOWN

    answers = [await face.http.get(PATH, headers=bearer(Role.READ)) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [503] * 5
    assert answers[-1].headers["Retry-After"] == "30"
    assert face.world.sign_in.reads == 1

    face.world.sign_in.failure = None
    await later(KEYS_READ_PAUSE)
    assert await status(face) == 200


@pytest.mark.parametrize("published", [{"kty": "RSA", "n": "!", "e": "AQAB"}, {"kty": "oct"}, {}])
@virtual
async def test_a_published_key_that_signs_no_tokens_is_passed_over(
    published: dict[str, str],
) -> None:
    face = Face(World())
    known = await face.world.sign_in.metadata()
    odd = {**published, "kid": "key-1"}

    class Odd:
        async def metadata(self) -> object:
            return type(known)(
                issuers=known.issuers,
                keys=[odd],
                authorize=known.authorize,
                token=known.token,
                sign_out=known.sign_out,
            )

    face.door.tokens.keys._sign_in = Odd()  # type: ignore[assignment]
    face._apps["/api/v1"].state.door = face.door

    assert await status(face) == 401
