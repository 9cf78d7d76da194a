"""From Microsoft Graph to ledger rows: notifications, looks, sweeps, subscriptions."""
