"""Names what Lifecycle Workflows put into a request."""

CALLBACK = (
    "/identityGovernance/lifecycleWorkflows/workflows/14879e66-9ea9-48d0-804d-8fea672d0341"
    "/tasks/cb29dd61-9c9d-4b4b-a4be-5c3f0b8ba5e8"
    "/taskProcessingResults/78ef7a2c-1e3a-45b8-9b5e-1a4f3a2d7c11/resume"
)
