"""Microsoft Graph through msgraph-sdk."""
