"""What every Directory does about users' own accounts."""

from hasten.ports.directory_values import Profile
from tests.contract.directories import NOBODY, Opened, virtual
from tests.contract.test_directory import new_group, on_each, role

TITLE = ("jobTitle",)


@on_each
@virtual
async def test_a_profile_has_the_properties_asked_for_until_the_user_is_deleted(
    opened: Opened,
) -> None:
    async with opened() as at:
        person = at.people[0]
        at.set_title(person, "Designer")
        at.set_enabled(person, False)

        before = await at.directory.profile(person, TITLE)
        at.delete(person)
        deleted = (
            await at.directory.profile(person, TITLE),
            await at.directory.is_restorable(person),
        )
        at.restore(person)
        restored = await at.directory.profile(person, TITLE)

        assert before == restored == Profile(enabled=False, values={"jobTitle": "Designer"})
        assert deleted == (None, True)
        assert not await at.directory.is_restorable(person)
        assert await at.directory.profile(NOBODY, TITLE) is None
        assert not await at.directory.is_restorable(NOBODY)


@on_each
@virtual
async def test_the_profiles_of_a_group_are_those_of_its_users_who_are_not_deleted(
    opened: Opened,
) -> None:
    async with opened() as at:
        one, two, three, *_ = at.people
        inner = await new_group(at, "Inner", three)
        made = await new_group(at, "Profiles", one, two, inner)
        at.set_title(one, "Analyst")
        at.delete(two)

        found = await at.directory.member_profiles(made, TITLE)

        assert found is not None
        assert found.by_user == {one: Profile(enabled=True, values={"jobTitle": "Analyst"})}
        assert await at.directory.member_profiles(NOBODY, TITLE) is None


@on_each
@virtual
async def test_one_read_shows_all_the_applications_of_a_user(opened: Opened) -> None:
    async with opened() as at:
        directory, app = at.directory, at.service_principal
        one, two, three, *_ = at.people
        made, wanted = await new_group(at, "Assigned to", one), await role(at)
        await directory.assign(app, made, wanted)
        await directory.assign(app, two, wanted)

        assert await directory.assigned_to(one) == {app: [made]}
        assert await directory.assigned_to(two) == {app: [two]}
        assert await directory.assigned_to(three) == {}
        assert await directory.assigned_to(NOBODY) is None


@on_each
@virtual
async def test_a_delta_of_people_names_who_changed_in_what_it_tracks(opened: Opened) -> None:
    async with opened() as at:
        one, two, three, four, _ = at.people
        tracked = await at.directory.people_start(TITLE)
        elsewhere = await at.directory.people_start(("department",))
        at.set_title(one, "Manager")
        at.set_enabled(two, False)
        at.delete(three)
        at.delete(four)
        at.restore(four)

        found = await at.directory.people_delta(tracked)
        others = await at.directory.people_delta(elsewhere)
        later = await at.directory.people_delta(found.link)

        assert found.changed == {one, two, three, four}
        assert others.changed == {two, three, four}
        assert not later.changed
        assert later.cut is None
