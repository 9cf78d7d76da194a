"""Microsoft's clouds: where Graph is in each, and who issues tokens for it (Graph docs, "Microsoft
Graph and Graph Explorer service root endpoints"; azure-identity, AzureAuthorityHosts)."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cloud:
    """`graph` is the address that references in request bodies name and that tokens are for;
    `authority` the host that issues tokens to whoever signs in without a managed identity."""

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
    """The cloud of HASTEN_GRAPH_URL. Any other host, such as a proxy or the emulator, stands for
    the public one."""
    host = urlsplit(graph_url).hostname
    found = (cloud for cloud in NATIONAL if urlsplit(cloud.graph).hostname == host)
    return next(found, PUBLIC)
