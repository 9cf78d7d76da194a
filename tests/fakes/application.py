"""An app in memory, as its SCIM server shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hasten.domain.app_account import AppAccount, Found, NoAccount, SeveralAccounts
from hasten.ports.application import Application, Capabilities
from hasten.scim import Scim


def no_application(scim: Scim) -> Application:
    """The port of a world whose targets have no SCIM server."""
    raise AssertionError(f"nothing may ask for the app at {scim.url}")


@dataclass
class FakeApplication:
    """`accounts` are by the app's own id, each with its value of the matching attribute."""

    accounts: dict[str, tuple[str, AppAccount]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    """Errors that the next requests raise, one each."""

    lies: bool = False
    """True if the app answers a write with success and does nothing."""

    deletes: bool = False
    requests: list[tuple[str, str]] = field(default_factory=list)
    can: Capabilities = field(default_factory=lambda: Capabilities(patch=True, filter=True))

    # --- what a test arranges and asks ---

    def add(self, value: str, *, active: bool | None = True, groups: Sequence[str] = ()) -> str:
        """Returns the id of the new account."""
        id_ = f"account-{len(self.accounts)}"
        shown = AppAccount(id=id_, active=active, groups=frozenset(groups))
        self.accounts[id_] = (value, shown)
        return id_

    def active(self, value: str) -> list[bool | None]:
        return [account.active for match, account in self.accounts.values() if match == value]

    @property
    def writes(self) -> list[str]:
        return [account for what, account in self.requests if what == "deactivate"]

    # --- the port ---

    async def find(self, value: str) -> Found:
        self._asked("find", value)
        found = [account for match, account in self.accounts.values() if match == value]
        if not found:
            return NoAccount()
        return found[0] if len(found) == 1 else SeveralAccounts(len(found))

    async def read(self, account: str) -> AppAccount | None:
        self._asked("read", account)
        return self.accounts[account][1] if account in self.accounts else None

    async def deactivate(self, account: str) -> None:
        self._asked("deactivate", account)
        if self.deletes:
            del self.accounts[account]
        elif not self.lies:
            value, shown = self.accounts[account]
            self.accounts[account] = (value, replace(shown, active=False))

    async def capabilities(self) -> Capabilities:
        self._asked("capabilities", "")
        return self.can

    def _asked(self, what: str, about: str) -> None:
        self.requests.append((what, about))
        if self.errors:
            raise self.errors.pop(0)
