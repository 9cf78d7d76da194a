"""Where a leaver stands: what Graph lists is believed once it had time to see that they left."""

from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT
from hasten.domain.ensuring import SETTLED
from hasten.domain.planning import Standing
from hasten.provision.removal_status import standings
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World
from tests.unit.domain.rows import NOW, USERS, removal

[USER] = USERS[:1]
SOON = timedelta(seconds=1)


@pytest.mark.parametrize("group", [ENGINEERING, DIRECT])
@pytest.mark.parametrize(
    ("after", "standing"), [(SOON, Standing.UNASSIGNED), (SETTLED, Standing.ASSIGNED)]
)
def test_what_someone_has_just_left_is_not_counted_though_graph_lists_it_still(
    group: str, after: timedelta, standing: Standing
) -> None:
    @virtual
    async def run() -> None:
        world = World()
        if group == DIRECT:
            world.directory.has_user(USER)
            world.directory.grant(USER, kind="User")
        else:
            world.directory.join(group, USER)

        where, _ = await standings(
            world.directory, SERVICE_PRINCIPAL, [removal(group=group)], now=NOW + after
        )

        assert where == {USER: standing}

    run()
