"""From an onboarding event to intents."""
