"""Lists Microsoft's clouds: the address of Graph in each, and the host that issues its tokens
(Graph docs, "Microsoft Graph and Graph Explorer service root endpoints"; azure-identity,
AzureAuthorityHosts)."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud. `graph` is the address used in request bodies and as the audience of tokens.
    `authority` is the host that issues tokens to a user without a managed identity."""

    graph: str
    authority: str

    @property
    def scope(self) -> str:
        return f"{self.graph}/.default"


PUBLIC = Cloud("https://graph.microsoft.com", "login.microsoftonline.com")
NATIONAL = (
    Cloud("https://graph.microsoft.us", "login.microsoftonline.us"),
    Cloud("https://dod-graph.microsoft.us", "login.microsoftonline.us"),
    Cloud("https://microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
)


def cloud_of(graph_url: str) -> Cloud:
    """Returns the cloud of HASTEN_GRAPH_URL. Any other host, such as a proxy or the emulator,
    counts as the public cloud."""
    host = urlsplit(graph_url).hostname
    found = (cloud for cloud in NATIONAL if urlsplit(cloud.graph).hostname == host)
    return next(found, PUBLIC)
