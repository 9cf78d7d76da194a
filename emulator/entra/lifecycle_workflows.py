"""Emulates the part of Lifecycle Workflows that a custom task extension meets: the request to its
Logic App, and the callback that resumes the task.

Documented (Entra, "Lifecycle Workflows custom task extension" and "Configure a Logic App for
Lifecycle Workflow use"; Graph, "taskProcessingResult: resume"): the shape of the request, the
callback path, its body, 204, and that a task without an answer within its time has failed.
Unconfirmed: the values of `source` and `type` in the request, and every refusal of a callback.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Json = dict[str, Any]

STATUSES = {"completed": "completed", "failed": "failed"}
ROOT = "/identityGovernance/lifecycleWorkflows/workflows"


@dataclass
class Task:
    """A task that waits until `until`, in seconds since the epoch."""

    user: str
    workflow: str
    task: str
    id: str
    until: float
    answer: Literal["", "completed", "failed"] = ""
    answers: int = 0

    @property
    def callback(self) -> str:
        return f"{ROOT}/{self.workflow}/tasks/{self.task}/taskProcessingResults/{self.id}/resume"

    def state(self, now: float) -> str:
        return self.answer or ("waiting" if now < self.until else "timed_out")


@dataclass
class LifecycleWorkflows:
    """`clock` returns seconds since the epoch."""

    clock: Callable[[], float]
    workflow: str = field(default_factory=lambda: str(uuid.uuid4()))
    task: str = field(default_factory=lambda: str(uuid.uuid4()))
    tasks: dict[str, Task] = field(default_factory=dict)

    def launch(self, user: Json, *, seconds: float, waits: bool) -> Json:
        """Starts the task for a user. Returns the request that the extension posts."""
        now = self.clock()
        task = Task(user["id"], self.workflow, self.task, str(uuid.uuid4()), now + seconds)
        self.tasks[task.id] = task
        created = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
        return {
            "data": {
                **({"callbackUriPath": task.callback} if waits else {}),
                "subject": {
                    "id": user["id"],
                    "displayName": user.get("displayName"),
                    "email": user.get("mail"),
                    "userPrincipalName": user.get("userPrincipalName"),
                    "manager": None,
                },
                "task": {"id": self.task, "displayName": "Run a custom task extension"},
                "taskProcessingResult": {"id": task.id, "createdDateTime": created},
                "workflow": {
                    "id": self.workflow,
                    "displayName": "Leaver",
                    "workflowVersion": 1,
                },
            },
            "source": f"{ROOT}/{self.workflow}/tasks/{self.task}",
            "type": "microsoft.graph.identityGovernance.taskProcessingResult",
        }

    def resume(self, path: str, body: Json) -> str:
        """Takes an answer. Returns why it is refused: "" (taken), "gone" or "bad"."""
        task = next((t for t in self.tasks.values() if t.callback == path), None)
        if task is None:
            return "gone"
        data = body.get("data")
        given = data.get("operationStatus") if isinstance(data, dict) else None
        status = STATUSES.get(str(given).lower())
        if status is None or not body.get("source") or not body.get("type"):
            return "bad"
        task.answers += 1
        if task.state(self.clock()) != "waiting":
            return "gone"
        task.answer = "completed" if status == "completed" else "failed"
        return ""
